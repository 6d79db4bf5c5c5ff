"""The search of the kernels once more in plain NumPy, over the ordinary engine: slow and readable.

It exists to be compared with ``refit``, which must end at the same estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.admissible import admissibility
from analysis.sem.fit import Fit
from analysis.sem.losses import MaximumLikelihood
from analysis.sem.model import GroupModel
from analysis.sem.objective import MomentTerm, Objective
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.plan import coordinates
from analysis.sem.resampling.refit import CONVERGED, FAILED, IMPROPER, LIMITS, Refits

Array = NDArray[np.float64]
Slope = Callable[[Array], tuple[float, Array]]
HISTORY, GOAL, NEWTON_GOAL, NOISE = 8, 1e-8, 1e-9, 1e-13


def refit_numpy(fit: Fit, batch: Batch) -> Refits:
    """What ``refit`` does, without its retries."""
    found = [_refit_one(fit, S, means) for S, means in zip(batch.covariances, batch.means)]
    theta, value, status, iterations, variances = (np.array(x) for x in zip(*found))
    return Refits(theta, value, status.astype(np.int8), iterations.astype(np.int32), variances)


def objective_of(fit: Fit, covariances: Array, means: Array) -> Objective:
    """F for one draw's moments (groups, p, p) and (groups, p), covariates' moments included."""
    terms = []
    for term, S, mean in zip(fit.objective.terms, covariances, means, strict=True):
        model = _with_covariates(fit, term.model, S, mean)
        sample = mean if fit.model.meanstructure else None
        loss = MaximumLikelihood(S, sample, float(np.linalg.slogdet(S)[1]))
        terms.append(MomentTerm(model, loss, term.share, term.weight, fit.model.meanstructure))
    return Objective(tuple(terms), fit.model.q)


def _with_covariates(fit: Fit, model: GroupModel, S: Array, mean: Array) -> GroupModel:
    rows = fit.model.partable.rows
    exo = {r.lhs for r in rows if r.exo and r.free == 0 and r.op == "~~" and r.lhs == r.rhs}
    at = [i for i, name in enumerate(model.observed) if name in exo]
    S0, m0 = model.S0.copy(), model.m0.copy()
    S0[np.ix_(at, at)] = S[np.ix_(at, at)]
    if fit.model.meanstructure:
        m0[at] = mean[at]
    return replace(model, S0=S0, m0=m0)


def _refit_one(fit: Fit, covariances: Array, means: Array) -> tuple[Array, float, int, int, Array]:
    objective, B = objective_of(fit, covariances, means), coordinates(fit)

    def at(u: Array) -> tuple[float, Array]:
        theta = fit.theta + B @ u
        value = objective.value(theta)
        return value, B.T @ objective.gradient(theta) if np.isfinite(value) else np.zeros(len(u))

    u, done, used = quasi_newton(at, np.zeros(B.shape[1]), LIMITS[0])
    if not done:
        u, done, more = newton(
            at, lambda u: B.T @ objective.hessian(fit.theta + B @ u) @ B, u, LIMITS[1]
        )
        used += more
    theta = fit.theta + B @ u
    improper = admissibility(fit.model, objective, theta)
    status = FAILED if not done else IMPROPER if improper else CONVERGED
    states = objective.implied(theta)
    models = [term.model for term in objective.terms]
    variances = np.array(
        [[np.diag(x.C), np.diag(g.matrices(theta)[1])] for x, g in zip(states, models, strict=True)]
    )
    return theta, objective.value(theta), status, used, variances


def quasi_newton(at: Slope, u: Array, limit: int) -> tuple[Array, bool, int]:
    """L-BFGS with the identity to begin with; where it ended, whether it ended, evaluations."""
    value, slope = at(u)
    pairs: list[tuple[Array, Array]] = []
    used = 1
    while used < limit:
        step = two_loops(pairs, slope)
        if np.linalg.norm(slope) < GOAL:
            return u + step, True, used
        if not slope @ step < 0.0:
            pairs, step = [], -slope
        length, gained = 1.0, False
        while used < limit and not gained:
            new_value, new_slope = at(u + length * step)
            used += 1
            goal = value + 1e-4 * length * (slope @ step) + NOISE * (1.0 + abs(value))
            gained = bool(new_value <= goal)
            if not gained:
                length *= 0.5 if np.isfinite(new_value) else 0.25
        if not gained:
            break
        s, y = length * step, new_slope - slope
        if s @ y > 0.0:
            pairs = [*pairs, (s, y)][-HISTORY:]
        u, value, slope = u + s, new_value, new_slope
    return u, False, used


def two_loops(pairs: list[tuple[Array, Array]], slope: Array) -> Array:
    """-(approximate inverse Hessian) slope (Nocedal 1980)."""
    step = -slope
    weights = []
    for s, y in reversed(pairs):
        weights.append((s @ step) / (s @ y))
        step = step - weights[-1] * y
    for (s, y), weight in zip(pairs, reversed(weights), strict=True):
        step = step + (weight - (y @ step) / (s @ y)) * s
    return step


def newton(
    at: Slope, hessian: Callable[[Array], Array], u: Array, limit: int
) -> tuple[Array, bool, int]:
    """Newton steps damped by Levenberg's rule."""
    value, slope = at(u)
    damping = 0.0
    for used in range(1, limit + 1):
        H, gained = hessian(u), False
        while not gained and damping < 1e9:
            damped = H + damping * np.eye(len(u))
            if np.linalg.eigvalsh(damped)[0] > 0.0:
                step = -np.linalg.solve(damped, slope)
                if -(slope @ step) < NEWTON_GOAL**2 and damping < 1e-6:
                    return u + step, True, used
                new_value, new_slope = at(u + step)
                promised = -(slope @ step) - 0.5 * step @ H @ step
                noise = NOISE * (1.0 + abs(value)) if -(slope @ step) < 1e-8 else 0.0
                gained = bool(value - new_value >= 0.05 * promised - noise)
            if not gained:
                damping = max(4.0 * damping, 1e-3)
        if not gained:
            return u, False, used
        if value - new_value > 0.7 * promised - noise:
            damping = 0.1 * damping if damping > 1e-6 else 0.0
        u, value, slope = u + step, new_value, new_slope
    return u, False, limit
