/** DeepDream: a photo that dreams, and grows while its settings change. */

import "./deepdream.css";
import { bar, layerChoice, slider, textField } from "../base/controls.js";
import { FileImage } from "../base/file_image.js";
import { WidgetFrame } from "../base/frame.js";
import { NewestFile } from "../base/newest_file.js";
import { PhotoInput } from "../base/photo_input.js";
import { Replay } from "../base/replay.js";
import { type Context, widget } from "../base/widget.js";
import { element, setText } from "../element.js";

const SLIDERS = [
  { name: "octaves", label: "Octaves", min: 1, max: 8, step: 1 },
  { name: "octave_scale", label: "Scale", min: 1.1, max: 2, step: 0.1 },
  { name: "n_steps", label: "Updates", min: 1, max: 100, step: 1 },
  { name: "step_size", label: "Learning rate", min: 0.001, max: 0.05, step: 0.001 },
  { name: "jitter", label: "Jitter", min: 0, max: 64, step: 1 },
] as const;

const TRAITS = [
  "layer",
  "layers",
  "target",
  ...SLIDERS.map(({ name }) => name),
  "photo",
  "version",
  "done",
  "sheet",
  "moments",
  "moment_sizes",
];

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, questions } = context;
  const newest = new NewestFile(context, "dream");
  const replay = new Replay(context, () => frame.redraw(), signal);
  const controls = [
    layerChoice(context, signal),
    textField(
      context,
      { name: "target", label: "Only", hint: "a channel, such as 30" },
      signal,
    ),
    ...SLIDERS.map((settings) => slider(context, settings, signal)),
  ];
  const buttons = (
    [
      ["Again", "again"],
      ["More", "more"],
    ] as const
  ).map(([text, name]) => {
    const button = element("button", { type: "button", class: "lucid-button" }, text);
    button.addEventListener(
      "click",
      () => {
        if (button.getAttribute("aria-disabled") === "true") return;
        frame.complain("");
        questions.ask(name).catch(() => {}); // told by the kernel's own error
      },
      { signal },
    );
    return button;
  });
  const none = element("p", {}, "Choose a photo, paste one, or drop one here.");
  const dream = new FileImage("", signal);
  const photo = new FileImage("", signal);
  photo.node.alt = "the photo";
  const told = element("div", { class: "lucid-quiet", "aria-live": "polite" });
  const beside = element(
    "div",
    { class: "lucid-beside" },
    element("div", { class: "lucid-dream" }, dream.node, replay.node),
    element("div", { class: "lucid-awake" }, photo.node, told),
  );

  const update = () => {
    const file = state.bytes("photo");
    const done = state.number("done") ?? 0;
    for (const control of controls) control.update(frame.isLive);
    for (const button of buttons) {
      const isOff = !frame.isLive || !file.length;
      button.setAttribute("aria-disabled", String(isOff));
    }
    input.update();
    newest.update(frame);
    replay.update();
    none.hidden = file.length > 0;
    beside.hidden = !file.length;
    photo.show(file);
    const kept = state.bytes("sheet");
    dream.show(replay.file ?? newest.bytes ?? (kept.length ? kept : file));
    dream.node.alt = state.text("title");
    setText(told, done < 1 && file.length ? `${Math.round(100 * done)} %` : "");
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "deepdream",
      hint: "layer, learning rate and jitter act on the running dream",
      traits: TRAITS,
    },
    update,
    signal,
  );
  const input = new PhotoInput(frame, context, signal);
  frame.content.append(bar(...controls, ...buttons, input), none, beside);
}

export default widget(show);
