/** One unit as a tile: its icon, a caption, perhaps a bar. Text is always text. */

import { element, setText } from "../element.js";
import type { StoredIcon } from "./icon_store.js";

export interface TileState {
  readonly icon: StoredIcon | undefined;
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

  constructor() {
    this.#image.hidden = true;
    this.node.append(
      element("span", { class: "lucid-tile-picture" }, this.#image),
      this.#caption,
    );
  }

  update({ icon, caption, label, isSelected }: TileState): void {
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
}

/** Shows an icon in an image element, or hides it while there is none. */
export function showIcon(image: HTMLImageElement, icon: StoredIcon | undefined): void {
  image.hidden = !icon;
  if (icon && image.src !== icon.url) image.src = icon.url;
  else if (!icon) image.removeAttribute("src");
}
