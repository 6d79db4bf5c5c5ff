"""Factor models with uncorrelated residuals: F and its slope without any p x p inverse.

With Sigma = Lambda Phi Lambda' + Theta, Theta diagonal and positive, all that is p x p goes
through W = Theta^-1 Lambda (Woodbury). With M = Lambda' W, K = W' S W and
G = (Phi^-1 + M)^-1, P = I - G M:

    log|Sigma|    = log|Theta| + log|I + Phi M|
    tr S Sigma^-1 = tr S Theta^-1 - tr G K
    Q Lambda Phi  = W (G + G K G) - Theta^-1 S W G
    Lambda' Q Lambda = (M - P' K) P

and Q = Sigma^-1 - Sigma^-1 S Sigma^-1 is the slope by Sigma. ``LANES`` draws are worked on side by
side, in the words of ``vectors``; loops walk over cells that are the same in all draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import pure
from analysis.sem.resampling.factors import BLOCK, Factors, Rows
from analysis.sem.resampling.plan import Index
from analysis.sem.resampling.vectors import (
    chosen,
    exponent,
    fma,
    lesser,
    load,
    mantissa,
    root,
    spread,
    store,
)

Array = NDArray[np.float64]
SERIES = 1.0 / np.arange(23.0, 0.0, -2.0)  # of the logarithm, highest power first


@pure
def _clear(A: Array, first: int, count: int) -> None:
    for i in range(first, first + count):
        store(A, i, spread(0.0))


@pure
def log_lanes(a: Array) -> Array:
    """Logarithm of positive vectors: of 2 artanh((m - 1) / (m + 1)), m from 2/3 to 4/3."""
    m, e = mantissa(a), exponent(a)
    large = m - spread(4.0 / 3.0)
    m, e = chosen(large, spread(0.5) * m, m), chosen(large, e + spread(1.0), e)
    x = (m - spread(1.0)) / (m + spread(1.0))
    square, total = x * x, spread(0.0)
    for k in range(len(SERIES)):
        total = fma(total, square, spread(SERIES[k]))
    return fma(e, spread(np.log(2.0)), spread(2.0) * (total * x))


@pure
def _gain(A: Array, out: int, x: int, y: int) -> None:
    """out += x y."""
    store(A, out, fma(load(A, x), load(A, y), load(A, out)))


@pure
def _multiply(
    A: Array, n: int, m: int, inner: int, out: int, base: int, step: int, sign: float,
    x: int, xi: int, xk: int, y: int, yk: int, yj: int,
) -> None:  # fmt: skip
    """out (n, m) = base + sign x y; rows of base ``step`` apart, those of x ``xi`` and its
    columns ``xk``, likewise y."""
    for i in range(n):
        for j in range(m):
            total = spread(0.0)
            for k in range(inner):
                total = fma(load(A, x + i * xi + k * xk), load(A, y + k * yk + j * yj), total)
            store(A, out + i * m + j, fma(spread(sign), total, load(A, base + i * step + j)))


@pure
def _apply(M: Array, spans: Index, base: Array, A: Array, x: int, out: int) -> None:
    """out (n,) = base + M x."""
    for block in range(len(spans)):
        i = BLOCK * block
        t0, t1, t2, t3 = (
            spread(base[i]),
            spread(base[i + 1]),
            spread(base[i + 2]),
            spread(base[i + 3]),
        )
        for j in range(spans[block, 0], spans[block, 1]):
            v = load(A, x + j)
            t0 = fma(spread(M[i, j]), v, t0)
            t1 = fma(spread(M[i + 1, j]), v, t1)
            t2 = fma(spread(M[i + 2, j]), v, t2)
            t3 = fma(spread(M[i + 3, j]), v, t3)
        store(A, out + i, t0)
        store(A, out + i + 1, t1)
        store(A, out + i + 2, t2)
        store(A, out + i + 3, t3)


@pure
def move_lanes(model: Factors, at: Rows, A: Array) -> None:
    """x = start + C u."""
    _apply(model.C, model.spans, model.start, A, at.u, at.x)


@pure
def _measurement(model: Factors, at: Rows, A: Array) -> None:
    """w = loading / theta, M, V = S W and K; ``least`` of the residual variances, and in ``value``
    their product, in units of those at the estimates."""
    p, f = model.p, model.f
    _clear(A, at.M, f * f)
    product = least = spread(1.0)
    for i in range(p):
        x = load(A, at.x + i)
        unit = x * spread(model.precision[i])
        product, least = product * unit, lesser(unit, least)
        inverse = spread(1.0) / x
        store(A, at.inverse + i, inverse)
        for c in range(model.loads[i], model.loads[i + 1]):
            store(A, at.w + c, load(A, at.x + c) * inverse)
            for other in range(model.loads[i], c + 1):
                j, k = model.col[c], model.col[other]
                _gain(A, at.M + j * f + k, at.x + c, at.w + other)
                if k != j:
                    _gain(A, at.M + k * f + j, at.x + c, at.w + other)
    store(A, at.value, product)
    store(A, at.least, least)
    for j in range(f):
        for r in range(0, p, BLOCK):
            t0 = t1 = t2 = t3 = spread(0.0)
            for t in range(model.by[j], model.by[j + 1]):
                c = model.order[t]
                w, place = load(A, at.w + c), model.place[model.row[c]]
                t0 = fma(load(A, at.S + place[r]), w, t0)
                t1 = fma(load(A, at.S + place[r + 1]), w, t1)
                t2 = fma(load(A, at.S + place[r + 2]), w, t2)
                t3 = fma(load(A, at.S + place[r + 3]), w, t3)
            store(A, at.V + r * f + j, t0)
            store(A, at.V + r * f + j + f, t1)
            store(A, at.V + r * f + j + 2 * f, t2)
            store(A, at.V + r * f + j + 3 * f, t3)
    for j in range(f):
        for k in range(f):
            total = spread(0.0)
            for t in range(model.by[j], model.by[j + 1]):
                c = model.order[t]
                total = fma(load(A, at.w + c), load(A, at.V + model.row[c] * f + k), total)
            store(A, at.K + j * f + k, total)


@pure
def structure_lanes(model: Factors, at: Rows, A: Array) -> None:
    """T = (I - B)^-1 and Phi = T Psi T' of all latent variables."""
    m = model.m
    _clear(A, at.T, m * m)
    _clear(A, at.X, m * m)
    for i in range(m):
        store(A, at.T + i * m + i, spread(1.0))
    for c in range(model.b, model.s):
        for j in range(m):
            _gain(A, at.T + model.row[c] * m + j, at.T + model.col[c] * m + j, at.x + c)
    for c in range(model.s, model.n):
        i, k = model.row[c], model.col[c]
        for j in range(m):
            _gain(A, at.X + i * m + j, at.T + j * m + k, at.x + c)
            if i != k:
                _gain(A, at.X + k * m + j, at.T + j * m + i, at.x + c)
    for i in range(m * m):
        store(A, at.Phi + i, load(A, at.X + i))
    for c in range(model.b, model.s):
        for j in range(m):
            _gain(A, at.Phi + model.row[c] * m + j, at.Phi + model.col[c] * m + j, at.x + c)


