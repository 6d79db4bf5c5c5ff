"""Loadings, reliability and discriminant validity of a fitted solution."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.methods.measurement import formulas
from analysis.methods.measurement.coefficients import COEFFICIENTS, coefficients
from analysis.methods.measurement.points import blocks, loading_cells, solved
from analysis.methods.measurement.records import DiscriminantValidity, Loading, Reliability
from analysis.methods.measurement.resampled import ONE_SIDED, Resampled, paired
from analysis.sem import Solution
from analysis.sem.resampling import limits

Array = NDArray[np.float64]


def loadings(solution: Solution, *, group: int = 1) -> tuple[Loading, ...]:
    """Loadings of all factors in one group (1-based), in the order of the model."""
    explained = solution.r2_of(group - 1)
    return tuple(
        Loading(
            e.lhs, e.rhs, e.est, e.se, e.p, e.std_all, e.std_all_se, e.std_all_ci_lower,
            e.std_all_ci_upper, explained.get(e.rhs, nan),
        )
        for e in solution.estimates
        if e.op == "=~" and e.group == group
    )  # fmt: skip


def reliability(solution: Solution, resampled: Resampled | None = None) -> tuple[Reliability, ...]:
    """Reliability of every factor with at least two indicators, group after group.

    With ``resampled`` every coefficient has its two-sided 95% percentile interval.
    """
    return tuple(
        record
        for group in range(1, len(solution.partable.groups) + 1)
        for record in _reliability(solution, group, resampled)
    )


def _reliability(
    solution: Solution, group: int, resampled: Resampled | None = None
) -> list[Reliability]:
    own = blocks(solution, group)
    if not own:
        return []
    at = solved(solution, group)
    found = {
        name: values[0]
        for name, values in coefficients(at, own, loading_cells(solution, group)).items()
    }
    spans = {}
    if resampled is not None:
        spans = {name: resampled.limits(group, name, found[name]) for name in COEFFICIENTS}
    return [
        Reliability(
            construct=block.construct,
            n_items=len(block.parts),
            group=group,
            higher=block.higher,
            clean=block.clean,
            ordered=all(int(i) in at.thresholds for i in block.items),
            intervals={n: (float(s[0, j]), float(s[1, j])) for n, s in spans.items()},
            **{name: float(found[name][j]) for name in COEFFICIENTS},
        )
        for j, block in enumerate(own)
    ]


def discriminant_validity(
    solution: Solution, *, group: int = 1, resampled: Resampled | None = None
) -> DiscriminantValidity:
    """Fornell-Larcker, HTMT and HTMT2 of one group's factors (1-based) with two or more items.

    Of ordered items HTMT and HTMT2 take polychoric correlations.
    """
    members = paired(solution, group)
    names, m = tuple(members), len(members)
    at = solved(solution, group)
    table = {r.construct: r for r in _reliability(solution, group)}
    positions = {b.construct: b.factor for b in blocks(solution, group)}
    factors = np.array([positions[name] for name in names], dtype=np.intp)
    low = np.tril_indices(m, -1)
    criterion = np.full((m, m), nan)
    criterion[low] = at.latent_correlation(factors)[0][low]
    criterion[np.arange(m), np.arange(m)] = np.sqrt([table[name].ave for name in names])
    with np.errstate(invalid="ignore"):
        ratios = [
            formulas.htmt(at.correlation[0], solution.names, members, geometric=g)
            for g in (False, True)
        ]
    uppers = [np.full((m, m), nan) for _ in ratios]
    if resampled is not None:
        draws = resampled.groups[group - 1]
        for upper, ratio, values in zip(uppers, ratios, (draws.htmt, draws.htmt2), strict=True):
            upper[low] = limits("percentile", values, ratio[low], level=ONE_SIDED)[1]
    return DiscriminantValidity(names, criterion, *ratios, *uppers)
