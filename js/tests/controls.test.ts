import { describe, expect, it } from "vitest";
import { ErrorPane } from "../src/controls/error_pane.js";
import { nameSettings } from "../src/controls/panel.js";
import { keepOurKeys } from "../src/controls/shortcuts.js";
import { placeholderText, statusText } from "../src/controls/status_text.js";
import { enabledButtons } from "../src/controls/transport.js";
import { STATUSES, type Status } from "../src/traits.js";

describe("enabledButtons", () => {
  const enabled = (status: Status, changes = {}) => {
    const kernel = "live" as const;
    const state = { status, kernel, hasPicture: true, hasCode: false, ...changes };
    return Object.entries(enabledButtons(state))
      .filter(([, isEnabled]) => isEnabled)
      .map(([name]) => name);
  };

  it.each([
    ["idle", ["play", "step", "reset", "save", "copy"]],
    ["preparing", ["play", "reset", "save", "copy"]],
    ["running", ["play", "reset", "save", "copy"]],
    ["paused", ["play", "step", "reset", "save", "copy"]],
    ["finished", ["play", "step", "reset", "save", "copy"]],
    ["failed", ["play", "step", "reset", "save", "copy"]],
    ["closed", ["save", "copy"]],
  ] as const)("while %s: %s", (status, names) => {
    expect(enabled(status)).toEqual(names);
  });

  it("copies code of a picture at rest, with or without a kernel", () => {
    expect(enabled("paused", { hasCode: true })).toContain("code");
    expect(enabled("running", { hasCode: true })).not.toContain("code");
    expect(enabled("running", { hasCode: true, kernel: "absent" })).toContain("code");
  });

  it("only saves and copies without a kernel, and only if there is a picture", () => {
    for (const status of STATUSES) {
      expect(enabled(status, { kernel: "lost" })).toEqual(["save", "copy"]);
      expect(enabled(status, { kernel: "absent", hasPicture: false })).toEqual([]);
    }
  });
});

describe("what the widget says about itself", () => {
  it("adds the notice to the status", () => {
    expect(statusText("running", "live", true, "new run: layer")).toBe(
      "running · new run: layer",
    );
  });

  it("speaks of the kernel first when there is none", () => {
    expect(statusText("running", "absent", true, "x")).toBe(
      "no kernel: showing the saved picture",
    );
    expect(statusText("running", "lost", true, "")).toContain("kernel stopped");
  });

  it("is never silent", () => {
    for (const status of STATUSES) {
      for (const kernel of ["live", "connecting", "lost", "absent"] as const) {
        expect(statusText(status, kernel, false, "")).not.toBe("");
        expect(placeholderText(status, kernel)).not.toBe("");
      }
    }
  });
});

describe("ErrorPane", () => {
  it("shows the first line and folds the rest away", () => {
    const pane = new ErrorPane();
    pane.update("no layer 'mixed4z'\nTraceback\n  line 1");
    expect(pane.node.getAttribute("role")).toBe("alert");
    expect(pane.node.querySelector("strong")?.textContent).toBe("no layer 'mixed4z'");
    expect(pane.node.querySelector("details")?.open).toBe(false);
    expect(pane.node.querySelector("pre")?.textContent).toBe("Traceback\n  line 1");
  });

  it("has no details to unfold when there is one line, and goes away", () => {
    const pane = new ErrorPane();
    pane.update("one line");
    expect(pane.node.querySelector("details")?.hidden).toBe(true);
    pane.update("");
    expect(pane.node.childNodes).toHaveLength(0);
  });

  it("takes markup for text", () => {
    const pane = new ErrorPane();
    pane.update("<img src=x onerror=alert(1)>\n<b>rest</b>");
    expect(pane.node.querySelector("img, b")).toBeNull();
  });
});

describe("keepOurKeys", () => {
  it("suppresses the shortcuts of JupyterLab for the keys that are used here", () => {
    const root = document.createElement("div");
    const focused = document.createElement("input");
    root.append(focused);
    document.body.append(root);
    const controller = new AbortController();
    keepOurKeys(root, controller.signal);
    const suppresses = (key: string, ctrlKey = false) => {
      const event = new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true });
      focused.dispatchEvent(event);
      return focused.hasAttribute("data-lm-suppress-shortcuts");
    };
    expect(["0", "Enter", "ArrowDown", " "].map((key) => suppresses(key))).toEqual(
      Array(4).fill(true),
    );
    expect(suppresses("s", true)).toBe(false);
    expect(suppresses("Escape")).toBe(false);
    controller.abort();
    expect(suppresses("0")).toBe(false);
    root.remove();
  });
});

describe("nameSettings", () => {
  const panel = document.createElement("div");
  panel.innerHTML = `
    <div class="lucid-row">
      <div class="jupyter-widgets"><label title="which one">Channel</label>
        <div role="slider" tabindex="0"></div></div>
      <div class="jupyter-widgets"><label title="exactly" style="display: none"></label>
        <input type="number"></div>
    </div>
    <div class="lucid-row">
      <div class="jupyter-widgets"><label for="layer">Layer</label>
        <select id="layer"></select></div>
    </div>`;
  nameSettings(panel);
  const attributes = (selector: string) =>
    ["aria-label", "title"].map((name) =>
      panel.querySelector(selector)?.getAttribute(name),
    );

  it("gives what has no name the name of its row, and a tooltip", () => {
    expect(attributes("[role=slider]")).toEqual(["Channel", "which one"]);
    expect(attributes("input")).toEqual(["Channel", "exactly"]);
  });

  it("leaves alone what has a label", () => {
    expect(attributes("select")).toEqual([null, null]);
  });
});
