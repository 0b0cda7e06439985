/** AttributionExplorer: which places and channels of a layer speak for a class. */

import { atEnd } from "../at_end.js";
import {
  Contributions,
  largest,
  ranked,
  signed,
} from "../attribution/contributions.js";
import { signedCells } from "../base/cells.js";
import { classField } from "../base/class_field.js";
import { bar, choice, layerChoice } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { PhotoInput } from "../base/photo_input.js";
import { gridOf, PhotoView } from "../base/photo_view.js";
import { type Context, widget } from "../base/widget.js";
import "../attribution/attribution.css";
import { element, setText } from "../element.js";
import { type Word, WordList } from "../icons/word_list.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "label",
  "versus",
  "method",
  "overrides",
  "sides",
  "value",
  "delta",
  "predictions",
  "photo",
  "photo_size",
  "grid",
  "places",
  "totals",
  "version",
  "kept_values",
  "done",
];

const OVERRIDES: readonly (readonly [string, string])[] = [
  ["none", "exact"],
  ["smoothed max-pool", "smoothed max-pool"],
  ["linear", "linear (ReLUs open)"],
];

/** Channels on each side, and those whose icons are fetched ahead. */
const SHOWN = 6;
const AHEAD = 24;

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, icons, questions } = context;
  let pointed: string | null = null;
  let sent: { readonly version: number; readonly parts: Contributions } | null = null;
  let asked = 0;

  const fetchParts = async () => {
    const version = state.number("version") ?? 0;
    if (version === asked || !frame.isLive) return;
    asked = version;
    const [channels, scales, values] = (await questions.ask("values"))?.buffers ?? [];
    if (!channels || !scales || !values || version !== state.number("version")) return;
    const numbers = new Uint32Array(channels.slice().buffer);
    const parts = Contributions.read(numbers, scales, values, gridOf(state));
    if (parts) sent = { version, parts };
    frame.redraw();
  };
  /** The newest values; without a kernel, those of the strongest channels. */
  const parts = () =>
    sent?.version === state.number("version") ? sent.parts : keptParts(context);

  const controls = [
    layerChoice(context, signal),
    classField(context, { name: "label", label: "Class", hint: "seen most" }, signal),
    classField(context, { name: "versus", label: "rather than", hint: "–" }, signal),
    choice(
      context,
      { name: "method", label: "Method" },
      () => state.texts("methods").map((name) => [name, name] as const),
      signal,
    ),
    choice(context, { name: "overrides", label: "Gradients" }, () => OVERRIDES, signal),
  ];
  const predictions = new Predictions(
    (label) => questions.change("label", label).catch(() => {}),
    signal,
  );
  const photo = new PhotoView(context, () => frame.redraw(), signal);
  const point = (unit: string | null) => {
    pointed = unit;
    frame.redraw();
  };
  const pick = (unit: string) => chosen.select({ unit });
  const pro = new WordList(icons, pick, signal, point);
  const contra = new WordList(icons, pick, signal, point);
  const headings = [heading("for"), heading("against")] as const;
  const told = element("div", { class: "lucid-quiet", "aria-live": "polite" });
  const sums = element("div", { class: "lucid-quiet" });

  const update = () => {
    for (const control of controls) control.update(frame.isLive);
    input.update();
    predictions.update(context, frame.isLive);
    fetchParts().catch((error) => frame.complain(error));
    const layer = state.text("layer");
    const held = parts();
    const { position } = photo;
    const here = position && held ? held.at(position) : totals(context);
    const [strongest, against] = ranked(here, SHOWN);
    const word = ({ channel, value }: { channel: number; value: number }): Word => ({
      unit: `${layer}:${channel}`,
      value,
      text: `${channel}`,
    });
    const most = largest([...strongest, ...against].map(({ value }) => value));
    pro.update(strongest.map(word), chosen.unit, most);
    contra.update(against.map(word), chosen.unit, most);
    const ahead = ranked(totals(context), AHEAD / 2).flat();
    icons.want(
      pro,
      [...strongest, ...against, ...ahead].map((one) => word(one).unit),
    );
    const [first = "", second] = state.texts("sides");
    setText(headings[0].text, first && `for ${first}`);
    setText(headings[1].text, first && (second ? `for ${second}` : `against ${first}`));
    for (const { node } of headings) node.hidden = !first;

    const unit = pointed ?? chosen.unit;
    const channel = channelOf(unit, layer);
    const own = channel === null ? null : (held?.map(channel) ?? null);
    const map = own ?? places(context);
    photo.update({ cells: map.length ? signedCells(map, largest(map)) : null });
    photo.node.classList.toggle("lucid-photo-pale", map.length > 0);
    setText(told, describe(context, position, own ? unit : null, map));
    setText(sums, sumText(context));
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "attribution-explorer",
      hint: "point at a place or a channel, a click stays, Escape: the whole photo",
      traits: TRAITS,
    },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  atEnd(signal, () => icons.want(pro, []));
  frame.content.append(
    bar(...controls, input),
    predictions.node,
    element(
      "div",
      { class: "lucid-beside" },
      element("div", { class: "lucid-photo-column" }, photo.node, told, sums),
      element(
        "div",
        { class: "lucid-sides" },
        element("div", {}, headings[0].node, pro.node),
        element("div", {}, headings[1].node, contra.node),
      ),
    ),
  );
}

