import { describe, expect, it } from "vitest";
import modelBrowser from "../src/widgets/model_browser.js";
import { StandInModel, settle, standIns } from "./stand_ins.js";

standIns();

const ATTACK = '<img src=x onerror="window.attacked = true">';

function box(name: string, y: number, rest: Record<string, unknown> = {}) {
  return {
    name,
    kind: "conv",
    rectangle: [10, y, 200, 24],
    depth: 3,
    shape: [8, 6, 3],
    stride: 2,
    field: 7,
    members: [`${name}_conv`, name],
    ...rest,
  };
}

function start(traits: Record<string, unknown> = {}, classes = "") {
  const model = new StandInModel({
    status: "resting",
    error: "",
    title: "Tiny, b",
    layer: "b",
    layers: ["a", "b"],
    depth: 3,
    boxes: [box("input", 0, { kind: "input" }), box("a", 40), box("b", 80)],
    lines: [[110, 24, 110, 40]],
    size: [460, 120],
    ...traits,
  });
  const widget = modelBrowser();
  const close = widget.initialize({ model: model.asModel() });
  const el = document.createElement("div");
  el.className = classes;
  document.body.append(el);
  const cleanUp = widget.render({ el });
  return { model, el, close, cleanUp };
}

const options = (el: HTMLElement) => [
  ...el.querySelectorAll<HTMLElement>(".lucid-diagram [role=option]"),
];
const chosen = (el: HTMLElement) =>
  options(el).find((option) => option.getAttribute("aria-selected") === "true")?.title;
const facts = (el: HTMLElement) => el.querySelector(".lucid-facts")?.textContent ?? "";

describe("the browser of a model", () => {
  it("shows the picture, the chosen layer and its channels", async () => {
    const { el, model } = start();
    await settle(120);
    expect(options(el).map(({ title }) => title)).toEqual([
      "input, conv, 3 channels".replace("conv", "input"),
      "a, conv, 3 channels",
      "b, conv, 3 channels",
    ]);
    expect(chosen(el)).toBe("b, conv, 3 channels");
    expect(facts(el)).toContain("8 × 6 × 3");
    expect(facts(el)).toContain("7 px");
    expect(model.sentOfKind("visible").at(-1)).toEqual({
      kind: "visible",
      units: ["b:0", "b:1", "b:2"],
    });
  });

  it("chooses with mouse and keys, at once, and follows the kernel", async () => {
    const { el, model } = start();
    await settle();
    options(el)[1]?.click();
    await settle();
    expect(chosen(el)).toBe("a, conv, 3 channels");
    expect(model.sentOfKind("change")).toEqual([
      { kind: "change", name: "layer", value: "a", request: 1 },
    ]);
    const list = el.querySelector(".lucid-diagram") as HTMLElement;
    list.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
    await settle();
    expect(chosen(el)).toBe("b, conv, 3 channels");
    const active = list.getAttribute("aria-activedescendant") ?? "";
    expect(document.getElementById(active)?.title).toBe("b, conv, 3 channels");
    model.set({ layer: "b" });
    model.emit("msg:custom", { kind: "answer", request: 2, value: null }, []);
    await settle();
    model.set({ layer: "a" });
    await settle();
    expect(chosen(el)).toBe("a, conv, 3 channels");
  });

  it("goes as far as keys were pressed, however long a frame takes", async () => {
    const { el } = start();
    await settle();
    const list = el.querySelector(".lucid-diagram") as HTMLElement;
    for (const key of ["End", "ArrowUp"])
      list.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await settle();
    expect(chosen(el)).toBe("a, conv, 3 channels");
  });

  it("never takes the input for a layer", async () => {
    const { el, model } = start();
    await settle();
    options(el)[0]?.click();
    await settle(120);
    expect(model.sentOfKind("change")).toEqual([]);
    expect(el.textContent).toContain("0 channels");
  });

  it("draws of a thousand boxes those in view", async () => {
    const boxes = [...Array(1000).keys()].map((n) => box(`l${n}`, n * 36));
    const { el } = start({ boxes, size: [460, 36_000], layer: "l900" });
    await settle();
    expect(options(el).length).toBeLessThan(60);
    expect(chosen(el)).toBe("l900, conv, 3 channels");
  });

  it("shows text as text, and survives what makes no sense", async () => {
    const { el, model } = start({
      boxes: [box(ATTACK, 0, { kind: ATTACK, members: [ATTACK] }), 5, {}],
      layer: ATTACK,
      layers: [ATTACK],
      lines: [["x"]],
      size: ["x"],
      title: ATTACK,
    });
    await settle();
    expect(el.querySelector("[onerror]")).toBeNull();
    model.set({ boxes: null, lines: "x", size: {}, layer: 3, depth: -4 });
    await settle();
    expect(options(el)).toEqual([]);
    expect(Reflect.get(window, "attacked")).toBeUndefined();
  });

  it("can be looked through where there is no kernel", async () => {
    const { el, model } = start({}, "jupyter-widgets-disconnected");
    await settle();
    options(el)[1]?.click();
    await settle(120);
    expect(chosen(el)).toBe("a, conv, 3 channels");
    expect(facts(el)).toContain("a_conv, a");
    expect(el.textContent).toContain("no kernel");
    expect(model.sentOfKind("visible")).toEqual([]);
  });
});
