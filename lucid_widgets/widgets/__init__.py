"""What a person sees and touches: canvas, controls, and the traits behind them."""

from lucid_widgets.widgets.feature_vis import FeatureVis
from lucid_widgets.widgets.frame_canvas import FrameCanvas

__all__ = ["FeatureVis", "FrameCanvas"]
