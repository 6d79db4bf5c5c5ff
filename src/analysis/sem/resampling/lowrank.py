"""Factor models with uncorrelated residuals: F and its slope without any p x p inverse.

With Sigma = Lambda Phi Lambda' + Theta, Theta diagonal and positive, all that is p x p goes
through W = Theta^-1 Lambda (Woodbury). With M = Lambda' W, K = W' S W and
G = (Phi^-1 + M)^-1, P = I - G M:

    log|Sigma|    = log|Theta| + log|I + Phi M|
    tr S Sigma^-1 = tr S Theta^-1 - tr G K
    Q Lambda Phi  = W (G + G K G) - Theta^-1 S W G
    Lambda' Q Lambda = (M - P' K) P

and Q = Sigma^-1 - Sigma^-1 S Sigma^-1 is the slope by Sigma. Every array has a last axis of
``LANES`` draws that are worked on side by side, which is what the compiler turns into vector
instructions; the loops before it walk over cells that are the same in all draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import inlined, kernel
from analysis.sem.resampling.plan import Index, Plan

Array = NDArray[np.float64]
LANES = 64


class Factors(NamedTuple):
    """What the low-rank kernels need to know of a model.

    Of the ``m`` latent variables the first ``f`` have items. Cells are first the residual
    variances of the p items, ``unit`` (p,) at the estimates; then the loadings (item, factor),
    those of item i from ``loads[i]`` to ``loads[i + 1]``; then regressions among latent variables
    from ``b``, in a recursive order; then their (residual) covariances from ``s``. ``start``,
    ``C`` and ``Ct`` as in ``Plan``.
    """

    p: int
    m: int
    f: int
    b: int
    s: int
    n: int
    loads: Index
    row: Index
    col: Index
    unit: Array
    start: Array
    C: Array
    Ct: Array


def make_factors(plan: Plan) -> Factors | None:
    """The low-rank form of a plan; None for models that have none."""
    p, k = plan.p, plan.k
    if plan.groups > 1 or plan.means or plan.covariates or not plan.recursive:
        return None
    number = np.arange(len(plan.row))
    arrow = number < plan.at[0, 1]
    inner = plan.row >= p
    loading = arrow & ~inner & (plan.col >= p)
    residual = ~arrow & ~inner & (plan.row == plan.col) & (plan.start > 0)
    among, spread = arrow & inner & (plan.col >= p), ~arrow & inner & (plan.col >= p)
    if not (loading | residual | among | spread).all() or residual.sum() < p:
        return None
    measured = np.unique(plan.col[loading])
    order = np.r_[np.zeros(p, dtype=np.intp), measured, np.setdiff1d(np.arange(p, k), measured)]
    place = np.arange(k)
    place[order[p:]] = np.arange(k - p)
    items = number[loading][np.argsort(plan.row[loading], kind="stable")]
    cells = np.r_[number[residual], items, number[among], number[spread]]
    b = p + len(items)
    row, col = place[plan.row[cells]], place[plan.col[cells]]
    loads = p + np.searchsorted(row[p:b], np.arange(p + 1))
    C = np.ascontiguousarray(plan.C[cells])
    return Factors(
        p, k - p, len(measured), b, b + int(among.sum()), len(cells), loads.astype(np.intp),
        row, col, plan.start[cells[:p]], plan.start[cells], C, np.ascontiguousarray(C.T),
    )  # fmt: skip


class Rows(NamedTuple):
    """Where things begin in the one array (rows, LANES) that the kernels work in.

    Cell (i, j) of a matrix with n columns is row i n + j from its beginning. One array keeps
    calls cheap, to run and to compile.
    """

    S: int
    x: int
    slope: int
    inverse: int
    w: int
    M: int
    V: int
    K: int
    T: int
    X: int
    Phi: int
    L: int
    U: int
    D: int
    Y: int
    G: int
    N: int
    P: int
    J: int
    JT: int
    a: int
    b: int
    total: int
    product: int
    least: int
    end: int


def make_rows(model: Factors) -> Rows:
    """Rows one after the other."""
    p, m, f, n = model.p, model.m, model.f, model.n
    sizes = [p * (p + 1) // 2, n, n, p, model.b, f * f, p * f, f * f, m * m, m * m, m * m]
    sizes += [f * f] * 8 + [m * f] + [1] * 5
    assert len(sizes) == len(Rows._fields) - 1
    return Rows(*np.cumsum([0, *sizes]).tolist())


@inlined
def _add(A: Array, out: int, x: int, y: int) -> None:
    for l in range(LANES):
        A[out, l] += A[x, l] * A[y, l]


@kernel
def _clear(A: Array, first: int, count: int, value: float) -> None:
    for i in range(first, first + count):
        for l in range(LANES):
            A[i, l] = value


@kernel
def _copy(A: Array, out: int, x: int, count: int) -> None:
    for i in range(count):
        for l in range(LANES):
            A[out + i, l] = A[x + i, l]


@kernel
def _multiply(
    A: Array, sign: float, n: int, m: int, inner: int, out: int,
    x: int, xi: int, xk: int, y: int, yk: int, yj: int,
) -> None:  # fmt: skip
    """out (n, m) += sign x y; rows of x step by ``xi`` and its columns by ``xk``, likewise y."""
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                a, b, c = out + i * m + j, x + i * xi + k * xk, y + k * yk + j * yj
                for l in range(LANES):
                    A[a, l] += sign * A[b, l] * A[c, l]


@kernel
def _position(p: int, i: int, j: int) -> int:
    """Where the covariance of i and j stands in a lower triangle by columns."""
    a, b = (i, j) if i >= j else (j, i)
    return b * p - b * (b - 1) // 2 + a - b


@kernel
def _measurement(model: Factors, at: Rows, A: Array) -> None:
    """w = loading / theta, M, V = S W and K; product and least of the residual variances."""
    p, f = model.p, model.f
    _clear(A, at.M, f * f, 0.0)
    _clear(A, at.V, p * f, 0.0)
    _clear(A, at.K, f * f, 0.0)
    _clear(A, at.product, 1, 1.0)
    _clear(A, at.least, 1, 1.0)
    for i in range(p):
        unit, inverse = 1.0 / model.unit[i], at.inverse + i
        for l in range(LANES):
            x = A[at.x + i, l] * unit
            A[at.product, l] *= x
            A[at.least, l] = x if x < A[at.least, l] else A[at.least, l]
            A[inverse, l] = 1.0 / A[at.x + i, l]
        for c in range(model.loads[i], model.loads[i + 1]):
            j = model.col[c]
            for l in range(LANES):
                A[at.w + c, l] = A[at.x + c, l] * A[inverse, l]
            for other in range(model.loads[i], c + 1):
                k = model.col[other]
                _add(A, at.M + j * f + k, at.x + c, at.w + other)
                if k != j:
                    _add(A, at.M + k * f + j, at.x + c, at.w + other)
            for r in range(p):
                _add(A, at.V + r * f + j, at.S + _position(p, i, r), at.w + c)
    for c in range(p, model.b):
        for j in range(f):
            _add(A, at.K + model.col[c] * f + j, at.w + c, at.V + model.row[c] * f + j)


@kernel
def _structure(model: Factors, at: Rows, A: Array) -> None:
    """T = (I - B)^-1 and Phi = T Psi T' of all latent variables."""
    m = model.m
    _clear(A, at.T, m * m, 0.0)
    _clear(A, at.X, m * m, 0.0)
    for i in range(m):
        _clear(A, at.T + i * m + i, 1, 1.0)
    for c in range(model.b, model.s):
        for j in range(m):
            _add(A, at.T + model.row[c] * m + j, at.T + model.col[c] * m + j, at.x + c)
    for c in range(model.s, model.n):
        i, k = model.row[c], model.col[c]
        for j in range(m):
            _add(A, at.X + i * m + j, at.T + j * m + k, at.x + c)
            if i != k:
                _add(A, at.X + k * m + j, at.T + j * m + i, at.x + c)
    _copy(A, at.Phi, at.X, m * m)
    for c in range(model.b, model.s):
        for j in range(m):
            _add(A, at.Phi + model.row[c] * m + j, at.Phi + model.col[c] * m + j, at.x + c)


