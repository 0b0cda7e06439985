/**
 * A field for a class: names are offered while one types, and the kernel is told when
 * one has finished; so nothing is complained of that is only half written.
 */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";
import type { Control } from "./controls.js";
import { OwnChoice } from "./own_choice.js";
import type { Context } from "./widget.js";

let nextId = 0;

export function classField(
  context: Context,
  { name, label, hint }: { name: string; label: string; hint: string },
  signal: AbortSignal,
): Control {
  const { state, questions } = context;
  const id = `lucid-classes-${nextId++}`;
  const offers = element("datalist", { id });
  const input = element("input", {
    type: "search",
    class: "lucid-input",
    placeholder: hint,
    maxlength: "200",
    list: id,
    autocomplete: "off",
  });
  const node = element("label", { class: "lucid-field" }, `${label} `, input, offers);
  const own = new OwnChoice<string>(state, [name], () => {}, signal);
  let isTyping = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  atEnd(signal, () => clearTimeout(timer));

  const offer = async () => {
    const answer = await questions
      .ask("classes", { text: input.value })
      .catch(() => null);
    const names: readonly unknown[] = Array.isArray(answer?.value) ? answer.value : [];
    const texts = names.filter((one) => typeof one === "string");
    offers.replaceChildren(...texts.map((value) => element("option", { value })));
  };
  const tell = () => {
    clearTimeout(timer);
    input.removeAttribute("aria-invalid");
    isTyping = false;
    const answer = questions.change(name, input.value);
    void own.make(input.value, answer);
    answer.catch(() => {
      // What was refused stays, to be mended.
      isTyping = true;
      input.setAttribute("aria-invalid", "true");
    });
  };
  input.addEventListener(
    "input",
    () => {
      isTyping = true;
      clearTimeout(timer);
      if (!input.value) tell();
      else timer = setTimeout(offer, 100);
    },
    { signal },
  );
  const finish = () => isTyping && tell();
  input.addEventListener("change", finish, { signal });
  input.addEventListener("keydown", ({ key }) => key === "Enter" && finish(), {
    signal,
  });
  return {
    node,
    update(isLive) {
      const value = own.value ?? state.text(name);
      if (!isTyping && input.value !== value) input.value = value;
      input.disabled = !isLive;
    },
  };
}
