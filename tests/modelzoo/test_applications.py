"""Models of keras.applications by name, and where their weights come from."""

from __future__ import annotations

import hashlib
import json
import warnings

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import mobilenet, mobilenet_v3
from keras.src.legacy.saving import legacy_h5_format
from keras.src.utils import file_utils

from lucid_widgets.errors import (
    CacheError,
    ChecksumError,
    ModelError,
    OfflineError,
    UnknownModelError,
    WeightsError,
)
from lucid_widgets.modelzoo import applications
from lucid_widgets.modelzoo.applications import (
    APPLICATIONS,
    application,
    is_at_hand,
    megabytes_to_fetch,
)
from lucid_widgets.modelzoo.catalogue import catalog
from lucid_widgets.modelzoo.downloading import watched

LABELS = [f"class {number}" for number in range(1000)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("LUCID_WIDGETS_OFFLINE", raising=False)
    return tmp_path / "keras" / "models"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A MobileNet with random weights, and the file that Keras would serve of it."""
    model = keras.applications.MobileNet(weights=None)
    path = tmp_path_factory.mktemp("weights") / "weights.h5"
    with h5py.File(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' variables, told by numpy
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return model, path.read_bytes()


@pytest.fixture
def served(server, source, monkeypatch):
    """The server from which Keras gets the weights of MobileNet."""
    address = server.url.replace("weights.bin", "")
    monkeypatch.setattr(mobilenet, "BASE_WEIGHT_PATH", address)
    server.content = source[1]
    return server


def test_the_names_of_applications_are_those_of_keras():
    names = {name for name in dir(keras.applications) if name[0].isupper()}
    assert set(APPLICATIONS) == names


def test_applications_are_made_by_name():
    model = application("MobileNetV2", weights=None)
    assert model.get_layer("block_3_expand").depth == 144
    assert [float(end) for end in model.image_value_range] == [-1, 1]
    assert model.labels is None
    for wrong in ("MobilNetV2", ["MobileNetV2"], None):
        with pytest.raises(UnknownModelError, match="did you mean"):
            application(wrong)


def test_weights_come_once_and_how_far_they_are_is_told(served, source, home):
    told = []
    with watched(lambda done, total: told.append((done, total))):
        model = application("MobileNet", labels=LABELS)
    size = len(source[1])
    assert told[-1] == (size, size)
    assert len(told) > 50
    assert [file.name for file in home.iterdir()] == [APPLICATIONS["MobileNet"][0]]
    image = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    np.testing.assert_allclose(
        model.activations(image, "predictions"),
        source[0].predict(image * 2 - 1, verbose=0),
        atol=1e-6,
    )
    application("MobileNet", labels=LABELS)
    assert len(served.asked) == 1


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")  # Keras to itself
def test_what_is_not_the_file_that_keras_knows_is_refused(server, home, monkeypatch):
    address = server.url.replace("weights.bin", "")
    monkeypatch.setattr(mobilenet_v3, "BASE_WEIGHT_PATH", address)
    with pytest.raises(ChecksumError, match=r"its md5 is not [0-9a-f]{32}"):
        application("MobileNetV3Small", labels=LABELS)
    assert not list(home.iterdir())
    server.status = 404
    with pytest.raises(
        WeightsError, match=f"put it into {home} as weights_mobilenet_v3"
    ):
        application("MobileNetV3Small", labels=LABELS)


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
def test_offline_nothing_is_asked_for(served, home, monkeypatch):
    monkeypatch.setenv("LUCID_WIDGETS_OFFLINE", "1")
    file = APPLICATIONS["MobileNet"][0]
    with pytest.raises(OfflineError, match=f"{file} must be downloaded"):
        application("MobileNet")
    home.mkdir(parents=True, exist_ok=True)
    (home / APPLICATIONS["MobileNetV3Small"][0]).write_bytes(b"an older one")
    with pytest.raises(OfflineError, match="is not the file that is needed"):
        application("MobileNetV3Small")
    (home / file).write_bytes(served.content)
    assert application("MobileNet").labels is None
    assert served.asked == []


def test_the_names_of_classes_come_with_the_weights(server, home, source, monkeypatch):
    home.mkdir(parents=True)
    (home / APPLICATIONS["MobileNet"][0]).write_bytes(source[1])
    index = {str(n): [f"n{n:08}", f"great_auk_{n}"] for n in range(1000)}
    server.content = json.dumps(index).encode()
    address = server.url.replace("weights.bin", "imagenet_class_index.json")
    digest = hashlib.md5(server.content, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(applications, "_CLASSES", (address, digest))
    labels = application("MobileNet").labels
    assert labels is not None
    assert labels[:2] == ["great auk 0", "great auk 1"]
    assert application("MobileNet").labels == labels
    assert len(server.asked) == 1


def test_weights_that_keras_cannot_load_are_an_error_with_advice(tmp_path):
    original = file_utils.get_file
    with pytest.raises(ModelError, match="KERAS_HOME"):
        application("MobileNet", weights=str(tmp_path / "absent.h5"))
    assert file_utils.get_file is original


def test_keras_is_not_allowed_to_use_the_shared_temporary_folder(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("KERAS_HOME", str(blocked))
    with pytest.raises(CacheError, match="KERAS_HOME"):
        application("MobileNetV2")


def test_it_is_known_how_much_is_downloaded_and_what_is_here(home):
    sizes = {entry.name: entry.megabytes for entry in catalog()}
    assert (sizes["VGG16"], sizes["MobileNetV2"], sizes["Xception"]) == (553, 14, 92)
    assert megabytes_to_fetch("VGG16") == 553
    assert megabytes_to_fetch("TinyInception") is None
    home.mkdir(parents=True)
    # The name of one model begins like that of another.
    (home / APPLICATIONS["MobileNetV2"][0]).touch()
    here = {entry.name for entry in catalog() if entry.source == "keras.applications"}
    assert {name for name in here if is_at_hand(name)} == {"MobileNetV2"}
    assert megabytes_to_fetch("MobileNetV2") is None
    assert megabytes_to_fetch("MobileNet") == 17
