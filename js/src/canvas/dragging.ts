/**
 * Drags the picture out of the page: into a folder, a mail, a slide, JupyterLab's file
 * browser. Each of those looks for something else, so it goes out in three forms.
 */

import { filename, pngNow } from "../picture_file.js";
import type { Traits } from "../traits.js";
import type { LiveRun } from "./live_run.js";

export function dragOut(
  node: HTMLElement,
  run: LiveRun,
  traits: Traits,
  signal: AbortSignal,
): void {
  node.addEventListener(
    "dragstart",
    (event) => {
      const { shown } = run;
      const transfer = event.dataTransfer;
      if (!shown || !transfer) return event.preventDefault();
      const name = filename(traits.title, shown.step);
      const { bytes, url } = pngNow(shown, traits.poster);
      transfer.effectAllowed = "copy";
      transfer.setData("DownloadURL", `image/png:${name}:${url}`);
      transfer.setData("text/html", `<img src="${url}" alt="">`);
      transfer.items.add(new File([bytes], name, { type: "image/png" }));
    },
    { signal },
  );
}
