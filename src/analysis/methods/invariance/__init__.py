"""Measurement invariance over groups, partial releases, latent means, paths, permutations."""

from analysis.methods.invariance.causes import Cause, causes
from analysis.methods.invariance.effect_size import noninvariance
from analysis.methods.invariance.group_effects import (
    EffectDifference,
    EffectInGroup,
    GroupEffect,
    group_effects,
)
from analysis.methods.invariance.groups import PreparedGroups, least_size, prepare
from analysis.methods.invariance.ladder import invariance_ladder
from analysis.methods.invariance.latent_means import LatentMeans, MeanDifference, latent_means
from analysis.methods.invariance.many import PairOfGroups, pairs_of_groups
from analysis.methods.invariance.path_permutation import (
    PermutedPath,
    PermutedPaths,
    permuted_paths,
)
from analysis.methods.invariance.paths import (
    PathComparison,
    PathDifference,
    PathsByGroup,
    compare_paths,
)
from analysis.methods.invariance.permutation import (
    PermutedCause,
    PermutedLadder,
    PermutedStep,
    complete_groups,
    permuted_ladder,
)
from analysis.methods.invariance.records import (
    FitChange,
    FitLimits,
    Ladder,
    Noninvariance,
    Release,
    Rung,
)
from analysis.methods.invariance.steps import STEPS, StepName

__all__ = [
    "STEPS",
    "Cause",
    "EffectDifference",
    "EffectInGroup",
    "FitChange",
    "FitLimits",
    "GroupEffect",
    "Ladder",
    "LatentMeans",
    "MeanDifference",
    "Noninvariance",
    "PairOfGroups",
    "PathComparison",
    "PathDifference",
    "PathsByGroup",
    "PermutedCause",
    "PermutedLadder",
    "PermutedPath",
    "PermutedPaths",
    "PermutedStep",
    "PreparedGroups",
    "Release",
    "Rung",
    "StepName",
    "causes",
    "compare_paths",
    "complete_groups",
    "group_effects",
    "invariance_ladder",
    "latent_means",
    "least_size",
    "noninvariance",
    "pairs_of_groups",
    "permuted_ladder",
    "permuted_paths",
    "prepare",
]