/** The classes that the model sees most: a press asks about one of them. */
class Predictions {
  readonly node = element("div", { class: "lucid-bar lucid-predictions" });
  #shown = "";

  constructor(ask: (label: string) => void, signal: AbortSignal) {
    this.node.addEventListener(
      "click",
      ({ target }) => {
        const button = target instanceof Element ? target.closest("button") : null;
        const isOff = button?.getAttribute("aria-disabled") === "true";
        if (button?.dataset.label && !isOff) ask(button.dataset.label);
      },
      { signal },
    );
  }

  update({ state }: Context, isLive: boolean): void {
    const classes = state.list("predictions").map((one): readonly [string, number] => {
      const [name, share]: unknown[] = Array.isArray(one) ? one : [];
      return [String(name), typeof share === "number" ? share : 0];
    });
    const key = JSON.stringify(classes);
    if (key !== this.#shown) {
      this.#shown = key;
      this.node.replaceChildren(
        ...(classes.length ? ["The model sees"] : []),
        ...classes.map(([name, share]) => {
          const text = `${name} ${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
          const button = element("button", { type: "button" }, text);
          button.className = "lucid-button lucid-prediction";
          button.dataset.label = name;
          return button;
        }),
      );
    }
    const [first] = state.texts("sides");
    for (const button of this.node.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.label === first));
      button.setAttribute("aria-disabled", String(!isLive));
    }
  }
}

function heading(side: "for" | "against") {
  const text = element("span");
  const colour = element("span", { class: `lucid-colour lucid-colour-${side}` });
  return { node: element("div", { class: "lucid-side" }, colour, text), text };
}

function keptParts({ state }: Context): Contributions | null {
  return Contributions.read(
    Uint32Array.from(state.numbers("kept_channels")),
    state.bytes("kept_scales"),
    state.bytes("kept_values"),
    gridOf(state),
  );
}

function totals({ state }: Context) {
  const values = floats(state.bytes("totals"));
  return Array.from(values, (value, channel) => ({ channel, value }));
}

function places({ state }: Context): Float32Array {
  return floats(state.bytes("places"));
}

function floats(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  return new Float32Array(bytes.slice(0, bytes.length - (bytes.length % 4)).buffer);
}

/** The channel of a unit of this layer; null for any other. */
function channelOf(unit: string | null, layer: string): number | null {
  const number = unit?.startsWith(`${layer}:`) ? unit.slice(layer.length + 1) : "";
  return /^\d+$/.test(number) ? Number(number) : null;
}

function describe(
  { state }: Context,
  position: Position | null,
  unit: string | null,
  map: Float32Array,
): string {
  const done = state.number("done") ?? 0;
  if (state.text("status") === "working" && done > 0 && done < 1)
    return `${Math.round(100 * done)} % computed`;
  if (!map.length) return "";
  const sum = (values: Float32Array) => values.reduce((total, one) => total + one, 0);
  const [, columns] = gridOf(state);
  const whose = unit ? `map of ${unit}` : "map of all channels";
  const value = position ? map[position[0] * columns + position[1]] : sum(map);
  const where = position ? `row ${position[0]}, column ${position[1]}` : "whole photo";
  return `${whose} · ${where}: ${signed(value ?? 0)}`;
}

/** What contributions are parts of, and whether they add up. */
function sumText({ state }: Context): string {
  const all = floats(state.bytes("totals"));
  if (!all.length) return "";
  const sum = all.reduce((total, one) => total + one, 0);
  const delta = state.number("delta") ?? -1;
  const off =
    delta < 0 ? "to first order" : `complete to ${(100 * delta).toPrecision(2)} %`;
  const value = (state.number("value") ?? 0).toPrecision(3);
  return `value ${value}, contributions add up to ${signed(sum)}: ${off}`;
}

export default widget(show);
