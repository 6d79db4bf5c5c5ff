"""How sure effects are: by the delta method, bootstrap draws or Monte Carlo draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.errors import ModelError, message
from analysis.methods.mediation.structure import Structure
from analysis.rng import generator
from analysis.sem import Solution
from analysis.sem.constraints import complex_step
from analysis.sem.resampling import FAILED, Bootstrap, limits, refit
from analysis.sem.resampling.draws import jackknife, units_of
from analysis.sem.resampling.intervals import acceleration
from analysis.sem.resampling.paths import wishart
from analysis.sem.resampling.quantities import Quantities, quantities

Array = NDArray[np.float64]
IntervalMethod = Literal["delta", "percentile", "bca", "montecarlo"]
MONTE_CARLO_DRAWS = 20000


@dataclass(frozen=True)
class Spread:
    """Uncertainty of c effects: ``se``, ``lower``, ``upper`` (c,), and ``draws`` (D, c) or None."""

    se: Array
    lower: Array
    upper: Array
    draws: Array | None = None


@dataclass(frozen=True)
class Source:
    """Where uncertainty comes from: a bootstrap, Monte Carlo draws of theta, or the delta method.

    ``bootstrap`` is needed for ``percentile`` and ``bca``, and the solution's answers for
    ``bca``. Monte Carlo draws are those of ``analysis.sem.resampling.monte_carlo_intervals`` for
    the same ``seed`` and ``count``.
    """

    solution: Solution
    method: IntervalMethod = "delta"
    bootstrap: Bootstrap | None = None
    seed: int = 1
    count: int = MONTE_CARLO_DRAWS
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.method in ("percentile", "bca") and self.bootstrap is None:
            raise ModelError(message("mediation.needs_bootstrap", method=self.method))

    @property
    def used(self) -> int:
        """Draws behind the intervals; 0 for the delta method."""
        if self.method == "montecarlo":
            return self.count
        boot = self.bootstrap
        return 0 if self.method == "delta" or boot is None else boot.draws - boot.failed

    def spread(self, part: Structure, point: Array, *, std_all: bool) -> Spread:
        """Uncertainty of a structural part's effects, ``point`` (c,) being the estimates."""
        if self.method == "delta":
            return self._delta(part, point, std_all)
        if self.method == "montecarlo":
            draws = part.of_points(self.solution, self._points, std_all=std_all)
        else:
            assert self.bootstrap is not None
            draws = part.of_rows(self.bootstrap.values, std_all=std_all)
        a = None
        if self.method == "bca":
            a = acceleration(part.of_rows(self._left_out, std_all=std_all))
        kind: Literal["bca", "percentile"] = "bca" if self.method == "bca" else "percentile"
        low, high = limits(kind, draws, point, level=self.level, acceleration=a)
        return Spread(_sd(draws), low, high, draws)

    def _delta(self, part: Structure, point: Array, std_all: bool) -> Spread:
        vcov = self.solution.inference.vcov
        if vcov is None or not self.solution.outcome.estimated:
            blank = np.full(len(point), np.nan)
            return Spread(blank, blank, blank)

        def effects(theta: NDArray[np.generic]) -> NDArray[np.generic]:
            return part.effects_at(self.solution, theta, std_all=std_all)

        J = complex_step(effects, self.solution.fit.theta)
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.einsum("ri,ij,rj->r", J, vcov, J, optimize=True))
        half = float(ndtri(0.5 + self.level / 2.0)) * se
        return Spread(se, point - half, point + half)

    @cached_property
    def _points(self) -> Array:
        """Theta (D, q) from N(theta, vcov)."""
        vcov = self.solution.inference.vcov
        if vcov is None or not self.solution.outcome.estimated:
            raise ModelError(message("resampling.singular_vcov"))
        values, vectors = np.linalg.eigh(vcov)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        theta = self.solution.fit.theta
        z = generator(self.seed, "monte carlo").standard_normal((self.count, len(theta)))
        found: Array = theta + z @ root.T
        return found

    @cached_property
    def _left_out(self) -> Quantities:
        """The parameter table without one respondent (or cluster) at a time."""
        fit = self.solution.fit
        batch = jackknife(units_of(fit.moments.groups, wishart=wishart(self.solution)))
        found = refit(fit, batch)
        values = quantities(fit, batch, found.theta, found.variances)
        done = found.status != FAILED
        return Quantities(values.rows, values.raw[done], values.std_all[done])


def _sd(draws: Array) -> Array:
    count = (~np.isnan(draws)).sum(axis=0)
    square = np.nansum((draws - np.nansum(draws, axis=0) / np.maximum(count, 1)) ** 2, axis=0)
    found: Array = np.sqrt(np.where(count > 1, square / np.maximum(count - 1, 1), np.nan))
    return found
