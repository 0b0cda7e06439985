"""Lucid's other models, under their own names.

What Lucid 0.3.10 says about them (input, value range, channel order, layers) is in
``data/lucid_models.json``. Their weights were in a public bucket that has been reported
gone; so each class takes a local copy, ``path=...``, and tells where else it would look.
No digests of these files are known: a download is only checked for being a GraphDef whose
operations are all on the list of those that image networks use.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import WeightsError
from lucid_widgets.modelzoo import graphdef
from lucid_widgets.modelzoo.downloading import Download, fetch
from lucid_widgets.modelzoo.graphdef_model import GraphDefModel
from lucid_widgets.modelzoo.vision_base import IMAGENET_MEAN_BGR, Layer

logger = logging.getLogger(__name__)

BUCKET = "https://storage.googleapis.com/modelzoo/"
_FACTS = Path(__file__).parent / "data" / "lucid_models.json"

# What 0 and 1 become; 117 is roughly the mean over all pixels and channels.
_RANGES: dict[str, tuple[Any, Any]] = {
    "signed": (-1.0, 1.0),
    "bytes": (0.0, 255.0),
    "inception": (-117.0, 138.0),
    "caffe": (-IMAGENET_MEAN_BGR, np.float32(255) - IMAGENET_MEAN_BGR),
}


@cache
def facts() -> dict[str, dict[str, Any]]:
    """Return what is known about each of Lucid's models, by class name."""
    return json.loads(_FACTS.read_text(encoding="utf-8"))


def weights_of(name: str) -> Download:
    """Return where the weights of one of Lucid's models were."""
    path = facts()[name]["path"]
    return Download(BUCKET + path, f"{name}.pb")


class LucidModel(GraphDefModel):
    """One of Lucid's models; its subclasses carry Lucid's names.

    Args:
        path: a local copy of the frozen graph; looked for in the cache and in Lucid's
            bucket when not given.
        labels: names of the classes in the order of the outputs; looked for in the bucket
            when not given.

    Raises:
        OfflineError: the weights are not in the cache and there is no network.
        WeightsError: the bucket does not have them (any more); the message says where to
            put a copy.
        ModelError: the file is not a frozen graph.
    """

    def __init__(
        self, path: str | Path | None = None, labels: Sequence[str] | None = None
    ) -> None:
        file = fetch(weights_of(self.model_name)) if path is None else Path(path)
        super().__init__(graphdef.read_file(file), str(file))
        self._labels = None if labels is None else list(labels)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that Lucid lists; found by themselves where it lists none."""
        listed = facts()[self.model_name]["layers"]
        if not listed:
            return self.found_layers()
        return tuple(self.describe(name, depth, tags) for name, depth, *tags in listed)

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes; None if they cannot be had."""
        path = facts()[self.model_name]["labels"]
        if self._labels is None and path is not None:
            try:
                file = fetch(Download(BUCKET + path, Path(path).name), progress=False)
            except WeightsError as error:
                logger.warning("%s has no labels: %s", self.model_name, error)
                self._labels = []
            else:
                self._labels = file.read_text(encoding="utf-8").splitlines()
        return self._labels or None


def _model(name: str) -> type[LucidModel]:
    known = facts()[name]
    return type(
        name,
        (LucidModel,),
        {
            "__doc__": f"{name} of Lucid's model zoo; see `LucidModel`.",
            "__module__": __name__,
            "model_name": name,
            "dataset": known["dataset"],
            "image_shape": (known["size"], known["size"], 3),
            "image_value_range": _RANGES[known["values"]],
            "is_BGR": known["values"] == "caffe",
            "input_name": known["input"],
        },
    )


AlexNet = _model("AlexNet")
AlexNet_caffe_Places365 = _model("AlexNet_caffe_Places365")
CaffeNet_caffe = _model("CaffeNet_caffe")
Clip_ResNet50_4x = _model("Clip_ResNet50_4x")
InceptionResnetV2_slim = _model("InceptionResnetV2_slim")
InceptionV1_adv_finetuned = _model("InceptionV1_adv_finetuned")
InceptionV1_caffe = _model("InceptionV1_caffe")
InceptionV1_caffe_Places205 = _model("InceptionV1_caffe_Places205")
InceptionV1_caffe_Places365 = _model("InceptionV1_caffe_Places365")
InceptionV1_slim = _model("InceptionV1_slim")
InceptionV2_slim = _model("InceptionV2_slim")
InceptionV3_slim = _model("InceptionV3_slim")
InceptionV4_slim = _model("InceptionV4_slim")
MobilenetV1_025_slim = _model("MobilenetV1_025_slim")
MobilenetV1_050_slim = _model("MobilenetV1_050_slim")
MobilenetV1_slim = _model("MobilenetV1_slim")
MobilenetV2_10_slim = _model("MobilenetV2_10_slim")
MobilenetV2_14_slim = _model("MobilenetV2_14_slim")
NasnetLarge_slim = _model("NasnetLarge_slim")
NasnetMobile_slim = _model("NasnetMobile_slim")
PnasnetLarge_slim = _model("PnasnetLarge_slim")
PnasnetMobile_slim = _model("PnasnetMobile_slim")
ResnetV1_101_slim = _model("ResnetV1_101_slim")
ResnetV1_152_slim = _model("ResnetV1_152_slim")
ResnetV1_50_slim = _model("ResnetV1_50_slim")
ResnetV2_101_slim = _model("ResnetV2_101_slim")
ResnetV2_152_slim = _model("ResnetV2_152_slim")
ResnetV2_50_slim = _model("ResnetV2_50_slim")
VGG16_caffe = _model("VGG16_caffe")
VGG19_caffe = _model("VGG19_caffe")