@kernel
def _factor(A: Array, n: int, M: int, L: int) -> None:
    """Lower Cholesky factor of M (n, n), whose lower triangle is spoilt; NaN without one."""
    for j in range(n):
        pivot = L + j * n + j
        for l in range(LANES):
            A[pivot, l] = np.sqrt(A[M + j * n + j, l])
        for i in range(j + 1, n):
            a, b = L + i * n + j, M + i * n + j
            for l in range(LANES):
                A[a, l] = A[b, l] / A[pivot, l]
            for k in range(j + 1, i + 1):
                out, c = M + i * n + k, L + k * n + j
                for l in range(LANES):
                    A[out, l] -= A[a, l] * A[c, l]


@kernel
def _inner(model: Factors, at: Rows, A: Array) -> None:
    """G = Phi - Phi L (I + L' Phi L)^-1 L' Phi with M = L L'; determinant times ``product``."""
    m, f = model.m, model.f
    _copy(A, at.D, at.M, f * f)
    _clear(A, at.L, f * f, 0.0)
    _factor(A, f, at.D, at.L)
    _clear(A, at.Y, f * f, 0.0)  # L' Phi
    _multiply(A, 1.0, f, f, f, at.Y, at.L, 1, f, at.Phi, m, 1)
    _clear(A, at.D, f * f, 0.0)
    for i in range(f):
        _clear(A, at.D + i * f + i, 1, 1.0)
    _multiply(A, 1.0, f, f, f, at.D, at.Y, f, 1, at.L, f, 1)
    _factor(A, f, at.D, at.U)
    for i in range(f):
        pivot = at.U + i * f + i
        for l in range(LANES):
            A[at.product, l] *= A[pivot, l] * A[pivot, l]
        for j in range(f):
            y = at.Y + i * f + j
            for l in range(LANES):
                A[y, l] /= A[pivot, l]
            for k in range(i + 1, f):
                out, u = at.Y + k * f + j, at.U + k * f + i
                for l in range(LANES):
                    A[out, l] -= A[u, l] * A[y, l]
            _copy(A, at.G + i * f + j, at.Phi + i * m + j, 1)
    _multiply(A, -1.0, f, f, f, at.G, at.Y, 1, f, at.Y, f, 1)


