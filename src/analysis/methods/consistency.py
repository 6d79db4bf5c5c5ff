"""How consistent a brand is across groups of customers: one index for each pair, from 0 to 100.

For each construct two shares are multiplied. *Measured alike* is how far the items work alike: an
item whose expected answers lie dMACS standard deviations apart at equal scores (Nye & Drasgow
2011) has answers that overlap by 2 Phi(-dMACS / 2); the share is the mean over the construct's
items. *Felt alike* is the overlapping coefficient of the two latent distributions, the area under
both curves (Inman & Bradley 1989). The index of a pair is 100 times the mean product over its
constructs. Groups that answer and feel alike reach 100; a latent difference of .2 standard
deviations alone gives 92, one of .5 gives 80, one of .8 gives 69.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem import Solution
from analysis.sem.implied import implied
from analysis.sem.resampling.bootstrap import bootstrap
from analysis.sem.resampling.intervals import IntervalKind, limits
from analysis.sem.resampling.refit import FAILED

Array = NDArray[np.float64]

NEARLY_EQUAL = 1e-8


@dataclass(frozen=True, slots=True)
class ConstructConsistency:
    """Shares of one construct in a pair of groups, from 0 to 1; ``worst`` is its worst item.

    ``worst`` is empty where all items work alike.
    """

    factor: str
    measured: float
    felt: float
    worst: str


@dataclass(frozen=True)
class PairConsistency:
    """Index of a pair of groups (0 to 100) with its interval, and the shares it is made of."""

    first: str
    second: str
    index: float
    ci_lower: float
    ci_upper: float
    measured: float
    felt: float
    constructs: tuple[ConstructConsistency, ...]


@dataclass(frozen=True)
class Consistency:
    """All pairs; ``n`` respondents, ``draws`` resamples that gave a solution."""

    pairs: tuple[PairConsistency, ...]
    n: int
    draws: int


def consistency(
    solution: Solution, *, draws: int = 500, seed: int = 1, level: float = 0.95
) -> Consistency:
    """Index of every pair of groups with bootstrap intervals.

    Parameters
    ----------
    solution : a measurement model of several groups with means, under scalar invariance but for
        the loadings and intercepts that were released; complete answers, maximum likelihood.
    draws : resamples of respondents (clusters, where the data have them) within each group; the
        model stays the same in all of them.
    seed : of the random numbers.
    level : of the intervals, see ``wider_limits``.
    """
    points = solution.fit.theta[:, None]
    if draws:
        found = bootstrap(solution, draws=draws, seed=seed, progress=False).refits
        points = np.concatenate([points, found.theta[found.status != FAILED].T], axis=1)
    parts = [_Group.of(solution, g, points) for g in range(len(solution.partable.groups))]
    pairs = tuple(
        _pair(solution, (i, j), (parts[i], parts[j]), level)
        for i, j in combinations(range(len(parts)), 2)
    )
    return Consistency(pairs, solution.n, points.shape[1] - 1)


@dataclass(frozen=True)
class _Group:
    """One group at D points: item lines (D, items), item variances, latent means and variances.

    Items come factor by factor, as ``factor`` (items,) says.
    """

    factors: tuple[str, ...]
    items: tuple[str, ...]
    factor: NDArray[np.intp]
    intercept: Array
    loading: Array
    variance: Array
    latent_mean: Array
    latent_variance: Array
    n: int

    @classmethod
    def of(cls, solution: Solution, g: int, points: Array) -> _Group:
        """Group ``g`` (from 0) at ``points`` (q, D)."""
        model = solution.fit.model.groups[g]
        at = implied(model, points)
        A, _, m = model.matrices(points)
        place = {name: i for i, name in enumerate(model.variables)}
        rows = [r for r in solution.partable.rows if r.op == "=~" and r.group == g + 1]
        factors = tuple(dict.fromkeys(r.lhs for r in rows))
        own = [place[name] for name in factors]
        item = [place[r.rhs] for r in rows]
        return cls(
            factors, tuple(r.rhs for r in rows),
            np.array([factors.index(r.lhs) for r in rows], dtype=np.intp),
            m[:, item], A[:, item, [place[r.lhs] for r in rows]],
            at.C[:, item, item], at.t[:, own], at.C[:, own, own],
            solution.fit.moments.groups[g].n,
        )  # fmt: skip


def _pair(
    solution: Solution, at: tuple[int, int], groups: tuple[_Group, _Group], level: float
) -> PairConsistency:
    one, other = groups
    alike = overlap_of_shift(_dmacs(one, other))
    felt = overlap(one.latent_mean, one.latent_variance, other.latent_mean, other.latent_variance)
    members = [one.factor == f for f in range(len(one.factors))]
    measured = np.stack([alike[:, mine].mean(axis=1) for mine in members], axis=1)
    index = 100.0 * (measured * felt).mean(axis=1)
    low, high = wider_limits(index, level)
    labels = solution.partable.groups
    constructs = []
    for f, (name, mine) in enumerate(zip(one.factors, members, strict=True)):
        shares, items = alike[0, mine], [i for i, m in zip(one.items, mine, strict=True) if m]
        worst = items[int(shares.argmin())] if shares.min() < 1.0 - NEARLY_EQUAL else ""
        constructs.append(
            ConstructConsistency(name, float(measured[0, f]), float(felt[0, f]), worst)
        )
    return PairConsistency(
        labels[at[0]], labels[at[1]], float(index[0]), low, high,
        float(measured[0].mean()), float(felt[0].mean()), tuple(constructs),
    )  # fmt: skip


def wider_limits(index: Array, level: float) -> tuple[float, float]:
    """The outer ones of percentile and basic bootstrap limits, 100 at most.

    ``index`` (1 + D,) is the estimate and its resamples. Chance only ever makes groups look less
    alike, so that near 100 resamples lie below the estimate and percentile limits below the
    truth, while basic limits, which correct for that, are too narrow further away.
    """
    draws = index[1:, None]
    if not len(draws):
        return float("nan"), float("nan")
    kinds: tuple[IntervalKind, ...] = ("percentile", "basic")
    both = [limits(kind, draws, index[:1], level=level)[:, 0] for kind in kinds]
    return float(min(x[0] for x in both)), float(min(100.0, max(x[1] for x in both)))


def _dmacs(one: _Group, other: _Group) -> Array:
    """dMACS (D, items) over both groups' latent distributions in equal parts."""
    a, b = other.intercept - one.intercept, other.loading - one.loading
    squares = np.zeros_like(a)
    for group in (one, other):
        mean, variance = group.latent_mean[:, one.factor], group.latent_variance[:, one.factor]
        squares += 0.5 * ((a + b * mean) ** 2 + b**2 * variance)
    n = np.array([one.n - 1.0, other.n - 1.0])
    sd = (n[0] * np.sqrt(one.variance) + n[1] * np.sqrt(other.variance)) / n.sum()
    found: Array = np.sqrt(squares) / sd
    return found