@pure
def factor_lanes(A: Array, n: int, M: int, L: int) -> None:
    """Lower Cholesky factor of M (n, n), whose lower triangle is spoilt; NaN without one."""
    for j in range(n):
        pivot = root(load(A, M + j * n + j))
        store(A, L + j * n + j, pivot)
        inverse = spread(1.0) / pivot
        for i in range(j + 1, n):
            x = load(A, M + i * n + j) * inverse
            store(A, L + i * n + j, x)
            for k in range(j + 1, i + 1):
                y = load(A, M + i * n + k)
                store(A, M + i * n + k, y - x * load(A, L + k * n + j))


@pure
def _inner(model: Factors, at: Rows, A: Array) -> None:
    """G = Phi - Phi L (I + L' Phi L)^-1 L' Phi with M = L L'; determinant times ``value``."""
    m, f = model.m, model.f
    for i in range(f * f):
        store(A, at.D + i, load(A, at.M + i))
    factor_lanes(A, f, at.D, at.L)
    _multiply(A, f, f, f, at.Y, at.zero, f, 1.0, at.L, 1, f, at.Phi, m, 1)  # L' Phi
    _multiply(A, f, f, f, at.D, at.one, f, 1.0, at.Y, f, 1, at.L, f, 1)
    factor_lanes(A, f, at.D, at.U)
    product = load(A, at.value)
    for i in range(f):
        pivot = load(A, at.U + i * f + i)
        product, inverse = product * (pivot * pivot), spread(1.0) / pivot
        for j in range(f):
            y = load(A, at.Y + i * f + j) * inverse
            store(A, at.Y + i * f + j, y)
            for k in range(i + 1, f):
                u, out = load(A, at.U + k * f + i), at.Y + k * f + j
                store(A, out, load(A, out) - u * y)
    store(A, at.value, product)
    _multiply(A, f, f, f, at.G, at.Phi, m, -1.0, at.Y, 1, f, at.Y, f, 1)


