import { describe, expect, it, vi } from "vitest";
import { Chosen } from "../src/base/own_choice.js";
import { Questions } from "../src/base/questions.js";
import { State } from "../src/base/state.js";
import { Connection } from "../src/connection.js";
import type {
  AnswerMessage,
  Position,
  RefusalMessage,
} from "../src/widget_protocol.js";
import { StandInModel, settle, standIns } from "./stand_ins.js";

standIns();

function start(links: readonly string[] = []) {
  const model = new StandInModel({ selection: at([0, 0]), links });
  const controller = new AbortController();
  const { signal } = controller;
  const state = new State(model.asModel());
  const connection = new Connection(model.asModel(), signal);
  const questions = new Questions(connection, signal);
  const chosen = new Chosen(state, questions, signal);
  const receive = async (message: AnswerMessage | RefusalMessage) => {
    questions.receive(message, []);
    await settle(10);
  };
  return {
    model,
    chosen,
    controller,
    /** The kernel tells a new selection, and that a request was granted. */
    confirm(request: number, position: Position, unit: string | null = null) {
      model.set({ selection: at(position, unit) });
      return receive({ kind: "answer", request, value: null });
    },
    refuse: (request: number) => receive({ kind: "refusal", request, error: "no" }),
  };
}

function at(position: Position, unit: string | null = null) {
  return { unit, position, image: null };
}

describe("what the person chose last", () => {
  it("stays, whatever the kernel tells of earlier choices", async () => {
    const { chosen, confirm } = start();
    chosen.select({ position: [1, 0] });
    chosen.select({ position: [2, 0] });
    await confirm(1, [1, 0]);
    expect(chosen.position).toEqual([2, 0]);
    chosen.select({ position: [3, 0] });
    await confirm(2, [2, 0]);
    expect(chosen.position).toEqual([3, 0]);
    await confirm(3, [3, 0]);
    expect(chosen.position).toEqual([3, 0]);
  });

  it("gives way, once confirmed, to what is chosen elsewhere", async () => {
    const { model, chosen, confirm } = start();
    chosen.select({ position: [1, 0] });
    await confirm(1, [1, 0]);
    model.set({ selection: at([5, 5]) });
    expect(chosen.position).toEqual([5, 5]);
  });

  it("is what the kernel made of it", async () => {
    const { chosen, confirm } = start();
    chosen.select({ unit: "Mixed4a:3" });
    await confirm(1, [0, 0], "mixed4a:3");
    expect(chosen.unit).toBe("mixed4a:3");
  });

  it("is taken back when it is refused, and an earlier refusal changes nothing", async () => {
    const { model, chosen, confirm, refuse } = start();
    const changed = vi.fn();
    chosen.onChange(changed, new AbortController().signal);
    chosen.select({ unit: "conv9:1" });
    chosen.select({ unit: "conv2:1" });
    await refuse(1);
    expect(chosen.unit).toBe("conv2:1");
    await confirm(2, [0, 0], "conv2:1");
    chosen.select({ unit: "conv9:1" });
    expect(chosen.unit).toBe("conv9:1");
    changed.mockClear();
    await refuse(3);
    expect(chosen.unit).toBe("conv2:1");
    expect(changed).toHaveBeenCalledOnce();
    expect(model.sentOfKind("select").at(-1)).toEqual({
      kind: "select",
      unit: "conv9:1",
      position: null,
      request: 3,
    });
  });

  it("keeps the position when a unit is chosen, and the unit with a position", async () => {
    const { chosen } = start();
    chosen.select({ position: [1, 2] });
    chosen.select({ unit: "conv2:1" });
    expect([chosen.unit, chosen.position]).toEqual(["conv2:1", [1, 2]]);
    chosen.select({ position: [3, 2] });
    expect([chosen.unit, chosen.position]).toEqual(["conv2:1", [3, 2]]);
  });

  it("stays where nobody answers", async () => {
    const { model, chosen } = start();
    model.refusesToSend = true;
    chosen.select({ position: [1, 0] });
    await settle(10);
    expect(chosen.position).toEqual([1, 0]);
    chosen.select({ position: [2, 0] });
    await settle(10);
    expect(chosen.position).toEqual([2, 0]);
  });
});

describe("linked widgets of a page", () => {
  it("follow one another where no kernel answers", async () => {
    const [one, other, apart] = [start(["a"]), start(["b", "a"]), start(["c"])];
    const changed = vi.fn();
    other.chosen.onChange(changed, new AbortController().signal);
    one.model.refusesToSend = true;
    one.chosen.select({ position: [1, 0], unit: "conv2:1" });
    await settle(10);
    expect([other.chosen.unit, other.chosen.position]).toEqual(["conv2:1", [1, 0]]);
    expect(changed).toHaveBeenCalledOnce();
    expect(other.model.sentOfKind("select")).toEqual([]);
    expect(apart.chosen.unit).toBeNull();
    one.chosen.clear();
    await settle(10);
    expect(other.chosen.unit).toBeNull();
  });

  it("are told by the kernel where there is one", async () => {
    const [one, other] = [start(["a"]), start(["a"])];
    one.chosen.select({ unit: "conv2:1" });
    await one.confirm(1, [0, 0], "conv2:1");
    expect(other.chosen.unit).toBeNull();
  });

  it("give way to the kernel, and end with their signal", async () => {
    const [one, other] = [start(["a"]), start(["a"])];
    one.model.refusesToSend = true;
    one.chosen.select({ unit: "conv2:1" });
    await settle(10);
    other.model.set({ selection: at([5, 5], "conv2:3") });
    expect(other.chosen.unit).toBe("conv2:3");
    other.controller.abort();
    one.chosen.select({ unit: "conv2:2" });
    await settle(10);
    expect(other.chosen.unit).toBe("conv2:3");
  });
});
