"""Projections onto balls, and gradients that stop at the edge."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.optvis.param import unit_balls

from .helpers import made


def gradient_of(function, x, outer):
    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(function(x) * outer)
    return tape.gradient(loss, x).numpy()


def descend(function, x, toward, steps=200, rate=0.1):
    """Minimise the distance between the projection and a point."""
    x = tf.constant(x, tf.float32)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum((function(x) - toward) ** 2)
        x -= rate * tape.gradient(loss, x)
    return function(x).numpy()


def test_balls_start_at_zero_and_hold_what_is_inside():
    for ball in (unit_balls.unit_ball_L2, unit_balls.unit_ball_L_inf):
        (values,), image = made(lambda ball=ball: ball((2, 3, 4, 5)))
        assert (values == 0).all()
        assert (image == 0).all()


def test_projections_shorten_what_is_outside_only():
    x = np.array([[3.0, 4.0], [0.3, 0.4]], np.float32)
    np.testing.assert_allclose(
        unit_balls.constrain_L2(tf.constant(x)), [[0.6, 0.8], [0.3, 0.4]], atol=1e-6
    )
    for project in (
        unit_balls.constrain_L_inf,
        unit_balls.constrain_L_inf_precondition,
    ):
        np.testing.assert_allclose(
            project(tf.constant([-3.0, 0.5, 2.0])), [-1, 0.5, 1], atol=1e-6
        )


def test_l2_gradients_lose_the_part_that_leads_outwards():
    x = [[3.0, 0.0]]
    # A loss that falls along +x pushes out, one that rises pushes in.
    out = gradient_of(unit_balls.constrain_L2, x, [[-1.0, 5.0]])
    inwards = gradient_of(unit_balls.constrain_L2, x, [[1.0, 5.0]])
    np.testing.assert_allclose(out, [[0.0, 5.0]], atol=1e-6)
    np.testing.assert_allclose(inwards, [[1.0, 5.0]], atol=1e-6)
    inside = gradient_of(unit_balls.constrain_L2, [[0.3, 0.4]], [[-1.0, 5.0]])
    np.testing.assert_allclose(inside, [[-1.0, 5.0]], atol=1e-6)


@pytest.mark.parametrize("precondition", [True, False])
def test_l_inf_gradients_are_zero_where_they_lead_outwards(precondition):
    project = (
        unit_balls.constrain_L_inf_precondition
        if precondition
        else unit_balls.constrain_L_inf
    )
    x = [2.0, 2.0, -2.0, -2.0, 0.5]
    outer = np.array([-3.0, 3.0, 3.0, -3.0, -3.0], np.float32)
    found = gradient_of(project, x, outer)
    kept = np.where([0, 1, 0, 1, 1], outer, 0)
    np.testing.assert_allclose(found, np.sign(kept) if precondition else kept)


def test_descent_leaves_the_edge_and_comes_to_rest_inside():
    target = np.array([[0.3, -0.2]], np.float32)
    for project in (unit_balls.constrain_L2, unit_balls.constrain_L_inf):
        reached = descend(project, [[4.0, 3.0]], target)
        np.testing.assert_allclose(reached, target, atol=1e-3)
    far = descend(unit_balls.constrain_L_inf, [[0.1, 0.1]], [[5.0, 0.5]])
    np.testing.assert_allclose(far, [[1.0, 0.5]], atol=1e-3)


def test_dot_keeps_the_axis():
    x, y = np.ones((2, 3), np.float32), np.full((2, 3), 2.0, np.float32)
    np.testing.assert_allclose(unit_balls.dot(x, y), [[6.0], [6.0]])