@pure
def _bilinear(model: Factors, at: Rows, A: Array) -> None:
    """Y = G K, N = G + G K G, P = I - G M and J = Lambda' Q Lambda = (M - P' K) P."""
    f = model.f
    _multiply(A, f, f, f, at.Y, at.zero, f, 1.0, at.G, f, 1, at.K, f, 1)
    _multiply(A, f, f, f, at.N, at.G, f, 1.0, at.Y, f, 1, at.G, f, 1)
    _multiply(A, f, f, f, at.P, at.one, f, -1.0, at.G, f, 1, at.M, f, 1)
    _multiply(A, f, f, f, at.D, at.M, f, -1.0, at.P, 1, f, at.K, f, 1)
    _multiply(A, f, f, f, at.J, at.zero, f, 1.0, at.D, f, 1, at.P, f, 1)


@pure
def _item_slopes(model: Factors, at: Rows, A: Array) -> None:
    """Slopes by the residual variances and loadings of the items; trace of S Theta^-1."""
    f, two, trace = model.f, spread(2.0), spread(0.0)
    for i in range(model.p):
        inverse = load(A, at.inverse + i)
        s = load(A, at.S + model.place[i, i]) * inverse
        trace, total = trace + s, spread(1.0) - s
        for c in range(model.loads[i], model.loads[i + 1]):
            a, b = spread(0.0), spread(0.0)
            for k in range(f):
                b = fma(load(A, at.V + i * f + k), load(A, at.G + k * f + model.col[c]), b)
            for other in range(model.loads[i], model.loads[i + 1]):
                n = load(A, at.N + model.col[other] * f + model.col[c])
                a = fma(load(A, at.w + other), n, a)
            b = b * inverse
            store(A, at.slope + c, two * (a - b))
            total = total - load(A, at.x + c) * (a - two * b)
        store(A, at.slope + i, total * inverse)
    store(A, at.trace, trace)


@pure
def _latent_slopes(model: Factors, at: Rows, A: Array) -> None:
    """Slopes by regressions and covariances of latent variables."""
    m, f = model.m, model.f
    _multiply(A, m, f, f, at.JT, at.zero, f, 1.0, at.T, 1, m, at.J, f, 1)
    for c in range(model.b, model.n):
        i, j = model.row[c], model.col[c]
        right = at.Phi if c < model.s else at.T
        total = spread(0.0)
        for k in range(f):
            total = fma(load(A, at.JT + i * f + k), load(A, right + k * m + j), total)
        store(A, at.slope + c, total if c >= model.s and i == j else total + total)


@pure
def evaluate_lanes(model: Factors, at: Rows, A: Array) -> None:
    """F without its constant into ``value`` at point ``u``, inf where undefined; its slope by u
    into ``pull``."""
    move_lanes(model, at, A)
    _measurement(model, at, A)
    structure_lanes(model, at, A)
    _inner(model, at, A)
    _bilinear(model, at, A)
    _item_slopes(model, at, A)
    _latent_slopes(model, at, A)
    trace = load(A, at.trace)
    for j in range(model.f):
        trace = trace - load(A, at.Y + j * model.f + j)
    product, never = load(A, at.value), spread(np.inf)
    value = chosen(product, log_lanes(product) + trace + spread(model.shift), never)
    store(A, at.value, chosen(load(A, at.least), value, never))
    _apply(model.Ct, model.Ct_spans, model.none, A, at.slope, at.pull)
