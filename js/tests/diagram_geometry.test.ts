import { describe, expect, it } from "vitest";
import {
  boxAtKey,
  boxesBetween,
  boxOf,
  pathBetween,
  readBoxes,
  readLines,
} from "../src/diagram/diagram_geometry.js";

/** a above; b and c beside each other; d below. */
const boxes = readBoxes([
  { name: "a", kind: "conv", rectangle: [50, 0, 40, 20], members: ["a_conv", "a"] },
  { name: "b", kind: "conv", rectangle: [10, 40, 40, 20], depth: 7 },
  { name: "c", kind: "pool", rectangle: [90, 40, 40, 20], shape: [4, null, 7] },
  { name: "d", kind: "join", rectangle: [50, 80, 40, 20] },
]);

describe("the picture of a model", () => {
  it("is read leniently", () => {
    expect(boxes.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
    expect(boxes[2]?.shape).toEqual([4, null, 7]);
    expect(boxes[0]?.depth).toBeNull();
    const wrong = [null, 3, "a", [], { name: 3 }, { name: "a", rectangle: [1, 2, 3] }];
    expect(readBoxes(wrong)).toEqual([]);
    expect(readBoxes([{ name: "a", rectangle: [1, 2, 3, Number.NaN] }])).toEqual([]);
    expect(readLines([[1, 2, 3, 4], [1, 2], "x", null])).toEqual([[1, 2, 3, 4]]);
  });

  it("finds the box of a layer, also of one inside", () => {
    expect(boxOf(boxes, "c")).toBe(2);
    expect(boxOf(boxes, "a_conv")).toBe(0);
    expect(boxOf(boxes, "z")).toBe(-1);
  });

  it("draws only what is between two heights", () => {
    expect(boxesBetween(boxes, 20, 40)).toEqual([]);
    expect(boxesBetween(boxes, 30, 81)).toEqual([1, 2, 3]);
    const lines = readLines([
      [5, 0, 5, 100],
      [5, 200, 50, 200],
    ]);
    expect(pathBetween(lines, 40, 60)).toBe("M5.5 0L5.5 100");
  });

  it("is walked with keys", () => {
    const go = (now: number, key: string) => boxAtKey(boxes, now, key, 80);
    expect(go(0, "ArrowDown")).toBe(1);
    expect(go(1, "ArrowRight")).toBe(2);
    expect(go(2, "ArrowDown")).toBe(3);
    expect(go(3, "ArrowUp")).toBe(1);
    expect(go(3, "ArrowDown")).toBe(3);
    expect(go(0, "ArrowLeft")).toBe(0);
    expect([go(2, "Home"), go(0, "End")]).toEqual([0, 3]);
    expect([go(0, "PageDown"), go(3, "PageUp")]).toEqual([3, 0]);
    expect(go(-1, "ArrowDown")).toBe(0);
    expect(go(0, "x")).toBeNull();
    expect(boxAtKey([], -1, "End", 60)).toBeNull();
  });
});
