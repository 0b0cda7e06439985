"""Scrolling through the picture of a large model, in a real Chromium.

    python tests/benchmarks/diagram.py [--model NASNetLarge] [--frames 240]

The page of a `ModelBrowser` is opened, its diagram scrolled from top to bottom by a fixed
distance in each frame, and the time from frame to frame taken; and for comparison the same
for plain text of the same height, in the same page. A frame is late when it takes more
than 33 ms, two of a screen with 60 Hz. Work is what scripts, styles and layout take of a
frame, by Chromium's own count. The bars: the median frame no longer than 1.2 x that of
plain text, and no more late frames than one in fifty above those of plain text.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from lab import chromium

RATIO, LATE = 1.2, 0.02
LATE_MS = 33.4

SCROLL = """
async ([selector, frames]) => {
    const node = document.querySelector(selector);
    node.scrollTop = 0;
    await new Promise(r => setTimeout(r, 300));
    const by = (node.scrollHeight - node.clientHeight) / frames;
    const times = [];
    let before = await new Promise(requestAnimationFrame);
    for (let frame = 1; frame <= frames; frame++) {
        node.scrollTop = frame * by;
        const now = await new Promise(requestAnimationFrame);
        times.push(now - before);
        before = now;
    }
    return times;
}
"""

PLAIN = """
() => {
    const height = document.querySelector('.lucid-diagram-sheet').offsetHeight;
    const node = document.createElement('div');
    node.id = 'plain';
    node.style.cssText = 'width:442px;height:520px;overflow:auto;line-height:36px';
    for (let n = 0; n < height / 36; n++) {
        const line = document.createElement('div');
        line.textContent = `layer ${n}`;
        node.append(line);
    }
    document.body.append(node);
}
"""


def built(layers: int) -> Any:
    """Return a model with so many layers: residual blocks of two convolutions."""
    import keras

    inputs = x = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 1)(x)
    for _ in range(layers // 4):
        y = keras.layers.Conv2D(4, 1)(x)
        y = keras.layers.Activation("relu")(y)
        y = keras.layers.Conv2D(4, 1)(y)
        x = keras.layers.Add()([x, y])
    return keras.Model(inputs, x)


def main() -> int:
    """Print the figures; fail beyond the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="of keras.applications")
    parser.add_argument("--layers", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=3, help="the quietest counts")
    options = parser.parse_args()

    from lucid_widgets import ModelBrowser
    from lucid_widgets.modelzoo import vision_models as models

    if options.model:
        model = models.application(options.model, weights=None)
    else:
        model = models.from_keras(built(options.layers), (0, 1))
    widget = ModelBrowser(model)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = widget.to_html(Path(folder) / "browser.html")
        page = browser.new_context(
            offline=True, viewport={"width": 1200, "height": 900}
        ).new_page()
        page.goto(f"file://{Path(path).resolve()}")
        page.locator(".lucid-diagram .lucid-box").first.wait_for()
        page.evaluate(PLAIN)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        found: dict[str, tuple[float, int]] = {}
        kinds = [("plain", "#plain"), ("diagram", ".lucid-diagram")]
        for name, selector in kinds * options.rounds:
            before = _work(session)
            times = page.evaluate(SCROLL, [selector, options.frames])
            after = _work(session)
            work = {k: (after[k] - before[k]) * 1000 / options.frames for k in after}
            late = sum(time > LATE_MS for time in times)
            median = statistics.median(times)
            found[name] = min(found.get(name, (median, late)), (median, late))
            print(
                f"{name}: median {median:.1f} ms, longest {max(times):.0f} ms, "
                f"{late} of {len(times)} late; ms a frame: "
                + ", ".join(f"{kind} {value:.2f}" for kind, value in work.items())
            )
        nodes = page.locator(".lucid-diagram .lucid-box").count()
    widget.close()
    ratio = found["diagram"][0] / found["plain"][0]
    more = (found["diagram"][1] - found["plain"][1]) / options.frames
    print(
        f"{model.name}: {len(widget.boxes)} boxes, {nodes} in the page; "
        f"{ratio:.2f} x plain text (bar {RATIO}), {more:+.1%} late (bar {LATE:.0%})"
    )
    return int(ratio > RATIO or more > LATE)


def _work(session: Any) -> dict[str, float]:
    """Return the seconds that Chromium spent so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    kinds = {
        "ScriptDuration": "script",
        "RecalcStyleDuration": "style",
        "LayoutDuration": "layout",
    }
    return {kinds[one["name"]]: one["value"] for one in metrics if one["name"] in kinds}


if __name__ == "__main__":
    sys.exit(main())
