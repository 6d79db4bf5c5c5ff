"""The smallest effect that a sample finds with the wanted power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.methods.power.montecarlo import Row, replicate, rows_of
from analysis.methods.power.scenario import Scenario
from analysis.methods.power.targets import Target, targets_of, two_sided
from analysis.sem import sem
from analysis.sem.inference import constrained_inverse
from analysis.sem.simulation import Population, PopulationGroup
from analysis.sem.standardize import Standardizer

Array = NDArray[np.float64]
ROUNDS = 40


@dataclass(frozen=True)
class Detectable:
    """The smallest value of a path, others as in the population, with the wanted power.

    ``raw`` and ``std``; ``simulated`` is the share of simulated samples that found it (NaN if not
    simulated). NaN where the path is tied to others by a constraint.
    """

    target: Target
    raw: float
    std: float
    simulated: float = nan


def detectable_paths(
    scenario: Scenario, n: int, *, power: float, replications: int = 0, workers: int | None = None
) -> tuple[Detectable, ...]:
    """For every path: the value at which it equals the needed multiple of its standard error.

    The standard error is that of the expected information at that very value. With
    ``replications`` the result is checked by simulating a population with the value in it.
    """
    found = []
    factor = two_sided(power, scenario.alpha)
    for target in scenario.targets:
        if target.defined:
            continue
        if scenario.base.fit.constraints.any:
            found.append(Detectable(target, nan, nan))
            continue
        theta, j = _solve(scenario, target, n, factor)
        std = np.real(Standardizer(scenario.base.fit.model, latent_only=False)(theta))
        row = next(i for i, r in enumerate(scenario.base.partable.rows) if r.free == j + 1)
        share = _check(scenario, target, theta, n, replications, workers) if replications else nan
        found.append(Detectable(target, float(theta[j]), float(std[row]), share))
    return tuple(found)


def detectable_by_spread(
    rows: Sequence[Row], *, power: float, alpha: float
) -> tuple[Detectable, ...]:
    """For paths of other designs: the needed multiple of the spread of simulated estimates."""
    factor = two_sided(power, alpha)
    found = []
    for row in rows:
        if not row.target.defined:
            raw = factor * row.sd * (-1.0 if row.target.value < 0 else 1.0)
            ratio = row.target.std / row.target.value if not row.target.null else nan
            found.append(Detectable(row.target, raw, raw * ratio))
    return tuple(found)


def _solve(scenario: Scenario, target: Target, n: int, factor: float) -> tuple[Array, int]:
    fit = scenario.base.fit
    rows = scenario.base.partable.rows
    j = next(
        r.free - 1 for r in rows
        if (r.lhs, r.op, r.rhs, r.group) == (target.lhs, target.op, target.rhs, target.group)
    )  # fmt: skip
    sign = -1.0 if target.value < 0.0 else 1.0
    theta = fit.theta.copy()
    theta[j] = sign * factor * target.se * sqrt(target.n / n)
    for _ in range(ROUNDS):
        inverse = constrained_inverse(fit, 0.5 * fit.objective.expected_hessian(theta))
        if inverse is None:
            theta[j] = nan
            break
        new = sign * factor * sqrt(inverse[j, j] / n)
        moved, theta[j] = abs(new - theta[j]), new
        if moved < 1e-10 * abs(new):
            break
    return theta, j


def _check(
    scenario: Scenario, target: Target, theta: Array, n: int, replications: int, workers: int | None
) -> float:
    """The share of samples in which the path is significant where it has that value."""
    if not np.isfinite(theta).all():
        return nan
    fit = scenario.base.fit
    groups = tuple(
        PopulationGroup(g.label, at.mu if fit.model.meanstructure else g.mean, at.Sigma)
        for g, at in zip(scenario.population.groups, fit.objective.implied(theta), strict=True)
    )
    population = Population(scenario.base.names, groups)
    base = sem(scenario.syntax, population.moments(tuple(g.n for g in fit.moments.groups)))
    own = (target.lhs, target.op, target.rhs, target.group)
    moved = tuple(t for t in targets_of(base) if (t.lhs, t.op, t.rhs, t.group) == own)
    there = replace(scenario, population=population, base=base, targets=moved)
    return rows_of(replicate(there, n, replications, workers=workers), moved)[0].power
