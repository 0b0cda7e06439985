/** What went wrong, below the picture: the useful line first, the rest folded. */

import { element, setText } from "../element.js";

export class ErrorPane {
  readonly #first = element("strong", { class: "lucid-error-first" });
  readonly #rest = element("pre", { class: "lucid-error-rest", tabindex: "0" });
  readonly #details = element(
    "details",
    {},
    element("summary", {}, "details"),
    this.#rest,
  );
  /** In the page from the start, so that screen readers notice when text comes. */
  readonly node = element("div", { class: "lucid-error", role: "alert" });

  /** An empty text hides the pane. */
  update(text: string): void {
    const [first = "", ...rest] = text.trim().split("\n");
    const details = rest.join("\n").trim();
    setText(this.#first, first);
    setText(this.#rest, details);
    this.#details.hidden = !details;
    if (!first) this.node.replaceChildren();
    else if (!this.node.firstChild) this.node.append(this.#first, this.#details);
  }
}
