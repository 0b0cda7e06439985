/**
 * A photo from a file, the clipboard, a drop, or the webcam, as bytes to upload.
 *
 * Large files are made smaller here: the line to the kernel takes some megabytes at
 * most, and a network sees a few hundred pixels.
 */

import { atEnd } from "../at_end.js";
import { element, setText } from "../element.js";
import type { WidgetFrame } from "./frame.js";
import type { Questions } from "./questions.js";
import type { Context } from "./widget.js";

const LARGE_BYTES = 2_000_000;
const MAX_SIDE = 1024;

export class PhotoInput {
  readonly node: HTMLElement;
  readonly #frame: WidgetFrame;
  readonly #questions: Questions;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #webcam = button("Webcam");
  readonly #video = element("video", { muted: "", playsinline: "", hidden: "" });
  #stream: MediaStream | null = null;

  /** Photos pasted into or dropped on the widget are taken, too. */
  constructor(frame: WidgetFrame, { questions }: Context, signal: AbortSignal) {
    this.#frame = frame;
    this.#questions = questions;
    const target = frame.node;
    const choose = button("Photo…");
    const file = element("input", { type: "file", accept: "image/*", hidden: "" });
    this.#buttons = [choose, this.#webcam];
    this.node = element("div", { class: "lucid-bar" }, choose, this.#webcam, file);
    this.node.append(this.#video);
    choose.addEventListener("click", () => this.#isOff(choose) || file.click(), {
      signal,
    });
    file.addEventListener(
      "change",
      () => {
        this.#receive(file.files);
        file.value = "";
      },
      { signal },
    );
    this.#webcam.addEventListener(
      "click",
      () => {
        if (!this.#isOff(this.#webcam)) void this.#pressWebcam();
      },
      { signal },
    );
    target.addEventListener(
      "paste",
      (event) => {
        if (this.#receive(event.clipboardData?.files)) event.preventDefault();
      },
      { signal },
    );
    target.addEventListener("dragover", (event) => event.preventDefault(), { signal });
    target.addEventListener(
      "drop",
      (event) => {
        const files = event.dataTransfer?.files;
        if (!files?.length) return;
        // The browser would leave the notebook to show the file.
        event.preventDefault();
        event.stopPropagation();
        if (!this.#receive(files))
          this.#frame.complain(`${files[0]?.name} is no image: drop a photo here`);
      },
      { signal },
    );
    atEnd(signal, () => this.#stop());
  }

  /** Shows whether a photo can be taken. */
  update(): void {
    const { isLive } = this.#frame;
    for (const one of this.#buttons) one.setAttribute("aria-disabled", String(!isLive));
  }

  #isOff(one: HTMLButtonElement): boolean {
    return one.getAttribute("aria-disabled") === "true";
  }

  #receive(files: FileList | null | undefined): boolean {
    const photo = [...(files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (photo) this.#upload(photo);
    return photo !== undefined;
  }

  #take(photo: ArrayBuffer): void {
    this.#frame.complain("");
    // A refusal is told by the kernel's own error, which the frame shows.
    this.#questions.ask("photo", {}, photo).catch(() => {});
  }

  async #upload(file: Blob): Promise<void> {
    try {
      const isLarge = file.size > LARGE_BYTES;
      const sent = isLarge ? await smaller(await createImageBitmap(file)) : file;
      this.#take(await sent.arrayBuffer());
    } catch (error) {
      this.#frame.complain(error);
    }
  }

  /** The first press opens the camera, the second takes the photo. */
  async #pressWebcam(): Promise<void> {
    try {
      if (this.#stream) {
        const photo = await smaller(await createImageBitmap(this.#video));
        this.#stop();
        this.#take(await photo.arrayBuffer());
        return;
      }
      if (!navigator.mediaDevices)
        throw new Error("this page has no access to a camera");
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: true });
      this.#video.srcObject = this.#stream;
      this.#video.hidden = false;
      setText(this.#webcam, "Take photo");
      await this.#video.play();
    } catch (error) {
      this.#stop();
      this.#frame.complain(error);
    }
  }

  #stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.#video.hidden = true;
    setText(this.#webcam, "Webcam");
  }
}

function button(text: string): HTMLButtonElement {
  return element("button", { type: "button", class: "lucid-button" }, text);
}

async function smaller(bitmap: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = element("canvas", {
    width: `${Math.max(1, Math.round(bitmap.width * scale))}`,
    height: `${Math.max(1, Math.round(bitmap.height * scale))}`,
  });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    const done = (blob: Blob | null) =>
      blob ? resolve(blob) : reject(new Error("the photo cannot be made smaller"));
    canvas.toBlob(done, "image/jpeg", 0.92);
  });
}
