/** NeuronGroups: what fires together on a photo, as pictures and as maps. */

import { classField } from "../base/class_field.js";
import { bar, layerChoice, slider } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { PhotoInput } from "../base/photo_input.js";
import { gridOf, PhotoView } from "../base/photo_view.js";
import { type Context, widget } from "../base/widget.js";
import "../base/photo.css";
import { lightCells } from "../base/cells.js";
import { element, setText } from "../element.js";
import { type GridItem, TileGrid } from "../icons/tile_grid.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "count",
  "label",
  "photo",
  "photo_size",
  "maps",
  "grid",
  "units",
  "shares",
  "attributions",
  "explained",
];

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen } = context;

  const photo = new PhotoView(
    context,
    () => frame.redraw(),
    signal,
    (position) => {
      const values = valuesAt(context, position);
      const strongest = values.indexOf(Math.max(...values));
      chosen.select({ unit: state.texts("units")[strongest] ?? null, position });
    },
  );
  const controls = [
    layerChoice(context, signal),
    slider(
      context,
      { name: "count", label: "Groups", min: 1, max: 12, step: 1 },
      signal,
    ),
    classField(
      context,
      { name: "label", label: "Class", hint: "who speaks for it?" },
      signal,
    ),
  ];
  const caption = element("div", { class: "lucid-quiet", "aria-live": "polite" });
  const pick = (unit: string) => chosen.select({ unit });
  const grid = new TileGrid("groups", context.icons, pick, signal);

  const update = () => {
    const { position } = photo;
    const group = chosen.unit === null ? -1 : state.texts("units").indexOf(chosen.unit);
    for (const control of controls) control.update(frame.isLive);
    input.update();
    const values = position ? valuesAt(context, position) : null;
    grid.update(items(context, values), chosen.unit);
    const map = mapOf(context, group);
    photo.update({ cells: map && lightCells(map) });
    setText(caption, captionOf(context, group, position));
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "neuron-groups", hint: "arrow keys choose a group", traits: TRAITS },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  frame.content.append(
    bar(...controls, input),
    element(
      "div",
      { class: "lucid-beside" },
      element("div", { class: "lucid-photo-column" }, photo.node, caption),
      grid.node,
    ),
  );
}

/** Where a group is active: a byte for each position. */
function mapOf({ state }: Context, group: number): Uint8Array | null {
  const [rows, columns] = gridOf(state);
  const maps = state.bytes("maps");
  const size = rows * columns;
  if (group < 0 || maps.length < (group + 1) * size || !size) return null;
  return maps.subarray(group * size, (group + 1) * size);
}

/** How active each group is at a position, from 0 to 1. */
function valuesAt({ state }: Context, [row, column]: Position): number[] {
  const [rows, columns] = gridOf(state);
  const maps = state.bytes("maps");
  return state
    .texts("units")
    .map((_, group) => (maps[(group * rows + row) * columns + column] ?? 0) / 255);
}

function items({ state }: Context, values: number[] | null): readonly GridItem[] {
  const shares = state.numbers("shares");
  const attributions = state.numbers("attributions");
  return state.texts("units").map((unit, group) => {
    const share = `${Math.round(100 * (shares[group] ?? 0))} %`;
    const speaks = attributions[group];
    const told = speaks === undefined ? share : `${share} · ${signed(speaks)}`;
    const here = values?.[group];
    return {
      unit,
      caption: here === undefined ? told : `here ${Math.round(100 * here)} %`,
      label: `group ${group + 1}, ${told}`,
    };
  });
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function captionOf(
  { state }: Context,
  group: number,
  pointed: Position | null,
): string {
  if (!state.bytes("photo").length) return "";
  const place = pointed ? `row ${pointed[0]}, column ${pointed[1]}` : "";
  const bright = group < 0 ? "" : `bright: where group ${group + 1} is active`;
  if (place || bright) return [place, bright].filter(Boolean).join(" · ");
  const explained = Math.round(100 * (state.number("explained") ?? 0));
  return `the groups account for ${explained} % of the activations`;
}

export default widget(show);
