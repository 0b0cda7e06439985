/**
 * Downloads the picture: the kernel's full-precision still where there is a kernel
 * that answers, what the browser has where there is none.
 */

import type { LiveRun, Picture } from "./canvas/live_run.js";
import { toPng } from "./canvas/painting.js";
import type { Connection } from "./connection.js";
import type { Packet, StillMessage } from "./protocol.js";

/** A kernel that has not answered by then is busy or gone. */
export const ANSWER_MS = 2000;
/** The browser reads the file when it gets round to it. */
const RELEASE_MS = 10_000;

export class Saving {
  readonly #run: LiveRun;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  #waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(run: LiveRun, connection: Connection, signal: AbortSignal) {
    this.#run = run;
    this.#connection = connection;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stopWaiting());
  }

  /** Asks the kernel for the picture, and does without if it does not answer. */
  request(title: string): void {
    if (this.#waiting !== null) return;
    this.#connection.send({ kind: "save_request" });
    if (this.#connection.state !== "live") {
      void this.#saveOwn(title);
      return;
    }
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      void this.#saveOwn(title);
    }, ANSWER_MS);
  }

  /** The kernel's answer. Another page of the same widget gets it, too: not for us. */
  receive({ message, bytes }: Packet<StillMessage>): void {
    if (this.#waiting === null) return;
    this.#stopWaiting();
    this.#download(new Blob([bytes], { type: message.mime }), message.filename);
  }

  async #saveOwn(title: string): Promise<void> {
    const { picture } = this.#run;
    const blob = picture && (await pngOf(picture));
    if (blob) this.#download(blob, filename(title, picture.step));
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
    this.#signal.addEventListener("abort", () => {
      clearTimeout(timer);
      release();
    });
  }
}

/** The poster's own file keeps what is written inside; a frame is encoded anew. */
async function pngOf({ bitmap, poster }: Picture): Promise<Blob | null> {
  if (poster?.mime === "image/png") {
    return new Blob([poster.bytes], { type: poster.mime });
  }
  return toPng(bitmap);
}

/** "TinyInception, channel mixed4a:30" at step 9: a name that every system takes. */
export function filename(title: string, step: number): string {
  const words = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${words.slice(0, 80) || "lucid"}-step-${step}.png`;
}
