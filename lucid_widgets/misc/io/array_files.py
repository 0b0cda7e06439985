"""NumPy's files, read without trusting them.

The header of a .npy file can promise more numbers than the file holds (NumPy would
ask for terabytes), or say that its contents are pickled (which runs whatever program
they hold). Both are refused before any memory is asked for.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from lucid_widgets.errors import LoadError

MAX_UNPACKED_BYTES = 4 * 2**30
"""Most bytes that a compressed file may unpack to."""


def read_npy(file: IO[bytes], name: str) -> NDArray[Any]:
    """Return the array in a .npy file.

    Args:
        file: the open file; it can be sought in.
        name: what to call it in messages.

    Raises:
        LoadError: it is broken, shorter than its header says, or holds objects.
    """
    start = file.tell()
    size = file.seek(0, io.SEEK_END) - start
    file.seek(start)
    try:
        version = npy_format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = npy_format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = npy_format.read_array_header_2_0(file)
        else:
            raise LoadError(f"{name}: version {version} of the format is not read")
        promised = math.prod(shape) * dtype.itemsize
        present = size - (file.tell() - start)
        if dtype.hasobject:
            raise LoadError(
                f"{name} holds pickled Python objects, which can run any program; "
                "save numbers, or a .json file"
            )
        if promised > present or dtype.itemsize == 0:
            raise LoadError(
                f"{name} is cut short or broken: its header says shape {shape} of "
                f"{dtype}, {promised:,} bytes, and {present:,} bytes follow"
            )
        file.seek(start)
        return np.load(file, allow_pickle=False)
    except LoadError:
        raise
    except (
        ValueError, EOFError, OSError, SyntaxError, TypeError, KeyError, AttributeError,
        OverflowError, MemoryError, RecursionError,
    ) as error:  # fmt: skip
        raise LoadError(f"{name} is no .npy file, or is broken: {error}") from error


def read_npz(file: IO[bytes], name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays in a .npz file, by name.

    Unlike NumPy's own reader it reads them all: nothing depends on the file
    afterwards.

    Raises:
        LoadError: it is broken, holds objects, or unpacks to more than
            `MAX_UNPACKED_BYTES`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > MAX_UNPACKED_BYTES:
                raise too_large(name)
            return {
                member.filename.removesuffix(".npy"): _read_member(
                    archive, member, name
                )
                for member in members
            }
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError,
            NotImplementedError, RuntimeError, ValueError) as error:  # fmt: skip
        if isinstance(error, LoadError):
            raise
        raise LoadError(f"{name} is no .npz file, or is broken: {error}") from error


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str
) -> NDArray[Any]:
    # The directory of the archive may lie about sizes: read no more than it says.
    with archive.open(member) as packed:
        data = packed.read(member.file_size + 1)
    return read_npy(io.BytesIO(data), f"{member.filename} in {name}")


def too_large(name: str) -> LoadError:
    """Return the error for a file that unpacks to too much."""
    return LoadError(
        f"{name} unpacks to more than {MAX_UNPACKED_BYTES / 2**30:.0f} GiB; "
        "unpack it yourself if you trust it"
    )
