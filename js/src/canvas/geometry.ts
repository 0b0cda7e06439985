/**
 * Where the picture lies on its stage. Pure: no DOM, so it is tested in Node.
 *
 * The stage is the part of the page that shows the picture; it is measured in device
 * pixels, so that a picture pixel can cover a whole number of them and stay square and
 * sharp. A placement maps picture to stage: `left + scale * column`, `top + scale * row`.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Placement {
  /** Device pixels per picture pixel. */
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

export interface Pixel {
  readonly row: number;
  readonly column: number;
}

/** No closer than this: a picture pixel as large as a thumbnail. */
export const MAX_SCALE = 64;

/** A whole scale is preferred unless it would leave more than this share unused. */
const MAX_UNUSED = 0.25;

/**
 * The scale at which a picture is first shown in a box of `available` device pixels.
 *
 * A whole number where possible. Above two, a fraction is hardly seen and is taken
 * where the whole number would waste much room; a picture larger than the box shrinks.
 */
export function fitScale(picture: Size, available: Size): number {
  const exact = Math.min(
    available.width / picture.width,
    available.height / picture.height,
  );
  const whole = Math.floor(exact);
  if (whole < 1) return exact;
  if (whole >= 2 && whole / exact < 1 - MAX_UNUSED) return exact;
  return whole;
}

/** The stage that a picture fills at a scale; at least one pixel each way. */
export function stageFor(picture: Size, scale: number): Size {
  return {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
}

/** Moves a placement so that the stage shows as much of the picture as it can. */
export function settle(placement: Placement, picture: Size, stage: Size): Placement {
  const { scale } = placement;
  return {
    scale,
    left: settleAxis(placement.left, picture.width * scale, stage.width),
    top: settleAxis(placement.top, picture.height * scale, stage.height),
  };
}

function settleAxis(start: number, drawn: number, room: number): number {
  if (drawn <= room) return (room - drawn) / 2;
  return Math.min(0, Math.max(room - drawn, start));
}

/**
 * Zooms by `factor`; the point (x, y) of the stage keeps its place in the picture.
 *
 * The scale stays between `least`, at which the whole picture shows, and `MAX_SCALE`.
 */
export function zoomAbout(
  placement: Placement,
  factor: number,
  x: number,
  y: number,
  least: number,
): Placement {
  const most = Math.max(MAX_SCALE, least);
  const scale = Math.min(most, Math.max(least, placement.scale * factor));
  const ratio = scale / placement.scale;
  return {
    scale,
    left: x - (x - placement.left) * ratio,
    top: y - (y - placement.top) * ratio,
  };
}

/** The picture pixel under a point of the stage; `null` beside the picture. */
export function pixelUnder(
  placement: Placement,
  x: number,
  y: number,
  picture: Size,
): Pixel | null {
  const row = Math.floor((y - placement.top) / placement.scale);
  const column = Math.floor((x - placement.left) / placement.scale);
  const inside =
    row >= 0 && row < picture.height && column >= 0 && column < picture.width;
  return inside ? { row, column } : null;
}

/** Moves a pixel, without leaving the picture. */
export function movePixel(
  pixel: Pixel,
  rows: number,
  columns: number,
  picture: Size,
): Pixel {
  return {
    row: Math.min(picture.height - 1, Math.max(0, pixel.row + rows)),
    column: Math.min(picture.width - 1, Math.max(0, pixel.column + columns)),
  };
}

/** The placement, moved as little as needed for a pixel to be on the stage. */
export function reveal(placement: Placement, pixel: Pixel, stage: Size): Placement {
  const { scale } = placement;
  const shift = (start: number, room: number) =>
    Math.max(0, -start) + Math.min(0, room - (start + scale));
  return {
    scale,
    left: placement.left + shift(placement.left + pixel.column * scale, stage.width),
    top: placement.top + shift(placement.top + pixel.row * scale, stage.height),
  };
}
