from __future__ import annotations

import itertools
import json

from lucid_widgets.stream.curve import Curve, thin


def test_points_are_sent_once():
    curve = Curve()
    for step in (1, 2, 3):
        curve.append(step, step * 2.0)
    assert curve.unsent() == [[1, 2.0], [2, 4.0], [3, 6.0]]
    curve.append(4, 8.0)
    assert curve.unsent() == [[4, 8.0]]
    assert curve.unsent() == []
    assert curve.whole() == [[1, 2.0], [2, 4.0], [3, 6.0], [4, 8.0]]


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    curve = Curve()
    for step in range(1, 5001):
        curve.append(step, float(step))
    whole = curve.whole()
    assert len(whole) == 256
    assert (whole[0], whole[-1]) == ([1, 1.0], [5000, 5000.0])
    gaps = {b[0] - a[0] for a, b in itertools.pairwise(whole)}
    assert max(gaps) - min(gaps) <= 1


def test_values_without_a_json_number_are_null():
    curve = Curve()
    for step, value in enumerate([float("nan"), float("inf"), 1.5], start=1):
        curve.append(step, value)
    assert json.loads(json.dumps(curve.whole(), allow_nan=False)) == [
        [1, None],
        [2, None],
        [3, 1.5],
    ]


def test_a_summary_leaves_unsent_points_unsent():
    curve = Curve()
    curve.append(1, 1.0)
    assert curve.summary(10) == [[1, 1.0]]
    assert curve.unsent() == [[1, 1.0]]


def test_thinning_a_short_list_changes_nothing():
    points = [(1, 0.5), (2, 0.25)]
    assert thin(points, 2) == points
