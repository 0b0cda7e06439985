/** How far the run is, how fast, and what the objective is worth. */

import { element, setText } from "../element.js";
import type { CurvePoint } from "../protocol.js";
import { Sparkline } from "./sparkline.js";

export interface ProgressState {
  /** `null` while there is no picture. */
  readonly step: number | null;
  /** 0 when the run has no end. */
  readonly totalSteps: number;
  readonly objective: number | null;
  readonly curve: readonly CurvePoint[];
  readonly stepsPerSecond: number | null;
}

/** The bar right below the picture. */
export class ProgressBar {
  readonly #fill = element("div", { class: "lucid-progress-fill" });
  readonly node = element(
    "div",
    { class: "lucid-progress", role: "progressbar", "aria-label": "progress" },
    this.#fill,
  );

  update({ step, totalSteps }: ProgressState): void {
    const { node } = this;
    node.setAttribute("aria-valuemin", "0");
    node.setAttribute("aria-valuemax", String(Math.max(totalSteps, 1)));
    node.setAttribute("aria-valuenow", String(Math.min(step ?? 0, totalSteps || 0)));
    node.setAttribute("aria-valuetext", stepText(step, totalSteps));
    this.#fill.style.width = `${percentDone(step, totalSteps)}%`;
  }
}

/** The line of numbers, and the curve among them. */
export class Figures {
  readonly #step = element("span", { class: "lucid-step" });
  readonly #objective = element("span", { class: "lucid-objective" });
  readonly #sparkline = new Sparkline();
  readonly #speed = element("span", { class: "lucid-speed" });
  readonly #percent = element("span", { class: "lucid-percent" });
  readonly node = element(
    "div",
    { class: "lucid-figures" },
    this.#step,
    this.#objective,
    this.#sparkline.node,
    this.#speed,
    this.#percent,
  );

  update(state: ProgressState): void {
    const { step, totalSteps, objective, curve, stepsPerSecond } = state;
    setText(this.#step, stepText(step, totalSteps));
    setText(this.#objective, objectiveText(step, objective));
    this.#sparkline.update(curve);
    setText(this.#speed, speedText(stepsPerSecond));
    const percent = percentDone(step, totalSteps);
    setText(this.#percent, totalSteps ? `${Math.floor(percent)} %` : "");
  }
}

export function stepText(step: number | null, totalSteps: number): string {
  if (!totalSteps) return `step ${step ?? 0}`;
  return `step ${step ?? 0} / ${totalSteps}`;
}

export function objectiveText(step: number | null, objective: number | null): string {
  if (!step) return "objective"; // no step has looked at it yet
  return objective === null
    ? "objective: not a number"
    : `objective ${formatNumber(objective)}`;
}

/** Three digits that matter: 0.00123, 12.4, 1240, 1.24e+7. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(2);
  if (size >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

function speedText(stepsPerSecond: number | null): string {
  if (stepsPerSecond === null) return "";
  const digits = stepsPerSecond < 10 ? 1 : 0;
  return `${stepsPerSecond.toFixed(digits)} steps/s`;
}

function percentDone(step: number | null, totalSteps: number): number {
  return totalSteps ? Math.min(100, (100 * (step ?? 0)) / totalSteps) : 0;
}
