/**
 * A map of icons on a canvas: drag, wheel, two fingers and keys move and zoom it.
 *
 * It draws once per animation frame, and only when something has changed; what is
 * drawn is what is in sight.
 */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";
import {
  type Cells,
  cellAt,
  inSight,
  moved,
  nearestInSight,
  neighbour,
  type Size,
  type View,
  wholeView,
  zoomed,
} from "./atlas_geometry.js";
import { IconLevels } from "./icon_levels.js";
import { MapGestures } from "./map_gestures.js";
import type { Sight } from "./sheet_level.js";

export interface AtlasMapState {
  readonly cells: Cells;
  /** A byte for each cell: how much it stands out; `null` when all are alike. */
  readonly emphasis: Uint8Array | null;
  /** Number of the selected cell; -1 for none. */
  readonly selected: number;
  /** The object URL of a cell's icon, if there is one. */
  readonly icon: (number: number) => string | undefined;
  /** From 0 to 1: how full a cell is, for those that have no icon. */
  readonly fullness: (number: number) => number;
  readonly label: string;
}

export interface AtlasMapEvents {
  /** The pointer is at another cell; -1 for none. */
  point(number: number): void;
  pick(number: number): void;
  /** These cells are looked at, most urgent first. */
  want(numbers: readonly number[]): void;
}

/** Cells smaller than this are not worth rendering icons for, in CSS pixels. */
const WORTH_RENDERING = 14;
/** Cells smaller than this are drawn from a sheet, in CSS pixels. */
const SMALLEST_FULL = 24;
const MOST_WANTED = 320;
/** Of cells that have no icon yet: on light and dark alike. */
const BLANK = "#808080";
const KEY_ZOOM = 1.3;
const KEY_MOVE = 60;

const MOVES: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const NO_CELLS: Cells = {
  rows: new Uint16Array(),
  columns: new Uint16Array(),
  side: 0,
  at: new Int32Array(),
};

