/** Reads text chunks of PNG files: https://www.w3.org/TR/png-3/#11tEXt */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Length, type and check sum around the data of a chunk. */
const LENGTH_BYTES = 4;
const TYPE_BYTES = 4;
const CHECKSUM_BYTES = 4;

/**
 * The text stored under a keyword in a `tEXt` chunk before the pixels.
 *
 * The bytes may be cut short or be no PNG at all: then there is no text.
 */
export function pngText(bytes: Uint8Array, keyword: string): string | null {
  if (SIGNATURE.some((byte, index) => bytes[index] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = SIGNATURE.length;
  while (position + LENGTH_BYTES + TYPE_BYTES <= bytes.length) {
    const start = position + LENGTH_BYTES + TYPE_BYTES;
    const end = start + view.getUint32(position);
    const type = latin1(bytes.subarray(position + LENGTH_BYTES, start));
    if (type === "IDAT" || type === "IEND" || end > bytes.length) return null;
    if (type === "tEXt") {
      const content = latin1(bytes.subarray(start, end));
      const separator = content.indexOf("\0");
      if (separator >= 0 && content.slice(0, separator) === keyword) {
        return content.slice(separator + 1);
      }
    }
    position = end + CHECKSUM_BYTES;
  }
  return null;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
