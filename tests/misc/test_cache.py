import stat
import sys
from pathlib import Path

import pytest

from lucid_widgets.errors import CacheError
from lucid_widgets.misc.cache import cache_folder, make_cache_folder


def test_the_environment_variable_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "here"))
    assert cache_folder("a", "b") == tmp_path / "here" / "a" / "b"
    assert not (tmp_path / "here").exists()


def test_a_tilde_means_the_home_folder(monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", "~/somewhere")
    assert cache_folder() == Path.home() / "somewhere"


@pytest.mark.skipif(sys.platform != "linux", reason="the rules of Linux")
def test_without_it_the_platform_decides(monkeypatch, tmp_path):
    monkeypatch.delenv("LUCID_WIDGETS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("models") == tmp_path / "lucid_widgets" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path.home() / ".cache" / "lucid_widgets"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_folder_is_private(monkeypatch, tmp_path):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "here"))
    folder = make_cache_folder("models")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_variable(
    monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "file"))
    with pytest.raises(CacheError, match="LUCID_WIDGETS_CACHE") as caught:
        make_cache_folder("models")
    assert isinstance(caught.value, OSError)
