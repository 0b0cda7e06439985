/**
 * The icons of one model: what the views want is asked for, what comes is kept.
 *
 * An icon is held as an object URL, which any number of `<img>` may show; it is
 * revoked when a better one takes its place, when there are too many, and at the end.
 */

import { atEnd } from "../at_end.js";
import type { State } from "../base/state.js";
import type { Connection } from "../connection.js";
import type { ImageType } from "../protocol.js";
import { type IconsMessage, MAX_UNITS } from "../widget_protocol.js";

export interface StoredIcon {
  readonly url: string;
  /** False while it is being rendered, and for the small ones of a saved notebook. */
  readonly final: boolean;
  readonly strength: number | null;
}

/** Icons that nobody looks at are let go beyond this number. */
const MAX_ICONS = 3000;
/** Scrolling is over, or nearly. */
const ASK_AFTER_MS = 40;

export class IconStore extends EventTarget {
  readonly #connection: Connection;
  readonly #icons = new Map<string, StoredIcon>();
  readonly #wanted = new Map<object, readonly string[]>();
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = "";

  constructor(state: State, connection: Connection, signal: AbortSignal) {
    super();
    this.#connection = connection;
    this.#signal = signal;
    const readKept = () => this.#readKept(state);
    state.onChange(["kept_icons"], readKept, signal);
    readKept();
    connection.onChange(() => {
      this.#asked = "";
      this.#askSoon();
    }, signal);
    atEnd(signal, () => {
      clearTimeout(this.#timer);
      for (const { url } of this.#icons.values()) URL.revokeObjectURL(url);
      this.#icons.clear();
    });
  }

  /** How many icons are held. */
  get size(): number {
    return this.#icons.size;
  }

  get(unit: string): StoredIcon | undefined {
    return this.#icons.get(unit);
  }

  /** Says what a view shows now, most urgent first; it replaces what it said before. */
  want(view: object, units: readonly string[]): void {
    if (units.length) this.#wanted.set(view, units);
    else this.#wanted.delete(view);
    this.#askSoon();
  }

  /** Keeps what the kernel sent, and tells everyone: the event's name is "icons". */
  receive({ icons }: IconsMessage, files: readonly Uint8Array<ArrayBuffer>[]): void {
    icons.forEach(({ unit, mime, final, strength }, number) => {
      const file = files[number];
      if (file) this.#put(unit, file, mime, final, strength);
    });
    this.#letGo();
    this.dispatchEvent(new Event("icons"));
  }

  onIcons(callback: () => void, signal: AbortSignal): void {
    this.addEventListener("icons", callback, { signal });
  }

  #put(
    unit: string,
    file: Uint8Array<ArrayBuffer>,
    mime: ImageType,
    final: boolean,
    strength: number | null,
  ): void {
    const before = this.#icons.get(unit);
    if (before?.final && !final) return;
    if (before) URL.revokeObjectURL(before.url);
    const url = URL.createObjectURL(new Blob([file], { type: mime }));
    this.#icons.delete(unit); // to the end: the order is that of use
    this.#icons.set(unit, { url, final, strength });
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    if (this.#signal.aborted) return;
    this.#timer = setTimeout(() => this.#ask(), ASK_AFTER_MS);
  }

  #ask(): void {
    const wanted = new Set([...this.#wanted.values()].flat());
    const units = [...wanted].filter((unit) => !this.#icons.get(unit)?.final);
    const urgent = units.slice(0, MAX_UNITS);
    const question = JSON.stringify(urgent);
    // An empty list is told once: the kernel need not go on with what was wanted.
    if (question === this.#asked || (!this.#asked && !urgent.length)) return;
    this.#asked = question;
    this.#connection.send({ kind: "visible", units: urgent });
  }

  #letGo(): void {
    if (this.#icons.size <= MAX_ICONS) return;
    const wanted = new Set([...this.#wanted.values()].flat());
    for (const [unit, { url }] of this.#icons) {
      if (this.#icons.size <= MAX_ICONS) return;
      if (wanted.has(unit)) continue;
      URL.revokeObjectURL(url);
      this.#icons.delete(unit);
    }
  }

  /** Takes the icons that were saved with the notebook; worse than any from a kernel. */
  #readKept(state: State): void {
    const bytes = state.bytes("kept_icons");
    let start = 0;
    for (const entry of state.list("kept_index")) {
      const [unit, length, strength]: unknown[] = Array.isArray(entry) ? entry : [];
      if (typeof unit !== "string" || typeof length !== "number") break;
      const end = start + length;
      if (!(end > start && end <= bytes.length)) break;
      if (!this.#icons.has(unit)) {
        const known = typeof strength === "number" ? strength : null;
        this.#put(unit, bytes.slice(start, end), "image/webp", false, known);
      }
      start = end;
    }
    this.dispatchEvent(new Event("icons"));
  }
}
