"""show: arrays as pictures, where the notebook prints its results.

Outside of a notebook a line of text describes what would have been shown: scripts and
tests run on. Pictures are `<img>` elements with the pixels inside; labels and other
texts are escaped, and never become markup.
"""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucid_widgets.errors import ImageError, SettingError
from lucid_widgets.misc.io.collapse_channels import collapse_channels
from lucid_widgets.misc.io.serialize_array import Domain, serialize_array

_MAX_WIDTH = 2**15


def show(thing: Any, domain: Domain | None = (0, 1), **kwargs: Any) -> None:
    """Show arrays as images, and anything else as text.

    - Rank 2 and 3: one image; 1 channel is grey, 3 are RGB, 4 RGBA, other counts
      become hues (see `collapse_channels`).
    - Rank 4, lists and tuples: a row of images, with labels; batches inside a list,
      such as `render_vis` returns, count image by image.
    - What cannot be drawn (NaN, rank 5, no pixels, no array) is described in text.

    Tensors and PIL images are taken for arrays.

    Args:
        thing: what to show.
        domain: the values shown as black and as white; None for the smallest and
            largest of every image. Values outside are clipped. Integers are pixel
            values from 0 to 255; see `normalize_array`.
        **kwargs: `w`, width in pixels to enlarge to (nearest neighbour); `labels` for
            rows; `format` ("png", "jpeg", "webp").

    Raises:
        SettingError: a wrong `domain`, `w`, `format`, or number of labels.

    Example:
        >>> show(np.zeros([2, 3, 3]))
        image 3 x 2 px, 3 channels, values 0 to 0
    """
    array = _as_array(thing)
    row = thing if array is None else array
    try:
        if array is not None and array.ndim in (2, 3):
            image(array, domain=domain, **kwargs)
        elif isinstance(row, list | tuple) or (array is not None and array.ndim == 4):
            images(row, domain=domain, **kwargs)
        else:
            _display_text(_describe(thing))
    except ImageError as error:
        _display_text(f"cannot draw {_describe(thing)}: {error}")


def image(
    array: ArrayLike,
    domain: Domain | None = None,
    w: int | None = None,
    format: str = "png",  # noqa: A002 - Lucid's name
) -> None:
    """Show one image.

    Args:
        array: ``[height, width]`` or ``[height, width, channels]``.
        domain: the values shown as black and as white. The default, None, is the
            smallest and largest value, as in Lucid and unlike `show`.
        w: width in pixels to enlarge to.
        format: "png", "jpeg" or "webp".

    Raises:
        ImageError: the array cannot be drawn.
        SettingError: a wrong `domain`, `w` or `format`.
    """
    url = _image_url(array, fmt=format, domain=domain)
    _display_html(f'<img src="{url}" style="{_style(w)}">', _describe(array))


def images(
    arrays: Iterable[ArrayLike],
    labels: Sequence[Any] | None = None,
    domain: Domain | None = None,
    w: int | None = None,
    format: str = "png",  # noqa: A002 - Lucid's name
) -> None:
    """Show a row of images, with a label above each.

    Args:
        arrays: images, or batches of them.
        labels: one per image, or one per entry of `arrays`; numbers from 0 by default.
        domain: see `image`.
        w: width of each image in pixels.
        format: "png", "jpeg" or "webp".

    Raises:
        ImageError: an array cannot be drawn.
        SettingError: a wrong `domain`, `w`, `format` or number of labels.
    """
    entries = [list(_single_images(array)) for array in arrays]
    singles = [single for entry in entries for single in entry]
    texts = [html.escape(str(text)) for text in _labels_for(entries, labels)]
    style = _style(w)
    cells = [
        f'<div style="margin: 0 10px 10px 0">{text}<br>'
        f'<img src="{_image_url(single, fmt=format, domain=domain)}" '
        f'style="margin-top: 4px; {style}"></div>'
        for text, single in zip(texts, singles, strict=True)
    ]
    _display_html(
        f'<div style="display: flex; flex-flow: row wrap">{"".join(cells)}</div>',
        "\n".join(_describe(single) for single in singles) or "no images",
    )


def _labels_for(
    entries: Sequence[Sequence[Any]], labels: Sequence[Any] | None
) -> list[Any]:
    count = sum(len(entry) for entry in entries)
    if labels is None:
        return list(range(count))
    if len(labels) == count:
        return list(labels)
    if len(labels) == len(entries):
        return [
            label for label, entry in zip(labels, entries, strict=True) for _ in entry
        ]
    raise SettingError(
        f"{len(labels)} labels for {count} images; expected one label for each"
    )


def _single_images(thing: ArrayLike) -> Iterator[NDArray[Any]]:
    array = _as_array(thing)
    if array is None:
        raise ImageError(
            f"{type(thing).__name__} is no image; expected an array [height, width] "
            "or [height, width, channels]"
        )
    if array.ndim == 4:
        yield from array
    else:
        yield array


def _as_array(thing: Any) -> NDArray[Any] | None:
    if isinstance(thing, np.ndarray):
        return thing
    # Tensors and PIL images offer one of these; lists do not, and stay lists.
    is_array = hasattr(thing, "__array__") or hasattr(thing, "__array_interface__")
    return np.asarray(thing) if is_array else None


def _image_url(
    array: ArrayLike,
    fmt: str = "png",
    mode: str = "data",
    quality: int = 90,
    domain: Domain | None = None,
) -> str:
    """Return an address that contains the whole image."""
    if mode != "data":
        raise SettingError(f"mode is {mode!r}; expected 'data'")
    pixels = np.asarray(array)
    if pixels.ndim == 3 and pixels.shape[-1] not in (0, 1, 3, 4):
        pixels = collapse_channels(pixels)
    data = serialize_array(pixels, domain=domain, fmt=fmt, quality=quality)
    kind = "jpeg" if fmt.lower() == "jpg" else fmt.lower()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _style(w: int | None) -> str:
    if w is None:
        return "image-rendering: pixelated"
    # As a whole number it cannot carry markup into the page.
    if isinstance(w, bool) or not 1 <= w <= _MAX_WIDTH:
        raise SettingError(
            f"w is {w!r}; expected a width from 1 to {_MAX_WIDTH} pixels"
        )
    return f"width: {int(w)}px; image-rendering: pixelated"


def _describe(thing: Any) -> str:
    array = _as_array(thing)
    if array is None:
        return repr(thing)
    is_image = array.ndim in (2, 3) and array.size > 0
    if not is_image or not np.issubdtype(array.dtype, np.number):
        return f"array of shape {array.shape}, {array.dtype}"
    channels = array.shape[2] if array.ndim == 3 else 1
    finite = array[np.isfinite(array)]
    values = (
        f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
    )
    return (
        f"image {array.shape[1]} x {array.shape[0]} px, "
        f"{channels} channel{'' if channels == 1 else 's'}, values {values}"
    )


def _display_html(html_str: str, text: str = "") -> None:
    """Show markup in a notebook, and `text` where there is none."""
    bundle = {"text/html": html_str, "text/plain": text or "<HTML>"}
    _display(bundle)


def _display_text(text: str) -> None:
    _display({"text/plain": text})


def _display(bundle: dict[str, str]) -> None:
    # Whoever runs inside IPython has imported it already; scripts never pay for it.
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(bundle, raw=True)
    else:
        sys.stdout.write(bundle["text/plain"] + "\n")
