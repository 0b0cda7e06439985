import { describe, expect, it } from "vitest";
import activationGrid from "../src/widgets/activation_grid.js";
import attributionExplorer from "../src/widgets/attribution_explorer.js";
import neuronGroups from "../src/widgets/neuron_groups.js";
import semanticDictionary from "../src/widgets/semantic_dictionary.js";
import { StandInModel, settle, standIns } from "./stand_ins.js";

const counts = standIns();

const WIDGETS = [
  ["ActivationGrid", activationGrid],
  ["AttributionExplorer", attributionExplorer],
  ["NeuronGroups", neuronGroups],
  ["SemanticDictionary", semanticDictionary],
] as const;

function start(make: typeof activationGrid, traits: Record<string, unknown> = {}) {
  const model = new StandInModel({
    status: "resting",
    layer: "mixed4a",
    layers: ["mixed3a", "mixed4a"],
    photo: new DataView(Uint8Array.of(1, 2, 3).buffer),
    photo_size: [30, 50],
    grid: [3, 5],
    selection: { unit: null, position: null, image: null },
    ...traits,
  });
  const widget = make();
  const close = widget.initialize({ model: model.asModel() });
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = widget.render({ el });
  const photo = el.querySelector("[role=application]") as HTMLElement;
  photo.getBoundingClientRect = () => new DOMRect(100, 200, 500, 300);
  const press = (key: string) =>
    photo.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const move = (clientX: number, clientY: number) =>
    photo.dispatchEvent(new MouseEvent("pointermove", { clientX, clientY }));
  return { model, el, photo, press, move, close, cleanUp };
}

/** A drop or a paste of a file; jsdom knows neither kind of event. */
function bring(el: HTMLElement, kind: "drop" | "paste", name: string, type: string) {
  const file = new File(["picture"], name, { type });
  file.arrayBuffer = async () => new TextEncoder().encode("picture").buffer;
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const data = { files: [file] };
  Object.assign(event, { dataTransfer: data, clipboardData: data });
  el.querySelector("[role=application]")?.dispatchEvent(event);
  return event;
}

describe.each(WIDGETS)("%s, as a widget about a photo,", (_, make) => {
  it.each(["drop", "paste"] as const)("takes a photo from a %s", async (kind) => {
    const { model, el } = start(make);
    const event = bring(el, kind, "cat.png", "image/png");
    await settle();
    expect(event.defaultPrevented).toBe(true);
    const at = model.sent.findIndex((sent) => Reflect.get(sent as object, "name"));
    expect(model.sent[at]).toMatchObject({ kind: "ask", name: "photo" });
    expect(model.buffers[at]?.map(({ byteLength }) => byteLength)).toEqual([7]);
  });

  it("says so when what was dropped is no image, and stays on the page", async () => {
    const { model, el } = start(make);
    const event = bring(el, "drop", "<b>notes</b>.txt", "text/plain");
    await settle();
    expect(event.defaultPrevented).toBe(true);
    expect(el.querySelector("[role=alert]")?.textContent).toContain("<b>notes</b>.txt");
    expect(
      model
        .sentOfKind("ask")
        .filter((m) => Reflect.get(m as object, "name") === "photo"),
    ).toEqual([]);
  });

  it("asks for a photo when it has none", async () => {
    const { el } = start(make, {
      photo: new DataView(new ArrayBuffer(0)),
      grid: [0, 0],
    });
    await settle();
    const photo = el.querySelector("[role=application]");
    expect(photo?.textContent).toContain("paste one, or drop one here");
    expect(photo?.getAttribute("aria-label")).toBe("no photo yet");
  });

  it("follows quick keys, and Escape looks at the whole photo again", async () => {
    const { model, press } = start(make);
    await settle();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"])
      press(key);
    const positions = model
      .sentOfKind("select")
      .map((m) => Reflect.get(m as object, "position"));
    expect(positions).toEqual([
      [1, 2],
      [1, 3],
      [1, 4],
      [1, 4],
    ]);
    press("Escape");
    expect(model.sentOfKind("select").at(-1)).toMatchObject({
      unit: null,
      position: null,
    });
  });

  it("frames what the mouse points at, and nothing that is off the map", async () => {
    const { model, el, move } = start(make);
    const frame = el.querySelector(".lucid-photo-frame") as HTMLElement;
    model.set({ selection: { unit: null, position: [9, 9], image: null } });
    await settle();
    expect(frame.hidden).toBe(true);
    move(100 + 450, 200 + 150);
    await settle();
    expect([frame.hidden, frame.style.left, frame.style.height]).toEqual([
      false,
      "80%",
      `${100 / 3}%`,
    ]);
    move(5000, 10);
    await settle();
    expect(frame.hidden).toBe(true);
  });

  it("leaves nothing behind when it is closed", async () => {
    const { model, close, cleanUp } = start(make);
    await settle();
    expect(counts().objectUrls()).toBeGreaterThan(0);
    cleanUp();
    close();
    await settle();
    expect(counts().objectUrls()).toBe(0);
    expect(model.listenerCount).toBe(0);
  });
});
