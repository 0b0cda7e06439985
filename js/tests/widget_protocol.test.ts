import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../src/protocol.js";
import { parseToKernel, parseWidgetMessage } from "../src/widget_protocol.js";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/widget_protocol");

interface Fixture {
  direction: "to_browser" | "to_kernel";
  valid: boolean;
  message: unknown;
  buffers?: number[];
}

const fixtures = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name): [string, Fixture] => [
    name,
    JSON.parse(readFileSync(join(FOLDER, name), "utf8")),
  ]);

function parse({ direction, message, buffers = [] }: Fixture): unknown {
  if (direction === "to_kernel") return parseToKernel(message, buffers.length);
  const views = buffers.map((length) => new DataView(new ArrayBuffer(length)));
  return parseWidgetMessage(message, views).message;
}

describe("messages of the widgets about units", () => {
  it("are there, in both directions, valid and invalid", () => {
    const kinds = fixtures.map(([, { direction, valid }]) => `${direction} ${valid}`);
    expect(new Set(kinds).size).toBe(4);
  });

  it.each(fixtures.filter(([, { valid }]) => valid))("%s is read", (_, fixture) => {
    expect(parse(fixture)).toEqual(fixture.message);
  });

  it.each(fixtures.filter(([, { valid }]) => !valid))("%s is refused", (_, fixture) => {
    expect(() => parse(fixture)).toThrow(ProtocolError);
  });

  it("bring the bytes of their buffers, in order", () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5);
    const item = { unit: "a:1", mime: "image/png", final: true, strength: null };
    const { buffers } = parseWidgetMessage({ kind: "icons", icons: [item, item] }, [
      new DataView(whole.buffer, 2, 2),
      whole.buffer,
    ]);
    expect(buffers.map((bytes) => [...bytes])).toEqual([
      [3, 4],
      [1, 2, 3, 4, 5],
    ]);
  });
});
