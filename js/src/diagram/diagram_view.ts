/**
 * The picture of a model as a list box: only what is in view is in the document.
 *
 * The box has the focus, and names the option that the keys are at; a thousand layers
 * are one stop of the Tab key.
 */

import { element } from "../element.js";
import {
  boxAtKey,
  boxesBetween,
  type DiagramBox,
  type DiagramLine,
  pathBetween,
} from "./diagram_geometry.js";

/** Drawn ahead of scrolling. */
const AHEAD = 240;
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
  readonly #path = document.createElementNS(SVG, "path");
  readonly #svg = document.createElementNS(SVG, "svg");
  readonly #id = `lucid-diagram-${nextId++}`;
  readonly #pick: (box: DiagramBox) => void;
  readonly #shown = new Map<number, HTMLElement>();
  #picture: Picture = { boxes: [], lines: [], width: 0, height: 0 };
  #chosen = -1;
  #isDue = false;

  constructor(pick: (box: DiagramBox) => void, signal: AbortSignal) {
    this.#pick = pick;
    this.#svg.setAttribute("aria-hidden", "true");
    this.#svg.append(this.#path);
    this.#sheet.append(this.#svg);
    this.node.append(this.#sheet);
    this.node.addEventListener("scroll", () => this.#paintSoon(), {
      signal,
      passive: true,
    });
    this.node.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    signal.addEventListener("abort", () => {
      this.#isDue = true; // nothing is painted any more
    });
  }

  /** Shows a picture, and marks one of its boxes, -1 for none. */
  update(picture: Picture, chosen: number): void {
    if (picture !== this.#picture) {
      this.#picture = picture;
      for (const node of this.#shown.values()) node.remove();
      this.#shown.clear();
      const { width, height } = picture;
      this.#sheet.style.width = `${width}px`;
      this.#sheet.style.height = `${height}px`;
      this.#svg.setAttribute("width", `${width}`);
      this.#svg.setAttribute("height", `${height}`);
      this.#chosen = -1;
    }
    const isNew = chosen !== this.#chosen;
    this.#chosen = chosen;
    if (isNew) this.#scrollToChosen();
    this.#paint();
  }

  #paintSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#paint();
    });
  }

  #paint(): void {
    const { boxes, lines } = this.#picture;
    const top = this.node.scrollTop - AHEAD;
    const bottom = this.node.scrollTop + (this.node.clientHeight || HEIGHT) + AHEAD;
    const wanted = new Set(boxesBetween(boxes, top, bottom));
    // Named by the list box, so it must be there.
    if (this.#chosen >= 0) wanted.add(this.#chosen);
    for (const [number, node] of this.#shown) {
      if (wanted.has(number)) continue;
      node.remove();
      this.#shown.delete(number);
    }
    for (const number of wanted) {
      const box = boxes[number];
      if (!box) continue;
      const node = this.#shown.get(number) ?? this.#add(box, number, boxes.length);
      node.setAttribute("aria-selected", String(number === this.#chosen));
    }
    this.#path.setAttribute("d", pathBetween(lines, top, bottom));
    if (this.#chosen >= 0)
      this.node.setAttribute("aria-activedescendant", `${this.#id}-${this.#chosen}`);
    else this.node.removeAttribute("aria-activedescendant");
  }

  #add(box: DiagramBox, number: number, count: number): HTMLElement {
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
      "aria-setsize": `${count}`,
      "data-number": `${number}`,
    });
    node.classList.toggle("lucid-box-small", box.width < 120);
    node.style.left = `${box.x}px`;
    node.style.top = `${box.y}px`;
    node.style.width = `${box.width}px`;
    node.style.height = `${box.height}px`;
    if (box.width >= 40) {
      const name = element("bdi", {}, box.label);
      node.append(element("span", { class: "lucid-box-name" }, name));
    }
    if (box.width >= 120 && box.depth) {
      node.append(element("span", { class: "lucid-box-depth" }, `${box.depth}`));
    }
    this.#sheet.append(node);
    this.#shown.set(number, node);
    return node;
  }

  #onClick(event: MouseEvent): void {
    const { target } = event;
    const node = target instanceof Element ? target.closest(".lucid-box") : null;
    const number = Number(node?.getAttribute("data-number") ?? Number.NaN);
    const box = this.#picture.boxes[number];
    if (box) this.#pick(box);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = (this.node.clientHeight || HEIGHT) - 40;
    const { boxes } = this.#picture;
    const next = boxAtKey(boxes, this.#chosen, event.key, page);
    if (next === null) return;
    event.preventDefault();
    const box = boxes[next];
    if (box) this.#pick(box);
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
