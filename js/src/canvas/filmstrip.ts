/**
 * The filmstrip: snapshots of the run, as saved with the widget. Scrubs and plays with
 * no kernel. One per model: what is picked is shown by every view.
 */

import { atEnd } from "../at_end.js";
import type { BranchEntry, FilmFrame, Traits } from "../traits.js";
import { decode } from "./decoding.js";
import type { LiveRun } from "./live_run.js";

/** A picture stays this long while the strip plays. */
export const FRAME_MS = 110;

export class Filmstrip {
  frames: readonly FilmFrame[] = [];
  /** Index of the picked frame; `null` while the newest picture is shown. */
  picked: number | null = null;
  /** The branch whose last picture is shown instead, as an id. */
  visited: number | null = null;

  readonly #traits: Traits;
  readonly #run: LiveRun;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isDecoding = false;
  /** What is to be shown instead of the newest picture. */
  #wanted: FilmFrame | null = null;

  constructor(traits: Traits, run: LiveRun, signal: AbortSignal) {
    this.#traits = traits;
    this.#run = run;
    traits.onChange(["filmstrip", "filmstrip_index"], () => this.#read(), signal);
    traits.onChange(["status"], () => this.#leaveWhenActive(), signal);
    atEnd(signal, () => {
      this.stop();
      run.showInstead(null);
    });
    this.#read();
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  /** Where the scrubber stands: the last frame when none is picked. */
  get position(): number {
    return this.picked ?? this.frames.length - 1;
  }

  /** Shows a frame; the last one is the newest picture itself. */
  pick(index: number | null): void {
    const last = this.frames.length - 1;
    const isInside = index !== null && index >= 0 && index < last;
    this.picked = isInside ? index : null;
    this.visited = null;
    this.#want(isInside ? this.frames[index] : null);
  }

  /** Shows the last picture of another branch; the scrubber stays with this one. */
  visit({ id, tip }: BranchEntry): void {
    this.stop();
    this.picked = null;
    this.visited = tip && id;
    this.#want(tip);
  }

  #want(frame: FilmFrame | null | undefined): void {
    this.#wanted = frame ?? null;
    if (this.#wanted) void this.#decode();
    else this.#run.showInstead(null);
    this.#run.requestPaint();
  }

  /** Plays from where the scrubber stands, from the start if that is the end. */
  play(): void {
    if (this.isPlaying || this.frames.length < 2) return;
    if (this.picked === null) this.pick(0);
    this.#timer = setInterval(() => {
      this.pick(this.position + 1);
      if (this.picked === null) this.stop();
    }, FRAME_MS);
    this.#run.requestPaint();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#run.requestPaint();
  }

  #read(): void {
    this.stop();
    this.frames = this.#traits.filmstrip;
    this.pick(null);
  }

  #leaveWhenActive(): void {
    if (!this.#traits.isActive) return;
    this.stop();
    this.pick(null);
  }

  /** One at a time; of those picked meanwhile only the newest is decoded. */
  async #decode(): Promise<void> {
    if (this.#isDecoding) return;
    this.#isDecoding = true;
    let done: FilmFrame | null = null;
    for (;;) {
      const frame = this.#wanted;
      if (!frame || frame === done) break;
      done = frame;
      // As large as the run's picture, so that the stage keeps its size.
      const size = this.#run.picture?.bitmap;
      const bitmap = await decode(frame.bytes, frame.mime, size).catch(() => null);
      if (!bitmap) {
        this.#run.complain(`the browser cannot decode the snapshot of ${frame.step}`);
      } else if (!this.#wanted) bitmap.close();
      else {
        const { step, objective } = frame;
        this.#run.showInstead({ bitmap, step, objective, poster: null });
      }
    }
    this.#isDecoding = false;
  }
}
