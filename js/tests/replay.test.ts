import { describe, expect, it, vi } from "vitest";
import deepdream from "../src/widgets/deepdream.js";
import { StandInModel, settle, standIns } from "./stand_ins.js";

standIns();

const view = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer);

/** A page without a kernel; `shown` is the size of the file that is shown. */
async function start(traits: Record<string, unknown> = {}) {
  const sizes = new Map<string, number>();
  let made = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    const url = `blob:${made++}`;
    sizes.set(url, (blob as Blob).size);
    return url;
  });
  const model = new StandInModel({
    status: "resting",
    layer: "mixed4a",
    layers: ["mixed4a"],
    photo: view(1),
    sheet: view(1, 2, 3, 4, 5, 6, 7, 8),
    version: 9,
    done: 1,
    moments: view(1, 1, 2, 2, 2, 3, 3, 3, 3),
    moment_sizes: [2, 3, 4],
    selection: { unit: null, position: null, image: null },
    ...traits,
  });
  const widget = deepdream();
  widget.initialize({ model: model.asModel() });
  const el = document.createElement("div");
  document.body.append(el);
  widget.render({ el });
  await settle();
  const replay = el.querySelector(".lucid-replay") as HTMLElement;
  const slider = replay.querySelector("input") as HTMLInputElement;
  const shown = () =>
    sizes.get((el.querySelector(".lucid-dream > img") as HTMLImageElement).src);
  return { model, replay, slider, shown };
}

describe("how a picture grew", () => {
  it("is looked at with a slider that ends with the picture itself", async () => {
    const { replay, slider, shown } = await start();
    expect(replay.hidden).toBe(false);
    expect(slider.getAttribute("aria-valuetext")).toBe("as it is now");
    expect(shown()).toBe(8);
    slider.value = "1";
    slider.dispatchEvent(new Event("input"));
    await settle();
    expect(shown()).toBe(3);
    expect(slider.getAttribute("aria-valuetext")).toBe("picture 2 of 3");
  });

  it("is played from its beginning, once, without a kernel", async () => {
    const { replay, slider, shown } = await start();
    vi.useFakeTimers();
    replay.querySelector("button")?.click();
    const seen: (number | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      await vi.advanceTimersByTimeAsync(100);
      seen.push(shown());
    }
    expect(seen.filter((size, i) => size !== seen[i - 1])).toEqual([2, 3, 4, 8]);
    expect(slider.value).toBe("3");
  });

  it("gives way to a picture that goes on growing", async () => {
    const { model, slider, shown } = await start();
    slider.value = "0";
    slider.dispatchEvent(new Event("input"));
    await settle();
    expect(shown()).toBe(2);
    model.set({ version: 10 });
    await settle();
    expect(shown()).toBe(8);
  });

  it.each([
    [[], view()],
    [[5], view(1, 1, 1, 1, 1)],
    [[4, 9], view(1, 1)],
  ])("is not offered where there is none, or too little: %s", async (sizes, bytes) => {
    const { replay } = await start({ moments: bytes, moment_sizes: sizes });
    expect(replay.hidden).toBe(true);
  });
});
