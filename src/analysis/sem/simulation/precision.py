"""Sampling covariances of the estimates of many draws at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.estimate import sem
from analysis.sem.fit import Fit
from analysis.sem.moments import Moments
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.dense import make_work
from analysis.sem.resampling.newton import curvature
from analysis.sem.resampling.plan import Plan
from analysis.sem.resampling.refit import FAILED, Refits, prepare, refit

Array = NDArray[np.float64]


@kernel
def _curvatures(plan: Plan, stats: Array, u: Array, H: Array) -> None:
    """Expected second derivatives H (D, r, r) of F at u (D, r)."""
    work = make_work(plan)
    for d in range(len(u)):
        H[d] = curvature(plan, stats[d], u[d], False, work)


def covariances(
    fit: Fit, batch: Batch, refits: Refits, n: float, *, plan: Plan | None = None
) -> Array:
    """Covariances (D, q, q) of the estimates of samples of ``n`` by expected information.

    NaN where a draw failed or its information is singular. ``ModelError`` for fits that the
    kernels of ``refit`` do not cover.
    """
    plan = plan or prepare(fit).plan
    directions = plan.C[plan.place]
    done = np.flatnonzero(refits.status != FAILED)
    u = (refits.theta[done] - plan.start[plan.place]) @ np.linalg.pinv(directions).T
    H = np.empty((len(done), u.shape[1], u.shape[1]))
    _curvatures(plan, np.ascontiguousarray(batch.stats[done]), np.ascontiguousarray(u), H)
    q = refits.theta.shape[1]
    found = np.full((len(refits), q, q), np.nan)
    values = np.linalg.eigvalsh(H)
    good = values[:, 0] > 1e-12 * values[:, -1]
    inverse = np.linalg.inv(H[good])
    found[done[good]] = (2.0 / n) * (directions @ inverse @ directions.T)
    return found


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that the next call is fast."""
    S = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    fit = sem("f =~ a + b + c + d", Moments.from_published(names="abcd", n=100, covariances=S)).fit
    batch = Batch.of_moments(fit.moments)
    covariances(fit, batch, refit(fit, batch), 100.0)
