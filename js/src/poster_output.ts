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
/** The id is the first of the file's texts; no need to decode more. A multiple of four. */
const HEAD_CHARACTERS = 4_096;

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
  // An output may hold the pages of many widgets: what they do inside is none of ours.
  const observer = new MutationObserver((records) => {
    if (records.some((record) => !own.contains(record.target) && bringsPicture(record)))
      hide();
  });
  observer.observe(area, { childList: true, subtree: true, attributeFilter: ["src"] });
  return () => {
    observer.disconnect();
    for (const output of area.querySelectorAll<HTMLElement>(`.${HIDDEN_CLASS}`)) {
      if (holdsPoster(output, posterId)) output.classList.remove(HIDDEN_CLASS);
    }
  };
}

function bringsPicture({ type, target, addedNodes }: MutationRecord): boolean {
  if (type === "attributes") return target instanceof HTMLImageElement;
  return [...addedNodes].some(
    (node) =>
      node instanceof Element && (node.matches("img") || node.querySelector("img")),
  );
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
