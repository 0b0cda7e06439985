/**
 * The icons of a map in levels of detail: what is far away is drawn from few sheets,
 * however many icons they show; what is near from icons in full.
 *
 * Each level has half the size of the one before, so nothing is ever shrunk by more
 * than two.
 */

import type { Cells } from "./atlas_geometry.js";
import { type Box, SheetLevel } from "./sheet_level.js";

/** Of the largest sheet, in pixels. */
const LARGEST_SIDE = 2400;
const LARGEST_TILE = 32;
const SMALLEST_TILE = 4;
/** Icons in full that are held, about 30 kB each. */
const MAX_BITMAPS = 1200;
/** Icons decoded at a time, and put on the sheets in a frame. */
const AT_ONCE = 8;
const PER_FRAME = 12;

interface Full {
  readonly url: string;
  readonly bitmap: ImageBitmap;
}

export class IconLevels {
  readonly #cells: Cells;
  readonly #changed: () => void;
  readonly #blank: (number: number) => readonly [colour: string, opacity: number];
  readonly #levels: readonly SheetLevel[];
  /** Whether a sheet from the kernel shows a cell. */
  #onSheet = new Uint8Array();
  readonly #full = new Map<number, Full>();
  readonly #painted = new Map<number, string>();
  readonly #unpainted = new Map<number, Full>();
  readonly #queue = new Map<number, string>();
  readonly #underWay = new Map<number, string>();
  #isClosed = false;

  /**
   * `blank` tells how a cell looks that has no icon yet; `changed` is called when there
   * is more to see.
   */
  constructor(
    cells: Cells,
    blank: (number: number) => readonly [colour: string, opacity: number],
    changed: () => void,
  ) {
    this.#cells = cells;
    this.#blank = blank;
    this.#changed = changed;
    const levels: SheetLevel[] = [];
    const largest = Math.floor(LARGEST_SIDE / Math.max(1, cells.side));
    let tile = Math.max(8, Math.min(LARGEST_TILE, largest));
    for (; tile >= SMALLEST_TILE; tile = Math.floor(tile / 2))
      levels.push(new SheetLevel(tile, cells.side));
    this.#levels = levels;
    for (const number of cells.rows.keys()) this.#fill(number);
  }

  /** The smallest sheet that is sharp at this size of a cell, or the largest one. */
  sheetFor(pixels: number): SheetLevel | undefined {
    const sharp = this.#levels.filter(({ tile }) => tile >= pixels);
    return sharp.at(-1) ?? this.#levels[0];
  }

  /** Whether cells of this size, in pixels of the screen, want icons in full. */
  wantsFull(pixels: number): boolean {
    return pixels > 1.25 * (this.#levels[0]?.tile ?? 0);
  }

  /** Whether a sheet from the kernel shows this cell. */
  isOnSheet(number: number): boolean {
    return this.#onSheet[number] === 1;
  }

  /** Shows what a sheet from the kernel shows. */
  async takeSheet(file: Blob, drawn: Uint8Array): Promise<void> {
    const whole = await createImageBitmap(file);
    if (!this.#isClosed) {
      const from = whole.width / this.#cells.side;
      for (const level of this.#levels) level.paintAll(whole, from);
      this.#onSheet = Uint8Array.from(drawn);
      for (const number of this.#cells.rows.keys())
        if (!this.#onSheet[number]) this.#fill(number);
      // What came by itself meanwhile, and is newer than the sheet, comes back on it.
      for (const [number, full] of this.#full)
        if (!this.#onSheet[number]) this.#unpainted.set(number, full);
      this.#changed();
    }
    whole.close();
  }

  /** Puts an icon on the sheets, once its file is decoded. */
  take(number: number, url: string): void {
    if (this.#painted.get(number) !== url) this.#decode(number, url);
  }

  /** The icon in full if it is here; else it is decoded, if its file is. */
  full(number: number, url: string | undefined): ImageBitmap | null {
    const known = this.#full.get(number);
    if (url && known?.url !== url) this.#decode(number, url);
    if (!known) return null;
    this.#full.delete(number); // to the end: the order is that of use
    this.#full.set(number, known);
    return known.bitmap;
  }

  /** Puts a few decoded icons on the sheets; returns whether there are more. */
  paint(): boolean {
    let left = PER_FRAME;
    for (const [number, { bitmap }] of this.#unpainted) {
      if (left-- <= 0) return true;
      this.#unpainted.delete(number);
      const box: Box = [0, 0, bitmap.width, bitmap.height];
      if (bitmap.width)
        for (const level of this.#levels)
          level.paint(...this.#place(number), bitmap, box);
    }
    return false;
  }

  close(): void {
    this.#isClosed = true;
    for (const { bitmap } of this.#full.values()) bitmap.close();
    for (const map of [this.#full, this.#unpainted, this.#queue]) map.clear();
    for (const level of this.#levels) level.close();
  }

  #decode(number: number, url: string): void {
    if (this.#underWay.get(number) === url) return;
    this.#queue.set(number, url);
    this.#decodeMore();
  }

  #decodeMore(): void {
    for (const [number, url] of this.#queue) {
      if (this.#isClosed || this.#underWay.size >= AT_ONCE) return;
      if (this.#underWay.has(number)) continue; // after the one before it
      this.#queue.delete(number);
      this.#underWay.set(number, url);
      void this.#decodeNow(number, url);
    }
  }

  async #decodeNow(number: number, url: string): Promise<void> {
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      const bitmap = await createImageBitmap(image);
      if (this.#isClosed) return bitmap.close();
      this.#full.get(number)?.bitmap.close();
      this.#full.set(number, { url, bitmap });
      if (!this.isOnSheet(number)) this.#unpainted.set(number, { url, bitmap });
      this.#painted.set(number, url);
      this.#letGo();
      this.#changed();
    } catch {
      // A better one has taken its place meanwhile: that one will be asked for.
    } finally {
      this.#underWay.delete(number);
      this.#decodeMore();
    }
  }

  #letGo(): void {
    for (const [number, { bitmap }] of this.#full) {
      if (this.#full.size <= MAX_BITMAPS) return;
      if (this.#unpainted.has(number)) continue;
      bitmap.close();
      this.#full.delete(number);
    }
  }

  #fill(number: number): void {
    for (const level of this.#levels)
      level.fill(...this.#place(number), ...this.#blank(number));
  }

  #place(number: number): [row: number, column: number] {
    return [this.#cells.rows[number] ?? 0, this.#cells.columns[number] ?? 0];
  }
}
