"""Are two constructs one? Factor correlations and nested tests (Ronkko & Cho 2022)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.errors import ModelError
from analysis.methods.measurement.points import blocks, solved
from analysis.methods.measurement.resampled import TWO_SIDED, Resampled, paired
from analysis.sem import DifferenceTest, Solution, difference_test
from analysis.sem.constraints import complex_step
from analysis.sem.fit import fit
from analysis.sem.implied import implied
from analysis.sem.inference import infer
from analysis.sem.model import compile_model
from analysis.sem.resampling import limits
from analysis.syntax import Parameter, ParTable

Array = NDArray[np.float64]

CICFA = "CICFA(sys) [Ronkko & Cho 2022, 95% CI of the factor correlation]"
CHI2 = "chi2(sys) [Ronkko & Cho 2022, correlation fixed at the cut-off]"
MERGED = "chi2(merge) [two factors taken as one]"


@dataclass(frozen=True)
class Pair:
    """Two constructs of one group, their correlation ``est`` and its 95% limits.

    ``ci_lower`` and ``ci_upper`` are by the delta method, ``boot_lower`` and ``boot_upper``
    bootstrap percentiles. ``at_cutoff`` tests the model against one that fixes the correlation at
    the cut-off's size, ``merged`` against one with a single construct in their place; both None
    where they do not apply. A correlation beyond the cut-off needs no test: ``beyond``.
    """

    first: str
    second: str
    group: int
    est: float
    ci_lower: float
    ci_upper: float
    boot_lower: float
    boot_upper: float
    beyond: bool
    at_cutoff: DifferenceTest | None
    merged: DifferenceTest | None

    @property
    def farthest(self) -> float:
        """The limit farther from zero, of the bootstrap where there is one, in size."""
        known = [self.boot_lower, self.boot_upper]
        if not np.isfinite(known).all():
            known = [self.ci_lower, self.ci_upper]
        return float(np.max(np.abs(known)))


def factor_pairs(
    solution: Solution,
    *,
    cutoff: float = 0.9,
    resampled: Resampled | None = None,
    tests: bool = True,
) -> tuple[Pair, ...]:
    """All pairs of constructs with two or more items, group after group.

    Parameters
    ----------
    solution : an estimated solution; correlations may be parameters or follow from paths.
    cutoff : size of a correlation beyond which constructs can hardly be told apart.
    resampled : bootstrap draws, for percentile limits.
    tests : whether to fit the nested models. They are fitted for models of one group whose
        factors correlate freely, without constraints; elsewhere there are no tests.
    """
    found = []
    scaled = _unit_variances(solution) if tests and solution.outcome.admissible else None
    for group in range(1, len(solution.partable.groups) + 1):
        names = list(paired(solution, group))
        estimates, errors = _correlations(solution, group, names)
        spans = np.full((2, len(estimates)), nan)
        if resampled is not None and len(estimates):
            draws = resampled.groups[group - 1].correlation
            spans = limits("percentile", draws, estimates, level=TWO_SIDED)
        reach = float(ndtri(0.5 + TWO_SIDED / 2.0)) * errors
        pairs = [(names[j], names[i]) for i in range(len(names)) for j in range(i)]
        for at, (first, second) in enumerate(pairs):
            est = float(estimates[at])
            beyond = abs(est) >= cutoff
            apart = merged = None
            if scaled is not None:
                merged = _merged(solution, scaled, first, second)
                if not beyond:
                    size = float(np.copysign(cutoff, est))
                    apart = _at_cutoff(solution, scaled, first, second, size)
            found.append(
                Pair(
                    first, second, group, est, float(est - reach[at]), float(est + reach[at]),
                    float(spans[0, at]), float(spans[1, at]), beyond, apart, merged,
                )
            )  # fmt: skip
    return tuple(found)


def _correlations(solution: Solution, group: int, names: list[str]) -> tuple[Array, Array]:
    """Estimates and delta-method standard errors (pairs,), below the diagonal row by row."""
    positions = {b.construct: b.factor for b in blocks(solution, group)}
    factors = np.array([positions[name] for name in names], dtype=np.intp)
    row, col = np.tril_indices(len(names), -1)
    estimates = solved(solution, group).latent_correlation(factors)[0][row, col]
    vcov = solution.inference.vcov
    if vcov is None or not len(row):
        return estimates, np.full(len(row), nan)
    model = solution.fit.model.groups[group - 1]

    def correlation(theta: NDArray[np.generic]) -> NDArray[np.generic]:
        C = implied(model, theta).C
        i, j = factors[row], factors[col]
        found: NDArray[np.generic] = (C[..., i, j] / np.sqrt(C[..., i, i] * C[..., j, j])).T
        return found

    with np.errstate(all="ignore"):
        J = complex_step(correlation, solution.fit.theta)
        return estimates, np.sqrt(np.einsum("ri,ij,rj->r", J, vcov, J))


def _unit_variances(solution: Solution) -> ParTable | None:
    """The table with factor variances 1 and all loadings free; None where that changes the model.

    Searches start at the solution, brought to this scale.
    With constraints, several groups or paths among factors it may.
    """
    table = solution.partable
    latent = set(table.latent)
    rows = table.rows
    simple = (
        len(table.groups) == 1
        and not any(r.op in ("==", "<", ">", ":=", "~") for r in rows)
        and not any(r.op == "=~" and r.rhs in latent for r in rows)
        and not any(r.label for r in rows)
        and not solution.fit.constraints.any
    )
    if not simple:
        return None
    own = {(e.lhs, e.op, e.rhs): e.std_lv for e in solution.estimates}
    several = {b.construct for b in blocks(solution, 1)}
    freed = {r.lhs for r in rows if _is_variance(r) and r.free and r.lhs in several}
    changed = []
    for r in rows:
        start = own[(r.lhs, r.op, r.rhs)] if r.op in ("=~", "~~") else r.ustart
        if _is_variance(r) and r.lhs in freed:
            changed.append(replace(r, free=0, ustart=1.0))
        elif r.free or (r.op == "=~" and r.lhs in freed):
            changed.append(replace(r, free=max(r.free, 1), ustart=start))
        else:
            changed.append(r)
    return _numbered(table, changed)


def _is_variance(row: Parameter) -> bool:
    return row.op == "~~" and row.lhs == row.rhs


def _numbered(table: ParTable, rows: list[Parameter]) -> ParTable:
    """The table with other rows, free parameters numbered anew."""
    found, free = [], 0
    for place, row in enumerate(rows, start=1):
        free += row.free > 0
        found.append(replace(row, id=place, free=free if row.free > 0 else 0))
    return ParTable(tuple(found), table.groups, table.options)


def _is_pair(row: Parameter, first: str, second: str) -> bool:
    return row.op == "~~" and {row.lhs, row.rhs} == {first, second}


def _at_cutoff(
    solution: Solution, table: ParTable, first: str, second: str, value: float
) -> DifferenceTest | None:
    if not any(_is_pair(r, first, second) and r.free for r in table.rows):
        return None
    rows = [
        replace(r, free=0, ustart=float(value)) if _is_pair(r, first, second) else r
        for r in table.rows
    ]
    return _tested(solution, _numbered(table, rows))


def _merged(solution: Solution, table: ParTable, first: str, second: str) -> DifferenceTest | None:
    """The second construct's items on the first; its own variance and covariances fall away."""
    rows = [replace(r, lhs=first) if r.op == "=~" and r.lhs == second else r for r in table.rows]
    return _tested(solution, _numbered(table, [r for r in rows if second not in (r.lhs, r.rhs)]))


def _tested(solution: Solution, table: ParTable) -> DifferenceTest | None:
    """The difference test of a restricted table; None where it cannot be fitted."""
    moments, preset = solution.fit.moments, solution.preset
    try:
        restricted = fit(compile_model(table, moments), moments, loss=solution.fit.loss)
        if not restricted.outcome.estimated:
            return None
        wishart = solution.fit.loss == "ML" and solution.inference.n_scale < moments.n
        inference = infer(
            restricted, information=preset.information, se=preset.se, test=preset.test,
            wishart=wishart,
        )  # fmt: skip
        return difference_test(
            Solution(restricted, inference, solution.estimator, preset), solution
        )
    except (ModelError, np.linalg.LinAlgError):
        return None


def indistinct(pairs: tuple[Pair, ...], limit: float = 1.0) -> tuple[Pair, ...]:
    """Pairs whose correlation may be 1: the interval reaches ``limit`` in size."""
    return tuple(p for p in pairs if p.farthest >= limit or abs(p.est) >= limit)
