"""Measurement invariance over groups, partial releases, latent means, paths and many groups."""

from analysis.methods.invariance.causes import Cause, causes
from analysis.methods.invariance.effect_size import Noninvariance, noninvariance
from analysis.methods.invariance.groups import PreparedGroups, least_size, prepare
from analysis.methods.invariance.ladder import invariance_ladder
from analysis.methods.invariance.latent_means import LatentMeans, MeanDifference, latent_means
from analysis.methods.invariance.many import PairOfGroups, pairs_of_groups
from analysis.methods.invariance.paths import (
    PathComparison,
    PathDifference,
    PathsByGroup,
    compare_paths,
)
from analysis.methods.invariance.records import FitChange, FitLimits, Ladder, Release, Rung
from analysis.methods.invariance.steps import STEPS, StepName

__all__ = [
    "STEPS",
    "Cause",
    "FitChange",
    "FitLimits",
    "Ladder",
    "LatentMeans",
    "MeanDifference",
    "Noninvariance",
    "PairOfGroups",
    "PathComparison",
    "PathDifference",
    "PathsByGroup",
    "PreparedGroups",
    "Release",
    "Rung",
    "StepName",
    "causes",
    "compare_paths",
    "invariance_ladder",
    "latent_means",
    "least_size",
    "noninvariance",
    "pairs_of_groups",
    "prepare",
]
