/**
 * Hides the poster beside a view: the same picture, as a second output of the cell.
 *
 * Readers without widgets (GitHub, nbviewer, a notebook without its kernel) show the
 * poster; where the view works, one picture is enough. The poster is known by the id
 * in its PNG, so the picture of another widget is never touched. It arrives after the
 * view and is replaced whenever it is updated, hence the observer.
 */

import { pngText } from "./png_text.js";

export const POSTER_KEYWORD = "lucid_widgets_poster";

const OUTPUT_AREA = ".jp-OutputArea";
const OUTPUT = ".jp-OutputArea-child";
const HIDDEN_CLASS = "lucid-poster-hidden";
const PNG_DATA_URL = "data:image/png;base64,";
/** The id comes before the pixels; no need to decode more. A multiple of four. */
const HEAD_CHARACTERS = 65_536;

/** Hides the poster of a view from now on; the function it returns shows it again. */
export function hidePoster(el: HTMLElement, posterId: string): () => void {
  const own = el.closest<HTMLElement>(OUTPUT);
  const area = own?.closest<HTMLElement>(OUTPUT_AREA);
  if (!own || !area || !posterId) return () => {};

  const hide = () => {
    for (const output of area.querySelectorAll<HTMLElement>(OUTPUT)) {
      if (output !== own && holdsPoster(output, posterId)) {
        output.classList.add(HIDDEN_CLASS);
      }
    }
  };
  hide();
  const observer = new MutationObserver(hide);
  observer.observe(area, { childList: true, subtree: true, attributeFilter: ["src"] });
  return () => {
    observer.disconnect();
    for (const output of area.querySelectorAll<HTMLElement>(`.${HIDDEN_CLASS}`)) {
      if (holdsPoster(output, posterId)) output.classList.remove(HIDDEN_CLASS);
    }
  };
}

function holdsPoster(output: HTMLElement, posterId: string): boolean {
  return [...output.querySelectorAll("img")].some(
    (image) => pngText(headOf(image.src), POSTER_KEYWORD) === posterId,
  );
}

function headOf(url: string): Uint8Array {
  if (!url.startsWith(PNG_DATA_URL)) return new Uint8Array();
  const head = url.slice(PNG_DATA_URL.length, PNG_DATA_URL.length + HEAD_CHARACTERS);
  try {
    return Uint8Array.from(atob(head), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(); // not base64 after all
  }
}
