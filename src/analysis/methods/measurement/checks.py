"""What forbids trust in good figures: too few respondents, no common variance, one construct twice,
items that run the wrong way, and respondents who tick one answer throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.methods.measurement.distinct import Pair, indistinct
from analysis.methods.measurement.points import blocks
from analysis.sem import Solution
from analysis.sem.inference import free_directions

Array = NDArray[np.float64]
LEAST_ITEMS = 8
"""Equal answers to fewer items than this are no sign of inattention."""


@dataclass(frozen=True)
class Checks:
    """Facts that limit what may be concluded from a measurement model.

    ``null_rmsea`` is RMSEA of the independence model: how much there is to explain. ``opposed``
    are items whose loading has the sign that most items of their construct do not have, with
    their group. ``alike`` are pairs of constructs whose correlation may be 1. ``uniform`` is the
    share of respondents with one and the same answer to all items as given, NaN where that cannot
    be known or means nothing.
    """

    n: int
    npar: int
    null_rmsea: float
    opposed: tuple[tuple[str, int], ...]
    alike: tuple[Pair, ...]
    uniform: float
    items: int


def checks(
    solution: Solution, *, pairs: Sequence[Pair] = (), presented: Array | None = None
) -> Checks:
    """Look at a solution and, where there are any, at answers ``presented`` (n, p).

    Parameters
    ----------
    pairs : factor correlations, to find constructs that may be one.
    presented : answers as they were given, before reversed items were turned.
    """
    estimated = solution.outcome.estimated
    return Checks(
        solution.n,
        int(free_directions(solution.fit)),
        _null_rmsea(solution),
        _opposed(solution) if estimated else (),
        indistinct(tuple(pairs)),
        uniform_share(presented) if presented is not None else nan,
        len(solution.names),
    )


def _null_rmsea(solution: Solution) -> float:
    found = [solution.measures.get(f"baseline.{name}") for name in ("chisq", "df")]
    chisq, df = (nan if m is None else m.value for m in found)
    if not solution.outcome.estimated:
        chisq, df = _likelihood_ratio(solution)
    if not (isfinite(chisq) and df > 0):
        return nan
    n, groups = solution.inference.n_scale, solution.inference.groups
    return sqrt(groups * max(chisq - df, 0.0) / (n * df))


def _likelihood_ratio(solution: Solution) -> tuple[float, float]:
    """Chi-square of uncorrelated items and its df, from sample moments alone."""
    chisq = df = 0.0
    for group in solution.fit.moments.groups:
        sd = np.sqrt(np.diag(group.cov))
        with np.errstate(invalid="ignore", divide="ignore"):
            sign, logarithm = np.linalg.slogdet(group.cov / np.outer(sd, sd))
        chisq += -group.size * float(logarithm) if sign > 0 else nan
        df += len(sd) * (len(sd) - 1) / 2
    return chisq, df


def _opposed(solution: Solution) -> tuple[tuple[str, int], ...]:
    std = {(e.group, e.lhs, e.rhs): e.std_all for e in solution.estimates if e.op == "=~"}
    found = []
    for group in range(1, len(solution.partable.groups) + 1):
        for block in blocks(solution, group):
            if not block.clean:
                continue
            own = {
                item: value
                for (g, construct, item), value in std.items()
                if g == group and construct == block.construct
            }
            usual = 1.0 if sum(np.sign(v) for v in own.values()) >= 0 else -1.0
            found += [(item, group) for item, value in own.items() if value * usual < 0]
    return tuple(found)


def uniform_share(presented: Array) -> float:
    """Share of respondents who gave all items (n, p) one answer; NaN with few items.

    Respondents who answered fewer than ``LEAST_ITEMS`` of them are left out.
    """
    if presented.shape[1] < LEAST_ITEMS:
        return nan
    answered = (~np.isnan(presented)).sum(axis=1) >= LEAST_ITEMS
    if not answered.any():
        return nan
    rows = presented[answered]
    return float(np.mean(np.nanmax(rows, axis=1) == np.nanmin(rows, axis=1)))
