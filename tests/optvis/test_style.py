"""Gram matrices and style losses, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lucid_widgets.errors import LayerNotFoundError, ObjectiveError
from lucid_widgets.optvis import param, render
from lucid_widgets.optvis.settings import Hyperparameters
from lucid_widgets.optvis.style import (
    StyleLoss,
    gram_style,
    mean_l1_loss,
    mean_l2_loss,
)

RNG = np.random.default_rng(0)
PHOTO, OTHER = RNG.uniform(size=(2, 20, 28, 3)).astype(np.float32)


def gram(a):
    flat = a.reshape(-1, a.shape[-1]).astype(np.float64)
    return flat.T @ flat / len(flat)


def test_gram_is_the_mean_product_of_channels():
    a = RNG.normal(size=(2, 4, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(gram_style(tf.constant(a)), gram(a), rtol=1e-4)


def test_losses_are_means():
    a, b = RNG.normal(size=(2, 4, 3)).astype(np.float32)
    assert float(mean_l1_loss(a, b)) == pytest.approx(np.abs(a - b).mean(), rel=1e-5)
    root = np.sqrt(((a - b) ** 2).mean())
    assert float(mean_l2_loss(a, b)) == pytest.approx(root, rel=1e-5)


def test_the_l2_loss_has_a_gradient_at_zero():
    a = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(a)
        loss = mean_l2_loss(a, tf.constant([1.0, 2.0]))
    np.testing.assert_array_equal(tape.gradient(loss, a), [0, 0])


@pytest.mark.parametrize("loss_func", [mean_l1_loss, mean_l2_loss])
def test_style_loss_sums_over_layers(tiny_model, loss_func):
    style = StyleLoss(["conv1", "conv2"], loss_func=loss_func)
    style.set_style(tiny_model, PHOTO)
    mine, theirs = (tiny_model.import_graph(i[None]) for i in (OTHER, PHOTO))
    losses = {
        name: float(loss_func(gram(mine(name).numpy()), gram(theirs(name).numpy())))
        for name in ("conv1", "conv2")
    }
    assert float(style(mine)) == pytest.approx(sum(losses.values()), rel=1e-3)
    assert {n: float(v) for n, v in style.losses(mine).items()} == pytest.approx(
        losses, rel=1e-3
    )
    assert float(style(theirs)) == pytest.approx(0, abs=1e-5)


def test_an_image_takes_over_a_style(tiny_model):
    style = StyleLoss(["conv1", "conv2"])
    style.set_style(tiny_model, PHOTO)
    run = render.frames(
        tiny_model,
        -style.objective(),
        lambda: param.image(28, 20),
        transforms=[],
        steps=40,
    )
    values = [frame.objective for frame in run]
    assert values[-1] > 0.5 * values[0]  # both negative
    assert style.objective().description == "Style(conv1, conv2)"


def test_the_moving_average_moves_the_value_and_not_the_gradient(tiny_model):
    style = StyleLoss(["conv1"], ema_decay=0.75, loss_func=mean_l1_loss)
    style.set_style(tiny_model, PHOTO)
    target = gram(tiny_model.import_graph(PHOTO[None])("conv1").numpy())
    acts = tiny_model.import_graph(OTHER[None])("conv1")
    fresh, average = gram(acts.numpy()), target
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(acts)
            loss = style({"conv1": acts}.__getitem__)
        average = 0.75 * average + 0.25 * fresh
        assert float(loss) == pytest.approx(np.abs(average - target).mean(), rel=1e-3)
        with tf.GradientTape() as plain:
            plain.watch(acts)
            same = tf.reduce_mean(gram_style(acts) * np.sign(average - target))
        np.testing.assert_allclose(
            tape.gradient(loss, acts), plain.gradient(same, acts), atol=1e-6
        )
    style.reset()
    again = style({"conv1": acts}.__getitem__)
    first = np.abs(0.25 * (fresh - target)).mean()
    assert float(again) == pytest.approx(first, rel=1e-3)


def test_the_moving_average_works_in_a_run(tiny_model):
    style = StyleLoss(["conv1"], ema_decay=0.9)
    style.set_style(tiny_model, PHOTO)
    run = render.frames(
        tiny_model,
        -style.objective(),
        lambda: param.image(28, 20),
        hyperparameters=Hyperparameters(jitter=2),
        steps=3,
    )
    values = [frame.objective for frame in run]
    assert values[0] > values[1] > values[2]  # the average leaves the style at first


def test_what_cannot_be_a_style_is_refused(tiny_model):
    with pytest.raises(ObjectiveError, match="list of layer names"):
        StyleLoss("conv1")
    with pytest.raises(ObjectiveError, match="ema_decay is 1"):
        StyleLoss(["conv1"], ema_decay=1)
    with pytest.raises(ObjectiveError, match="set_style"):
        StyleLoss(["conv1"])(tiny_model.import_graph(PHOTO[None]))
    with pytest.raises(LayerNotFoundError, match="conv9"):
        StyleLoss(["conv9"]).set_style(tiny_model, PHOTO)
