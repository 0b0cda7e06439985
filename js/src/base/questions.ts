/** Questions to the kernel, and their answers: a promise for each. */

import { atEnd } from "../at_end.js";
import type { Connection } from "../connection.js";
import type {
  AnswerMessage,
  Json,
  Position,
  RefusalMessage,
  WidgetMessage,
  WidgetPacket,
} from "../widget_protocol.js";

export interface Answer {
  readonly value: Json;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
}

type Numbered = Extract<WidgetMessage, { kind: "ask" | "select" | "change" }>;
type WithoutNumber<T> = T extends unknown ? Omit<T, "request"> : never;
type Unnumbered = WithoutNumber<Numbered>;

interface Pending {
  readonly name: string;
  resolve(answer: Answer | null): void;
  reject(error: Error): void;
}

export class Questions {
  readonly #connection: Connection;
  readonly #pending = new Map<number, Pending>();
  #next = 1;

  constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    atEnd(signal, () => this.#giveUp(() => true));
    connection.onChange(() => {
      if (connection.state !== "live") this.#giveUp(() => true);
    }, signal);
  }

  /**
   * Asks; of several questions of one name only the newest gets an answer, the
   * others, and those that nobody can answer, get `null`. A refusal is thrown.
   */
  ask(
    name: string,
    values: { readonly [key: string]: Json } = {},
    upload?: ArrayBuffer,
  ): Promise<Answer | null> {
    const buffers = upload ? [upload] : [];
    return this.#send({ kind: "ask", name, arguments: values }, `ask ${name}`, buffers);
  }

  /** Asks the kernel to select; what is null stays as it is, or both: nothing. */
  select(unit: string | null, position: Position | null): Promise<Answer | null> {
    return this.#send({ kind: "select", unit, position }, "select");
  }

  /** Asks the kernel to change a trait. */
  change(name: string, value: Json): Promise<Answer | null> {
    return this.#send({ kind: "change", name, value }, `change ${name}`);
  }

  #send(
    message: Unnumbered,
    name: string,
    buffers: ArrayBuffer[] = [],
  ): Promise<Answer | null> {
    this.#giveUp((pending) => pending.name === name);
    if (this.#connection.state !== "live") return Promise.resolve(null);
    const request = this.#next++;
    const answer = new Promise<Answer | null>((resolve, reject) => {
      this.#pending.set(request, { name, resolve, reject });
    });
    this.#connection.send({ ...message, request }, buffers);
    return answer;
  }

  receive(
    message: AnswerMessage | RefusalMessage,
    buffers: WidgetPacket["buffers"],
  ): void {
    const pending = this.#pending.get(message.request);
    this.#pending.delete(message.request);
    if (message.kind === "answer") pending?.resolve({ value: message.value, buffers });
    else pending?.reject(new Error(message.error));
  }

  #giveUp(isMeant: (pending: Pending) => boolean): void {
    for (const [request, pending] of this.#pending) {
      if (!isMeant(pending)) continue;
      this.#pending.delete(request);
      pending.resolve(null);
    }
  }
}
