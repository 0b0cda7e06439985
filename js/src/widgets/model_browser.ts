/** ModelBrowser: a network as a picture, the layer chosen in it, and its channels. */

import { bar, choice } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import { OwnChoice } from "../base/own_choice.js";
import { type Context, widget } from "../base/widget.js";
import "../base/base.css";
import "../diagram/diagram.css";
import {
  boxOf,
  type DiagramBox,
  readBoxes,
  readLines,
} from "../diagram/diagram_geometry.js";
import { DiagramView, type Picture } from "../diagram/diagram_view.js";
import { element, setText } from "../element.js";
import { TileGrid } from "../icons/tile_grid.js";

const TRAITS = ["layer", "layers", "depth", "shape", "boxes", "lines", "size"];
const NOTHING = "–";
/** Tiles for more channels would help nobody. */
const MOST = 4096;

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, questions } = context;
  const picked = new OwnChoice<string>(state, ["layer"], () => frame.redraw(), signal);

  const pick = (box: DiagramBox) => {
    // What takes the images is no layer of the network: nobody need be asked.
    const isLayer = box.kind !== "input";
    const answer = isLayer
      ? questions.change("layer", box.name)
      : Promise.resolve(null);
    void picked.make(box.name, answer);
  };

  const diagram = new DiagramView(pick, signal);
  const layers = choice(
    context,
    { name: "layer", label: "Layer" },
    () => layerOptions(context),
    signal,
  );
  const facts = new Facts();
  const count = element("span", { class: "lucid-quiet" });
  const channels = new TileGrid(
    "channels",
    context.icons,
    (unit) => chosen.select({ unit }),
    signal,
  );

  let picture: Picture = { boxes: [], lines: [], width: 0, height: 0 };
  let read: unknown = null;
  const update = () => {
    const given = state.value("boxes");
    if (given !== read) {
      read = given;
      picture = readPicture(context);
    }
    const layer = picked.value ?? state.text("layer");
    const number = boxOf(picture.boxes, layer);
    const box = picture.boxes[number];
    diagram.update(picture, number);
    layers.update(frame.isLive);
    const isSettled =
      picked.value === undefined || picked.value === state.text("layer");
    const isOwn = box?.name === layer;
    const known = isSettled ? state.list("shape") : [];
    const own = isOwn ? box.depth : null;
    facts.update(box, known.length ? known : isOwn ? box.shape : []);
    const depth = isSettled ? state.number("depth") : own;
    const isReadable = depth !== null && box?.kind !== "input";
    const length = isReadable ? Math.max(0, Math.min(Math.floor(depth), MOST)) : 0;
    const numbers = [...Array(length).keys()];
    setText(count, numbers.length === 1 ? "1 channel" : `${numbers.length} channels`);
    channels.update(
      numbers.map((number) => ({
        unit: `${layer}:${number}`,
        caption: `${number}`,
        label: `${layer}:${number}`,
      })),
      chosen.unit,
    );
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "model-browser", hint: "arrow keys choose a layer", traits: TRAITS },
    update,
    signal,
  );
  frame.content.append(
    element(
      "div",
      { class: "lucid-browser" },
      diagram.node,
      element(
        "div",
        { class: "lucid-browser-side" },
        bar(layers, count),
        facts.node,
        channels.node,
      ),
    ),
  );
}

/** What is known about the chosen layer. */
class Facts {
  readonly node = element("dl", { class: "lucid-facts" });
  readonly #values = new Map<string, HTMLElement>();

  constructor() {
    const names = ["kind", "shape", "stride", "receptive field", "operations"];
    for (const name of names) {
      const value = element("dd");
      this.#values.set(name, value);
      this.node.append(element("div", {}, element("dt", {}, name), value));
    }
  }

  update(box: DiagramBox | undefined, shape: readonly unknown[]): void {
    this.#set("kind", box ? box.kind : NOTHING);
    const sizes = shape.map((length) => (typeof length === "number" ? length : "any"));
    this.#set("shape", sizes.join(" × ") || NOTHING);
    this.#set("stride", box?.stride ? `${box.stride} px` : NOTHING);
    this.#set("receptive field", box?.field ? `${box.field} px` : NOTHING);
    this.#set("operations", box?.members.join(", ") || NOTHING);
  }

  #set(name: string, text: string): void {
    const value = this.#values.get(name);
    if (value) setText(value, text);
  }
}

function layerOptions({ state }: Context): readonly (readonly [string, string])[] {
  const layers = state.texts("layers");
  const layer = state.text("layer");
  const all = layers.includes(layer) ? layers : [layer, ...layers];
  return all.map((name) => [name, name] as const);
}

function readPicture({ state }: Context): Picture {
  const [width, height] = state.numbers("size");
  return {
    boxes: readBoxes(state.list("boxes")),
    lines: readLines(state.list("lines")),
    width: width ?? 0,
    height: height ?? 0,
  };
}

export default widget(show);
