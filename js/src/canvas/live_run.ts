/**
 * What the browser knows of a run: the newest picture, the curve, the speed.
 *
 * One per model, shared by its views. Frames are decoded one at a time; of those that
 * arrive meanwhile only the newest is kept. A frame is confirmed after it was painted,
 * and a confirmation covers all frames before it. While no view is on the page, or the
 * page is hidden, nothing is painted, so nothing is confirmed and the kernel holds back.
 */

import { atEnd } from "../at_end.js";
import type { CurvePoint, FrameMessage, ImageType, Packet } from "../protocol.js";
import type { Poster } from "../traits.js";
import { decode } from "./decoding.js";

/** A decoded picture, and the numbers that belong to it. */
export interface Picture {
  readonly bitmap: ImageBitmap;
  readonly step: number;
  readonly objective: number | null;
  /** Set when this is the kept still rather than a frame of a run. */
  readonly poster: Poster | null;
}

/** Somewhere to paint. */
export interface View {
  readonly el: HTMLElement;
  paint(): void;
}

/** More points than the sparkline has pixels are thinned to half. */
const MAX_CURVE = 512;

export class LiveRun {
  picture: Picture | null = null;
  #replayed: Picture | null = null;
  curve: readonly CurvePoint[] = [];
  stepsPerSecond: number | null = null;
  totalSteps = 0;
  /** What went wrong in the browser, in words; empty when nothing did. */
  problem = "";

  readonly #confirm: (sequence: number) => void;
  readonly #askAgain: () => void;
  readonly #signal: AbortSignal;
  readonly #views = new Set<View>();
  #run = -1;
  /** Counts how often everything was thrown away, so that late pictures are, too. */
  #clearings = 0;
  #newest: Packet<FrameMessage> | null = null;
  #isDecoding = false;
  #isPaintRequested = false;
  #unconfirmed: number | null = null;
  #isReleased = false;
  /** Nobody looks yet, so it is not decoded yet. */
  #waitingPoster: Poster | null = null;

