from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from lucid_widgets.errors import CacheError, ChecksumError, OfflineError, WeightsError
from lucid_widgets.modelzoo import inception_v1
from lucid_widgets.modelzoo.downloading import Download, fetch, watched

from .serving import CONTENT


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LUCID_WIDGETS_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "models"


def download(server, content=CONTENT, **settings) -> Download:
    digest = hashlib.sha256(content).hexdigest()
    return Download(
        **{"url": server.url, "filename": "w.bin", "sha256": digest, **settings}
    )


def files(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once(server, cache):
    wanted = download(server)
    assert not wanted.cached
    path = fetch(wanted, progress=False)
    assert path.read_bytes() == CONTENT
    assert fetch(wanted, progress=False) == path
    assert wanted.cached
    assert len(server.asked) == 1
    assert files(cache) == ["w.bin"]


def test_a_progress_bar_is_shown(server, capsys):
    fetch(download(server))
    assert "w.bin" in capsys.readouterr().err


def test_a_download_that_was_cut_off_goes_on_where_it_stopped(server, cache):
    server.cut_after = 300_000
    with pytest.raises(WeightsError, match="cut off after"):
        fetch(download(server), progress=False)
    assert files(cache) == ["w.bin.part"]
    have = (cache / "w.bin.part").stat().st_size
    server.cut_after = None
    assert fetch(download(server), progress=False).read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={have}-"
    assert files(cache) == ["w.bin"]


def test_it_starts_over_if_the_server_cannot_go_on(server, cache):
    server.cut_after = 300_000
    with pytest.raises(WeightsError):
        fetch(download(server), progress=False)
    server.cut_after, server.ranges = None, False
    assert fetch(download(server), progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize("length", [1000, len(CONTENT), len(CONTENT) + 7])
def test_a_part_of_another_file_is_thrown_away(server, cache, length):
    cache.mkdir(parents=True)
    (cache / "w.bin.part").write_bytes(b"?" * length)
    assert fetch(download(server), progress=False).read_bytes() == CONTENT
    assert files(cache) == ["w.bin"]


def test_other_bytes_than_expected_are_deleted(server, cache):
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(ChecksumError, match="sha256"):
        fetch(download(server), progress=False)
    assert files(cache) == []


def test_a_file_in_the_cache_that_changed_is_fetched_again(server, cache):
    path = fetch(download(server), progress=False)
    path.write_bytes(b"changed")
    assert fetch(download(server), progress=False).read_bytes() == CONTENT


def test_a_web_page_instead_of_the_file_is_recognized(server, cache):
    server.content = b"<!DOCTYPE html><html>Please log in</html>"
    with pytest.raises(WeightsError, match="web page"):
        fetch(download(server), progress=False)
    assert files(cache) == []


def test_a_missing_file_is_answered_with_where_to_put_it(server, cache):
    server.status = 404
    with pytest.raises(WeightsError, match="404") as raised:
        fetch(download(server), progress=False)
    assert str(cache) in str(raised.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(raised.value)
    assert files(cache) == []


def test_without_a_network_the_error_says_what_to_put_where(cache):
    wanted = Download("http://127.0.0.1:9/w.bin", "w.bin", "ab" * 32)
    with pytest.raises(OfflineError, match="cannot be reached") as raised:
        fetch(wanted, progress=False)
    for needed in ("w.bin", "ab" * 32, str(cache)):
        assert needed in str(raised.value)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "w.bin").write_bytes(CONTENT)
    found = Download(wanted.url, "w.bin", hashlib.sha256(CONTENT).hexdigest())
    assert fetch(found, progress=False).read_bytes() == CONTENT


def test_who_watches_is_told_and_can_end_a_download_that_then_goes_on(server, capfd):
    told = []

    def watch(done, total):
        told.append((done, total))
        if len(told) == 3:
            raise InterruptedError("not wanted any more")

    wanted = download(server)
    with watched(watch), pytest.raises(InterruptedError):
        fetch(wanted)
    assert not wanted.cached
    with watched(watch):
        assert fetch(wanted).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={told[2][0]}-"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert capfd.readouterr() == ("", "")


def test_offline_mode_does_not_try(server, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_OFFLINE", "1")
    with pytest.raises(OfflineError, match="LUCID_WIDGETS_OFFLINE"):
        fetch(download(server), progress=False)
    assert server.asked == []


def test_an_unwritable_cache_is_an_error_and_not_a_reason_to_go_elsewhere(
    server, tmp_path, monkeypatch
):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(blocked / "cache"))
    with pytest.raises(CacheError, match="LUCID_WIDGETS_CACHE"):
        fetch(download(server), progress=False)
    assert server.asked == []


@pytest.mark.parametrize("name", ["../w.bin", "/etc/w.bin", "..", "a/b"])
def test_a_file_name_cannot_leave_the_cache(server, name):
    with pytest.raises(WeightsError, match="plain file name"):
        fetch(download(server, filename=name), progress=False)


def archive_of(stand_in) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("LICENSE", "words")
        archive.writestr("tensorflow_inception_graph.pb", stand_in.read_bytes())
        archive.writestr(inception_v1.LABELS_NAME, "dummy\nkit fox\n")
    return buffer.getvalue()


def test_inception_v1_is_downloaded_as_a_zip_and_then_kept(
    server, stand_in, monkeypatch
):
    server.content = archive_of(stand_in)
    monkeypatch.setattr(
        inception_v1, "ARCHIVE", download(server, server.content, filename="i.zip")
    )
    for _ in range(2):
        model = inception_v1.InceptionV1()
        assert model.labels == ["dummy", "kit fox"]
        assert model.get_layer("mixed4a_pre_relu").depth == 508
    assert len(server.asked) == 1


def test_inception_v1_takes_a_local_zip(server, stand_in, tmp_path):
    path = tmp_path / "inception5h.zip"
    path.write_bytes(archive_of(stand_in))
    model = inception_v1.InceptionV1(path=path)
    assert model.labels == ["dummy", "kit fox"]
    assert server.asked == []
