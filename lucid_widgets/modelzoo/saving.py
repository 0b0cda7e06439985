"""``Model.save``, ``Model.load`` and ``Model.suggest_save_args``, as Lucid has them.

What is saved is one ``.pb`` file: a frozen GraphDef with a node ``lucid_metadata_json``
that says which node takes the images, their size, and what black and white become. Lucid's
own files are of the same kind, and each reads the other's. TensorFlow 2 has no default
graph and session whose network could be meant, so the network is an argument here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lucid_widgets.errors import ModelError, SaveError, SettingError
from lucid_widgets.modelzoo import freezing, graphdef
from lucid_widgets.modelzoo.files import from_file
from lucid_widgets.modelzoo.keras_model import KerasModel, from_keras
from lucid_widgets.modelzoo.node_model import NodeModel
from lucid_widgets.modelzoo.vision_base import Model

METADATA_NODE = "lucid_metadata_json"

_RANGE_NEEDED = (
    "image_value_range is needed: the values that black and white become for the "
    "network, such as (0, 1), (-1, 1), (0, 255) or (-117, 138)"
)


def save_model(
    save_url: str | os.PathLike[str],
    network: Any,
    input_name: str | None = None,
    output_names: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None,
    image_value_range: tuple[Any, Any] | None = None,
    *,
    is_BGR: bool | None = None,
    labels: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Save a network so that `load_model` needs nothing but the file; see `Model.save`."""
    _check_address(save_url)
    if network is None or isinstance(network, str):
        raise ModelError(
            "TensorFlow 2 has no default graph to save; say which network is meant: "
            "Model.save(save_url, network, ...), with a model of this package, a Keras "
            "model, or a tf.function of images"
        )
    if not isinstance(network, Model) and _is_keras(network):
        network = from_keras(
            network, image_value_range, is_BGR=is_BGR, image_shape=image_shape
        )
    if isinstance(network, Model):
        graph_def, metadata = _model_graph(network, input_name, output_names)
        if image_shape is not None:
            metadata["image_shape"] = list(image_shape)
    elif callable(network):
        graph_def, metadata = _function_graph(
            network, image_shape, input_name, output_names
        )
        if image_value_range is None:
            raise ModelError(f"{_RANGE_NEEDED}. {_ADVICE}")
    else:
        raise ModelError(
            f"{str(network)[:100]!r} cannot be saved; expected a model of this package, a "
            "Keras model, or a tf.function of images"
        )
    if image_value_range is not None:
        metadata["image_value_range"] = _plain_range(image_value_range)
    if is_BGR is not None:
        metadata["is_BGR"] = bool(is_BGR)
    if labels is not None:
        metadata["labels"] = [str(label) for label in labels]
    graphdef.check_operations(graph_def, "the network")
    _write(graph_def, metadata, save_url)
    return metadata


_ADVICE = "A wrong range is the commonest cause of pictures that show nothing"


def load_model(
    save_url: str | os.PathLike[str], *, trust: bool = False, **settings: Any
) -> Model:
    """Return the model in a file; see `Model.load`."""
    if not str(save_url).lower().endswith(".json"):
        return from_file(save_url, trust=trust, **settings)
    file = Path(save_url).expanduser()
    manifest = _manifest(file)
    path = manifest["model_path"]
    known = ("input_name", "image_shape", "image_value_range", "is_BGR")
    found = {key: manifest[key] for key in known if key in manifest}
    if isinstance(manifest.get("labels_path"), str):
        text = _beside(file, manifest["labels_path"]).read_text(encoding="utf-8")
        found["labels"] = text.splitlines()
    return from_file(_beside(file, path), trust=trust, **{**found, **settings})


