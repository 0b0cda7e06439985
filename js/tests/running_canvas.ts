/** A canvas whose run goes on in the kernel, for tests. */

import frameCanvas from "../src/widgets/frame_canvas.js";
import { StandInModel } from "./stand_ins.js";

export function start(traits: Record<string, unknown> = {}) {
  const model = new StandInModel({
    status: "running",
    error: "",
    title: "TinyInception, channel mixed4a:30",
    notice: "",
    total_steps: 512,
    poster: new DataView(new ArrayBuffer(0)),
    poster_mime: "image/png",
    poster_id: "id-1",
    ...traits,
  });
  const widget = frameCanvas();
  const close = widget.initialize({ model: model.asModel() });
  const show = (classes = "") => {
    const el = document.createElement("div");
    el.className = classes;
    document.body.append(el);
    return { el, cleanUp: widget.render({ el }) };
  };
  return { model, close, show };
}

export const button = (el: HTMLElement, name: string) => {
  const found = [...el.querySelectorAll("button")].find(
    (candidate) => candidate.textContent === name,
  );
  if (!found) throw new Error(`no button ${name} in ${el.textContent}`);
  return found;
};
export const label = (el: HTMLElement) =>
  el.querySelector("[role=img]")?.getAttribute("aria-label");
export const text = (el: HTMLElement, selector: string) =>
  el.querySelector(selector)?.textContent;
