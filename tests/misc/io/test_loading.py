import io
import json
import lzma
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.errors import ImageError, LoadError, LucidError
from lucid_widgets.misc.io import array_files, load, save


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, [5, 8, 3], np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def test_an_image_becomes_floats_from_0_to_1(photo):
    path, pixels = photo
    loaded = load(str(path))
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded, pixels / 255, atol=1e-7)


def test_paths_may_be_path_objects(photo):
    assert load(photo[0]).shape == (5, 8, 3)


def test_extensions_may_be_in_capitals(photo):
    path, _ = photo
    capital = path.rename(path.with_name("PHOTO.PNG"))
    assert load(capital).shape == (5, 8, 3)


def test_size_is_width_and_height(photo):
    assert load(photo[0], size=(3, 4)).shape == (4, 3, 3)


def test_an_open_file_is_read_by_its_name(photo):
    with photo[0].open("rb") as file:
        assert load(file).shape == (5, 8, 3)
        assert not file.closed


def test_an_unknown_extension_is_tried_as_an_image(photo):
    path, _ = photo
    assert load(path.rename(path.with_suffix(".picture"))).shape == (5, 8, 3)
    assert load(io.BytesIO(path.with_suffix(".picture").read_bytes())).shape[0] == 5


def test_an_unknown_extension_that_is_no_image_raises_a_runtime_error(tmp_path):
    path = tmp_path / "notes.docx"
    path.write_text("hello")
    with pytest.raises(RuntimeError, match=r"unknown extension '\.docx'") as caught:
        load(path)
    assert isinstance(caught.value, LucidError)


def test_a_missing_file_raises_a_runtime_error_that_names_the_similar_one(photo):
    with pytest.raises(RuntimeError, match=r"did you mean 'photo\.png'"):
        load(photo[0].with_name("foto.png"))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(LoadError, match=r"folder .*nowhere' does not exist"):
        load(tmp_path / "nowhere" / "a.png")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(LoadError, match="cannot read"):
        load(tmp_path)


@pytest.mark.parametrize("thing", [None, 3, object()])
def test_other_things_cannot_be_loaded_from(thing):
    with pytest.raises(LoadError, match="expected a path"):
        load(thing)


def test_arrays_and_dictionaries_of_arrays(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.savez(tmp_path / "b.npz", x=np.ones(2), y=np.zeros([1, 2]))
    assert load(tmp_path / "a.npy").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert {name: value.shape for name, value in load(tmp_path / "b.npz").items()} == {
        "x": (2,),
        "y": (1, 2),
    }


def test_json_and_texts(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"ä": [1, None]}), encoding="utf-8")
    (tmp_path / "b.md").write_bytes("één\ntwo\n".encode())
    (tmp_path / "c.txt").write_bytes("één".encode("latin-1"))
    assert load(tmp_path / "a.json") == {"ä": [1, None]}
    assert load(tmp_path / "b.md") == "één\ntwo\n"
    assert load(tmp_path / "b.md", split=True) == ["één", "two"]
    assert load(tmp_path / "c.txt", encoding="latin-1") == "één"
    with pytest.raises(LoadError, match="not text in utf-8"):
        load(tmp_path / "c.txt")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00"])
def test_broken_json_says_so(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(LoadError, match=r"a\.json is no JSON"):
        load(tmp_path / "a.json")


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was run",))


@pytest.mark.parametrize("name", ["a.pickle", "a.pkl", "a.pkl.xz", "A.PKL"])
def test_pickles_are_not_run_unless_allowed(tmp_path, name):
    data = pickle.dumps(Harmful())
    (tmp_path / name).write_bytes(lzma.compress(data) if "xz" in name else data)
    with pytest.raises(RuntimeError, match="allow_unsafe_formats"):
        load(tmp_path / name)


def test_pickles_can_be_allowed(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": {1, 2}}))
    assert load(tmp_path / "a.pkl", allow_unsafe_formats=True) == {"a": {1, 2}}


def test_compressed_files_are_loaded_by_the_extension_inside(tmp_path, photo):
    save(np.arange(4), tmp_path / "a.npy.xz")
    assert load(tmp_path / "a.npy.xz").tolist() == [0, 1, 2, 3]
    (tmp_path / "photo.png.xz").write_bytes(lzma.compress(photo[0].read_bytes()))
    assert load(tmp_path / "photo.png.xz").shape == (5, 8, 3)


def test_broken_compressed_files_say_so(tmp_path):
    (tmp_path / "a.txt.xz").write_bytes(b"junk")
    with pytest.raises(LoadError, match=r"no \.xz file"):
        load(tmp_path / "a.txt.xz")
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress(b"hello" * 99)[:-20])
    with pytest.raises(LoadError, match="cut short"):
        load(tmp_path / "b.txt.xz")


def test_a_compressed_file_cannot_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(array_files, "MAX_UNPACKED_BYTES", 10_000)
    (tmp_path / "a.txt.xz").write_bytes(lzma.compress(bytes(10**6)))
    with pytest.raises(LoadError, match="unpacks to more"):
        load(tmp_path / "a.txt.xz")


def test_a_list_is_loaded_in_order_with_errors_in_their_places(photo, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    first, missing, second = load([photo[0], tmp_path / "b.npy", tmp_path / "a.npy"])
    assert first.shape == (5, 8, 3)
    assert isinstance(missing, LoadError)
    assert second.tolist() == [0, 1, 2]


def test_options_reach_every_entry_of_a_list(photo):
    assert [image.shape for image in load([photo[0]] * 3, size=(2, 6))] == [
        (6, 2, 3)
    ] * 3


def test_an_option_that_the_format_does_not_know_is_an_error(photo):
    with pytest.raises(TypeError, match="split"):
        load(photo[0], split=True)


def test_an_image_with_a_bad_size_is_an_image_error(photo):
    with pytest.raises(ImageError):
        load(photo[0], size=(0, 5))


def test_graphs_come_back(tmp_path):
    graph_pb2 = pytest.importorskip("tensorflow.core.framework.graph_pb2")
    graph = graph_pb2.GraphDef()
    graph.node.add(name="input", op="Placeholder")
    result = save(graph, tmp_path / "a.pb")
    assert result == {"type": "pb", "url": str(tmp_path / "a.pb")}
    assert load(tmp_path / "a.pb").node[0].name == "input"
    (tmp_path / "b.pb").write_bytes(b"\xff" * 9)
    with pytest.raises(LoadError, match=r"b\.pb is no GraphDef"):
        load(tmp_path / "b.pb")


def test_loading_images_does_not_import_tensorflow(photo):
    code = (
        "import sys; from lucid_widgets.misc.io import load, save, show; "
        f"show(load({str(photo[0])!r})); assert 'tensorflow' not in sys.modules; "
        "assert 'IPython' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("image 8 x 5 px, 3 channels")
