/** What the widget says about itself, in words. Pure. */

import type { KernelState } from "../connection.js";
import type { Status } from "../traits.js";

const STATUS_TEXTS: Readonly<Record<Status, string>> = {
  idle: "ready: press Play",
  preparing: "preparing: compiling the step…",
  running: "running",
  paused: "paused",
  finished: "finished",
  failed: "stopped by an error",
  closed: "closed: run the cell again for a new widget",
};

/** The line below the picture. A notice ("new run: layer") follows the status. */
export function statusText(
  status: Status,
  kernel: KernelState,
  hasPicture: boolean,
  notice: string,
): string {
  switch (kernel) {
    case "absent":
      return hasPicture
        ? "no kernel: showing the saved picture"
        : "no kernel, and no picture was saved: run the cell";
    case "lost":
      return "the kernel stopped: run the cell again";
    case "connecting":
      return "waiting for the kernel…";
    case "live":
      return notice ? `${STATUS_TEXTS[status]} · ${notice}` : STATUS_TEXTS[status];
  }
}

const PLACEHOLDERS: Readonly<Record<Status, string>> = {
  idle: "Press Play, and a picture grows here.",
  preparing: "Compiling the step. The first picture takes a few seconds.",
  running: "Waiting for the first picture.",
  paused: "No picture yet.",
  finished: "No picture yet.",
  failed: "No picture: the message below says why.",
  closed: "This widget was closed. Run the cell again for a new one.",
};

/** What stands in place of the picture while there is none. */
export function placeholderText(status: Status, kernel: KernelState): string {
  if (kernel === "absent") return "No kernel, and no picture was saved. Run the cell.";
  if (kernel === "lost") return "The kernel stopped before the first picture came.";
  return PLACEHOLDERS[status];
}
