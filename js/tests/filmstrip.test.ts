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
    const replay = button("Replay");
    replay.click();
    replay.click(); // "Stop" as soon as it is painted
    await settle(FRAME_MS * 2);
    expect(label()).toContain("step 1 of 64");
    replay.click();
    await vi.waitFor(() => expect(label()).toContain("step 64 of 64"), 3000);
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

const stage = (el: HTMLElement) => el.querySelector<HTMLElement>("[role=img]");
const divider = (el: HTMLElement) =>
  el.querySelector<HTMLElement>("[aria-label=divider]");
const isShown = (node: HTMLElement | null) => node?.closest("[hidden]") === null;

describe("comparing two snapshots", () => {
  const leftSlider = (el: HTMLElement) =>
    el.querySelector<HTMLInputElement>("[aria-label='left picture']");

  it("puts the picked one left of the newest, and any other later", async () => {
    const { el, scrub, button, label, slider } = await start(
      {},
      "jupyter-widgets-disconnected",
    );
    expect(isShown(divider(el))).toBe(false);
    await scrub(1);
    button("Compare").click();
    await settle();
    expect(isShown(divider(el))).toBe(true);
    expect(counts.drawn.slice(-2)).toEqual([99, 12]);
    expect(label()).toContain("step 64 of 64, beside step 40");
    const left = leftSlider(el);
    if (!left) throw new Error("no slider");
    expect(left.value).toBe("1");
    left.value = "0";
    left.dispatchEvent(new Event("input"));
    slider.value = "1";
    slider.dispatchEvent(new Event("input"));
    await settle();
    expect(counts.drawn.slice(-2)).toEqual([12, 11]);
    expect(el.querySelector(".lucid-tag-left")?.textContent).toBe("step 1");
    expect(el.querySelector(".lucid-tag-right")?.textContent).toBe("step 40");
    expect(button("Compare").getAttribute("aria-pressed")).toBe("true");
    button("Compare").click();
    await settle();
    expect(isShown(divider(el))).toBe(false);
    expect(counts.drawn.at(-1)).toBe(12);
    expect(StandInBitmap.open).toBe(2);
  });

  it("moves the line by keys and by dragging", async () => {
    const { el, button } = await start();
    button("Compare").click();
    await settle();
    const line = divider(el);
    if (!line) throw new Error("no divider");
    const press = (key: string) => {
      const event = new KeyboardEvent("keydown", { key, cancelable: true });
      line.dispatchEvent(event);
      return event.defaultPrevented;
    };
    const share = () => line.getAttribute("aria-valuenow");
    expect(share()).toBe("50");
    expect(press("ArrowLeft")).toBe(true);
    await settle();
    expect(share()).toBe("48");
    press("End");
    press("ArrowRight");
    await settle();
    expect([share(), line.style.left]).toEqual(["100", "100%"]);
    expect(press("x")).toBe(false);
    expect(press("Home")).toBe(true);
    await settle();
    expect(share()).toBe("0");

    line.setPointerCapture = () => {};
    line.hasPointerCapture = () => true;
    const box = { left: 100, width: 200 } as DOMRect;
    vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(box);
    line.dispatchEvent(new MouseEvent("pointermove", { clientX: 150 }));
    await settle();
    expect(share()).toBe("25");
  });

  it("keeps the left picture while another run grows beside it", async () => {
    const { el, model, scrub, button, close } = await start();
    await scrub(0);
    button("Compare").click();
    await settle();
    model.set({ status: "running", filmstrip_index: [], title: "other" });
    model.frame(7);
    await settle();
    expect(counts.drawn.slice(-2)).toEqual([7, 11]);
    expect(el.querySelector(".lucid-tag-left")?.textContent).toBe(
      "step 1, channel mixed4a:30",
    );
    expect(isShown(button("Compare"))).toBe(true);
    expect(isShown(leftSlider(el))).toBe(false);
    close();
    expect(StandInBitmap.open).toBe(0);
  });

  it("of pictures that cannot be decoded says which", async () => {
    const filmstrip = new DataView(Uint8Array.of(BROKEN, 12, 0, 13).buffer);
    const { el, button } = await start({
      filmstrip,
      filmstrip_index: [
        [1, 1, 1],
        [2, 2, 1],
      ],
    });
    button("Compare").click();
    await settle();
    expect(el.querySelector("[role=alert]")?.textContent).toContain("snapshot of 1");
    expect(isShown(divider(el))).toBe(false);
  });
});

