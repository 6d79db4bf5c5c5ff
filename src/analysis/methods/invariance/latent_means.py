"""Latent means of groups, where the ladder licenses their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.methods.invariance.records import Ladder
from analysis.sem import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """Mean of ``group`` less that of ``reference``, in standard deviations of the first group.

    ``p_holm`` is corrected over all pairs and factors; ``full`` is the difference that full
    scalar invariance would give, NaN where it is in force anyway.
    """

    factor: str
    group: str
    reference: str
    est: float
    se: float
    ci_lower: float
    ci_upper: float
    p: float
    p_holm: float
    full: float


@dataclass(frozen=True)
class LatentMeans:
    """Differences of all pairs of groups; empty where they are not ``licensed``.

    ``anchors`` counts the invariant items of each factor.
    """

    licensed: bool
    partial: bool
    differences: tuple[MeanDifference, ...]
    anchors: dict[str, int]


def latent_means(ladder: Ladder, *, level: float = 0.95) -> LatentMeans:
    """Compare latent means under scalar invariance: full, or partial with two items a factor."""
    rung = ladder.scalar
    if rung is None:
        return LatentMeans(False, False, (), {})
    full = ladder.full_scalar if rung.released else None
    full = full if full is not None and full.outcome.admissible else None
    factors = [f for f in ladder.factors if f in rung.solution.latent]
    rows = [
        row
        for factor in factors
        for row in _differences(rung.solution, full, factor, float(ndtri(0.5 + level / 2.0)))
    ]
    adjusted = holm([row.p for row in rows])
    found = tuple(
        MeanDifference(
            r.factor, r.group, r.reference, r.est, r.se, r.ci_lower, r.ci_upper, r.p, p, r.full
        )
        for r, p in zip(rows, adjusted, strict=True)
    )
    return LatentMeans(True, bool(rung.released), found, ladder.anchors(rung))


def _differences(
    solution: Solution, full: Solution | None, factor: str, quantile: float
) -> list[MeanDifference]:
    labels = solution.partable.groups
    means, V = _means(solution, factor)
    other = _means(full, factor)[0] if full is not None else np.full(len(labels), nan)
    found = []
    for j in range(len(labels)):
        for i in range(j + 1, len(labels)):
            est = float(means[i] - means[j])
            se = sqrt(max(float(V[i, i] + V[j, j] - 2.0 * V[i, j]), 0.0))
            p = float(2.0 * ndtr(-abs(est / se))) if se > 0 else nan
            found.append(
                MeanDifference(
                    factor, labels[i], labels[j], est, se, est - quantile * se,
                    est + quantile * se, p, nan, float(other[i] - other[j]),
                )
            )  # fmt: skip
    return found


def _means(solution: Solution, factor: str) -> tuple[Array, Array]:
    """Means (g,) of a factor over groups and their covariances (g, g)."""
    count = len(solution.partable.groups)
    means, V = np.zeros(count), np.zeros((count, count))
    at = {
        r.group - 1: r.free - 1 for r in solution.fit.model.free if r.op == "~1" and r.lhs == factor
    }
    vcov = solution.inference.vcov
    for g, i in at.items():
        means[g] = solution.fit.theta[i]
        for h, j in at.items():
            V[g, h] = nan if vcov is None else vcov[i, j]
    return means, V


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """p values adjusted after Holm (1979); NaN where there is none, not counted."""
    known = [i for i, value in enumerate(p) if value == value]
    order = sorted(known, key=lambda i: p[i])
    adjusted = [nan] * len(p)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        adjusted[i] = highest
    return tuple(adjusted)
