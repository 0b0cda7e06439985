import { describe, expect, it } from "vitest";
import {
  cellAt,
  inSight,
  moved,
  nearestInSight,
  neighbour,
  readCells,
  wholeView,
  zoomed,
} from "../src/atlas/atlas_geometry.js";

const SIZE = { width: 300, height: 200 };

/** A map of 5 x 5 with cells at these rows and columns. */
function cellsAt(...places: readonly (readonly [number, number])[]) {
  return readCells(new Uint8Array(new Uint16Array(places.flat()).buffer), 5);
}

const CELLS = cellsAt([1, 1], [1, 3], [3, 1], [2, 2]);

describe("the geometry of a map", () => {
  it("reads cells, and leaves out what lies off the map", () => {
    const cells = cellsAt([1, 2], [9, 9]);
    expect(cells.at[1 * 5 + 2]).toBe(0);
    expect([...cells.at].filter((number) => number >= 0)).toEqual([0]);
  });

  it("shows all filled cells, and finds each where it is drawn", () => {
    const view = wholeView(CELLS, SIZE);
    CELLS.rows.forEach((row, number) => {
      const column = CELLS.columns[number] ?? 0;
      const x = view.x + (column + 0.5) * view.cell;
      const y = view.y + (row + 0.5) * view.cell;
      expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
      expect(cellAt(CELLS, view, x, y)).toBe(number);
    });
    expect(cellAt(CELLS, view, -1000, 0)).toBe(-1);
    expect(wholeView(cellsAt(), SIZE).cell).toBeGreaterThan(0);
  });

  it("zooms about a point, which stays where it is", () => {
    const view = { x: 10, y: 20, cell: 30 };
    const near = zoomed(view, 2, [100, 80], 5);
    expect(near.cell).toBe(60);
    expect((100 - near.x) / near.cell).toBeCloseTo((100 - view.x) / view.cell);
    expect(zoomed(view, 1e-9, [0, 0], 5).cell).toBe(5);
    expect(zoomed(view, 1e9, [0, 0], 5).cell).toBeLessThan(1000);
  });

  it("keeps a part of the map in sight", () => {
    const view = moved({ x: 0, y: 0, cell: 40 }, [-1e6, 1e6], 5, SIZE);
    const sight = inSight(5, view, SIZE);
    expect(sight.right - sight.left).toBeGreaterThan(0);
    expect(sight.bottom - sight.top).toBeGreaterThan(0);
  });

  it("lists what is in sight, the nearest first, and no more than asked for", () => {
    const view = { x: 0, y: 0, cell: 40 };
    expect(nearestInSight(CELLS, view, SIZE, [100, 100], 2)[0]).toBe(3);
    expect(nearestInSight(CELLS, view, SIZE, [100, 100], 2)).toHaveLength(2);
  });

  it("steps to the next filled cell, over gaps, and never back", () => {
    expect(neighbour(CELLS, 0, [0, 1])).toBe(1);
    expect(neighbour(CELLS, 0, [1, 0])).toBe(2);
    expect(neighbour(CELLS, 0, [0, -1])).toBe(-1);
  });
});
