import threading
from pathlib import Path

import numpy as np
import pytest

from lucid_widgets.misc.io import batch_save, io_scope, load, save, scope_url
from lucid_widgets.misc.io.scoping import current_io_scopes, set_io_scopes


def test_without_a_scope_paths_stay_as_they_are():
    assert scope_url("./some/file.ext") == "./some/file.ext"


def test_scopes_nest():
    with io_scope("results"), io_scope("mixed4a"):
        assert scope_url("476.png") == "results/mixed4a/476.png"
    assert scope_url("476.png") == "476.png"


@pytest.mark.parametrize("url", ["/tmp/a.png", "https://host/a.png", "gs://bucket/a"])
def test_absolute_paths_and_addresses_stay_as_they_are(url):
    with io_scope("results"):
        assert scope_url(url) == url


def test_an_absolute_scope_starts_afresh():
    with io_scope("results"), io_scope("gs://bucket"):
        assert scope_url("a.png") == "gs://bucket/a.png"


def test_a_scope_can_replace_the_others():
    with io_scope("results"):
        with io_scope("other", replace_current_scopes=True):
            assert scope_url("a") == "other/a"
        assert scope_url("a") == "results/a"


def test_several_scopes_at_once():
    with io_scope(["a", "b"]):
        assert scope_url("c") == "a/b/c"


def test_scopes_end_with_an_exception():
    with pytest.raises(ZeroDivisionError), io_scope("results"):
        _ = 1 / 0
    assert current_io_scopes() == []


def test_changing_the_returned_list_changes_nothing():
    current_io_scopes().append("oops")
    assert current_io_scopes() == []


def test_scopes_belong_to_a_thread():
    seen = []
    with io_scope("results"):
        thread = threading.Thread(target=lambda: seen.append(scope_url("a")))
        thread.start()
        thread.join()
    assert seen == ["a"]


def test_scopes_can_be_handed_to_another_thread():
    with io_scope("results"):
        scopes = current_io_scopes()
    set_io_scopes(scopes)
    try:
        assert scope_url("a") == "results/a"
    finally:
        set_io_scopes([])


def test_load_save_and_batch_save_work_inside(tmp_path):
    with io_scope(tmp_path), io_scope("deep"):
        save("one", "a.txt")
        batch_save([(np.arange(3), "b.npy"), ("two", "c.txt")])
        assert load("a.txt") == "one"
        assert load(["b.npy", "c.txt"])[1] == "two"
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == [
        "a.txt", "b.npy", "c.txt",
    ]  # fmt: skip


def test_relative_scopes_are_entered_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with io_scope("results"), io_scope("mixed4a"):
        assert save("hello", "a.txt")["url"] == "results/mixed4a/a.txt"
        batch_save([("more", "b.txt")])
        assert load("a.txt") == "hello"
    found = [p.relative_to(tmp_path) for p in tmp_path.rglob("*.txt")]
    assert sorted(map(str, found)) == [
        str(Path("results", "mixed4a", name)) for name in ("a.txt", "b.txt")
    ]
