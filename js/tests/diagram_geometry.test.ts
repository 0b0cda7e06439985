import { describe, expect, it } from "vitest";
import {
  BAND_HEIGHT,
  bandsOf,
  boxAtKey,
  boxOf,
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

  it("is cut into bands, each with what begins in it and what passes", () => {
    const [first, second] = [BAND_HEIGHT - 10, BAND_HEIGHT + 10];
    const boxes = readBoxes([
      { name: "a", rectangle: [0, 0, 5, 20] },
      { name: "b", rectangle: [0, first, 5, 20] },
      { name: "c", rectangle: [0, second, 5, 20] },
    ]);
    const bands = bandsOf(
      boxes,
      [
        [5, 0, 5, 10],
        [5, first, 9, second],
        [1, second, 8, second],
      ],
      2 * BAND_HEIGHT + 5,
    );
    expect(bands.map((band) => band.boxes)).toEqual([[0, 1], [2], []]);
    const curve = `M5.5 ${first}C5.5 320 9.5 320 9.5 ${second}`;
    expect(bands.map((band) => band.path)).toEqual([
      `M5.5 0L5.5 10${curve}`,
      `${curve}M1.5 ${second}L8.5 ${second}`,
      "",
    ]);
  });

  it("is not cut into more bands than anybody scrolls through", () => {
    const boxes = readBoxes([{ name: "far", rectangle: [0, 1e300, 5, 20] }]);
    expect(bandsOf(boxes, [[0, -1e300, 0, 1e300]], 10).length).toBe(4096);
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
