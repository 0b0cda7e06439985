/** The curve of the objective, as small as a word. The value beside it says the rest. */

import type { CurvePoint } from "../protocol.js";

export const WIDTH = 160;
export const HEIGHT = 22;
/** Room for the line's own thickness at the top and bottom. */
const MARGIN = 2;

const SVG = "http://www.w3.org/2000/svg";

/**
 * The SVG path of a curve, scaled to fill its box; higher values are higher up.
 *
 * Values that are not numbers leave a gap. A constant curve runs through the middle,
 * and a point alone becomes a dot (a line of no length, with round caps).
 */
export function sparklinePath(
  curve: readonly CurvePoint[],
  width = WIDTH,
  height = HEIGHT,
): string {
  const values = curve.flatMap(([, value]) => (isFinite_(value) ? [value] : []));
  const first = curve[0];
  const last = curve[curve.length - 1];
  if (!first || !last || !values.length) return "";

  const x = scale(first[0], last[0], MARGIN, width - MARGIN);
  // Steps go up: the largest value has the smallest y.
  const y = scale(minimum(values), maximum(values), height - MARGIN, MARGIN);
  const pieces: string[] = [];
  let isDrawing = false;
  for (const [step, value] of curve) {
    if (!isFinite_(value)) {
      isDrawing = false;
      continue;
    }
    const place = `${round(x(step))} ${round(y(value))}`;
    pieces.push(isDrawing ? `L${place}` : `M${place}h0`);
    isDrawing = true;
  }
  return pieces.join("");
}

export class Sparkline {
  readonly node = document.createElementNS(SVG, "svg");
  readonly #path = document.createElementNS(SVG, "path");
  #curve: readonly CurvePoint[] | null = null;

  constructor() {
    this.node.setAttribute("class", "lucid-sparkline");
    this.node.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.node.setAttribute("preserveAspectRatio", "none");
    this.node.setAttribute("aria-hidden", "true");
    this.#path.setAttribute("vector-effect", "non-scaling-stroke");
    this.node.append(this.#path);
  }

  update(curve: readonly CurvePoint[]): void {
    if (curve === this.#curve) return;
    this.#curve = curve;
    this.#path.setAttribute("d", sparklinePath(curve));
  }
}

/** Maps [low, high] to [start, end]; the middle where low and high are the same. */
function scale(low: number, high: number, start: number, end: number) {
  const span = high - low;
  return (value: number) =>
    start + (end - start) * (span > 0 ? (value - low) / span : 0.5);
}

function isFinite_(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function minimum(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value));
}

function maximum(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
