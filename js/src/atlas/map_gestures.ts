/** What mouse, wheel, trackpad and fingers do on a map, as moves of the map. */

/** Pixels from the left and the top of the map. */
export type Point = readonly [x: number, y: number];

export interface MapMoves {
  /** The pointer rests here; `null`: it has left. */
  hover(at: Point | null): void;
  click(at: Point): void;
  pan(right: number, down: number): void;
  zoom(factor: number, about: Point): void;
  /** Whether all of the map is in sight, so that nothing is left to zoom out of. */
  showsAll(): boolean;
}

const WHEEL_RATE = 0.0016;
/** A drag begins after so many pixels; before it is a click. */
const SLOP = 4;
/** A page that is being scrolled goes on scrolling over the map, in milliseconds. */
const STILL_SCROLLING = 300;

export class MapGestures {
  readonly #node: HTMLElement;
  readonly #moves: MapMoves;
  readonly #fingers = new Map<number, Point>();
  #travelled = 0;
  #scrolledElsewhere = Number.NEGATIVE_INFINITY;

  constructor(node: HTMLElement, moves: MapMoves, signal: AbortSignal) {
    this.#node = node;
    this.#moves = moves;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ) => node.addEventListener(name, listener, { signal });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#fingers.delete(event.pointerId));
    on("pointerleave", () => moves.hover(null));
    node.addEventListener("wheel", (event) => this.#onWheel(event), {
      signal,
      passive: false,
    });
    document.addEventListener(
      "wheel",
      ({ target, timeStamp }) => {
        if (target !== node) this.#scrolledElsewhere = timeStamp;
      },
      { signal, capture: true, passive: true },
    );
  }

  #at(event: MouseEvent): Point {
    const box = this.#node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    if (!this.#fingers.size) this.#travelled = 0;
    this.#fingers.set(event.pointerId, this.#at(event));
    this.#node.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const now = this.#at(event);
    const before = this.#fingers.get(event.pointerId);
    if (!before) {
      this.#moves.hover(now);
      return;
    }
    const [other] = [...this.#fingers].find(([id]) => id !== event.pointerId) ?? [];
    const far = Math.hypot(now[0] - before[0], now[1] - before[1]);
    this.#travelled += far;
    if (other === undefined && this.#travelled < SLOP) return;
    this.#fingers.set(event.pointerId, now);
    const anchor = other === undefined ? undefined : this.#fingers.get(other);
    if (!anchor) {
      this.#moves.pan(now[0] - before[0], now[1] - before[1]);
      return;
    }
    const apart = (point: Point) =>
      Math.max(8, Math.hypot(point[0] - anchor[0], point[1] - anchor[1]));
    this.#moves.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.#moves.zoom(apart(now) / apart(before), [
      (now[0] + anchor[0]) / 2,
      (now[1] + anchor[1]) / 2,
    ]);
  }

  #up(event: PointerEvent): void {
    const wasOurs = this.#fingers.delete(event.pointerId);
    if (!wasOurs || this.#fingers.size || this.#travelled >= SLOP) return;
    this.#moves.click(this.#at(event));
  }

  #onWheel(event: WheelEvent): void {
    const isPinch = event.ctrlKey || event.metaKey;
    const isPassingBy = event.timeStamp - this.#scrolledElsewhere < STILL_SCROLLING;
    if (isPassingBy && !isPinch) {
      this.#scrolledElsewhere = event.timeStamp; // for as long as it lasts
      return;
    }
    // All of it is in sight, and nothing to zoom out of: the page may scroll.
    if (this.#moves.showsAll() && event.deltaY > 0 && !isPinch) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const rate = isPinch ? 5 * WHEEL_RATE : WHEEL_RATE;
    const delta = Math.max(-400, Math.min(400, event.deltaY * lines));
    this.#moves.zoom(Math.exp(-delta * rate), this.#at(event));
  }
}
