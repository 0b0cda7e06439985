/** A colour for every position of a layer, to be laid over the photo: RGBA, row by row. */

/** How much light is left where nothing is active. */
const DARKEST = 0.15;
/** How much of the photo the strongest colour hides. */
const STRONGEST = 0.8;
/** For and against, as in `misc/heat_maps.py`. */
const FOR = [230, 115, 0] as const;
const AGAINST = [0, 92, 184] as const;

/** Darkens the photo: 255 leaves it as it is, 0 leaves little of it. */
export function lightCells(light: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const cells = new Uint8ClampedArray(4 * light.length);
  light.forEach((one, i) => {
    cells[4 * i + 3] = (255 - one) * (1 - DARKEST);
  });
  return cells;
}

/** Orange for positive values, blue for negative; the stronger, the nearer to `most`. */
export function signedCells(
  values: Float32Array,
  most: number,
): Uint8ClampedArray<ArrayBuffer> {
  const cells = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    // As the eye sees it: small parts would not show otherwise.
    const strength = most > 0 ? Math.sqrt(Math.min(1, Math.abs(value) / most)) : 0;
    cells.set(value < 0 ? AGAINST : FOR, 4 * i);
    cells[4 * i + 3] = 255 * STRONGEST * strength;
  });
  return cells;
}
