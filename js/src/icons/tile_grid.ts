/**
 * Many units as a list box of tiles: mouse, arrow keys, one of them chosen.
 *
 * The box has the focus, and names the tile that the keys are at, so that screen
 * readers follow; hundreds of tiles are one stop of the Tab key.
 */

import { element } from "../element.js";
import type { IconStore } from "./icon_store.js";
import { Tile } from "./tile.js";
import { VisibleTiles } from "./visible_tiles.js";

export interface GridItem {
  readonly unit: string;
  /** A unit whose icon stands beside. */
  readonly beside?: string;
  /** Length of a bar, from 0 to 1. */
  readonly share?: number;
  readonly caption: string;
  readonly label: string;
}

export class TileGrid {
  readonly node: HTMLElement;
  readonly #icons: IconStore;
  readonly #visible: VisibleTiles;
  readonly #pick: (unit: string) => void;
  #tiles = new Map<string, Tile>();
  #items: readonly GridItem[] = [];
  #selected: string | null = null;
  /** Where the next key starts: ahead of what is drawn, for keys pressed quickly. */
  #at: string | null = null;

  constructor(
    label: string,
    icons: IconStore,
    pick: (unit: string) => void,
    signal: AbortSignal,
  ) {
    this.node = element("div", {
      class: "lucid-tiles",
      role: "listbox",
      tabindex: "0",
      "aria-label": label,
    });
    this.#icons = icons;
    this.#pick = (unit) => {
      this.#at = unit;
      pick(unit);
    };
    this.#visible = new VisibleTiles(this.node, icons, signal);
    this.node.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
  }

  /** Shows these units in this order; a tile that was there stays as it is. */
  update(items: readonly GridItem[], selected: string | null): void {
    const isNew = selected !== this.#selected;
    this.#selected = this.#at = selected;
    if (!sameUnits(items, this.#items)) this.#arrange(items);
    this.#items = items;
    for (const { unit, beside, share = null, caption, label } of items) {
      this.#tiles.get(unit)?.update({
        icon: this.#icons.get(unit),
        beside: beside === undefined ? null : this.#icons.get(beside),
        share,
        caption,
        label,
        isSelected: unit === selected,
      });
    }
    const tile = selected === null ? undefined : this.#tiles.get(selected);
    if (tile) this.node.setAttribute("aria-activedescendant", tile.node.id);
    else this.node.removeAttribute("aria-activedescendant");
    if (tile && isNew) scrollInto(this.node, tile.node);
  }

  #arrange(items: readonly GridItem[]): void {
    const tiles = new Map<string, Tile>();
    for (const { unit } of items) tiles.set(unit, this.#tiles.get(unit) ?? new Tile());
    this.#tiles = tiles;
    this.node.replaceChildren(...[...tiles.values()].map(({ node }) => node));
    this.#visible.watch(
      new Map(
        items.map(({ unit, beside }) => {
          const shown = beside === undefined ? [unit] : [unit, beside];
          return [(tiles.get(unit) ?? new Tile()).node, shown];
        }),
      ),
    );
  }

  #onClick(event: MouseEvent): void {
    const { target } = event;
    const node = target instanceof Element ? target.closest(".lucid-tile") : null;
    for (const [unit, tile] of this.#tiles) if (tile.node === node) this.#pick(unit);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#items.length) return;
    const last = this.#items.length - 1;
    const now = this.#items.findIndex(({ unit }) => unit === this.#at);
    const columns = this.#columns;
    const rows = Math.max(1, Math.floor(this.node.clientHeight / this.#rowHeight));
    const moves: Record<string, number> = {
      ArrowRight: now + 1,
      ArrowLeft: now < 0 ? 0 : now - 1,
      ArrowDown: now < 0 ? 0 : now + columns,
      ArrowUp: now < 0 ? 0 : now - columns,
      PageDown: Math.min(last, now + rows * columns),
      PageUp: Math.max(0, now - rows * columns),
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const item = this.#items[next];
    if (item) this.#pick(item.unit);
  }

  /** How many tiles stand in a row. */
  get #columns(): number {
    const [first, ...rest] = this.#tiles.values();
    if (!first) return 1;
    const top = first.node.offsetTop;
    const below = rest.findIndex(({ node }) => node.offsetTop !== top);
    return below < 0 ? this.#tiles.size : below + 1;
  }

  get #rowHeight(): number {
    const [first] = this.#tiles.values();
    return first?.node.offsetHeight || 1;
  }
}

function sameUnits(a: readonly GridItem[], b: readonly GridItem[]): boolean {
  const isSame = ({ unit, beside }: GridItem, other: GridItem | undefined) =>
    unit === other?.unit && beside === other.beside;
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
}

/** Scrolls the box, and never the page. */
function scrollInto(box: HTMLElement, tile: HTMLElement): void {
  const above = tile.offsetTop - box.offsetTop - box.scrollTop;
  const below = above + tile.offsetHeight - box.clientHeight;
  if (above < 0) box.scrollTop += above;
  else if (below > 0) box.scrollTop += below;
}
