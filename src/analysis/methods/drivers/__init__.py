"""Drivers of an outcome: what blocks add, importance and performance, elasticities, what if."""

from analysis.methods.drivers.blocks import Block, Outcome, driver_blocks, without_paths
from analysis.methods.drivers.draws import (
    DrawKind,
    Draws,
    Estimated,
    draws_of,
    percentile_limits,
    with_means,
)
from analysis.methods.drivers.importance import (
    Elasticity,
    Importance,
    ImportanceMap,
    Indexed,
    elasticities,
    importance_map,
    indexed,
)
from analysis.methods.drivers.scale import AS_IT_IS, Points, Unit, drivers_of, points
from analysis.methods.drivers.what_if import Change, Lever, OutcomeKind, Response, WhatIf, what_if

__all__ = [
    "AS_IT_IS",
    "Block",
    "Change",
    "DrawKind",
    "Draws",
    "Elasticity",
    "Estimated",
    "Importance",
    "ImportanceMap",
    "Indexed",
    "Lever",
    "Outcome",
    "OutcomeKind",
    "Points",
    "Response",
    "Unit",
    "WhatIf",
    "draws_of",
    "driver_blocks",
    "drivers_of",
    "elasticities",
    "importance_map",
    "indexed",
    "percentile_limits",
    "points",
    "what_if",
    "with_means",
    "without_paths",
]