  /** `askAgain`: for the newest picture, which was let go while nobody looked. */
  constructor(
    confirm: (sequence: number) => void,
    askAgain: () => void,
    signal: AbortSignal,
  ) {
    this.#confirm = confirm;
    this.#askAgain = askAgain;
    this.#signal = signal;
    atEnd(signal, () => this.#show(null));
  }

  /** What views paint: a snapshot while one is looked at, else the newest picture. */
  get shown(): Picture | null {
    return this.#replayed ?? this.picture;
  }

  /** Shows an earlier picture for a while, and takes care of its bitmap. */
  showInstead(picture: Picture | null): void {
    this.#replayed?.bitmap.close();
    this.#replayed = picture;
    this.requestPaint();
  }

  /** Takes in a frame: its numbers at once, its picture when there is time. */
  receive(packet: Packet<FrameMessage>): void {
    const { message } = packet;
    if (message.run !== this.#run) this.curve = [];
    this.#run = message.run;
    this.curve = joinCurve(this.curve, message.curve);
    this.stepsPerSecond = message.steps_per_second;
    this.totalSteps = message.total_steps;
    this.#newest = packet;
    void this.#decode();
  }

  /** Shows the kept still, unless there is a frame to show. */
  async receivePoster(poster: Poster): Promise<void> {
    if (this.picture && !this.picture.poster) return;
    if (!this.connectedViews.length) {
      this.#waitingPoster = poster;
      return;
    }
    const clearings = this.#clearings;
    const bitmap = await this.#decodeOne(poster.bytes, poster.mime);
    if (!bitmap) return this.requestPaint();
    const isLate = this.#signal.aborted || clearings !== this.#clearings;
    if (isLate || (this.picture && !this.picture.poster)) return bitmap.close();
    const { step, objective } = poster;
    this.#show({ bitmap, step, objective, poster });
    this.curve = poster.curve;
    this.requestPaint();
  }

  /**
   * Forgets the run: it was reset, and the next one has not begun. A picture of step 0
   * is kept, because it is what the next one starts from.
   */
  clear(): void {
    this.#clearings += 1;
    this.#waitingPoster = null;
    if (this.#newest && this.#newest.message.step > 0) {
      this.#unconfirmed = this.#newest.message.sequence;
      this.#newest = null;
    }
    if (this.picture && this.picture.step > 0) this.#show(null);
    this.curve = [];
    this.stepsPerSecond = null;
    this.requestPaint();
  }

  /** Reports something that went wrong in the browser. */
  complain(problem: string): void {
    this.problem = problem;
    this.requestPaint();
  }

  addView(view: View): void {
    this.#views.add(view);
  }

  removeView(view: View): void {
    this.#views.delete(view);
  }

  /**
   * The views that are on the page. The front end may replace a view without
   * cleaning it up, so being in the set is not enough.
   */
  get connectedViews(): View[] {
    return [...this.#views].filter((view) => view.el.isConnected);
  }

  /** The last view is gone: a notebook may have many widgets that nobody sees. */
  release(): void {
    if (this.connectedViews.length) return;
    this.#isReleased = true;
    this.#clearings += 1;
    this.#show(null);
  }

  /** A view came onto the page: what was held back can be shown. */
  wake(): void {
    if (this.#isReleased && this.connectedViews.length) {
      this.#isReleased = false;
      this.#askAgain();
    }
    const poster = this.#waitingPoster;
    if (poster && this.connectedViews.length) {
      this.#waitingPoster = null;
      void this.receivePoster(poster);
    }
    this.requestPaint();
    void this.#decode();
  }

  /** Paints all views at the next animation frame. */
  requestPaint(): void {
    if (this.#isPaintRequested || this.#signal.aborted) return;
    this.#isPaintRequested = true;
    requestAnimationFrame(() => {
      this.#isPaintRequested = false;
      if (!this.#signal.aborted) this.#paint();
    });
  }

  #paint(): void {
    const views = this.connectedViews;
    for (const view of views) view.paint();
    if (!views.length || this.#unconfirmed === null) return;
    this.#confirm(this.#unconfirmed);
    this.#unconfirmed = null;
  }

  async #decode(): Promise<void> {
    if (this.#isDecoding) return;
    this.#isDecoding = true;
    while (this.#newest && this.connectedViews.length && !this.#signal.aborted) {
      const { message, bytes } = this.#newest;
      this.#newest = null;
      const clearings = this.#clearings;
      const bitmap = await this.#decodeOne(bytes, message.mime);
      if (this.#signal.aborted) {
        bitmap?.close();
        break;
      }
      const { step, objective } = message;
      const isLate = clearings !== this.#clearings && step > 0;
      if (isLate || this.#isReleased) bitmap?.close();
      else if (bitmap) this.#show({ bitmap, step, objective, poster: null });
      // A broken frame is confirmed too: it must not stop the ones behind it.
      this.#unconfirmed = message.sequence;
      this.requestPaint();
    }
    this.#isDecoding = false;
  }

  async #decodeOne(
    bytes: Uint8Array<ArrayBuffer>,
    mime: ImageType,
  ): Promise<ImageBitmap | null> {
    try {
      const bitmap = await decode(bytes, mime);
      this.problem = "";
      return bitmap;
    } catch {
      this.problem = `the browser cannot decode a picture (${mime}, ${bytes.length} bytes)`;
      return null;
    }
  }

  #show(picture: Picture | null): void {
    this.picture?.bitmap.close();
    this.picture = picture;
  }
}

/**
 * Adds new points to a curve. Points from a step on replace what was known from that
 * step on, because after `ready` the kernel sends the whole curve again.
 */
export function joinCurve(
  curve: readonly CurvePoint[],
  points: readonly CurvePoint[],
): readonly CurvePoint[] {
  const first = points[0];
  if (!first) return curve;
  let joined = [...curve.filter(([step]) => step < first[0]), ...points];
  while (joined.length > MAX_CURVE) {
    // The newest point always stays: it is the value shown beside the curve.
    const last = joined.length - 1;
    joined = joined.filter((_, index) => (last - index) % 2 === 0);
  }
  return joined;
}
