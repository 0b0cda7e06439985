/**
 * The boxes and lines of a model's picture: read from traits, found by place and key.
 *
 * Where everything stands was decided by the kernel (`modelzoo/diagram.py`); nothing
 * here touches the DOM.
 */

export interface DiagramBox {
  readonly name: string;
  /** What is written on it: the name, or what tells it from its neighbours. */
  readonly label: string;
  readonly kind: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number | null;
  /** Height, width and channels at the model's own image size; empty while unknown. */
  readonly shape: readonly (number | null)[];
  readonly stride: number | null;
  readonly field: number | null;
  /** Names of the operations that belong to it. */
  readonly members: readonly string[];
}

export type DiagramLine = readonly [x1: number, y1: number, x2: number, y2: number];

/** Reads the `boxes` trait; what makes no sense is left out. */
export function readBoxes(given: readonly unknown[]): readonly DiagramBox[] {
  return given.flatMap((value) => {
    const field = (name: string): unknown =>
      typeof value === "object" && value !== null ? Reflect.get(value, name) : null;
    const name = field("name");
    const rectangle = numbers(field("rectangle"));
    const [x, y, width, height] = rectangle;
    if (typeof name !== "string" || rectangle.length !== 4) return [];
    if (x === undefined || y === undefined) return [];
    if (width === undefined || height === undefined) return [];
    return {
      name,
      label: text(field("label")) || name,
      kind: text(field("kind")),
      x,
      y,
      width,
      height,
      depth: numberOrNull(field("depth")),
      shape: list(field("shape")).map(numberOrNull),
      stride: numberOrNull(field("stride")),
      field: numberOrNull(field("field")),
      members: list(field("members")).map(text),
    };
  });
}

/** Reads the `lines` trait. */
export function readLines(given: readonly unknown[]): readonly DiagramLine[] {
  return given.flatMap((value): DiagramLine[] => {
    const [x1, y1, x2, y2] = numbers(value);
    if (x1 === undefined || y1 === undefined) return [];
    if (x2 === undefined || y2 === undefined) return [];
    return [[x1, y1, x2, y2]];
  });
}

/** Returns the number of the box of a layer: its own, or one it belongs to; -1 for none. */
export function boxOf(boxes: readonly DiagramBox[], layer: string): number {
  const own = boxes.findIndex(({ name }) => name === layer);
  return own >= 0 ? own : boxes.findIndex(({ members }) => members.includes(layer));
}

/** A part of the picture that is put into the document, and taken out, as a whole. */
export interface Band {
  /** Numbers of the boxes that begin in it. */
  readonly boxes: number[];
  /** What is drawn of the lines that pass through it. */
  path: string;
}

/** In px; small enough that one is made within a frame. */
export const BAND_HEIGHT = 320;

/** Cuts a picture into bands, from top to bottom. */
export function bandsOf(
  boxes: readonly DiagramBox[],
  lines: readonly DiagramLine[],
  height: number,
): readonly Band[] {
  const lowest = boxes.reduce((low, { y }) => Math.max(low, y), height);
  const count = Math.min(MOST_BANDS, bandAt(lowest) + 1);
  const bands = Array.from({ length: count }, (): Band => ({ boxes: [], path: "" }));
  for (const [number, { y }] of boxes.entries()) bands[bandAt(y)]?.boxes.push(number);
  for (const line of lines) {
    const [, y1, , y2] = line;
    const last = Math.min(bandAt(Math.max(y1, y2)), count - 1);
    for (let at = bandAt(Math.min(y1, y2)); at <= last; at++) {
      const band = bands[at];
      if (band) band.path += strokeOf(line);
    }
  }
  return bands;
}

/** A picture of a million px is no picture. */
const MOST_BANDS = 4096;

/** Returns the number of the band at a height. */
export function bandAt(y: number): number {
  return Math.max(0, Math.floor(y / BAND_HEIGHT));
}

/** Returns a line as a path; one that leads aside is a curve. */
function strokeOf([x1, y1, x2, y2]: DiagramLine): string {
  const [from, to] = [x1 + 0.5, x2 + 0.5];
  if (x1 === x2 || y1 === y2) return `M${from} ${y1}L${to} ${y2}`;
  const middle = (y1 + y2) / 2;
  return `M${from} ${y1}C${from} ${middle} ${to} ${middle} ${to} ${y2}`;
}

/** Returns the box that a key leads to; `null` for keys that lead nowhere. */
export function boxAtKey(
  boxes: readonly DiagramBox[],
  now: number,
  key: string,
  pageHeight: number,
): number | null {
  const last = boxes.length - 1;
  if (last < 0) return null;
  const here = boxes[now];
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (!here) return key.startsWith("Arrow") ? 0 : null;
  switch (key) {
    case "ArrowDown":
      return nearest(boxes, here, now, 1);
    case "ArrowUp":
      return nearest(boxes, here, now, -1);
    case "ArrowRight":
      return Math.min(last, now + 1);
    case "ArrowLeft":
      return Math.max(0, now - 1);
    case "PageDown":
    case "PageUp": {
      const way = key === "PageDown" ? pageHeight : -pageHeight;
      return closestTo(boxes, here.y + way);
    }
    default:
      return null;
  }
}

/** The next box above or below: straight on if there is one, or else the closest. */
function nearest(
  boxes: readonly DiagramBox[],
  here: DiagramBox,
  now: number,
  way: 1 | -1,
): number {
  let best = now;
  let least = Number.POSITIVE_INFINITY;
  boxes.forEach((box, number) => {
    const below = way > 0 ? box.y - here.y - here.height : here.y - box.y - box.height;
    if (below < 0) return;
    const aside = Math.abs(box.x + box.width / 2 - here.x - here.width / 2);
    const far = below + aside * 0.5;
    if (far < least) [best, least] = [number, far];
  });
  return best;
}

function closestTo(boxes: readonly DiagramBox[], y: number): number {
  let best = 0;
  boxes.forEach((box, number) => {
    const before = boxes[best];
    if (before && Math.abs(box.y - y) < Math.abs(before.y - y)) best = number;
  });
  return best;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numbers(value: unknown): readonly number[] {
  return list(value).filter(
    (one): one is number => typeof one === "number" && Number.isFinite(one),
  );
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
