/**
 * Stand-ins for what jsdom lacks, each counting what it hands out, and for the model
 * that anywidget passes in.
 */

import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, type MockInstance, vi } from "vitest";
import type { FrameMessage } from "../src/protocol.js";

type Callback = (...args: unknown[]) => void;

/** A model with traits in a dictionary; `emit` plays the kernel. */
export class StandInModel {
  readonly sent: unknown[] = [];
  /** Of each message sent, its buffers. */
  readonly buffers: ArrayBuffer[][] = [];
  readonly listeners = new Map<string, Set<Callback>>();
  widget_manager: unknown = {};
  refusesToSend = false;

  constructor(readonly state: Record<string, unknown> = {}) {}

  /** Anywidget's type is the one that widgets are written against. */
  asModel(): AnyModel {
    return this as unknown as AnyModel;
  }

  get listenerCount(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  get(name: string): unknown {
    return this.state[name];
  }

  on(name: string, callback: Callback): void {
    const known = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, known.add(callback));
  }

  off(name: string, callback: Callback): void {
    this.listeners.get(name)?.delete(callback);
  }

  send(message: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    if (this.refusesToSend) throw new Error("Cannot send");
    this.sent.push(message);
    this.buffers.push(buffers);
  }

  set(traits: Record<string, unknown>): void {
    Object.assign(this.state, traits);
    for (const name of Object.keys(traits)) this.emit(`change:${name}`);
  }

  emit(name: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(name) ?? []) callback(...args);
  }

  sentOfKind(kind: string): unknown[] {
    return this.sent.filter(
      (message) =>
        typeof message === "object" &&
        message !== null &&
        Reflect.get(message, "kind") === kind,
    );
  }

  /** Sends a frame to the browser. Its one byte is its step, so decoding can tell. */
  frame(step: number, fields: Partial<FrameMessage> = {}): void {
    const message: FrameMessage = {
      kind: "frame",
      run: 1,
      sequence: step,
      step,
      total_steps: 512,
      objective: step / 10,
      curve: [[step, step / 10]],
      steps_per_second: 30,
      width: 8,
      height: 6,
      mime: "image/jpeg",
      lossless: false,
      ...fields,
    };
    this.emit("msg:custom", message, [new DataView(Uint8Array.of(step % 256).buffer)]);
  }
}

/** A decoded picture of 8 x 6 pixels that knows its first byte, and if it is open. */
export class StandInBitmap {
  static open = 0;
  static decoded: number[] = [];
  readonly width = 8;
  readonly height = 6;
  isOpen = true;

  constructor(readonly byte: number) {
    StandInBitmap.open += 1;
    StandInBitmap.decoded.push(byte);
  }

  close(): void {
    if (this.isOpen) StandInBitmap.open -= 1;
    this.isOpen = false;
  }
}

export interface Counts {
  readonly observers: () => number;
  readonly objectUrls: () => number;
  /** Bytes of the bitmaps drawn, in order. */
  readonly drawn: number[];
  readonly downloads: string[];
  readonly windowListeners: MockInstance;
}

/** Installs the stand-ins. `vi.unstubAllGlobals` and `restoreAllMocks` remove them. */
function installStandIns(): Counts {
  StandInBitmap.open = 0;
  StandInBitmap.decoded = [];
  let observers = 0;
  let objectUrls = 0;
  const drawn: number[] = [];
  const downloads: string[] = [];

  vi.stubGlobal("createImageBitmap", async (blob: Blob | StandInBitmap) => {
    if (blob instanceof StandInBitmap) return new StandInBitmap(blob.byte);
    const bytes = new Uint8Array(await readBlob(blob));
    if (bytes[0] === BROKEN) throw new Error("cannot decode");
    return new StandInBitmap(bytes[0] ?? 0);
  });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      readonly #callback: () => void;
      #isObserving = false;

      constructor(callback: () => void) {
        this.#callback = callback;
      }

      observe(): void {
        if (!this.#isObserving) observers += 1;
        this.#isObserving = true;
        this.#callback();
      }

      disconnect(): void {
        if (this.#isObserving) observers -= 1;
        this.#isObserving = false;
      }
    },
  );
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(600);
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (
    this: HTMLCanvasElement,
  ) {
    const context = {
      canvas: this,
      clearRect() {},
      save() {},
      restore() {},
      beginPath() {},
      rect() {},
      clip() {},
      strokeRect() {},
      drawImage(bitmap: StandInBitmap) {
        if (!bitmap.isOpen) throw new Error("drew a closed bitmap");
        drawn.push(bitmap.byte);
      },
      getImageData: () => ({ data: Uint8ClampedArray.of(10, 20, 30, 255) }),
    };
    return context as unknown as null; // the type knows real contexts only
  });
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((callback) =>
    callback(new Blob(["own"], { type: "image/png" })),
  );
  vi.spyOn(HTMLCanvasElement.prototype, "toDataURL").mockReturnValue(
    `data:image/png;base64,${btoa("own")}`,
  );
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    downloads.push(this.download);
  });
  URL.createObjectURL = () => {
    objectUrls += 1;
    return "blob:stand-in";
  };
  URL.revokeObjectURL = () => {
    objectUrls -= 1;
  };
  return {
    observers: () => observers,
    objectUrls: () => objectUrls,
    drawn,
    downloads,
    windowListeners: vi.spyOn(window, "addEventListener"),
  };
}

/** A frame that starts with this byte cannot be decoded. */
export const BROKEN = 255;

/** Lets promises and animation frames run: in turns, because a busy machine skips time. */
export async function settle(milliseconds = 60): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function readBlob(blob: Blob): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      if (reader.result instanceof ArrayBuffer) resolve(reader.result);
      else reject(new Error("expected bytes"));
    };
    reader.readAsArrayBuffer(blob);
  });
}

/** Call once in a test file; `counts()` is of the test that runs. */
export function standIns(): () => Counts {
  let counts: Counts;
  beforeEach(() => {
    counts = installStandIns();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    document.body.replaceChildren();
  });
  return () => counts;
}
