/** Mixer: a pad between units; dragging, or the arrow keys, move the mixture. */

import { atEnd } from "../at_end.js";
import "./mixer.css";
import { change } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { type Context, widget } from "../base/widget.js";
import { element, setText } from "../element.js";
import { showIcon } from "../icons/tile.js";

/** How far an arrow key goes; with Shift a fifth of it. */
const STEP = 0.05;
/** Where the corners' icons are, so that they lie inside: the pad's own 0 and 1. */
const INSET = 0.14;

const CORNERS: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  2: [
    [0, 0.5],
    [1, 0.5],
  ],
  3: [
    [0, 0],
    [1, 0],
    [0.5, 1],
  ],
  4: [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ],
};

type Point = readonly [x: number, y: number];

const MOVES: Readonly<Record<string, Point>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, icons } = context;
  let dragged: Point | null = null;
  let isDue = false;

  const pad = element("div", {
    class: "lucid-pad",
    role: "application",
    tabindex: "0",
  });
  const thumb = element("div", { class: "lucid-thumb" });
  const shares = element("div", { class: "lucid-quiet", "aria-live": "polite" });
  let corners: readonly { node: HTMLElement; image: HTMLImageElement }[] = [];

  const held = (): Point => {
    const [x = 0.5, y = 0] = state.numbers("point");
    return [x, y];
  };
  const move = (point: Point) => {
    dragged = [clamp(point[0]), clamp(point[1])];
    frame.redraw();
    if (isDue) return;
    isDue = true; // at most one message for each frame on screen
    requestAnimationFrame(() => {
      isDue = false;
      if (dragged && !signal.aborted) change(context, "point", [...dragged]);
    });
  };
  const pointAt = (event: PointerEvent): Point => {
    const box = pad.getBoundingClientRect();
    const inside = (value: number) => (value - INSET) / (1 - 2 * INSET);
    return [
      inside((event.clientX - box.left) / box.width),
      inside((event.clientY - box.top) / box.height),
    ];
  };
  pad.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || !frame.isLive) return;
      pad.setPointerCapture(event.pointerId);
      move(pointAt(event));
    },
    { signal },
  );
  pad.addEventListener(
    "pointermove",
    (event) => {
      if (pad.hasPointerCapture(event.pointerId)) move(pointAt(event));
    },
    { signal },
  );
  pad.addEventListener(
    "keydown",
    (event) => {
      const to = MOVES[event.key];
      if (!to || event.ctrlKey || event.metaKey || event.altKey || !frame.isLive)
        return;
      event.preventDefault();
      const [x, y] = dragged ?? held();
      const far = event.shiftKey ? STEP / 5 : STEP;
      move([x + to[0] * far, y + to[1] * far]);
    },
    { signal },
  );
  state.onChange(
    ["point"],
    () => {
      if (dragged && `${held()}` === `${dragged}`) dragged = null;
    },
    signal,
  );

  const update = () => {
    const units = state.texts("units");
    const places = CORNERS[units.length] ?? [];
    if (corners.length !== places.length) {
      corners = places.map(([x, y], i) => {
        const image = element("img", { alt: "", draggable: "false" });
        const node = element(
          "div",
          { class: "lucid-corner" },
          element("span", { class: "lucid-tile-picture" }, image),
          element("span", { class: "lucid-tile-caption" }, units[i] ?? ""),
        );
        put(node, [x, y]);
        return { node, image };
      });
      pad.replaceChildren(...corners.map(({ node }) => node), thumb);
    }
    corners.forEach(({ image }, i) => {
      showIcon(image, icons.get(units[i] ?? ""));
    });
    icons.want(pad, units);
    const [x, y] = dragged ?? held();
    put(thumb, [x, units.length === 2 ? 0.5 : y]);
    const weights = state.numbers("weights");
    const text = units
      .map((unit, i) => `${unit} ${Math.round(100 * (weights[i] ?? 0))} %`)
      .join(", ");
    setText(shares, text);
    pad.setAttribute("aria-label", `mixture of ${units.join(", ")}`);
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "mixer",
      hint: "drag, or arrow keys; Shift for small steps",
      traits: ["point", "units", "weights"],
    },
    update,
    signal,
  );
  atEnd(signal, () => icons.want(pad, []));
  frame.content.append(pad, shares);
}

function put(node: HTMLElement, [x, y]: Point): void {
  const place = (value: number) => `${100 * (INSET + value * (1 - 2 * INSET))}%`;
  node.style.left = place(x);
  node.style.top = place(y);
}

function clamp(value: number): number {
  return Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000;
}

export default widget(show);
