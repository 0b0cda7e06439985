"""SavedModels: folders with a program and its weights, frozen into a GraphDef."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lucid_widgets.errors import ModelError, UntrustedModelError
from lucid_widgets.modelzoo import graphdef
from lucid_widgets.modelzoo.graphdef_model import GraphDefModel, from_graph_content

# Not the allowlist of GraphDefs, since every SavedModel can restore and save itself. That
# list is applied to what is left after freezing.
_REFUSED = re.compile(
    r"PyFunc|ReadFile|WriteFile|MatchingFiles|DeleteFile|RenameFile|WholeFile|RecordReader"
    r"|LineReader|Dataset|Iterator|PrintV2|^Print$|Rpc|Socket|^Send$|^Recv$|DebugIdentity"
    r"|SaveSlices|^Save$|RemoteCall|LoadLibrary|Summary"
)


def from_saved_model(
    path: str | Path,
    *,
    trust: bool = False,
    signature: str = "serving_default",
    name: str | None = None,
    **settings: Any,
) -> GraphDefModel:
    """Return the model in a SavedModel folder.

    Args:
        path: the folder, with ``saved_model.pb`` inside.
        trust: must be True: a SavedModel is a program, and running it is your decision.
            Operations on files, processes or Python are refused all the same.
        signature: which of its functions to use; it must take images and nothing else.
        name: what to call the model; the folder's name when not given.
        **settings: as for `from_graphdef`: ``image_value_range`` (needed),
            ``image_shape``, ``is_BGR``, ``labels``, ``layers``.

    Raises:
        UntrustedModelError: `trust` is not True, or the program does too much.
        ModelError: the folder cannot be used, or something must be given and was not.

    Example:
        >>> from_saved_model(
        ...     "my_model", trust=True, image_value_range=(0, 1)
        ... )  # doctest: +SKIP
    """
    graphdef.need_trust(path, trust)
    folder = Path(path).expanduser()
    _check_program(folder)
    graph_def, input_name = _frozen(folder, signature)
    return from_graph_content(
        graph_def.SerializeToString(),
        str(folder),
        name=name or folder.name,
        input_name=input_name,
        **settings,
    )


def _check_program(folder: Path) -> None:
    """Refuse a program with operations on files, processes or Python, before it runs."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    file = folder / "saved_model.pb"
    if not file.is_file():
        raise ModelError(f"{folder} is not a SavedModel: it has no file saved_model.pb")
    program = saved_model_pb2.SavedModel()
    try:
        program.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise ModelError(f"{file} is damaged: it is no SavedModel program") from error
    if not program.meta_graphs:
        raise ModelError(f"{file} holds no graph; was it written completely?")
    refused: dict[str, str] = {}
    for meta_graph in program.meta_graphs:
        nodes = list(meta_graph.graph_def.node)
        for function in meta_graph.graph_def.library.function:
            nodes.extend(function.node_def)
        for node in nodes:
            if _REFUSED.search(node.op):
                refused.setdefault(node.op, node.name)
    if refused:
        listed = ", ".join(f"{op} ('{name}')" for op, name in refused.items())
        raise UntrustedModelError(
            f"{folder} contains operations that image networks do not need: {listed}. "
            "Operations on files, processes and Python are always refused"
        )


def _frozen(folder: Path, signature: str) -> tuple[Any, str]:
    """Return GraphDef and input name of one function, its variables made constants."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise ModelError(f"{folder} cannot be loaded: {error}") from error
    found = dict(getattr(loaded, "signatures", {}))
    if signature not in found:
        names = ", ".join(f"'{name}'" for name in found) or "none"
        raise ModelError(
            f"{folder} has no signature {signature!r}; it has {names}: signature=..."
        )
    frozen = convert_variables_to_constants_v2(found[signature])
    inputs = [tensor for tensor in frozen.inputs if tensor.dtype.is_floating]
    if len(inputs) != 1:
        names = ", ".join(f"'{tensor.name}'" for tensor in frozen.inputs)
        raise ModelError(
            f"signature {signature!r} of {folder} takes {names}; a function of images, "
            "as floating-point numbers, and nothing else is needed"
        )
    return frozen.graph.as_graph_def(), inputs[0].op.name
