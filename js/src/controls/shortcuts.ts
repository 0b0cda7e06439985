/**
 * Keeps the keys that the widget uses from JupyterLab's shortcuts.
 *
 * In command mode JupyterLab takes arrows (next cell), Enter (edit the cell) and "0"
 * ("0 0" restarts the kernel!) from whatever has the focus in an output. It leaves an
 * element alone that carries an attribute, but then *all* its shortcuts stop. So the
 * attribute is set for our keys only, just before JupyterLab looks: it listens on the
 * document, we on the window.
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
      const scope = root.closest<HTMLElement>(WHOLE_WIDGET) ?? root;
      if (!(event.target instanceof Node) || !scope.contains(event.target)) return;
      const isOurs =
        OUR_KEYS.has(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
      scope.toggleAttribute(SUPPRESS, isOurs);
    },
    { signal, capture: true },
  );
}
