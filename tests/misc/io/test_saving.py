import io
import json
import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from lucid_widgets.errors import ImageError, LucidError, SaveError, SettingError
from lucid_widgets.misc.io import CaptureSaveContext, batch_save, load, save
from lucid_widgets.misc.io.saving import ClarityJSONEncoder


def noise(*shape):
    return np.random.default_rng(0).random(shape)


@pytest.mark.parametrize(
    "shape", [(5, 8), (5, 8, 1), (5, 8, 3), (5, 8, 4), (1, 5, 8, 3)]
)
def test_an_image_comes_back_to_within_half_a_grey_level(tmp_path, shape):
    image = noise(*shape)
    save(image, tmp_path / "a.png", domain=(0, 1))
    loaded = load(tmp_path / "a.png")
    expected = image.reshape(5, 8, -1)
    assert loaded.shape == (5, 8, max(3, expected.shape[-1]))
    np.testing.assert_allclose(
        loaded, np.broadcast_to(expected, loaded.shape), atol=0.5 / 255 + 1e-6
    )


def test_by_default_the_contrast_is_stretched(tmp_path):
    save(0.4 + 0.1 * noise(5, 8, 3), tmp_path / "a.png")
    loaded = load(tmp_path / "a.png")
    assert loaded.min() == 0
    assert loaded.max() == 1


def test_bytes_are_not_stretched(tmp_path):
    pixels = np.full([2, 3, 3], 100, np.uint8)
    pixels[0, 0] = 101
    save(pixels, tmp_path / "a.png")
    np.testing.assert_array_equal(
        np.rint(load(tmp_path / "a.png") * 255).astype(np.uint8), pixels
    )


@pytest.mark.parametrize("extension", ["png", "jpg", "jpeg", "webp", "PNG"])
def test_every_image_format_is_what_its_name_says(tmp_path, extension):
    result = save(noise(16, 24, 3), tmp_path / f"a.{extension}")
    assert result == {
        "type": "image",
        "shape": (24, 16, 3),
        "url": str(tmp_path / f"a.{extension}"),
    }
    with Image.open(tmp_path / f"a.{extension}") as image:
        expected = {"jpg": "JPEG", "jpeg": "JPEG"}.get(extension, extension.upper())
        assert image.format == expected


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "1"])
def test_pillow_images_are_saved_as_they_are(tmp_path, mode):
    image = Image.new("RGB", (4, 3), (255, 0, 0)).convert(mode)
    save(image, tmp_path / "a.png")
    expected = np.asarray(image.convert("RGB")) / 255
    np.testing.assert_allclose(load(tmp_path / "a.png")[..., :3], expected, atol=1e-6)


def test_options_of_the_format_are_passed_on(tmp_path):
    image = noise(32, 48, 3)
    for quality in (10, 95):
        save(image, tmp_path / f"{quality}.jpg", quality=quality)
    sizes = [(tmp_path / f"{quality}.jpg").stat().st_size for quality in (10, 95)]
    assert sizes[0] * 2 < sizes[1]