export class AtlasMap {
  readonly node = element("canvas", {
    class: "lucid-atlas-map",
    role: "application",
    tabindex: "0",
  });
  readonly #events: AtlasMapEvents;
  readonly #signal: AbortSignal;
  readonly #context = this.node.getContext("2d");
  #state: AtlasMapState = {
    cells: NO_CELLS,
    emphasis: null,
    selected: -1,
    icon: () => undefined,
    fullness: () => 0,
    label: "",
  };
  #levels: IconLevels | null = null;
  #size: Size = { width: 0, height: 0 };
  #view: View = { x: 0, y: 0, cell: 1 };
  #isFitted = true;
  #pointed = -1;
  /** Where the next key starts: ahead of what is drawn, for keys pressed quickly. */
  #at = -1;
  #pointer: readonly [number, number] | null = null;
  #isDue = false;

  constructor(events: AtlasMapEvents, signal: AbortSignal) {
    this.#events = events;
    this.#signal = signal;
    new MapGestures(
      this.node,
      {
        hover: (at) => {
          if (at) this.#pointer = at;
          this.#point(at ? cellAt(this.#state.cells, this.#view, ...at) : -1);
        },
        click: (at) => {
          const number = cellAt(this.#state.cells, this.#view, ...at);
          if (number >= 0) this.#pick(number);
        },
        pan: (right, down) => this.#pan(right, down),
        zoom: (factor, about) => this.#zoom(factor, about),
        showsAll: () => this.#isFitted,
      },
      signal,
    );
    this.node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    if (typeof ResizeObserver !== "undefined") {
      const observer = new ResizeObserver(() => this.#resize());
      observer.observe(this.node);
      atEnd(signal, () => observer.disconnect());
    }
    atEnd(signal, () => this.#levels?.close());
  }

  /** The cell that is looked at: under the pointer, or the selected one; -1 for none. */
  get cell(): number {
    return this.#pointed >= 0 ? this.#pointed : this.#state.selected;
  }

  update(state: AtlasMapState): void {
    const before = this.#state;
    this.#state = state;
    this.#at = state.selected;
    if (this.node.getAttribute("aria-label") !== state.label)
      this.node.setAttribute("aria-label", state.label);
    if (state.cells !== before.cells) {
      this.#levels?.close();
      this.#levels = new IconLevels(
        state.cells,
        (number) => [BLANK, 0.2 + 0.6 * state.fullness(number)],
        () => this.#drawSoon(),
      );
      this.#pointed = -1;
      this.#fit();
    }
    if (state.selected !== before.selected && state.selected >= 0)
      this.#bringIntoSight(state.selected);
    this.#drawSoon();
  }

  /** Shows the icons of a sheet from the kernel. */
  async takeSheet(file: Uint8Array<ArrayBuffer>, drawn: Uint8Array): Promise<void> {
    await this.#levels?.takeSheet(new Blob([file], { type: "image/webp" }), drawn);
  }

  /** Zooms about the middle. */
  zoom(factor: number): void {
    this.#zoom(factor, [this.#size.width / 2, this.#size.height / 2]);
  }

  /** Shows all of the map. */
  fit(): void {
    this.#fit();
    this.#drawSoon();
  }

  // What moves it ------------------------------------------------------------------

  #fit(): void {
    this.#isFitted = true;
    if (this.#size.width) this.#view = wholeView(this.#state.cells, this.#size);
  }

  #resize(): void {
    const width = this.node.clientWidth;
    const height = this.node.clientHeight;
    if (!width || !height) return;
    this.#size = { width, height };
    const scale = window.devicePixelRatio || 1;
    this.node.width = Math.round(width * scale);
    this.node.height = Math.round(height * scale);
    if (this.#isFitted) this.#fit();
    this.#draw(); // a canvas is blank after it has changed its size
  }

  #zoom(factor: number, about: readonly [number, number]): void {
    const { cells } = this.#state;
    const smallest = wholeView(cells, this.#size).cell;
    const view = zoomed(this.#view, factor, about, smallest);
    this.#view = moved(view, [0, 0], cells.side, this.#size);
    this.#isFitted = false;
    if (view.cell <= smallest) this.#fit();
    this.#drawSoon();
  }

  #pan(right: number, down: number): void {
    const { side } = this.#state.cells;
    this.#view = moved(this.#view, [right, down], side, this.#size);
    this.#isFitted = false;
    this.#drawSoon();
  }

  #bringIntoSight(number: number): void {
    const { rows, columns } = this.#state.cells;
    const { cell, x, y } = this.#view;
    const { width, height } = this.#size;
    if (!width) return; // all of it will be in sight
    const beyond = (at: number, extent: number) =>
      at < 0 || at + cell > extent ? extent / 2 - cell / 2 - at : 0;
    const right = beyond(x + (columns[number] ?? 0) * cell, width);
    const down = beyond(y + (rows[number] ?? 0) * cell, height);
    if (right || down) this.#pan(right, down);
  }

  // What a person does ---------------------------------------------------------------

  #point(number: number): void {
    if (number === this.#pointed) return;
    this.#pointed = number;
    this.#events.point(number);
    this.#drawSoon();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    if (move && event.shiftKey) this.#pan(-move[1] * KEY_MOVE, -move[0] * KEY_MOVE);
    else if (move) this.#step(move);
    else if (event.key === "+" || event.key === "=") this.#zoomByKey(KEY_ZOOM);
    else if (event.key === "-" || event.key === "_") this.#zoomByKey(1 / KEY_ZOOM);
    else if (event.key === "0" || event.key === "Home") this.fit();
    else return;
    event.preventDefault();
  }

  #zoomByKey(factor: number): void {
    const { cells, selected } = this.#state;
    const { cell, x, y } = this.#view;
    if (selected < 0) this.zoom(factor);
    else
      this.#zoom(factor, [
        x + ((cells.columns[selected] ?? 0) + 0.5) * cell,
        y + ((cells.rows[selected] ?? 0) + 0.5) * cell,
      ]);
  }

  #step(move: readonly [number, number]): void {
    const { cells } = this.#state;
    const middle = [this.#size.width / 2, this.#size.height / 2] as const;
    const next =
      this.#at >= 0
        ? neighbour(cells, this.#at, move)
        : (nearestInSight(cells, this.#view, this.#size, middle, 1)[0] ?? -1);
    if (next < 0) return;
    this.#pointed = -1; // the keys lead, wherever the mouse rests
    this.#pick(next);
  }

  #pick(number: number): void {
    this.#at = number;
    this.#events.pick(number);
  }

  // What is drawn --------------------------------------------------------------------

  #drawSoon(): void {
    if (this.#isDue || this.#signal.aborted) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (!this.#signal.aborted) this.#draw();
    });
  }

  #draw(): void {
    const { cells } = this.#state;
    const context = this.#context;
    const levels = this.#levels;
    const { width, height } = this.#size;
    if (!context || !levels || !width) return;
    const scale = this.node.width / width;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const { cell, x, y } = this.#view;
    const sight = inSight(cells.side, this.#view, this.#size);
    if (sight.right > sight.left && sight.bottom > sight.top) {
      if (levels.paint()) this.#drawSoon();
      levels.sheetFor(cell * scale)?.drawOn(context, this.#view, sight);
      if (cell >= SMALLEST_FULL && levels.wantsFull(cell * scale))
        this.#drawFull(context, levels, sight);
      else if (cell >= WORTH_RENDERING) this.#takeIcons(levels, sight);
      this.#drawEmphasis(context, sight);
    }
    for (const [number, line] of [
      [this.#pointed, 1],
      [this.#state.selected, 2],
    ] as const) {
      if (number < 0) continue;
      const at = [
        x + (cells.columns[number] ?? 0) * cell,
        y + (cells.rows[number] ?? 0) * cell,
      ] as const;
      // Two colours, for any icon.
      context.strokeStyle = "#000000";
      context.lineWidth = line + 2;
      context.strokeRect(...at, cell, cell);
      context.strokeStyle = "#ffffff";
      context.lineWidth = line;
      context.strokeRect(...at, cell, cell);
    }
    this.#tellWanted();
  }

  #drawFull(
    context: CanvasRenderingContext2D,
    levels: IconLevels,
    { top, left, bottom, right }: Sight,
  ): void {
    const { cells, icon } = this.#state;
    const { cell, x, y } = this.#view;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const number = cells.at[row * cells.side + column] ?? -1;
        if (number < 0) continue;
        const bitmap = levels.full(number, icon(number));
        if (bitmap)
          context.drawImage(bitmap, x + column * cell, y + row * cell, cell, cell);
      }
    }
  }

  /** Puts icons that have come on the sheets; shown they are in the next frame. */
  #takeIcons(levels: IconLevels, { top, left, bottom, right }: Sight): void {
    const { cells, icon } = this.#state;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const number = cells.at[row * cells.side + column] ?? -1;
        if (number < 0 || levels.isOnSheet(number)) continue;
        const url = icon(number);
        if (url) levels.take(number, url);
      }
    }
  }

  #drawEmphasis(
    context: CanvasRenderingContext2D,
    { top, left, bottom, right }: Sight,
  ): void {
    const { cells, emphasis } = this.#state;
    if (!emphasis) return;
    const { cell, x, y } = this.#view;
    context.fillStyle = getComputedStyle(this.node).backgroundColor;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const number = cells.at[row * cells.side + column] ?? -1;
        if (number < 0) continue;
        context.globalAlpha = 0.9 * (1 - (emphasis[number] ?? 0) / 255);
        context.fillRect(x + column * cell, y + row * cell, cell + 0.5, cell + 0.5);
      }
    }
    context.globalAlpha = 1;
  }

  #tellWanted(): void {
    const { cells, selected } = this.#state;
    const { width, height } = this.#size;
    const around = this.#pointer ?? [width / 2, height / 2];
    const { cell } = this.#view;
    const isNear = cell >= SMALLEST_FULL;
    const wanted =
      cell < WORTH_RENDERING
        ? []
        : nearestInSight(cells, this.#view, this.#size, around, MOST_WANTED).filter(
            (number) => isNear || !this.#levels?.isOnSheet(number),
          );
    const first = [this.#pointed, selected].filter((number) => number >= 0);
    this.#events.want([...new Set([...first, ...wanted])]);
  }
}
