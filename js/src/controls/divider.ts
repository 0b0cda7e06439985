/** The line between two pictures: dragged, or moved by keys like any slider. */

import { element, setText } from "../element.js";

const KEY_STEP = 0.02;
const PAGE_STEP = 0.1;

export interface DividerState {
  readonly share: number;
  readonly leftText: string;
  readonly rightText: string;
}

export class Divider {
  readonly #line = element("div", {
    class: "lucid-divider",
    role: "slider",
    tabindex: "0",
    "aria-label": "divider",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    title: "Drag, or use the arrow keys: the left picture ends here",
  });
  readonly #left = element("span", { class: "lucid-tag lucid-tag-left" });
  readonly #right = element("span", { class: "lucid-tag lucid-tag-right" });
  /** Lies over the picture, and lets the pointer through beside the line. */
  readonly node = element(
    "div",
    { class: "lucid-comparison" },
    this.#left,
    this.#right,
    this.#line,
  );
  readonly #onMove: (share: number) => void;
  #share = 0.5;

  constructor(onMove: (share: number) => void, signal: AbortSignal) {
    this.#onMove = onMove;
    const line = this.#line;
    line.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    line.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        line.setPointerCapture(event.pointerId);
        line.focus();
        event.preventDefault();
      },
      { signal },
    );
    line.addEventListener(
      "pointermove",
      (event) => {
        if (!line.hasPointerCapture(event.pointerId)) return;
        const box = this.node.getBoundingClientRect();
        if (box.width) onMove((event.clientX - box.left) / box.width);
      },
      { signal },
    );
  }

  /** `null`: nothing is compared. */
  update(state: DividerState | null): void {
    this.node.hidden = state === null;
    if (!state) return;
    this.#share = state.share;
    const percent = Math.round(100 * state.share);
    this.#line.style.left = `${100 * state.share}%`;
    this.#line.setAttribute("aria-valuenow", String(percent));
    this.#line.setAttribute(
      "aria-valuetext",
      `${percent} % ${state.leftText}, then ${state.rightText}`,
    );
    setText(this.#left, state.leftText);
    setText(this.#right, state.rightText);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const share = movedShare(this.#share, event.key);
    if (share === null) return;
    event.preventDefault();
    this.#share = share; // the next key may come before the next paint
    this.#onMove(share);
  }
}

/** Where a key moves the line; `null` if it is no key for that. Pure. */
export function movedShare(share: number, key: string): number | null {
  const moved: Readonly<Record<string, number>> = {
    ArrowLeft: share - KEY_STEP,
    ArrowDown: share - KEY_STEP,
    ArrowRight: share + KEY_STEP,
    ArrowUp: share + KEY_STEP,
    PageDown: share - PAGE_STEP,
    PageUp: share + PAGE_STEP,
    Home: 0,
    End: 1,
  };
  const wanted = moved[key];
  return wanted === undefined ? null : Math.min(1, Math.max(0, wanted));
}
