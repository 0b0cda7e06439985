/** The filmstrip below the picture: replay it, scrub through it, go on from a frame. */

import { element, setText } from "../element.js";
import type { FilmFrame } from "../traits.js";
import { formatNumber } from "./progress.js";

export interface ScrubberState {
  readonly frames: readonly FilmFrame[];
  readonly position: number;
  readonly isPlaying: boolean;
  /** A run that moves has no filmstrip: it is made when the run rests. */
  readonly isActive: boolean;
  readonly canBranch: boolean;
}

export interface ScrubberActions {
  pick(index: number): void;
  togglePlay(): void;
  branch(step: number): void;
}

export class Scrubber {
  readonly #play = element("button", { type: "button", class: "lucid-button" });
  readonly #slider = element("input", {
    type: "range",
    class: "lucid-scrubber-slider",
    "aria-label": "filmstrip",
    title: "Snapshots of the run: arrow keys or dragging go through them",
    min: "0",
    step: "1",
  });
  readonly #step = element("span", { class: "lucid-scrubber-step" });
  readonly #branch = element(
    "button",
    { type: "button", class: "lucid-button" },
    "Continue here",
  );
  readonly node = element(
    "div",
    { class: "lucid-scrubber", role: "group", "aria-label": "history" },
    this.#play,
    this.#slider,
    this.#step,
    this.#branch,
  );
  #state: ScrubberState | null = null;

  constructor(actions: ScrubberActions, signal: AbortSignal) {
    this.#play.addEventListener("click", () => actions.togglePlay(), { signal });
    this.#slider.addEventListener(
      "input",
      () => actions.pick(this.#slider.valueAsNumber),
      { signal },
    );
    this.#branch.addEventListener(
      "click",
      () => {
        const frame = this.#state?.frames[this.#state.position];
        const isEnabled = this.#branch.getAttribute("aria-disabled") !== "true";
        if (frame && isEnabled) actions.branch(frame.step);
      },
      { signal },
    );
  }

  update(state: ScrubberState): void {
    this.#state = state;
    const { frames, position, isPlaying } = state;
    this.node.hidden = state.isActive || frames.length < 2;
    if (this.node.hidden) return;
    setText(this.#play, isPlaying ? "Stop" : "Replay");
    this.#slider.max = String(frames.length - 1);
    this.#slider.value = String(position);
    const frame = frames[position];
    this.#slider.setAttribute("aria-valuetext", frame ? frameText(frame) : "");
    setText(this.#step, frame ? `step ${frame.step}` : "");
    this.#branch.setAttribute("aria-disabled", String(!state.canBranch));
    this.#branch.title = state.canBranch
      ? "Go on from this snapshot with the settings of now, as a new branch"
      : "needs a running kernel, and an earlier snapshot";
  }
}

/** "step 40, objective 12.4" */
export function frameText({ step, objective }: FilmFrame): string {
  if (objective === null) return `step ${step}`;
  return `step ${step}, objective ${formatNumber(objective)}`;
}