describe("the tree of branches", () => {
  const TREE = {
    branches: [
      [0, 0, "run", 64, 2.5, 1],
      [2, 1, "from step 8: jitter 8 → 16", 96, 3.5, 2],
      [1, 1, "from step 40: learning rate 0.05 → 0.2", 64, null, 0],
    ],
    branch_tips: new DataView(Uint8Array.of(21, 22, 0).buffer),
    current_branch: 1,
  };
  const entries = (el: HTMLElement) => [
    ...el.querySelectorAll<HTMLButtonElement>(".lucid-branches button"),
  ];

  it("is shown when there is more than one, in order, the one at hand marked", async () => {
    const one = await start({ ...TREE, branches: TREE.branches.slice(0, 1) });
    expect(isShown(entries(one.el)[0] ?? null)).toBe(false);
    const { el } = await start(TREE);
    expect(entries(el).map((entry) => entry.textContent)).toEqual([
      "run64 steps",
      "from step 8: jitter 8 → 1696 steps",
      "from step 40: learning rate 0.05 → 0.264 steps",
    ]);
    expect(entries(el).map((entry) => entry.getAttribute("aria-current"))).toEqual([
      "false",
      "false",
      "true",
    ]);
  });

  it("asks the kernel for another branch, and keeps the focus", async () => {
    const { el, model } = await start(TREE);
    entries(el)[1]?.focus();
    entries(el)[1]?.click();
    entries(el)[2]?.click(); // at hand already
    expect(model.sentOfKind("switch")).toEqual([{ kind: "switch", branch: 2 }]);
    model.set({ current_branch: 2 });
    await settle();
    expect(document.activeElement).toBe(entries(el)[1]);
    expect(entries(el)[1]?.getAttribute("aria-current")).toBe("true");
  });

  it("shows the last picture of a branch with no kernel, and compares with it", async () => {
    const { el, label, scrub, button } = await start(
      TREE,
      "jupyter-widgets-disconnected",
    );
    entries(el)[1]?.click();
    await settle();
    expect(counts.drawn.at(-1)).toBe(22);
    expect(label()).toContain("step 96");
    expect(entries(el)[1]?.getAttribute("aria-current")).toBe("true");
    button("Compare").click();
    await settle();
    expect(counts.drawn.slice(-2)).toEqual([22, 12]);
    entries(el)[2]?.click();
    await settle();
    expect(counts.drawn.slice(-2)).toEqual([99, 12]);
    await scrub(0);
    expect(entries(el)[2]?.getAttribute("aria-current")).toBe("true");
  });

  it.each([
    [{ branches: "no" }],
    [{ branches: [[0, 0, "run"], [1]] }],
    [{ branches: [7, null] }],
    [
      {
        branches: [
          [0, 0, "<b>", 1, null, -5],
          [1, 0, 3, 1, null, 0],
        ],
      },
    ],
  ])("that makes no sense is none: %j", async (traits) => {
    const { el } = await start({ ...TREE, ...traits });
    expect(entries(el)).toEqual([]);
  });

  it("takes names for text", async () => {
    const { el } = await start({
      ...TREE,
      branches: [
        [0, 0, "<b>", 1],
        [1, 99, "x", 2],
      ],
    });
    expect(el.querySelector(".lucid-branches b")).toBeNull();
    expect(entries(el)[1]?.closest("li")?.style.getPropertyValue("--lucid-depth")).toBe(
      "8",
    );
  });
});

/** What a PNG file begins with, and a size. */
function pngHead(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
}

