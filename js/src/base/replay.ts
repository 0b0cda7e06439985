/** How a picture grew: a slider over the moments that were kept, and a button that plays them. */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";
import type { Context } from "./widget.js";

/** Milliseconds that each moment stays. */
const STAY = 160;

export class Replay {
  /** Slider and button; hidden while there is nothing to replay. */
  readonly node = element("div", { class: "lucid-bar lucid-replay" });
  readonly #context: Context;
  readonly #redraw: () => void;
  readonly #slider = element("input", { type: "range", min: "0", step: "1" });
  readonly #button = element(
    "button",
    { type: "button", class: "lucid-button" },
    "Replay",
  );
  #files: readonly Uint8Array<ArrayBuffer>[] = [];
  #version: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(context: Context, redraw: () => void, signal: AbortSignal) {
    this.#context = context;
    this.#redraw = redraw;
    this.#slider.addEventListener(
      "input",
      () => {
        this.#stop();
        redraw();
      },
      { signal },
    );
    this.#button.addEventListener("click", () => this.#play(), { signal });
    atEnd(signal, () => this.#stop());
    this.node.append(
      this.#button,
      element("label", { class: "lucid-field" }, "How it grew ", this.#slider),
    );
  }

  /** The moment looked at; null for the picture as it is now. */
  get file(): Uint8Array<ArrayBuffer> | null {
    return this.#files[this.#slider.valueAsNumber] ?? null;
  }

  /** Takes over what the kernel keeps. A picture that goes on growing is seen as it is now. */
  update(): void {
    const { state } = this.#context;
    const version = state.number("version");
    const files = split(state.bytes("moments"), state.numbers("moment_sizes"));
    if (version !== this.#version || files.length !== this.#files.length) {
      this.#version = version;
      this.#stop();
      this.#files = files;
      this.#slider.max = `${files.length}`;
      this.#slider.value = `${files.length}`;
    }
    this.node.hidden = files.length < 2;
    const at = this.#slider.valueAsNumber;
    const text = this.file ? `picture ${at + 1} of ${files.length}` : "as it is now";
    this.#slider.setAttribute("aria-valuetext", text);
  }

  #play(): void {
    this.#stop();
    this.#slider.value = "0";
    this.#redraw();
    this.#timer = setInterval(() => {
      this.#slider.value = `${this.#slider.valueAsNumber + 1}`;
      if (!this.file) this.#stop();
      this.#redraw();
    }, STAY);
  }

  #stop(): void {
    clearInterval(this.#timer);
  }
}

function split(
  bytes: Uint8Array<ArrayBuffer>,
  sizes: readonly number[],
): readonly Uint8Array<ArrayBuffer>[] {
  let start = 0;
  const files = sizes.map((size) => {
    const end = start + Math.max(0, size);
    const file = bytes.subarray(start, end);
    start = end;
    return file;
  });
  // What was cut short is no picture.
  return start === bytes.length ? files : [];
}
