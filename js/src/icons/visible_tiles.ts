/**
 * Which tiles of a scrolling element are in view: these, in their order, are wanted.
 *
 * A tile is any element with units. Where the browser cannot tell (a test's DOM),
 * the first ones count as visible.
 */

import { atEnd } from "../at_end.js";
import type { IconStore } from "./icon_store.js";

/** Rendered ahead of scrolling. */
const AHEAD = "96px";
const FIRST = 64;

export class VisibleTiles {
  readonly #icons: IconStore;
  readonly #observer: IntersectionObserver | null;
  readonly #visible = new Set<Element>();
  #units = new Map<Element, readonly string[]>();

  constructor(root: Element, icons: IconStore, signal: AbortSignal) {
    this.#icons = icons;
    this.#observer =
      typeof IntersectionObserver === "undefined"
        ? null
        : new IntersectionObserver((entries) => this.#notice(entries), {
            root,
            rootMargin: AHEAD,
          });
    atEnd(signal, () => {
      this.#observer?.disconnect();
      icons.want(this, []);
    });
  }

  /** Watches these tiles, in their order, instead of those before. */
  watch(units: ReadonlyMap<Element, readonly string[]>): void {
    for (const tile of this.#units.keys()) {
      if (units.has(tile)) continue;
      this.#observer?.unobserve(tile);
      this.#visible.delete(tile);
    }
    for (const tile of units.keys()) {
      if (!this.#units.has(tile)) this.#observer?.observe(tile);
    }
    this.#units = new Map(units);
    this.#tell();
  }

  #notice(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && this.#units.has(target)) this.#visible.add(target);
      else this.#visible.delete(target);
    }
    this.#tell();
  }

  #tell(): void {
    const all = [...this.#units];
    const visible = this.#observer
      ? all.filter(([tile]) => this.#visible.has(tile))
      : all.slice(0, FIRST);
    this.#icons.want(
      this,
      visible.flatMap(([, units]) => units),
    );
  }
}
