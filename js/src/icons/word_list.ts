/** Units with bars: icon, name and value of each, longest bar for the largest value. */

import { element, setText } from "../element.js";
import type { IconStore } from "./icon_store.js";
import { showIcon } from "./tile.js";

export interface Word {
  readonly unit: string;
  readonly value: number;
}

class Row {
  readonly node = element("button", { type: "button", class: "lucid-word" });
  readonly #image = element("img", { alt: "", draggable: "false" });
  readonly #name = element("span");
  readonly #value = element("span", { class: "lucid-word-value" });
  readonly #bar = element("span", { class: "lucid-word-bar" });

  constructor() {
    this.node.append(
      element("span", { class: "lucid-tile-picture" }, this.#image),
      this.#name,
      this.#value,
      this.#bar,
    );
  }

  update(icons: IconStore, { unit, value }: Word, most: number, isSelected: boolean) {
    showIcon(this.#image, icons.get(unit));
    setText(this.#name, unit);
    setText(this.#value, value.toPrecision(3));
    this.#bar.style.width = `${most > 0 ? (100 * Math.max(0, value)) / most : 0}%`;
    this.node.setAttribute("aria-pressed", String(isSelected));
  }
}

export class WordList {
  readonly node = element("div", { class: "lucid-words" });
  readonly #icons: IconStore;
  #rows: Row[] = [];
  #words: readonly Word[] = [];

  constructor(icons: IconStore, pick: (unit: string) => void, signal: AbortSignal) {
    this.#icons = icons;
    this.node.addEventListener(
      "click",
      ({ target }) => {
        const index = this.#rows.findIndex(
          ({ node }) => target instanceof Node && node.contains(target),
        );
        const word = this.#words[index];
        if (word) pick(word.unit);
      },
      { signal },
    );
  }

  update(words: readonly Word[], selected: string | null): void {
    this.#words = words;
    if (words.length !== this.#rows.length) {
      this.#rows = words.map((_, i) => this.#rows[i] ?? new Row());
      this.node.replaceChildren(...this.#rows.map(({ node }) => node));
    }
    const most = Math.max(0, ...words.map(({ value }) => value));
    words.forEach((word, i) => {
      this.#rows[i]?.update(this.#icons, word, most, word.unit === selected);
    });
  }
}
