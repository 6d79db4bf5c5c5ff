"""F and its slope for any model, recursive or not, one draw at a time: the general path.

Derivatives come from bilinear forms. With E = F T and C = T S T', a cell (i, j) of A moves Sigma
by ``x y' + y x'``, x column i of E and y column j of F C; a cell of S likewise with two columns of
E. So dF = 2 x' Q y with Q = Sigma^-1 - Sigma^-1 S Sigma^-1, and no Jacobian of the moments is
formed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.plan import SAMPLE, Plan

Array = NDArray[np.float64]
SAMPLE_S, R, RS, W, Q = 0, 1, 2, 3, 4
T, X, C = 0, 1, 2
MEAN, DEVIATION, PULL, CONSTANT, TOTAL, SLOPE = 0, 1, 2, 3, 4, 5


class Work(NamedTuple):
    """Arrays that kernels fill anew at each point, made once; few, as each costs compile time.

    ``pp`` (5, p, p): the sample's S, R = Sigma^-1, R S, W = R S R and Q. ``kk`` (3, k, k): T, X =
    S T' and C = T S T'. ``QE`` (p, k) is Q E. ``v`` (6, k): the sample's mean, d = mean - mu and
    R d (p,); m, t = T m, and the slope by the constants m (k,). ``cell`` (2, cells): values of
    the cells and the slope of F by them.
    """

    pp: Array
    kk: Array
    QE: Array
    v: Array
    cell: Array


@kernel
def make_work(plan: Plan) -> Work:
    """Work arrays for a plan."""
    p, k = plan.p, plan.k
    return Work(
        np.zeros((5, p, p)), np.zeros((3, k, k)), np.zeros((p, k)), np.zeros((6, k)),
        np.zeros((2, len(plan.row))),
    )  # fmt: skip


@kernel
def _eliminate(M: Array, j: int, last: int) -> bool:
    """Column j of the factor, below and beside its pivot, taken off the columns up to ``last``."""
    if not M[j, j] > 0.0:
        return False
    M[j, j] = np.sqrt(M[j, j])
    inverse = 1.0 / M[j, j]
    for i in range(j + 1, len(M)):
        M[i, j] *= inverse
        M[j, i] = M[i, j]
    for l in range(j + 1, last + 1):
        for i in range(l, len(M)):
            M[i, l] -= M[j, i] * M[j, l]
    return True


@kernel
def cholesky(M: Array) -> bool:
    """Lower factor in place, with its transpose above; False where ``M`` is not positive definite.

    Rows are taken off rows, two at a time, as sums of products wait for each of their additions.
    """
    n = len(M)
    for j in range(0, n, 2):
        if not _eliminate(M, j, min(j + 1, n - 1)):
            return False
        if j + 1 < n and not _eliminate(M, j + 1, j + 1):
            return False
        for i in range(j + 2, n):
            x, y = M[i, j], M[i, j + 1]
            for l in range(j + 2, i + 1):
                M[i, l] -= x * M[j, l] + y * M[j + 1, l]
    return True


@kernel
def invert_factor(L: Array, inverse: Array) -> None:
    """inverse = (L L')^-1; ``L`` becomes its own inverse."""
    n = len(L)
    row = np.empty(n)
    for i in range(n):
        pivot = 1.0 / L[i, i]
        row[:i] = 0.0
        for l in range(i):
            x = L[i, l] * pivot
            for j in range(l + 1):
                row[j] -= x * L[l, j]
        L[i, :i] = row[:i]
        L[i, i] = pivot
    inverse[:] = 0.0
    for l in range(n):
        for i in range(l + 1):
            x = L[l, i]
            for j in range(i + 1):
                inverse[i, j] += x * L[l, j]
    for i in range(n):
        for j in range(i):
            inverse[j, i] = inverse[i, j]


@kernel
def unpack(stats: Array, S: Array, mean: Array) -> None:
    """Mean and covariance from one row: p means, then the lower triangle by columns."""
    p = len(S)
    at = p
    for j in range(p):
        mean[j] = stats[j]
        for i in range(j, p):
            S[i, j] = stats[at]
            S[j, i] = stats[at]
            at += 1


@kernel
def move(plan: Plan, u: Array, cell: Array) -> None:
    """cells = start + C u."""
    cell[:] = plan.start
    for j in range(len(u)):
        x = u[j]
        for c in range(len(cell)):
            cell[c] += plan.Ct[j, c] * x


@kernel
def take_sample(plan: Plan, g: int, stats: Array, work: Work) -> None:
    """The sample's moments of group ``g``, and those cells that are taken from it."""
    S, v, cell = work.pp[SAMPLE_S], work.v, work.cell[0]
    unpack(stats, S, v[MEAN])
    v[CONSTANT] = 0.0
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        if plan.kind[c] == SAMPLE:
            cell[c] = S[plan.row[c], plan.col[c]]
    for c in range(plan.at[g, 2], plan.at[g, 3]):
        if plan.kind[c] == SAMPLE:
            cell[c] = v[MEAN, plan.row[c]]
        v[CONSTANT, plan.row[c]] = cell[c]


@kernel
def reduced_form(plan: Plan, g: int, kk: Array, v: Array, cell: Array) -> None:
    """T = (I - A)^-1, X = S T', C = T S T' and t = T m, along the arrows where there is no loop."""
    k, t_, x_, c_, t = plan.k, kk[T], kk[X], kk[C], v[TOTAL]
    t_[:] = 0.0
    for i in range(k):
        t_[i, i] = 1.0
        t[i] = v[CONSTANT, i]
    for c in range(plan.at[g, 0], plan.at[g, 1]):
        i, j, x = plan.row[c], plan.col[c], cell[c]
        if plan.recursive:
            t[i] += x * t[j]
            for l in range(k):
                t_[i, l] += x * t_[j, l]
        else:
            t_[i, j] -= x
    if not plan.recursive:
        t_[:] = np.linalg.inv(t_)
        t[:] = t_ @ v[CONSTANT]
    x_[:] = 0.0
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        i, j, x = plan.row[c], plan.col[c], cell[c]
        for l in range(k):
            x_[i, l] += x * t_[l, j]
        if i != j:
            for l in range(k):
                x_[j, l] += x * t_[l, i]
    if not plan.recursive:
        c_[:] = t_ @ x_
        return
    c_[:] = x_
    for c in range(plan.at[g, 0], plan.at[g, 1]):
        i, j, x = plan.row[c], plan.col[c], cell[c]
        for l in range(k):
            c_[i, l] += x * c_[j, l]


@kernel
def loss(means: bool, pp: Array, Sigma: Array, v: Array) -> float:
    """log|Sigma| + tr(S Sigma^-1) + d' Sigma^-1 d, inf where undefined; fills R, RS, W and R d."""
    S, r, rs, w, L = pp[SAMPLE_S], pp[R], pp[RS], pp[W], pp[Q]
    p, d, e = len(S), v[DEVIATION], v[PULL]
    for i in range(p):
        for j in range(p):
            L[i, j] = Sigma[i, j]
    if not cholesky(L):
        return np.inf
    value = 0.0
    for i in range(p):
        value += 2.0 * np.log(L[i, i])
    invert_factor(L, r)
    for i in range(p):
        d[i] = v[MEAN, i] - v[TOTAL, i] if means else 0.0
    for i in range(p if means else 0):
        for j in range(p):
            S[i, j] += d[i] * d[j]
    rs[:] = 0.0
    w[:] = 0.0
    for i in range(p):
        e[i] = 0.0
        for l in range(p):
            x = r[i, l]
            e[i] += x * d[l]
            for j in range(p):
                rs[i, j] += x * S[l, j]
        value += rs[i, i]
        for l in range(p):
            x = rs[i, l]
            for j in range(p):
                w[i, j] += x * r[l, j]
    return value


@kernel
def pull(pp: Array, E: Array, QE: Array, v: Array) -> None:
    """Q, Q E, and the slope by the constants, b = -2 E' R d."""
    p, k, q, b = len(QE), QE.shape[1], pp[Q], v[SLOPE]
    for i in range(p):
        for j in range(p):
            q[i, j] = pp[R, i, j] - pp[W, i, j]
    QE[:] = 0.0
    b[:] = 0.0
    for l in range(p):
        for j in range(k):
            x = E[l, j]
            if x != 0.0:
                b[j] -= 2.0 * x * v[PULL, l]
                for i in range(p):
                    QE[i, j] += q[l, i] * x


@kernel
def cell_slopes(plan: Plan, g: int, work: Work) -> None:
    """Slope of F by the cells of group ``g``."""
    p, t_, c_, QE, v = plan.p, work.kk[T], work.kk[C], work.QE, work.v
    slope, weight = work.cell[1], plan.weight[g]
    for c in range(plan.at[g, 0], plan.at[g, 1]):
        i, j = plan.row[c], plan.col[c]
        x = 0.0
        for l in range(p):
            x += QE[l, i] * c_[l, j]
        slope[c] = weight * (2.0 * x + v[SLOPE, i] * v[TOTAL, j])
    for c in range(plan.at[g, 1], plan.at[g, 2]):
        i, j = plan.row[c], plan.col[c]
        x = 0.0
        for l in range(p):
            x += QE[l, i] * t_[l, j]
        slope[c] = weight * (x if i == j else 2.0 * x)
    for c in range(plan.at[g, 2], plan.at[g, 3]):
        slope[c] = weight * v[SLOPE, plan.row[c]]


@kernel
def evaluate_group(plan: Plan, g: int, stats: Array, work: Work) -> float:
    """The group's part of F without its constant at ``work.cell``, and its slope by the cells."""
    take_sample(plan, g, stats, work)
    reduced_form(plan, g, work.kk, work.v, work.cell[0])
    value = loss(plan.means, work.pp, work.kk[C], work.v)
    if np.isfinite(value):
        pull(work.pp, work.kk[T], work.QE, work.v)
        cell_slopes(plan, g, work)
    return float(plan.weight[g] * value)


@kernel
def evaluate(plan: Plan, stats: Array, u: Array, slope: Array, work: Work) -> float:
    """F at u without its constant, and its slope (r,); ``stats`` (groups, p + p (p + 1) / 2)."""
    move(plan, u, work.cell[0])
    value = 0.0
    for g in range(plan.groups):
        value += evaluate_group(plan, g, stats[g], work)
        if not np.isfinite(value):
            return np.inf
    slope[:] = 0.0
    for c in range(len(plan.row)):
        x = work.cell[1, c]
        for j in range(len(slope)):
            slope[j] += plan.C[c, j] * x
    return value
