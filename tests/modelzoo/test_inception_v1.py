from __future__ import annotations

import csv

import numpy as np
import pytest

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo.inception_v1 import LABELS_NAME
from lucid_widgets.modelzoo.vision_models import InceptionV1, from_graphdef


@pytest.fixture(scope="module")
def inception(stand_in):
    return InceptionV1(path=stand_in)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, 224, 224, 3), np.float32)


def test_all_operations_have_their_types_and_depths(inception, shared):
    with (shared / "facts" / "inceptionv1_ops.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    table = inception._table
    assert [row["name"] for row in rows if row["name"] not in table] == []
    assert len(rows) == 370
    added = set(table) - {row["name"] for row in rows}
    blocks = [
        f"mixed{b}_pre_relu"
        for b in ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    ]
    assert added == set(blocks)
    shapes = inception.shapes_of(inception.layer_names)
    for row in rows:
        assert table[row["name"]].op == row["type"]
        if row["name"] in shapes and row["last_dim"]:
            assert shapes[row["name"]][-1] == int(row["last_dim"]), row["name"]


def test_listed_layers_have_their_true_depths(inception):
    shapes = inception.shapes_of([layer.name for layer in inception.layers])
    for layer in inception.layers:
        assert shapes[layer.name][-1] == layer.depth
    assert inception.get_layer("mixed4a").depth == 508
    assert [layer.name for layer in inception.layers if "dense" in layer.tags] == [
        *("nn0", "softmax0", "nn1", "softmax1", "softmax2")
    ]


def test_blocks_before_their_relus_are_the_concatenated_towers(inception, images):
    towers = [f"mixed4d_{t}_pre_relu" for t in ("1x1", "3x3", "5x5", "pool_reduce")]
    names = ["mixed4d_pre_relu", "mixed4d", *towers]
    found = inception.activations(images[:, :64, :96], names)
    both = np.concatenate([found[tower] for tower in towers], -1)
    np.testing.assert_array_equal(found["mixed4d_pre_relu"], both)
    np.testing.assert_array_equal(found["mixed4d"], np.maximum(both, 0))


def test_all_three_heads_are_computed(inception, images):
    names = ["softmax0", "softmax1", "softmax2", "softmax2_pre_activation"]
    found = inception.activations(images, names)
    for name in names[:3]:
        assert found[name].shape == (2, 1008)
        np.testing.assert_allclose(found[name].sum(-1), 1, rtol=1e-4)


@pytest.mark.parametrize("head", ["softmax0", "nn1", "softmax2_pre_activation"])
def test_heads_name_the_image_size_they_need(inception, images, head):
    with pytest.raises(ModelError, match="needs 224x224 px") as raised:
        inception.import_graph(images[:, :128, :96])[head]
    assert "128x96" in str(raised.value)


def test_a_batch_whose_numbers_would_fit_by_chance_is_not_mixed(inception, images):
    # Four images of 128 px hold as many numbers for the head as one of 224 px.
    small = np.concatenate([images, images])[:, :128, :128]
    with pytest.raises(ModelError, match="needs 224x224 px"):
        inception.import_graph(small)["nn0"]


def test_colon_zero_is_accepted(inception, images):
    T = inception.import_graph(images[:1, :32, :48])
    assert T("conv2d0:0") is T("conv2d0")


def test_the_network_sees_minus_117_for_black(inception):
    seen = inception.network_input(np.float32([[[[0, 0.5, 1]]]])).numpy()
    np.testing.assert_allclose(seen[0, 0, 0], [-117, 10.5, 138])


def test_labels_are_read_from_beside_the_graph(stand_in, tmp_path):
    assert InceptionV1(path=stand_in).labels is None
    copy = tmp_path / "graph.pb"
    copy.write_bytes(stand_in.read_bytes())
    (tmp_path / LABELS_NAME).write_text("dummy\nkit fox\nEnglish setter\n")
    assert InceptionV1(path=copy).labels == ["dummy", "kit fox", "English setter"]


def test_it_is_also_found_out_without_its_class(stand_in):
    model = from_graphdef(stand_in, trust=True, image_value_range=(-117, 138))
    depths = {layer.name: layer.depth for layer in model.layers}
    assert depths["mixed4a"] == 508
    assert depths["softmax2"] == 1008
    assert tuple(model.image_shape) == (224, 224, 3)
