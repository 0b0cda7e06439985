/**
 * The canvas widget: a growing picture, its progress, and the buttons that drive it.
 *
 * Frames arrive as messages, are decoded once per model and painted by every view;
 * after painting, a confirmation goes back. What is state arrives as traits.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { atEnd } from "../at_end.js";
import "../styles.css";
import { Comparison } from "../canvas/comparison.js";
import { Filmstrip } from "../canvas/filmstrip.js";
import { FrameCanvasView } from "../canvas/frame_canvas_view.js";
import { LiveRun } from "../canvas/live_run.js";
import { Connection } from "../connection.js";
import { ProtocolError, parseBrowserMessage } from "../protocol.js";
import { Saving } from "../saving.js";
import { Traits } from "../traits.js";

/** A view that replaces another is on the page by then. */
export const COUNT_VIEWS_AFTER_MS = 250;

/** What the views of one model share. */
export interface Shared {
  readonly traits: Traits;
  readonly run: LiveRun;
  readonly connection: Connection;
  readonly saving: Saving;
  readonly filmstrip: Filmstrip;
  readonly comparison: Comparison;
  /** After a reset there is nothing to show, and nothing is sent, until the next run. */
  clearIfReset(): void;
  /** Tells the kernel how many views are left, once it is clear. */
  countViewsSoon(): void;
}

function share(model: AnyModel, signal: AbortSignal): Shared {
  const traits = new Traits(model);
  const connection = new Connection(model, signal);
  const showPoster = () => {
    const { poster } = traits;
    if (poster) void run.receivePoster(poster);
  };
  const run = new LiveRun(
    (sequence) => connection.send({ kind: "drawn", sequence }),
    () => {
      connection.send({ kind: "ready" });
      showPoster();
    },
    signal,
  );
  const saving = new Saving(traits, run, connection, signal);
  const filmstrip = new Filmstrip(traits, run, signal);
  const comparison = new Comparison(traits, run, filmstrip, signal);

  const receive = (content: unknown, buffers: unknown) => {
    connection.heard();
    try {
      const { message, bytes } = parseBrowserMessage(content, buffers);
      if (message.kind === "frame") run.receive({ message, bytes });
      else saving.receive({ message, bytes });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      run.complain(`a message from the kernel makes no sense: ${error.message}`);
    }
  };
  model.on("msg:custom", receive);
  atEnd(signal, () => model.off("msg:custom", receive));

  traits.onChange(["poster"], showPoster, signal);
  showPoster();

  const clearIfReset = () => {
    if (traits.status === "idle" && connection.state === "live") run.clear();
  };
  traits.onChange(["status"], clearIfReset, signal);

  let timer: ReturnType<typeof setTimeout> | undefined;
  atEnd(signal, () => clearTimeout(timer));
  const countViewsSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const count = run.connectedViews.length;
      connection.send({ kind: "views", count });
      if (count) return;
      filmstrip.stop();
      filmstrip.pick(null);
      comparison.end();
      run.release();
    }, COUNT_VIEWS_AFTER_MS);
  };
  return {
    traits,
    run,
    connection,
    saving,
    filmstrip,
    comparison,
    clearIfReset,
    countViewsSoon,
  };
}

/** Anywidget calls this once per model, so the closure is the model's own state. */
export default function frameCanvas() {
  let shared: Shared | null = null;

  return {
    initialize({ model }: Pick<InitializeProps, "model">) {
      const controller = new AbortController();
      shared = share(model, controller.signal);
      // What the kernel sent before this moment is lost: it answers with what is new.
      shared.connection.send({ kind: "ready" });
      return () => controller.abort();
    },

    render({ el }: Pick<RenderProps, "el">) {
      if (!shared) throw new Error("frame_canvas: render was called before initialize");
      const { run, clearIfReset, countViewsSoon } = shared;
      const controller = new AbortController();
      const view = new FrameCanvasView(el, shared, controller.signal);
      run.addView(view);
      clearIfReset(); // only a view can tell whether there is a kernel
      run.wake();
      return () => {
        controller.abort();
        run.removeView(view);
        el.replaceChildren();
        countViewsSoon();
      };
    },
  };
}
