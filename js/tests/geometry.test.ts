import { describe, expect, it } from "vitest";
import {
  fitScale,
  MAX_SCALE,
  movePixel,
  pixelUnder,
  reveal,
  settle,
  stageFor,
  zoomAbout,
} from "../src/canvas/geometry.js";

const picture = { width: 40, height: 30 };

describe("fitScale", () => {
  it.each([
    ["a whole scale where it nearly fills the box", 128, 128, 512, 512, 4],
    ["the narrower side decides", 128, 64, 300, 512, 2],
    ["a whole scale below two, even if room is left", 300, 200, 512, 512, 1],
    [
      "a fraction where the whole scale would waste a quarter",
      128,
      96,
      380,
      512,
      2.96875,
    ],
    ["a large picture shrinks", 1024, 256, 512, 512, 0.5],
    ["device pixels count", 100, 80, 1024, 1024, 10],
  ])("%s", (_, width, height, boxWidth, boxHeight, scale) => {
    const box = { width: boxWidth, height: boxHeight };
    expect(fitScale({ width, height }, box)).toBe(scale);
  });
});

describe("stageFor", () => {
  it("is as large as the picture, and never empty", () => {
    expect(stageFor(picture, 2.5)).toEqual({ width: 100, height: 75 });
    expect(stageFor({ width: 1, height: 900 }, 0.1)).toEqual({ width: 1, height: 90 });
  });
});

describe("zoomAbout", () => {
  const fit = { scale: 4, left: 0, top: 0 };

  it("leaves the point under the pointer where it is", () => {
    const placement = zoomAbout(fit, 2, 60, 20, 4);
    expect(placement).toEqual({ scale: 8, left: -60, top: -20 });
    expect(pixelUnder(placement, 60, 20, picture)).toEqual(
      pixelUnder(fit, 60, 20, picture),
    );
  });

  it("stops where the whole picture shows, and at the closest", () => {
    expect(zoomAbout(fit, 0.1, 60, 20, 4).scale).toBe(4);
    expect(zoomAbout(fit, 1e6, 60, 20, 4).scale).toBe(MAX_SCALE);
  });

  it("never zooms out when a tiny picture fits above the closest zoom", () => {
    const tiny = { scale: 128, left: 0, top: 0 };
    expect(zoomAbout(tiny, 2, 10, 10, 128).scale).toBe(128);
  });
});

describe("settle", () => {
  const stage = { width: 160, height: 120 };

  it("does not let an edge of the picture come inside the stage", () => {
    expect(settle({ scale: 8, left: 50, top: -999 }, picture, stage)).toEqual({
      scale: 8,
      left: 0,
      top: -120,
    });
  });

  it("centres a picture that is smaller than the stage", () => {
    expect(settle({ scale: 2, left: -7, top: 90 }, picture, stage)).toEqual({
      scale: 2,
      left: 40,
      top: 30,
    });
  });
});

describe("pixelUnder", () => {
  const placement = { scale: 8, left: -60, top: -20 };

  it("counts rows down and columns to the right", () => {
    expect(pixelUnder(placement, 0, 0, picture)).toEqual({ row: 2, column: 7 });
    expect(pixelUnder(placement, 3.9, 4, picture)).toEqual({ row: 3, column: 7 });
  });

  it("finds nothing beside the picture", () => {
    expect(pixelUnder(placement, 261, 0, picture)).toBeNull();
    expect(pixelUnder(placement, 0, 220, picture)).toBeNull();
    expect(pixelUnder({ ...placement, left: 1 }, 0, 0, picture)).toBeNull();
  });
});

describe("the caret", () => {
  it("stays inside the picture", () => {
    expect(movePixel({ row: 29, column: 0 }, 1, -1, picture)).toEqual({
      row: 29,
      column: 0,
    });
    expect(movePixel({ row: 3, column: 4 }, -1, 1, picture)).toEqual({
      row: 2,
      column: 5,
    });
  });

  it("is brought onto the stage, moving no more than needed", () => {
    const stage = { width: 160, height: 120 };
    const placement = { scale: 8, left: -80, top: -40 };
    const still = reveal(placement, { row: 8, column: 12 }, stage);
    expect(still).toEqual(placement);
    const moved = reveal(placement, { row: 4, column: 30 }, stage);
    expect(moved).toEqual({ scale: 8, left: -88, top: -32 });
  });
});
