/** SemanticDictionary: a photo, and the strongest channels where one looks, as icons. */

import { atEnd } from "../at_end.js";
import "../base/photo.css";
import { bar, layerChoice, slider } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { PhotoInput } from "../base/photo_input.js";
import { gridOf, PhotoView } from "../base/photo_view.js";
import type { State } from "../base/state.js";
import { type Context, widget } from "../base/widget.js";
import { element, setText } from "../element.js";
import { type Word, WordList } from "../icons/word_list.js";
import type { Position } from "../widget_protocol.js";

const TRAITS = [
  "layer",
  "layers",
  "top_k",
  "photo",
  "photo_size",
  "grid",
  "words",
  "channels",
  "values",
  "overall",
];

/** Icons of other places that are fetched ahead, while nothing else is wanted. */
const AHEAD = 24;
const MAX_TOP = 12;

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, icons } = context;
  const layer = layerChoice(context, signal);
  const top = slider(
    context,
    { name: "top_k", label: "Channels", min: 1, max: MAX_TOP, step: 1 },
    signal,
  );
  const photo = new PhotoView(context, () => frame.redraw(), signal);
  const words = new WordList(icons, (unit) => chosen.select({ unit }), signal);
  const where = element("div", { class: "lucid-quiet", "aria-live": "polite" });

  const update = () => {
    photo.update();
    const { position } = photo;
    const here = wordsAt(state, position);
    words.update(here, chosen.unit);
    setText(where, here.length ? describe(position, here) : "");
    const ahead = here.length ? vocabulary(state) : [];
    icons.want(photo, [...here.map(({ unit }) => unit), ...ahead]);
    input.update();
    for (const control of [layer, top]) control.update(frame.isLive);
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "semantic-dictionary",
      hint: "hover or arrow keys look at a place, a click stays",
      traits: TRAITS,
    },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  atEnd(signal, () => icons.want(photo, []));
  frame.content.append(
    bar(layer, top, input),
    element(
      "div",
      { class: "lucid-beside" },
      element("div", { class: "lucid-photo-column" }, photo.node),
      words.node,
    ),
    where,
  );
}

function describe(position: Position | null, words: readonly Word[]): string {
  const place = position
    ? `row ${position[0]}, column ${position[1]}`
    : "mean over the whole photo";
  return `${place}: ${words.map(({ unit }) => unit).join(", ")}`;
}

/** The strongest channels at a position; without one, of the whole photo. */
function wordsAt(state: State, position: Position | null): readonly Word[] {
  const layer = state.text("layer");
  const top = state.number("top_k") ?? 4;
  if (!position) {
    const values = state.numbers("overall_values");
    return state
      .numbers("overall")
      .slice(0, top)
      .map((channel, i) => ({ unit: `${layer}:${channel}`, value: values[i] ?? 0 }));
  }
  const [, columns] = gridOf(state);
  const words = state.number("words") ?? 0;
  const start = (position[0] * columns + position[1]) * words;
  const channels = view(state.bytes("channels"));
  const values = view(state.bytes("values"));
  const found: Word[] = [];
  for (let i = start; i < start + Math.min(top, words); i++) {
    if (2 * i + 2 > channels.byteLength || 4 * i + 4 > values.byteLength) break;
    const channel = channels.getUint16(2 * i, true);
    const value = values.getFloat32(4 * i, true);
    found.push({ unit: `${layer}:${channel}`, value });
  }
  return found;
}

/** The channels that are strongest at the most places: their icons come ahead. */
function vocabulary(state: State): readonly string[] {
  const layer = state.text("layer");
  const words = state.number("words") ?? 0;
  const channels = view(state.bytes("channels"));
  const counts = new Map<number, number>();
  for (let i = 0; words > 0 && 2 * i + 2 <= channels.byteLength; i += words) {
    const channel = channels.getUint16(2 * i, true);
    counts.set(channel, (counts.get(channel) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, AHEAD)
    .map(([channel]) => `${layer}:${channel}`);
}

function view(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export default widget(show);
