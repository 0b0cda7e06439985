/** Units with bars: icon, name and value of each, longest bar for the largest value. */

import { signed } from "../attribution/contributions.js";
import { element, setText } from "../element.js";
import type { IconStore } from "./icon_store.js";
import { showIcon } from "./tile.js";

export interface Word {
  readonly unit: string;
  readonly value: number;
  /** What it is called here; left out, by its name. */
  readonly text?: string;
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

  update(
    icons: IconStore,
    { unit, value, text = unit }: Word,
    most: number,
    isSelected: boolean,
    isSigned: boolean,
  ) {
    showIcon(this.#image, icons.get(unit));
    if (this.#name.textContent !== text) this.#name.replaceChildren(...breakable(text));
    this.node.title = unit;
    setText(this.#value, isSigned ? signed(value) : value.toPrecision(3));
    const size = isSigned ? Math.abs(value) : Math.max(0, value);
    this.#bar.style.width = `${most > 0 ? (100 * size) / most : 0}%`;
    this.#bar.classList.toggle("lucid-word-for", isSigned && value > 0);
    this.#bar.classList.toggle("lucid-word-against", isSigned && value < 0);
    this.node.setAttribute("aria-pressed", String(isSelected));
  }
}

/** The name of a unit, which may be broken behind its layer. */
function breakable(unit: string): (string | Node)[] {
  return unit
    .split(/(?<=[:@])/)
    .flatMap((part, i) => (i ? [element("wbr"), part] : [part]));
}

export class WordList {
  readonly node = element("div", { class: "lucid-words" });
  readonly #icons: IconStore;
  #rows: Row[] = [];
  #words: readonly Word[] = [];

  /** `point` is told of the unit under the mouse, or with the focus; null for none. */
  constructor(
    icons: IconStore,
    pick: (unit: string) => void,
    signal: AbortSignal,
    point: (unit: string | null) => void = () => {},
  ) {
    this.#icons = icons;
    const { node } = this;
    const listen = (name: string, heard: (unit: string | null) => void) =>
      node.addEventListener(name, ({ target }) => heard(this.#unitOf(target)), {
        signal,
      });
    listen("click", (unit) => unit && pick(unit));
    listen("pointerover", point);
    listen("focusin", point);
    listen("pointerleave", () => point(null));
    listen("focusout", () => point(null));
  }

  /** With `most`, values have a sign, and bars are as long as their part of it. */
  update(words: readonly Word[], selected: string | null, most?: number): void {
    this.#words = words;
    if (words.length !== this.#rows.length) {
      this.#rows = words.map((_, i) => this.#rows[i] ?? new Row());
      this.node.replaceChildren(...this.#rows.map(({ node }) => node));
    }
    const longest = most ?? Math.max(0, ...words.map(({ value }) => value));
    const isSigned = most !== undefined;
    words.forEach((word, i) => {
      const isSelected = word.unit === selected;
      this.#rows[i]?.update(this.#icons, word, longest, isSelected, isSigned);
    });
  }

  #unitOf(target: EventTarget | null): string | null {
    const index = this.#rows.findIndex(
      ({ node }) => target instanceof Node && node.contains(target),
    );
    return this.#words[index]?.unit ?? null;
  }
}
