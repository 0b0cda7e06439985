/**
 * A picture as a PNG file, to be saved, copied or dragged out. The kept still is a file
 * already, with the recipe inside; it is taken where it is the picture in question.
 */

import type { Picture } from "./canvas/live_run.js";
import { toCanvas } from "./canvas/painting.js";
import type { Poster } from "./traits.js";

const MIME = "image/png";
/** Where a PNG file says its width and height. */
const WIDTH_AT = 16;
const HEIGHT_AT = 20;

/** The picture's file, later. `kept` is the still that the widget keeps. */
export function pngOf(picture: Picture, kept: Poster | null): Promise<Blob> {
  const bytes = keptFile(picture, kept);
  if (bytes) return Promise.resolve(new Blob([bytes], { type: MIME }));
  return new Promise((resolve, reject) =>
    toCanvas(picture.bitmap).toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("cannot encode"))),
      MIME,
    ),
  );
}

/** The picture's file at once, as the browser wants it at the start of a drag. */
export function pngNow(picture: Picture, kept: Poster | null) {
  const bytes =
    keptFile(picture, kept) ?? fromBase64(toCanvas(picture.bitmap).toDataURL(MIME));
  return { bytes, url: `data:${MIME};base64,${toBase64(bytes)}` };
}

/** "TinyInception, channel mixed4a:30" at step 9: a name that every system takes. */
export function filename(title: string, step: number): string {
  const words = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${words.slice(0, 80) || "lucid"}-step-${step}.png`;
}

/** The bytes of the kept still, if it is this picture, at its full size. */
function keptFile(picture: Picture, kept: Poster | null) {
  const own = picture.poster ?? kept;
  if (own?.mime !== MIME || own.bytes.length < HEIGHT_AT + 4) return null;
  if (own === picture.poster) return own.bytes;
  const { buffer, byteOffset } = own.bytes;
  const view = new DataView(buffer, byteOffset);
  const isSame =
    own.step === picture.step &&
    own.objective === picture.objective &&
    view.getUint32(WIDTH_AT) === picture.bitmap.width &&
    view.getUint32(HEIGHT_AT) === picture.bitmap.height;
  return isSame ? own.bytes : null;
}

function fromBase64(url: string): Uint8Array<ArrayBuffer> {
  const text = atob(url.slice(url.indexOf(",") + 1));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