@kernel
def _bilinear(model: Factors, at: Rows, A: Array) -> None:
    """Y = G K, N = G + G K G, P = I - G M and J = Lambda' Q Lambda = (M - P' K) P."""
    f, size = model.f, model.f * model.f
    _clear(A, at.Y, size, 0.0)
    _multiply(A, 1.0, f, f, f, at.Y, at.G, f, 1, at.K, f, 1)
    _copy(A, at.N, at.G, size)
    _multiply(A, 1.0, f, f, f, at.N, at.Y, f, 1, at.G, f, 1)
    _clear(A, at.P, size, 0.0)
    for i in range(f):
        _clear(A, at.P + i * f + i, 1, 1.0)
    _multiply(A, -1.0, f, f, f, at.P, at.G, f, 1, at.M, f, 1)
    _copy(A, at.D, at.M, size)
    _multiply(A, -1.0, f, f, f, at.D, at.P, 1, f, at.K, f, 1)
    _clear(A, at.J, size, 0.0)
    _multiply(A, 1.0, f, f, f, at.J, at.D, f, 1, at.P, f, 1)


@kernel
def _item_slopes(model: Factors, at: Rows, A: Array) -> None:
    """Slopes by the residual variances and loadings of the items."""
    f, a, b, total = model.f, at.a, at.b, at.total
    for i in range(model.p):
        s, inverse = at.S + _position(model.p, i, i), at.inverse + i
        for l in range(LANES):
            A[total, l] = 1.0 - A[s, l] * A[inverse, l]
        for c in range(model.loads[i], model.loads[i + 1]):
            _clear(A, a, 2, 0.0)
            for k in range(f):
                _add(A, b, at.V + i * f + k, at.G + k * f + model.col[c])
            for other in range(model.loads[i], model.loads[i + 1]):
                _add(A, a, at.w + other, at.N + model.col[other] * f + model.col[c])
            out, x = at.slope + c, at.x + c
            for l in range(LANES):
                A[b, l] *= A[inverse, l]
                A[out, l] = 2.0 * (A[a, l] - A[b, l])
                A[total, l] -= A[x, l] * (A[a, l] - 2.0 * A[b, l])
        out = at.slope + i
        for l in range(LANES):
            A[out, l] = A[total, l] * A[inverse, l]


@kernel
def _latent_slopes(model: Factors, at: Rows, A: Array) -> None:
    """Slopes by regressions and covariances of latent variables."""
    m, f = model.m, model.f
    _clear(A, at.JT, m * f, 0.0)
    _multiply(A, 1.0, m, f, f, at.JT, at.T, 1, m, at.J, f, 1)
    _clear(A, at.slope + model.b, model.n - model.b, 0.0)
    for c in range(model.b, model.n):
        i, j, out = model.row[c], model.col[c], at.slope + c
        right = at.Phi if c < model.s else at.T
        for k in range(f):
            _add(A, out, at.JT + i * f + k, right + k * m + j)
        if c < model.s or i != j:
            for l in range(LANES):
                A[out, l] *= 2.0


@kernel
def evaluate_lanes(
    model: Factors, at: Rows, A: Array, u: Array, value: Array, slope: Array
) -> None:
    """F (LANES,) at u (r, LANES), inf where undefined, and its slope (r, LANES)."""
    np.dot(model.C, u, A[at.x : at.x + model.n])
    for c in range(model.n):
        for l in range(LANES):
            A[at.x + c, l] += model.start[c]
    _measurement(model, at, A)
    _structure(model, at, A)
    _inner(model, at, A)
    _bilinear(model, at, A)
    for l in range(LANES):
        good = A[at.least, l] > 0.0 and A[at.product, l] > 0.0
        value[l] = np.log(A[at.product, l]) if good else np.inf
    for j in range(model.f):
        for l in range(LANES):
            value[l] -= A[at.Y + j * model.f + j, l]
    for i in range(model.p):
        s, shift = at.S + _position(model.p, i, i), np.log(model.unit[i])
        for l in range(LANES):
            value[l] += A[s, l] * A[at.inverse + i, l] + shift
    _item_slopes(model, at, A)
    _latent_slopes(model, at, A)
    np.dot(model.Ct, A[at.slope : at.slope + model.n], slope)
