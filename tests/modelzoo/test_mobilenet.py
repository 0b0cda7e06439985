"""Real weights: MobileNet 0.75 on ImageNet, from the shared folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lucid_widgets.modelzoo.vision_models import from_keras


@pytest.fixture(scope="module")
def mobilenet(shared):
    import os

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(shared / "data" / "keras"))
        import keras

        home = os.environ["KERAS_HOME"]
        weights = f"{home}/models/mobilenet_7_5_224_tf.h5"
        return keras.applications.MobileNet(alpha=0.75, weights=weights)


@pytest.fixture(scope="module")
def model(mobilenet, shared):
    labels = (shared / "data" / "imagenet_labels.txt").read_text().splitlines()
    return from_keras(mobilenet, labels=labels)


def test_top_5_of_photos_equal_those_of_predict(mobilenet, model, shared):
    files = sorted((shared / "data" / "photos").glob("*.jpg"))
    photos = []
    for file in files:
        with Image.open(file) as photo:
            small = photo.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        photos.append(np.asarray(small, np.float32) / 255)
    photos = np.stack(photos)
    expected = mobilenet.predict(photos * 2 - 1, verbose=0)
    found = model.activations(photos, "predictions", batch_size=8)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    ours, theirs = (np.argsort(-p, -1)[:, :5] for p in (found, expected))
    np.testing.assert_array_equal(ours, theirs)
    words = [file.stem.split("_", 1)[1].replace("_", " ") for file in files]
    right = [
        any(word.lower() in model.labels[i].lower() for i in top)
        for word, top in zip(words, ours, strict=True)
    ]
    assert np.mean(right) > 0.8


def test_its_value_range_is_known(model):
    assert [float(end) for end in model.image_value_range] == [-1, 1]
    assert model.fixed_size is None
    assert len(model.labels) == 1000
