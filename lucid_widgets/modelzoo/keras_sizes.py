"""Whether a Keras model takes images of one size only.

Convolutions take any size, and so do classifiers that begin with a mean over positions.
What flattens positions, or adds a vector per position, does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from lucid_widgets.modelzoo.keras_graph import Source, Step

_ANY_SIZE = {
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout"),
    *("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "LayerScale"),
    *("MaxPooling2D", "AveragePooling2D", "ZeroPadding2D", "Cropping2D"),
    *("UpSampling2D", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
    *("Concatenate", "Rescaling", "Normalization", "SpatialDropout2D", "Identity"),
    *("GaussianNoise", "GaussianDropout", "StochasticDepth", "InputLayer", "Lambda"),
    *("Relu", "Relu6", "Silu", "Sigmoid", "Gelu", "HardSigmoid", "HardSilu", "Tanh"),
    *(
        "Divide",
        "Power",
        "Absolute",
        "Exp",
        "Log",
        "Sqrt",
        "Square",
        "Clip",
        "Negative",
    ),
    *("EinsumDense", "Cast", "Elu", "Selu", "Swish", "CustomScaleLayer"),
    *("TrueDivide", "Split", "Resizing", "LeakyRelu", "Softplus", "Flip"),
}
_MEANS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D"}


def takes_one_size_only(steps: Sequence[Step]) -> bool:
    """Return whether any step needs the size that the model was built for."""
    without_positions: set[int] = set()
    for index, step in enumerate(steps):
        kind = type(step.operation).__name__
        sources: list[Source] = list(step.sources)
        averaged = bool(sources) and all(s in without_positions for s, _ in sources)
        if kind in _MEANS or averaged or _over_positions(step):
            without_positions.add(index)
        elif kind not in _ANY_SIZE and not _augments(kind):
            return True
    return False


def _over_positions(step: Step) -> bool:
    """Return whether a step is a mean or maximum over height and width, as an operation."""
    operation = step.operation
    if type(operation).__name__ not in ("Mean", "Max"):
        return False
    axis = getattr(operation, "axis", None)
    axes = {axis} if isinstance(axis, int) else set(axis or ())
    return {length % 4 for length in axes} == {1, 2}


def _augments(kind: str) -> bool:
    """Return whether a kind of layer changes images in training only."""
    return kind.startswith("Random") and kind != "RandomCrop"
