"""Common method bias: what the way of asking may have added to the answers."""

from analysis.methods.method_bias.latent_factor import Change, LatentMethod, latent_method
from analysis.methods.method_bias.marker import MarkerAnalysis, MarkerModel, marker_analysis
from analysis.methods.method_bias.observed import (
    Adjusted,
    Collinearity,
    Harman,
    LindellWhitney,
    full_collinearity,
    harman,
    lindell_whitney,
)
from analysis.methods.method_bias.texts import all_items, item_blocks, single_factor

__all__ = [
    "Adjusted",
    "Change",
    "Collinearity",
    "Harman",
    "LatentMethod",
    "LindellWhitney",
    "MarkerAnalysis",
    "MarkerModel",
    "all_items",
    "full_collinearity",
    "harman",
    "item_blocks",
    "latent_method",
    "lindell_whitney",
    "marker_analysis",
    "single_factor",
]
