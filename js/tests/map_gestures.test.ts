import { beforeEach, describe, expect, it, vi } from "vitest";
import { MapGestures } from "../src/atlas/map_gestures.js";

const moves = {
  hover: vi.fn(),
  click: vi.fn(),
  pan: vi.fn(),
  zoom: vi.fn(),
  showsAll: () => false,
};
let node: HTMLElement;

beforeEach(() => {
  vi.clearAllMocks();
  node = document.createElement("div");
  node.setPointerCapture = () => {};
  node.getBoundingClientRect = () => new DOMRect(10, 20, 300, 200);
  new MapGestures(node, moves, new AbortController().signal);
});

/** jsdom knows no pointers; coordinates are those of the map. */
function pointer(kind: string, pointerId: number, x: number, y: number) {
  const event = new MouseEvent(kind, { clientX: 10 + x, clientY: 20 + y });
  node.dispatchEvent(Object.assign(event, { pointerId }));
}

describe("gestures on a map", () => {
  it("tell where the mouse rests, and that it has left", () => {
    pointer("pointermove", 1, 30, 40);
    pointer("pointerleave", 1, 0, 0);
    expect(moves.hover.mock.calls).toEqual([[[30, 40]], [null]]);
  });

  it("are a click up to a tremble, and a drag beyond", () => {
    pointer("pointerdown", 1, 30, 40);
    pointer("pointermove", 1, 31, 41);
    pointer("pointerup", 1, 31, 41);
    expect(moves.click.mock.calls).toEqual([[[31, 41]]]);
    pointer("pointerdown", 1, 30, 40);
    pointer("pointermove", 1, 50, 45);
    pointer("pointermove", 1, 50, 60);
    pointer("pointerup", 1, 50, 60);
    expect(moves.click).toHaveBeenCalledOnce();
    expect(moves.pan.mock.calls).toEqual([
      [20, 5],
      [0, 15],
    ]);
  });

  it("zoom with two fingers about their middle, and are no click then", () => {
    pointer("pointerdown", 1, 100, 50);
    pointer("pointerdown", 2, 140, 50);
    pointer("pointermove", 2, 180, 50);
    expect(moves.zoom.mock.calls).toEqual([[2, [140, 50]]]);
    expect(moves.pan.mock.calls).toEqual([[20, 0]]);
    pointer("pointerup", 2, 180, 50);
    pointer("pointerup", 1, 100, 50);
    expect(moves.click).not.toHaveBeenCalled();
  });

  it("zoom with the wheel where the mouse is", () => {
    const wheel = new WheelEvent("wheel", {
      deltaY: -100,
      clientX: 60,
      clientY: 90,
      cancelable: true,
    });
    node.dispatchEvent(wheel);
    const [factor, about] = moves.zoom.mock.calls[0] ?? [];
    expect(factor).toBeGreaterThan(1);
    expect(about).toEqual([50, 70]);
    expect(wheel.defaultPrevented).toBe(true);
  });
});
