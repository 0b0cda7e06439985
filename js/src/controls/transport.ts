/** The buttons below the picture: those that drive the run, those that take it away. */

import { atEnd } from "../at_end.js";
import type { KernelState } from "../connection.js";
import { element, setText } from "../element.js";
import type { Command } from "../protocol.js";
import type { Status } from "../traits.js";

export type ButtonName = "play" | "step" | "reset" | "save" | "copy" | "code";

export interface TransportState {
  readonly status: Status;
  readonly kernel: KernelState;
  readonly hasPicture: boolean;
  readonly hasCode: boolean;
}

export function isActive(status: Status): boolean {
  return status === "running" || status === "preparing";
}

/**
 * Which buttons do something. Pure.
 *
 * A finished run can be played (again from step 0) and stepped (one step more).
 */
export function enabledButtons(
  state: TransportState,
): Readonly<Record<ButtonName, boolean>> {
  const { status, kernel, hasPicture, hasCode } = state;
  const canAsk = kernel === "live" && status !== "closed";
  return {
    play: canAsk,
    step: canAsk && !isActive(status),
    reset: canAsk,
    save: hasPicture,
    copy: hasPicture,
    code: hasCode && !(kernel === "live" && isActive(status)),
  };
}

const TOOLTIPS: Readonly<Record<ButtonName, string>> = {
  play: "Run the optimization, or hold it where it is",
  step: "Do one step and stop",
  reset: "Start again at step 0 with a new image",
  save: "Download the picture as a PNG file; it can be dragged out, too",
  copy: "Copy the picture to the clipboard",
  code: "Copy the Python program that makes this picture; it is ready at rest",
};
const NO_KERNEL_TOOLTIP = "needs a running kernel: run the cell again";

export class Transport {
  readonly node: HTMLElement;
  readonly #buttons: Readonly<Record<ButtonName, HTMLButtonElement>>;
  #isActive = false;

  constructor(
    onCommand: (command: Command) => void,
    onSave: () => void,
    onCopy: () => Promise<boolean>,
    onCopyCode: () => Promise<boolean>,
    signal: AbortSignal,
  ) {
    this.#buttons = {
      play: button("Play"),
      step: button("Step"),
      reset: button("Reset"),
      save: button("Save"),
      copy: button("Copy"),
      code: button("Copy as code"),
    };
    const { play, step, reset, save, copy, code } = this.#buttons;
    const group = (name: string, ...children: Node[]) =>
      element(
        "div",
        { class: "lucid-transport", role: "group", "aria-label": name },
        ...children,
      );
    this.node = element(
      "div",
      { class: "lucid-line" },
      group("run", play, step, reset),
      group("picture", save, copy, code),
    );
    const onClick = (target: HTMLButtonElement, action: () => void) =>
      target.addEventListener(
        "click",
        () => {
          if (target.getAttribute("aria-disabled") !== "true") action();
        },
        { signal },
      );
    onClick(play, () => onCommand(this.#isActive ? "pause" : "play"));
    onClick(step, () => onCommand("step"));
    onClick(reset, () => onCommand("reset"));
    onClick(save, onSave);
    onClick(copy, () => void this.#copy(copy, onCopy, signal));
    onClick(code, () => void this.#copy(code, onCopyCode, signal));
  }

  async #copy(
    target: HTMLButtonElement,
    copy: () => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    const label = target === this.#buttons.code ? "Copy as code" : "Copy";
    setText(target, (await copy()) ? "Copied" : "Not copied");
    const timer = setTimeout(() => setText(target, label), TOLD_MS);
    atEnd(signal, () => clearTimeout(timer));
  }

  update(state: TransportState): void {
    this.#isActive = state.kernel === "live" && isActive(state.status);
    setText(this.#buttons.play, this.#isActive ? "Pause" : "Play");
    const enabled = enabledButtons(state);
    for (const name of BUTTONS) {
      const target = this.#buttons[name];
      // Not `disabled`: that would take the keyboard focus away while a step runs.
      target.setAttribute("aria-disabled", String(!enabled[name]));
      const needsKernel = NEED_KERNEL.has(name) && state.kernel !== "live";
      target.title = needsKernel ? NO_KERNEL_TOOLTIP : TOOLTIPS[name];
    }
  }
}

const BUTTONS = ["play", "step", "reset", "save", "copy", "code"] as const;
const NEED_KERNEL: ReadonlySet<ButtonName> = new Set(["play", "step", "reset"]);
/** The button says for so long how it went. */
const TOLD_MS = 1500;

function button(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "lucid-button" }, label);
}
