/**
 * A photo from a file, the clipboard, a drop, or the webcam, as bytes to upload.
 *
 * Large files are made smaller here: the line to the kernel takes some megabytes at
 * most, and a network sees a few hundred pixels.
 */

import { element, setText } from "../element.js";

const LARGE_BYTES = 2_000_000;
const MAX_SIDE = 1024;

export class PhotoInput {
  readonly node: HTMLElement;
  readonly #take: (photo: ArrayBuffer) => void;
  readonly #fail: (error: unknown) => void;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #webcam = button("Webcam");
  readonly #video = element("video", { muted: "", playsinline: "", hidden: "" });
  #stream: MediaStream | null = null;

  /** Photos pasted into or dropped on `target` are taken, too. */
  constructor(
    target: HTMLElement,
    take: (photo: ArrayBuffer) => void,
    fail: (error: unknown) => void,
    signal: AbortSignal,
  ) {
    this.#take = take;
    this.#fail = fail;
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
        if (!this.#receive(event.dataTransfer?.files)) return;
        event.preventDefault();
        event.stopPropagation();
      },
      { signal },
    );
    signal.addEventListener("abort", () => this.#stop());
  }

  update(isLive: boolean): void {
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

  async #upload(file: Blob): Promise<void> {
    try {
      const isLarge = file.size > LARGE_BYTES;
      const sent = isLarge ? await smaller(await createImageBitmap(file)) : file;
      this.#take(await sent.arrayBuffer());
    } catch (error) {
      this.#fail(error);
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
      this.#fail(error);
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
