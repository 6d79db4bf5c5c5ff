"""``refit``: the one primitive of resampling: a fitted model on many other samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError, message
from analysis.sem.fit import Fit
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.lanes import search_lanes
from analysis.sem.resampling.lowrank import make_factors, make_rows
from analysis.sem.resampling.plan import Plan, compilable, make_plan
from analysis.sem.resampling.proper import describe
from analysis.sem.resampling.search import finish_draws, search_draws

Array = NDArray[np.float64]
CONVERGED, IMPROPER, FAILED = 0, 1, 2
LIMITS = (60, 30, 10, 60)


@dataclass(frozen=True)
class Refits:
    """Estimates of D draws.

    ``theta`` (D, q), NaN where nothing was found; ``value`` (D,) is F; ``status`` (D,) is
    ``CONVERGED``, ``IMPROPER`` (a minimum with a negative variance or the like) or ``FAILED``;
    ``iterations`` (D,) counts evaluations and Newton steps; ``variances`` (D, groups, 2, k) are
    total and residual ones of all variables (None where kernels did not make them). ``stats``
    (D, groups, p + p (p + 1) / 2) are the samples' moments where whole estimations made them.
    """

    theta: Array
    value: Array
    status: NDArray[np.int8]
    iterations: NDArray[np.int32]
    variances: Array
    stats: Array | None = None

    def __len__(self) -> int:
        return len(self.theta)

    @classmethod
    def joined(cls, parts: list[Refits]) -> Refits:
        """All parts, one after the other."""
        return cls(
            np.concatenate([x.theta for x in parts]),
            np.concatenate([x.value for x in parts]),
            np.concatenate([x.status for x in parts]),
            np.concatenate([x.iterations for x in parts]),
            np.concatenate([x.variances for x in parts]),
        )


def refit(
    fit: Fit,
    moments: Batch | ArrayLike,
    means: ArrayLike | None = None,
    *,
    plan: Plan | None = None,
    stop: NDArray[np.bool_] | None = None,
) -> Refits:
    """Fit the model of ``fit`` again to each of ``moments``.

    Parameters
    ----------
    fit : a complete-data ML fit, of any number of groups, with no constraints or linear
        equalities; its estimates are where each search starts.
    moments : a ``Batch``, or covariances (D, p, p) or (D, groups, p, p) with the fit's divisor.
    means : (D, p) or (D, groups, p), where the model has means.
    plan : what ``plan_of(fit)`` made, to save making it.
    stop : ``stop[0]`` may become true meanwhile; no draws are then returned.

    Raises
    ------
    ModelError
        For fits that kernels do not cover.
    """
    batch = moments if isinstance(moments, Batch) else Batch.of(moments, means)
    plan = plan or plan_of(fit)
    stop = np.zeros(1, dtype=np.bool_) if stop is None else stop
    D, r = len(batch), plan.C.shape[1]
    u, theta, value = np.zeros((D, r)), np.empty((D, len(plan.place))), np.zeros(D)
    solved, improper = np.zeros(D, dtype=np.bool_), np.zeros(D, dtype=np.bool_)
    iterations = np.zeros(D, dtype=np.int32)
    _search(plan, batch.stats, stop, u, solved, value, iterations)
    if stop[0]:
        D = 0
    finish_draws(plan, batch.stats[:D], u, solved, theta, value)
    variances = np.empty((D, plan.groups, 2, plan.k))
    describe(plan, batch.stats[:D], theta[:D], variances, improper)
    failed = ~solved[:D]
    status = np.where(failed, FAILED, np.where(improper[:D], IMPROPER, CONVERGED)).astype(np.int8)
    for array in (theta[:D], value[:D], variances):
        array[failed] = np.nan
    return Refits(theta[:D], value[:D], status, iterations[:D], variances)


def _search(
    plan: Plan,
    stats: Array,
    stop: NDArray[np.bool_],
    u: Array,
    solved: NDArray[np.bool_],
    value: Array,
    iterations: NDArray[np.int32],
) -> None:
    """Fast searches where the model has a low-rank form, then the general one for what is left."""
    factors = make_factors(plan)
    if factors is not None:
        rows = make_rows(factors)
        search_lanes(factors, rows, stats, LIMITS[0], stop, u, value, solved, iterations)
    left = np.flatnonzero(~solved)
    if len(left):
        search_draws(plan, stats, left, LIMITS, stop, u, solved, value, iterations)


def plan_of(fit: Fit) -> Plan:
    """The plan of a fit; ``ModelError`` where kernels do not cover it."""
    if not compilable(fit):
        raise ModelError(message("resampling.not_compilable"))
    return make_plan(fit)


def warm() -> None:
    """Compile all kernels, or load them from the cache, so that the next call is fast."""
    from analysis.sem.estimate import sem
    from analysis.sem.moments import Moments

    S = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    moments = Moments.from_published(names=list("abcd"), n=100, covariances=S)
    fit = sem("f =~ a + b + c + d", moments).fit
    refit(fit, np.stack([fit.moments.groups[0].cov] * 2))
