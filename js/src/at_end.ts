/**
 * What is to be done when a view or a model ends.
 *
 * One listener for each signal, however many things wait for it: a model lives as long
 * as its kernel's half, which ipywidgets keeps after a cell is run again.
 */

const waiting = new WeakMap<AbortSignal, (() => void)[]>();

/** Does something when `signal` aborts, after what was to be done before it. */
export function atEnd(signal: AbortSignal, action: () => void): void {
  const known = waiting.get(signal);
  if (known) {
    known.push(action);
    return;
  }
  const actions = [action];
  waiting.set(signal, actions);
  signal.addEventListener(
    "abort",
    () => {
      waiting.delete(signal);
      for (const one of actions) one();
    },
    { once: true },
  );
}
