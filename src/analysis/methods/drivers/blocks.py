"""What each block of drivers adds to satisfaction and loyalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import comb, nan

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.methods.drivers.draws import Draws, Estimated, estimated_columns
from analysis.methods.drivers.scale import drivers_of
from analysis.sem import Solution, wald_test
from analysis.sem.implied import implied
from analysis.syntax import Definition, Formula, ModelSyntax, Modifier, Statement

Array = NDArray[np.float64]
Refit = Callable[[ModelSyntax], Solution]
MOST_DRIVERS = 12


@dataclass(frozen=True, slots=True)
class Block:
    """One driver and what it does for one outcome.

    ``r2_change`` is the loss of R2 when the driver's paths to all outcomes are fixed to zero and
    the model is refitted; ``stat``, ``df`` and ``p`` a robust Wald test of its paths to this
    outcome. ``f2`` is Cohen's effect size of the direct path among the equation's predictors;
    ``dominance`` the driver's share of the R2 that all drivers explain together (general
    dominance), ``total`` its standardized total effect. NaN where there is no direct path.
    """

    name: str
    outcome: str
    paths: int
    r2_change: float
    stat: float
    df: int
    p: float
    f2: Estimated
    total: Estimated
    dominance: Estimated
    rank: int


@dataclass(frozen=True)
class Outcome:
    """An outcome's blocks, the most dominant first.

    ``r2`` is that of its equation, ``r2_drivers`` what the drivers explain without the other
    outcomes.
    """

    name: str
    r2: Estimated
    r2_drivers: Estimated
    blocks: tuple[Block, ...]


def driver_blocks(
    solution: Solution, outcomes: Sequence[str], draws: Draws, *, refit: Refit, syntax: ModelSyntax
) -> tuple[Outcome, ...]:
    """Blocks of every outcome; drivers are what leads to it and is no outcome itself."""
    lost = _lost(solution, outcomes, refit, syntax)
    return tuple(_outcome(solution, name, outcomes, draws, lost) for name in outcomes)


def _outcome(
    solution: Solution,
    name: str,
    outcomes: Sequence[str],
    draws: Draws,
    lost: dict[str, dict[str, float]],
) -> Outcome:
    drivers = [d for d in drivers_of(solution, name) if d not in outcomes]
    direct = [r.rhs for r in solution.partable.rows if r.op == "~" and r.lhs == name]
    sides = [_covariances(solution, t) for t in (solution.fit.theta[None], draws.theta)]
    whole = [_r2_of_equation(C, solution, name, direct) for C in sides]
    f2 = [_f2(C, solution, name, direct) for C in sides]
    shares, explained = zip(*(_dominance(C, solution, name, drivers) for C in sides))
    totals = [_total(solution, t, name, drivers) for t in (solution.fit.theta[None], draws.theta)]
    order = np.argsort(-shares[0][0], kind="stable")
    rank = {drivers[j]: position for position, j in enumerate(order, start=1)}
    f2_of, total_of = estimated_columns(*f2), estimated_columns(*totals)
    dominance_of = estimated_columns(*shares)
    rows = []
    for j, driver in enumerate(drivers):
        stat, df, p = _wald(solution, name, driver)
        strength = f2_of[direct.index(driver)] if driver in direct else Estimated(nan, nan, nan)
        rows.append(
            Block(
                driver, name, df, lost.get(driver, {}).get(name, nan), stat, df, p, strength,
                total_of[j], dominance_of[j], rank[driver],
            )
        )  # fmt: skip
    rows.sort(key=lambda row: row.rank)
    return Outcome(
        name,
        estimated_columns(*whole)[0],
        estimated_columns(*(e[:, None] for e in explained))[0],
        tuple(rows),
    )


def _covariances(solution: Solution, theta: Array, chunk: int = 200) -> Array:
    """Implied covariances (D, k, k) of all variables of the first group."""
    group = solution.fit.model.groups[0]
    parts = [implied(group, theta[i : i + chunk].T).C for i in range(0, len(theta), chunk)]
    k = len(group.variables)
    found: Array = np.concatenate([np.empty((0, k, k)), *parts])
    return found


def _explained(C: Array, outcome: int, predictors: Sequence[int]) -> Array:
    """R2 (D,) of the outcome on some predictors, from covariances (D, k, k)."""
    if not predictors:
        return np.zeros(len(C))
    at = list(predictors)
    c = C[:, at, outcome]
    try:
        b = np.linalg.solve(C[:, at][:, :, at], c[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.full(len(C), nan)
    found: Array = (b * c).sum(axis=1) / C[:, outcome, outcome]
    return found


def _places(solution: Solution, names: Sequence[str]) -> list[int]:
    variables = solution.fit.model.groups[0].variables
    return [variables.index(name) for name in names]


def _r2_of_equation(C: Array, solution: Solution, name: str, direct: Sequence[str]) -> Array:
    (y,) = _places(solution, [name])
    return _explained(C, y, _places(solution, direct))[:, None]


def _f2(C: Array, solution: Solution, name: str, direct: Sequence[str]) -> Array:
    """(R2 - R2 without the predictor) / (1 - R2), (D, m) (Cohen 1988)."""
    (y,), at = _places(solution, [name]), _places(solution, direct)
    full = _explained(C, y, at)
    without = [_explained(C, y, [i for i in at if i != j]) for j in at]
    found: Array = np.stack([(full - r2) / (1.0 - full) for r2 in without], axis=1)
    return found


def _dominance(
    C: Array, solution: Solution, name: str, drivers: Sequence[str]
) -> tuple[Array, Array]:
    """General dominance as shares (D, m) of the drivers' joint R2 (D,) (Azen & Budescu 2003)."""
    (y,), at = _places(solution, [name]), _places(solution, drivers)
    m = len(at)
    if not 0 < m <= MOST_DRIVERS:
        return np.full((len(C), m), nan), np.full(len(C), nan)
    subsets = [[j for j in range(m) if mask >> j & 1] for mask in range(2**m)]
    r2 = [_explained(C, y, [at[j] for j in subset]) for subset in subsets]
    found = np.zeros((len(C), m))
    for mask, subset in enumerate(subsets):
        weight = 1.0 / (m * comb(m - 1, len(subset))) if len(subset) < m else 0.0
        for j in range(m):
            if not mask >> j & 1:
                found[:, j] += weight * (r2[mask | 1 << j] - r2[mask])
    return found / r2[-1][:, None], r2[-1]


