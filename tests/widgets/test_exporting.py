"""Files that leave the notebook: moving pictures, pages, blocking runs."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image, features

from lucid_widgets.errors import (
    ImageError,
    MissingPackageError,
    SaveError,
    SettingError,
)
from lucid_widgets.widgets import front_ends
from lucid_widgets.widgets.exporting import save_animation
from lucid_widgets.widgets.provenance import enlarge


def sizes_and_frames(path):
    with Image.open(path) as image:
        return image.size, getattr(image, "n_frames", 1)


@pytest.mark.parametrize("ending", [".webp", ".gif", ".png", ".avif"])
def test_the_history_becomes_a_moving_picture(make_vis, tmp_path, ending):
    if ending == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    vis = make_vis(steps=6)
    vis.wait(120)
    path = vis.save_animation(tmp_path / f"x{ending}", scale=2)
    assert sizes_and_frames(path) == ((64, 48), 6)


def test_mp4_needs_ffmpeg_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    picture = np.zeros((5, 7, 3), np.uint8)
    with pytest.raises(MissingPackageError, match="ffmpeg"):
        save_animation(tmp_path / "x.mp4", [picture], 8)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_mp4_shows_every_picture_and_stays_at_the_last(tmp_path):
    pictures = [np.full((5, 7, 3), value, np.uint8) for value in (0, 128, 255)]
    path = save_animation(tmp_path / "x.mp4", pictures, 8)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo"]
    command += ["-pix_fmt", "gray", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, 6, 8)
    middle = frames[:, 2, 3].astype(int)
    assert abs(middle[:3] - [0, 128, 255]).max() < 6
    assert len(frames) == 3 + 8  # a second more of the last one
    assert abs(middle[3:] - 255).max() < 6


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_what_ffmpeg_cannot_write_is_told(tmp_path):
    picture = np.zeros((5, 7, 3), np.uint8)
    with pytest.raises(SaveError, match=r"x\.mp4"):
        save_animation(tmp_path / "nowhere" / "x.mp4", [picture], 8)


@pytest.mark.parametrize(
    ("name", "pictures", "rate"), [("x.mov", 1, 8), ("x.gif", 0, 8), ("x.gif", 1, 0)]
)
def test_what_cannot_be_a_moving_picture_is_refused(tmp_path, name, pictures, rate):
    picture = np.zeros((5, 7, 3), np.uint8)
    with pytest.raises(ImageError):
        save_animation(tmp_path / name, [picture] * pictures, rate)


def test_pictures_are_saved_at_any_scale(make_vis, tmp_path):
    vis = make_vis(steps=1)
    vis.wait(120)
    small = np.asarray(Image.open(vis.save(tmp_path / "one.png")))
    large = np.asarray(Image.open(vis.save(tmp_path / "three.png", scale=3)))
    np.testing.assert_array_equal(large, small.repeat(3, 0).repeat(3, 1))
    assert sizes_and_frames(vis.save(tmp_path / "half.png", scale=0.5))[0] == (16, 12)
    for scale in (0, -1, 65, float("nan"), True):
        with pytest.raises(SettingError):
            vis.save(tmp_path / "x.png", scale=scale)
        with pytest.raises(SettingError):
            vis.save_animation(tmp_path / "x.webp", scale=scale)


def test_a_scale_that_no_memory_has_room_for_is_refused_with_one_that_fits():
    pixels = np.zeros((400, 900, 3), np.uint8)
    with pytest.raises(SettingError, match=r"57600 x 25600 pixels.*take 19"):
        enlarge(pixels, 64)
    assert enlarge(pixels, 2).shape == (800, 1800, 3)


def test_a_page_holds_everything_and_loads_nothing(make_vis, tmp_path):
    vis, other = (
        make_vis(steps=4, objective="mixed4a:30"),
        make_vis(steps=3, objective="mixed3a:2"),
    )
    with pytest.raises(ImageError):
        vis.to_html(tmp_path / "x.html")
    vis.wait(120)
    other.wait(120)
    text = vis.to_html(
        tmp_path / "x.html", other, title="Two </script> & more"
    ).read_text()
    assert "Two &lt;/script&gt; &amp; more" in text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "default-src 'none'" in text
    widgets = json.loads(
        re.search(r'id="widgets">(.*?)</script>', text, re.DOTALL).group(1)
    )
    states = [widget["state"] for widget in widgets]
    assert text.count('id="bundle-frame_canvas"') == 1
    assert [state["title"] for state in states] == [
        "TinyInception, channel mixed4a:30",
        "TinyInception, channel mixed3a:2",
    ]
    assert [len(state["filmstrip_index"]) for state in states] == [4, 3]
    assert text.count("<details>") == 2


def test_front_ends_that_need_help_get_one_line_and_others_none():
    assert front_ends.front_end({}, {}) is None
    assert front_ends.front_end({"google.colab": 1}, {}) == "Colab"
    assert front_ends.front_end({}, {"VSCODE_PID": "1"}) == "VS Code"
    assert front_ends.front_end({"marimo": 1}, {}) is None  # imported, but not at work
    assert front_ends.hint(None) == ""
    for name in front_ends.BLOCKING:
        assert "run_blocking()" in front_ends.hint(name)
        assert "\n" not in front_ends.hint(name)


def test_marimo_gets_the_canvas_and_a_line(make_vis, monkeypatch):
    stand_in = types.ModuleType("marimo")
    stand_in.md = lambda text: text
    stand_in.vstack = list
    stand_in.ui = types.SimpleNamespace(anywidget=lambda widget: widget)
    monkeypatch.setitem(sys.modules, "marimo", stand_in)
    vis = make_vis(steps=3)
    canvas, line = vis._display_()
    assert canvas is vis.canvas
    assert "settings are traits" in line
    assert "\n" not in line
    assert vis.wait(120)
    assert vis.current_step == 3
    vis._display_()
    assert vis.status == "finished"


def test_a_blocking_run_grows_its_picture_in_one_output(make_vis, monkeypatch):
    shown = []

    class Handle:
        def update(self, data, **_):
            shown.append(("update", data))

    def display(data, **_):
        shown.append(("display", data))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(front_ends.show_until_rest, "__defaults__", (0.01,))
    vis = make_vis(steps=40)
    assert vis.run_blocking(120)
    assert vis.current_step == 40
    assert next(how for how, _ in shown) == "display"
    assert {how for how, _ in shown[1:]} == {"update"}
    with Image.open(io.BytesIO(shown_png(shown[-1][1]))) as last:
        pixels = np.asarray(last, np.float32) / 255
    assert abs(pixels - vis.image).max() <= 0.5 / 255 + 1e-6


def shown_png(data):
    import base64

    return base64.b64decode(data["image/png"])
