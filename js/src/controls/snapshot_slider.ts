/** A slider over the snapshots of a filmstrip, and the step where it stands. */

import { element, setText } from "../element.js";
import type { FilmFrame } from "../traits.js";
import { formatNumber } from "./progress.js";

export class SnapshotSlider {
  readonly slider: HTMLInputElement;
  readonly text = element("span", { class: "lucid-scrubber-step" });

  constructor(
    name: string,
    title: string,
    onPick: (index: number) => void,
    signal: AbortSignal,
  ) {
    this.slider = element("input", {
      type: "range",
      class: "lucid-scrubber-slider",
      "aria-label": name,
      title,
      min: "0",
      step: "1",
    });
    this.slider.addEventListener("input", () => onPick(this.slider.valueAsNumber), {
      signal,
    });
  }

  /** Without a position, the text says what is shown instead of a frame. */
  update(frames: readonly FilmFrame[], position: number, otherText = ""): void {
    const { slider } = this;
    const frame = frames[position];
    slider.max = String(frames.length - 1);
    slider.value = String(Math.max(0, position));
    slider.setAttribute("aria-valuetext", frame ? frameText(frame) : otherText);
    setText(this.text, frame ? `step ${frame.step}` : otherText);
  }
}

/** "step 40, objective 12.4" */
export function frameText({ step, objective }: FilmFrame): string {
  if (objective === null) return `step ${step}`;
  return `step ${step}, objective ${formatNumber(objective)}`;
}
