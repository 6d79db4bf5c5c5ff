"""Estimates under resampling: the parameter vector of many draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.rng import generator
from analysis.sem import Solution
from analysis.sem.resampling import FAILED, bootstrap
from analysis.sem.resampling.plan import compilable

Array = NDArray[np.float64]
DrawKind = Literal["bootstrap", "parametric", "normal", "none"]
NORMAL_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimated:
    """A number with its percentile limits, NaN where there are none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Draws:
    """Parameter vectors ``theta`` (D, q).

    ``kind``: refits to resampled respondents, refits to normal samples from the implied moments
    (published matrices), or points from the estimates' normal distribution; ``none`` where there
    is no covariance of the estimates. ``failed`` refits are left out. ``means`` (D, p) of the
    observed variables go with a model without mean structure.
    """

    theta: Array
    kind: DrawKind
    failed: int = 0
    means: Array | None = None


def draws_of(solution: Solution, *, draws: int, seed: int) -> Draws:
    """Draws for a solution's functions; ``draws`` 0 asks for normal ones instead of refits.

    A model that the compiled kernels do not cover (full information, for one) is not refitted
    either, as each refit would be a whole estimation.
    """
    q = len(solution.fit.theta)
    if not solution.outcome.estimated:
        return Draws(np.empty((0, q)), "none")
    if draws and compilable(solution.fit):
        with_rows = all(g.rows is not None for g in solution.fit.moments.groups)
        kind: DrawKind = "bootstrap" if with_rows else "parametric"
        found = bootstrap(
            solution, draws=draws, seed=seed, progress=False,
            kind="nonparametric" if with_rows else "parametric",
        )  # fmt: skip
        good = found.refits.status != FAILED
        return Draws(found.refits.theta[good], kind, found.failed)
    vcov = solution.inference.vcov
    if vcov is None or not np.isfinite(vcov).all():
        return Draws(np.empty((0, q)), "none")
    values, vectors = np.linalg.eigh(vcov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = generator(seed, "drivers").standard_normal((draws or NORMAL_DRAWS, q))
    return Draws(solution.fit.theta + z @ root.T, "normal")


def with_means(draws: Draws, solution: Solution, *, seed: int) -> Draws:
    """The draws with normal means beside them, for published moments of one group.

    In normal samples means and covariances are independent, so that they may be drawn apart.
    """
    group = solution.fit.moments.groups[0]
    if group.mean is None:
        return draws
    values, vectors = np.linalg.eigh(group.cov / group.n)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = generator(seed, "means").standard_normal((len(draws.theta), len(group.mean)))
    return replace(draws, means=group.mean + z @ root.T)


def percentile_limits(drawn: Array, *, level: float = 0.95) -> tuple[Array, Array]:
    """Lower and upper limits of draws (D, ...), NaN draws left out; NaN without draws."""
    tail = 0.5 - level / 2.0
    if not len(drawn):
        empty = np.full(drawn.shape[1:], np.nan)
        return empty, empty
    known = np.isfinite(drawn).any(axis=0)
    low, high = np.nanquantile(
        np.where(known, drawn, 0.0), [tail, 1.0 - tail], axis=0, method="weibull"
    )
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def estimated_columns(point: Array, drawn: Array) -> list[Estimated]:
    """Each column of one point (1, m) with the limits of its draws (D, m)."""
    low, high = percentile_limits(drawn)
    return [
        Estimated(float(v), float(a), float(b)) for v, a, b in zip(point[0], low, high, strict=True)
    ]
