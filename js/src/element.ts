/** Makes DOM elements: `element("span", { class: "lucid-step" }, "step 3")`. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Sets text only when it differs, so that screen readers hear a change once. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
