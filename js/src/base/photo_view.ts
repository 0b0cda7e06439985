/** A photo under the positions of a layer: hover or arrow keys look, a click stays. */

import { element } from "../element.js";
import type { Position } from "../widget_protocol.js";
import { FileImage } from "./file_image.js";
import type { State } from "./state.js";
import type { Context } from "./widget.js";

/** What lies over the photo. */
export interface Over {
  /** A colour for each position, see `cells.ts`. */
  readonly cells?: Uint8ClampedArray<ArrayBuffer> | null;
  /** The file of a picture with the photo's proportions. */
  readonly overlay?: Uint8Array<ArrayBuffer> | null;
  /** How much of the overlay is seen, from 0 to 1. */
  readonly opacity?: number;
}

const MOVES: Readonly<Record<string, Position>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** A photo so many times as wide as high takes a line of its own. */
const BROAD = 3;

export class PhotoView {
  readonly node: HTMLElement;
  readonly #context: Context;
  readonly #photo: FileImage;
  readonly #overlay: FileImage;
  readonly #cells = element("canvas", { class: "lucid-photo-cells" });
  readonly #frame = element("div", { class: "lucid-photo-frame" });
  readonly #none = element("p", {}, "Choose a photo, paste one, or drop one here.");
  readonly #look: () => void;
  readonly #choose: (position: Position) => void;
  #pointed: Position | null = null;

  /**
   * `look` is called when the mouse is at another position; `choose` when one stays,
   * by default to select it.
   */
  constructor(
    context: Context,
    look: () => void,
    signal: AbortSignal,
    choose = (position: Position) => context.chosen.select({ position }),
  ) {
    this.#context = context;
    this.#look = look;
    this.#choose = choose;
    this.#photo = new FileImage("lucid-photo-image", signal);
    this.#overlay = new FileImage("lucid-photo-overlay", signal);
    this.node = element(
      "div",
      { class: "lucid-photo", role: "application", tabindex: "0" },
      this.#none,
      this.#photo.node,
      this.#overlay.node,
      this.#cells,
      this.#frame,
    );
    const { node } = this;
    const listen = <K extends keyof HTMLElementEventMap>(
      name: K,
      heard: (event: HTMLElementEventMap[K]) => void,
    ) => node.addEventListener(name, heard, { signal });
    listen("pointermove", (event) => this.#point(this.#positionAt(event)));
    listen("pointerleave", () => this.#point(null));
    listen("click", (event) => {
      const position = this.#positionAt(event);
      if (position) this.#choose(position);
    });
    listen("keydown", (event) => this.#onKey(event));
  }

  /** What is looked at: under the mouse, or else what is selected; null for neither. */
  get position(): Position | null {
    const { state, chosen } = this.#context;
    return onGrid(this.#pointed, state) ?? onGrid(chosen.position, state);
  }

  /** Shows the photo of the traits, and what lies over it. */
  update({ cells = null, overlay = null, opacity = 1 }: Over = {}): void {
    const { state } = this.#context;
    const [height = 0, width = 0] = state.numbers("photo_size");
    const [rows, columns] = gridOf(state);
    const file = state.bytes("photo");
    this.#none.hidden = file.length > 0;
    this.node.classList.toggle("lucid-photo-none", !file.length);
    const ratio = height ? width / height : 1.5;
    this.node.style.setProperty("--lucid-ratio", `${ratio}`);
    this.node.classList.toggle("lucid-photo-broad", ratio > BROAD);
    this.#photo.show(file);
    this.#overlay.show(overlay ?? new Uint8Array());
    this.#overlay.node.style.opacity = `${opacity}`;
    this.#showCells(cells, rows, columns);
    this.#showFrame(rows, columns);
    const label = `photo, ${rows} rows and ${columns} columns of positions`;
    this.node.setAttribute("aria-label", file.length ? label : "no photo yet");
  }

  #showCells(
    cells: Uint8ClampedArray<ArrayBuffer> | null,
    rows: number,
    columns: number,
  ): void {
    const fits = cells !== null && cells.length === 4 * rows * columns && rows > 0;
    this.#cells.hidden = !fits;
    if (!fits) return;
    this.#cells.width = columns;
    this.#cells.height = rows;
    const image = new ImageData(cells, columns, rows);
    this.#cells.getContext("2d")?.putImageData(image, 0, 0);
  }

  #showFrame(rows: number, columns: number): void {
    const { position } = this;
    this.#frame.hidden = !position;
    if (!position) return;
    const [row, column] = position;
    const { style } = this.#frame;
    style.top = `${(100 * row) / rows}%`;
    style.left = `${(100 * column) / columns}%`;
    style.height = `${100 / rows}%`;
    style.width = `${100 / columns}%`;
  }

  #positionAt(event: MouseEvent): Position | null {
    const { left, top, width, height } = this.node.getBoundingClientRect();
    const [rows, columns] = gridOf(this.#context.state);
    const row = Math.floor(((event.clientY - top) / height) * rows);
    const column = Math.floor(((event.clientX - left) / width) * columns);
    return row >= 0 && column >= 0 ? onGrid([row, column], this.#context.state) : null;
  }

  #point(position: Position | null): void {
    if (`${position}` === `${this.#pointed}`) return;
    this.#pointed = position;
    this.#look();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [rows, columns] = gridOf(this.#context.state);
    const move = MOVES[event.key];
    if (!move || !rows || !columns) return;
    event.preventDefault();
    const start = this.position;
    const [row, column] = start
      ? [start[0] + move[0], start[1] + move[1]]
      : [Math.floor(rows / 2), Math.floor(columns / 2)];
    this.#pointed = null; // the keys lead, wherever the mouse rests
    this.#choose([within(row, rows), within(column, columns)]);
  }
}

/** Rows and columns of the layer that a widget is about. */
export function gridOf(state: State): readonly [rows: number, columns: number] {
  const [rows = 0, columns = 0] = state.numbers("grid");
  return [rows, columns];
}

/** A position, unless it is not on this layer: another widget may have chosen it. */
function onGrid(position: Position | null, state: State): Position | null {
  const [rows, columns] = gridOf(state);
  return position && position[0] < rows && position[1] < columns ? position : null;
}

function within(value: number, count: number): number {
  return Math.min(count - 1, Math.max(0, value));
}
