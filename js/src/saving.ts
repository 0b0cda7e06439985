/**
 * Downloads the picture that is shown: the kernel's full-precision still where there is a kernel
 * that answers, what the browser has where there is none.
 */

import { atEnd } from "./at_end.js";
import type { LiveRun } from "./canvas/live_run.js";
import type { Connection } from "./connection.js";
import { filename, pngOf } from "./picture_file.js";
import type { Packet, StillMessage } from "./protocol.js";
import type { Traits } from "./traits.js";

/** A kernel that has not answered by then is busy or gone. */
export const ANSWER_MS = 2000;
/** The browser reads the file when it gets round to it. */
const RELEASE_MS = 10_000;

export class Saving {
  readonly #traits: Traits;
  readonly #run: LiveRun;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  #waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(
    traits: Traits,
    run: LiveRun,
    connection: Connection,
    signal: AbortSignal,
  ) {
    this.#traits = traits;
    this.#run = run;
    this.#connection = connection;
    this.#signal = signal;
    atEnd(signal, () => this.#stopWaiting());
  }

  /** Asks the kernel for the picture, and does without if it does not answer. */
  request(): void {
    if (this.#waiting !== null) return;
    this.#connection.send({ kind: "save_request", step: this.#run.shown?.step ?? 0 });
    if (this.#connection.state !== "live") {
      void this.#saveOwn();
      return;
    }
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      void this.#saveOwn();
    }, ANSWER_MS);
  }

  /** The kernel's answer. Another page of the same widget gets it, too: not for us. */
  receive({ message, bytes }: Packet<StillMessage>): void {
    if (this.#waiting === null) return;
    this.#stopWaiting();
    this.#download(new Blob([bytes], { type: message.mime }), message.filename);
  }

  async #saveOwn(): Promise<void> {
    const { shown } = this.#run;
    const blob = shown && (await pngOf(shown, this.#traits.poster).catch(() => null));
    if (blob) this.#download(blob, filename(this.#traits.title, shown.step));
    else this.#run.complain("nothing to save: there is no picture yet");
  }

  #stopWaiting(): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#waiting = null;
  }

  #download(blob: Blob, name: string): void {
    const url = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    const release = () => URL.revokeObjectURL(url);
    const timer = setTimeout(release, RELEASE_MS);
    atEnd(this.#signal, () => {
      clearTimeout(timer);
      release();
    });
  }
}
