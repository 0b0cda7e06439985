/**
 * Where the cells of a map are on the screen: pure functions of a view.
 *
 * A view puts the map's corner at (x, y) on the canvas, in CSS pixels, with cells of
 * `cell` pixels. Rows count from the top, columns from the left.
 */

import type { Sight } from "./sheet_level.js";

export interface View {
  readonly x: number;
  readonly y: number;
  /** Side of a cell on the screen, in CSS pixels. */
  readonly cell: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Cells by number, and the number at a place. */
export interface Cells {
  readonly rows: Uint16Array;
  readonly columns: Uint16Array;
  /** Cells along each side. */
  readonly side: number;
  /** Number of the cell at `row * side + column`; -1 for none. */
  readonly at: Int32Array;
}

/** The largest a cell can be, in CSS pixels. */
export const LARGEST_CELL = 176;
const MARGIN = 8;

/** Reads `[cells, 2]` uint16, little endian; what lies off the map is left out. */
export function readCells(bytes: Uint8Array, side: number): Cells {
  const count = Math.floor(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = new Uint16Array(count);
  const columns = new Uint16Array(count);
  const at = new Int32Array(side * side).fill(-1);
  for (let i = 0; i < count; i++) {
    const row = view.getUint16(4 * i, true);
    const column = view.getUint16(4 * i + 2, true);
    rows[i] = row;
    columns[i] = column;
    if (row < side && column < side) at[row * side + column] = i;
  }
  return { rows, columns, side, at };
}

/** The view that shows all filled cells, as large as they fit. */
export function wholeView({ rows, columns, side }: Cells, size: Size): View {
  const [top, bottom] = range(rows, side);
  const [left, right] = range(columns, side);
  const cell = Math.min(
    (size.width - 2 * MARGIN) / (right - left),
    (size.height - 2 * MARGIN) / (bottom - top),
    LARGEST_CELL,
  );
  return {
    cell: Math.max(1, cell),
    x: size.width / 2 - ((left + right) / 2) * cell,
    y: size.height / 2 - ((top + bottom) / 2) * cell,
  };
}

function range(values: Uint16Array, side: number): readonly [number, number] {
  let first = side;
  let last = -1;
  for (const value of values) {
    if (value < first) first = value;
    if (value > last) last = value;
  }
  return last < first ? [0, Math.max(1, side)] : [first, last + 1];
}

/** Zooms by a factor about a point of the canvas, between all of it and one cell. */
export function zoomed(
  view: View,
  factor: number,
  [x, y]: readonly [number, number],
  smallest: number,
): View {
  const cell = Math.min(LARGEST_CELL, Math.max(smallest, view.cell * factor));
  const by = cell / view.cell;
  return { cell, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
}

/** Moves the map; a part of it stays in sight. */
export function moved(
  view: View,
  [right, down]: readonly [number, number],
  side: number,
  { width, height }: Size,
): View {
  const whole = side * view.cell;
  const kept = Math.min(whole, 64);
  const within = (at: number, extent: number) =>
    Math.max(kept - whole, Math.min(extent - kept, at));
  return {
    cell: view.cell,
    x: within(view.x + right, width),
    y: within(view.y + down, height),
  };
}

/** The number of the cell at a point of the canvas; -1 for none. */
export function cellAt(cells: Cells, view: View, x: number, y: number): number {
  const row = Math.floor((y - view.y) / view.cell);
  const column = Math.floor((x - view.x) / view.cell);
  const { side, at } = cells;
  if (row < 0 || column < 0 || row >= side || column >= side) return -1;
  return at[row * side + column] ?? -1;
}

/** First and last row and column in sight, the last ones exclusive. */
export function inSight(side: number, view: View, { width, height }: Size): Sight {
  const within = (value: number) => Math.max(0, Math.min(side, value));
  return {
    top: within(Math.floor(-view.y / view.cell)),
    left: within(Math.floor(-view.x / view.cell)),
    bottom: within(Math.ceil((height - view.y) / view.cell)),
    right: within(Math.ceil((width - view.x) / view.cell)),
  };
}

/** Numbers of the cells in sight, those nearest to a point of the canvas first. */
export function nearestInSight(
  cells: Cells,
  view: View,
  size: Size,
  [x, y]: readonly [number, number],
  most: number,
): readonly number[] {
  const { top, left, bottom, right } = inSight(cells.side, view, size);
  const found: number[] = [];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const number = cells.at[row * cells.side + column] ?? -1;
      if (number >= 0) found.push(number);
    }
  }
  const row = (y - view.y) / view.cell - 0.5;
  const column = (x - view.x) / view.cell - 0.5;
  const distance = (number: number) =>
    ((cells.rows[number] ?? 0) - row) ** 2 +
    ((cells.columns[number] ?? 0) - column) ** 2;
  return found.sort((a, b) => distance(a) - distance(b)).slice(0, most);
}

/** The next filled cell in a direction: straight on if possible; -1 for none. */
export function neighbour(
  cells: Cells,
  from: number,
  [down, right]: readonly [number, number],
): number {
  const row = cells.rows[from] ?? 0;
  const column = cells.columns[from] ?? 0;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < cells.rows.length; i++) {
    const dy = (cells.rows[i] ?? 0) - row;
    const dx = (cells.columns[i] ?? 0) - column;
    const ahead = dy * down + dx * right;
    const aside = Math.abs(dy * right) + Math.abs(dx * down);
    if (ahead <= 0 || aside > 2 * ahead) continue;
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [i, far];
  }
  return best;
}
