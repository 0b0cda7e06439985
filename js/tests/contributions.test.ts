import { describe, expect, it } from "vitest";
import { Contributions, ranked, signed } from "../src/attribution/contributions.js";

/** Two channels on 2 x 3 positions, at an odd place in a larger buffer. */
function packed() {
  const values = Int16Array.of(1, 2, 3, 4, 5, 6, -10, 0, 0, 0, 0, 20);
  const scales = Float32Array.of(0.5, 0.1);
  const odd = (bytes: Uint8Array) => {
    const held = new Uint8Array(bytes.length + 1);
    held.set(bytes, 1);
    return held.subarray(1);
  };
  return {
    channels: Uint32Array.of(4, 9),
    scales: odd(new Uint8Array(scales.buffer)),
    values: odd(new Uint8Array(values.buffer)),
  };
}

describe("contributions of neurons", () => {
  const { channels, scales, values } = packed();
  const parts = Contributions.read(channels, scales, values, [2, 3]);

  it("are told by position", () => {
    expect(parts?.at([0, 0])).toEqual([
      { channel: 4, value: 0.5 },
      { channel: 9, value: expect.closeTo(-1) },
    ]);
    expect(parts?.at([1, 2]).map(({ value }) => value)).toEqual([3, expect.closeTo(2)]);
  });

  it("are told by channel", () => {
    expect(Array.from(parts?.map(4) ?? [])).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    expect(parts?.map(5)).toBeNull();
  });

  it("are ranked, strongest first, on either side", () => {
    const given = [0.1, -3, 2, 0, -0.5].map((value, channel) => ({ channel, value }));
    const [pro, contra] = ranked(given, 2);
    expect(pro.map(({ channel }) => channel)).toEqual([2, 0]);
    expect(contra.map(({ channel }) => channel)).toEqual([1, 4]);
  });

  it("are nothing when sizes make no sense", () => {
    expect(Contributions.read(channels, scales, values, [3, 3])).toBeNull();
    expect(Contributions.read(channels, values, scales, [2, 3])).toBeNull();
    const none = new Uint8Array();
    expect(Contributions.read(new Uint32Array(), none, none, [0, 0])).toBeNull();
  });

  it("are written with their sign", () => {
    expect([signed(0.1234), signed(-12.34)]).toEqual(["+0.123", "−12.3"]);
  });
});