def overlap_of_shift(distance: Array) -> Array:
    """Overlap of two normal distributions ``distance`` standard deviations apart."""
    found: Array = 2.0 * ndtr(-0.5 * np.abs(distance))
    return found


def overlap(
    mean1: Array | float, variance1: Array | float, mean2: Array | float, variance2: Array | float
) -> Array:
    """Area under both of two normal densities, of any means and variances."""
    m1, v1, m2, v2 = np.broadcast_arrays(*_floats(mean1, variance1, mean2, variance2))
    swap = v1 > v2
    m1, m2 = np.where(swap, m2, m1), np.where(swap, m1, m2)
    v1, v2 = np.where(swap, v2, v1), np.where(swap, v1, v2)
    s1, s2 = np.sqrt(v1), np.sqrt(v2)
    equal = v2 - v1 <= NEARLY_EQUAL * v2
    a = np.where(equal, 1.0, v2 - v1)
    half = m1 * v2 - m2 * v1
    c = m1**2 * v2 - m2**2 * v1 - v1 * v2 * np.log(v2 / v1)
    root = np.sqrt(np.maximum(half**2 - a * c, 0.0))
    low, high = (half - root) / a, (half + root) / a
    inner1 = ndtr((high - m1) / s1) - ndtr((low - m1) / s1)
    inner2 = ndtr((high - m2) / s2) - ndtr((low - m2) / s2)
    return np.where(equal, overlap_of_shift((m1 - m2) / s2), 1.0 - inner1 + inner2)


def _floats(*values: Array | float) -> Sequence[Array]:
    return [np.asarray(v, dtype=float) for v in values]
