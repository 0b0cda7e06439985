/**
 * Every message between kernel and browser: the mirror of `stream/protocol.py`.
 *
 * Frames go out with their pixels in one binary buffer; confirmations ("drawn up to
 * this frame") and requests come back. Unknown input is parsed here, once, and never
 * cast: past this file a message has the type that it claims. Both test suites read
 * the same examples in `tests/fixtures/protocol/`.
 */

/** One value of the objective: step, and `null` where it was not a number. */
export type CurvePoint = readonly [step: number, value: number | null];

export const IMAGE_TYPES = ["image/jpeg", "image/png", "image/webp"] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];

/** The most points of the curve that one message may carry. */
export const MAX_CURVE_POINTS = 256;

export interface FrameMessage {
  readonly kind: "frame";
  /** Grows with every new run; a new one clears the curve. */
  readonly run: number;
  /** Grows by one with every frame sent. */
  readonly sequence: number;
  /** Updates done. */
  readonly step: number;
  readonly total_steps: number;
  readonly objective: number | null;
  /** Points that were not sent before (all of them, after `ready`). */
  readonly curve: readonly CurvePoint[];
  readonly steps_per_second: number | null;
  readonly width: number;
  readonly height: number;
  readonly mime: ImageType;
  readonly lossless: boolean;
}

/** The answer to `save_request`: a file to download. */
export interface StillMessage {
  readonly kind: "still";
  readonly step: number;
  readonly filename: string;
  readonly mime: "image/png";
}

/** A message with the bytes of its one buffer. */
export interface Packet<M> {
  readonly message: M;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const COMMANDS = ["play", "pause", "step", "reset"] as const;
export type Command = (typeof COMMANDS)[number];

export type KernelMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "drawn"; readonly sequence: number }
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "save_request"; readonly step: number }
  | { readonly kind: "branch"; readonly step: number }
  | { readonly kind: "switch"; readonly branch: number }
  | { readonly kind: "views"; readonly count: number };

/** A message makes no sense: says what was expected and what came. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Reads a message from the kernel, or throws `ProtocolError`. */
export function parseBrowserMessage(
  content: unknown,
  buffers: unknown,
): Packet<FrameMessage> | Packet<StillMessage> {
  const fields = new Fields(content);
  const kind = fields.oneOf("kind", ["frame", "still"] as const);
  const bytes = oneBuffer(kind, buffers);
  if (kind === "still") {
    const message: StillMessage = {
      kind,
      step: fields.integer("step"),
      filename: fields.text("filename"),
      mime: fields.oneOf("mime", ["image/png"] as const),
    };
    return { message, bytes };
  }
  const message: FrameMessage = {
    kind,
    run: fields.integer("run"),
    sequence: fields.integer("sequence"),
    step: fields.integer("step"),
    total_steps: fields.integer("total_steps"),
    objective: fields.numberOrNull("objective"),
    curve: parseCurve(fields.value("curve"), MAX_CURVE_POINTS),
    steps_per_second: fields.numberOrNull("steps_per_second"),
    width: fields.integer("width", 1),
    height: fields.integer("height", 1),
    mime: fields.oneOf("mime", IMAGE_TYPES),
    lossless: fields.boolean("lossless"),
  };
  return { message, bytes };
}

/** Reads a message to the kernel. The browser only writes them; tests read them. */
export function parseKernelMessage(content: unknown): KernelMessage {
  const fields = new Fields(content);
  const kind = fields.oneOf("kind", [
    "ready",
    "drawn",
    "command",
    "save_request",
    "branch",
    "switch",
    "views",
  ] as const);
  switch (kind) {
    case "drawn":
      return { kind, sequence: fields.integer("sequence") };
    case "command":
      return { kind, command: fields.oneOf("command", COMMANDS) };
    case "branch":
    case "save_request":
      return { kind, step: fields.integer("step") };
    case "switch":
      return { kind, branch: fields.integer("branch") };
    case "views":
      return { kind, count: fields.integer("count") };
    default:
      return { kind };
  }
}

/** Reads a list of `[step, value or null]`, or throws `ProtocolError`. */
export function parseCurve(value: unknown, most = Number.POSITIVE_INFINITY) {
  if (!Array.isArray(value) || value.length > most) {
    throw expected("curve", `a list of at most ${most} points`, value);
  }
  return value.map((point: unknown): CurvePoint => {
    if (!Array.isArray(point) || point.length !== 2) {
      throw expected("curve", "points [step, value]", point);
    }
    const [step, height]: unknown[] = point;
    if (!isInteger(step, 0) || !(height === null || isNumber(height))) {
      throw expected("curve", "points [integer, number or null]", point);
    }
    return [step, height];
  });
}

/** The bytes of a buffer, copied, whatever kind of view the front end hands over. */
export function toBytes(value: unknown): Uint8Array<ArrayBuffer> | null {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(
      new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
    );
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value.slice(0)) : null;
}

function oneBuffer(kind: string, buffers: unknown): Uint8Array<ArrayBuffer> {
  const only: unknown = Array.isArray(buffers) && buffers.length === 1 && buffers[0];
  const bytes = toBytes(only);
  if (!bytes?.length) {
    throw new ProtocolError(`${kind}: expected one buffer with the picture's bytes`);
  }
  return bytes;
}

/** Reads named fields of an unknown value; the error names field and value. */
export class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(content: unknown) {
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      throw expected("message", "an object with a kind", content);
    }
    this.#fields = new Map<string, unknown>(Object.entries(content));
  }

  value(key: string): unknown {
    return this.#fields.get(key);
  }

  integer(key: string, least = 0): number {
    const value = this.value(key);
    if (!isInteger(value, least)) throw expected(key, `an integer >= ${least}`, value);
    return value;
  }

  numberOrNull(key: string): number | null {
    const value = this.value(key);
    if (value === null || isNumber(value)) return value;
    throw expected(key, "a number or null", value);
  }

  text(key: string): string {
    const value = this.value(key);
    if (typeof value !== "string" || !value) throw expected(key, "some text", value);
    return value;
  }

  boolean(key: string): boolean {
    const value = this.value(key);
    if (typeof value !== "boolean") throw expected(key, "true or false", value);
    return value;
  }

  oneOf<const T extends string>(key: string, choices: readonly T[]): T {
    const value = this.value(key);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) {
      throw expected(key, `one of ${choices.join(", ")}`, value);
    }
    return choice;
  }
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

export function isInteger(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && isNumber(value) && value >= least;
}

export function expected(key: string, wanted: string, value: unknown): ProtocolError {
  const given = (JSON.stringify(value) ?? "nothing").slice(0, 80);
  return new ProtocolError(`${key}: expected ${wanted}, got ${given}`);
}
