"""Net promoter score with its margin of error, also weighted, in small samples and over waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
SMALL = 100  # below: limits by the adjusted score


@dataclass(frozen=True)
class NetPromoter:
    """Score of one group in points (-100 to 100).

    ``promoters`` (9-10) and ``detractors`` (0-6) are shares of the answers; ``n`` answers and the
    effective number ``n_eff`` under weights; ``se`` and 95% limits in points. ``adjusted`` tells
    limits of small samples.
    """

    label: str
    n: int
    n_eff: float
    promoters: float
    passives: float
    detractors: float
    score: float
    se: float
    low: float
    high: float
    adjusted: bool = False
    held: bool = False


@dataclass(frozen=True)
class NetPromoterDifference:
    """Second group less first, in points, with the standard error that shared persons leave."""

    first: str
    second: str
    difference: float
    se: float
    low: float
    high: float
    p: float


def net_promoter(
    answers: Array,
    *,
    label: str = "",
    weight: Array | None = None,
    least: int = 1,
    level: float = 0.95,
) -> NetPromoter:
    """Score of ``answers`` (n,) on 0-10, NaN where missing.

    SE = 100 sqrt((p + d - (p - d)^2) / n) with the effective n = (sum w)^2 / sum w^2 under weights
    (Kish 1965). Below 100 answers the limits are those of p and d with 3/4 promoters, 3/4
    detractors and 3/2 passives added (Rocks 2016).
    """
    known = ~np.isnan(answers)
    x = answers[known]
    w = np.ones(len(x)) if weight is None else weight[known]
    n = len(x)
    if n < max(least, 1):
        none = float("nan")
        return NetPromoter(label, n, none, none, none, none, none, none, none, none, held=True)
    total = w.sum()
    p, d = float(w[x >= 9].sum() / total), float(w[x <= 6].sum() / total)
    n_eff = float(total**2 / (w**2).sum())
    se = 100.0 * sqrt(max(p + d - (p - d) ** 2, 0.0) / n_eff)
    centre, spread = 100.0 * (p - d), se
    if adjusted := n_eff < SMALL:
        m = n_eff + 3.0
        q, e = (n_eff * p + 0.75) / m, (n_eff * d + 0.75) / m
        centre, spread = 100.0 * (q - e), 100.0 * sqrt((q + e - (q - e) ** 2) / m)
    z = float(ndtri(0.5 + level / 2.0))
    return NetPromoter(
        label, n, n_eff, p, 1.0 - p - d, d, 100.0 * (p - d), se,
        max(centre - z * spread, -100.0), min(centre + z * spread, 100.0), adjusted,
    )  # fmt: skip


def net_promoter_differences(
    answers: Array,
    group: Sequence[str | None],
    person: NDArray[np.intp],
    *,
    order: Sequence[str],
    weight: Array | None = None,
    least: int = 1,
    level: float = 0.95,
) -> tuple[NetPromoterDifference, ...]:
    """Differences of every pair of groups; persons in both groups count as what they are.

    The standard error sums each person's influence over both groups before squaring, which is
    sqrt(SE1^2 + SE2^2) where nobody is in both.
    """
    z = float(ndtri(0.5 + level / 2.0))
    label = np.array(["" if g is None else g for g in group], dtype=object)
    influence: dict[str, tuple[float, Array]] = {}
    persons = int(person.max()) + 1 if len(person) else 0
    for name in order:
        mask = (label == name) & ~np.isnan(answers)
        if mask.sum() < max(least, 1):
            continue
        x = answers[mask]
        s = 100.0 * ((x >= 9).astype(float) - (x <= 6))
        w = np.ones(len(x)) if weight is None else weight[mask]
        score = float(w @ s / w.sum())
        moved = w * (s - score) / w.sum()
        shares = np.bincount(person[mask], weights=moved, minlength=persons)
        influence[name] = score, shares.astype(float)
    found = []
    for first, second in combinations(influence, 2):
        (a, u), (b, v) = influence[first], influence[second]
        se = float(np.sqrt(((v - u) ** 2).sum()))
        p = float(2.0 * ndtr(-abs(b - a) / se)) if se > 0 else float("nan")
        found.append(
            NetPromoterDifference(first, second, b - a, se, b - a - z * se, b - a + z * se, p)
        )
    return tuple(found)
