/**
 * `widget(View)`: from a class that draws one view to what anywidget wants.
 *
 * Anywidget calls the function once per model; what the views of one model share
 * (connection, icons, questions) lives in its closure. Each view gets a signal that
 * ends all it listens to.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { atEnd } from "../at_end.js";
import { Connection } from "../connection.js";
import { IconStore } from "../icons/icon_store.js";
import { ProtocolError } from "../protocol.js";
import { parseWidgetMessage } from "../widget_protocol.js";
import { Chosen } from "./own_choice.js";
import { Questions } from "./questions.js";
import { State } from "./state.js";

/** What the views of one model share. */
export interface Context {
  readonly state: State;
  readonly connection: Connection;
  readonly icons: IconStore;
  readonly questions: Questions;
  /** What is selected: the person's own newest choice, or else what the kernel says. */
  readonly chosen: Chosen;
  /** What went wrong in the browser; "" for nothing. Setting it redraws nothing. */
  problem: string;
}

export type MakeView = (el: HTMLElement, context: Context, signal: AbortSignal) => void;

function share(model: AnyModel, signal: AbortSignal): Context {
  const state = new State(model);
  const connection = new Connection(model, signal);
  const icons = new IconStore(state, connection, signal);
  const questions = new Questions(connection, signal);
  const chosen = new Chosen(state, questions, signal);
  const context = { state, connection, icons, questions, chosen, problem: "" };
  const receive = (content: unknown, given: unknown) => {
    connection.heard();
    try {
      const { message, buffers } = parseWidgetMessage(content, given);
      if (message.kind === "icons") icons.receive(message, buffers);
      else questions.receive(message, buffers);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      context.problem = `a message from the kernel makes no sense: ${error.message}`;
    }
  };
  model.on("msg:custom", receive);
  atEnd(signal, () => model.off("msg:custom", receive));
  return context;
}

/** Returns the default export of a widget's file. */
export function widget(makeView: MakeView) {
  return () => {
    let context: Context | null = null;
    return {
      initialize({ model }: Pick<InitializeProps, "model">) {
        const controller = new AbortController();
        context = share(model, controller.signal);
        context.connection.send({ kind: "ready" });
        return () => controller.abort();
      },

      render({ el }: Pick<RenderProps, "el">) {
        if (!context) throw new Error("widget: render was called before initialize");
        const controller = new AbortController();
        makeView(el, context, controller.signal);
        return () => {
          controller.abort();
          el.replaceChildren();
        };
      },
    };
  };
}
