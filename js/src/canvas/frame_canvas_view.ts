/** One view of the canvas widget: puts stage and controls together, and keeps them right. */

import { atEnd } from "../at_end.js";
import { copyPicture, copyText } from "../clipboard.js";
import type { Connection } from "../connection.js";
import { BranchList } from "../controls/branch_list.js";
import { Divider } from "../controls/divider.js";
import { ErrorPane } from "../controls/error_pane.js";
import { followPanel } from "../controls/panel.js";
import {
  Figures,
  ProgressBar,
  type ProgressState,
  stepText,
} from "../controls/progress.js";
import { Scrubber } from "../controls/scrubber.js";
import { keepOurKeys } from "../controls/shortcuts.js";
import { placeholderText, statusText } from "../controls/status_text.js";
import { Transport } from "../controls/transport.js";
import { element, setText } from "../element.js";
import { pngNow, pngOf } from "../picture_file.js";
import { hidePoster } from "../poster_output.js";
import type { Saving } from "../saving.js";
import type { BranchEntry, Traits } from "../traits.js";
import type { Comparison } from "./comparison.js";
import { dragOut } from "./dragging.js";
import type { Filmstrip } from "./filmstrip.js";
import type { LiveRun, View } from "./live_run.js";
import { Stage } from "./stage.js";

/** The traits that change what a view shows. */
const SHOWN = ["status", "error", "title", "notice", "loading", "total_steps", "code"];

const KEYS_HINT =
  "wheel or + and - zoom, 0 shows all, drag or arrow keys move, Shift + arrows read a pixel";

/** Room for the lines below a picture that is narrower than they are. */
const MIN_WIDTH = 384;

export interface ViewContext {
  readonly traits: Traits;
  readonly run: LiveRun;
  readonly connection: Connection;
  readonly saving: Saving;
  readonly filmstrip: Filmstrip;
  readonly comparison: Comparison;
}

