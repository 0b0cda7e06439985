"""Reading files out of zip archives, never unpacking one; what a wrong file may be."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from lucid_widgets.errors import ModelError

# A member that claims to be more than this many times its packed size is a bomb:
# weights hardly shrink at all.
_GREATEST_RATIO = 100
_MOST_BYTES = 2**31


def read_member(archive: str | Path, suffix: str) -> tuple[str, bytes]:
    """Return name and bytes of the one file in a zip whose name ends in `suffix`.

    Args:
        archive: the zip file.
        suffix: end of the name, such as ``".pb"``.

    Raises:
        ModelError: not a readable zip, no such file or several, a name that points out
            of the archive, a symbolic link, or a size that cannot be right.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            member = _find(opened, suffix, archive)
            return member.filename, _read(opened, member)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            f"{archive} is not a zip archive that can be read ({error}); was the download "
            "interrupted?"
        ) from error


def _find(opened: zipfile.ZipFile, suffix: str, archive: str | Path) -> zipfile.ZipInfo:
    for member in opened.infolist():
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        if parts.is_absolute() or ".." in parts.parts or is_link:
            raise ModelError(
                f"{archive} contains '{member.filename}', which points out of the "
                "archive; it was not made by anyone with good intentions"
            )
        _check_size(member, archive)
    found = [m for m in opened.infolist() if m.filename.endswith(suffix)]
    if len(found) != 1:
        names = ", ".join(m.filename for m in opened.infolist()[:5])
        raise ModelError(
            f"{archive} should contain one file *{suffix}, and has {len(found)}; it "
            f"contains: {names}"
        )
    return found[0]


def _most_bytes(member: zipfile.ZipInfo) -> int:
    return min(_MOST_BYTES, _GREATEST_RATIO * max(member.compress_size, 1024))


def _check_size(member: zipfile.ZipInfo, archive: str | Path) -> None:
    # All of them: whoever unpacks the archive later may unpack more than we read.
    if member.file_size > _most_bytes(member):
        raise ModelError(
            f"'{member.filename}' in {archive} claims to grow from "
            f"{member.compress_size} to {member.file_size} bytes; weights do not shrink "
            "like that"
        )


def _read(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with opened.open(member) as file:
        return file.read(_most_bytes(member))


_KNOWN = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"RIFF": "a picture (WebP) or a sound",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "an archive (gzip): unpack it, and give what is inside",
    b"\x80\x02": "a Python pickle, such as PyTorch's: convert it, see KerasHub's from_preset",
}
_TEXT = {*range(32, 127), 9, 10, 13}


def what_it_is(content: bytes) -> str:
    """Say what the beginning of a file looks like, where something else was expected."""
    text = content[:200].lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page: the download was answered with an error page"
    if content[:4] == b"PK\x03\x04":
        return "a zip archive: unpack it, and give what is inside"
    if content[:8] == b"\x89HDF\r\n\x1a\n":
        return "an HDF5 file: use models.from_file, and a name that ends in .h5"
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer: run 'git lfs pull' to get the file itself"
    for beginning, kind in _KNOWN.items():
        if content.startswith(beginning):
            return kind
    if content and all(byte in _TEXT for byte in content[:200]):
        return "a text"
    return "something else, or only a part of one"
