/**
 * The picture on the page, in one view: zoom, pan, and the pixel that is looked at.
 *
 * Wheel and + / - zoom, 0 shows the whole picture, dragging and the arrow keys move a
 * zoomed picture, the pointer or Shift + arrow keys pick a pixel to read.
 */

import { element } from "../element.js";
import type { Comparison } from "./comparison.js";
import {
  fitScale,
  movePixel,
  type Pixel,
  type Placement,
  pixelUnder,
  reveal,
  type Size,
  settle,
  stageFor,
  zoomAbout,
} from "./geometry.js";
import type { LiveRun } from "./live_run.js";
import { paint } from "./painting.js";
import { describePixel } from "./readout.js";

/** The picture is at most this wide and high at first, in CSS pixels. */
const MAX_SIDE = 512;
/** The stage before the first picture; most runs then fill just this. */
const EMPTY: Size = { width: 128, height: 128 };

const KEY_ZOOM = 2;
const WHEEL_ZOOM_PER_PIXEL = 0.002;
/** A wheel that was scrolling the page until just now goes on scrolling it. */
const SCROLL_REST_MS = 400;
/** One arrow key moves a zoomed picture by this share of the stage. */
const PAN_SHARE = 1 / 8;

const ARROWS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Told whenever the pixel looked at, or its colour, changes. */
export type OnReadout = (text: string, isByKeyboard: boolean) => void;

export class Stage {
  readonly node: HTMLElement;
  readonly #canvas = element("canvas");
  readonly #run: LiveRun;
  readonly #comparison: Comparison;
  readonly #onReadout: OnReadout;
  #available: Size = { width: MAX_SIDE, height: MAX_SIDE };
  #size: Size = { width: 1, height: 1 };
  #fit = 1;
  /** `null` while the whole picture shows, so that it keeps fitting. */
  #zoomed: Placement | null = null;
  #pointer: { x: number; y: number } | null = null;
  #caret: Pixel | null = null;
  #scrolledAt = Number.NEGATIVE_INFINITY;

  constructor(
    run: LiveRun,
    comparison: Comparison,
    onReadout: OnReadout,
    signal: AbortSignal,
  ) {
    this.#run = run;
    this.#comparison = comparison;
    this.#onReadout = onReadout;
    this.node = element(
      "div",
      { class: "lucid-stage", role: "img", tabindex: "0", "aria-label": "picture" },
      this.#canvas,
    );
    this.#listen(signal);
  }

  /** Says how wide the view is, in CSS pixels. */
  setWidth(width: number): void {
    this.#available = { width: Math.min(MAX_SIDE, width), height: MAX_SIDE };
    this.paint();
  }

  /** How wide the picture is on the page, in CSS pixels. */
  get width(): number {
    return this.#size.width / (window.devicePixelRatio || 1);
  }

  setLabel(label: string): void {
    this.node.setAttribute("aria-label", label);
  }

  /** Zoom in comparison to the whole picture; 1 when all of it shows. */
  get zoom(): number {
    return this.#zoomed ? this.#zoomed.scale / this.#fit : 1;
  }

