"""The filmstrip as one moving picture: WebP, GIF, PNG, AVIF; MP4 through ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, features

from lucid_widgets.errors import ImageError, MissingPackageError, SaveError
from lucid_widgets.stream.encoder import Pixels8

ENDINGS = (".webp", ".gif", ".png", ".avif", ".mp4")

FFMPEG_S = 120
"""Most seconds that ffmpeg may take."""


def save_animation(
    path: str | Path, pictures: list[Pixels8], frames_per_second: float
) -> Path:
    """Write pictures as one that moves; the last one stays for a second more.

    Args:
        path: where to; one of `ENDINGS` decides the format.
        pictures: uint8 ``[height, width, 1 | 3 | 4]``, all of one size.
        frames_per_second: how fast.

    Returns:
        The path.

    Raises:
        ImageError: there are no pictures, or no such format.
        MissingPackageError: Pillow has no AVIF, or there is no ffmpeg.
        SaveError: ffmpeg failed.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ImageError(
            f"cannot save moving pictures as {path.suffix!r}; expected one of "
            f"{', '.join(ENDINGS)}"
        )
    if not pictures:
        raise ImageError("there is no picture yet; call start() or step() first")
    if not 0.1 <= frames_per_second <= 100:
        raise ImageError(
            f"frames_per_second is {frames_per_second!r}; expected 0.1 to 100"
        )
    if ending == ".mp4":
        return _save_mp4(path, pictures, frames_per_second)
    if ending == ".avif" and not features.check("avif"):
        raise MissingPackageError(
            "this Pillow cannot write AVIF; install pillow>=11.3, or use '.webp'"
        )
    images = [_image(one) for one in pictures]
    duration = round(1000 / frames_per_second)
    durations = [duration] * (len(images) - 1) + [duration + 1000]
    options: dict[str, Any] = {
        ".webp": {"quality": 80, "method": 4},
        ".gif": {"disposal": 2, "optimize": True},
        ".png": {},
        ".avif": {"quality": 70},
    }[ending]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        **options,
    )
    return path


def _image(pixels: Pixels8) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _on_white(image: Image.Image) -> Image.Image:
    """Return an image without transparency, which video does not have."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _save_mp4(path: Path, pictures: list[Pixels8], frames_per_second: float) -> Path:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise MissingPackageError(
            "MP4 needs the program ffmpeg, which is not on the PATH; install it, or "
            "use '.webp', which every browser plays"
        )
    with tempfile.TemporaryDirectory() as folder:
        # The last one stays for a second more, as in the other formats.
        more = [pictures[-1]] * round(frames_per_second)
        for number, pixels in enumerate([*pictures, *more]):
            _on_white(_image(pixels)).save(Path(folder, f"{number:05d}.png"))
        command = [
            *(ffmpeg, "-y", "-loglevel", "error"),
            *("-framerate", str(frames_per_second), "-i", f"{folder}/%05d.png"),
            # What players can show: even sides, and colour at half resolution.
            *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"),
            str(path.absolute()),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=FFMPEG_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SaveError(
                f"ffmpeg did not finish {path.name!r} within {FFMPEG_S} s; try a "
                "smaller scale"
            ) from error
    if done.returncode:
        raise SaveError(f"ffmpeg could not write {path.name!r}: {done.stderr[-300:]}")
    return path