def _manifest(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{file} is not JSON: {error}") from error
    needed = ("model_path", "image_value_range", "input_name", "image_shape")
    missing = [
        key for key in needed if not isinstance(manifest, dict) or key not in manifest
    ]
    if missing or not isinstance(manifest["model_path"], str):
        raise ModelError(
            f"{file} is no manifest of a model: it needs {', '.join(needed)}"
            + (f", and has no {', '.join(missing)}" if missing else "")
        )
    return manifest


def _beside(manifest: Path, path: str) -> Path:
    """Return a file that a manifest names, which must stand in its folder."""
    folder = manifest.resolve().parent
    file = (folder / path).resolve()
    if not file.is_relative_to(folder):
        raise ModelError(
            f"{manifest} names {path!r}, which is not in its folder; put the file beside "
            "the manifest"
        )
    if not file.is_file():
        raise ModelError(f"{manifest} names {path!r}, and there is no file {file}")
    return file


def _check_address(save_url: Any) -> None:
    if not str(os.fspath(save_url)).lower().endswith(".pb"):
        raise SaveError(
            f"cannot save a model as {str(save_url)!r}; expected a name that ends in .pb"
        )


def _is_keras(network: Any) -> bool:
    import keras

    return isinstance(network, keras.Model)


def _model_graph(
    model: Model, input_name: str | None, output_names: Sequence[str] | None
) -> tuple[Any, dict[str, Any]]:
    wanted = list(model.layer_names if output_names is None else output_names)
    wanted = [model.canonical_name(name) for name in wanted]
    if isinstance(model, NodeModel):
        if input_name not in (None, model.input_name):
            raise SettingError(
                f"the input of {model.model_name} is {model.input_name!r}, not {input_name!r}"
            )
        input_name, channels = model.input_name, int(model.image_shape[-1])
        nodes = [name.partition(":")[0] for name in wanted]
        graph_def = freezing.table_graphdef(model._table, input_name, channels, nodes)
        saved = {name: name for name in nodes}
    else:
        input_name = input_name or "input"
        graph_def, saved = _traced(model, input_name, wanted)
    metadata: dict[str, Any] = {
        "input_name": input_name,
        "image_shape": [int(length) for length in model.image_shape],
        "image_value_range": _plain_range(model.image_value_range),
        "is_BGR": bool(model.is_BGR),
        "fixed_size": model.fixed_size is not None,
        "layers": [
            [saved[layer.name], layer.depth, *sorted(layer.tags)]
            for layer in model.layers
            if layer.name in saved
        ],
    }
    if isinstance(model, KerasModel) or model.labels:
        metadata["labels"] = model.labels
    return graph_def, metadata


def _traced(model: Model, input_name: str, wanted: list[str]) -> tuple[Any, dict]:
    def evaluate(images: Any) -> dict[str, Any]:
        compute = model._evaluator(images, {}, {})
        return {name: compute(name) for name in wanted if name != "input"}

    height, width, channels = (int(length) for length in model.image_shape)
    known = (height, width, channels)
    if model.fixed_size is not None:
        return freezing.traced_graphdef(evaluate, known, input_name)
    try:
        return freezing.traced_graphdef(evaluate, (None, None, channels), input_name)
    except ModelError:  # sizes that the network works out while it is traced
        return freezing.traced_graphdef(evaluate, known, input_name)


def _function_graph(
    function: Any,
    image_shape: Sequence[int] | None,
    input_name: str | None,
    output_names: Sequence[str] | None,
) -> tuple[Any, dict[str, Any]]:
    frozen = freezing.frozen_function(function, image_shape)
    graph_def, images = frozen.graph.as_graph_def(), frozen.inputs[0]
    input_name = str(input_name or images.op.name)
    graph_def = freezing.renamed(graph_def, {images.op.name: input_name})
    names = {node.name for node in graph_def.node}
    results = [str(tensor.op.name) for tensor in frozen.outputs]
    wanted = results if output_names is None else list(output_names)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ModelError(
            f"the function has no operation {unknown[0]!r}; its results are "
            f"{', '.join(results[:5])}. Names "
            "are those of operations, without ':0'"
        )
    graph_def = freezing.pruned(graph_def, [input_name, *wanted])
    shape = [*images.shape[1:]] if image_shape is None else list(image_shape)
    if None in shape or len(shape) != 3:
        raise ModelError(
            "image_shape=[height, width, channels] is needed: the function takes images "
            f"of shape {shape}"
        )
    return graph_def, {"input_name": input_name, "image_shape": shape}


def _plain_range(image_value_range: tuple[Any, Any]) -> list[Any]:
    try:
        low, high = (np.asarray(end, np.float64) for end in image_value_range)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{_RANGE_NEEDED}; not {image_value_range!r}") from error
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ModelError(f"{_RANGE_NEEDED}; not {image_value_range!r}")
    return [low.tolist(), high.tolist()]


def _write(graph_def: Any, metadata: dict[str, Any], save_url: Any) -> None:
    import tensorflow as tf
    from google.protobuf.message import EncodeError

    from lucid_widgets.misc.io import save

    with tf.Graph().as_default() as graph:
        tf.constant(json.dumps(metadata).encode("utf-8"), name=METADATA_NODE)
    # What an earlier save wrote is replaced.
    kept = [n for n in graph_def.node if n.name.rpartition("/")[2] != METADATA_NODE]
    written = type(graph_def)()
    written.CopyFrom(graph_def)
    del written.node[:]
    written.node.extend([*kept, *graph.as_graph_def().node])
    try:
        save(written, save_url)
    except (EncodeError, ValueError) as error:
        if isinstance(error, SaveError):
            raise
        raise ModelError(
            f"the network cannot be written to one file ({error}); a GraphDef has at most "
            "2 GB. Keras models can be saved with model.save('name.keras')"
        ) from error
