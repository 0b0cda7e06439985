import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinCurve, LiveRun, type View } from "../src/canvas/live_run.js";
import type { FrameMessage } from "../src/protocol.js";
import type { Poster } from "../src/traits.js";
import { BROKEN, StandInBitmap, settle, standIns } from "./stand_ins.js";

const counts = standIns();
let confirmed: number[];
let controller: AbortController;
let run: LiveRun;
const askedAgain = vi.fn();

beforeEach(() => {
  confirmed = [];
  controller = new AbortController();
  run = new LiveRun(
    (sequence) => confirmed.push(sequence),
    askedAgain,
    controller.signal,
  );
});

afterEach(() => {
  controller.abort();
});

function addView(): View & { paint: ReturnType<typeof vi.fn> } {
  const el = document.createElement("div");
  document.body.append(el);
  const view = { el, paint: vi.fn() };
  run.addView(view);
  return view;
}

function receive(
  sequence: number,
  fields: Partial<FrameMessage> = {},
  byte = sequence,
) {
  const message: FrameMessage = {
    kind: "frame",
    run: 1,
    sequence,
    step: sequence,
    total_steps: 512,
    objective: 1,
    curve: [[sequence, 1]],
    steps_per_second: null,
    width: 8,
    height: 6,
    mime: "image/jpeg",
    lossless: false,
    ...fields,
  };
  run.receive({ message, bytes: Uint8Array.of(byte) });
}

const poster: Poster = {
  bytes: Uint8Array.of(200),
  mime: "image/png",
  step: 512,
  objective: 9,
  curve: [[512, 9]],
};

describe("frames", () => {
  it("are confirmed after they were painted, not before", async () => {
    const confirmedAtPaint: number[][] = [];
    addView().paint.mockImplementation(() => confirmedAtPaint.push([...confirmed]));
    receive(1);
    expect(confirmed).toEqual([]);
    await settle();
    expect(confirmedAtPaint).toEqual([[]]);
    expect(confirmed).toEqual([1]);
  });

  it("that arrive while one is decoded are dropped, except the newest", async () => {
    addView();
    for (const sequence of [1, 2, 3, 4, 5]) receive(sequence);
    await settle();
    expect(StandInBitmap.decoded).toEqual([1, 5]);
    expect(confirmed.at(-1)).toBe(5);
    expect(run.picture?.step).toBe(5);
  });

  it("that are dropped leave their points in the curve", async () => {
    addView();
    for (const sequence of [1, 2, 3]) receive(sequence);
    await settle();
    expect(run.curve.map(([step]) => step)).toEqual([1, 2, 3]);
  });

  it("of a new run begin a new curve", async () => {
    addView();
    receive(1);
    receive(2, { run: 2, step: 1, curve: [[1, 7]] });
    expect(run.curve).toEqual([[1, 7]]);
    await settle();
  });

  it("release the picture before them", async () => {
    addView();
    for (const sequence of [1, 2, 3]) {
      receive(sequence);
      await settle();
    }
    expect(StandInBitmap.decoded).toEqual([1, 2, 3]);
    expect(StandInBitmap.open).toBe(1);
    controller.abort();
    expect(StandInBitmap.open).toBe(0);
  });

  it("that cannot be decoded are reported, and do not stop the ones behind", async () => {
    addView();
    receive(1, {}, BROKEN);
    await settle();
    expect(run.problem).toContain("cannot decode");
    expect(confirmed).toEqual([1]);
    receive(2);
    await settle();
    expect(run.problem).toBe("");
    expect(confirmed).toEqual([1, 2]);
  });

  it("are held back while no view is on the page", async () => {
    const view = addView();
    view.el.remove();
    receive(1);
    receive(2);
    await settle();
    expect(StandInBitmap.decoded).toEqual([]);
    expect(confirmed).toEqual([]);
    document.body.append(view.el);
    run.wake();
    await settle();
    expect(StandInBitmap.decoded).toEqual([2]);
    expect(confirmed).toEqual([2]);
  });

  it("whose decoding ends after the model was closed leave nothing behind", async () => {
    addView();
    receive(1);
    controller.abort();
    await settle();
    expect(StandInBitmap.decoded).toEqual([1]);
    expect(StandInBitmap.open).toBe(0);
    expect(confirmed).toEqual([]);
  });

  it("are painted by every view and confirmed once", async () => {
    const views = [addView(), addView()];
    receive(1);
    await settle();
    for (const view of views) expect(view.paint).toHaveBeenCalledTimes(1);
    expect(confirmed).toEqual([1]);
    expect(counts().drawn).toEqual([]); // painting itself is the views' business
  });
});

describe("the poster", () => {
  it("is shown until a frame comes, and then no more", async () => {
    addView();
    await run.receivePoster(poster);
    expect(run.picture?.poster).toBe(poster);
    expect(run.curve).toEqual([[512, 9]]);
    receive(1);
    await settle();
    expect(run.picture?.poster).toBeNull();
    expect(run.curve).toEqual([[1, 1]]);
    await run.receivePoster(poster);
    expect(run.picture?.step).toBe(1);
    expect(StandInBitmap.open).toBe(1);
  });

  it("is not confirmed: nobody waits for it", async () => {
    addView();
    await run.receivePoster(poster);
    await settle();
    expect(confirmed).toEqual([]);
  });
});

describe("a run that nobody looks at", () => {
  it("keeps no bitmap, and asks again when somebody does", async () => {
    askedAgain.mockClear();
    const view = addView();
    receive(1);
    await settle();
    view.el.remove();
    run.release();
    await run.receivePoster(poster);
    expect(StandInBitmap.open).toBe(0);
    run.wake();
    expect(askedAgain).not.toHaveBeenCalled();
    document.body.append(view.el);
    run.wake();
    expect(askedAgain).toHaveBeenCalledTimes(1);
    await settle();
    expect(run.picture?.poster).toBe(poster);
    receive(2);
    await settle();
    expect(run.picture?.step).toBe(2);
    expect(StandInBitmap.open).toBe(1);
  });

  it("does not decode the poster before it has a view", async () => {
    await run.receivePoster(poster);
    expect(StandInBitmap.decoded).toEqual([]);
    addView();
    run.wake();
    await settle();
    expect(run.picture?.poster).toBe(poster);
  });
});

describe("joinCurve", () => {
  it("replaces what it knew from the first new step on", () => {
    const curve = joinCurve(
      [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
      [
        [2, 21],
        [4, 41],
      ],
    );
    expect(curve).toEqual([
      [1, 10],
      [2, 21],
      [4, 41],
    ]);
  });

  it("stays bounded, and keeps the first steps and the newest point", () => {
    let curve: ReturnType<typeof joinCurve> = [];
    for (let step = 1; step <= 5000; step += 1)
      curve = joinCurve(curve, [[step, step]]);
    expect(curve.length).toBeLessThanOrEqual(512);
    expect(curve.length).toBeGreaterThan(200);
    expect(curve.at(-1)).toEqual([5000, 5000]);
    expect(curve[0]?.[0]).toBeLessThan(50);
  });
});
