/**
 * Names for the settings beside the canvas.
 *
 * The settings are ipywidgets. Those leave a slider's handle, and a field without a
 * label of its own, without a name for screen readers, and put a field's tooltip on its
 * hidden label. Each gets the name of its row, and its tooltip where it can be seen.
 */

import { atEnd } from "../at_end.js";

const PANEL = ".lucid-panel";
const ROW = ".lucid-row";
const WHOLE_WIDGET = ".lucid-feature-vis";

/** Follows the panel that belongs to a view on the page; `null` if there is none yet. */
export function followPanel(el: HTMLElement, signal: AbortSignal): HTMLElement | null {
  const panel = el.closest(WHOLE_WIDGET)?.querySelector<HTMLElement>(PANEL) ?? null;
  if (!panel) return null;
  nameSettings(panel);
  const observer = new MutationObserver(() => nameSettings(panel));
  observer.observe(panel, { childList: true, subtree: true });
  atEnd(signal, () => observer.disconnect());
  return panel;
}

export function nameSettings(panel: HTMLElement): void {
  for (const row of panel.querySelectorAll<HTMLElement>(ROW)) {
    const name = [...row.querySelectorAll("label")].map(visibleText).find(Boolean);
    for (const control of row.querySelectorAll<HTMLElement>(
      "select, input:not([type=checkbox]), [role=slider]",
    )) {
      const label = control.closest(".jupyter-widgets")?.querySelector("label");
      const isNamed =
        control.hasAttribute("aria-label") ||
        (control.role !== "slider" && label && visibleText(label));
      if (!isNamed && name) control.setAttribute("aria-label", name);
      if (label?.title && !control.title) control.title = label.title;
    }
  }
}

/** What a label says; ipywidgets write a space of no width where it says nothing. */
function visibleText(label: HTMLElement): string {
  if (label.style.display === "none") return "";
  return (label.textContent ?? "").replace(/\u200b/g, "").trim();
}
