"""Settings: ranges, types, and everything a control needs to know."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lucid_widgets.errors import SettingError
from lucid_widgets.optvis.settings import (
    SEED,
    STEPS,
    STEPS_DEFAULT,
    Hyperparameters,
    RenderSettings,
    setting,
)

CLASSES = (RenderSettings, Hyperparameters)
FIELDS = [field for cls in CLASSES for field in dataclasses.fields(cls)]
NUMBERS = dataclasses.fields(Hyperparameters)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_says_what_a_control_needs(field):
    declared = setting(field.name)
    assert declared is field.metadata["setting"]
    assert declared.label
    assert declared.help.endswith(".")
    if declared.choices is not None:
        assert field.default in declared.choices
    elif not isinstance(field.default, bool):
        assert declared.min < declared.max
        low, high = declared.slider_range
        assert declared.min <= low < high <= declared.max
        assert declared.step > 0
        if field.default is not None:
            assert low <= field.default <= high
        if declared.log:
            assert low > 0


def test_steps_and_seed_are_declared_too():
    assert setting("steps") is STEPS
    assert setting("seed") is SEED
    assert STEPS.min == 1
    assert STEPS.slider_range[0] <= STEPS_DEFAULT <= STEPS.slider_range[1]


def test_an_unknown_setting_names_the_closest():
    with pytest.raises(SettingError, match=r"'learnin_rate'.*'learning_rate'"):
        setting("learnin_rate")


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
@pytest.mark.parametrize(
    "strange",
    [math.nan, math.inf, -math.inf, -1, 10**12, 10**400, "0.1", None, [1], True, 1j],
    ids=lambda value: str(value)[:9],
)
def test_hyperparameters_are_finite_numbers_in_their_range(field, strange):
    with pytest.raises(SettingError, match=rf"{field.name} is .*expected"):
        Hyperparameters(**{field.name: strange})


@pytest.mark.parametrize(
    "given",
    [
        {"size": 0},
        {"size": 10**6},
        {"size": 1.5},
        {"size": "128"},
        {"size": (64, 0)},
        {"size": (64,) * 3},
        {"size": ()},
        {"size": None},
        {"size": True},
        {"size": math.nan},
        {"batch": 0},
        {"batch": 4097},
        {"batch": 1.5},
        {"channels": 0},
        {"channels": "3"},
        {"pad": -1},
        {"pad": 2.5},
        {"parameterization": "pixels"},
        {"parameterization": None},
        {"parameterization": ["fft"]},
        {"parameterization": np.array(["fft", "pixel"])},
        {"decorrelate": "yes"},
        {"alpha": None},
        {"transforms": []},
        {"redirect_relu": 2},
        {"size": 4096, "batch": 4096},
    ],
    ids=str,
)
def test_impossible_structures_are_refused(given):
    with pytest.raises(SettingError, match=r"expected|numbers"):
        RenderSettings(**given)


def test_messages_say_what_was_given_what_was_expected_and_what_is_close():
    with pytest.raises(SettingError) as error:
        Hyperparameters(learning_rate=0)
    assert (
        str(error.value) == "learning_rate is 0; expected a number from 1e-09 to 1e+06"
    )
    with pytest.raises(SettingError) as error:
        RenderSettings(batch=1.5)
    assert str(error.value) == (
        "batch is 1.5; expected a whole number from 1 to 4096 images"
    )
    with pytest.raises(SettingError, match="did you mean 'pixel'"):
        RenderSettings(parameterization="pixels")


def test_settings_are_values():
    one, other = RenderSettings(size=64), RenderSettings(size=64.0)
    assert one == other
    assert hash(one) == hash(other)
    assert one != RenderSettings(size=65)
    assert dataclasses.replace(one, batch=2).batch == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.size = 32  # type: ignore[misc]
    with pytest.raises(TypeError):
        RenderSettings(64)  # type: ignore[misc]


def test_sizes_are_height_and_width():
    assert (RenderSettings(size=64).height, RenderSettings(size=64).width) == (64, 64)
    oblong = RenderSettings(size=[48, 64])
    assert oblong.size == (48, 64)
    assert (oblong.height, oblong.width) == (48, 64)
    hash(oblong)


def test_numbers_of_numpy_become_plain_python():
    settings = RenderSettings(
        size=np.int64(64), batch=np.float32(2), alpha=np.True_, pad=np.uint8(3)
    )
    assert settings == RenderSettings(size=64, batch=2, alpha=True, pad=3)
    assert type(settings.size) is int
    assert type(settings.alpha) is bool
    numbers = Hyperparameters(learning_rate=np.float32(0.5), jitter=np.int16(3))
    assert type(numbers.learning_rate) is float
    assert type(numbers.jitter) is int
    assert Hyperparameters(learning_rate=Fraction(1, 4)).learning_rate == 0.25


@given(value=st.floats())
def test_a_learning_rate_is_taken_as_it_is_or_refused(value):
    low, high = setting("learning_rate").min, setting("learning_rate").max
    if low <= value <= high:
        assert Hyperparameters(learning_rate=value).learning_rate == value
    else:
        with pytest.raises(SettingError):
            Hyperparameters(learning_rate=value)


@given(value=st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()))
def test_a_size_is_a_number_of_pixels_or_refused(value):
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if real and 1 <= value <= 4096 and value == int(value):
        assert RenderSettings(size=value).size == value
    else:
        with pytest.raises(SettingError, match="size is "):
            RenderSettings(size=value)
