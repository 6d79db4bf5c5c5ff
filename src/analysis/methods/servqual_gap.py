"""SERVQUAL gap scores: perception less expectation, person by person (Parasuraman et al. 1988)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as t_distribution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """An item's perception and expectation by column name."""

    construct: str
    perception: str
    expectation: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Mean gap of a construct or of one item pair (``item`` is then its perception).

    ``perception`` and ``expectation`` are means over the ``n`` respondents who answered both
    sides of at least one pair (of this pair); ``gap`` their difference with confidence limits, t
    and two-sided p; ``size`` is the gap in standard deviations of the gap scores. ``correlation``
    is that of the two sides over respondents. ``reliability`` is that of the difference score,
    NaN for single pairs.
    """

    construct: str
    item: str
    n: int
    expectation: float
    perception: float
    gap: float
    se: float
    ci_lower: float
    ci_upper: float
    t: float
    p: float
    size: float
    correlation: float
    reliability: float


@dataclass(frozen=True)
class GapScores:
    """Gaps by construct, then by item pair, and over all constructs."""

    constructs: tuple[Gap, ...]
    items: tuple[Gap, ...]
    overall: Gap


def gap_scores(
    rows: Mapping[str, Array],
    pairs: Sequence[Pair],
    *,
    weights: Array | None = None,
    level: float = 0.95,
) -> GapScores:
    """Gaps of all constructs.

    Parameters
    ----------
    rows : answers (n,) by column name, NaN where missing, reversed items already turned.
    pairs : at least one.
    weights : sampling weights (n,); None counts everybody alike.

    Notes
    -----
    A person's score of a construct is the mean over the pairs answered on both sides. The overall
    gap weighs every construct alike. Standard errors with weights are linearized.
    """
    w = np.ones(len(next(iter(rows.values())))) if weights is None else weights
    sides = [_both(rows[p.perception], rows[p.expectation]) for p in pairs]
    names = tuple(dict.fromkeys(p.construct for p in pairs))
    of = {
        name: np.array([sides[i] for i, p in enumerate(pairs) if p.construct == name])
        for name in names
    }
    items = tuple(
        _gap(p.construct, p.perception, side[None], w, level)
        for p, side in zip(pairs, sides, strict=True)
    )
    constructs = tuple(_gap(name, "", block, w, level) for name, block in of.items())
    means = np.array([_person(block) for block in of.values()])
    return GapScores(constructs, items, _gap("", "", means, w, level, reliable=False))


def _both(perception: Array, expectation: Array) -> Array:
    """Answers (2, n) of those who gave both."""
    side = np.array([perception, expectation], dtype=float)
    side[:, np.isnan(side).any(axis=0)] = np.nan
    return side


def _person(block: Array) -> Array:
    """Means (2, n) over the pairs (k, 2, n) that each person answered."""
    known = ~np.isnan(block)
    count = known.sum(axis=0)
    total = np.where(known, block, 0.0).sum(axis=0)
    means: Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return means


def _gap(
    construct: str, item: str, block: Array, weights: Array, level: float, *, reliable: bool = True
) -> Gap:
    scores = _person(block)
    keep = ~np.isnan(scores).any(axis=0)
    x, w = scores[:, keep], weights[keep]
    n = int(keep.sum())
    if n < 3:
        return Gap(construct, item, n, *(nan,) * 11)
    d = x[0] - x[1]
    mean = float(np.average(d, weights=w))
    spread = float(np.average((d - mean) ** 2, weights=w)) * n / (n - 1)
    se = sqrt(float(((w * (d - mean)) ** 2).sum()) * n / (n - 1)) / float(w.sum())
    t = mean / se if se > 0 else nan
    half = float(t_distribution.ppf(0.5 + level / 2, n - 1)) * se
    C = np.cov(x, aweights=w)
    r = float(C[0, 1] / sqrt(C[0, 0] * C[1, 1])) if C[0, 0] > 0 and C[1, 1] > 0 else nan
    return Gap(
        construct,
        item,
        n,
        float(np.average(x[1], weights=w)),
        float(np.average(x[0], weights=w)),
        mean,
        se,
        mean - half,
        mean + half,
        t,
        float(2 * t_distribution.sf(abs(t), n - 1)),
        mean / sqrt(spread) if spread > 0 else nan,
        r,
        difference_reliability(block) if reliable and len(block) > 1 else nan,
    )


def difference_reliability(block: Array) -> float:
    """Reliability of the difference of two scales (Peter, Churchill & Brown 1993).

    ``block`` (k, 2, n) are k pairs; the two sides' reliabilities are Cronbach's alpha, over those
    who answered everything. NaN where nothing differs.
    """
    whole = block[:, :, ~np.isnan(block).any(axis=(0, 1))]
    if whole.shape[2] < 3:
        return nan
    a, b = (_alpha(whole[:, side]) for side in (0, 1))
    C = np.cov(whole.mean(axis=0))
    bottom = C[0, 0] + C[1, 1] - 2.0 * C[0, 1]
    if not bottom > 1e-12:
        return nan
    return float((C[0, 0] * a + C[1, 1] * b - 2.0 * C[0, 1]) / bottom)


def _alpha(items: Array) -> float:
    """Cronbach's alpha of items (k, n)."""
    k = len(items)
    C = np.cov(items)
    return float(k / (k - 1) * (1.0 - np.trace(C) / C.sum())) if C.sum() > 0 else nan
