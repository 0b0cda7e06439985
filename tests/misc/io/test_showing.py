import base64
import html.parser
import io
import re
from collections.abc import Sequence

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.io import show, showing


@pytest.fixture
def outputs():
    """What a notebook would show: a real shell that keeps what is displayed."""
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    with capture_output() as captured:
        yield Outputs(captured)
    InteractiveShell.clear_instance()


class Outputs(Sequence):
    """What was displayed so far; never an empty loop by mistake."""

    def __init__(self, captured):
        self._captured = captured

    def __len__(self):
        return len(self._captured.outputs)

    def __getitem__(self, index):
        return self._captured.outputs[index]

    def __iter__(self):
        assert len(self), "nothing was displayed"
        return iter(self._captured.outputs)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def pictures(self):
        urls = [attrs["src"] for tag, attrs in self.tags if tag == "img"]
        for url in urls:
            data = re.fullmatch(r"data:image/[a-z]+;base64,([\w+/=]+)", url)[1]
            with Image.open(io.BytesIO(base64.b64decode(data))) as image:
                yield np.asarray(image)


def page(outputs):
    (output,) = outputs
    return Page(output.data["text/html"])


def pictures(outputs):
    return list(page(outputs).pictures())


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 1), (4, 7, 3), (4, 7, 4)])
def test_one_image_shows_its_pixels(outputs, shape):
    image = np.random.default_rng(0).random(shape)
    show(image)
    (shown,) = pictures(outputs)
    np.testing.assert_array_equal(
        shown, np.rint(image * 255).astype(np.uint8).reshape(shown.shape)
    )


def test_values_outside_of_the_domain_are_clipped(outputs):
    show(np.array([[-1.0, 0.5, 2.0]]))
    np.testing.assert_array_equal(pictures(outputs)[0], [[0, 128, 255]])


def test_a_domain_of_none_stretches_and_image_does_so_by_default(outputs):
    values = np.array([[2.0, 3.0, 4.0]])
    show(values, domain=None)
    showing.image(values)
    for output in outputs:
        (shown,) = Page(output.data["text/html"]).pictures()
        np.testing.assert_array_equal(shown, [[0, 128, 255]])


def test_bytes_are_shown_as_they_are(outputs):
    pixels = np.array([[[1, 100, 255]]], np.uint8)
    show(pixels)
    np.testing.assert_array_equal(pictures(outputs)[0], pixels)


def test_other_channel_counts_become_hues(outputs):
    image = np.zeros([3, 5, 6])
    image[1, 2, 2] = 1  # the third of six hues is green
    show(image)
    (shown,) = pictures(outputs)
    assert shown.shape == (3, 5, 3)
    np.testing.assert_array_equal(shown[1, 2], [0, 255, 0])


def test_a_batch_is_a_row_with_numbers(outputs):
    show(np.random.default_rng(0).random([3, 4, 7, 3]))
    assert len(pictures(outputs)) == 3
    assert page(outputs).texts == ["0", "1", "2"]


def test_a_list_of_batches_shows_every_image(outputs):
    batches = [np.zeros([2, 4, 7, 3]), np.ones([1, 5, 6, 3])]
    show(batches, labels=["first", "last"])
    assert [image.shape for image in pictures(outputs)] == [(4, 7, 3)] * 2 + [(5, 6, 3)]
    assert page(outputs).texts == ["first", "first", "last"]


def test_labels_never_become_markup(outputs):
    hostile = "<img src=x onerror=alert(1)>&\"'</div>"
    show([np.zeros([2, 3, 3])], labels=[hostile])
    shown = page(outputs)
    assert "".join(shown.texts) == hostile
    assert [tag for tag, _ in shown.tags] == ["div", "div", "br", "img"]
    assert not any("onerror" in attrs for _, attrs in shown.tags)


def test_the_number_of_labels_must_fit(outputs):
    with pytest.raises(SettingError, match="3 labels for 2 images"):
        show(np.zeros([2, 4, 7, 3]), labels=["a", "b", "c"])


def test_width_enlarges_without_smoothing(outputs):
    show(np.zeros([2, 3, 3]), w=96)
    show([np.zeros([2, 3, 3])], w=96)
    for output in outputs:
        style = Page(output.data["text/html"]).tags[-1][1]["style"]
        assert "width: 96px" in style
        assert "pixelated" in style


@pytest.mark.parametrize("w", [0, -1, 10**9, float("nan"), True])
def test_an_impossible_width_is_refused(outputs, w):
    with pytest.raises(SettingError, match="w is"):
        show(np.zeros([2, 3, 3]), w=w)


def test_text_that_poses_as_width_is_refused(outputs):
    with pytest.raises(TypeError):
        show(np.zeros([2, 3, 3]), w='1px"><script>')
    assert len(outputs) == 0


def test_formats(outputs):
    show(np.zeros([2, 3, 3]), format="jpeg")
    assert "data:image/jpeg;" in outputs[0].data["text/html"]
    with pytest.raises(SettingError, match="gif"):
        show(np.zeros([2, 3, 3]), format="gif")


def test_tensors_and_pillow_images_are_arrays(outputs):
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.ones([2, 3, 3], np.float32)

    show(Tensor())
    show(Image.new("RGB", (3, 2), (255, 255, 255)))
    for output in outputs:
        (shown,) = Page(output.data["text/html"]).pictures()
        np.testing.assert_array_equal(shown, np.full([2, 3, 3], 255))


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (np.full([2, 3], np.nan), "NaN or infinite"),
        (np.zeros([0, 4, 3]), "no image"),
        (np.array([["<b>"]]), "real numbers"),
        (["text"], "str is no image"),
    ],
)
def test_what_cannot_be_drawn_is_described_in_text(outputs, thing, message):
    show(thing)
    (output,) = outputs
    assert set(output.data) == {"text/plain"}
    assert output.data["text/plain"].startswith("cannot draw")
    assert message in output.data["text/plain"]


def test_other_things_are_shown_as_text_alone(outputs):
    for thing in ({"a": "<script>"}, None, "text", 3):
        show(thing)
    show(np.zeros([2, 3, 4, 5, 6]))
    assert [set(output.data) for output in outputs] == [{"text/plain"}] * 5
    assert outputs[0].data["text/plain"] == "{'a': '<script>'}"
    assert outputs[-1].data["text/plain"] == "array of shape (2, 3, 4, 5, 6), float64"


def test_without_a_notebook_a_line_of_text_is_printed(capsys):
    show(np.linspace(0, 0.5, 8 * 5 * 3).reshape(8, 5, 3))
    show([np.zeros([2, 3]), np.zeros([4, 3, 1])])
    show([])
    show(np.full([2, 3], np.nan))
    assert capsys.readouterr().out.splitlines()[:4] == [
        "image 5 x 8 px, 3 channels, values 0 to 0.5",
        "image 3 x 2 px, 1 channel, values 0 to 0",
        "image 3 x 4 px, 1 channel, values 0 to 0",
        "no images",
    ]


def test_image_and_images_raise_where_show_describes():
    with pytest.raises(ImageError):
        showing.image(np.full([2, 3], np.nan))
    with pytest.raises(ImageError):
        showing.images([None])


def test_image_addresses_have_one_mode():
    with pytest.raises(SettingError, match="mode"):
        showing._image_url(np.zeros([2, 3]), mode="file")
