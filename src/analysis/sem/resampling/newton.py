"""Second derivatives of F and Newton's method, for draws that quasi-Newton steps leave unsolved.

With Z = [E, F C] (p, 2k), second derivatives are products of entries of Z' R Z and Z' W Z, beside
terms in the second derivatives of Sigma.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.dense import (
    PULL,
    SLOPE,
    TOTAL,
    C,
    R,
    T,
    W,
    Work,
    cholesky,
    evaluate,
    evaluate_group,
    move,
)
from analysis.sem.resampling.plan import Plan

Array = NDArray[np.float64]
NEWTON_GOAL = 1e-9
NOISE = 1e-13


@kernel
def solve(L: Array, x: Array) -> None:
    """(L L')^-1 x in place, with L as ``cholesky`` leaves it."""
    n = len(x)
    for i in range(n):
        x[i] /= L[i, i]
        for j in range(i + 1, n):
            x[j] -= L[i, j] * x[i]
    for i in range(n - 1, -1, -1):
        x[i] /= L[i, i]
        for j in range(i):
            x[j] -= L[i, j] * x[i]


@kernel
def _columns(plan: Plan, g: int, c: int) -> tuple[int, int, float]:
    """Cell c moves Sigma by w (x y' + y x'), x and y columns of Z: their numbers, and w."""
    arrow = c < plan.at[g, 1]
    x, y = plan.row[c], plan.col[c] + (plan.k if arrow else 0)
    return x, y, 0.5 if x == y else 1.0


@kernel
def _first_order(plan: Plan, g: int, ZR: Array, ZW: Array, observed: bool, H: Array) -> None:
    """Adds tr(R dk R dl) to the lower triangle, and what the observed Hessian has beside it."""
    first, last = plan.at[g, 0], plan.at[g, 2]
    for i in range(first, last):
        x, y, w = _columns(plan, g, i)
        for j in range(first, i + 1):
            a, b, other = _columns(plan, g, j)
            total = 2.0 * (ZR[b, x] * ZR[y, a] + ZR[a, x] * ZR[y, b])
            if observed:
                mixed = ZR[b, x] * ZW[y, a] + ZR[a, x] * ZW[y, b]
                mixed += ZR[b, y] * ZW[x, a] + ZR[a, y] * ZW[x, b]
                total = 2.0 * mixed - total
            H[i, j] += plan.weight[g] * w * other * total


@kernel
def _second_order(plan: Plan, g: int, work: Work, H: Array) -> None:
    """Adds tr(Q d2Sigma) + c' d2mu, which only pairs with a cell of A have."""
    p, t_, c_, b, t = plan.p, work.kk[T], work.kk[C], work.v[SLOPE], work.v[TOTAL]
    w_ = t_[:p].T @ work.QE
    u_ = work.QE.T @ c_[:p]
    arrows, covariances = plan.at[g, 1], plan.at[g, 2]
    for i in range(plan.at[g, 0], arrows):
        r, c = plan.row[i], plan.col[i]
        for j in range(plan.at[g, 0], i + 1):
            v, l = plan.row[j], plan.col[j]
            total = 2.0 * (t_[l, r] * u_[v, c] + w_[r, v] * c_[l, c] + u_[r, l] * t_[c, v])
            total += b[r] * t_[c, v] * t[l] + b[v] * t_[l, r] * t[c]
            H[i, j] += plan.weight[g] * total
        for j in range(arrows, plan.at[g, 3]):
            v, l = plan.row[j], plan.col[j]
            if j >= covariances:
                total = b[r] * t_[c, v]
            else:
                total = (t_[c, v] * w_[r, l] + w_[v, r] * t_[c, l]) * (1.0 if v == l else 2.0)
            H[j, i] += plan.weight[g] * total


@kernel
def _mean_order(plan: Plan, g: int, Z: Array, work: Work, observed: bool, H: Array) -> None:
    """Adds what the slopes of the means contribute."""
    p, t_, t, first = plan.p, work.kk[T], work.v[TOTAL], plan.at[g, 0]
    n = plan.at[g, 3] - first
    dmu, bent = np.zeros((n, p)), np.zeros((n, p))  # slopes of mu, and dSigma R d
    Ze = Z.T @ work.v[PULL, :p]
    for c in range(n):
        if first + c >= plan.at[g, 2]:
            dmu[c] = t_[:p, plan.row[first + c]]
            continue
        x, y, w = _columns(plan, g, first + c)
        bent[c] = w * (Z[:, x] * Ze[y] + Z[:, y] * Ze[x])
        if y >= plan.k:
            dmu[c] = t_[:p, x] * t[y - plan.k]
    pulled = dmu @ work.pp[R]
    total = pulled @ dmu.T
    if observed:
        cross = pulled @ bent.T
        total += cross + cross.T
    H[first : first + n, first : first + n] += 2.0 * plan.weight[g] * total


@kernel
def _curvature(
    plan: Plan, stats: Array, u: Array, observed: bool, known: bool, work: Work
) -> Array:
    """``curvature``; ``known``: ``work`` holds what evaluating a single group at u left."""
    p, k, n = plan.p, plan.k, len(plan.row)
    H, Z = np.zeros((n, n)), np.zeros((p, 2 * k))
    if not known:
        move(plan, u, work.cell[0])
    for g in range(plan.groups):
        if not known:
            evaluate_group(plan, g, stats[g], work)
        Z[:, :k] = work.kk[T, :p]
        Z[:, k:] = work.kk[C, :p]
        ZR, ZW = Z.T @ (work.pp[R] @ Z), Z.T @ (work.pp[W] @ Z)
        _first_order(plan, g, ZR, ZW, observed, H)
        if observed:
            _second_order(plan, g, work, H)
        if plan.means:
            _mean_order(plan, g, Z, work, observed, H)
    for i in range(n):
        for j in range(i):
            H[j, i] = H[i, j]
    return plan.Ct @ (H @ plan.C)


@kernel
def curvature(plan: Plan, stats: Array, u: Array, observed: bool, work: Work) -> Array:
    """Second derivative (r, r) of F at u, observed or expected; F must be finite there."""
    return _curvature(plan, stats, u, observed, False, work)


@kernel
def newton(
    plan: Plan, stats: Array, limit: int, observed: bool, u: Array, work: Work
) -> tuple[bool, float, int]:
    """Newton steps damped by Levenberg's rule; ``u`` moves. Whether it ended, F, and steps."""
    r = len(u)
    slope, new_slope, step = np.zeros(r), np.zeros(r), np.zeros(r)
    value = evaluate(plan, stats, u, slope, work)
    damping = 0.0
    for used in range(1, limit + 1):
        if not np.isfinite(value):
            return False, value, used
        H = _curvature(plan, stats, u, observed, plan.groups == 1, work)
        moved, new_value = False, value
        while not moved and damping < 1e9:
            L = H.copy()
            for i in range(r):
                L[i, i] += damping
            if cholesky(L):
                step[:] = -slope
                solve(L, step)
                along = np.dot(slope, step)
                if -along < NEWTON_GOAL**2 and damping < 1e-6:
                    u += step
                    return True, value, used
                new_value = evaluate(plan, stats, u + step, new_slope, work)
                promised = -along - 0.5 * np.dot(step, H @ step)
                noise = NOISE * (1.0 + abs(value)) if -along < 1e-8 else 0.0
                moved = value - new_value >= 0.05 * promised - noise
            if not moved:
                damping = max(4.0 * damping, 1e-3)
        if not moved:
            return False, value, used
        if value - new_value > 0.7 * promised - noise:
            damping = 0.1 * damping if damping > 1e-6 else 0.0
        u += step
        slope[:] = new_slope
        value = new_value
    return False, value, limit