describe("taking the picture away", () => {
  const read = async (blob: Blob | File | undefined) => {
    const reader = new FileReader();
    const done = new Promise((resolve) => reader.addEventListener("load", resolve));
    reader.readAsArrayBuffer(blob ?? new Blob());
    await done;
    return [...new Uint8Array(reader.result as ArrayBuffer)];
  };
  const OWN = [..."own"].map((character) => character.charCodeAt(0));

  function dragged(el: HTMLElement) {
    const data = new Map<string, string>();
    const files: File[] = [];
    const event = new Event("dragstart", { cancelable: true });
    const dataTransfer = {
      setData: (type: string, text: string) => data.set(type, text),
      items: { add: (file: File) => files.push(file) },
    };
    stage(el)?.dispatchEvent(Object.assign(event, { dataTransfer }));
    return { data, files, isRefused: event.defaultPrevented };
  }

  it("drags out what is shown, as a file and as an image", async () => {
    const { el, scrub } = await start();
    expect(stage(el)?.draggable).toBe(true);
    await scrub(1);
    const { data, files } = dragged(el);
    const name = "TinyInception-channel-mixed4a-30-step-40.png";
    const url = `data:image/png;base64,${btoa("own")}`;
    expect(data.get("DownloadURL")).toBe(`image/png:${name}:${url}`);
    expect(data.get("text/html")).toContain(url);
    expect([files[0]?.name, files[0]?.type]).toEqual([name, "image/png"]);
    expect(await read(files[0])).toEqual(OWN);
  });

  it("takes the kept still, with the recipe inside, where it is the picture", async () => {
    const poster = new DataView(pngHead(8, 6).buffer);
    const saved = { poster, poster_step: 64, poster_objective: 3.5 };
    const { el, model, scrub } = await start(saved);
    expect((await read(dragged(el).files[0])).length).toBe(40);
    model.frame(64, { objective: 3.5, mime: "image/png", lossless: true });
    await settle();
    expect((await read(dragged(el).files[0])).length).toBe(40);
    await scrub(0);
    expect((await read(dragged(el).files[0])).length).toBe(3);
    await scrub(2);
    model.set({ poster: new DataView(pngHead(4, 3).buffer) }); // made smaller
    await settle();
    expect((await read(dragged(el).files[0])).length).toBe(3);
  });

  it("drags nothing where there is none", async () => {
    const { el, model } = await start({ poster: null });
    expect(stage(el)?.draggable).toBe(false);
    expect(dragged(el).isRefused).toBe(true);
    model.frame(5);
    await settle();
    expect(stage(el)?.draggable).toBe(true);
  });

  it("copies the picture as a PNG file", async () => {
    const write = vi.fn(async ([item]: { data: Record<string, Promise<Blob>> }[]) => {
      await item?.data["image/png"];
    });
    vi.stubGlobal("navigator", { clipboard: { write } });
    vi.stubGlobal(
      "ClipboardItem",
      class {
        constructor(readonly data: Record<string, Promise<Blob>>) {}
      },
    );
    const { button } = await start({}, "jupyter-widgets-disconnected");
    button("Copy").click();
    await settle();
    const blob = await write.mock.calls[0]?.[0][0]?.data["image/png"];
    expect(await read(blob)).toEqual(OWN);
    expect(button("Copied")).toBeTruthy();
  });

  it("copies an image on pages without the clipboard interface", async () => {
    vi.stubGlobal("navigator", {});
    let copied = "";
    document.execCommand = () => {
      copied =
        getSelection()?.anchorNode?.firstChild instanceof HTMLImageElement
          ? "an image"
          : "";
      return true;
    };
    const { button } = await start();
    button("Copy").click();
    await settle();
    expect(copied).toBe("an image");
    expect(button("Copied")).toBeTruthy();
  });

  it("asks the kernel for the snapshot that is shown", async () => {
    const { model, scrub, button } = await start();
    await scrub(1);
    button("Save").click();
    expect(model.sentOfKind("save_request")).toEqual([
      { kind: "save_request", step: 40 },
    ]);
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
