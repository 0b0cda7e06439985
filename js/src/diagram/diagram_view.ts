/**
 * The picture of a model as a list box: only what is in view is in the document.
 *
 * It is cut into bands. While somebody scrolls, most frames change nothing; some add a
 * band that comes near, one at a time.
 *
 * The box has the focus, and names the option that the keys are at; a thousand layers
 * are one stop of the Tab key.
 */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";
import {
  BAND_HEIGHT,
  type Band,
  bandAt,
  bandsOf,
  boxAtKey,
  type DiagramBox,
  type DiagramLine,
} from "./diagram_geometry.js";

/** Where the browser knows no heights (a test's DOM). */
const HEIGHT = 480;
const SVG = "http://www.w3.org/2000/svg";

export interface Picture {
  readonly boxes: readonly DiagramBox[];
  readonly lines: readonly DiagramLine[];
  readonly width: number;
  readonly height: number;
}

let nextId = 0;

export class DiagramView {
  readonly node = element("div", {
    class: "lucid-diagram",
    role: "listbox",
    tabindex: "0",
    "aria-label": "layers of the model",
  });
  readonly #sheet = element("div", { class: "lucid-diagram-sheet", role: "none" });
  readonly #id = `lucid-diagram-${nextId++}`;
  readonly #pick: (box: DiagramBox) => void;
  /** The bands in the document, and the options in them, by number. */
  readonly #shown = new Map<number, HTMLElement>();
  readonly #options = new Map<number, HTMLElement>();
  #bands: readonly Band[] = [];
  #picture: Picture = { boxes: [], lines: [], width: 0, height: 0 };
  #chosen = -1;
  /** Where the next key starts: ahead of what is drawn, for keys pressed quickly. */
  #at = -1;
  #isDue = false;

  constructor(pick: (box: DiagramBox) => void, signal: AbortSignal) {
    this.#pick = pick;
    this.node.append(this.#sheet);
    this.node.addEventListener("scroll", () => this.#paintSoon(), {
      signal,
      passive: true,
    });
    this.node.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    atEnd(signal, () => {
      this.#isDue = true; // nothing is painted any more
    });
  }

  /** Shows a picture, and marks one of its boxes, -1 for none. */
  update(picture: Picture, chosen: number): void {
    if (picture !== this.#picture) {
      this.#picture = picture;
      for (const node of this.#shown.values()) node.remove();
      this.#shown.clear();
      this.#options.clear();
      const { boxes, lines, width, height } = picture;
      this.#bands = bandsOf(boxes, lines, height);
      this.#sheet.style.width = `${width}px`;
      this.#sheet.style.height = `${height}px`;
      this.#chosen = -1;
    }
    const before = this.#chosen;
    this.#chosen = this.#at = chosen;
    if (chosen !== before) this.#scrollToChosen();
    this.#paint();
    this.#mark(before);
  }

  /** Tells which option is chosen, and that another is not any more. */
  #mark(before: number): void {
    this.#options.get(before)?.setAttribute("aria-selected", "false");
    const option = this.#options.get(this.#chosen);
    option?.setAttribute("aria-selected", "true");
    if (option) this.node.setAttribute("aria-activedescendant", option.id);
    else this.node.removeAttribute("aria-activedescendant");
  }

  #paintSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#paint();
    });
  }

  /** Puts the bands in view into the document, and one of those beside them. */
  #paint(): void {
    const top = this.node.scrollTop;
    const bottom = top + (this.node.clientHeight || HEIGHT);
    const [first, last] = [
      bandAt(top),
      Math.min(bandAt(bottom), this.#bands.length - 1),
    ];
    // Named by the list box, so it must be there.
    const chosen = this.#picture.boxes[this.#chosen];
    const kept = chosen ? bandAt(chosen.y) : -1;
    for (const [number, node] of this.#shown) {
      if (number === kept || (number >= first - 2 && number <= last + 2)) continue;
      node.remove();
      this.#shown.delete(number);
      for (const box of this.#bands[number]?.boxes ?? []) this.#options.delete(box);
    }
    if (kept >= 0) this.#show(kept);
    for (let number = first; number <= last; number++) this.#show(number);
    const near = [last + 1, first - 1].find(
      (number) => this.#bands[number] && !this.#shown.has(number),
    );
    if (near === undefined) return;
    this.#show(near);
    this.#paintSoon();
  }

  #show(number: number): void {
    const band = this.#bands[number];
    if (!band || this.#shown.has(number)) return;
    const node = element("div", { class: "lucid-diagram-band", role: "none" });
    node.style.top = `${number * BAND_HEIGHT}px`;
    node.style.height = `${BAND_HEIGHT}px`;
    const { width } = this.#picture;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("width", `${width}`);
    svg.setAttribute("height", `${BAND_HEIGHT}`);
    svg.setAttribute("viewBox", `0 ${number * BAND_HEIGHT} ${width} ${BAND_HEIGHT}`);
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", band.path);
    svg.append(path);
    node.append(svg);
    for (const at of band.boxes) {
      const box = this.#picture.boxes[at];
      if (box) node.append(this.#option(box, at));
    }
    this.#sheet.append(node);
    this.#shown.set(number, node);
  }

  #option(box: DiagramBox, number: number): HTMLElement {
    const label = [box.name, box.kind, box.depth ? `${box.depth} channels` : ""]
      .filter(Boolean)
      .join(", ");
    const node = element("div", {
      class: `lucid-box lucid-box-${/^[a-z]+$/.test(box.kind) ? box.kind : "other"}`,
      role: "option",
      id: `${this.#id}-${number}`,
      title: label,
      "aria-label": label,
      "aria-posinset": `${number + 1}`,
      "aria-setsize": `${this.#picture.boxes.length}`,
      "aria-selected": `${number === this.#chosen}`,
      "data-number": `${number}`,
    });
    node.classList.toggle("lucid-box-small", box.width < 120);
    node.style.left = `${box.x}px`;
    node.style.top = `${box.y - bandAt(box.y) * BAND_HEIGHT}px`;
    node.style.width = `${box.width}px`;
    node.style.height = `${box.height}px`;
    if (box.width >= 30) {
      const name = element("bdi", {}, box.label);
      node.append(element("span", { class: "lucid-box-name" }, name));
    }
    if (box.width >= 120 && box.depth) {
      node.append(element("span", { class: "lucid-box-depth" }, `${box.depth}`));
    }
    this.#options.set(number, node);
    return node;
  }

  #onClick(event: MouseEvent): void {
    const { target } = event;
    const node = target instanceof Element ? target.closest(".lucid-box") : null;
    const number = Number(node?.getAttribute("data-number") ?? Number.NaN);
    const box = this.#picture.boxes[number];
    if (!box) return;
    this.#at = number;
    this.#pick(box);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = (this.node.clientHeight || HEIGHT) - 40;
    const { boxes } = this.#picture;
    const next = boxAtKey(boxes, this.#at, event.key, page);
    if (next === null) return;
    event.preventDefault();
    const box = boxes[next];
    if (!box) return;
    this.#at = next;
    this.#pick(box);
  }

  /** Scrolls the list box, and never the page. */
  #scrollToChosen(): void {
    const box = this.#picture.boxes[this.#chosen];
    const height = this.node.clientHeight || HEIGHT;
    if (!box) return;
    const aside = box.x + box.width / 2 - this.node.clientWidth / 2;
    if (this.#picture.width > this.node.clientWidth) this.node.scrollLeft = aside;
    const above = box.y - this.node.scrollTop;
    if (above >= 0 && above + box.height <= height) return;
    this.node.scrollTop = Math.max(0, box.y - height / 2);
  }
}
