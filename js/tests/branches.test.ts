import { describe, expect, it } from "vitest";
import { isShown, start } from "./finished_run.js";
import { settle, standIns } from "./stand_ins.js";

const counts = standIns();

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
    expect(counts().drawn.at(-1)).toBe(22);
    expect(label()).toContain("step 96");
    expect(entries(el)[1]?.getAttribute("aria-current")).toBe("true");
    button("Compare").click();
    await settle();
    expect(counts().drawn.slice(-2)).toEqual([22, 12]);
    entries(el)[2]?.click();
    await settle();
    expect(counts().drawn.slice(-2)).toEqual([99, 12]);
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
