"""Every error a user can cause, and how they relate.

    LucidError                     catch this to catch them all
    ├── SettingError               (ValueError)  a number, size or option out of its range
    ├── ObjectiveError             (ValueError)  an objective that cannot be read or evaluated
    ├── TransformError             (ValueError)  a transform that does not fit the image
    ├── ParameterizationError      (ValueError)  a parameterization that cannot make images
    ├── ImageError                 (ValueError)  an image of the wrong rank, size or values
    ├── LayerNotFoundError         (KeyError)    no such layer in the model
    ├── UnknownModelError          (KeyError)    no such model in the catalogue
    ├── ModelError                 (ValueError)  a model or model file that cannot be used
    │   ├── UntrustedModelError    a program that was not declared trustworthy, or does too much
    │   └── ValueRangeError        image_value_range must be given: it cannot be found out
    ├── WeightsError               (OSError)     weights that cannot be had
    │   ├── ChecksumError          the bytes are not the expected ones
    │   └── OfflineError           a download was needed, and the network is not there
    ├── LoadError                  (RuntimeError) a file or address that cannot be read
    ├── SaveError                  (ValueError)  a thing that cannot be saved under that name
    ├── CacheError                 (OSError)     a cache folder that cannot be written
    ├── MissingPackageError        (ImportError) an optional package is not installed
    ├── ProtocolError              (ValueError)  a message from the front end that makes no sense
    ├── StoppedError               (RuntimeError) work that was stopped because somebody asked for it
    └── ProvenanceError            (ValueError)  a file whose recipe is missing, or cannot be used

A message says what was given, what was expected, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LucidError(Exception):
    """The root of every error raised on purpose by this package."""

    def __str__(self) -> str:
        # KeyError would print the repr of the message, quotes and all.
        return str(self.args[0]) if self.args else ""


class SettingError(LucidError, ValueError):
    """A number, size or option is out of its range."""


class ObjectiveError(LucidError, ValueError):
    """An objective cannot be read or evaluated."""


class TransformError(LucidError, ValueError):
    """A transform does not fit the image."""


class ParameterizationError(LucidError, ValueError):
    """A parameterization cannot make images."""


class ImageError(LucidError, ValueError):
    """An image has the wrong rank, size or values."""


class LayerNotFoundError(LucidError, KeyError):
    """The model has no layer of that name."""


class UnknownModelError(LucidError, KeyError):
    """The catalogue has no model of that name."""


class ModelError(LucidError, ValueError):
    """A model, or a file that should hold one, cannot be used."""


class UntrustedModelError(ModelError):
    """A model is a program and was not declared trustworthy, or does too much."""


class ValueRangeError(ModelError):
    """The values that black and white become for a network must be given."""


class WeightsError(LucidError, OSError):
    """Weights cannot be had."""


class ChecksumError(WeightsError):
    """The bytes are not the expected ones."""


class OfflineError(WeightsError):
    """A download was needed, and the network is not there."""


class LoadError(LucidError, RuntimeError):
    """A file or address cannot be read."""


class SaveError(LucidError, ValueError):
    """A thing cannot be saved under that name."""


class CacheError(LucidError, OSError):
    """The cache folder cannot be created or written."""


class MissingPackageError(LucidError, ImportError):
    """An optional package is needed and not installed."""


class ProtocolError(LucidError, ValueError):
    """A message from the front end makes no sense."""


class ProvenanceError(LucidError, ValueError):
    """A file has no recipe inside, or one that cannot be used."""


class StoppedError(LucidError, RuntimeError):
    """Work was stopped because somebody asked for it."""


def did_you_mean(name: str, names: Iterable[str], count: int = 3) -> str:
    """Return ``"; did you mean 'a', 'b' or 'c'?"`` with the closest names.

    Args:
        name: what was typed.
        names: what would have been right.
        count: how many names to offer.

    Returns:
        Text to append to a message; empty when there is nothing to offer.
    """
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(str(name).lower(), by_lower, count, cutoff=0)
    if not close:
        return ""
    quoted = [f"'{by_lower[match]}'" for match in close]
    listed = (
        quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    )
    return f"; did you mean {listed}?"
