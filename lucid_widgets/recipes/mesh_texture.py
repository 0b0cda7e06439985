"""Textures on meshes: a visualization that is right from every side.

A texture is optimized, and in every step the model sees the mesh that wears it from
another direction. After "3D Feature Visualization" and "3D Style Transfer" in
Mordvintsev et al., "Differentiable Image Parameterizations" (Distill, 2018).

Where a ray through each pixel meets the mesh depends on no variable. So rays are cast
once, by trimesh and Embree, for a number of views; what remains for the optimization
is `param.bilinearly_sampled_image(texture, uv)`. Needs `lucid-widgets[mesh]`.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from lucid_widgets.errors import LoadError, MissingPackageError, SettingError
from lucid_widgets.optvis import param
from lucid_widgets.optvis.randomness import draws
from lucid_widgets.optvis.render import frames
from lucid_widgets.shapes import ImageTensor, Pixels

_FIELD_OF_VIEW = np.radians(20)
# From here a ball of radius 1 fills the field of view.
_DISTANCE = 1 / np.sin(_FIELD_OF_VIEW / 2)


@dataclass(frozen=True)
class Mesh:
    """Triangles with places on a texture.

    Args:
        position: of the vertices, `[vertices, 3]`; y points up.
        uv: where the vertices lie on the texture, `[vertices, 2]`; u counts columns
            from the left and v rows from the bottom, [0, 1] for the whole.
        face: indices of three vertices each, `[faces, 3]`.
    """

    position: np.ndarray
    uv: np.ndarray
    face: np.ndarray


def load_mesh(path: str | Path) -> Mesh:
    """Return the mesh of a file (.obj, .glb, .ply, ...), in a ball of radius 1.

    Raises:
        LoadError: no such file, or one without places on a texture.
        MissingPackageError: trimesh is not installed.
    """
    trimesh = _trimesh()
    if not Path(path).is_file():
        raise LoadError(f"there is no file {str(path)!r}")
    try:
        loaded = trimesh.load_mesh(str(path), process=False)
    except Exception as error:  # trimesh has no error of its own
        raise LoadError(f"{path} is no mesh that trimesh can read: {error}") from error
    uv = getattr(getattr(loaded, "visual", None), "uv", None)
    if uv is None:
        raise LoadError(
            f"{path} does not say where its vertices lie on a texture; expected a "
            "mesh with uv coordinates, as 'unwrapped' by Blender"
        )
    return normalized(Mesh(loaded.vertices, uv, loaded.faces))


def normalized(mesh: Mesh) -> Mesh:
    """Return the mesh moved and scaled into a ball of radius 1 around the origin."""
    position = np.asarray(mesh.position, np.float64)
    position = position - (position.min(0) + position.max(0)) / 2
    position = position / np.linalg.norm(position, axis=1).max()
    return Mesh(position, np.asarray(mesh.uv, np.float64), np.asarray(mesh.face))


def view_uv(
    mesh: Mesh, direction: Sequence[float], size: int | tuple[int, int]
) -> np.ndarray:
    """Return what each pixel of a view shows: places on the texture.

    Args:
        mesh: in a ball of radius 1; see `normalized`.
        direction: from the origin to the eye, `(x, y, z)`, of any length.
        size: of the view, in pixels: (height, width), or one number.

    Returns:
        float32 `[height, width, 2]`; NaN beside the mesh.
    """
    height, width = (size, size) if isinstance(size, int) else size
    towards = np.asarray(direction, np.float64)
    if towards.shape != (3,) or not np.linalg.norm(towards) > 0:
        raise SettingError(f"direction is {direction!r}; expected three numbers, not 0")
    towards = towards / np.linalg.norm(towards)
    up = np.array([0.0, 1.0, 0.0]) if abs(towards[1]) < 0.99 else np.eye(3)[2]
    right = np.cross(up, towards)
    right = right / np.linalg.norm(right)
    up = np.cross(towards, right)
    half = np.tan(_FIELD_OF_VIEW / 2) / min(height, width)
    rows, columns = np.mgrid[:height, :width].reshape(2, -1)
    rays = (
        -towards
        + np.outer((2 * columns + 1 - width) * half, right)
        - np.outer((2 * rows + 1 - height) * half, up)
    )
    trimesh = _trimesh()
    triangles = trimesh.Trimesh(mesh.position, mesh.face, process=False)
    eye = np.broadcast_to(_DISTANCE * towards, rays.shape)
    places, ray, face = triangles.ray.intersects_location(
        eye, rays, multiple_hits=False
    )
    shares = trimesh.triangles.points_to_barycentric(triangles.triangles[face], places)
    uv = np.full((height * width, 2), np.nan, np.float32)
    uv[ray] = np.einsum("nk,nkc->nc", shares, mesh.uv[mesh.face[face]])
    return uv.reshape(height, width, 2)


def worn(texture: ImageTensor, uv: Any, background: Any = 0.5) -> ImageTensor:
    """Return views of a mesh that wears a texture, `[..., height, width, channels]`.

    Args:
        texture: `[height, width, channels]`.
        uv: from `view_uv`, `[..., height, width, 2]`.
        background: colour beside the mesh: a number, or whatever broadcasts.
    """
    uv = tf.cast(uv, tf.float32)
    beside = tf.math.is_nan(uv)[..., :1]
    colours = param.bilinearly_sampled_image(
        texture, tf.where(tf.math.is_nan(uv), 0.0, uv)
    )
    return tf.where(beside, tf.cast(background, tf.float32), colours)


def mesh_texture(
    model: Any,
    objective: Any,
    mesh: Mesh,
    texture_size: int = 256,
    view_size: int = 128,
    views: int = 32,
    n_steps: int = 256,
    seed: int = 0,
) -> Pixels:
    """Return a texture on which a model finds what it looks for, from every side.

    Args:
        model: from `lucid_widgets.modelzoo.vision_models`.
        objective: an `Objective`, "layer:n", or a function of `T`.
        mesh: from `load_mesh`.
        texture_size: height and width of the texture, in pixels.
        view_size: height and width of what the model sees, in pixels.
        views: how many directions there are, spread evenly; one for each step.
        n_steps: how many updates.
        seed: decides all that is random.

    Returns:
        `[texture_size, texture_size, 3]` in [0, 1].

    Raises:
        LucidError: no such layer, or an impossible number.
        MissingPackageError: trimesh is not installed.

    Example:
        >>> texture = mesh_texture(model, "mixed4c:262", load_mesh("bunny.obj"))
        >>> show(worn(texture, view_uv(mesh, (1, 0.3, 1), 256), 1.0))
    """
    if views < 1:
        raise SettingError(f"views is {views!r}; expected 1 or more")
    seen = np.stack([view_uv(mesh, d, view_size) for d in _directions(views)])

    def look(texture: ImageTensor) -> ImageTensor:
        uv = tf.gather(seen, draws().below(views))
        return worn(texture[0], uv, draws().uniform([3]))[tf.newaxis]

    run = frames(
        model,
        objective,
        lambda: param.image(texture_size),
        transforms=[look],
        seed=seed,
        steps=n_steps,
    )
    return deque(run, maxlen=1).pop().images[0]


def _directions(count: int) -> np.ndarray:
    """Return points spread over a sphere, on a spiral of the golden angle."""
    y = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    radius = np.sqrt(1 - y**2)
    return np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1)


def _trimesh() -> Any:
    try:
        importlib.import_module("embreex")
        return importlib.import_module("trimesh")
    except ImportError as error:
        raise MissingPackageError(
            "meshes need trimesh and embreex, which are not installed: "
            "pip install 'lucid-widgets[mesh]'"
        ) from error
