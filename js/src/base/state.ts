/**
 * Lenient access to the traits of a widget.
 *
 * Traits are state and may come from a saved notebook: a value of the wrong kind
 * counts as the default. Only the kernel writes them.
 */

import type { AnyModel } from "@anywidget/types";
import { atEnd } from "../at_end.js";
import { toBytes } from "../protocol.js";
import { type Position, parsePosition } from "../widget_protocol.js";

/** What is being looked at, in every widget: the mirror of `widgets/selection.py`. */
export interface Selection {
  readonly unit: string | null;
  readonly position: Position | null;
  readonly image: number | null;
}

export class State {
  readonly #model: AnyModel;
  readonly #read = new Map<
    string,
    { value: unknown; bytes: Uint8Array<ArrayBuffer> }
  >();

  constructor(model: AnyModel) {
    this.#model = model;
  }

  value(name: string): unknown {
    return this.#model.get(name);
  }

  text(name: string): string {
    const value = this.value(name);
    return typeof value === "string" ? value : "";
  }

  number(name: string): number | null {
    return asNumber(this.value(name));
  }

  flag(name: string): boolean {
    return this.value(name) === true;
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name);
    return Array.isArray(value) ? value : [];
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((value) => (typeof value === "string" ? value : ""));
  }

  numbers(name: string): readonly number[] {
    return this.list(name).map((value) => asNumber(value) ?? 0);
  }

  /** The same array as long as the trait has the same value. */
  bytes(name: string): Uint8Array<ArrayBuffer> {
    const value = this.value(name);
    const known = this.#read.get(name);
    if (known && known.value === value) return known.bytes;
    const bytes = toBytes(value) ?? new Uint8Array();
    this.#read.set(name, { value, bytes });
    return bytes;
  }

  get selection(): Selection {
    const value = this.value("selection");
    const held = typeof value === "object" && value !== null ? value : {};
    const unit: unknown = Reflect.get(held, "unit");
    return {
      unit: typeof unit === "string" ? unit : null,
      position: positionOrNull(Reflect.get(held, "position")),
      image: asNumber(Reflect.get(held, "image")),
    };
  }

  /** Calls back when one of the traits changes, until the signal aborts. */
  onChange(names: readonly string[], callback: () => void, signal: AbortSignal): void {
    for (const name of names) {
      this.#model.on(`change:${name}`, callback);
      atEnd(signal, () => this.#model.off(`change:${name}`, callback));
    }
  }
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function positionOrNull(value: unknown): Position | null {
  try {
    return parsePosition(value ?? null);
  } catch {
    return null;
  }
}
