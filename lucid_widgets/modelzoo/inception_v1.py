"""InceptionV1, the network of DeepDream and of Lucid's tutorials.

The weights are the ones that Google published as ``inception5h.zip``. They are downloaded
when they are first needed; their licence is the Apache License 2.0.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo import graphdef
from lucid_widgets.modelzoo.archives import read_member
from lucid_widgets.modelzoo.downloading import Download, fetch
from lucid_widgets.modelzoo.graphdef_model import GraphDefModel
from lucid_widgets.modelzoo.vision_base import Layer

ARCHIVE = Download(
    url="https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip",
    filename="inception5h.zip",
    sha256="d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364",
    megabytes=50,
)
GRAPH_SHA256 = "a39b08b826c9d5a5532ff424c03a3a11a202967544e389aca4b06c2bd8aef63f"
LABELS_SHA256 = "da2a31ecfe9f212ae8dd07379b11a74cb2d7a110eba12c5fc8c862a65b8e6606"
LABELS_NAME = "imagenet_comp_graph_label_strings.txt"

LAYERS = (
    *(("conv2d0", 64, "conv"), ("conv2d1", 64, "conv"), ("conv2d2", 192, "conv")),
    *(("mixed3a", 256, "conv"), ("mixed3b", 480, "conv"), ("mixed4a", 508, "conv")),
    *(("mixed4b", 512, "conv"), ("mixed4c", 512, "conv"), ("mixed4d", 528, "conv")),
    *(("mixed4e", 832, "conv"), ("mixed5a", 832, "conv"), ("mixed5b", 1024, "conv")),
    *(("head0_bottleneck", 128, "conv"), ("nn0", 1024, "dense")),
    *(("softmax0", 1008, "dense"), ("head1_bottleneck", 128, "conv")),
    *(("nn1", 1024, "dense"), ("softmax1", 1008, "dense"), ("softmax2", 1008, "dense")),
)


class InceptionV1(GraphDefModel):
    """InceptionV1 (GoogLeNet) trained on ImageNet, with its two auxiliary heads.

    The convolutions take images of any size; the classifiers (``nn*`` and ``softmax*``)
    only 224x224 px. The first label is a dummy, and of the 1008 outputs only those that
    have a label mean something.

    Args:
        path: a local copy: the frozen graph (``tensorflow_inception_graph.pb``, with the
            file of labels beside it if there is one) or ``inception5h.zip``. Downloaded
            once and kept in the cache when not given.

    Raises:
        OfflineError: it must be downloaded and there is no network; the message says
            where to put the file.
        WeightsError: the download failed, or delivered something else.
        ModelError: the local file is not a frozen graph.

    Example:
        >>> model = InceptionV1()  # doctest: +SKIP
        >>> model.get_layer("mixed4a").depth  # doctest: +SKIP
        508
    """

    model_name = "InceptionV1"
    dataset = "ImageNet"
    image_shape = (224, 224, 3)
    image_value_range = (-117.0, 138.0)
    input_name = "input"

    def __init__(self, path: str | Path | None = None) -> None:
        file = fetch(ARCHIVE) if path is None else Path(path).expanduser()
        if file.suffix.lower() == ".zip":
            content, labels = _read_archive(file)
        else:
            content, labels = graphdef.read_file(file), _labels_beside(file)
        super().__init__(content, str(file))
        self._labels = None if labels is None else labels.split("\n")

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that make good subjects, in the network's order."""
        return tuple(self.describe(name, depth, {tag}) for name, depth, tag in LAYERS)


def _read_archive(file: Path) -> tuple[bytes, str]:
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    _, content = read_member(file, ".pb")
    _, labels = read_member(file, ".txt")
    return content, labels.decode("utf-8").strip()


def _labels_beside(file: Path) -> str | None:
    labels = file.parent / LABELS_NAME
    return labels.read_text("utf-8").strip() if labels.is_file() else None
