"""Compiled checks of refits: is the solution proper, and how large are the standard deviations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.admissible import BOUNDARY
from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.dense import C, cholesky, make_work, reduced_form, take_sample
from analysis.sem.resampling.plan import Plan

Array = NDArray[np.float64]


@kernel
def _positive(M: Array) -> bool:
    """Whether the correlations of ``M`` have no eigenvalue below -BOUNDARY; ``M`` is spoilt."""
    n = len(M)
    sd = np.zeros(n)
    for i in range(n):
        if not M[i, i] > 0.0:
            return False
        sd[i] = np.sqrt(M[i, i])
    for i in range(n):
        for j in range(n):
            M[i, j] /= sd[i] * sd[j]
        M[i, i] += BOUNDARY
    return cholesky(M)


@kernel
def _residual_block(plan: Plan, g: int, cell: Array) -> bool:
    """Whether the residual covariances of items with a residual are positive definite."""
    p, mixed = plan.p, False
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        mixed = mixed or (plan.row[c] < p and plan.row[c] != plan.col[c] and cell[c] != 0.0)
    if not mixed:
        return True
    block = np.eye(p)  # items without a residual stay apart
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        i, j = plan.row[c], plan.col[c]
        if i < p and cell[c] != 0.0:
            block[i, j] = cell[c]
            block[j, i] = cell[c]
    return _positive(block)


@kernel
def proper(plan: Plan, g: int, cell: Array, covariance: Array) -> bool:
    """No negative variance, no latent correlation beyond 1 among all variables' ``covariance``."""
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        if plan.row[c] == plan.col[c] and cell[c] < -BOUNDARY:
            return False
    if not _residual_block(plan, g, cell):
        return False
    for i in range(plan.p, plan.k):
        if not covariance[i, i] > 0.0:
            return True
    return _positive(covariance[plan.p :, plan.p :].copy())


@kernel
def describe(
    plan: Plan, stats: Array, theta: Array, variances: Array, improper: NDArray[np.bool_]
) -> None:
    """Who is improper at theta (D, q), and total and residual variances (D, groups, 2, k)."""
    work = make_work(plan)
    cell, covariance = work.cell[0], work.kk[C]
    cell[:] = plan.start
    variances[:] = 0.0
    for d in range(len(theta)):
        for i in range(theta.shape[1]):
            cell[plan.place[i]] = theta[d, i]
        for g in range(plan.groups):
            if plan.covariates:
                take_sample(plan, g, stats[d, g], work)
            reduced_form(plan, g, work.kk, work.v, cell)
            for i in range(plan.k):
                variances[d, g, 0, i] = covariance[i, i]
            for c in range(plan.at[g, 1], plan.at[g, 2]):
                if plan.row[c] == plan.col[c]:
                    variances[d, g, 1, plan.row[c]] = cell[c]
            if not proper(plan, g, cell, covariance):
                improper[d] = True
