/** What is said of one pixel: where it is, and its colour. */

import type { Pixel } from "./geometry.js";
import { readPixel } from "./painting.js";

/** "row 12, column 40: RGB 255 128 0"; alpha only where it is not full. */
export function describePixel(bitmap: ImageBitmap, pixel: Pixel): string {
  const place = `row ${pixel.row}, column ${pixel.column}`;
  const values = readPixel(bitmap, pixel);
  if (!values) return place;
  const [red = 0, green = 0, blue = 0, alpha = 255] = values;
  const opacity = alpha < 255 ? `, alpha ${alpha}` : "";
  return `${place}: RGB ${red} ${green} ${blue}${opacity}`;
}
