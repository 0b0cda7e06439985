/**
 * A photo and, over it, something with a value at every position of a layer: a mask
 * that leaves bright what counts, or a picture of the same proportions.
 */

import { element } from "../element.js";
import type { Position } from "../widget_protocol.js";

export interface PhotoMapState {
  /** The photo's file; empty for none. */
  readonly photo: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
  /** A byte for each position, row by row: 0 is dark, 255 leaves the photo as it is. */
  readonly mask?: Uint8Array | null;
  /** A picture's file that is laid over the photo; null for none. */
  readonly overlay?: Uint8Array<ArrayBuffer> | null;
  /** How much of the overlay is seen, from 0 to 1. */
  readonly opacity?: number;
  /** The position that is framed. */
  readonly position: Position | null;
}

/** How much light the mask leaves where it is 0. */
const DARKEST = 0.15;

export class PhotoMap {
  readonly node = element("div", { class: "lucid-photo-map" });
  readonly #photo = new FileImage("lucid-photo-map-photo");
  readonly #overlay = new FileImage("lucid-photo-map-overlay");
  readonly #mask = element("canvas", { class: "lucid-photo-map-mask" });
  readonly #frame = element("div", { class: "lucid-photo-map-frame" });
  #rows = 0;
  #columns = 0;
  #masked: Uint8Array | null = null;

  /** `point` hears which position the pointer is at, null for none; `pick` of clicks. */
  constructor(
    {
      point,
      pick,
    }: {
      point: (position: Position | null) => void;
      pick: (position: Position) => void;
    },
    signal: AbortSignal,
  ) {
    this.node.append(this.#photo.node, this.#overlay.node, this.#mask, this.#frame);
    const at = (event: MouseEvent) => this.#positionAt(event);
    const { node } = this;
    node.addEventListener("pointermove", (event) => point(at(event)), { signal });
    node.addEventListener("pointerleave", () => point(null), { signal });
    node.addEventListener(
      "click",
      (event) => {
        const position = at(event);
        if (position) pick(position);
      },
      { signal },
    );
    signal.addEventListener("abort", () => {
      this.#photo.release();
      this.#overlay.release();
    });
  }

  update(state: PhotoMapState): void {
    this.#rows = state.rows;
    this.#columns = state.columns;
    this.#photo.show(state.photo);
    this.#overlay.show(state.overlay ?? EMPTY);
    this.#overlay.node.style.opacity = `${state.opacity ?? 1}`;
    this.#showMask(state.mask ?? null);
    this.#showFrame(state.position);
  }

  #showMask(mask: Uint8Array | null): void {
    const { width, height } = this.#mask;
    const isSame = mask === this.#masked;
    this.#masked = mask;
    this.#mask.hidden = !mask;
    if (!mask || (isSame && width === this.#columns && height === this.#rows)) return;
    this.#mask.width = this.#columns;
    this.#mask.height = this.#rows;
    const pixels = new Uint8ClampedArray(4 * this.#rows * this.#columns);
    for (let i = 0; i < this.#rows * this.#columns; i++)
      pixels[4 * i + 3] = (255 - (mask[i] ?? 0)) * (1 - DARKEST);
    const image = new ImageData(pixels, this.#columns, this.#rows);
    this.#mask.getContext("2d")?.putImageData(image, 0, 0);
  }

  #showFrame(position: Position | null): void {
    this.#frame.hidden = !position || !this.#rows || !this.#columns;
    if (!position) return;
    const [row, column] = position;
    const { style } = this.#frame;
    style.top = `${(100 * row) / this.#rows}%`;
    style.left = `${(100 * column) / this.#columns}%`;
    style.height = `${100 / this.#rows}%`;
    style.width = `${100 / this.#columns}%`;
  }

  #positionAt(event: MouseEvent): Position | null {
    const { left, top, width, height } = this.node.getBoundingClientRect();
    const row = Math.floor(((event.clientY - top) / height) * this.#rows);
    const column = Math.floor(((event.clientX - left) / width) * this.#columns);
    const isInside =
      row >= 0 && column >= 0 && row < this.#rows && column < this.#columns;
    return isInside ? [row, column] : null;
  }
}

const EMPTY = new Uint8Array();

/** An image element that shows a file, and owns its object URL. */
class FileImage {
  readonly node: HTMLImageElement;
  #shown: Uint8Array<ArrayBuffer> = EMPTY;

  constructor(name: string) {
    this.node = element("img", { class: name, alt: "", draggable: "false" });
    this.node.hidden = true;
  }

  show(file: Uint8Array<ArrayBuffer>): void {
    if (isSame(file, this.#shown)) return;
    this.release();
    this.#shown = file;
    this.node.hidden = !file.length;
    if (file.length) this.node.src = URL.createObjectURL(new Blob([file]));
  }

  release(): void {
    if (this.#shown.length) URL.revokeObjectURL(this.node.src);
    this.#shown = EMPTY;
  }
}

/** Every reading of a trait makes a new view: compares what it shows. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length
  );
}

/** A button for a photo from the disk; `send` gets its bytes. */
export function photoButton(
  send: (file: ArrayBuffer) => void,
  signal: AbortSignal,
): HTMLElement {
  const input = element("input", { type: "file", accept: "image/*" });
  input.className = "lucid-visually-hidden";
  input.addEventListener(
    "change",
    async () => {
      const [file] = input.files ?? [];
      if (file) send(await file.arrayBuffer());
      input.value = "";
    },
    { signal },
  );
  return element("label", { class: "lucid-field lucid-file" }, "Choose photo…", input);
}
