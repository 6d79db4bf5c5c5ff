"""Model-implied moments, their derivatives, and contractions with second derivatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.model import GroupModel
from analysis.sem.state import Implied

Array = NDArray[np.float64]


def implied(model: GroupModel, theta: NDArray[np.generic]) -> Implied:
    """Implied moments at ``theta`` (q,), which may be complex (for complex-step derivatives).

    Points ``theta`` (q, b) give stacks with the points first.
    """
    A, S, m = model.matrices(theta)
    p = model.p
    T: Array = np.linalg.inv(np.eye(A.shape[-1]) - A)  # type: ignore[assignment]
    C = T @ S @ T.swapaxes(-1, -2)
    t = (T @ m[..., None])[..., 0]
    return Implied(T, T[..., :p, :], C, t, C[..., :p, :p], t[..., :p])


def jacobian(model: GroupModel, at: Implied, q: int) -> tuple[Array, Array]:
    """dSigma (q, p, p) and dmu (q, p) by theta."""
    p = model.p
    dSigma = np.zeros((q, p, p))
    dmu = np.zeros((q, p))
    a, s, m = model.A, model.S, model.m
    half = at.E.T[a.row][:, :, None] * at.C[a.col, :p][:, None, :]
    dSigma[a.par] = half + half.transpose(0, 2, 1)
    dmu[a.par] = at.E.T[a.row] * at.t[a.col][:, None]
    half = at.E.T[s.row][:, :, None] * at.E.T[s.col][:, None, :]
    weight = np.where(s.row == s.col, 0.5, 1.0)[:, None, None]
    dSigma[s.par] = (half + half.transpose(0, 2, 1)) * weight
    dmu[m.par] = at.E.T[m.row]
    return dSigma, dmu


def pullback(model: GroupModel, at: Implied, Q: Array, c: Array, q: int) -> Array:
    """Gradient (q,) of a loss with dF = tr(Q dSigma) + c' dmu, ``Q`` (p, p) symmetric."""
    p = model.p
    QE = Q @ at.E
    W = at.E.T @ QE
    U = QE.T @ at.C[:p]
    b = at.E.T @ c
    gradient = np.zeros(q)
    a, s, m = model.A, model.S, model.m
    gradient[a.par] = 2.0 * U[a.row, a.col] + b[a.row] * at.t[a.col]
    gradient[s.par] = W[s.row, s.col] * np.where(s.row == s.col, 1.0, 2.0)
    gradient[m.par] = b[m.row]
    return gradient


def second_order(model: GroupModel, at: Implied, Q: Array, c: Array, q: int) -> Array:
    """sum_ij Q_ij d2Sigma_ij + sum_i c_i d2mu_i, (q, q), at fixed ``Q`` and ``c``."""
    p = model.p
    QE = Q @ at.E
    W = at.E.T @ QE
    U = QE.T @ at.C[:p]
    b = at.E.T @ c
    a, s, m = model.A, model.S, model.m
    T = at.T
    H = np.zeros((q, q))
    i, j = a.row[:, None], a.col[:, None]
    k, l = a.row[None, :], a.col[None, :]
    H[np.ix_(a.par, a.par)] = 2.0 * (T[l, i] * U[k, j] + W[i, k] * at.C[l, j] + U[i, l] * T[j, k])
    H[np.ix_(a.par, a.par)] += b[i] * T[j, k] * at.t[l] + b[k] * T[l, i] * at.t[j]
    r, w = s.row[None, :], s.col[None, :]
    cross = (T[j, r] * W[i, w] + W[r, i] * T[j, w]) * np.where(r == w, 1.0, 2.0)
    H[np.ix_(a.par, s.par)] = cross
    H[np.ix_(s.par, a.par)] = cross.T
    cross = b[i] * T[j, m.row[None, :]]
    H[np.ix_(a.par, m.par)] = cross
    H[np.ix_(m.par, a.par)] = cross.T
    return H