def _total(solution: Solution, theta: Array, name: str, drivers: Sequence[str]) -> Array:
    """Standardized total effects (D, m)."""
    group, (y,), at = (
        solution.fit.model.groups[0], _places(solution, [name]), _places(solution, drivers),
    )  # fmt: skip
    parts = [np.empty((0, len(at)))]
    for i in range(0, len(theta), 200):
        found = implied(group, theta[i : i + 200].T)
        with np.errstate(invalid="ignore"):
            sd = np.sqrt(np.diagonal(found.C, axis1=1, axis2=2))
        parts.append(found.T[:, y][:, at] * sd[:, at] / sd[:, [y]])
    joined: Array = np.concatenate(parts)
    return joined


def _wald(solution: Solution, outcome: str, driver: str) -> tuple[float, int, float]:
    """Test of the driver's path to the outcome; 0 degrees of freedom without one."""
    rows = [
        r for r in solution.partable.rows
        if (r.lhs, r.op, r.rhs) == (outcome, "~", driver) and r.free > 0
    ]  # fmt: skip
    if not rows:
        return nan, 0, nan
    try:
        found = wald_test(solution, "; ".join(f"{r.plabel} == 0" for r in rows))
    except AnalysisError:
        return nan, len(rows), nan
    return found.stat, found.df, found.p


def _lost(
    solution: Solution, outcomes: Sequence[str], refit: Refit, syntax: ModelSyntax
) -> dict[str, dict[str, float]]:
    """Loss of R2 of each outcome when a driver's paths to all of them are zero."""
    found: dict[str, dict[str, float]] = {}
    names = dict.fromkeys(d for o in outcomes for d in drivers_of(solution, o))
    for driver in names:
        if driver in outcomes:
            continue
        smaller = without_paths(syntax, driver, outcomes)
        if smaller == without_paths(syntax, "", outcomes):
            continue
        other = refit(smaller)
        if other.outcome.estimated:
            found[driver] = {o: solution.r2[o] - other.r2[o] for o in outcomes if o in other.r2}
    return found


def without_paths(syntax: ModelSyntax, driver: str, outcomes: Sequence[str]) -> ModelSyntax:
    """The model with the driver's direct paths to the outcomes fixed to 0, no defined effects."""
    zero = (Modifier("fixed", (0.0,)),)
    kept: list[Statement] = []
    for s in syntax.statements:
        if isinstance(s, Definition):
            continue
        if isinstance(s, Formula) and s.op == "~" and set(s.lhs) & set(outcomes):
            terms = tuple(replace(t, modifiers=zero) if t.name == driver else t for t in s.terms)
            s = replace(s, terms=terms)
        kept.append(s)
    return ModelSyntax(tuple(kept), source=syntax.source, text="".join(f"{s}\n" for s in kept))
