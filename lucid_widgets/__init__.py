"""Feature visualization for TensorFlow 2, live in Jupyter."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lucid_widgets.widgets.activation_grid import ActivationGrid
    from lucid_widgets.widgets.atlas_explorer import AtlasExplorer
    from lucid_widgets.widgets.attribution_explorer import AttributionExplorer
    from lucid_widgets.widgets.caricature import Caricature
    from lucid_widgets.widgets.channel_grid import ChannelGrid
    from lucid_widgets.widgets.compare_models import CompareModels
    from lucid_widgets.widgets.deepdream import DeepDream
    from lucid_widgets.widgets.explorer import Explorer
    from lucid_widgets.widgets.feature_vis import FeatureVis
    from lucid_widgets.widgets.mixer import Mixer
    from lucid_widgets.widgets.model_browser import ModelBrowser
    from lucid_widgets.widgets.neuron_groups import NeuronGroups
    from lucid_widgets.widgets.selection import link
    from lucid_widgets.widgets.semantic_dictionary import SemanticDictionary

__all__ = [
    "ActivationGrid",
    "AtlasExplorer",
    "AttributionExplorer",
    "Caricature",
    "ChannelGrid",
    "CompareModels",
    "DeepDream",
    "Explorer",
    "FeatureVis",
    "Mixer",
    "ModelBrowser",
    "NeuronGroups",
    "SemanticDictionary",
    "__version__",
    "link",
]

# Widgets are imported on first use: `import lucid_widgets` stays fast, and
# scripts that only render never load ipywidgets.
_WIDGETS = {
    "ActivationGrid": "lucid_widgets.widgets.activation_grid",
    "AtlasExplorer": "lucid_widgets.widgets.atlas_explorer",
    "AttributionExplorer": "lucid_widgets.widgets.attribution_explorer",
    "Caricature": "lucid_widgets.widgets.caricature",
    "ChannelGrid": "lucid_widgets.widgets.channel_grid",
    "CompareModels": "lucid_widgets.widgets.compare_models",
    "DeepDream": "lucid_widgets.widgets.deepdream",
    "Explorer": "lucid_widgets.widgets.explorer",
    "FeatureVis": "lucid_widgets.widgets.feature_vis",
    "Mixer": "lucid_widgets.widgets.mixer",
    "ModelBrowser": "lucid_widgets.widgets.model_browser",
    "NeuronGroups": "lucid_widgets.widgets.neuron_groups",
    "SemanticDictionary": "lucid_widgets.widgets.semantic_dictionary",
    "link": "lucid_widgets.widgets.selection",
}


def __getattr__(name: str) -> Any:
    if name in _WIDGETS:
        return getattr(importlib.import_module(_WIDGETS[name]), name)
    raise AttributeError(f"module 'lucid_widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_WIDGETS})
