/**
 * Two pictures on one stage: one left of a line that can be moved, the shown one right
 * of it. The left one stays whatever happens to the run, so a branch that grows can be
 * compared with what there was before. One per model.
 */

import { atEnd } from "../at_end.js";
import type { FilmFrame, Traits } from "../traits.js";
import { decode } from "./decoding.js";
import type { Filmstrip } from "./filmstrip.js";
import type { LiveRun } from "./live_run.js";

export interface LeftPicture {
  readonly bitmap: ImageBitmap;
  readonly step: number;
  readonly objective: number | null;
  /** What it shows: the run may show something else by now. */
  readonly title: string;
}

export class Comparison {
  left: LeftPicture | null = null;
  /** Where the line is, as a share of the stage's width. */
  divider = 0.5;

  readonly #traits: Traits;
  readonly #run: LiveRun;
  readonly #filmstrip: Filmstrip;
  readonly #signal: AbortSignal;
  /** Counts the wishes, so that a picture decoded too late is dropped. */
  #wishes = 0;

  constructor(traits: Traits, run: LiveRun, filmstrip: Filmstrip, signal: AbortSignal) {
    this.#traits = traits;
    this.#run = run;
    this.#filmstrip = filmstrip;
    this.#signal = signal;
    atEnd(signal, () => this.end());
  }

  /** Index of the left picture in the filmstrip; -1 when it is of another run. */
  get leftIndex(): number {
    return this.#filmstrip.frames.findIndex(
      ({ step, objective }) =>
        step === this.left?.step && objective === this.left.objective,
    );
  }

  /** What is said of the left picture: its step, and its run if that is another. */
  get leftText(): string {
    if (!this.left) return "";
    const { step, title } = this.left;
    // Their models are told apart by the rest of the page; room is short here.
    const subject = title.slice(title.indexOf(", ") + 1);
    return `step ${step}${title === this.#traits.title ? "" : `,${subject}`}`;
  }

  /**
   * Begins with the snapshot that is shown, against the newest picture; with one from
   * halfway where the newest itself is shown.
   */
  toggle(): void {
    if (this.left) {
      this.end();
      return;
    }
    const { frames, picked } = this.#filmstrip;
    this.#filmstrip.stop();
    if (picked !== null) this.#filmstrip.pick(null);
    this.pickLeft(picked ?? Math.floor((frames.length - 1) / 2));
  }

  /** Puts a frame of the filmstrip to the left; the last one is the newest picture. */
  pickLeft(index: number): void {
    const { frames } = this.#filmstrip;
    const frame = frames[index];
    if (frame) void this.#show(frame, index === frames.length - 1);
  }

  /** Moves the line. */
  moveDivider(share: number): void {
    this.divider = Math.min(1, Math.max(0, share));
    this.#run.requestPaint();
  }

  end(): void {
    this.#wishes += 1;
    this.#replace(null);
  }

  async #show(frame: FilmFrame, isNewest: boolean): Promise<void> {
    this.#wishes += 1;
    const wish = this.#wishes;
    const { title } = this.#traits;
    const newest = this.#run.picture?.bitmap;
    const bitmap = await (isNewest && newest
      ? createImageBitmap(newest)
      : decode(frame.bytes, frame.mime, newest)
    ).catch(() => null);
    if (!bitmap) {
      return this.#run.complain(
        `the browser cannot decode the snapshot of ${frame.step}`,
      );
    }
    if (wish !== this.#wishes || this.#signal.aborted) return bitmap.close();
    const { step, objective } = frame;
    this.#replace({ bitmap, step, objective, title });
  }

  #replace(left: LeftPicture | null): void {
    this.left?.bitmap.close();
    this.left = left;
    this.#run.requestPaint();
  }
}
