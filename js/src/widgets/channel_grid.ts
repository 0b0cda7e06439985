/** ChannelGrid: all channels of a layer as tiles; icons come for those in view. */

import { bar, checkBox, choice, layerChoice, textField } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { type Context, widget } from "../base/widget.js";
import "../base/base.css";
import { element, setText } from "../element.js";
import { type GridItem, TileGrid } from "../icons/tile_grid.js";

const TRAITS = [
  "layer",
  "layers",
  "sort",
  "filter",
  "negative",
  "order",
  "labels",
  "activations",
];

const SORTS: readonly (readonly [string, string])[] = [
  ["channel", "channel"],
  ["activation", "activation on the image"],
  ["strength", "strength of the icon"],
];

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { chosen } = context;
  const controls = [
    layerChoice(context, signal),
    choice(context, { name: "sort", label: "Sort by" }, () => SORTS, signal),
    textField(
      context,
      { name: "filter", label: "Filter", hint: "10-20, 35 or a class" },
      signal,
    ),
    checkBox(context, { name: "negative", label: "negative" }, signal),
  ];
  const count = element("span", { class: "lucid-quiet" });
  const grid = new TileGrid(
    "channels",
    context.icons,
    (unit) => chosen.select({ unit }),
    signal,
  );

  const update = () => {
    const items = gridItems(context);
    for (const control of controls) control.update(frame.isLive);
    setText(count, items.length === 1 ? "1 channel" : `${items.length} channels`);
    grid.update(items, chosen.unit);
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "channel-grid",
      hint: "arrow keys choose a channel",
      traits: TRAITS,
    },
    update,
    signal,
  );
  frame.content.append(bar(...controls, count), grid.node);
}

function gridItems({ state }: Context): readonly GridItem[] {
  const layer = state.text("layer");
  const sign = state.flag("negative") ? "-" : "";
  const labels = state.texts("labels");
  const activations = state.numbers("activations");
  return state.numbers("order").map((channel) => {
    const unit = `${sign}${layer}:${channel}`;
    const name = labels[channel];
    const activation = activations[channel];
    const measured =
      activation === undefined ? "" : `, activation ${activation.toPrecision(3)}`;
    return {
      unit,
      caption: name ?? `${channel}`,
      label: `${unit}${name ? ` ${name}` : ""}${measured}`,
    };
  });
}

export default widget(show);
