/** One unit, or a pair, as a tile: icons, a caption, perhaps a bar. Text is always text. */

import { element, setText } from "../element.js";
import type { StoredIcon } from "./icon_store.js";

export interface TileState {
  readonly icon: StoredIcon | undefined;
  /** Of a unit beside it; null for none. */
  readonly beside: StoredIcon | undefined | null;
  /** Length of a bar, from 0 to 1; null for none. */
  readonly share: number | null;
  readonly caption: string;
  /** What a screen reader says. */
  readonly label: string;
  readonly isSelected: boolean;
}

let nextId = 0;

export class Tile {
  /** An option of a list box. */
  readonly node = element("div", {
    class: "lucid-tile",
    role: "option",
    id: `lucid-tile-${nextId++}`,
  });
  readonly #image = element("img", { alt: "", draggable: "false" });
  readonly #caption = element("span", { class: "lucid-tile-caption" });
  #second: HTMLImageElement | null = null;
  #bar: HTMLElement | null = null;

  constructor() {
    this.#image.hidden = true;
    this.node.append(
      element("span", { class: "lucid-tile-picture" }, this.#image),
      this.#caption,
    );
  }

  update({ icon, beside, share, caption, label, isSelected }: TileState): void {
    if (beside !== null) showIcon(this.#besideImage(), beside);
    if (share !== null) this.#barOf().style.width = `${100 * share}%`;
    setText(this.#caption, caption);
    const { node } = this;
    if (node.getAttribute("aria-label") !== label) {
      node.setAttribute("aria-label", label);
      node.title = label;
    }
    node.setAttribute("aria-selected", String(isSelected));
    node.classList.toggle("lucid-tile-growing", icon?.final === false);
    showIcon(this.#image, icon);
  }

  #besideImage(): HTMLImageElement {
    if (this.#second) return this.#second;
    const made = element("img", { alt: "", draggable: "false" });
    const picture = element("span", { class: "lucid-tile-picture" }, made);
    this.node.insertBefore(picture, this.#caption);
    this.node.classList.add("lucid-tile-pair");
    this.#second = made;
    return made;
  }

  #barOf(): HTMLElement {
    if (this.#bar) return this.#bar;
    const bar = element("span", { class: "lucid-tile-bar" });
    this.node.append(bar);
    this.#bar = bar;
    return bar;
  }
}

/** Shows an icon in an image element, or hides it while there is none. */
export function showIcon(image: HTMLImageElement, icon: StoredIcon | undefined): void {
  image.hidden = !icon;
  if (icon && image.src !== icon.url) image.src = icon.url;
  else if (!icon) image.removeAttribute("src");
}
