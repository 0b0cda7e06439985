/**
 * A file that grows in the kernel: asked for whenever the trait `version` has changed.
 */

import { toBytes } from "../protocol.js";
import type { WidgetFrame } from "./frame.js";
import type { Context } from "./widget.js";

export class NewestFile {
  /** The newest file; null before the first. */
  bytes: Uint8Array<ArrayBuffer> | null = null;
  /** What the kernel says of it. */
  value: unknown = null;
  readonly #context: Context;
  readonly #question: string;
  #version = 0;

  constructor(context: Context, question: string) {
    this.#context = context;
    this.#question = question;
  }

  /** Asks if there is something new, and redraws when it has come. */
  update(frame: WidgetFrame): void {
    const version = this.#context.state.number("version") ?? 0;
    if (version === this.#version || !frame.isLive) return;
    this.#version = version;
    this.#fetch(frame).catch((error: unknown) => frame.complain(error));
  }

  async #fetch(frame: WidgetFrame): Promise<void> {
    const answer = await this.#context.questions.ask(this.#question);
    const bytes = answer && toBytes(answer.buffers[0]);
    if (answer && bytes) Object.assign(this, { bytes, value: answer.value });
    frame.redraw();
  }
}
