/** An image element that shows a file's bytes, and owns its object URL. */

import { atEnd } from "../at_end.js";
import { element } from "../element.js";

const NOTHING = new Uint8Array();

export class FileImage {
  readonly node: HTMLImageElement;
  #shown: Uint8Array<ArrayBuffer> = NOTHING;

  constructor(name: string, signal: AbortSignal) {
    this.node = element("img", { class: name, alt: "", draggable: "false" });
    this.node.hidden = true;
    atEnd(signal, () => this.show(NOTHING));
  }

  /** Shows a file; an empty one hides the image. */
  show(file: Uint8Array<ArrayBuffer>): void {
    if (isSame(file, this.#shown)) return;
    if (this.#shown.length) URL.revokeObjectURL(this.node.src);
    this.#shown = file;
    this.node.hidden = !file.length;
    if (file.length) this.node.src = URL.createObjectURL(new Blob([file]));
    else this.node.removeAttribute("src");
  }
}

/** Every reading of a trait makes a new view: compares what it shows. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (!a.length && !b.length) return true;
  return (
    a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length
  );
}
