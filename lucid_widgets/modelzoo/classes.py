"""Classes of a model: their names, their index, and the layer that holds their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lucid_widgets.errors import ObjectiveError, did_you_mean

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model

_LOGITS = re.compile(r"pre_activation$|logits?$", re.IGNORECASE)


def class_names(model: Model) -> list[str]:
    """Return the model's classes; of equal names, the later ones get their number."""
    names: list[str] = []
    seen: set[str] = set()
    for index, label in enumerate(model.labels or ()):
        name = f"{label} ({index})" if label in seen else label
        seen.add(name)
        names.append(name)
    return names


def logits_of(model: Model) -> str:
    """Return the layer that holds the values of the classes, before the softmax.

    It is found by what the network computes: what goes into its last softmax. Where there
    is none, names and numbers of channels have to do.

    Raises:
        ObjectiveError: no layer looks like it.
    """
    return model.before_softmax() or _named_like_logits(model)


def _named_like_logits(model: Model) -> str:
    count = len(model.labels or ())
    if not count and model.layers and model.layers[-1].tags & {"dense"}:
        return model.layers[-1].name
    for name in reversed(model.layer_names):
        # Some networks have more outputs than classes.
        if _LOGITS.search(name) and (model.get_layer(name).depth or count) >= count:
            return name
    for layer in reversed(model.layers):
        if (layer.depth or 0) >= count:
            return layer.name
    raise ObjectiveError(
        f"no layer of {model.name} has one channel for each of its {count} classes"
    )


def class_index(model: Model, label: Any) -> int:
    """Return the index of a class.

    Args:
        model: the model.
        label: the index; or the name, in any case, exactly as among the labels, or one
            of the names in it ("tabby" of "tabby, tabby cat"), or a part of it that only
            one of them has. A name that several classes share
            is told apart as `class_names` writes it: "crane (517)".

    Raises:
        ObjectiveError: there is none, or there are several; the message names some.
    """
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        count = model.get_layer(logits_of(model)).depth
        if label < 0 or (count is not None and label >= count):
            raise ObjectiveError(
                f"class {label} of {model.name}; expected 0 to {(count or 1) - 1}"
            )
        return int(label)
    names = class_names(model)
    if not names or not isinstance(label, str):
        raise ObjectiveError(
            f"class {label!r:.80} of {model.name}, which has "
            f"{len(names) or 'no'} labels; expected a name among them, or an index"
        )
    return find_label(label, names, model.labels or (), model.name)


def find_label(
    label: str, names: Sequence[str], labels: Sequence[str], whose: str
) -> int:
    """Return the index of a class by name, told as in `class_index`.

    Args:
        label: what somebody typed.
        names: of the classes, no two alike.
        labels: the same, of which some may be alike.
        whose: what has these classes, for messages.

    Raises:
        ObjectiveError: there is none, or there are several; the message names some.
    """
    wanted = label.strip().lower()
    exact = [i for i, name in enumerate(labels) if name.lower() == wanted]
    numbered = [i for i, name in enumerate(names) if name.lower() == wanted]
    part = [i for i, name in enumerate(names) if wanted and wanted in name.lower()]
    known = [_plain(name) for name in labels]
    (plain, *more_names) = _plain(label)
    named = [
        i for i, names_of in enumerate(known) if not more_names and plain in names_of
    ]
    for found in (exact, numbered, named, part):
        if len(found) == 1:
            return found[0]
        if found and found is not numbered:
            listed = ", ".join(repr(f"{labels[i]} ({i})") for i in found[:5])
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            raise ObjectiveError(
                f"class {label!r:.80} is ambiguous: {listed}{more}; "
                f"give the whole name, or the index, such as {found[0]}"
            )
    raise ObjectiveError(
        f"no class {label!r:.80} in {whose}{did_you_mean(label, names)}"
    )


def _plain(label: str) -> list[str]:
    """Return the names in a label, without regard to case and underscores."""
    return [" ".join(n.replace("_", " ").split()) for n in label.lower().split(",")]


def class_probabilities(model: Model, images: Any, batch_size: int = 32) -> np.ndarray:
    """Return the probabilities of the classes.

    The softmax of the values in `logits_of(model)`; where a network shows nothing but
    probabilities, these.

    Args:
        model: the model.
        images: see `Model.activations`.
        batch_size: images computed at a time.

    Returns:
        float32 `[n, classes]`; rows sum to 1.
    """
    logits = np.asarray(
        model.activations(images, logits_of(model), batch_size), np.float64
    )
    logits = logits.reshape(len(logits), -1, logits.shape[-1]).mean(axis=1)
    sums = logits.sum(axis=-1)
    if (logits >= 0).all() and np.allclose(sums, 1, atol=1e-3):
        return (logits / sums[:, None]).astype(np.float32)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
