import sys
import threading

import pytest

from lucid_widgets.errors import SaveError, SettingError
from lucid_widgets.misc.io import save
from lucid_widgets.misc.io.writing import write, write_handle

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def write_half(path, mode="wb"):
    with write_handle(path, mode) as file:
        file.write("half" if mode == "w" else b"half")
        _ = 1 / 0


def test_bytes_and_texts(tmp_path):
    write(b"\x00\xff", str(tmp_path / "a"))
    write("één\n", str(tmp_path / "b"), mode="w")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == "één\n".encode()
    with write_handle(str(tmp_path / "c"), "w") as file:
        file.write("één\n")
    assert (tmp_path / "c").read_bytes() == "één\n".encode()


def test_nothing_is_there_before_the_end_and_the_old_file_until_then(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with write_handle(str(path)) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("mode", ["wb", "w"])
def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path, mode):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(str(path), mode)
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_readers_never_see_half_a_file(tmp_path):
    path = tmp_path / "a"
    contents = [bytes([i]) * 200_000 for i in range(2)]
    write(contents[0], str(path))
    seen, done = [], threading.Event()

    def look():
        while not done.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    for i in range(60):
        write(contents[i % 2], str(path))
    done.set()
    reader.join()
    assert seen
    assert all(data in contents for data in seen)


@posix
def test_new_files_have_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_text("x")
    write(b"x", str(tmp_path / "a"))
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix
def test_replaced_files_keep_their_permissions_and_links(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write(b"new", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_very_long_names_work(tmp_path):
    name = "a" * 240 + ".txt"
    write(b"x", str(tmp_path / name))
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("url", ["http://host/a.txt", "https://host/a.txt"])
def test_web_servers_take_no_files(url):
    with pytest.raises(ValueError, match="take no files"):
        write(b"x", url)


@pytest.mark.parametrize("url", ["ftp://host/a", "memory://a", "file:///tmp/a"])
def test_other_schemes_are_refused(url):
    with pytest.raises(SaveError, match="https://"):
        write(b"x", url)


def test_a_folder_cannot_be_replaced(tmp_path):
    with pytest.raises(SaveError, match="folder of that name"):
        write(b"x", str(tmp_path))


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(SettingError), write_handle(str(tmp_path / "a"), "a"):
        pass
    with pytest.raises(SettingError):
        write(b"x", str(tmp_path / "a"), mode="r")


@pytest.fixture
def bucket():
    """An object store in memory, in the place of Google's."""
    fsspec = pytest.importorskip("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    class Bucket(MemoryFileSystem):
        protocol = "gs"
        store = {}  # noqa: RUF012 - this is how fsspec's own one works
        pseudo_dirs = [""]  # noqa: RUF012

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.removeprefix("gs://").strip("/")

    fsspec.register_implementation("gs", Bucket, clobber=True)
    yield Bucket()
    sys.modules["fsspec.registry"]._registry.pop("gs", None)


def test_object_stores_get_the_whole_file_or_none(bucket):
    result = save("hello", "gs://bucket/folder/a.txt")
    assert result == {
        "type": "txt",
        "url": "gs://bucket/folder/a.txt",
        "serve": "https://storage.googleapis.com/bucket/folder/a.txt",
    }
    assert bucket.cat("/bucket/folder/a.txt") == b"hello"
    with pytest.raises(ZeroDivisionError):
        write_half("gs://bucket/folder/b.txt")
    assert not bucket.exists("/bucket/folder/b.txt")
