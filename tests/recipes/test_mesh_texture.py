"""Rays against what a sphere and a square must show; and a texture that is better."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import LoadError, SettingError
from lucid_widgets.optvis import param
from lucid_widgets.recipes.mesh_texture import (
    Mesh,
    load_mesh,
    mesh_texture,
    normalized,
    view_uv,
    worn,
)

pytest.importorskip("trimesh")
pytest.importorskip("embreex")

SQUARE_OBJ = """
v 10 10 5
v 14 10 5
v 14 12 5
v 10 12 5
vt 0 0
vt 1 0
vt 1 1
vt 0 1
f 1/1 2/2 3/3
f 1/1 3/3 4/4
"""


@pytest.fixture
def sign(tmp_path) -> Mesh:
    path = tmp_path / "sign.obj"
    path.write_text(SQUARE_OBJ)
    return load_mesh(path)


def test_a_mesh_comes_into_a_ball_of_radius_1(sign):
    assert np.linalg.norm(sign.position, axis=1) == pytest.approx(1)
    width, height, depth = np.ptp(sign.position, axis=0)
    assert width == pytest.approx(2 * height)
    assert depth == 0


def test_a_sign_seen_from_the_front_shows_the_texture_upright(sign):
    uv = view_uv(sign, (0, 0, 2), (60, 80))
    assert uv.shape == (60, 80, 2)
    seen = ~np.isnan(uv[..., 0])
    rows, columns = np.nonzero(seen)
    assert seen[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    assert np.ptp(columns) + 1 == pytest.approx(2 * (np.ptp(rows) + 1), abs=2)
    inside = uv[seen].reshape(np.ptp(rows) + 1, np.ptp(columns) + 1, 2)
    assert (np.diff(inside[..., 0], axis=1) > 0).all()  # u to the right
    assert (np.diff(inside[..., 1], axis=0) < 0).all()  # v upwards
    np.testing.assert_allclose(inside.mean((0, 1)), 0.5, atol=0.01)
    texture = np.zeros((4, 4, 3), np.float32)
    texture[:2, :2] = 1  # upper left
    view = worn(texture, uv, 0.25).numpy()
    top, left = rows.min(), columns.min()
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert view[top + height // 4, left + width // 4].min() > 0.9
    assert view[top + 3 * height // 4, left + width // 4].max() < 0.1
    assert (view[0, 0] == 0.25).all()


def test_views_agree_with_a_sphere_by_formula():
    """On a ball, a place on the texture may be its direction in space."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=4)
    mesh = normalized(Mesh(ball.vertices, ball.vertices[:, [0, 2]], ball.faces))
    uv = view_uv(mesh, (0, 5, 0), 101)  # from above
    half = np.tan(np.radians(10))
    y, x = np.mgrid[-50:51, -50:51] * 2 / 101 * half
    eye = 1 / np.sin(np.radians(10))
    # |(0, 0, eye) + s * (x, y, -1)| = 1, the nearer of two
    a, b, c = x**2 + y**2 + 1, -2 * eye, eye**2 - 1
    with np.errstate(invalid="ignore"):
        s = (-b - np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    both = ~np.isnan(s) & ~np.isnan(uv[..., 0])
    assert both.mean() == pytest.approx(np.pi / 4, abs=0.02)
    found = np.linalg.norm(uv, axis=-1)[both]
    inner = (s * np.hypot(x, y))[both] < 0.95
    np.testing.assert_allclose(
        found[inner], (s * np.hypot(x, y))[both][inner], atol=0.01
    )


def test_a_texture_pleases_the_model_from_every_side(tiny_model, sign):
    texture = mesh_texture(
        tiny_model, "conv2:3", sign, texture_size=24, view_size=28, views=6, n_steps=24
    )
    assert texture.shape == (24, 24, 3)

    def value(texture):
        uv = np.stack([view_uv(sign, (x, 0.2, 1), 28) for x in (-1, 0, 1)])
        views = tf.stack([worn(texture, each) for each in uv])
        return float(tf.reduce_mean(tiny_model.import_graph(views)("conv2")[..., 3]))

    assert value(texture) > value(param.image(24)[0]) + 0.01


def test_what_cannot_be_used_is_explained(tmp_path, sign):
    bare = tmp_path / "bare.obj"
    bare.write_text("\n".join(SQUARE_OBJ.splitlines()[:5]) + "\nf 1 2 3\n")
    for path, says in ((bare, "uv"), (tmp_path / "none.obj", "no file")):
        with pytest.raises(LoadError, match=says):
            load_mesh(path)
    with pytest.raises(SettingError, match="direction"):
        view_uv(sign, (0, 0, 0), 8)
