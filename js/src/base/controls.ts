/** Small labelled controls that ask the kernel to change a trait. */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";
import type { Json } from "../widget_protocol.js";
import { OwnChoice } from "./own_choice.js";
import type { Context } from "./widget.js";

/** A control that shows a trait, and asks for another value of it. */
export interface Control {
  readonly node: HTMLElement;
  /** Shows the trait as it is; `isLive` tells whether it can be changed. */
  update(isLive: boolean): void;
}

/** The line of controls above a widget's content. */
export function bar(...parts: readonly (Control | Node)[]): HTMLElement {
  const nodes = parts.map((part) => (part instanceof Node ? part : part.node));
  return element("div", { class: "lucid-bar" }, ...nodes);
}

/** Asks the kernel to change a trait. */
export function change(context: Context, name: string, value: Json): void {
  context.connection.send({ kind: "change", name, value });
}

/** A trait of which the person's own newest choice is shown until it is confirmed. */
function ownTrait<T extends Json>(context: Context, name: string, signal: AbortSignal) {
  const own = new OwnChoice<T>(context.state, [name], () => {}, signal);
  return {
    get value(): T | undefined {
      return own.value;
    },
    change(value: T) {
      void own.make(value, context.questions.change(name, value));
    },
  };
}

/** A drop-down list of texts. `options` gives value and label of each. */
export function choice(
  context: Context,
  { name, label }: { name: string; label: string },
  options: () => readonly (readonly [value: string, label: string])[],
  signal: AbortSignal,
): Control {
  const select = element("select", { class: "lucid-input" });
  const node = element("label", { class: "lucid-field" }, `${label} `, select);
  let shown = "";
  const own = ownTrait<string>(context, name, signal);
  select.addEventListener("change", () => own.change(select.value), { signal });
  return {
    node,
    update(isLive) {
      const wanted = options();
      const key = JSON.stringify(wanted);
      if (key !== shown) {
        shown = key;
        select.replaceChildren(
          ...wanted.map(([value, text]) => element("option", { value }, text)),
        );
      }
      const value = own.value ?? context.state.text(name);
      if (select.value !== value) select.value = value;
      select.disabled = !isLive;
    },
  };
}

/** The choice of a layer, in every widget that has `layer` and `layers`. */
export function layerChoice(context: Context, signal: AbortSignal): Control {
  const layers = () =>
    context.state.texts("layers").map((name) => [name, name] as const);
  return choice(context, { name: "layer", label: "Layer" }, layers, signal);
}

/** A field for text, which is sent a moment after the last key. */
export function textField(
  context: Context,
  { name, label, hint }: { name: string; label: string; hint: string },
  signal: AbortSignal,
): Control {
  const input = element("input", {
    type: "search",
    class: "lucid-input",
    placeholder: hint,
    maxlength: "200",
  });
  const node = element("label", { class: "lucid-field" }, `${label} `, input);
  let timer: ReturnType<typeof setTimeout> | undefined;
  atEnd(signal, () => clearTimeout(timer));
  input.addEventListener(
    "input",
    () => {
      clearTimeout(timer);
      timer = setTimeout(() => change(context, name, input.value), 150);
    },
    { signal },
  );
  return {
    node,
    update(isLive) {
      const value = context.state.text(name);
      // What is being typed is newer than what the kernel knows.
      if (document.activeElement !== input && input.value !== value)
        input.value = value;
      input.disabled = !isLive;
    },
  };
}

/** A check box for a trait that is true or false. */
export function checkBox(
  context: Context,
  { name, label }: { name: string; label: string },
  signal: AbortSignal,
): Control {
  const input = element("input", { type: "checkbox" });
  const node = element("label", { class: "lucid-field" }, input, ` ${label}`);
  const own = ownTrait<boolean>(context, name, signal);
  input.addEventListener("change", () => own.change(input.checked), { signal });
  return {
    node,
    update(isLive) {
      input.checked = own.value ?? context.state.flag(name);
      input.disabled = !isLive;
    },
  };
}

/** A slider for a number; the number stands beside it. */
export function slider(
  context: Context,
  {
    name,
    label,
    min,
    max,
    step,
  }: { name: string; label: string; min: number; max: number; step: number },
  signal: AbortSignal,
): Control {
  const input = element("input", {
    type: "range",
    min: `${min}`,
    max: `${max}`,
    step: `${step}`,
  });
  const shown = element("output", { class: "lucid-figure" });
  const node = element("label", { class: "lucid-field" }, `${label} `, input, shown);
  const own = ownTrait<number>(context, name, signal);
  input.addEventListener("input", () => own.change(input.valueAsNumber), { signal });
  return {
    node,
    update(isLive) {
      const value = own.value ?? context.state.number(name) ?? min;
      if (document.activeElement !== input) input.value = `${value}`;
      shown.textContent = `${value}`;
      input.disabled = !isLive;
    },
  };
}
