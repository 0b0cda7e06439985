/**
 * Keeps the keys that the widget uses from JupyterLab's shortcuts.
 *
 * In command mode JupyterLab takes arrows (next cell), Enter (edit the cell) and "0"
 * ("0 0" restarts the kernel!) from whatever has the focus in an output. It leaves an
 * element alone that carries an attribute, but then *all* its shortcuts stop. So the
 * attribute is set for our keys only, just before JupyterLab looks: it listens on the
 * document, we on the window. It is set on the element with the focus itself: some
 * shortcuts (arrow left and right) are bound to whatever has the focus, and win over
 * an attribute further up.
 */

const SUPPRESS = "data-lm-suppress-shortcuts";
const OUR_KEYS: ReadonlySet<string> = new Set(
  "+ = - _ 0 Enter ArrowUp ArrowDown ArrowLeft ArrowRight Home End PageUp PageDown"
    .split(" ")
    .concat(" "),
);
/** The settings beside the canvas are ours as well. */
const WHOLE_WIDGET = ".lucid-feature-vis";

export function keepOurKeys(root: HTMLElement, signal: AbortSignal): void {
  window.addEventListener(
    "keydown",
    (event) => {
      const { target } = event;
      const scope = root.closest<HTMLElement>(WHOLE_WIDGET) ?? root;
      if (!(target instanceof Element) || !scope.contains(target)) return;
      const isOurs =
        OUR_KEYS.has(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
      target.toggleAttribute(SUPPRESS, isOurs);
    },
    { signal, capture: true },
  );
}
