/** Play or Pause, Step, Reset, Save: the buttons below the picture. */

import type { KernelState } from "../connection.js";
import { element, setText } from "../element.js";
import type { Command } from "../protocol.js";
import type { Status } from "../traits.js";

export type ButtonName = "play" | "step" | "reset" | "save";

export interface TransportState {
  readonly status: Status;
  readonly kernel: KernelState;
  readonly hasPicture: boolean;
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
  const { status, kernel, hasPicture } = state;
  const canAsk = kernel === "live" && status !== "closed";
  return {
    play: canAsk,
    step: canAsk && !isActive(status),
    reset: canAsk,
    save: hasPicture,
  };
}

const TOOLTIPS: Readonly<Record<ButtonName, string>> = {
  play: "Run the optimization, or hold it where it is",
  step: "Do one step and stop",
  reset: "Start again at step 0 with a new image",
  save: "Download the picture as a PNG file",
};
const NO_KERNEL_TOOLTIP = "needs a running kernel: run the cell again";

export class Transport {
  readonly node: HTMLElement;
  readonly #buttons: Readonly<Record<ButtonName, HTMLButtonElement>>;
  #isActive = false;

  constructor(
    onCommand: (command: Command) => void,
    onSave: () => void,
    signal: AbortSignal,
  ) {
    this.#buttons = {
      play: button("Play"),
      step: button("Step"),
      reset: button("Reset"),
      save: button("Save"),
    };
    const { play, step, reset, save } = this.#buttons;
    this.node = element(
      "div",
      { class: "lucid-transport", role: "group", "aria-label": "run" },
      play,
      step,
      reset,
      save,
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
  }

  update(state: TransportState): void {
    this.#isActive = state.kernel === "live" && isActive(state.status);
    setText(this.#buttons.play, this.#isActive ? "Pause" : "Play");
    const enabled = enabledButtons(state);
    for (const name of ["play", "step", "reset", "save"] as const) {
      const target = this.#buttons[name];
      // Not `disabled`: that would take the keyboard focus away while a step runs.
      target.setAttribute("aria-disabled", String(!enabled[name]));
      const needsKernel = name !== "save" && state.kernel !== "live";
      target.title = needsKernel ? NO_KERNEL_TOOLTIP : TOOLTIPS[name];
    }
  }
}

function button(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "lucid-button" }, label);
}
