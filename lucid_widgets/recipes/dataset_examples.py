"""Dataset examples: which of your photos excite a channel most, and where.

The photos are read one after another and only the best are remembered, so a folder may
hold millions. What excited a channel is shown in two ways: the photo, and the crop that
the channel sees, its receptive field.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lucid_widgets.errors import (
    ImageError,
    LoadError,
    LucidError,
    ObjectiveError,
    SettingError,
)
from lucid_widgets.misc.photos import as_photo
from lucid_widgets.modelzoo.reading import compute_batch
from lucid_widgets.recipes.positions import Box, covering, field_box, grid_of
from lucid_widgets.shapes import Pixels

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

log = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Photos:
    """The user's photos, each opened when it is needed.

    Args:
        items: files, or arrays.
        name: what they are called in messages.
    """

    items: Sequence[Any]
    name: str

    @classmethod
    def of(cls, images: Any) -> Photos:
        """Return the photos in a folder, a list or an array.

        Args:
            images: a folder, searched with all folders in it; a list of files or of
                arrays; an array `[n, height, width, channels]`.

        Raises:
            LoadError: no such folder, or no image in it.
            ImageError: no photos.
        """
        if isinstance(images, str | Path):
            return cls(files_in(images), str(images))
        if isinstance(images, np.ndarray) and images.ndim != 4:
            raise ImageError(
                f"images is an array of shape {images.shape}; expected "
                "[n, height, width, channels], a folder, or a list"
            )
        sequence = hasattr(images, "__len__") and hasattr(images, "__getitem__")
        if not sequence or isinstance(images, dict):
            raise ImageError(
                f"images is {type(images).__name__}; expected a folder, a list of "
                "files or arrays, or an array [n, height, width, channels]"
            )
        if not len(images):
            raise ImageError("there are no images in the list; expected at least one")
        return cls(list(images), f"{len(images)} images")

    def __len__(self) -> int:
        return len(self.items)

    def source(self, index: int) -> Path | int:
        """Return the file of a photo, or its number where there is no file."""
        item = self.items[index]
        return Path(item) if isinstance(item, str | Path) else index

    def open(self, model: Model, index: int) -> tuple[Pixels, Box]:
        """Return a photo as the model sees it, and which part of the photo that is.

        It is scaled until it covers the model's image size, and its middle taken:
        nothing is squeezed, and all photos come out alike in size.

        Returns:
            `[height, width, channels]` in [0, 1], and the part's `(top, left, bottom,
            right)` in pixels of the photo.

        Raises:
            LucidError: it cannot be read.
        """
        return covering(
            as_photo(self.items[index], model.image_shape[-1]),
            model.fixed_size or (model.image_shape[0], model.image_shape[1]),
        )


def files_in(folder: str | Path) -> list[Path]:
    """Return the image files in a folder and all folders in it, in order.

    Hidden files are left out, and links to folders are not followed.

    Raises:
        LoadError: no such folder, or no image in it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise LoadError(f"{folder} is no folder; expected one with images in it")
    found = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
        and file.is_file()
    )
    if not found:
        raise LoadError(
            f"there is no image in {folder}; expected files that end in "
            f"{', '.join(SUFFIXES)}"
        )
    return found


@dataclass(frozen=True)
class Example:
    """A photo that excites a channel.

    Args:
        source: its file; its number, where there is no file.
        value: the channel's largest activation in it, in the model's own units.
        row: where in the layer that is.
        column: where in the layer that is.
        box: what that position sees, `(top, left, bottom, right)` in pixels of
            `photo`.
        photo: what the model saw, `[height, width, channels]` in [0, 1].
    """

    source: Path | int
    value: float
    row: int
    column: int
    box: Box
    photo: Pixels

    @property
    def crop(self) -> Pixels:
        """The part of the photo in `box`."""
        top, left, bottom, right = self.box
        return self.photo[top:bottom, left:right]


@dataclass(frozen=True)
class DatasetExamples:
    """The best of the photos looked at so far, for every channel of a layer.

    Args:
        layer: name of the layer.
        numbers: int32 `[channels, k]`, numbers of photos, the best first; -1 where
            fewer were seen.
        values: float32 `[channels, k]`, the largest activation in each.
        places: int32 `[channels, k, 2]`, row and column of it.
        grid: rows and columns of the layer.
        looked_at: how many photos were read, the skipped ones too.
        total: how many there are.
        skipped: the files that could not be read, each with the reason.
    """

    layer: str
    numbers: NDArray[np.int32]
    values: NDArray[np.float32]
    places: NDArray[np.int32]
    grid: tuple[int, int]
    looked_at: int
    total: int
    skipped: tuple[tuple[Path | int, str], ...]
    _model: Any
    _photos: Photos

    def of(self, channel: int, largest: float = 0.5) -> list[Example]:
        """Return the examples of a channel, the best first; their photos are read now.

        Args:
            channel: index of the channel.
            largest: how large a crop may become, as a fraction of the photo's shorter
                side. The receptive fields of high layers are larger than the photo, but
                what matters lies in their middle (Luo et al., "Understanding the
                Effective Receptive Field", 2016).

        Raises:
            ObjectiveError: no such channel.
            LucidError: a photo has gone since.
        """
        depth = len(self.numbers)
        if isinstance(channel, bool) or not 0 <= channel < depth:
            raise ObjectiveError(
                f"channel {channel} of {self.layer}; expected 0 to {depth - 1}"
            )
        field = self._model.get_layer(self.layer).receptive_field
        examples = []
        for number, value, (row, column) in zip(
            self.numbers[channel].tolist(),
            self.values[channel].tolist(),
            self.places[channel].tolist(),
            strict=True,
        ):
            if number >= 0:
                photo, _ = self._photos.open(self._model, number)
                limit = round(largest * min(photo.shape[:2]))
                side = None if field is None else max(1, min(field, limit))
                box = field_box(photo.shape, self.grid, row, column, side)
                source = self._photos.source(number)
                examples.append(Example(source, value, row, column, box, photo))
        return examples


def dataset_examples(
    model: Model, layer: str, images: Any, k: int = 9, batch_size: int = 32
) -> DatasetExamples:
    """Return which photos excite the channels of a layer most.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        layer: the layer; all its channels are looked for in one pass.
        images: a folder, searched with all folders in it; a list of files or arrays;
            an array `[n, height, width, channels]`.
        k: how many to remember for each channel.
        batch_size: photos in memory at a time.

    Returns:
        See `DatasetExamples`; `.of(channel)` opens the photos of one channel.

    Raises:
        LoadError: no image in the folder, or none that can be read.
        ImageError: `images` are no photos.
        LayerNotFoundError: no such layer.
        SettingError: `k` or `batch_size` is no positive whole number.

    Example:
        >>> examples = dataset_examples(model, "mixed4a", "photos/")
        >>> show([example.crop for example in examples.of(30)])
    """
    searching = search_examples(model, layer, images, k, batch_size)
    return deque(searching, maxlen=1).pop()


def search_examples(
    model: Model, layer: str, images: Any, k: int = 9, batch_size: int = 32
) -> Generator[DatasetExamples, None, None]:
    """Return an iterator over what `dataset_examples` knows after every batch.

    Takes the same arguments, and checks them at once. Closing it ends the search.
    """
    for name, value in (("k", k), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingError(f"{name} is {value!r}; expected a whole number from 1")
    name = model.canonical_name(layer)
    return _search(model, name, Photos.of(images), k, batch_size)


def _search(
    model: Model, layer: str, photos: Photos, k: int, batch_size: int
) -> Generator[DatasetExamples, None, None]:
    best: _Best | None = None
    skipped: list[tuple[Path | int, str]] = []
    for start in range(0, len(photos), batch_size):
        end = min(start + batch_size, len(photos))
        numbers, batch = [], []
        for number in range(start, end):
            try:
                photo, _ = photos.open(model, number)
            except LucidError as error:
                skipped.append((photos.source(number), str(error)))
                continue
            numbers.append(number)
            batch.append(photo)
        if batch:
            acts = compute_batch(model, np.stack(batch), (layer,))[layer]
            grids = np.stack([grid_of(one, layer) for one in acts])
            best = best or _Best(grids.shape[1:], k)
            best.add(np.array(numbers, np.int32), grids)
        if best is not None:
            yield DatasetExamples(
                layer,
                best.numbers,
                best.values,
                best.places,
                best.grid,
                end,
                len(photos),
                tuple(skipped),
                model,
                photos,
            )
    if best is None:
        raise LoadError(
            f"none of the {len(photos)} images of {photos.name} can be read; the first: "
            f"{skipped[0][1]}"
        )
    if skipped:
        log.warning("skipped %d of %d images", len(skipped), len(photos))


class _Best:
    """The best photos so far, for every channel; its memory does not grow.

    Args:
        shape: of a layer's activations, `(rows, columns, channels)`.
        k: how many to remember.
    """

    def __init__(self, shape: tuple[int, ...], k: int) -> None:
        self.grid = (shape[0], shape[1])
        self.numbers = np.full((shape[2], k), -1, np.int32)
        self.values = np.full((shape[2], k), -np.inf, np.float32)
        self.places = np.zeros((shape[2], k, 2), np.int32)

    def add(self, numbers: NDArray[np.int32], grids: NDArray[np.float32]) -> None:
        """Look at a batch `[n, rows, columns, channels]`."""
        n, depth, k = len(grids), grids.shape[-1], self.values.shape[1]
        flat = grids.reshape(n, -1, depth)
        where = flat.argmax(axis=1)
        found = np.take_along_axis(flat, where[:, np.newaxis], axis=1)[:, 0]
        places = np.stack(np.divmod(where, self.grid[1]), axis=-1)
        values = np.concatenate([self.values, found.T], axis=1)
        all_numbers = np.concatenate(
            [self.numbers, np.broadcast_to(numbers, (depth, n))], axis=1
        )
        all_places = np.concatenate([self.places, places.swapaxes(0, 1)], axis=1)
        # Stable: of equally good photos the earlier one stays.
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
        self.values = np.take_along_axis(values, order, axis=1)
        self.numbers = np.take_along_axis(all_numbers, order, axis=1)
        self.places = np.take_along_axis(
            all_places, order[..., np.newaxis], axis=1
        ).astype(np.int32)
