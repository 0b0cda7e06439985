/**
 * The filmstrip below the picture: replay it, scrub through it, compare two of its
 * pictures, go on from one.
 */

import { element, setText } from "../element.js";
import type { FilmFrame } from "../traits.js";
import { SnapshotSlider } from "./snapshot_slider.js";

export interface ScrubberState {
  readonly frames: readonly FilmFrame[];
  readonly position: number;
  readonly isPlaying: boolean;
  /** A run that moves has no filmstrip: it is made when the run rests. */
  readonly isActive: boolean;
  readonly canBranch: boolean;
  /** The left one of two pictures, its index -1 if it is of another run. */
  readonly left: { readonly position: number; readonly step: number } | null;
}

export interface ScrubberActions {
  pick(index: number): void;
  pickLeft(index: number): void;
  togglePlay(): void;
  toggleComparison(): void;
  branch(step: number): void;
}

export class Scrubber {
  readonly #play = button();
  readonly #compare = button("Compare");
  readonly #branch = button("Continue here");
  readonly #shown: SnapshotSlider;
  readonly #left: SnapshotSlider;
  readonly #showing: HTMLElement;
  readonly #comparing: HTMLElement;
  readonly node: HTMLElement;
  #state: ScrubberState | null = null;

  constructor(actions: ScrubberActions, signal: AbortSignal) {
    this.#shown = new SnapshotSlider(
      "filmstrip",
      "Snapshots of the run: arrow keys or dragging go through them",
      (index) => actions.pick(index),
      signal,
    );
    this.#left = new SnapshotSlider(
      "left picture",
      "The snapshot left of the line",
      (index) => actions.pickLeft(index),
      signal,
    );
    this.#showing = row(this.#play, this.#shown.slider, this.#shown.text);
    this.#comparing = row(
      this.#compare,
      this.#left.slider,
      this.#left.text,
      this.#branch,
    );
    this.node = element(
      "div",
      { class: "lucid-scrubber", role: "group", "aria-label": "history" },
      this.#showing,
      this.#comparing,
    );
    this.#compare.title =
      "Show two snapshots at once, with a line to move between them";
    this.#play.addEventListener("click", () => actions.togglePlay(), { signal });
    this.#compare.addEventListener("click", () => actions.toggleComparison(), {
      signal,
    });
    this.#branch.addEventListener("click", () => this.#askToBranch(actions), {
      signal,
    });
  }

  update(state: ScrubberState): void {
    this.#state = state;
    const { frames, position, isPlaying, left } = state;
    const hasStrip = !state.isActive && frames.length > 1;
    this.#showing.hidden = !hasStrip;
    this.#comparing.hidden = !hasStrip && !left;
    this.node.hidden = this.#comparing.hidden;
    setText(this.#play, isPlaying ? "Stop" : "Replay");
    this.#shown.update(frames, position);

    this.#compare.setAttribute("aria-pressed", String(left !== null));
    this.#left.slider.hidden = !left || !hasStrip;
    this.#left.text.hidden = !left;
    if (left) this.#left.update(frames, left.position, `step ${left.step}`);

    this.#branch.hidden = !hasStrip;
    this.#branch.setAttribute("aria-disabled", String(!state.canBranch));
    this.#branch.title = state.canBranch
      ? "Go on from this snapshot with the settings of now, as a new branch"
      : "needs a running kernel, and an earlier snapshot";
  }

  #askToBranch(actions: ScrubberActions): void {
    const frame = this.#state?.frames[this.#state.position];
    if (frame && this.#state?.canBranch) actions.branch(frame.step);
  }
}

function button(label = ""): HTMLButtonElement {
  return element("button", { type: "button", class: "lucid-button" }, label);
}

function row(...children: Node[]): HTMLElement {
  return element("div", { class: "lucid-scrubber-row" }, ...children);
}
