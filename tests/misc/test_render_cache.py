from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError
from lucid_widgets.misc.render_cache import KEYWORD, RenderCache, key_of

SPEC = {"model": "a digest", "unit": "mixed4a:30", "settings": {"size": 6, "seed": 0}}


def picture(seed=0, height=6, width=8, channels=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


@pytest.fixture
def cache(tmp_path):
    return RenderCache(tmp_path / "renders")


def again(cache):
    """Return the cache as another process sees it: with nothing in memory."""
    return RenderCache(cache.folder, cache.max_bytes)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_was_put_comes_back_bit_by_bit(cache, channels):
    pixels = picture(channels=channels)
    cache.put(SPEC, pixels, {"strength": 1.5})
    entry = again(cache).get(SPEC)
    assert entry is not None
    np.testing.assert_array_equal(entry.pixels, pixels)
    assert entry.info == {"strength": 1.5}
    assert entry.data == cache.path(SPEC).read_bytes()


def test_the_key_is_the_specification_and_not_how_it_was_written():
    shuffled = {"settings": {"seed": 0, "size": 6}, "unit": "mixed4a:30"}
    assert key_of({**shuffled, "model": "a digest"}) == key_of(SPEC)
    for changed in ({"unit": "mixed4a:31"}, {"model": "b"}, {"version": 2}):
        assert key_of({**SPEC, **changed}) != key_of(SPEC)
    with pytest.raises(ValueError, match="JSON"):
        key_of({"size": float("nan")})


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-20] + b"x" * 20,
        lambda data: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        lambda data: bytes(reversed(data)),
    ],
)
def test_damaged_entries_are_deleted_and_made_anew(cache, damage):
    cache.put(SPEC, picture())
    path = cache.path(SPEC)
    path.write_bytes(damage(path.read_bytes()))
    other = again(cache)
    assert other.get(SPEC) is None
    assert not path.exists()
    other.put(SPEC, picture())
    assert again(cache).get(SPEC) is not None


def test_a_picture_of_something_else_is_not_taken(cache):
    cache.put({**SPEC, "unit": "mixed4a:31"}, picture())
    path = cache.path(SPEC)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cache.path({**SPEC, "unit": "mixed4a:31"}).read_bytes())
    assert again(cache).get(SPEC) is None


def test_a_file_is_a_png_that_says_what_it_shows(cache):
    cache.put(SPEC, picture(), {"strength": 2.0})
    with Image.open(io.BytesIO(cache.path(SPEC).read_bytes())) as image:
        assert image.format == "PNG"
        held = json.loads(image.info[KEYWORD])
    assert held == {"spec": SPEC, "info": {"strength": 2.0}}


def test_nothing_half_written_is_left_and_what_dead_kernels_left_goes(cache):
    cache.put(SPEC, picture())
    files = [path for path in cache.folder.rglob("*") if path.is_file()]
    assert files == [cache.path(SPEC)]
    old = cache.path(SPEC).with_suffix(".tmp")
    old.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    again(cache).put({**SPEC, "unit": "mixed4a:31"}, picture())
    assert not old.exists()


def test_what_was_used_least_recently_makes_room(tmp_path):
    big = picture(height=40, width=50)
    specs = [{**SPEC, "unit": f"mixed4a:{number}"} for number in range(12)]
    size = len(RenderCache(tmp_path / "other").put(SPEC, big).data)
    cache = RenderCache(tmp_path / "renders", max_bytes=5 * size + 1000)
    long_ago = time.time() - 90_000
    for number, spec in enumerate(specs[:5]):
        cache.put(spec, big)
        os.utime(cache.path(spec), (long_ago + number, long_ago + number))
    assert again(cache).get(specs[0]) is not None  # now the most recent one
    for spec in specs[5:7]:
        cache.put(spec, big)
    left = [again(cache).get(spec) is not None for spec in specs[:7]]
    assert left[0]
    assert not left[1]
    assert left[6]
    total = sum(path.stat().st_size for path in cache.folder.rglob("*.png"))
    assert total <= cache.max_bytes


def test_several_threads_and_kernels_share_a_folder(cache):
    code = (
        "import sys, numpy as np; from lucid_widgets.misc.render_cache import *\n"
        "cache = RenderCache(sys.argv[1])\n"
        "for n in range(40):\n"
        "    spec = {'unit': n % 10}\n"
        "    cache.put(spec, np.full((6, 8, 3), n % 10, np.uint8))\n"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", code, str(cache.folder)])
        for _ in range(2)
    ]
    wrong = []

    def read():
        for n in range(400):
            entry = again(cache).get({"unit": n % 10})
            if entry is not None and not (entry.pixels == n % 10).all():
                wrong.append(n)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for waited in (*threads, *others):
        waited.join() if isinstance(waited, threading.Thread) else waited.wait(60)
    assert wrong == []
    assert all(other.returncode == 0 for other in others)
    assert all(again(cache).get({"unit": n}) is not None for n in range(10))


def test_a_folder_that_cannot_be_written_is_done_without_and_told_once(
    tmp_path, caplog
):
    file = tmp_path / "a file"
    file.write_text("in the way")
    cache = RenderCache(file / "renders")
    with caplog.at_level(logging.WARNING):
        cache.put(SPEC, picture())
        cache.put({**SPEC, "unit": "mixed4a:31"}, picture(1))
    assert len(caplog.records) == 1
    assert "LUCID_WIDGETS_CACHE" in cache.problem
    entry = cache.get(SPEC)
    assert entry is not None
    np.testing.assert_array_equal(entry.pixels, picture())


def test_the_shared_cache_is_where_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    cache = RenderCache.shared()
    cache.put(SPEC, picture())
    assert cache.path(SPEC).is_relative_to(tmp_path / "renders")
    assert RenderCache.shared() is cache
    if os.name == "posix":
        assert (tmp_path / "renders").stat().st_mode & 0o077 == 0
    cache.clear()
    assert cache.get(SPEC) is None


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 2), np.uint8),
        np.zeros((0, 6, 3), np.uint8),
        np.zeros((4, 6, 3), np.float32),
    ],
)
def test_other_things_than_pictures_are_refused(cache, pixels):
    with pytest.raises(ImageError, match="expected uint8"):
        cache.put(SPEC, pixels)
