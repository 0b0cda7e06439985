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
}
_MEANS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D"}


def takes_one_size_only(steps: Sequence[Step]) -> bool:
    """Return whether any step needs the size that the model was built for."""
    without_positions: set[int] = set()
    for index, step in enumerate(steps):
        kind = type(step.operation).__name__
        sources: list[Source] = list(step.sources)
        averaged = bool(sources) and all(s in without_positions for s, _ in sources)
        if kind in _MEANS or averaged:
            without_positions.add(index)
        elif kind not in _ANY_SIZE:
            return True
    return False
