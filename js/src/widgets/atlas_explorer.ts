/** AtlasExplorer: a map of all that a layer tells apart, to pan and zoom. */

import { atEnd } from "../at_end.js";
import "../atlas/atlas.css";
import { type Cells, readCells } from "../atlas/atlas_geometry.js";
import { AtlasMap } from "../atlas/atlas_map.js";
import { bar, choice, slider } from "../base/controls.js";
import { WidgetFrame } from "../base/frame.js";
import type { State } from "../base/state.js";
import { type Context, widget } from "../base/widget.js";
import { element, setText } from "../element.js";
import { showIcon } from "../icons/tile.js";
import { toBytes } from "../protocol.js";

const TRAITS = [
  "layer",
  "grid_size",
  "grid_is_fixed",
  "labels",
  "label",
  "cells",
  "counts",
  "digests",
  "top_classes",
  "top_values",
  "emphasis",
  "version",
  "progress",
  "sheet",
  "drawn",
];

/** What the kernel told about the map, read once. */
interface Atlas {
  readonly source: Uint8Array;
  readonly cells: Cells;
  readonly units: readonly string[];
  readonly counts: readonly number[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly most: number;
}

function show(el: HTMLElement, context: Context, signal: AbortSignal): void {
  const { state, chosen, questions, icons } = context;
  let atlas: Atlas | null = null;
  let version = 0;
  let isKeptShown = false;

  const map = new AtlasMap(
    {
      point: () => frame.redraw(),
      pick(number) {
        const unit = atlas?.units[number];
        if (unit) chosen.select({ unit });
      },
      want(numbers) {
        const units = atlas?.units ?? [];
        icons.want(
          map,
          numbers.flatMap((number) => units[number] ?? []),
        );
      },
    },
    signal,
  );
  atEnd(signal, () => icons.want(map, []));

  const grid = slider(
    context,
    { name: "grid_size", label: "Cells", min: 2, max: 100, step: 1 },
    signal,
  );
  const label = choice(
    context,
    { name: "label", label: "Speaks for" },
    () => [["", "any class"], ...state.texts("labels").map(twice)] as const,
    signal,
  );
  const zoomButtons = (
    [
      ["−", "zoom out", () => map.zoom(1 / 1.5)],
      ["+", "zoom in", () => map.zoom(1.5)],
      ["all", "show all of the map", () => map.fit()],
    ] as const
  ).map(([text, name, act]) => {
    const attributes = { type: "button", class: "lucid-button lucid-narrow" };
    const button = element("button", { ...attributes, "aria-label": name }, text);
    button.addEventListener("click", act, { signal });
    return button;
  });
  const picture = element("img", { alt: "", draggable: "false" });
  const told = element("div", { "aria-live": "polite" });
  const classes = element("div", { class: "lucid-atlas-classes" });

  const takeKept = () => {
    const kept = state.bytes("sheet");
    if (isKeptShown || frame.isLive || !kept.length) return;
    isKeptShown = true;
    map.takeSheet(kept, state.bytes("drawn")).catch(complain);
  };
  const fetchSheet = async () => {
    const wanted = state.number("version") ?? 0;
    if (wanted === version || !frame.isLive) return;
    version = wanted;
    const answer = await questions.ask("sheet");
    const file = answer && toBytes(answer.buffers[0]);
    const drawn = answer && toBytes(answer.buffers[1]);
    if (file && drawn && wanted === state.number("version"))
      await map.takeSheet(file, drawn);
  };
  const complain = (error: unknown) => frame.complain(error);

  const update = () => {
    atlas = readAtlas(state, atlas);
    const { cells, units, counts, numbers, most } = atlas;
    const selected = chosen.unit;
    const emphasis = state.bytes("emphasis");
    map.update({
      cells,
      emphasis: emphasis.length === units.length && units.length ? emphasis : null,
      selected: selected === null ? -1 : (numbers.get(selected) ?? -1),
      icon: (number) => icons.get(units[number] ?? "")?.url,
      fullness: (number) => Math.sqrt((counts[number] ?? 0) / most),
      label: `map of ${units.length} cells`,
    });
    for (const control of [grid, label]) control.update(frame.isLive);
    grid.node.hidden = state.flag("grid_is_fixed");
    label.node.hidden = !state.list("labels").length;
    takeKept();
    fetchSheet().catch(complain);
    const unit = units[map.cell];
    showIcon(picture, unit === undefined ? undefined : icons.get(unit));
    setText(told, describe(state, atlas, map.cell));
    showClasses(classes, state, map.cell);
  };
  const frame = new WidgetFrame(
    el,
    context,
    {
      name: "atlas-explorer",
      hint: "arrow keys choose a cell, Shift moves, + and - zoom, 0 shows all",
      traits: TRAITS,
    },
    update,
    signal,
  );
  frame.content.append(
    bar(grid, label, ...zoomButtons),
    element(
      "div",
      { class: "lucid-atlas" },
      map.node,
      element(
        "div",
        { class: "lucid-atlas-cell" },
        element("span", { class: "lucid-tile-picture" }, picture),
        told,
        classes,
      ),
    ),
  );
}

function twice(text: string): readonly [string, string] {
  return [text, text];
}

/** Reads the map from the traits; what was read before, if it is the same. */
function readAtlas(state: State, before: Atlas | null): Atlas {
  const source = state.bytes("cells");
  const digests = state.bytes("digests");
  if (before?.source === source) return before;
  const cells = readCells(source, state.number("grid_size") ?? 0);
  const layer = state.text("layer");
  const units = Array.from(cells.rows, (_, i) => {
    const digest = [...digests.subarray(6 * i, 6 * i + 6)];
    return `${layer}@${digest.map((one) => one.toString(16).padStart(2, "0")).join("")}`;
  });
  const bytes = dataView(state.bytes("counts"));
  const counts = units.map((_, i) =>
    4 * i + 4 <= bytes.byteLength ? bytes.getUint32(4 * i, true) : 0,
  );
  const numbers = new Map(units.map((unit, i) => [unit, i]));
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  return { source, cells, units, counts, numbers, most };
}

function describe(state: State, atlas: Atlas, number: number): string {
  const progress = state.number("progress") ?? 1;
  if (progress < 1) return `${Math.round(100 * progress)} % of the photos looked at`;
  const count = atlas.counts[number];
  if (count === undefined) {
    const cells = atlas.units.length;
    return cells ? `${cells} cells: point at one` : "";
  }
  const what = count === 1 ? "1 activation" : `${count} activations`;
  return `${atlas.units[number]}: ${what}`;
}

/** Lists the classes that a cell speaks for, and how much. */
function showClasses(list: HTMLElement, state: State, number: number): void {
  const labels = state.texts("labels");
  const top = Math.min(3, labels.length);
  const classes = dataView(state.bytes("top_classes"));
  const values = dataView(state.bytes("top_values"));
  const told: string[] = [];
  for (let i = number * top; number >= 0 && i < (number + 1) * top; i++) {
    if (2 * i + 2 > classes.byteLength || 4 * i + 4 > values.byteLength) break;
    // Of several names of a class, the first says enough here.
    const [label = ""] = (labels[classes.getUint16(2 * i, true)] ?? "").split(",");
    told.push(label, values.getFloat32(4 * i, true).toPrecision(3));
  }
  if (list.childElementCount !== told.length)
    list.replaceChildren(...told.map(() => element("span")));
  told.forEach((text, i) => {
    const node = list.children[i];
    if (node) setText(node, text);
  });
}

function dataView(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export default widget(show);