@pytest.mark.parametrize(
    "thing", [noise(3), noise(2, 3, 4, 3), np.full([2, 3], np.nan), noise(2, 3, 7)]
)
def test_what_is_no_image_is_refused_and_leaves_no_file(tmp_path, thing):
    with pytest.raises(ImageError):
        save(thing, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made(tmp_path):
    save(noise(2, 3), tmp_path / "a" / "b" / "c.png")
    assert (tmp_path / "a" / "b" / "c.png").exists()


def test_arrays_keep_type_and_values(tmp_path):
    array = noise(2, 3, 4).astype(np.float16)
    result = save(array, tmp_path / "a.npy")
    assert result["type"] == "npy"
    assert result["shape"] == (2, 3, 4)
    assert load(tmp_path / "a.npy").dtype == np.float16
    np.testing.assert_array_equal(load(tmp_path / "a.npy"), array)


def test_several_arrays_in_one_file(tmp_path):
    save({"file": np.ones(2), "b/c": np.zeros([2, 1])}, tmp_path / "a.npz")
    assert {name: value.shape for name, value in load(tmp_path / "a.npz").items()} == {
        "file": (2,),
        "b/c": (2, 1),
    }
    save([np.ones(2), np.zeros(3)], tmp_path / "b.npz")
    assert sorted(np.load(tmp_path / "b.npz").files) == ["arr_0", "arr_1"]


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_objects_are_not_pickled_behind_your_back(tmp_path, name):
    with pytest.raises(SaveError, match="pickled"):
        save(np.array([{"a": 1}], object), tmp_path / name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=30)
@given(json_values)
def test_json_comes_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "a.json"
    save(value, path)
    assert load(path) == value


def test_json_takes_what_numpy_and_python_have():
    class Custom:
        def to_json(self):
            return {"custom": True}

    thing = {
        "tuple": (1, 2),
        "set": {3},
        "int": np.int32(4),
        "float": np.float32(0.5),
        "bool": np.True_,
        "array": np.arange(4).reshape(2, 2),
        "custom": Custom(),
    }
    assert json.loads(json.dumps(thing, cls=ClarityJSONEncoder)) == {
        "tuple": [1, 2], "set": [3], "int": 4, "float": 0.5, "bool": True,
        "array": [[0, 1], [2, 3]], "custom": {"custom": True},
    }  # fmt: skip


def test_json_that_cannot_be_written_says_so_and_leaves_no_file(tmp_path):
    endless = []
    endless.append(endless)
    for thing in (object(), endless):
        with pytest.raises(SaveError, match="JSON"):
            save(thing, tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def test_texts_and_lines(tmp_path):
    save("één\n", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == "één\n".encode()
    save(["one", b"two\n", "three"], tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == b"one\ntwo\nthree\n"
    with pytest.warns(UserWarning, match="a line is int"):
        save([1], tmp_path / "c.txt")
    assert (tmp_path / "c.txt").read_bytes() == b"1\n"


def test_texts_can_have_any_extension(tmp_path):
    assert save("<p>", tmp_path / "a.html")["type"] == "txt"
    assert (tmp_path / "a.html").read_text() == "<p>"


@pytest.mark.parametrize("name", ["a.docx", "a", "a.xz", ".png"])
def test_an_unknown_extension_is_a_value_error(tmp_path, name):
    with pytest.raises(ValueError, match="extension; expected one of") as caught:
        save(noise(2, 3), tmp_path / name)
    assert isinstance(caught.value, LucidError)


@pytest.mark.parametrize(
    ("thing", "name"), [(3, "a.txt"), ("text", "a.pb"), (None, "a.pb")]
)
def test_a_thing_that_does_not_fit_its_extension_is_refused(tmp_path, thing, name):
    with pytest.raises(SaveError, match="expected"):
        save(thing, tmp_path / name)


def test_pickles_are_refused_unless_allowed(tmp_path):
    with pytest.raises(ValueError, match="allow_unsafe_formats"):
        save({1}, tmp_path / "a.pkl")
    save({1}, tmp_path / "a.pkl", allow_unsafe_formats=True)
    assert load(tmp_path / "a.pkl", allow_unsafe_formats=True) == {1}


@settings(deadline=None, max_examples=20)
@given(hnp.arrays(np.float32, (2, 3), elements=st.floats(-1, 1, width=32)))
def test_compressed_files_come_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("xz") / "a.npy.xz"
    result = save(array, path)
    assert result["type"] == "npy"
    np.testing.assert_array_equal(load(path), array)
    assert lzma.decompress(path.read_bytes())[1:6] == b"NUMPY"


def test_a_failed_save_keeps_the_old_file(tmp_path):
    save("old", tmp_path / "a.json")
    with pytest.raises(SaveError):
        save(object(), tmp_path / "a.json")
    assert load(tmp_path / "a.json") == "old"


def test_open_files_are_written_to_by_their_name(tmp_path):
    with (tmp_path / "a.png").open("wb") as file:
        result = save(noise(3, 5), file)
        assert not file.closed
    assert result["url"] == str(tmp_path / "a.png")
    assert load(tmp_path / "a.png").shape == (3, 5, 3)
    with pytest.raises(SaveError, match="no extension"):
        save(noise(3, 5), io.BytesIO())


def test_results_are_captured(tmp_path):
    with CaptureSaveContext() as outer:
        save("a", tmp_path / "a.txt")
        with CaptureSaveContext() as inner:
            save("b", tmp_path / "b.txt")
        batch_save([("c", tmp_path / "c.txt")])
    save("d", tmp_path / "d.txt")
    names = [result["url"][-5:] for result in outer.captured_saves]
    assert names == ["a.txt", "c.txt"]
    assert [result["url"][-5:] for result in inner.captured_saves] == ["b.txt"]


def test_a_context_can_be_handed_over(tmp_path):
    context = CaptureSaveContext()
    result = save("a", tmp_path / "a.txt", save_context=context)
    assert context.captured_saves == [result]


def test_many_things_are_saved_in_parallel_and_in_order(tmp_path):
    jobs = [(noise(4, 6, 3), tmp_path / f"{i}.png") for i in range(20)]
    jobs.append((noise(4, 6, 3) / 2, tmp_path / "20.png", {"domain": (0, 1)}))
    results = batch_save(jobs, num_workers=4)
    assert [result["url"] for result in results] == [str(job[1]) for job in jobs]
    assert load(tmp_path / "20.png").max() <= 0.51


def test_one_failure_does_not_keep_the_others_from_being_saved(tmp_path):
    jobs = [(object(), tmp_path / "a.json"), ("b", tmp_path / "b.txt")]
    with pytest.raises(SaveError):
        batch_save(jobs)
    assert load(tmp_path / "b.txt") == "b"
    with pytest.raises(SettingError):
        batch_save(jobs, num_workers=0)


@pytest.mark.parametrize("place", [None, 3, b"a.png"])
def test_other_things_cannot_be_saved_to(place):
    with pytest.raises(SaveError, match="expected a path"):
        save("a", place)
