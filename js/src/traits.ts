/**
 * Typed access to the traits of the canvas widget (`widgets/frame_canvas.py`).
 *
 * Traits are state and may come from a saved notebook, so each is read leniently: a
 * value of the wrong kind counts as the default. The canvas only reads. A widget that
 * has to write a trait does so here, the one place that may call `save_changes`.
 */

import type { AnyModel } from "@anywidget/types";
import {
  type CurvePoint,
  IMAGE_TYPES,
  type ImageType,
  parseCurve,
  toBytes,
} from "./protocol.js";

export const STATUSES = [
  "idle",
  "preparing",
  "running",
  "paused",
  "finished",
  "failed",
  "closed",
] as const;
export type Status = (typeof STATUSES)[number];

/** The kept still: what is shown where no kernel is. */
export interface Poster {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mime: ImageType;
  readonly step: number;
  readonly objective: number | null;
  readonly curve: readonly CurvePoint[];
}

export class Traits {
  readonly #model: AnyModel;

  constructor(model: AnyModel) {
    this.#model = model;
  }

  get status(): Status {
    const value = this.#value("status");
    return STATUSES.find((status) => status === value) ?? "idle";
  }

  get error(): string {
    return this.#text("error");
  }

  get title(): string {
    return this.#text("title");
  }

  get notice(): string {
    return this.#text("notice");
  }

  get totalSteps(): number {
    return this.#number("total_steps") ?? 0;
  }

  get posterId(): string {
    return this.#text("poster_id");
  }

  /** `null` while no still was kept. */
  get poster(): Poster | null {
    const bytes = toBytes(this.#value("poster"));
    const mime = IMAGE_TYPES.find((type) => type === this.#value("poster_mime"));
    if (!bytes?.length || !mime) return null;
    return {
      bytes,
      mime,
      step: this.#number("poster_step") ?? 0,
      objective: this.#number("poster_objective"),
      curve: curveOrNothing(this.#value("poster_curve")),
    };
  }

  /** Calls back when one of the traits changes, until the signal aborts. */
  onChange(names: readonly string[], callback: () => void, signal: AbortSignal): void {
    for (const name of names) {
      this.#model.on(`change:${name}`, callback);
      signal.addEventListener("abort", () =>
        this.#model.off(`change:${name}`, callback),
      );
    }
  }

  #value(name: string): unknown {
    return this.#model.get(name);
  }

  #text(name: string): string {
    const value = this.#value(name);
    return typeof value === "string" ? value : "";
  }

  #number(name: string): number | null {
    const value = this.#value(name);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }
}

function curveOrNothing(value: unknown): readonly CurvePoint[] {
  try {
    return parseCurve(value);
  } catch {
    return [];
  }
}
