"""What is read off where the searches of factor models ended, ``LANES`` draws side by side.

The same as ``search.finish_draws`` and ``proper.describe``, for draws of ``lowrank``'s models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.admissible import BOUNDARY
from analysis.sem.resampling.compiled import pure
from analysis.sem.resampling.factors import Factors, Rows
from analysis.sem.resampling.lowrank import (
    factor_lanes,
    log_lanes,
    move_lanes,
    structure_lanes,
)
from analysis.sem.resampling.vectors import LANES, chosen, fma, lesser, load, root, spread, store

Array = NDArray[np.float64]


@pure
def _log_determinant(A: Array, S: int, p: int) -> Array:
    """log|S| of a lower triangle by columns, which is spoilt; -inf where S is not positive."""
    total, row = spread(0.0), S
    for j in range(p):
        pivot = load(A, row)
        total = chosen(pivot, total + log_lanes(pivot), spread(-np.inf))
        out, inverse = row + p - j, spread(1.0) / pivot
        for i in range(j + 1, p):
            x = spread(0.0) - load(A, row + i - j) * inverse
            for l in range(p - i):
                store(A, out + l, fma(x, load(A, row + i - j + l), load(A, out + l)))
            out += p - i
        row += p - j
    return total


@pure
def _variances(model: Factors, at: Rows, A: Array, out: int) -> None:
    """Total and residual variances of items, then of latent variables."""
    p, m = model.p, model.m
    for i in range(p):
        total = load(A, at.x + i)
        store(A, out + p + m + i, total)
        for c in range(model.loads[i], model.loads[i + 1]):
            for other in range(model.loads[i], model.loads[i + 1]):
                part = load(A, at.x + c) * load(A, at.x + other)
                total = fma(part, load(A, at.Phi + model.col[c] * m + model.col[other]), total)
        store(A, out + i, total)
    for j in range(m):
        store(A, out + p + j, load(A, at.Phi + j * m + j))
        store(A, out + p + m + p + j, spread(0.0))
    for c in range(model.s, model.n):
        if model.row[c] == model.col[c]:
            store(A, out + p + m + p + model.row[c], load(A, at.x + c))


@pure
def _proper(model: Factors, at: Rows, A: Array, out: int) -> Array:
    """Positive without a negative variance and a latent correlation beyond 1."""
    p, m, one, zero = model.p, model.m, spread(1.0), spread(0.0)
    least = positive = definite = one
    for i in range(p + m):
        least = lesser(load(A, out + p + m + i), least)
    for i in range(m):
        variance = load(A, at.Phi + i * m + i)
        positive = lesser(variance, positive)
        store(A, at.JT + i, one / root(variance))
    for i in range(m):
        for j in range(i + 1):
            scale = load(A, at.JT + i) * load(A, at.JT + j)
            store(A, at.X + i * m + j, load(A, at.Phi + i * m + j) * scale)
        store(A, at.X + i * m + i, load(A, at.X + i * m + i) + spread(BOUNDARY))
    factor_lanes(A, m, at.X, at.T)
    for i in range(m):
        definite = chosen(load(A, at.T + i * m + i), definite, zero)
    correlated = chosen(positive, definite, one)
    return chosen(least + spread(BOUNDARY), correlated, zero)


@pure
def finish_lanes(
    model: Factors, at: Rows, A: Array, stats: Array, u: Array, solved: NDArray[np.bool_],
    theta: Array, value: Array, variances: Array, improper: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Parameters theta (D, q) at u (D, r), the constant of F added to ``value``, total and
    residual variances (D, 1, 2, k), and who is improper; who has no positive S is not solved."""
    p, k, D, out = model.p, model.p + model.m, len(stats), at.end
    for first in range(0, D, LANES):
        for l in range(min(LANES, D - first)):
            for i in range(u.shape[1]):
                A[at.u + i, l] = u[first + l, i]
            for i in range(p * (p + 1) // 2):
                A[at.S + i, l] = stats[first + l, 0, p + i]
        move_lanes(model, at, A)
        structure_lanes(model, at, A)
        _variances(model, at, A, out)
        store(A, at.value, _log_determinant(A, at.S, p))
        store(A, at.least, _proper(model, at, A, out))
        for l in range(min(LANES, D - first)):
            d = first + l
            value[d] -= A[at.value, l] + p
            solved[d] = solved[d] and np.isfinite(value[d])
            improper[d] = not A[at.least, l] > 0.0
            for i in range(theta.shape[1]):
                theta[d, i] = A[at.x + model.parameter[i], l]
            for i in range(k):
                v = i if i < p else p + model.variable[i]
                variances[d, 0, 0, i] = A[out + v, l]
                variances[d, 0, 1, i] = A[out + k + v, l]