export class FrameCanvasView implements View {
  readonly el: HTMLElement;
  readonly #context: ViewContext;
  readonly #body = element("div", { class: "lucid-frame-canvas" });
  readonly #stage: Stage;
  readonly #transport: Transport;
  readonly #scrubber: Scrubber;
  readonly #divider: Divider;
  readonly #branchList: BranchList;
  readonly #progressBar = new ProgressBar();
  readonly #figures = new Figures();
  readonly #errorPane = new ErrorPane();
  readonly #placeholder = element("div", { class: "lucid-placeholder" });
  readonly #badge = element("span", { class: "lucid-badge" }, "disconnected");
  readonly #status = element("span", { class: "lucid-status", role: "status" });
  readonly #readout = element("span", { class: "lucid-readout" });
  readonly #spoken = element("span", {
    class: "lucid-visually-hidden",
    "aria-live": "polite",
  });
  readonly #signal: AbortSignal;
  #showPoster: (() => void) | null = null;
  #panel: HTMLElement | null = null;
  #branches: readonly BranchEntry[] = [];

  constructor(el: HTMLElement, context: ViewContext, signal: AbortSignal) {
    this.el = el;
    this.#context = context;
    this.#signal = signal;
    const { traits, run, connection, saving, filmstrip, comparison } = context;
    this.#stage = new Stage(
      run,
      comparison,
      (...args) => this.#onReadout(...args),
      signal,
    );
    dragOut(this.#stage.node, run, traits, signal);
    this.#divider = new Divider((share) => comparison.moveDivider(share), signal);
    this.#branchList = new BranchList((entry) => this.#showBranch(entry), signal);
    this.#transport = new Transport(
      (command) => connection.send({ kind: "command", command }),
      () => saving.request(),
      () => this.#copyPicture(),
      () => copyText(traits.code),
      signal,
    );
    this.#scrubber = new Scrubber(
      {
        pick: (index) => {
          filmstrip.stop();
          filmstrip.pick(index);
        },
        pickLeft: (index) => comparison.pickLeft(index),
        togglePlay: () => (filmstrip.isPlaying ? filmstrip.stop() : filmstrip.play()),
        toggleComparison: () => comparison.toggle(),
        branch: (step) => connection.send({ kind: "branch", step }),
      },
      signal,
    );
    this.#mount();
    keepOurKeys(el, signal);
    connection.watchView(el, signal);
    connection.onChange(() => this.paint(), signal);
    traits.onChange(SHOWN, () => run.requestPaint(), signal);
    const readBranches = () => {
      this.#branches = traits.branches;
      run.requestPaint();
    };
    traits.onChange(
      ["branches", "branch_tips", "current_branch"],
      readBranches,
      signal,
    );
    readBranches();
    traits.onChange(["poster_id"], () => this.#followPoster(), signal);
    this.#followSize(signal);
    atEnd(signal, () => this.#showPoster?.());
  }

  /** Brings everything on screen up to date. */
  paint(): void {
    const { traits, run, connection } = this.#context;
    const { shown: picture } = run;
    const { status } = traits;
    const progress = this.#progress();
    this.#stage.setLabel(this.#label(progress));
    this.#stage.paint();
    // The lines below end where the picture ends.
    this.#body.style.maxWidth = `${Math.max(MIN_WIDTH, this.#stage.width)}px`;
    this.#progressBar.update(progress);
    this.#figures.update(progress);
    this.#transport.update({
      status,
      kernel: connection.state,
      hasPicture: picture !== null,
      hasCode: traits.code !== "",
    });
    this.#updateHistory();
    this.#badge.hidden = connection.state !== "lost";
    this.#placeholder.hidden = picture !== null;
    setText(this.#placeholder, placeholderText(status, connection.state));
    setText(
      this.#status,
      statusText(
        status,
        connection.state,
        picture !== null,
        [traits.loading, traits.notice].filter(Boolean).join(" · "),
      ),
    );
    this.#errorPane.update(traits.error || run.problem);
    if (!this.#showPoster) this.#followPoster();
    this.#panel ??= followPanel(this.el, this.#signal);
  }

  #updateHistory(): void {
    const { traits, run, connection, filmstrip, comparison } = this.#context;
    const isLive = connection.state === "live";
    const isComparing = comparison.left !== null && run.shown !== null;
    this.#scrubber.update({
      frames: filmstrip.frames,
      position: filmstrip.position,
      isPlaying: filmstrip.isPlaying,
      isActive: isLive && traits.isActive,
      canBranch: isLive && traits.status !== "closed" && filmstrip.picked !== null,
      left: comparison.left && {
        position: comparison.leftIndex,
        step: comparison.left.step,
      },
    });
    this.#divider.update(
      isComparing
        ? {
            share: comparison.divider,
            leftText: comparison.leftText,
            rightText: stepText(run.shown?.step ?? 0, 0),
          }
        : null,
    );
    this.#branchList.update({
      branches: this.#branches,
      current: traits.currentBranch,
      visited: filmstrip.visited,
      isLive: isLive && traits.status !== "closed",
    });
  }

  /** With a kernel the branch itself comes back, without one its last picture. */
  #showBranch(entry: BranchEntry): void {
    const { traits, connection, filmstrip } = this.#context;
    if (entry.id === traits.currentBranch) filmstrip.pick(null);
    else if (connection.state !== "live") filmstrip.visit(entry);
    else connection.send({ kind: "switch", branch: entry.id });
  }

  async #copyPicture(): Promise<boolean> {
    const { traits, run } = this.#context;
    const { shown } = run;
    if (!shown) return false;
    return copyPicture(
      () => pngOf(shown, traits.poster),
      () => pngNow(shown, traits.poster).url,
    );
  }

  #progress(): ProgressState {
    const { traits, run, connection } = this.#context;
    const { shown: picture } = run;
    const isRunning = traits.status === "running" && connection.state === "live";
    return {
      step: picture?.step ?? null,
      totalSteps: traits.totalSteps || run.totalSteps,
      objective: picture?.objective ?? null,
      curve: run.curve,
      stepsPerSecond: isRunning ? run.stepsPerSecond : null,
    };
  }

  #label({ step, totalSteps }: ProgressState): string {
    const { traits, comparison } = this.#context;
    const title = traits.title || "feature visualization";
    if (step === null) return `${title}, no picture yet`;
    const left = comparison.left ? `, beside ${comparison.leftText}` : "";
    return `${title}, step ${step}${totalSteps ? ` of ${totalSteps}` : ""}${left}`;
  }

  #mount(): void {
    const hintId = `lucid-hint-${Math.random().toString(36).slice(2)}`;
    this.#stage.node.setAttribute("aria-describedby", hintId);
    const hint = element("span", { id: hintId, class: "lucid-hint" }, KEYS_HINT);
    this.#body.append(
      element(
        "div",
        { class: "lucid-picture" },
        this.#stage.node,
        this.#divider.node,
        this.#placeholder,
        this.#badge,
      ),
      this.#progressBar.node,
      this.#transport.node,
      this.#figures.node,
      this.#scrubber.node,
      this.#branchList.node,
      element(
        "div",
        { class: "lucid-line lucid-quiet" },
        this.#status,
        this.#readout,
        hint,
        this.#spoken,
      ),
      this.#errorPane.node,
    );
    this.el.classList.add("lucid-canvas-view");
    this.el.replaceChildren(this.#body);
  }

  /** The poster beside a view is hidden as soon as the view shows the picture. */
  #followPoster(): void {
    const { traits, run, connection } = this.#context;
    this.#showPoster?.();
    this.#showPoster = null;
    const isUseful = connection.state !== "absent" || run.picture !== null;
    if (this.el.isConnected && isUseful && traits.posterId) {
      this.#showPoster = hidePoster(this.el, traits.posterId);
    }
  }

  #followSize(signal: AbortSignal): void {
    const observer = new ResizeObserver(() => {
      if (!this.el.isConnected || !this.el.clientWidth) return;
      this.#stage.setWidth(this.el.clientWidth);
      this.#context.run.wake();
    });
    observer.observe(this.el);
    atEnd(signal, () => observer.disconnect());
    // Browser zoom and moving to another screen change the device pixels.
    window.addEventListener("resize", () => this.paint(), { signal });
  }

  #onReadout(text: string, isByKeyboard: boolean): void {
    const { zoom } = this.#stage;
    const zoomed = zoom > 1 ? `zoom ${zoom.toFixed(1)}` : "";
    setText(this.#readout, [zoomed, text].filter(Boolean).join(" · "));
    if (isByKeyboard) setText(this.#spoken, text);
  }
}
