import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MS } from "../src/saving.js";
import frameCanvas, { COUNT_VIEWS_AFTER_MS } from "../src/widgets/frame_canvas.js";
import {
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
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

function start(traits: Record<string, unknown> = {}) {
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

const button = (el: HTMLElement, name: string) => {
  const found = [...el.querySelectorAll("button")].find(
    (candidate) => candidate.textContent === name,
  );
  if (!found) throw new Error(`no button ${name} in ${el.textContent}`);
  return found;
};
const label = (el: HTMLElement) =>
  el.querySelector("[role=img]")?.getAttribute("aria-label");
const text = (el: HTMLElement, selector: string) =>
  el.querySelector(selector)?.textContent;

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
      expect(counts.drawn.at(-1)).toBe(step);
      cleanUp();
      el.remove();
      expect(model.listenerCount).toBe(before);
      expect(counts.observers()).toBe(0);
    }
    for (const [, , options] of counts.windowListeners.mock.calls) {
      expect(options).toHaveProperty("signal.aborted", true);
    }
    expect(StandInBitmap.open).toBe(1);
    close();
    expect(model.listenerCount).toBe(0);
    expect(StandInBitmap.open).toBe(0);
    expect(counts.objectUrls()).toBe(0);
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
    expect(counts.drawn.filter((byte) => byte === 5).length).toBeGreaterThan(1);
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

describe("without a kernel", () => {
  const saved = {
    poster: new DataView(Uint8Array.of(77).buffer),
    poster_step: 512,
    poster_objective: 41.2,
    poster_curve: [
      [1, 0],
      [512, 41.2],
    ],
  };

  it("the saved picture is shown, and there is nothing to press but Save", async () => {
    const { model, show } = start(saved);
    const { el } = show("jupyter-widgets-disconnected");
    await settle();
    expect(counts.drawn.at(-1)).toBe(77);
    expect(label(el)).toContain("step 512 of 512");
    expect(text(el, ".lucid-status")).toBe("no kernel: showing the saved picture");
    expect(el.querySelector(".lucid-sparkline path")?.getAttribute("d")).not.toBe("");
    for (const name of ["Play", "Step", "Reset"]) {
      expect(button(el, name).getAttribute("aria-disabled")).toBe("true");
    }
    button(el, "Play").click();
    expect(model.sentOfKind("command")).toEqual([]);
    button(el, "Save").click();
    await settle();
    expect(counts.downloads).toEqual(["TinyInception-channel-mixed4a-30-step-512.png"]);
  });

  it("a missing picture is explained", async () => {
    const { show } = start();
    const { el } = show("jupyter-widgets-disconnected");
    await settle();
    expect(text(el, ".lucid-placeholder")).toContain("no picture was saved");
  });
});

describe("a reset run, in a page that was reloaded", () => {
  const saved = { poster: new DataView(Uint8Array.of(77).buffer), status: "idle" };

  it("does not show the poster of the run before", async () => {
    const { el } = start(saved).show();
    await settle();
    expect(label(el)).toContain("no picture yet");
    expect(StandInBitmap.open).toBe(0);
  });

  it("shows the poster when there is no kernel", async () => {
    const { el } = start(saved).show("jupyter-widgets-disconnected");
    await settle();
    expect(counts.drawn.at(-1)).toBe(77);
    expect(text(el, ".lucid-status")).toContain("saved picture");
  });
});

describe("when the kernel goes", () => {
  const badge = (el: HTMLElement) => el.querySelector<HTMLElement>(".lucid-badge");

  it("a badge says so, and the picture stays", async () => {
    const { model, show } = start();
    const { el } = show();
    model.frame(9);
    await settle();
    expect(badge(el)?.hidden).toBe(true);
    el.classList.add("jupyter-widgets-disconnected"); // as ipywidgets does
    await settle();
    expect(badge(el)?.hidden).toBe(false);
    expect(label(el)).toContain("step 9");
  });

  it("shutting it down disposes JupyterLab's kernel object: sign enough", async () => {
    let dispose = () => {};
    const model = new StandInModel();
    const disposed = {
      connect: (slot: () => void) => {
        dispose = slot;
      },
      disconnect() {},
    };
    model.widget_manager = { kernel: { disposed } };
    const widget = frameCanvas();
    widget.initialize({ model: model.asModel() });
    const el = document.createElement("div");
    document.body.append(el);
    widget.render({ el });
    dispose();
    expect(badge(el)?.hidden).toBe(false);
  });

  it("a message that cannot be sent is sign enough", async () => {
    const { model, show } = start();
    const { el } = show();
    await settle();
    model.refusesToSend = true;
    button(el, "Reset").click();
    expect(badge(el)?.hidden).toBe(false);
  });

  it("JupyterLab's kernel tells, and after a lost line we say ready again", async () => {
    const slots = new Map<string, (sender: unknown, value: unknown) => void>();
    const signal = (name: string) => ({
      connect: (slot: (sender: unknown, value: unknown) => void) =>
        slots.set(name, slot),
      disconnect: () => slots.delete(name),
    });
    const model = new StandInModel({ status: "running" });
    model.widget_manager = {
      kernel: {
        statusChanged: signal("status"),
        connectionStatusChanged: signal("connection"),
      },
    };
    const widget = frameCanvas();
    const close = widget.initialize({ model: model.asModel() });
    const el = document.createElement("div");
    document.body.append(el);
    widget.render({ el });
    slots.get("connection")?.(null, "connecting");
    expect(text(el, ".lucid-status")).toBe("waiting for the kernel…");
    slots.get("connection")?.(null, "connected");
    expect(model.sentOfKind("ready")).toHaveLength(2);
    slots.get("status")?.(null, "autorestarting");
    expect(badge(el)?.hidden).toBe(false);
    slots.get("connection")?.(null, "connected");
    expect(badge(el)?.hidden).toBe(false); // a new kernel does not know this widget
    close();
    expect(slots.size).toBe(0);
  });
});

describe("Save", () => {
  async function prepared() {
    const { model, close, show } = start({ status: "paused" });
    const { el } = show();
    model.frame(4);
    await settle();
    vi.useFakeTimers();
    button(el, "Save").click();
    return { model, close };
  }
  const still = { kind: "still", step: 4, filename: "full.png", mime: "image/png" };

  it("downloads the kernel's answer, once", async () => {
    const { model, close } = await prepared();
    expect(model.sentOfKind("save_request")).toHaveLength(1);
    model.emit("msg:custom", still, [Uint8Array.of(1)]);
    model.emit("msg:custom", still, [Uint8Array.of(1)]);
    await vi.advanceTimersByTimeAsync(ANSWER_MS * 2);
    expect(counts.downloads).toEqual(["full.png"]);
    close();
    expect(counts.objectUrls()).toBe(0);
  });

  it("downloads what the browser has when no answer comes", async () => {
    const { model } = await prepared();
    await vi.advanceTimersByTimeAsync(ANSWER_MS - 100);
    expect(counts.downloads).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(counts.downloads).toEqual(["TinyInception-channel-mixed4a-30-step-4.png"]);
    model.emit("msg:custom", still, [Uint8Array.of(1)]);
    expect(counts.downloads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts.objectUrls()).toBe(0);
  });
});
