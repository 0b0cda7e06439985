import http.server
import io
import threading
from pathlib import Path

import numpy as np
import pytest

from lucid_widgets.errors import LoadError, MissingPackageError, SettingError
from lucid_widgets.misc.io import load, read, remote
from lucid_widgets.misc.io.reading import local_cache_path, read_handle


class Server:
    """A web server on this machine, with files that can be changed."""

    def __init__(self):
        self.files = {}
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append(self.path)
                body = server.files.get(self.path.partition("?")[0])
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                length = len(body) + (100 if "short" in self.path else 0)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(tmp_path, monkeypatch):
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path / "cache"))
    server = Server()
    yield server
    server.close()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def cached_files(tmp_path):
    return sorted((tmp_path / "cache" / "remote").iterdir())


def test_a_file_on_disk_is_read_as_bytes_or_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("één".encode())
    assert read(str(path)) == "één".encode()
    assert read(str(path), encoding="utf-8") == "één"
    assert read(str(path), mode="r") == "één"
    with read_handle(str(path), mode="r") as file:
        assert file.read() == "één"


def test_an_unknown_mode_or_cache_is_refused(tmp_path):
    for options in ({"mode": "w"}, {"cache": "sometimes"}):
        with pytest.raises(SettingError), read_handle(str(tmp_path), **options):
            pass


def test_what_comes_from_an_address_is_kept(server, tmp_path):
    server.files["/a.npy"] = npy(np.arange(3))
    assert load(f"{server.url}/a.npy").tolist() == [0, 1, 2]
    server.files["/a.npy"] = npy(np.arange(5))
    assert load(f"{server.url}/a.npy").tolist() == [0, 1, 2]
    assert len(server.requests) == 1
    assert cached_files(tmp_path) == [local_cache_path(f"{server.url}/a.npy")]


def test_purge_fetches_it_anew(server):
    server.files["/a.npy"] = npy(np.arange(3))
    load(f"{server.url}/a.npy")
    server.files["/a.npy"] = npy(np.arange(5))
    assert load(f"{server.url}/a.npy", cache="purge").tolist() == [0, 1, 2, 3, 4]
    assert load(f"{server.url}/a.npy").tolist() == [0, 1, 2, 3, 4]


def test_without_cache_nothing_stays(server, tmp_path):
    server.files["/a.txt"] = b"hello"
    for _ in range(2):
        assert load(f"{server.url}/a.txt", cache=False) == "hello"
    assert len(server.requests) == 2
    assert cached_files(tmp_path) == []


def test_a_damaged_copy_is_fetched_again_once(server):
    server.files["/a.npy"] = npy(np.arange(3))[:-4]
    with pytest.raises(LoadError, match="cut short"):
        load(f"{server.url}/a.npy")
    server.files["/a.npy"] = npy(np.arange(3))
    assert load(f"{server.url}/a.npy").tolist() == [0, 1, 2]
    assert len(server.requests) == 3


def test_the_extension_is_found_before_a_query(server):
    server.files["/a.txt"] = b"hello"
    assert load(f"{server.url}/a.txt?raw=1&x=.png") == "hello"


def test_an_address_with_nothing_behind_it_says_so(server, tmp_path):
    with pytest.raises(LoadError, match="nothing at http"):
        load(f"{server.url}/missing.png")
    assert cached_files(tmp_path) == []


def test_a_transfer_that_breaks_off_leaves_nothing_in_the_cache(server, tmp_path):
    server.files["/short.txt"] = b"hello"
    with pytest.raises(LoadError, match="cannot read http"):
        load(f"{server.url}/short.txt")
    assert cached_files(tmp_path) == []


def test_an_address_that_does_not_answer_says_so(server):
    with pytest.raises(LoadError, match="check the address"):
        load("http://127.0.0.1:9/a.txt")


def test_threads_that_want_the_same_address_fetch_it_once(server):
    server.files["/a.npy"] = npy(np.arange(3))
    loaded = load([f"{server.url}/a.npy"] * 6)
    assert all(array.tolist() == [0, 1, 2] for array in loaded)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/a.png",
        "memory://a.png",
        "github://owner:repo@main/a.png",
        "http://host/a.png::file:///etc/passwd",
        "simplecache::http://host/a.png",
        "://a.png",
    ],
)
def test_other_schemes_are_refused(url, tmp_path, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_CACHE", str(tmp_path))
    with pytest.raises(LoadError, match="https://"):
        load(url)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingPackageError, match=r"lucid-widgets\[remote\]"):
        remote.filesystem("s3")


def test_addresses_that_look_alike_do_not_share_a_file():
    urls = [
        "https://h/a/b.png",
        "https://h/a_b.png",
        "https://h/a?b.png",
        "http://h/a/b.png",
    ]
    paths = {local_cache_path(url) for url in urls}
    assert len(paths) == 4


def test_long_and_hostile_addresses_give_plain_names():
    for url in (
        "https://h/" + "a" * 5000 + ".png",
        "https://h/../../etc/passwd",
        "https://h/é\n.n/p",
    ):
        path = local_cache_path(url)
        assert len(path.name) < 200
        assert path.parent.name == "remote"
        assert path.name.replace("_", "").replace("-", "").replace(".", "").isalnum()
        assert path.name.isascii()


def test_what_is_not_text_says_so(tmp_path):
    Path(tmp_path / "a.bin").write_bytes(b"\xff\xfe")
    with pytest.raises(LoadError, match="not text in utf-8"):
        read(str(tmp_path / "a.bin"), encoding="utf-8")
    with pytest.raises(LoadError, match="klingon"):
        read(str(tmp_path / "a.bin"), encoding="klingon")
