import { describe, expect, it, vi } from "vitest";
import { FRAME_MS } from "../src/canvas/filmstrip.js";
import { divider, isShown, start } from "./finished_run.js";
import { BROKEN, StandInBitmap, settle, standIns } from "./stand_ins.js";

const counts = standIns();

const hidden = (el: HTMLElement) =>
  el.querySelector<HTMLElement>(".lucid-scrubber")?.hidden;

describe("the filmstrip", () => {
  it("scrubs with no kernel: picture, label and value follow", async () => {
    const { el, slider, scrub, label } = await start(
      {},
      "jupyter-widgets-disconnected",
    );
    expect([slider.min, slider.max, slider.value]).toEqual(["0", "2", "2"]);
    expect(counts().drawn.at(-1)).toBe(99);
    await scrub(1);
    expect(counts().drawn.at(-1)).toBe(12);
    expect(label()).toBe("TinyInception, channel mixed4a:30, step 40 of 64");
    expect(slider.getAttribute("aria-valuetext")).toBe("step 40, objective 2.50");
    expect(el.querySelector(".lucid-objective")?.textContent).toBe("objective 2.50");
    await scrub(2); // the end is the newest picture, in full quality
    expect(counts().drawn.at(-1)).toBe(99);
    expect(label()).toContain("step 64 of 64");
  });

  it("decodes only the newest of many picks, and frees every bitmap", async () => {
    const { scrub, slider, close } = await start();
    for (const index of [0, 1, 0, 1]) {
      slider.value = String(index);
      slider.dispatchEvent(new Event("input"));
    }
    await settle();
    expect(counts().drawn.at(-1)).toBe(12);
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
    expect(counts().drawn).toContain(12);
  });

  it("is hidden while there is none, and while the run moves", async () => {
    expect(hidden((await start({ filmstrip_index: [] })).el)).toBe(true);
    const { el, model, scrub } = await start();
    expect(hidden(el)).toBe(false);
    await scrub(0);
    model.set({ status: "running" });
    await settle();
    expect(hidden(el)).toBe(true);
    expect(counts().drawn.at(-1)).toBe(99);
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
    const before = counts().drawn.length;
    await settle(FRAME_MS * 3);
    expect(counts().drawn.length).toBe(before);
  });
});

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
    expect(counts().drawn.slice(-2)).toEqual([99, 12]);
    expect(label()).toContain("step 64 of 64, beside step 40");
    const left = leftSlider(el);
    if (!left) throw new Error("no slider");
    expect(left.value).toBe("1");
    left.value = "0";
    left.dispatchEvent(new Event("input"));
    slider.value = "1";
    slider.dispatchEvent(new Event("input"));
    await settle();
    expect(counts().drawn.slice(-2)).toEqual([12, 11]);
    expect(el.querySelector(".lucid-tag-left")?.textContent).toBe("step 1");
    expect(el.querySelector(".lucid-tag-right")?.textContent).toBe("step 40");
    expect(button("Compare").getAttribute("aria-pressed")).toBe("true");
    button("Compare").click();
    await settle();
    expect(isShown(divider(el))).toBe(false);
    expect(counts().drawn.at(-1)).toBe(12);
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
    expect(counts().drawn.slice(-2)).toEqual([7, 11]);
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
