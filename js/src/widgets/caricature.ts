/** Caricature: a photo, and beside it what layers make of it, growing. */

import "./caricature.css";
import { bar, slider } from "../base/controls.js";
import { FileImage } from "../base/file_image.js";
import { WidgetFrame } from "../base/frame.js";
import { NewestFile } from "../base/newest_file.js";
import { OwnChoice } from "../base/own_choice.js";
import { PhotoInput } from "../base/photo_input.js";
import { Replay } from "../base/replay.js";
import { type Context, widget } from "../base/widget.js";
import { element, setText } from "../element.js";

const TRAITS = [
  "strip",
  "layers",
  "cossim_pow",
  "photo",
  "photo_size",
  "version",
  "done",
  "sheet",
  "moments",
  "moment_sizes",
  "shown",
];
const MAX_LAYERS = 6;

/** One picture of the strip, with its name. */
class Picture {
  readonly #image: FileImage;
  readonly #frame: HTMLElement;
  readonly #name = element("span");
  readonly #remove = element(
    "button",
    { type: "button", class: "lucid-button lucid-remove" },
    "×",
  );
  readonly node: HTMLElement;

  constructor(remove: () => void, signal: AbortSignal) {
    this.#image = new FileImage("", signal);
    this.#frame = element("div", { class: "lucid-strip-picture" }, this.#image.node);
    this.#remove.addEventListener(
      "click",
      () => {
        if (this.#remove.getAttribute("aria-disabled") !== "true") remove();
      },
      { signal },
    );
    const line = element("div", { class: "lucid-strip-line" });
    line.append(this.#name, this.#remove);
    this.node = element("div", {}, this.#frame, line);
  }

  update(
    file: Uint8Array<ArrayBuffer>,
    [column, columns]: readonly [number, number],
    { name, ratio, mayGo }: { name: string; ratio: number; mayGo: boolean | null },
  ): void {
    this.#image.show(file);
    this.#image.node.alt = name;
    const { style } = this.#frame;
    style.setProperty("--lucid-ratio", `${ratio}`);
    style.setProperty("--lucid-column", `${column}`);
    style.setProperty("--lucid-columns", `${columns}`);
    setText(this.#name, name);
    this.#remove.hidden = mayGo === null;
    this.#remove.setAttribute("aria-disabled", String(!mayGo));
    this.#remove.setAttribute("aria-label", `remove ${name}`);
  }
}

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, questions } = context;
  const newest = new NewestFile(context, "strip");
  const replay = new Replay(context, () => frame.redraw(), signal);

  const own = new OwnChoice<readonly string[]>(
    state,
    ["strip"],
    () => frame.redraw(),
    signal,
  );
  const strip = () => own.value ?? state.texts("strip");
  const want = (layers: readonly string[]) =>
    void own.make(layers, questions.change("strip", layers));

  const power = slider(
    context,
    { name: "cossim_pow", label: "Closer to the photo", min: 0, max: 2, step: 0.1 },
    signal,
  );
  const add = element("select", { class: "lucid-input" });
  add.addEventListener(
    "change",
    () => {
      if (add.value) want([...strip(), add.value]);
      add.value = "";
    },
    { signal },
  );
  let offered = "";
  const offer = () => {
    const rest = state.texts("layers").filter((name) => !strip().includes(name));
    const key = JSON.stringify(rest);
    add.disabled = !frame.isLive || strip().length >= MAX_LAYERS;
    if (key === offered) return;
    offered = key;
    add.replaceChildren(
      element("option", { value: "" }, "layer…"),
      ...rest.map((value) => element("option", { value }, value)),
    );
  };
  const none = element("p", {}, "Choose a photo, paste one, or drop one here.");
  const row = element("div", { class: "lucid-strip" });
  const photo = new Picture(() => {}, signal);
  let pictures: readonly Picture[] = [];
  const told = element("div", { class: "lucid-quiet", "aria-live": "polite" });

  const update = () => {
    input.update();
    power.update(frame.isLive);
    offer();
    newest.update(frame);
    replay.update();
    const file = state.bytes("photo");
    const [height = 0, width = 0] = state.numbers("photo_size");
    const ratio = height ? width / height : 1;
    none.hidden = file.length > 0;
    row.hidden = !file.length;
    photo.update(file, [0, 1], { name: "photo", ratio, mayGo: null });
    const layers = strip();
    if (pictures.length !== layers.length) {
      pictures = layers.map(
        (_, i) =>
          pictures[i] ??
          new Picture(() => want(strip().filter((_name, at) => at !== i)), signal),
      );
      row.replaceChildren(photo.node, ...pictures.map(({ node }) => node));
    }
    const { value } = newest;
    const drawn = Array.isArray(value) ? value.map(String) : state.texts("shown");
    const sheet = replay.file ?? newest.bytes ?? state.bytes("sheet");
    layers.forEach((name, i) => {
      const column = drawn.indexOf(name);
      const place = [Math.max(0, column), drawn.length || 1] as const;
      const mayGo = frame.isLive && layers.length > 1;
      const empty = new Uint8Array();
      pictures[i]?.update(column < 0 ? empty : sheet, place, { name, ratio, mayGo });
    });
    const percent = Math.round(100 * (state.number("done") ?? 0));
    setText(told, file.length && percent < 100 ? `${percent} % drawn` : "");
  };
  const frame = new WidgetFrame(
    el,
    context,
    { name: "caricature", hint: "0 exaggerates most", traits: TRAITS },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  frame.content.append(
    bar(element("label", { class: "lucid-field" }, "Add ", add), power, input),
    none,
    row,
    replay.node,
    told,
  );
}

export default widget(show);
