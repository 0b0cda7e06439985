/**
 * What every widget has around its own content: a line that says what is going on,
 * the badge of a dead kernel, the error pane; and the poster, hidden while it works.
 */

import { atEnd } from "../at_end.js";
import { ErrorPane } from "../controls/error_pane.js";
import { keepOurKeys } from "../controls/shortcuts.js";
import { element, setText } from "../element.js";
import { hidePoster } from "../poster_output.js";
import type { Context } from "./widget.js";

const ABSENT = "no kernel: showing what was saved";

export class WidgetFrame {
  /** Where the widget puts its own content. */
  readonly content = element("div", { class: "lucid-content" });
  readonly node: HTMLElement;
  readonly #context: Context;
  readonly #status = element("span", { class: "lucid-status", role: "status" });
  readonly #badge = element("span", { class: "lucid-badge" }, "disconnected");
  readonly #hint = element("span", { class: "lucid-hint" });
  readonly #errorPane = new ErrorPane();
  readonly #el: HTMLElement;
  readonly #update: () => void;
  #isDue = false;
  #showPoster: (() => void) | null = null;

  /**
   * Mounts the frame; `update` brings the content up to date, and is called once per
   * animation frame after anything has changed: traits, icons, the connection.
   */
  constructor(
    el: HTMLElement,
    context: Context,
    { name, hint, traits }: { name: string; hint: string; traits: readonly string[] },
    update: () => void,
    signal: AbortSignal,
  ) {
    this.#el = el;
    this.#context = context;
    this.#update = update;
    setText(this.#hint, hint);
    const line = element(
      "div",
      { class: "lucid-line lucid-quiet" },
      this.#status,
      this.#badge,
      this.#hint,
    );
    this.node = element(
      "section",
      { class: `lucid-widget lucid-${name}` },
      this.content,
      line,
      this.#errorPane.node,
    );
    el.classList.add("lucid-widget-view");
    el.replaceChildren(this.node);
    keepOurKeys(this.node, signal);
    this.node.addEventListener(
      "keydown",
      ({ key, target }) => {
        const isText = target instanceof HTMLInputElement;
        if (key === "Escape" && !isText) context.chosen.clear();
      },
      { signal },
    );
    const { state, connection, icons, chosen } = context;
    connection.watchView(el, signal);
    const redraw = () => this.redraw();
    connection.onChange(redraw, signal);
    icons.onIcons(redraw, signal);
    chosen.onChange(redraw, signal);
    const common = ["status", "error", "notice", "title", "selection", "poster_id"];
    state.onChange([...common, ...traits], redraw, signal);
    atEnd(signal, () => {
      this.#isDue = true; // nothing is drawn any more
      this.#showPoster?.();
    });
    this.redraw();
  }

  /** Whether there is a kernel that may answer. */
  get isLive(): boolean {
    return this.#context.connection.state === "live";
  }

  redraw(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      if (!this.#isDue) return;
      this.#isDue = false;
      this.#draw();
    });
  }

  /** Shows what went wrong in the browser. */
  complain(error: unknown): void {
    this.#context.problem = error instanceof Error ? error.message : String(error);
    this.redraw();
  }

  #draw(): void {
    const { state, connection, problem } = this.#context;
    this.node.setAttribute("aria-label", state.text("title"));
    this.node.setAttribute("aria-busy", String(state.text("status") === "working"));
    this.#badge.hidden = connection.state !== "lost";
    setText(this.#status, this.#statusText());
    this.#errorPane.update(state.text("error") || problem);
    this.#update();
    if (!this.#showPoster) this.#followPoster();
  }

  #statusText(): string {
    const { state, connection } = this.#context;
    if (connection.state === "absent") return ABSENT;
    if (connection.state === "lost") return "the kernel stopped: run the cell again";
    if (connection.state === "connecting") return "waiting for the kernel…";
    const working = state.text("status") === "working" ? "computing…" : "";
    return [state.text("title"), working, state.text("notice")]
      .filter(Boolean)
      .join(" · ");
  }

  #followPoster(): void {
    const { state, connection, icons } = this.#context;
    const isUseful = connection.state !== "absent" || icons.size > 0;
    const id = state.text("poster_id");
    if (this.#el.isConnected && isUseful && id)
      this.#showPoster = hidePoster(this.#el, id);
  }
}
