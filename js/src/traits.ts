/**
 * Typed access to the traits of the canvas widget (`widgets/frame_canvas.py`).
 *
 * Traits are state and may come from a saved notebook, so each is read leniently: a
 * value of the wrong kind counts as the default. The canvas only reads. A widget that
 * has to write a trait does so here, the one place that may call `save_changes`.
 */

import type { AnyModel } from "@anywidget/types";
import { atEnd } from "./at_end.js";
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

/** One snapshot of the filmstrip. */
export interface FilmFrame {
  readonly step: number;
  readonly objective: number | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mime: ImageType;
}

/** One run of a tree of runs that continue one another. */
export interface BranchEntry {
  readonly id: number;
  /** How many branches it stands on. */
  readonly depth: number;
  readonly name: string;
  readonly steps: number;
  /** Its last picture; `null` for the branch at hand, and where there was no room. */
  readonly tip: FilmFrame | null;
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

  /** Whether updates are being done, or about to be. */
  get isActive(): boolean {
    return this.status === "running" || this.status === "preparing";
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

  get loading(): string {
    return this.#text("loading");
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

  /** Empty while no run has rested, and when a part of it makes no sense. */
  get filmstrip(): readonly FilmFrame[] {
    const frames = this.#frames("filmstrip", this.#value("filmstrip_index"));
    return frames.every((frame) => frame !== null) ? frames : [];
  }

  /** In the order of a tree, each below what it continues. */
  get branches(): readonly BranchEntry[] {
    const given = this.#value("branches");
    const rows = (Array.isArray(given) ? given : []).map((row: unknown): unknown[] =>
      Array.isArray(row) ? row : [],
    );
    const tips = this.#frames(
      "branch_tips",
      rows.map(([, , , ...tip]) => tip),
    );
    const entries = rows.map(([id, depth, name, steps], index): BranchEntry | null =>
      isCount(id) && isCount(depth) && typeof name === "string" && isCount(steps)
        ? { id, depth, name, steps, tip: tips[index] ?? null }
        : null,
    );
    return entries.every((entry) => entry !== null) ? entries : [];
  }

  /** Id of the branch at hand. */
  get currentBranch(): number {
    return this.#number("current_branch") ?? -1;
  }

  /** Pictures one behind the other; `null` for each that has no bytes. */
  #frames(name: string, index: unknown): (FilmFrame | null)[] {
    const bytes = toBytes(this.#value(name));
    const mime = IMAGE_TYPES.find((type) => type === this.#value("filmstrip_mime"));
    if (!bytes || !mime || !Array.isArray(index)) return [];
    let start = 0;
    return index.map((entry: unknown) => {
      const [step, objective, length]: unknown[] = Array.isArray(entry) ? entry : [];
      const end = start + (isCount(length) ? length : Number.NaN);
      if (!isCount(step) || !(end > start && end <= bytes.length)) return null;
      const frame = {
        step,
        objective: isNumber(objective) ? objective : null,
        bytes: bytes.subarray(start, end),
        mime,
      };
      start = end;
      return frame;
    });
  }

  /** The program that makes the picture; empty while there is none. */
  get code(): string {
    return this.#text("code");
  }

  /** Calls back when one of the traits changes, until the signal aborts. */
  onChange(names: readonly string[], callback: () => void, signal: AbortSignal): void {
    for (const name of names) {
      this.#model.on(`change:${name}`, callback);
      atEnd(signal, () => this.#model.off(`change:${name}`, callback));
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
    return isNumber(value) ? value : null;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && isNumber(value) && value >= 0;
}

function curveOrNothing(value: unknown): readonly CurvePoint[] {
  try {
    return parseCurve(value);
  } catch {
    return [];
  }
}
