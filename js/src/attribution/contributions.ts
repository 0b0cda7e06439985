/**
 * What every neuron of a layer contributes, as the kernel packs it: 16 bits each, with a
 * scale for each channel. All that hovering asks is answered from here.
 */

import type { Position } from "../widget_protocol.js";

/** What one channel contributes. */
export interface Part {
  readonly channel: number;
  readonly value: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

export class Contributions {
  readonly #channels: Uint32Array;
  readonly #scales: Float32Array;
  readonly #values: Int16Array;
  readonly #rows: number;
  readonly #columns: number;

  private constructor(
    channels: Uint32Array,
    scales: Float32Array,
    values: Int16Array,
    [rows, columns]: readonly [number, number],
  ) {
    this.#channels = channels;
    this.#scales = scales;
    this.#values = values;
    this.#rows = rows;
    this.#columns = columns;
  }

  /** Reads what the kernel sent; null for what makes no sense. */
  static read(
    channels: Uint32Array,
    scales: Bytes,
    values: Bytes,
    grid: readonly [rows: number, columns: number],
  ): Contributions | null {
    const count = channels.length;
    const [rows, columns] = grid;
    const fits =
      scales.length === 4 * count && values.length === 2 * count * rows * columns;
    if (!fits || !count) return null;
    // Buffers may begin at any byte; numbers may not.
    const scale = new Float32Array(scales.slice().buffer);
    return new Contributions(
      channels,
      scale,
      new Int16Array(values.slice().buffer),
      grid,
    );
  }

  /** What each channel contributes at a position. */
  at([row, column]: Position): readonly Part[] {
    const size = this.#rows * this.#columns;
    const at = row * this.#columns + column;
    return [...this.#channels].map((channel, i) => ({
      channel,
      value: (this.#values[i * size + at] ?? 0) * (this.#scales[i] ?? 0),
    }));
  }

  /** What a channel contributes at each position; null for one that is not known. */
  map(channel: number): Float32Array | null {
    const i = this.#channels.indexOf(channel);
    if (i < 0) return null;
    const size = this.#rows * this.#columns;
    const scale = this.#scales[i] ?? 0;
    const part = this.#values.subarray(i * size, (i + 1) * size);
    return Float32Array.from(part, (value) => value * scale);
  }
}

/** The strongest for and the strongest against, each the strongest first. */
export function ranked(
  parts: readonly Part[],
  count: number,
): readonly [pro: readonly Part[], contra: readonly Part[]] {
  const sorted = [...parts].sort((a, b) => b.value - a.value);
  return [
    sorted.filter(({ value }) => value > 0).slice(0, count),
    sorted
      .filter(({ value }) => value < 0)
      .reverse()
      .slice(0, count),
  ];
}

/** The largest size among values, at least a little above zero. */
export function largest(values: Iterable<number>): number {
  let most = 1e-30;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toPrecision(3)}`;
}
