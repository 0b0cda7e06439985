"""The wizard: every kind of model, in words."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from lucid_widgets.errors import ImageError, SaveError, SettingError
from lucid_widgets.misc.io import load, save
from lucid_widgets.modelzoo import vision_models as models
from lucid_widgets.modelzoo.range_evidence import surprise_by_range

# Keras 3 on numpy 2.4, when it saves.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


def network(*, channels=3, labels=4):
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((24, 32, channels)),
            keras.layers.Conv2D(6, 3, use_bias=False, name="first"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.ReLU(name="relu"),
            keras.layers.Conv2D(8, 3, activation="relu", name="second"),
            keras.layers.GlobalAveragePooling2D(name="mean"),
            keras.layers.Dense(labels, activation="softmax", name="classes"),
        ],
        name="mine",
    )


def lines(report):
    return dict(report.lines)


def test_a_model_that_is_ready_is_told_so_line_by_line(tmp_path):
    picture = tmp_path / "unit.png"
    report = models.check(
        network(),
        np.random.default_rng(0).random((40, 50, 3), np.float32),
        save=picture,
        steps=3,
        image_value_range=(-1, 1),
        labels=["ant", "bee", "cat", "dog"],
    )
    found = lines(report)
    assert report.ready, report.problems
    assert "24 x 32 px, 3 channels (red, green, blue)" in found["Input"]
    assert found["Range"] == "black becomes -1.0 and white 1.0 (as given)"
    assert "from first (6 channels) to classes (4)" in found["Layers"]
    assert "from 'ant' to 'dog'" in found["Labels"]
    # All four classes, each with its probability.
    assert found["Photo"].count("%") == 4
    assert "bee" in found["Photo"]
    assert "the objective rose" in found["Picture"]
    assert load(str(picture)).shape == report.picture.shape == (24, 32, 3)
    assert str(report).splitlines()[-1].startswith("Verdict  ready")
    assert "24 x 32 px" in report._repr_html_()


def test_without_a_range_the_rest_is_checked_and_the_network_asked():
    model = network()
    photos = np.random.default_rng(0).random((3, 24, 32, 3), np.float32)
    seen = np.asarray(model.get_layer("first")(photos * 255))
    norm = model.get_layer("norm")
    norm.moving_mean.assign(seen.mean((0, 1, 2)))
    norm.moving_variance.assign(seen.var((0, 1, 2)))
    read = models.from_keras(model, (0, 1))
    surprises = surprise_by_range(read, photos)
    assert next(iter(surprises)) == "(0, 255)"
    assert surprises["(0, 255)"] < 0.01 < surprises["(0, 1)"]
    report = models.check(model, photos[0])
    assert not report.ready
    assert "image_value_range is needed" in report.problems[0]
    assert "fit (0, 255) best" in report.problems[0]
    assert "tried with (0, 1)" in lines(report)["Range"]
    assert "Layers" in lines(report)


def test_statistics_that_were_never_trained_say_nothing():
    read = models.from_keras(network(), (0, 1))
    assert surprise_by_range(read, np.zeros((1, 24, 32, 3), np.float32)) == {}


def test_grey_models_get_grey_pictures_and_labels_of_another_model_are_noticed():
    labels = [f"class {i}" for i in range(40)]
    report = models.check(network(channels=1), image_value_range=(0, 1), labels=labels)
    assert "1 channels (grey)" in lines(report)["Input"]
    assert "the objective rose" in lines(report)["Picture"]
    assert len(report.problems) == 1
    assert "40 labels for 4 outputs" in report.problems[0]


def test_files_are_checked_and_damaged_ones_told(tmp_path):
    file = tmp_path / "mine.keras"
    network().save(file)
    assert "mine (Keras)" in str(models.check(file))
    file.write_bytes(file.read_bytes()[:500])
    report = models.check(file)
    assert not report.ready
    assert "archive" in str(report)
    assert report.model is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)]),
            "images",
        ),
        (lambda: "NoSuchModel", "NoSuchModel"),
        (lambda: 3, "keras.Model"),
    ],
)
def test_what_cannot_be_loaded_is_a_report_with_the_cure(make, words):
    report = models.check(make())
    assert not report.ready
    assert words in report.problems[0]


def test_weights_that_are_not_numbers_are_noticed():
    model = network()
    kernel = model.get_layer("second").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    report = models.check(model, image_value_range=(0, 1))
    assert "second/kernel are not finite" in report.problems[0]
    assert len(report.problems) == 1


def test_a_name_of_the_catalogue_is_checked():
    report = models.check("TinyInception")
    assert report.ready, report.problems
    assert "64 x 64 px" in lines(report)["Input"]


def test_wrong_arguments_are_refused_before_anything_is_loaded(tiny_model, tmp_path):
    with pytest.raises(SaveError, match="ends in"):
        models.check(tiny_model, save=tmp_path / "unit.gif")
    with pytest.raises(SettingError, match="steps"):
        models.check(tiny_model, steps=0)
    with pytest.raises(ImageError, match="height, width, channels"):
        models.check(tiny_model, np.zeros((4, 4)))
    with pytest.raises(ImageError, match="uint8"):
        models.check(tiny_model, np.zeros((4, 4, 3), np.uint8))


def test_trained_statistics_know_the_range_of_a_real_model():
    shared = Path(os.environ.get("LUCID_SHARED", "../shared"))
    weights = shared / "data/keras/models/mobilenet_7_5_224_tf.h5"
    if not weights.is_file():
        pytest.skip("the shared folder is not there: set LUCID_SHARED")
    network = keras.applications.MobileNet(
        (128, 128, 3), alpha=0.75, weights=None, classes=1000
    )
    network.load_weights(weights)
    photos = np.stack(
        [
            load(str(path))[:128, :128]
            for path in sorted((shared / "data/photos").glob("*.jpg"))[:6]
        ]
    )
    model = models.from_keras(network, (0, 1))
    assert next(iter(surprise_by_range(model, photos))) == "(-1, 1)"


def test_the_command_tells_and_its_exit_code_says_whether_it_is_ready(tmp_path):
    from click.testing import CliRunner

    from lucid_widgets.cli import main

    file = tmp_path / "mine.h5"
    network().save(file)
    photo, unit = tmp_path / "photo.png", tmp_path / "unit.png"
    save(np.random.default_rng(0).random((30, 40, 3)), str(photo))

    def run(*arguments):
        return CliRunner().invoke(main, ["models", "check", *map(str, arguments)])

    result = run(file, "--photo", photo, "--range", "-1", "1", "-o", unit)
    assert result.exit_code == 0, result.output
    assert "Verdict  ready" in result.output
    assert unit.is_file()
    result = run(file)
    assert result.exit_code == 1
    assert "image_value_range is needed" in result.output
    assert run(tmp_path / "absent.keras").exit_code == 1
    assert run(file, "-o", "unit.gif").exit_code == 2
