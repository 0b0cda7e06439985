/** Puts pixels on a canvas, and reads them back. Where they go: `geometry.ts`. */

import { element } from "../element.js";
import type { Pixel, Placement } from "./geometry.js";

/** A second picture, drawn over the first one's place up to an edge of the stage. */
export interface LeftPart {
  readonly bitmap: ImageBitmap;
  readonly edge: number;
}

/** Draws the picture, square pixels when enlarged, and a frame around the caret. */
export function paint(
  context: CanvasRenderingContext2D,
  bitmap: ImageBitmap,
  placement: Placement,
  caret: Pixel | null,
  leftPart: LeftPart | null,
): void {
  const { scale } = placement;
  const left = Math.round(placement.left);
  const top = Math.round(placement.top);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const draw = (drawn: ImageBitmap) => {
    context.imageSmoothingEnabled = width < drawn.width;
    context.drawImage(drawn, left, top, width, height);
  };
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.imageSmoothingQuality = "high";
  draw(bitmap);
  if (leftPart) {
    context.save();
    context.beginPath();
    context.rect(0, 0, leftPart.edge, context.canvas.height);
    context.clip();
    context.clearRect(0, 0, leftPart.edge, context.canvas.height);
    draw(leftPart.bitmap);
    context.restore();
  }
  if (!caret) return;
  // Black around white: visible on any picture.
  const x = left + caret.column * scale;
  const y = top + caret.row * scale;
  for (const [color, margin] of [
    ["#000", 2.5],
    ["#fff", 1.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.strokeRect(x - margin, y - margin, scale + 2 * margin, scale + 2 * margin);
  }
}

/** One pixel, read often, so kept in memory and not on the graphics card. */
let probe: CanvasRenderingContext2D | null = null;

/** Red, green, blue and alpha, each 0-255; `null` where there is no canvas. */
export function readPixel(bitmap: ImageBitmap, pixel: Pixel): Uint8ClampedArray | null {
  if (!probe) {
    const canvas = element("canvas", { width: "1", height: "1" });
    probe = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (!probe) return null;
  probe.clearRect(0, 0, 1, 1);
  probe.drawImage(bitmap, -pixel.column, -pixel.row);
  return probe.getImageData(0, 0, 1, 1).data;
}

/** The whole picture on a canvas of its own, at its own size. */
export function toCanvas(bitmap: ImageBitmap): HTMLCanvasElement {
  const { width, height } = bitmap;
  const copy = element("canvas", { width: `${width}`, height: `${height}` });
  copy.getContext("2d")?.drawImage(bitmap, 0, 0);
  return copy;
}
