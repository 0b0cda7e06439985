/** CompareModels: channels of two models beside each other, the most alike first. */

import { bar, choice, layerChoice } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { type Context, widget } from "../base/widget.js";
import "../base/pairs.css";
import { element, setText } from "../element.js";
import { type GridItem, TileGrid } from "../icons/tile_grid.js";

const TRAITS = [
  "names",
  "layer",
  "layers",
  "other_layer",
  "other_layers",
  "matching",
  "pairs",
  "cka",
  "samples",
  "done",
  "match",
];

/** Stands before units of the second model: the mirror of `widgets/compare_models.py`. */
const SECOND = "second ";

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen } = context;
  const options = (name: string) => () =>
    state.texts(name).map((one) => [one, one] as const);
  const controls = [
    layerChoice(context, signal),
    choice(
      context,
      { name: "other_layer", label: "beside" },
      options("other_layers"),
      signal,
    ),
    choice(context, { name: "matching", label: "Pairs" }, options("matchings"), signal),
  ];
  const alike = element("div", { class: "lucid-quiet", "aria-live": "polite" });
  const pick = (unit: string) => chosen.select({ unit });
  const grid = new TileGrid("pairs of channels", context.icons, pick, signal);
  grid.node.classList.add("lucid-pairs");

  const update = () => {
    for (const control of controls) control.update(frame.isLive);
    grid.update(items(context), chosen.unit);
    setText(alike, describe(context));
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "compare-models", hint: "arrow keys choose a pair", traits: TRAITS },
    update,
    signal,
  );
  frame.content.append(bar(...controls), alike, grid.node);
}

function items({ state }: Context): readonly GridItem[] {
  const [layer, other] = [state.text("layer"), state.text("other_layer")];
  const [first = "", second = ""] = state.texts("names");
  return state.list("pairs").flatMap((pair): GridItem[] => {
    const [a, b, r]: unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof a !== "number" || typeof b !== "number" || typeof r !== "number")
      return [];
    const value = r.toFixed(2).replace("-", "−");
    return [
      {
        unit: `${layer}:${a}`,
        beside: `${SECOND}${other}:${b}`,
        caption: `${a} · ${b}   ${value}`,
        label: `${first} ${layer}:${a} beside ${second} ${other}:${b}, correlation ${value}`,
        share: Math.max(0, r),
      },
    ];
  });
}

function describe({ state }: Context): string {
  const samples = state.number("samples") ?? 0;
  const percent = Math.round(100 * (state.number("done") ?? 0));
  if (!samples) return percent < 100 ? "looking at photos…" : "";
  const cka = (state.number("cka") ?? 0).toFixed(2);
  const seen = percent < 100 ? `, ${percent} % of the photos seen` : "";
  return `layers alike to ${cka} (CKA), from ${samples.toLocaleString("en")} positions${seen}`;
}

export default widget(show);
