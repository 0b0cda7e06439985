/**
 * One level of detail of a map: a small icon at the place of every cell, on pages.
 *
 * Pages are small because a browser copies a canvas whole when it is changed after it
 * was drawn from.
 */

import { element } from "../element.js";

const PAGE = 512;

export type Box = readonly [x: number, y: number, width: number, height: number];

interface Page {
  readonly row: number;
  readonly column: number;
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D | null;
}

export class SheetLevel {
  readonly #cells: number;
  readonly #across: number;
  readonly #pages: readonly Page[];

  /** `tile` is the side of a place, in pixels; `side` how many places there are. */
  constructor(
    readonly tile: number,
    side: number,
  ) {
    this.#cells = Math.max(1, Math.floor(PAGE / tile));
    this.#across = Math.ceil(side / this.#cells);
    this.#pages = Array.from({ length: this.#across ** 2 }, (_, i) => {
      const row = Math.floor(i / this.#across) * this.#cells;
      const column = (i % this.#across) * this.#cells;
      const extent = (first: number) => `${Math.min(this.#cells, side - first) * tile}`;
      const canvas = element("canvas", { width: extent(column), height: extent(row) });
      const context = canvas.getContext("2d");
      if (context) context.imageSmoothingQuality = "high";
      return { row, column, canvas, context };
    });
  }

  /** Puts a picture at a place. */
  paint(row: number, column: number, source: CanvasImageSource, box: Box): void {
    const [context, x, y] = this.#place(row, column);
    context?.clearRect(x, y, this.tile, this.tile);
    context?.drawImage(source, ...box, x, y, this.tile, this.tile);
  }

  /** Fills a place with a colour. */
  fill(row: number, column: number, colour: string, opacity: number): void {
    const [context, x, y] = this.#place(row, column);
    if (!context) return;
    context.clearRect(x, y, this.tile, this.tile);
    context.fillStyle = colour;
    context.globalAlpha = opacity;
    context.fillRect(x, y, this.tile, this.tile);
    context.globalAlpha = 1;
  }

  /** Takes all places from a picture of the whole map; `from` is one's side in it. */
  paintAll(whole: CanvasImageSource, from: number): void {
    for (const { row, column, canvas, context } of this.#pages) {
      const { width, height } = canvas;
      const scale = from / this.tile;
      const box = [column * from, row * from, width * scale, height * scale] as const;
      context?.clearRect(0, 0, width, height);
      context?.drawImage(whole, ...box, 0, 0, width, height);
    }
  }

  /** Draws the pages that are in sight; cells are `cell` large, from (x, y). */
  drawOn(
    context: CanvasRenderingContext2D,
    { x, y, cell }: { x: number; y: number; cell: number },
    { top, left, bottom, right }: Sight,
  ): void {
    for (const { row, column, canvas } of this.#pages) {
      const from = [Math.max(row, top), Math.max(column, left)] as const;
      const rows = Math.min(row + canvas.height / this.tile, bottom) - from[0];
      const columns = Math.min(column + canvas.width / this.tile, right) - from[1];
      if (rows <= 0 || columns <= 0) continue;
      context.drawImage(
        canvas,
        (from[1] - column) * this.tile,
        (from[0] - row) * this.tile,
        columns * this.tile,
        rows * this.tile,
        x + from[1] * cell,
        y + from[0] * cell,
        columns * cell,
        rows * cell,
      );
    }
  }

  close(): void {
    // Browsers keep the pixels of a canvas until it has none.
    for (const { canvas } of this.#pages) canvas.width = canvas.height = 0;
  }

  #place(row: number, column: number): [Page["context"] | undefined, number, number] {
    const number =
      Math.floor(row / this.#cells) * this.#across + Math.floor(column / this.#cells);
    const x = (column % this.#cells) * this.tile;
    const y = (row % this.#cells) * this.tile;
    return [this.#pages[number]?.context, x, y];
  }
}

/** Rows and columns in sight, the last ones exclusive. */
export interface Sight {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}
