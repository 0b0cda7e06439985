/** ActivationGrid: every position of a layer drawn as what it sees, over the photo. */

import { bar, layerChoice } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { NewestFile } from "../base/newest_file.js";
import { PhotoInput } from "../base/photo_input.js";
import { gridOf, PhotoView } from "../base/photo_view.js";
import { Replay } from "../base/replay.js";
import { type Context, widget } from "../base/widget.js";
import "../base/photo.css";
import { FileImage } from "../base/file_image.js";
import { element, setText } from "../element.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "photo",
  "photo_size",
  "grid",
  "norms",
  "sheet",
  "moments",
  "moment_sizes",
  "version",
  "done",
];
function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state } = context;
  const newest = new NewestFile(context, "sheet");
  const replay = new Replay(context, () => frame.redraw(), signal);
  const photo = new PhotoView(context, () => frame.redraw(), signal);
  const opacity = element("input", { type: "range", min: "0", max: "1", step: "0.05" });
  opacity.value = "1";
  opacity.addEventListener("input", () => frame.redraw(), { signal });
  const layer = layerChoice(context, signal);
  const near = new FileImage("", signal);
  const close = element("div", { class: "lucid-close-up" }, near.node);
  const told = element("div", { class: "lucid-quiet", "aria-live": "polite" });

  const update = () => {
    layer.update(frame.isLive);
    input.update();
    newest.update(frame);
    replay.update();
    const overlay = replay.file ?? newest.bytes ?? state.bytes("sheet");
    const { position } = photo;
    photo.update({ overlay, opacity: opacity.valueAsNumber });
    near.show(overlay.length ? overlay : state.bytes("photo"));
    zoom(close, position, gridOf(state));
    setText(told, describe(context, position));
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "activation-grid", hint: "arrow keys choose a position", traits: TRAITS },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  frame.content.append(
    bar(
      layer,
      element("label", { class: "lucid-field" }, "Photo ", opacity, " icons"),
      input,
    ),
    element(
      "div",
      { class: "lucid-beside" },
      element(
        "div",
        { class: "lucid-photo-column lucid-wide" },
        photo.node,
        replay.node,
      ),
      element("div", { class: "lucid-photo-column" }, close, told),
    ),
  );
}

/** Enlarges a picture so that one position fills its frame. */
function zoom(
  node: HTMLElement,
  position: Position | null,
  [rows, columns]: readonly [number, number],
): void {
  node.hidden = !position;
  if (!position) return;
  const [row, column] = position;
  node.style.setProperty("--lucid-columns", `${columns}`);
  node.style.setProperty("--lucid-rows", `${rows}`);
  node.style.setProperty("--lucid-column", `${column}`);
  node.style.setProperty("--lucid-row", `${row}`);
}

function describe({ state }: Context, position: Position | null): string {
  if (!state.bytes("photo").length) return "";
  const percent = Math.round(100 * (state.number("done") ?? 0));
  const progress = percent < 100 ? `${percent} % drawn` : "";
  if (!position) return progress || "point at the photo";
  const [, columns] = gridOf(state);
  const norm = state.numbers("norms")[position[0] * columns + position[1]];
  const strength =
    norm === undefined ? "" : `, activation of length ${norm.toPrecision(3)}`;
  const where = `row ${position[0]}, column ${position[1]}${strength}`;
  return [where, progress].filter(Boolean).join(" · ");
}

export default widget(show);
