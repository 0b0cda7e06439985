/**
 * Messages of the widgets about units: the mirror of `stream/widget_protocol.py`.
 *
 * What is visible goes to the kernel, icons come back; questions go there, answers
 * come back. Both test suites read the same examples in
 * `tests/fixtures/widget_protocol/`.
 */

import {
  expected,
  Fields,
  IMAGE_TYPES,
  type ImageType,
  isInteger,
  ProtocolError,
  toBytes,
} from "./protocol.js";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The most units in one message. */
export const MAX_UNITS = 1024;
const MAX_CHARACTERS = 1000;
const MAX_VALUES = 20_000;
const MAX_DEPTH = 6;

/** A row and a column, from 0. */
export type Position = readonly [row: number, column: number];

export type WidgetMessage =
  | { readonly kind: "ready" }
  /** The units in view, most urgent first. */
  | { readonly kind: "visible"; readonly units: readonly string[] }
  | {
      readonly kind: "select";
      readonly unit: string | null;
      readonly position: Position | null;
      /** With a number, the kernel says whether it could: `answer` or `refusal`. */
      readonly request?: number;
    }
  | {
      readonly kind: "change";
      readonly name: string;
      readonly value: Json;
      readonly request?: number;
    }
  | {
      readonly kind: "ask";
      readonly request: number;
      readonly name: string;
      readonly arguments: { readonly [key: string]: Json };
    }
  | { readonly kind: "views"; readonly count: number };

export interface IconItem {
  readonly unit: string;
  readonly mime: ImageType;
  /** False while it is still being rendered. */
  readonly final: boolean;
  readonly strength: number | null;
}

export interface IconsMessage {
  readonly kind: "icons";
  readonly icons: readonly IconItem[];
}

export interface AnswerMessage {
  readonly kind: "answer";
  readonly request: number;
  readonly value: Json;
}

export interface RefusalMessage {
  readonly kind: "refusal";
  readonly request: number;
  readonly error: string;
}

/** A message from the kernel with the bytes of its buffers. */
export interface WidgetPacket {
  readonly message: IconsMessage | AnswerMessage | RefusalMessage;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
}

/** Reads a message from the kernel, or throws `ProtocolError`. */
export function parseWidgetMessage(content: unknown, given: unknown): WidgetPacket {
  const fields = new Fields(content);
  const kind = fields.oneOf("kind", ["icons", "answer", "refusal"] as const);
  const views: unknown[] = Array.isArray(given) ? given : [];
  const buffers = views.map((view) => {
    const bytes = toBytes(view);
    if (!bytes) throw new ProtocolError(`${kind}: a buffer is no buffer`);
    return bytes;
  });
  switch (kind) {
    case "icons": {
      const icons = parseIcons(fields.value("icons"));
      if (icons.length !== buffers.length) {
        throw new ProtocolError(
          `icons: ${icons.length} with ${buffers.length} buffers; expected one each`,
        );
      }
      return { message: { kind, icons }, buffers };
    }
    case "answer": {
      const request = fields.integer("request");
      return {
        message: { kind, request, value: parseJson("value", fields.value("value")) },
        buffers,
      };
    }
    case "refusal": {
      const request = fields.integer("request");
      return { message: { kind, request, error: fields.text("error") }, buffers };
    }
  }
}

/** Reads a message to the kernel. The browser only writes them; tests read them. */
export function parseToKernel(content: unknown, bufferCount = 0): WidgetMessage {
  const fields = new Fields(content);
  const kind = fields.oneOf("kind", [
    "ready",
    "visible",
    "select",
    "change",
    "ask",
    "views",
  ] as const);
  if (bufferCount > (kind === "ask" ? 1 : 0)) {
    throw new ProtocolError(`${kind}: unexpected buffers`);
  }
  switch (kind) {
    case "visible": {
      const units = fields.value("units");
      const isFine =
        Array.isArray(units) && units.length <= MAX_UNITS && units.every(isShortText);
      if (!isFine) throw expected("units", "a list of short texts", units);
      return { kind, units };
    }
    case "select":
      return {
        kind,
        unit: parseUnit(fields.value("unit") ?? null),
        position: parsePosition(fields.value("position") ?? null),
        ...parseRequest(fields),
      };
    case "change": {
      const name = fields.text("name");
      const value = parseJson("value", fields.value("value") ?? null);
      return { kind, name, value, ...parseRequest(fields) };
    }
    case "ask": {
      const value = parseJson("arguments", fields.value("arguments"));
      if (!isRecord(value)) throw expected("arguments", "an object", value);
      const request = fields.integer("request");
      return { kind, request, name: fields.text("name"), arguments: value };
    }
    case "views":
      return { kind, count: fields.integer("count") };
    default:
      return { kind };
  }
}

/** Reads the number of a message that may go without. */
function parseRequest(fields: Fields): { readonly request?: number } {
  const isMissing = (fields.value("request") ?? null) === null;
  return isMissing ? {} : { request: fields.integer("request") };
}

/** Reads the name of a unit, or `null`. */
function parseUnit(value: unknown): string | null {
  if (value === null || (isShortText(value) && value)) return value;
  throw expected("unit", "the name of a unit, or null", value);
}

/** Reads `[row, column]` or `null`, or throws `ProtocolError`. */
export function parsePosition(value: unknown): Position | null {
  if (value === null) return null;
  if (Array.isArray(value) && value.length === 2) {
    const [row, column]: unknown[] = value;
    if (isInteger(row, 0) && isInteger(column, 0) && row < 2 ** 31 && column < 2 ** 31)
      return [row, column];
  }
  throw expected("position", "[row, column], or null", value);
}

function parseIcons(value: unknown): readonly IconItem[] {
  if (!Array.isArray(value)) throw expected("icons", "a list", value);
  return value.map((item: unknown) => {
    const fields = new Fields(item);
    return {
      unit: fields.text("unit"),
      mime: fields.oneOf("mime", IMAGE_TYPES),
      final: fields.boolean("final"),
      strength: fields.numberOrNull("strength"),
    };
  });
}

function parseJson(key: string, value: unknown): Json {
  let left = MAX_VALUES;
  const isFine = (one: unknown, depth: number): one is Json => {
    left -= 1;
    if (left < 0) return false;
    if (one === null || typeof one === "boolean" || isShortText(one)) return true;
    if (typeof one === "number") return Number.isFinite(one);
    if (typeof one !== "object" || one === undefined || !depth) return false;
    const inner: unknown[] = Array.isArray(one) ? one : Object.entries(one).flat();
    return inner.every((part) => isFine(part, depth - 1));
  };
  if (isFine(value, MAX_DEPTH)) return value;
  throw expected(key, "finite values, not too many, nor nested too deeply", value);
}

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CHARACTERS;
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
