import { describe, expect, it, vi } from "vitest";
import { ANSWER_MS } from "../src/saving.js";
import frameCanvas from "../src/widgets/frame_canvas.js";
import { button, label, start, text } from "./running_canvas.js";
import { StandInBitmap, StandInModel, settle, standIns } from "./stand_ins.js";

const counts = standIns();

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
    expect(counts().drawn.at(-1)).toBe(77);
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
    expect(counts().downloads).toEqual([
      "TinyInception-channel-mixed4a-30-step-512.png",
    ]);
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
    expect(counts().drawn.at(-1)).toBe(77);
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
    expect(counts().downloads).toEqual(["full.png"]);
    close();
    expect(counts().objectUrls()).toBe(0);
  });

  it("downloads what the browser has when no answer comes", async () => {
    const { model } = await prepared();
    await vi.advanceTimersByTimeAsync(ANSWER_MS - 100);
    expect(counts().downloads).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(counts().downloads).toEqual(["TinyInception-channel-mixed4a-30-step-4.png"]);
    model.emit("msg:custom", still, [Uint8Array.of(1)]);
    expect(counts().downloads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts().objectUrls()).toBe(0);
  });
});
