"""Monte Carlo intervals: defined effects at draws from the estimates' normal distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.rng import generator
from analysis.sem.constraints import Bindings
from analysis.sem.resampling import intervals
from analysis.sem.resampling.intervals import Definition
from analysis.sem.solution import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MonteCarloInterval:
    """A defined effect, ``se`` the standard deviation over the draws."""

    label: str
    est: float
    se: float
    ci_lower: float
    ci_upper: float


def monte_carlo_intervals(
    solution: Solution,
    *,
    draws: int = 20000,
    seed: int,
    level: float = 0.95,
    definition: Definition = "standard",
) -> tuple[MonteCarloInterval, ...]:
    """Percentile intervals of the ``:=`` rows at ``draws`` of theta from N(theta, vcov).

    Takes the standard errors of the solution's estimator, so that it also serves robust, ordinal
    and full information fits (MacKinnon, Lockwood & Williams 2004; Preacher & Selig 2012).
    ``ModelError`` where ``vcov`` does not exist.
    """
    vcov = solution.inference.vcov
    if vcov is None or not solution.outcome.estimated:
        raise ModelError(message("resampling.singular_vcov"))
    theta, bindings = solution.fit.theta, solution.fit.constraints.bindings
    if not bindings.defined:
        return ()
    values, vectors = np.linalg.eigh(vcov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = generator(seed, "monte carlo").standard_normal((draws, len(theta)))
    columns = np.ascontiguousarray((theta + z @ root.T).T)
    with np.errstate(all="ignore"):
        drawn = [np.broadcast_to(x, draws) for x in _definitions(bindings.at(columns), bindings)]
    point = np.array([float(x) for x in _definitions(bindings.at(theta), bindings)])
    table = np.stack(drawn, axis=1).astype(float)
    low, high = intervals.limits("percentile", table, point, level=level, definition=definition)
    se = np.nanstd(table, axis=0, ddof=1)
    return tuple(
        MonteCarloInterval(name, float(e), float(s), float(a), float(b))
        for (name, _), e, s, a, b in zip(bindings.defined, point, se, low, high, strict=True)
    )


def _definitions(values: dict[str, object], bindings: Bindings) -> list[Array]:
    return [np.asarray(values[name], dtype=float) for name, _ in bindings.defined]
