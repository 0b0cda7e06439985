import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FRAME_MS } from "../src/canvas/filmstrip.js";
import frameCanvas from "../src/widgets/frame_canvas.js";
import {
  BROKEN,
  type Counts,
  installStandIns,
  StandInBitmap,
  StandInModel,
  settle,
} from "./stand_ins.js";

let counts: Counts;

beforeEach(() => {
  counts = installStandIns();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** Three snapshots of one, two and one bytes; their first bytes tell them apart. */
const STRIP = {
  filmstrip: new DataView(Uint8Array.of(11, 12, 0, 13).buffer),
  filmstrip_mime: "image/webp",
  filmstrip_index: [
    [1, null, 1],
    [40, 2.5, 2],
    [64, 3.5, 1],
  ],
};

async function start(traits: Record<string, unknown> = {}, classes = "") {
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

const hidden = (el: HTMLElement) =>
  el.querySelector<HTMLElement>(".lucid-scrubber")?.hidden;

describe("the filmstrip", () => {
  it("scrubs with no kernel: picture, label and value follow", async () => {
    const { el, slider, scrub, label } = await start(
      {},
      "jupyter-widgets-disconnected",
    );
    expect([slider.min, slider.max, slider.value]).toEqual(["0", "2", "2"]);
    expect(counts.drawn.at(-1)).toBe(99);
    await scrub(1);
    expect(counts.drawn.at(-1)).toBe(12);
    expect(label()).toBe("TinyInception, channel mixed4a:30, step 40 of 64");
    expect(slider.getAttribute("aria-valuetext")).toBe("step 40, objective 2.50");
    expect(el.querySelector(".lucid-objective")?.textContent).toBe("objective 2.50");
    await scrub(2); // the end is the newest picture, in full quality
    expect(counts.drawn.at(-1)).toBe(99);
    expect(label()).toContain("step 64 of 64");
  });

  it("decodes only the newest of many picks, and frees every bitmap", async () => {
    const { scrub, slider, close } = await start();
    for (const index of [0, 1, 0, 1]) {
      slider.value = String(index);
      slider.dispatchEvent(new Event("input"));
    }
    await settle();
    expect(counts.drawn.at(-1)).toBe(12);
    expect(StandInBitmap.decoded.filter((byte) => byte !== 99).length).toBeLessThan(4);
    await scrub(0);
    expect(StandInBitmap.open).toBe(2); // the newest picture and the snapshot
    close();
    expect(StandInBitmap.open).toBe(0);
  });

  it("replays from the start to the newest picture, and can be stopped", async () => {
    const { button, label } = await start();
    button("Replay").click();
    await settle();
    expect(label()).toContain("step 1 of 64");
    button("Stop").click();
    await settle(FRAME_MS * 2);
    expect(label()).toContain("step 1 of 64");
    button("Replay").click();
    await settle(FRAME_MS * 4);
    expect(label()).toContain("step 64 of 64");
    expect(button("Replay")).toBeTruthy();
    expect(counts.drawn).toContain(12);
  });

  it("is hidden while there is none, and while the run moves", async () => {
    expect(hidden((await start({ filmstrip_index: [] })).el)).toBe(true);
    const { el, model, scrub } = await start();
    expect(hidden(el)).toBe(false);
    await scrub(0);
    model.set({ status: "running" });
    await settle();
    expect(hidden(el)).toBe(true);
    expect(counts.drawn.at(-1)).toBe(99);
  });

  it("asks the kernel to go on from the frame that is shown", async () => {
    const { model, scrub, button } = await start();
    expect(button("Continue here").getAttribute("aria-disabled")).toBe("true");
    button("Continue here").click();
    await scrub(1);
    button("Continue here").click();
    expect(model.sentOfKind("branch")).toEqual([{ kind: "branch", step: 40 }]);
  });

  it("cannot go on without a kernel", async () => {
    const { model, scrub, button } = await start({}, "jupyter-widgets-disconnected");
    await scrub(1);
    button("Continue here").click();
    expect(model.sentOfKind("branch")).toEqual([]);
  });

  it.each([
    [{ filmstrip_index: [[1, null, 9]] }],
    [{ filmstrip_index: [[1, null, -1]] }],
    [{ filmstrip_index: "no" }],
    [{ filmstrip_index: [[1], 7] }],
    [{ filmstrip_mime: "text/html" }],
    [{ filmstrip: null }],
  ])("that makes no sense is none: %j", async (traits) => {
    expect(hidden((await start(traits)).el)).toBe(true);
  });

  it("says which snapshot the browser cannot decode", async () => {
    const filmstrip = new DataView(Uint8Array.of(BROKEN, 12, 0, 13).buffer);
    const { el, scrub } = await start({ filmstrip });
    await scrub(0);
    expect(el.querySelector("[role=alert]")?.textContent).toContain("snapshot of 1");
  });

  it("leaves no listener and no timer", async () => {
    const { model, button, cleanUp, close } = await start();
    button("Replay").click();
    cleanUp();
    close();
    expect(model.listenerCount).toBe(0);
    const before = counts.drawn.length;
    await settle(FRAME_MS * 3);
    expect(counts.drawn.length).toBe(before);
  });
});

describe("Copy as code", () => {
  it("copies the program, and says so", async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal("navigator", { clipboard: { writeText } });
    const { button } = await start({}, "jupyter-widgets-disconnected");
    button("Copy as code").click();
    await settle();
    expect(writeText).toHaveBeenCalledWith("images = 1\n");
    expect(button("Copied")).toBeTruthy();
  });

  it("works on pages without the clipboard interface", async () => {
    vi.stubGlobal("navigator", {});
    let copied = "";
    document.execCommand = () => {
      copied = document.querySelector("textarea")?.value ?? "";
      return true;
    };
    const { button } = await start();
    button("Copy as code").click();
    await settle();
    expect(copied).toBe("images = 1\n");
    expect(document.querySelector("textarea")).toBeNull();
  });

  it("waits for a picture at rest", async () => {
    const { button } = await start({ status: "running" });
    expect(button("Copy as code").getAttribute("aria-disabled")).toBe("true");
    expect(
      (await start({ code: "" })).button("Copy as code").getAttribute("aria-disabled"),
    ).toBe("true");
  });
});
