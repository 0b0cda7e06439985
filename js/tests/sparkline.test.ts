import { describe, expect, it } from "vitest";
import { formatNumber, objectiveText, stepText } from "../src/controls/progress.js";
import { sparklinePath } from "../src/controls/sparkline.js";

// A box of 104 x 24 has 100 x 20 inside its margins.
const path = (curve: Parameters<typeof sparklinePath>[0]) =>
  sparklinePath(curve, 104, 24);

describe("sparklinePath", () => {
  it("fills its box, with high values high up", () => {
    expect(
      path([
        [10, 1],
        [20, 3],
        [30, 2],
      ]),
    ).toBe("M2 22h0L52 2L102 12");
  });

  it("puts points at their steps, not at their places in the list", () => {
    expect(
      path([
        [0, 0],
        [25, 1],
        [100, 0],
      ]),
    ).toBe("M2 22h0L27 2L102 22");
  });

  it("draws a constant curve through the middle", () => {
    expect(
      path([
        [1, 5],
        [2, 5],
      ]),
    ).toBe("M2 12h0L102 12");
  });

  it("draws a point alone as a dot in the middle", () => {
    expect(path([[7, -3]])).toBe("M52 12h0");
  });

  it("leaves a gap where the value is not a number", () => {
    expect(
      path([
        [0, 0],
        [1, null],
        [2, Number.NaN],
        [3, 1],
        [4, 0.5],
      ]),
    ).toBe("M2 22h0M77 2h0L102 12");
  });

  it("is empty without points, or without numbers", () => {
    expect(path([])).toBe("");
    expect(path([[1, null]])).toBe("");
  });
});

describe("numbers in words", () => {
  it.each([
    [0, "0.00"],
    [12.4321, "12.4"],
    [-0.00123, "-0.00123"],
    [1234.6, "1235"],
    [0.0000123, "1.23e-5"],
    [-12345678, "-1.23e+7"],
  ])("%d is written %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("says so when the objective is not a number", () => {
    expect(objectiveText(3, null)).toBe("objective: not a number");
    expect(objectiveText(null, null)).toBe("objective");
    expect(objectiveText(0, null)).toBe("objective");
  });

  it("counts steps against the total, if there is one", () => {
    expect(stepText(312, 512)).toBe("step 312 / 512");
    expect(stepText(312, 0)).toBe("step 312");
  });
});