  paint(): void {
    this.#layOut();
    const picture = this.#run.shown;
    const context = this.#canvas.getContext("2d");
    const { width, height } = this.#size;
    if (picture && context) {
      const { left } = this.#comparison;
      const part = left && { bitmap: left.bitmap, edge: this.#edge };
      paint(context, picture.bitmap, this.#placement, this.#caret, part);
    } else context?.clearRect(0, 0, width, height);
    // A zoomed picture is moved by dragging; a whole one is dragged out.
    this.node.draggable = picture !== null && !this.#zoomed;
    this.#report(false);
  }

  /** Where the left one of two pictures ends, in device pixels. */
  get #edge(): number {
    return Math.round(this.#comparison.divider * this.#size.width);
  }

  get #picture(): Size {
    return this.#run.shown?.bitmap ?? EMPTY;
  }

  get #placement(): Placement {
    const wanted = this.#zoomed ?? { scale: this.#fit, left: 0, top: 0 };
    return settle(wanted, this.#picture, this.#size);
  }

  /** Sizes the stage for the picture, in whole device pixels. */
  #layOut(): void {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.#available;
    this.#fit = fitScale(this.#picture, {
      width: width * ratio,
      height: height * ratio,
    });
    const size = stageFor(this.#picture, this.#fit);
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#zoomed = null;
    this.#canvas.width = size.width;
    this.#canvas.height = size.height;
    this.node.style.width = `${size.width / ratio}px`;
    this.node.style.height = `${size.height / ratio}px`;
  }

  #listen(signal: AbortSignal): void {
    const { node } = this;
    node.addEventListener("wheel", (event) => this.#onWheel(event), {
      signal,
      passive: false,
    });
    node.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    node.addEventListener("pointerdown", (event) => this.#onDragStart(event), {
      signal,
    });
    node.addEventListener("pointermove", (event) => this.#onPointer(event), {
      signal,
    });
    node.addEventListener(
      "pointerleave",
      () => {
        this.#pointer = null;
        this.#report(false);
      },
      { signal },
    );
    document.addEventListener(
      "scroll",
      (event) => {
        this.#scrolledAt = event.timeStamp;
      },
      { signal, capture: true, passive: true },
    );
  }

  #onWheel(event: WheelEvent): void {
    const isOutward = event.deltaY > 0;
    const isPageScrolling = event.timeStamp - this.#scrolledAt < SCROLL_REST_MS;
    if (isPageScrolling || (isOutward && !this.#zoomed)) {
      this.#scrolledAt = event.timeStamp;
      return;
    }
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 : 1;
    const { x, y } = this.#toStage(event);
    this.#zoomBy(Math.exp(-event.deltaY * pixels * WHEEL_ZOOM_PER_PIXEL), x, y);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && event.shiftKey) this.#moveCaret(...arrow);
    else if (arrow && this.#zoomed) this.#pan(...arrow);
    else if (event.key === "+" || event.key === "=") this.#zoomAtCaret(KEY_ZOOM);
    else if (event.key === "-" || event.key === "_") this.#zoomAtCaret(1 / KEY_ZOOM);
    else if (event.key === "0") this.#moveTo(null);
    else if (event.key === "Escape" && this.#caret) this.#caret = null;
    else return;
    event.preventDefault();
    this.paint();
    this.#report(true);
  }

  #zoomAtCaret(factor: number): void {
    const { scale, left, top } = this.#placement;
    const caret = this.#caret;
    const x = caret ? left + (caret.column + 0.5) * scale : this.#size.width / 2;
    const y = caret ? top + (caret.row + 0.5) * scale : this.#size.height / 2;
    this.#zoomBy(factor, x, y);
  }

  #zoomBy(factor: number, x: number, y: number): void {
    this.#moveTo(zoomAbout(this.#placement, factor, x, y, this.#fit));
    this.paint();
  }

  #pan(rows: number, columns: number): void {
    const { scale, left, top } = this.#placement;
    this.#moveTo({
      scale,
      left: left - columns * this.#size.width * PAN_SHARE,
      top: top - rows * this.#size.height * PAN_SHARE,
    });
  }

  #moveCaret(rows: number, columns: number): void {
    const { width, height } = this.#size;
    this.#caret = this.#caret
      ? movePixel(this.#caret, rows, columns, this.#picture)
      : pixelUnder(this.#placement, width / 2, height / 2, this.#picture);
    if (this.#caret && this.#zoomed) {
      this.#moveTo(reveal(this.#placement, this.#caret, this.#size));
    }
  }

  #moveTo(placement: Placement | null): void {
    const isZoomed = placement !== null && placement.scale > this.#fit;
    this.#zoomed = isZoomed ? settle(placement, this.#picture, this.#size) : null;
    this.node.classList.toggle("lucid-zoomed", isZoomed);
  }

  #onDragStart(event: PointerEvent): void {
    if (event.button !== 0 || !this.#zoomed) return;
    this.node.setPointerCapture(event.pointerId);
    this.#pointer = this.#toStage(event);
  }

  #onPointer(event: PointerEvent): void {
    const before = this.#pointer;
    this.#pointer = this.#toStage(event);
    const isDragging = this.node.hasPointerCapture(event.pointerId);
    if (isDragging && before && this.#zoomed) {
      const { scale, left, top } = this.#zoomed;
      this.#moveTo({
        scale,
        left: left + this.#pointer.x - before.x,
        top: top + this.#pointer.y - before.y,
      });
      this.paint();
    } else this.#report(false);
  }

  #toStage(event: MouseEvent): { x: number; y: number } {
    const box = this.#canvas.getBoundingClientRect();
    const ratio = box.width ? this.#size.width / box.width : 1;
    return {
      x: (event.clientX - box.left) * ratio,
      y: (event.clientY - box.top) * ratio,
    };
  }

  #report(isByKeyboard: boolean): void {
    const picture = this.#run.shown;
    const under = this.#pointer;
    const pixel =
      under && !isByKeyboard
        ? pixelUnder(this.#placement, under.x, under.y, this.#picture)
        : null;
    const looked = pixel ?? this.#caret;
    this.#onReadout(picture && looked ? this.#describe(looked) : "", isByKeyboard);
  }

  /** Of two pictures, the one that shows at this pixel. */
  #describe(pixel: Pixel): string {
    const { shown } = this.#run;
    const { left } = this.#comparison;
    if (!shown) return "";
    const { scale, left: start } = this.#placement;
    const isLeft = left && start + (pixel.column + 0.5) * scale < this.#edge;
    if (!isLeft) return describePixel(shown.bitmap, pixel);
    const { width, height } = this.#picture;
    return describePixel(left.bitmap, {
      row: Math.floor(((pixel.row + 0.5) * left.bitmap.height) / height),
      column: Math.floor(((pixel.column + 0.5) * left.bitmap.width) / width),
    });
  }
}
