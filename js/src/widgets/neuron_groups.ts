/** NeuronGroups: what fires together on a photo, as pictures and as maps. */

import { choice, slider, textField } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { type Context, widget } from "../base/widget.js";
import "../base/base.css";
import "../icons/photo_map.css";
import { element, setText } from "../element.js";
import { PhotoMap, photoButton } from "../icons/photo_map.js";
import { type GridItem, TileGrid } from "../icons/tile_grid.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "count",
  "label",
  "photo",
  "maps",
  "grid",
  "units",
  "shares",
  "attributions",
  "explained",
];

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, questions } = context;
  let pointed: Position | null = null;
  let cut: { from: Uint8Array; group: number; mask: Uint8Array } | null = null;

  const pick = (unit: string) => chosen.select(unit);
  const upload = (file: ArrayBuffer) => {
    questions.ask("photo", {}, file).catch((error: unknown) => frame.complain(error));
  };
  const photo = new PhotoMap(
    {
      point(position) {
        pointed = position;
        frame.redraw();
      },
      pick(position) {
        const strongest = valuesAt(context, position).indexOf(
          Math.max(...valuesAt(context, position)),
        );
        const unit = state.texts("units")[strongest];
        if (unit) pick(unit);
      },
    },
    signal,
  );
  const controls = [
    choice(
      context,
      { name: "layer", label: "Layer" },
      () => state.texts("layers").map((name) => [name, name] as const),
      signal,
    ),
    slider(
      context,
      { name: "count", label: "Groups", min: 1, max: 12, step: 1 },
      signal,
    ),
    textField(
      context,
      { name: "label", label: "Class", hint: "who speaks for it?" },
      signal,
    ),
  ];
  const file = photoButton(upload, signal);
  const caption = element("div", { class: "lucid-quiet" });
  const grid = new TileGrid("groups", context.icons, pick, signal);

  /** The bytes of one group's map; the same array as long as nothing has changed. */
  const maskOf = (group: number): Uint8Array | null => {
    const [rows = 0, columns = 0] = state.numbers("grid");
    const maps = state.bytes("maps");
    const size = rows * columns;
    if (group < 0 || maps.length < (group + 1) * size || !size) return null;
    const isKept =
      cut?.group === group &&
      cut.from.buffer === maps.buffer &&
      cut.mask.length === size;
    if (!isKept || !cut)
      cut = { from: maps, group, mask: maps.slice(group * size, (group + 1) * size) };
    return cut.mask;
  };

  const update = () => {
    const selected = chosen.unit;
    const [rows = 0, columns = 0] = state.numbers("grid");
    const group = selected === null ? -1 : state.texts("units").indexOf(selected);
    for (const control of controls) control.update(frame.isLive);
    file.hidden = !frame.isLive;
    const values = pointed ? valuesAt(context, pointed) : null;
    grid.update(items(context, values), selected);
    photo.update({
      photo: state.bytes("photo"),
      rows,
      columns,
      mask: maskOf(group),
      position: pointed,
    });
    setText(caption, captionOf(context, group, pointed));
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "neuron-groups", hint: "arrow keys choose a group", traits: TRAITS },
    update,
    signal,
  );
  frame.content.append(
    element("div", { class: "lucid-bar" }, ...controls.map(({ node }) => node), file),
    element(
      "div",
      { class: "lucid-photo-and-tiles" },
      element("div", { class: "lucid-photo-column" }, photo.node, caption),
      grid.node,
    ),
  );
}

/** How active each group is at a position, from 0 to 1. */
function valuesAt({ state }: Context, [row, column]: Position): number[] {
  const [rows = 0, columns = 0] = state.numbers("grid");
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
  if (!state.bytes("photo").length) return "no photo yet";
  if (pointed) return `row ${pointed[0]}, column ${pointed[1]}`;
  if (group >= 0) return `bright: where group ${group + 1} is active`;
  const explained = Math.round(100 * (state.number("explained") ?? 0));
  return `the groups account for ${explained} % of the activations`;
}

export default widget(show);
