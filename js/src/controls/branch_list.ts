/** The tree of runs that continue one another, each named by what changed. */

import { element, setText } from "../element.js";
import type { BranchEntry } from "../traits.js";

export interface BranchListState {
  readonly branches: readonly BranchEntry[];
  /** The branch whose pictures are at hand; -1 for none. */
  readonly current: number;
  /** The branch whose last picture is looked at meanwhile, as an id; `null` for none. */
  readonly visited: number | null;
  readonly isLive: boolean;
}

export class BranchList {
  readonly #list = element("ul", { class: "lucid-branches" });
  readonly node = element("nav", { "aria-label": "branches" }, this.#list);
  readonly #onChoose: (entry: BranchEntry) => void;
  readonly #signal: AbortSignal;
  #branches: readonly BranchEntry[] = [];

  constructor(onChoose: (entry: BranchEntry) => void, signal: AbortSignal) {
    this.#onChoose = onChoose;
    this.#signal = signal;
  }

  update(state: BranchListState): void {
    const { branches, current, visited, isLive } = state;
    this.node.hidden = branches.length < 2;
    if (branches !== this.#branches) this.#fill(branches);
    [...this.#list.querySelectorAll("button")].forEach((target, index) => {
      const entry = branches[index];
      if (!entry) return;
      const isShown = (visited ?? current) === entry.id;
      target.setAttribute("aria-current", String(isShown));
      const canShow = entry.id === current || isLive || entry.tip !== null;
      target.setAttribute("aria-disabled", String(!canShow));
      target.title = isLive
        ? `${entry.name}: show it, to go on from there`
        : `${entry.name}: show its last picture`;
    });
  }

  #fill(branches: readonly BranchEntry[]): void {
    const focused = [...this.#list.querySelectorAll("button")].indexOf(
      document.activeElement as HTMLButtonElement,
    );
    this.#branches = branches;
    this.#list.replaceChildren(...branches.map((entry) => this.#row(entry)));
    // The list is made anew when a branch is chosen: whoever chose goes on from there.
    this.#list.querySelectorAll("button").item(focused)?.focus();
  }

  #row(entry: BranchEntry): HTMLElement {
    const name = element("span", { class: "lucid-branch-name" });
    setText(name, entry.name);
    const target = element(
      "button",
      { type: "button", class: "lucid-branch" },
      name,
      element("span", { class: "lucid-branch-steps" }, `${entry.steps} steps`),
    );
    target.addEventListener(
      "click",
      () => {
        if (target.getAttribute("aria-disabled") !== "true") this.#onChoose(entry);
      },
      { signal: this.#signal },
    );
    const item = element("li", {}, target);
    item.style.setProperty("--lucid-depth", String(Math.min(entry.depth, MAX_DEPTH)));
    return item;
  }
}

/** Deeper ones are not moved further in: the names need room. */
const MAX_DEPTH = 8;
