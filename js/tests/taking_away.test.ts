import { describe, expect, it, vi } from "vitest";
import { stage, start } from "./finished_run.js";
import { settle, standIns } from "./stand_ins.js";

standIns();

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
