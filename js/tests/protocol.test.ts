import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  ProtocolError,
  parseBrowserMessage,
  parseKernelMessage,
} from "../src/protocol.js";

const FOLDER = join(import.meta.dirname, "../../tests/fixtures/protocol");

interface Fixture {
  direction: "to_browser" | "to_kernel";
  valid: boolean;
  why: string;
  message: unknown;
  buffers: number[];
}

const fixtures = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name): [string, Fixture] => [
    name,
    JSON.parse(readFileSync(join(FOLDER, name), "utf8")),
  ]);

function parse({ direction, message, buffers }: Fixture): unknown {
  if (direction === "to_kernel") return parseKernelMessage(message);
  const views = buffers.map((length) => new DataView(new ArrayBuffer(length)));
  return parseBrowserMessage(message, views).message;
}

describe("messages of the fixtures", () => {
  it("are there, in both directions, valid and invalid", () => {
    const kinds = fixtures.map(([, { direction, valid }]) => `${direction} ${valid}`);
    expect(new Set(kinds).size).toBe(4);
    expect(fixtures.length).toBeGreaterThan(50);
  });

  it.each(fixtures.filter(([, { valid }]) => valid))("%s is read", (_, fixture) => {
    // What is read is what was written, unknown fields left out.
    expect(fixture.message).toMatchObject(Object(parse(fixture)));
  });

  it.each(fixtures.filter(([, { valid }]) => !valid))("%s is refused", (_, fixture) => {
    expect(() => parse(fixture)).toThrow(ProtocolError);
  });
});

describe("parseBrowserMessage", () => {
  const still = { kind: "still", step: 1, filename: "a.png", mime: "image/png" };

  it("takes the bytes of a view that starts inside its buffer", () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5);
    const { bytes } = parseBrowserMessage(still, [new DataView(whole.buffer, 2, 2)]);
    expect([...bytes]).toEqual([3, 4]);
  });

  it("refuses an empty buffer", () => {
    const empty = new DataView(new ArrayBuffer(0));
    expect(() => parseBrowserMessage(still, [empty])).toThrow("expected one buffer");
  });

  it("says which field was wrong, what was expected and what came", () => {
    const wrong = { ...still, step: "one" };
    expect(() => parseBrowserMessage(wrong, [new ArrayBuffer(1)])).toThrow(
      'step: expected an integer >= 0, got "one"',
    );
  });
});
