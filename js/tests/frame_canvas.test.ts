import { describe, expect, it } from "vitest";
import { COUNT_VIEWS_AFTER_MS } from "../src/widgets/frame_canvas.js";
import { button, label, start, text } from "./running_canvas.js";
import { StandInBitmap, settle, standIns } from "./stand_ins.js";

const counts = standIns();

describe("a model", () => {
  it("says that it is ready as soon as it is initialised", () => {
    expect(start().model.sent).toEqual([{ kind: "ready" }]);
  });

  it("leaves no listener, observer, bitmap or object URL after three mounts", async () => {
    const { model, close, show } = start();
    const before = model.listenerCount;
    for (const step of [1, 2, 3]) {
      const { el, cleanUp } = show();
      model.frame(step);
      await settle();
      expect(counts().drawn.at(-1)).toBe(step);
      cleanUp();
      el.remove();
      expect(model.listenerCount).toBe(before);
      expect(counts().observers()).toBe(0);
    }
    for (const [, , options] of counts().windowListeners.mock.calls) {
      expect(options).toHaveProperty("signal.aborted", true);
    }
    expect(StandInBitmap.open).toBe(1);
    close();
    expect(model.listenerCount).toBe(0);
    expect(StandInBitmap.open).toBe(0);
    expect(counts().objectUrls()).toBe(0);
  });

  it("tells how many views are on the page after one was removed", async () => {
    const { model, show } = start();
    const [first, second, forgotten] = [show(), show(), show()];
    forgotten.el.remove(); // as update_display does: without cleaning up
    first.cleanUp();
    await settle(COUNT_VIEWS_AFTER_MS + 50);
    expect(model.sentOfKind("views")).toEqual([{ kind: "views", count: 1 }]);
    second.cleanUp();
    await settle(COUNT_VIEWS_AFTER_MS + 50);
    expect(model.sentOfKind("views").at(-1)).toEqual({ kind: "views", count: 0 });
  });

  it("says what is being loaded beside what the run does", async () => {
    const { model, show } = start({
      loading: "loading InceptionV1…",
      notice: "a notice",
    });
    const { el } = show();
    model.frame(1);
    await settle();
    const said = "running · loading InceptionV1… · a notice";
    expect(text(el, ".lucid-status")).toBe(said);
    model.set({ loading: "" });
    await settle();
    expect(text(el, ".lucid-status")).toBe("running · a notice");
  });

  it("reports a message that makes no sense and goes on", async () => {
    const { model, show } = start();
    const { el } = show();
    model.emit("msg:custom", { kind: "frame", step: "x" }, []);
    await settle();
    expect(text(el, "[role=alert]")).toContain("makes no sense");
    model.frame(3);
    await settle();
    expect(text(el, "[role=alert]")).toBe("");
    expect(label(el)).toContain("step 3 of 512");
  });
});

describe("a view", () => {
  it("shows picture, step, value, speed and percent of the newest frame", async () => {
    const { model, show } = start();
    const { el } = show();
    await settle();
    expect(label(el)).toBe("TinyInception, channel mixed4a:30, no picture yet");
    expect(text(el, ".lucid-placeholder")).toBe("Waiting for the first picture.");
    model.frame(128);
    await settle();
    expect(label(el)).toBe("TinyInception, channel mixed4a:30, step 128 of 512");
    expect(text(el, ".lucid-step")).toBe("step 128 / 512");
    expect(text(el, ".lucid-figures")).toBe(
      "step 128 / 512objective 12.830 steps/s25 %",
    );
    const bar = el.querySelector("[role=progressbar]");
    expect(bar?.getAttribute("aria-valuenow")).toBe("128");
    expect(bar?.getAttribute("aria-valuemax")).toBe("512");
  });

  it("is empty after a reset, even if a picture was on its way", async () => {
    const { model, show } = start({ status: "paused" });
    const { el } = show();
    model.frame(9);
    await settle();
    model.frame(10);
    model.set({ status: "idle" });
    await settle();
    expect(label(el)).toContain("no picture yet");
    expect(text(el, ".lucid-step")).toBe("step 0 / 512");
    expect(text(el, ".lucid-placeholder")).toContain("Press Play");
    expect(el.querySelector(".lucid-sparkline path")?.getAttribute("d")).toBe("");
    expect(StandInBitmap.open).toBe(0);
  });

  it("shows what a reset run starts from, whichever message comes first", async () => {
    const { model, show } = start({ status: "paused" });
    const { el } = show();
    model.frame(9);
    await settle();
    const startFrame = () =>
      model.frame(0, { run: 2, sequence: 10, objective: null, curve: [] });
    startFrame();
    model.set({ status: "idle" });
    await settle();
    expect(label(el)).toContain("step 0 of 512");
    model.set({ status: "paused" });
    model.set({ status: "idle" });
    await settle();
    expect(label(el)).toContain("step 0 of 512");
    expect(text(el, ".lucid-objective")).toBe("objective");
    expect(model.sentOfKind("drawn").at(-1)).toEqual({ kind: "drawn", sequence: 10 });
  });

  it("is right when it comes second", async () => {
    const { model, show } = start();
    const first = show();
    model.frame(5);
    await settle();
    const second = show();
    await settle();
    expect(counts().drawn.filter((byte) => byte === 5).length).toBeGreaterThan(1);
    model.frame(6);
    await settle();
    expect(label(first.el)).toContain("step 6");
    expect(label(second.el)).toBe(label(first.el));
    expect(StandInBitmap.decoded).toEqual([5, 6]);
  });

  it("sends what its buttons say", async () => {
    const { model, show } = start({ status: "running" });
    const { el } = show();
    await settle();
    button(el, "Step").click(); // does nothing while running
    button(el, "Pause").click();
    model.set({ status: "paused" });
    await settle();
    button(el, "Play").click();
    button(el, "Step").click();
    button(el, "Reset").click();
    expect(model.sentOfKind("command")).toEqual(
      ["pause", "play", "step", "reset"].map((command) => ({
        kind: "command",
        command,
      })),
    );
  });

  it("shows an error of the kernel, and hides it when it is over", async () => {
    const { model, show } = start();
    const { el } = show();
    model.set({ error: "no layer 'mixed4z'\nmore", status: "failed" });
    await settle();
    expect(text(el, "[role=alert] strong")).toBe("no layer 'mixed4z'");
    model.set({ error: "", status: "idle" });
    await settle();
    expect(text(el, "[role=alert]")).toBe("");
  });

  it("reads a pixel by keyboard, and tells a screen reader", async () => {
    const { model, show } = start();
    const { el } = show();
    model.frame(1);
    await settle();
    const press = (key: string, shiftKey = false) =>
      el
        .querySelector("[role=img]")
        ?.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
    press("ArrowRight", true);
    press("ArrowUp", true);
    expect(text(el, ".lucid-readout")).toBe("row 2, column 4: RGB 10 20 30");
    expect(text(el, "[aria-live=polite]")).toBe("row 2, column 4: RGB 10 20 30");
    press("+");
    expect(text(el, ".lucid-readout")).toMatch(/^zoom 1\.\d|^row/);
    press("Escape");
    expect(text(el, "[aria-live=polite]")).toBe("");
  });
});
