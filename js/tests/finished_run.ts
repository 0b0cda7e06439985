/** A canvas that shows a finished run of three snapshots, for tests. */

import frameCanvas from "../src/widgets/frame_canvas.js";
import { StandInModel, settle } from "./stand_ins.js";

/** Three snapshots of one, two and one bytes; their first bytes tell them apart. */
export const STRIP = {
  filmstrip: new DataView(Uint8Array.of(11, 12, 0, 13).buffer),
  filmstrip_mime: "image/webp",
  filmstrip_index: [
    [1, null, 1],
    [40, 2.5, 2],
    [64, 3.5, 1],
  ],
};

export async function start(traits: Record<string, unknown> = {}, classes = "") {
  const model = new StandInModel({
    status: "finished",
    title: "TinyInception, channel mixed4a:30",
    total_steps: 64,
    poster: new DataView(Uint8Array.of(99).buffer),
    poster_mime: "image/png",
    poster_step: 64,
    poster_id: "id-1",
    code: "images = 1\n",
    ...STRIP,
    ...traits,
  });
  const widget = frameCanvas();
  const close = widget.initialize({ model: model.asModel() });
  const el = document.createElement("div");
  el.className = classes;
  document.body.append(el);
  const cleanUp = widget.render({ el });
  await settle();
  const slider = el.querySelector<HTMLInputElement>("input[type=range]");
  if (!slider) throw new Error("no scrubber");
  const scrub = async (index: number) => {
    slider.value = String(index);
    slider.dispatchEvent(new Event("input"));
    await settle();
  };
  const button = (name: string) => {
    const found = [...el.querySelectorAll("button")].find(
      (candidate) => candidate.textContent === name,
    );
    if (!found) throw new Error(`no button ${name} in ${el.textContent}`);
    return found;
  };
  const label = () => el.querySelector("[role=img]")?.getAttribute("aria-label");
  return { model, el, slider, scrub, button, label, cleanUp, close };
}

export const stage = (el: HTMLElement) => el.querySelector<HTMLElement>("[role=img]");
export const divider = (el: HTMLElement) =>
  el.querySelector<HTMLElement>("[aria-label=divider]");
export const isShown = (node: HTMLElement | null) => node?.closest("[hidden]") === null;
