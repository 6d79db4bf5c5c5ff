"""``refit``: the one primitive of resampling: a fitted model on many other samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError, message
from analysis.sem.fit import Fit
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.factors import Factors, make_factors
from analysis.sem.resampling.lanes import Lanes
from analysis.sem.resampling.plan import Plan, compilable, make_plan
from analysis.sem.resampling.proper import describe
from analysis.sem.resampling.search import finish_draws, search_draws

Array = NDArray[np.float64]
CONVERGED, IMPROPER, FAILED = 0, 1, 2
LIMITS = (60, 30, 10, 60)


@dataclass(frozen=True)
class Prepared:
    """A fit as kernels read it: in general form, and in low-rank form where it has one."""

    plan: Plan
    factors: Factors | None


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
    def room(cls, plan: Plan, draws: int) -> Refits:
        """Room for ``draws``."""
        return cls(
            np.empty((draws, len(plan.place))),
            np.empty(draws),
            np.empty(draws, dtype=np.int8),
            np.empty(draws, dtype=np.int32),
            np.empty((draws, plan.groups, 2, plan.k)),
        )

    def put(self, part: slice, found: Refits) -> None:
        """Write the draws of ``part``."""
        self.theta[part], self.value[part] = found.theta, found.value
        self.status[part], self.iterations[part] = found.status, found.iterations
        self.variances[part] = found.variances

    def __getitem__(self, draws: NDArray[np.intp]) -> Refits:
        return Refits(
            self.theta[draws],
            self.value[draws],
            self.status[draws],
            self.iterations[draws],
            self.variances[draws],
        )


def refit(
    fit: Fit,
    moments: Batch | ArrayLike,
    means: ArrayLike | None = None,
    *,
    prepared: Prepared | None = None,
    stop: NDArray[np.bool_] | None = None,
) -> Refits:
    """Fit the model of ``fit`` again to each of ``moments``.

    Parameters
    ----------
    fit : a complete-data ML fit, of any number of groups, with no constraints or linear
        equalities; its estimates are where each search starts.
    moments : a ``Batch``, or covariances (D, p, p) or (D, groups, p, p) with the fit's divisor.
    means : (D, p) or (D, groups, p), where the model has means.
    prepared : what ``prepare(fit)`` made, to save making it.
    stop : ``stop[0]`` may become true meanwhile; no draws are then returned.

    Raises
    ------
    ModelError
        For fits that kernels do not cover.
    """
    batch = moments if isinstance(moments, Batch) else Batch.of(moments, means)
    prepared = prepared or prepare(fit)
    plan, factors = prepared.plan, prepared.factors
    stop = np.zeros(1, dtype=np.bool_) if stop is None else stop
    D, r = len(batch), plan.C.shape[1]
    u, theta, value = np.zeros((D, r)), np.empty((D, len(plan.place))), np.zeros(D)
    solved, improper = np.zeros(D, dtype=np.bool_), np.zeros(D, dtype=np.bool_)
    iterations = np.zeros(D, dtype=np.int32)
    variances = np.empty((D, plan.groups, 2, plan.k))
    lanes = None if factors is None else Lanes.of(factors)
    if lanes is not None:
        lanes.search(batch.stats, LIMITS[0], stop, u, value, solved, iterations)
    left = np.flatnonzero(~solved)
    if len(left):
        search_draws(plan, batch.stats, left, LIMITS, stop, u, solved, value, iterations)
    if stop[0]:
        D = 0
    if lanes is not None:
        lanes.finish(batch.stats[:D], u, solved, theta, value, variances, improper)
    else:
        finish_draws(plan, batch.stats[:D], u, solved, theta, value)
        describe(plan, batch.stats[:D], theta[:D], variances, improper)
    failed = ~solved[:D]
    status = np.where(failed, FAILED, np.where(improper[:D], IMPROPER, CONVERGED)).astype(np.int8)
    for array in (theta[:D], value[:D], variances[:D]):
        array[failed] = np.nan
    return Refits(theta[:D], value[:D], status, iterations[:D], variances[:D])


def prepare(fit: Fit) -> Prepared:
    """A fit as kernels read it; ``ModelError`` where they do not cover it."""
    if not compilable(fit):
        raise ModelError(message("resampling.not_compilable"))
    plan = make_plan(fit)
    return Prepared(plan, make_factors(plan))
