/** ActivationGrid: every position of a layer drawn as what it sees, over the photo. */

import { choice } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { type Context, widget } from "../base/widget.js";
import "../base/base.css";
import "../icons/photo_map.css";
import { element, setText } from "../element.js";
import { PhotoMap, photoButton } from "../icons/photo_map.js";
import { toBytes } from "../protocol.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "photo",
  "grid",
  "norms",
  "sheet",
  "version",
  "done",
];
const MOVES: Readonly<Record<string, Position>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, questions } = context;
  let pointed: Position | null = null;
  let version = 0;
  let newest: Uint8Array<ArrayBuffer> | null = null;

  const pick = (position: Position) => chosen.selectPosition(position);
  const complain = (error: unknown) => frame.complain(error);
  const fetchSheet = async () => {
    const wanted = state.number("version") ?? 0;
    if (wanted === version || !frame.isLive) return;
    version = wanted;
    const answer = await questions.ask("sheet");
    const file = answer && toBytes(answer.buffers[0]);
    if (file) newest = file;
    frame.redraw();
  };
  const photo = new PhotoMap(
    {
      point(position) {
        pointed = position;
        frame.redraw();
      },
      pick,
    },
    signal,
  );
  const { node } = photo;
  node.tabIndex = 0;
  node.setAttribute("role", "application");
  node.setAttribute("aria-label", "positions of the layer; arrow keys choose one");
  node.addEventListener(
    "keydown",
    (event) => {
      const move = MOVES[event.key];
      const [rows = 0, columns = 0] = state.numbers("grid");
      if (!move || !rows || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const [row, column] = chosen.position ?? [0, 0];
      pick([within(row + move[0], rows), within(column + move[1], columns)]);
    },
    { signal },
  );
  const opacity = element("input", { type: "range", min: "0", max: "1", step: "0.05" });
  opacity.value = "1";
  opacity.addEventListener("input", () => frame.redraw(), { signal });
  const layer = choice(
    context,
    { name: "layer", label: "Layer" },
    () => state.texts("layers").map((name) => [name, name] as const),
    signal,
  );
  const file = photoButton((bytes) => {
    questions.ask("photo", {}, bytes).catch(complain);
  }, signal);
  const close = new PhotoMap({ point: () => {}, pick: () => {} }, signal);
  close.node.classList.add("lucid-close-up");
  const told = element("div", { class: "lucid-quiet", "aria-live": "polite" });

  const update = () => {
    const [rows = 0, columns = 0] = state.numbers("grid");
    layer.update(frame.isLive);
    file.hidden = !frame.isLive;
    fetchSheet().catch(complain);
    const kept = state.bytes("sheet");
    const sheet = newest ?? (kept.length ? kept : null);
    const position = pointed ?? chosen.position;
    const bytes = state.bytes("photo");
    const look = { rows, columns, overlay: sheet, position };
    photo.update({ ...look, photo: bytes, opacity: opacity.valueAsNumber });
    close.update({ ...look, photo: bytes, position: null });
    zoom(close.node, position, rows, columns);
    setText(told, describe(context, position));
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "activation-grid", hint: "arrow keys choose a position", traits: TRAITS },
    update,
    signal,
  );
  frame.content.append(
    element(
      "div",
      { class: "lucid-bar" },
      layer.node,
      element("label", { class: "lucid-field" }, "Photo ", opacity, " icons"),
      file,
    ),
    element(
      "div",
      { class: "lucid-photo-and-tiles" },
      element("div", { class: "lucid-photo-column lucid-wide" }, node),
      element("div", { class: "lucid-photo-column" }, close.node, told),
    ),
  );
}

/** Enlarges a picture so that one position fills its frame. */
function zoom(
  node: HTMLElement,
  position: Position | null,
  rows: number,
  columns: number,
): void {
  node.hidden = !position || !rows || !columns;
  if (!position) return;
  const [row, column] = position;
  node.style.setProperty("--lucid-columns", `${columns}`);
  node.style.setProperty("--lucid-rows", `${rows}`);
  node.style.setProperty("--lucid-column", `${column}`);
  node.style.setProperty("--lucid-row", `${row}`);
}

function within(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}

function describe({ state }: Context, position: Position | null): string {
  if (!state.bytes("photo").length) return "no photo yet";
  const percent = Math.round(100 * (state.number("done") ?? 0));
  const progress = percent < 100 ? `${percent} % drawn` : "";
  if (!position) return progress || "point at the photo";
  const [, columns = 0] = state.numbers("grid");
  const norm = state.numbers("norms")[position[0] * columns + position[1]];
  const strength =
    norm === undefined ? "" : `, activation of length ${norm.toPrecision(3)}`;
  const where = `row ${position[0]}, column ${position[1]}${strength}`;
  return [where, progress].filter(Boolean).join(" · ");
}

export default widget(show);
