/**
 * What the person chose last, shown at once, until the kernel has confirmed or refused it.
 *
 * The kernel's state is behind when keys are pressed quickly: it tells of the first
 * choice while the third is on its way. So the newest choice of one's own counts until
 * the kernel has answered it, and afterwards the state does. With no kernel to answer
 * it counts until something else is chosen, and what is linked learns of it from here.
 */

import type { Position } from "../widget_protocol.js";
import type { Answer, Questions } from "./questions.js";
import type { Selection, State } from "./state.js";

export class OwnChoice<T> {
  readonly #changed: () => void;
  #held: { readonly value: T } | null = null;
  #isWaiting = false;

  /** `traits` hold what the kernel says; `changed` is called when there is news. */
  constructor(
    state: State,
    traits: readonly string[],
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#changed = changed;
    state.onChange(
      traits,
      () => {
        if (!this.#isWaiting) this.#held = null;
      },
      signal,
    );
  }

  /** The choice, while it counts. */
  get value(): T | undefined {
    return this.#held?.value;
  }

  /** Shows a choice that no kernel is asked about. */
  take(value: T): void {
    this.#held = { value };
    this.#isWaiting = false;
    this.#changed();
  }

  /**
   * Shows a choice; `answer` is the kernel's: null when nobody answers this one.
   * Returns whether it is left to stand, unanswered.
   */
  async make(value: T, answer: Promise<Answer | null>): Promise<boolean> {
    const made = { value };
    this.#held = made;
    this.#isWaiting = true;
    this.#changed();
    // Why it was refused is told by the kernel's own error, which the frame shows.
    const isAnswered = await answer.then(
      (given) => given !== null,
      () => true,
    );
    if (this.#held !== made) return false; // there is a newer one
    this.#isWaiting = false;
    if (!isAnswered) return true;
    this.#held = null;
    this.#changed();
    return false;
  }
}

/** An event of the page: each widget is a bundle of its own, and shares nothing else. */
const UNANSWERED = "lucid-widgets:unanswered-selection";

interface Unanswered {
  readonly from: Chosen;
  readonly links: readonly string[];
  readonly selection: Selection;
}

interface Part {
  readonly unit?: string | null;
  readonly position?: Position | null;
}

/** The selection of one model, shared by its views: to read, and to choose. */
export class Chosen extends EventTarget {
  readonly #state: State;
  readonly #questions: Questions;
  readonly #own: OwnChoice<Selection>;

  constructor(state: State, questions: Questions, signal: AbortSignal) {
    super();
    this.#state = state;
    this.#questions = questions;
    const tell = () => this.dispatchEvent(new Event("change"));
    this.#own = new OwnChoice(state, ["selection"], tell, signal);
    window.addEventListener(
      UNANSWERED,
      (event) => {
        if (event instanceof CustomEvent) this.#follow(event.detail);
      },
      { signal },
    );
  }

  get unit(): string | null {
    return this.#selection.unit;
  }

  get position(): Position | null {
    return this.#selection.position;
  }

  /** Selects; what is left out stays as it is. */
  select({ unit = null, position = null }: Part): void {
    const now = this.#selection;
    const next = {
      ...now,
      unit: unit ?? now.unit,
      position: position ?? now.position,
    };
    void this.#make(next, this.#questions.select(unit, position));
  }

  /** Selects nothing. */
  clear(): void {
    const nothing = { unit: null, position: null, image: null };
    void this.#make(nothing, this.#questions.select(null, null));
  }

  onChange(callback: () => void, signal: AbortSignal): void {
    this.addEventListener("change", callback, { signal });
  }

  get #selection(): Selection {
    return this.#own.value ?? this.#state.selection;
  }

  /** With a kernel it is `link()` that tells the others, and it checks what they have. */
  async #make(selection: Selection, answer: Promise<Answer | null>): Promise<void> {
    if (!(await this.#own.make(selection, answer))) return;
    const detail: Unanswered = { from: this, links: this.#links, selection };
    window.dispatchEvent(new CustomEvent(UNANSWERED, { detail }));
  }

  #follow({ from, links, selection }: Unanswered): void {
    if (from === this || !this.#links.some((link) => links.includes(link))) return;
    this.#own.take(selection);
  }

  get #links(): readonly string[] {
    return this.#state.texts("links");
  }
}
