/** From the bytes of a picture file to a bitmap. */

import type { ImageType } from "../protocol.js";
import type { Size } from "./geometry.js";

/** Rejects when the browser cannot decode it. A given size scales the bitmap. */
export function decode(
  bytes: Uint8Array<ArrayBuffer>,
  mime: ImageType,
  size?: Size,
): Promise<ImageBitmap> {
  const blob = new Blob([bytes], { type: mime });
  if (!size) return createImageBitmap(blob);
  return createImageBitmap(blob, {
    resizeWidth: size.width,
    resizeHeight: size.height,
    resizeQuality: "high",
  });
}
