/**
 * Is there a kernel behind the widget, and messages to it.
 *
 * No single sign is enough. ipywidgets marks a view with a class when its model has
 * no comm, and when the user restarts the kernel; it stays silent when a kernel is
 * shut down or dies on its own. JupyterLab's kernel object tells those, but other
 * front ends have none. So both are watched, and a `send` that throws is the last sign.
 * A comm does not survive its kernel: what is lost stays lost, until the cell runs again.
 */

import type { AnyModel } from "@anywidget/types";
import { atEnd } from "./at_end.js";
import type { KernelMessage } from "./protocol.js";
import type { WidgetMessage } from "./widget_protocol.js";

/**
 * - `live`: as far as we know;
 * - `connecting`: the line is down, the kernel may still be there;
 * - `lost`: the kernel that made this widget is gone;
 * - `absent`: there never was one: a saved notebook.
 */
export type KernelState = "live" | "connecting" | "lost" | "absent";

const DISCONNECTED_CLASS = "jupyter-widgets-disconnected";
const GONE = ["restarting", "autorestarting", "terminating", "dead"];

export class Connection extends EventTarget {
  readonly #model: AnyModel;
  #state: KernelState = "live";
  #heard = false;

  constructor(model: AnyModel, signal: AbortSignal) {
    super();
    this.#model = model;
    this.#watchKernel(signal);
  }

  get state(): KernelState {
    return this.#state;
  }

  /** Sends if somebody may hear it. */
  send(message: KernelMessage | WidgetMessage, buffers: ArrayBuffer[] = []): void {
    if (this.#state === "lost" || this.#state === "absent") return;
    try {
      if (buffers.length) this.#model.send(message, undefined, buffers);
      else this.#model.send(message);
    } catch {
      this.#become("lost"); // JupyterLab refuses to send on the comm of a dead kernel
    }
  }

  /** A message came: there is, or was, a kernel. */
  heard(): void {
    this.#heard = true;
    if (this.#state === "absent") this.#become("live");
  }

  /** Watches the class that ipywidgets sets on the element of a view. */
  watchView(el: HTMLElement, signal: AbortSignal): void {
    const look = (gone: KernelState) => {
      if (!el.classList.contains(DISCONNECTED_CLASS)) return;
      if (this.#state === "live" || this.#state === "connecting") this.#become(gone);
    };
    look(this.#heard ? "lost" : "absent");
    const observer = new MutationObserver(() => look("lost"));
    observer.observe(el, { attributeFilter: ["class"] });
    atEnd(signal, () => observer.disconnect());
  }

  onChange(callback: () => void, signal: AbortSignal): void {
    this.addEventListener("change", callback, { signal });
  }

  #become(state: KernelState): void {
    if (this.#state === state) return;
    const isBack = this.#state === "connecting" && state === "live";
    this.#state = state;
    if (isBack) this.send({ kind: "ready" }); // what was sent meanwhile is lost
    this.dispatchEvent(new Event("change"));
  }

  #watchKernel(signal: AbortSignal): void {
    const kernel = property(this.#model.widget_manager, "kernel");
    listen(property(kernel, "statusChanged"), signal, (status) => {
      if (GONE.some((gone) => gone === status)) this.#become("lost");
    });
    listen(property(kernel, "connectionStatusChanged"), signal, (status) => {
      if (this.#state === "lost" || this.#state === "absent") return;
      this.#become(status === "connected" ? "live" : "connecting");
    });
    listen(property(kernel, "disposed"), signal, () => this.#become("lost"));
  }
}

/** A signal of Lumino, the library below JupyterLab. */
interface LuminoSignal {
  connect(slot: (sender: unknown, value: unknown) => void): unknown;
  disconnect(slot: (sender: unknown, value: unknown) => void): unknown;
}

function property(source: unknown, name: string): unknown {
  return typeof source === "object" && source !== null
    ? Reflect.get(source, name)
    : undefined;
}

function isLuminoSignal(value: unknown): value is LuminoSignal {
  return (
    typeof property(value, "connect") === "function" &&
    typeof property(value, "disconnect") === "function"
  );
}

function listen(
  source: unknown,
  signal: AbortSignal,
  callback: (value: unknown) => void,
): void {
  if (!isLuminoSignal(source)) return;
  const slot = (_sender: unknown, value: unknown) => callback(value);
  source.connect(slot);
  atEnd(signal, () => source.disconnect(slot));
}
