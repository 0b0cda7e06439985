/**
 * A photo under a grid of positions: hover or arrow keys look, a click or Enter stays.
 */

import { element } from "../element.js";
import type { Position } from "../widget_protocol.js";

export interface PhotoState {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Height and width, in pixels. */
  readonly size: readonly number[];
  /** Rows and columns. */
  readonly grid: readonly [number, number];
  /** The position that stays chosen. */
  readonly chosen: Position | null;
  readonly label: string;
}

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export class PositionPicker {
  readonly node: HTMLElement;
  readonly #image = element("img", { alt: "", draggable: "false" });
  readonly #mark = element("div", { class: "lucid-position" });
  readonly #look: () => void;
  readonly #choose: (position: Position) => void;
  #grid: readonly [number, number] = [0, 0];
  #chosen: Position | null = null;
  #hovered: Position | null = null;
  #shown: Uint8Array | null = null;

  /** `look` is called when another position is looked at; `choose` when it stays. */
  constructor(
    look: () => void,
    choose: (position: Position) => void,
    signal: AbortSignal,
  ) {
    this.#look = look;
    this.#choose = choose;
    this.node = element(
      "div",
      { class: "lucid-photo", role: "application", tabindex: "0" },
      this.#image,
      this.#mark,
    );
    this.node.addEventListener(
      "pointermove",
      (event) => this.#hover(this.#positionAt(event)),
      { signal },
    );
    this.node.addEventListener("pointerleave", () => this.#hover(null), { signal });
    this.node.addEventListener(
      "click",
      (event) => {
        const position = this.#positionAt(event);
        if (position) this.#choose(position);
      },
      { signal },
    );
    this.node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    signal.addEventListener("abort", () => URL.revokeObjectURL(this.#image.src));
  }

  /** The position that is looked at: under the mouse, or the one that was chosen. */
  get position(): Position | null {
    return this.#hovered ?? this.#chosen;
  }

  update({ bytes, size, grid, chosen, label }: PhotoState): void {
    this.#grid = grid;
    this.#chosen = chosen && chosen[0] < grid[0] && chosen[1] < grid[1] ? chosen : null;
    if (this.#hovered && !(this.#hovered[0] < grid[0] && this.#hovered[1] < grid[1]))
      this.#hovered = null;
    this.#showPhoto(bytes);
    const [height = 1, width = 1] = size;
    this.node.style.aspectRatio = `${width} / ${height}`;
    this.node.setAttribute("aria-label", label);
    const { position } = this;
    this.#mark.hidden = !position;
    if (!position) return;
    const [rows, columns] = grid;
    const { style } = this.#mark;
    style.top = `${(100 * position[0]) / rows}%`;
    style.left = `${(100 * position[1]) / columns}%`;
    style.height = `${100 / rows}%`;
    style.width = `${100 / columns}%`;
  }

  #showPhoto(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#shown && sameBytes(bytes, this.#shown)) return;
    this.#shown = bytes;
    if (this.#image.src) URL.revokeObjectURL(this.#image.src);
    this.#image.hidden = !bytes.length;
    if (!bytes.length) return;
    this.#image.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  }

  #positionAt(event: MouseEvent): Position | null {
    const box = this.node.getBoundingClientRect();
    const [rows, columns] = this.#grid;
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const isInside = row >= 0 && column >= 0 && row < rows && column < columns;
    return isInside ? [row, column] : null;
  }

  #hover(position: Position | null): void {
    if (`${position}` === `${this.#hovered}`) return;
    this.#hovered = position;
    this.#look();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [rows, columns] = this.#grid;
    const move = MOVES[event.key];
    if (!move || !rows || !columns) return;
    event.preventDefault();
    const start = this.position;
    const [row, column] = start
      ? [start[0] + move[0], start[1] + move[1]]
      : [Math.floor(rows / 2), Math.floor(columns / 2)];
    this.#hovered = null; // the keys lead, wherever the mouse rests
    this.#choose([clamp(row, rows), clamp(column, columns)]);
  }
}

function clamp(value: number, count: number): number {
  return Math.min(count - 1, Math.max(0, value));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
