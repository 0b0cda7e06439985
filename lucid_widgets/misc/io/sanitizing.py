"""Names of layers and models, made fit to be names of files."""

from __future__ import annotations


def sanitize(s: str) -> str:
    """Replace every slash by an underscore.

    Example:
        >>> sanitize("InceptionV2/Mixed_4a/Relu")
        'InceptionV2_Mixed_4a_Relu'
    """
    return s.replace("/", "_")
