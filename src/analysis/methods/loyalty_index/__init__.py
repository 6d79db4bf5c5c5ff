"""The loyalty index: indicators on 0-100, weights, levels with intervals, trend, NPS, tiers."""

from analysis.methods.loyalty_index.indicators import (
    Indicator,
    Indicators,
    construct_score,
    stretched,
)
from analysis.methods.loyalty_index.levels import Cell, Levels, Ranks, levels, ranks, resampled
from analysis.methods.loyalty_index.matrix import LoyaltyMatrix, loyalty_matrix
from analysis.methods.loyalty_index.nps import (
    NetPromoter,
    NetPromoterDifference,
    net_promoter,
    net_promoter_differences,
)
from analysis.methods.loyalty_index.trend import Trend, trend
from analysis.methods.loyalty_index.weights import (
    METHODS,
    Judgement,
    Weighting,
    expert_weights,
    index_weights,
    item_weights,
)

__all__ = [
    "METHODS",
    "Cell",
    "Indicator",
    "Indicators",
    "Judgement",
    "Levels",
    "LoyaltyMatrix",
    "NetPromoter",
    "NetPromoterDifference",
    "Ranks",
    "Trend",
    "Weighting",
    "construct_score",
    "expert_weights",
    "index_weights",
    "item_weights",
    "levels",
    "loyalty_matrix",
    "net_promoter",
    "net_promoter_differences",
    "ranks",
    "resampled",
    "stretched",
    "trend",
]
