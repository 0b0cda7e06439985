"""Everything the user may set about a run, declared once.

Structure and numbers are two classes. `RenderSettings` decides what is compiled;
changing a field needs a new step function and starts a new run. `Hyperparameters`
are handed to the compiled step as tensors; changing one takes effect at the next
step. Names, ranges, units, defaults and help texts stand on the fields: sliders,
validation, command-line options and documentation are made from them.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from lucid_widgets.errors import SettingError, did_you_mean


@dataclass(frozen=True)
class Setting:
    """What a control needs to know about one setting.

    Args:
        label: name on screen.
        help: what it does, in one sentence, with its unit.
        unit: unit of the number, "" when it has none.
        min: smallest allowed number.
        max: largest allowed number.
        step: distance between neighbouring slider positions.
        slider_min: where a slider begins, if not at `min`; larger ranges are for
            those who type.
        slider_max: where a slider ends, if not at `max`.
        log: whether the slider is logarithmic.
        choices: the allowed values, when they can be listed.
    """

    label: str
    help: str
    unit: str = ""
    min: float | None = None
    max: float | None = None
    step: float | None = None
    slider_min: float | None = None
    slider_max: float | None = None
    log: bool = False
    choices: tuple[str, ...] | None = None

    def check(self, name: str, value: Any, kind: type = float) -> Any:
        """Return `value` as a plain Python value, or raise.

        Args:
            name: the setting's name, for the message.
            value: what was given.
            kind: `int`, `float`, `bool` or `str`: what is expected.

        Raises:
            SettingError: the value has the wrong type, is not finite, or is out
                of range.
        """
        if self.choices is not None:
            if not isinstance(value, str) or value not in self.choices:
                raise SettingError(
                    f"{name} is {value!r}; expected one of "
                    f"{', '.join(map(repr, self.choices))}"
                    f"{did_you_mean(str(value), self.choices, 1)}"
                )
            return value
        if kind is bool:
            known = isinstance(value, bool | int | np.bool_)
            if not known or value not in (True, False):
                raise SettingError(f"{name} is {value!r}; expected True or False")
            return bool(value)
        expected = f"a {'whole ' if kind is int else ''}number {self.range_text()}"
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        number: Any = value if real else math.nan
        above = self.min is None or number >= self.min
        below = self.max is None or number <= self.max
        # Written so that NaN and infinity fail, and huge whole numbers are compared.
        proper = above and below and math.isfinite(number)
        if not proper or (kind is int and number != int(number)):
            raise SettingError(f"{name} is {value!r:.100}; expected {expected}")
        return kind(number)

    @property
    def slider_range(self) -> tuple[float, float]:
        """Where a slider begins and ends."""
        low = self.min if self.slider_min is None else self.slider_min
        high = self.max if self.slider_max is None else self.slider_max
        return low or 0.0, high or 0.0

    def range_text(self) -> str:
        """Return the range in words, such as "from 1 to 4096 px"."""
        text = f"from {self.min:g} to {self.max:g}"
        return f"{text} {self.unit}" if self.unit else text


def _setting(label: str, help: str, *, default: Any, **options: Any) -> Any:  # noqa: A002 - the field is called so
    return dataclasses.field(
        default=default, metadata={"setting": Setting(label, help, **options)}
    )


MAX_PIXELS = 4096
MAX_VALUES = 2**28
"""Most numbers in one image batch: a gibibyte of float32."""

STEPS = Setting(
    "Steps",
    "How many updates the run does.",
    min=1,
    max=100_000,
    step=1,
    slider_min=16,
    slider_max=2048,
)
STEPS_DEFAULT = 512

SEED = Setting(
    "Seed",
    "Where the random numbers start; the same seed gives the same frames.",
    min=0,
    max=2**31 - 1,
    step=1,
)


@dataclass(frozen=True, kw_only=True)
class RenderSettings:
    """Structure: what is compiled. A change needs a new run.

    Raises:
        SettingError: a value is out of its range.
    """

    size: int | tuple[int, int] = _setting(
        "Size",
        "Height and width of the image, in pixels.",
        unit="px",
        min=1,
        max=MAX_PIXELS,
        step=16,
        slider_min=32,
        slider_max=512,
        default=128,
    )
    batch: int = _setting(
        "Batch",
        "How many images are optimized together.",
        unit="images",
        min=1,
        max=4096,
        step=1,
        slider_max=9,
        default=1,
    )
    parameterization: str = _setting(
        "Parameterization",
        "Whether frequencies (fft) or pixels are optimized; "
        "frequencies give smoother pictures.",
        choices=("fft", "pixel"),
        default="fft",
    )
    decorrelate: bool = _setting(
        "Decorrelated colour",
        "Optimize colours along the axes in which natural images vary.",
        default=True,
    )
    alpha: bool = _setting(
        "Transparency",
        "Optimize an alpha channel too; the image is seen over random backgrounds.",
        default=False,
    )
    channels: int | None = _setting(
        "Image channels",
        "How many channels the image has; leave empty for colour.",
        unit="channels",
        min=1,
        max=1024,
        step=1,
        default=None,
    )
    transforms: bool = _setting(
        "Transforms",
        "Move, turn and scale the image at random in every step, "
        "so that the picture survives it.",
        default=True,
    )
    pad: int = _setting(
        "Pad",
        "Grey border around the image, in pixels, that moves into view.",
        unit="px",
        min=0,
        max=512,
        step=2,
        slider_max=64,
        default=12,
    )
    redirect_relu: bool = _setting(
        "Redirect ReLU",
        "Let gradients through inactive units during the first 17 updates, "
        "so that a silent channel can wake up.",
        default=True,
    )

    def __post_init__(self) -> None:
        sizes = self.size if isinstance(self.size, tuple | list) else [self.size]
        if len(sizes) not in (1, 2):
            raise SettingError(
                f"size is {self.size!r}; expected one number of pixels, "
                "or a pair (height, width)"
            )
        checked = tuple(setting("size").check("size", size, int) for size in sizes)
        _set(self, "size", checked[0] if len(checked) == 1 else checked)
        _set(self, "batch", setting("batch").check("batch", self.batch, int))
        _set(self, "pad", setting("pad").check("pad", self.pad, int))
        if self.channels is not None:
            channels = setting("channels").check("channels", self.channels, int)
            _set(self, "channels", channels)
        setting("parameterization").check("parameterization", self.parameterization)
        for name in ("decorrelate", "alpha", "transforms", "redirect_relu"):
            _set(self, name, setting(name).check(name, getattr(self, name), bool))
        values = self.batch * self.height * self.width * (self.channels or 4)
        if values > MAX_VALUES:
            raise SettingError(
                f"{self.batch} images of {self.height} x {self.width} px are "
                f"{values:,} numbers; expected at most {MAX_VALUES:,}: "
                "lower size, batch or channels"
            )

    @property
    def height(self) -> int:
        """Height of the image, in pixels."""
        return self.size[0] if isinstance(self.size, tuple) else self.size

    @property
    def width(self) -> int:
        """Width of the image, in pixels."""
        return self.size[1] if isinstance(self.size, tuple) else self.size


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Numbers: may change at every step, and never cause a new trace.

    Raises:
        SettingError: a value is not a finite number in its range.
    """

    learning_rate: float = _setting(
        "Learning rate",
        "How far every update goes.",
        min=1e-9,
        max=1e6,
        step=0.05,
        log=True,
        slider_min=1e-3,
        slider_max=1.0,
        default=0.05,
    )
    jitter: int = _setting(
        "Jitter",
        "The image moves by up to this many pixels, and once more by half as many.",
        unit="px",
        min=0,
        max=128,
        step=1,
        slider_max=32,
        default=8,
    )
    rotate: float = _setting(
        "Rotate",
        "The image turns by up to this many degrees either way.",
        unit="degrees",
        min=0,
        max=180,
        step=1,
        slider_max=45,
        default=10.0,
    )
    scale: float = _setting(
        "Scale",
        "The image grows or shrinks by up to this fraction.",
        unit="of the size",
        min=0,
        max=0.9,
        step=0.01,
        slider_max=0.5,
        default=0.1,
    )
    l1: float = _setting(
        "L1",
        "Penalty on the distance of pixels from mid-grey, summed over the image.",
        min=0,
        max=1000,
        step=0.01,
        slider_max=1,
        default=0.0,
    )
    total_variation: float = _setting(
        "Total variation",
        "Penalty on the difference of neighbouring pixels, summed over the image.",
        min=0,
        max=1000,
        step=0.01,
        slider_max=1,
        default=0.0,
    )
    blur: float = _setting(
        "Blur",
        "Pulls the image towards its blurred self in every step.",
        min=0,
        max=1000,
        step=0.01,
        slider_max=1,
        default=0.0,
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            kind = type(field.default)
            checked = field.metadata["setting"].check(field.name, value, kind)
            _set(self, field.name, checked)


def _set(instance: Any, name: str, value: Any) -> None:
    # Frozen dataclasses are normalised once, before anyone sees them.
    object.__setattr__(instance, name, value)


_SETTINGS: dict[str, Setting] = {
    field.name: field.metadata["setting"]
    for cls in (RenderSettings, Hyperparameters)
    for field in dataclasses.fields(cls)
} | {"steps": STEPS, "seed": SEED}


def setting(name: str) -> Setting:
    """Return what is declared about a setting.

    Args:
        name: a field of `RenderSettings` or `Hyperparameters`, "steps" or "seed".

    Raises:
        SettingError: no setting has that name.
    """
    try:
        return _SETTINGS[name]
    except KeyError:
        raise SettingError(
            f"no setting {name!r}{did_you_mean(name, _SETTINGS)}"
        ) from None
