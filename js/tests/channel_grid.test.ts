import { describe, expect, it } from "vitest";
import channelGrid from "../src/widgets/channel_grid.js";
import { StandInModel, settle, standIns } from "./stand_ins.js";

const counts = standIns();

const ATTACK = '<img src=x onerror="window.attacked = true">';

function start(traits: Record<string, unknown> = {}, classes = "") {
  const model = new StandInModel({
    status: "resting",
    error: "",
    title: "TinyInception, channels of mixed4a",
    layer: "mixed4a",
    layers: ["mixed3a", "mixed4a"],
    order: [0, 1, 2],
    labels: [],
    ...traits,
  });
  const widget = channelGrid();
  const close = widget.initialize({ model: model.asModel() });
  const el = document.createElement("div");
  el.className = classes;
  document.body.append(el);
  const cleanUp = widget.render({ el });
  return { model, el, close, cleanUp };
}

function sendIcon(model: StandInModel, unit: string, final = true) {
  model.emit(
    "msg:custom",
    {
      kind: "icons",
      icons: [{ unit, mime: "image/png", final, strength: 1 }],
    },
    [new DataView(Uint8Array.of(1).buffer)],
  );
}

const tiles = (el: HTMLElement) => [...el.querySelectorAll("[role=option]")];

describe("a grid of channels", () => {
  it("asks for the icons of its tiles, and shows what comes", async () => {
    const { model, el } = start();
    await settle(120);
    expect(tiles(el).map((tile) => tile.textContent)).toEqual(["0", "1", "2"]);
    expect(model.sentOfKind("visible")).toEqual([
      { kind: "visible", units: ["mixed4a:0", "mixed4a:1", "mixed4a:2"] },
    ]);
    sendIcon(model, "mixed4a:1");
    await settle();
    const shown = tiles(el).map((tile) => tile.querySelector("img")?.hidden);
    expect(shown).toEqual([true, false, true]);
  });

  it("asks only for what it has not got", async () => {
    const { model } = start();
    await settle(120);
    sendIcon(model, "mixed4a:0");
    sendIcon(model, "mixed4a:1", false);
    model.set({ order: [2, 1, 0, 3] });
    await settle(120);
    expect(model.sentOfKind("visible").at(-1)).toEqual({
      kind: "visible",
      units: ["mixed4a:2", "mixed4a:1", "mixed4a:3"],
    });
  });

  it("picks with mouse and keys, at once, and follows the kernel", async () => {
    const { model, el } = start();
    await settle();
    const selected = () =>
      tiles(el).findIndex((tile) => tile.getAttribute("aria-selected") === "true");
    (tiles(el)[1] as HTMLElement).click();
    await settle();
    expect(selected()).toBe(1);
    expect(model.sentOfKind("select")).toEqual([
      { kind: "select", unit: "mixed4a:1", position: null, request: 1 },
    ]);
    const box = el.querySelector("[role=listbox]") as HTMLElement;
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
    await settle();
    expect(selected()).toBe(2);
    expect(box.getAttribute("aria-activedescendant")).toBe(tiles(el)[2]?.id);
    model.emit("msg:custom", { kind: "answer", request: 2, value: null }, []);
    model.set({ selection: { unit: "mixed4a:0", position: null, image: null } });
    await settle();
    expect(selected()).toBe(0);
  });

  it("goes as many tiles as keys were pressed, however long a frame takes", async () => {
    const { model, el } = start();
    await settle();
    const box = el.querySelector("[role=listbox]") as HTMLElement;
    for (const key of ["Home", "ArrowRight", "ArrowRight"])
      box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await settle();
    expect(tiles(el)[2]?.getAttribute("aria-selected")).toBe("true");
    expect(model.sentOfKind("select").at(-1)).toMatchObject({ unit: "mixed4a:2" });
  });

  it("shows text as text, wherever it comes from", async () => {
    const { el } = start({
      title: ATTACK,
      error: ATTACK,
      notice: ATTACK,
      layer: ATTACK,
      layers: [ATTACK],
      labels: [ATTACK, ATTACK, ATTACK],
      filter: ATTACK,
    });
    await settle();
    expect(el.querySelector("[onerror]")).toBeNull();
    expect(tiles(el)[0]?.textContent).toBe(ATTACK);
    expect(Reflect.get(window, "attacked")).toBeUndefined();
  });

  it("shows what was saved where there is no kernel, and asks nobody", async () => {
    const kept = Uint8Array.of(1, 2, 3, 4, 5);
    const { model, el } = start(
      {
        kept_icons: new DataView(kept.buffer),
        kept_index: [
          ["mixed4a:0", 2, 1.5],
          ["mixed4a:2", 3, null],
        ],
      },
      "jupyter-widgets-disconnected",
    );
    await settle(120);
    const shown = tiles(el).map((tile) => tile.querySelector("img")?.hidden);
    expect(shown).toEqual([false, true, false]);
    expect(model.sentOfKind("visible")).toEqual([]);
    expect(el.textContent).toContain("no kernel: showing what was saved");
    expect(el.querySelector("select")?.disabled).toBe(true);
    (tiles(el)[2] as HTMLElement).click();
    await settle();
    expect(tiles(el)[2]?.getAttribute("aria-selected")).toBe("true");
  });

  it("survives saved state that makes no sense", async () => {
    const { el } = start({
      kept_icons: new DataView(Uint8Array.of(1).buffer),
      kept_index: [["mixed4a:0", 50], 7, null],
      order: "none",
      labels: 4,
      selection: [1],
      layers: null,
    });
    await settle();
    expect(tiles(el)).toEqual([]);
  });

  it("says when a message makes no sense, and goes on", async () => {
    const { model, el } = start();
    model.emit("msg:custom", { kind: "icons", icons: [{}] }, []);
    await settle();
    expect(el.querySelector("[role=alert]")?.textContent).toContain("makes no sense");
    sendIcon(model, "mixed4a:0");
    await settle();
    expect(tiles(el)[0]?.querySelector("img")?.hidden).toBe(false);
  });

  it("leaves nothing behind when it is closed", async () => {
    const { model, el, close, cleanUp } = start();
    await settle(120);
    sendIcon(model, "mixed4a:0");
    sendIcon(model, "mixed4a:0");
    expect(counts().objectUrls()).toBe(1);
    cleanUp();
    close();
    expect(counts().objectUrls()).toBe(0);
    expect(model.listenerCount).toBe(0);
    expect(el.childElementCount).toBe(0);
  });
});
