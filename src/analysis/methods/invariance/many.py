"""Many groups: invariance of each pair, and which group deviates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan

from analysis.methods.invariance.ladder import invariance_ladder
from analysis.methods.invariance.latent_means import holm
from analysis.methods.invariance.records import FitChange
from analysis.sem import Moments
from analysis.sem.estimate import Missing
from analysis.sem.estimators import Estimator
from analysis.syntax import ModelSyntax


@dataclass(frozen=True, slots=True)
class PairOfGroups:
    """Equal loadings and intercepts against none, for two groups at a time.

    ``stat``, ``df`` and ``p`` are those of the difference test (``p_holm`` over all pairs);
    ``change`` is the change of fit. NaN where a model of the pair was not admissible.
    """

    first: str
    second: str
    stat: float
    df: float
    p: float
    p_holm: float
    change: FitChange


def pairs_of_groups(
    model: str | ModelSyntax,
    moments: Moments,
    *,
    estimator: Estimator | None = None,
    missing: Missing | None = None,
    ordered: Sequence[str] = (),
) -> tuple[PairOfGroups, ...]:
    """Scalar against configural invariance of every pair of groups that can be compared."""
    found = []
    for one, other in combinations(moments.groups, 2):
        ladder = invariance_ladder(
            model, Moments(moments.names, (one, other)), estimator=estimator, missing=missing,
            ordered=ordered, steps=("configural", "scalar"), partial="none",
        )  # fmt: skip
        last = ladder.rungs[-1] if ladder.rungs else None
        test = last.difference if last else None
        change = last.change if last and last.change else FitChange(nan, nan, nan)
        stat, df, p = (test.stat, test.df, test.p) if test else (nan, nan, nan)
        found.append(PairOfGroups(one.label, other.label, stat, df, p, nan, change))
    adjusted = holm([pair.p for pair in found])
    return tuple(
        PairOfGroups(x.first, x.second, x.stat, x.df, x.p, p, x.change)
        for x, p in zip(found, adjusted, strict=True)
    )
