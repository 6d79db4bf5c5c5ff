"""Model-implied moments, their derivatives, and contractions with second derivatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.model import GroupModel
from analysis.sem.state import Implied, Jacobian

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


def jacobian(model: GroupModel, at: Implied, q: int) -> Jacobian:
    """dSigma and dmu."""
    p = model.p
    left, right, dmu = np.zeros((p, q)), np.zeros((p, q)), np.zeros((q, p))
    a, s, m = model.A, model.S, model.m
    left[:, a.par] = at.E[:, a.row]
    right[:, a.par] = at.C[:p, a.col]
    left[:, s.par] = at.E[:, s.row] * np.where(s.row == s.col, 0.5, 1.0)
    right[:, s.par] = at.E[:, s.col]
    dmu[a.par] = (at.E[:, a.row] * at.t[a.col]).T
    dmu[m.par] = at.E[:, m.row].T
    return Jacobian(left, right, dmu)


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
    H = np.zeros((q, q))
    # Rows of the pieces are parameters of A, columns those of A, S or m.
    TA, TS, Tm = (at.T[a.col][:, x] for x in (a.row, s.row, m.row))
    crossed = U[a.row][:, a.col] * TA + b[a.row][:, None] * TA * (0.5 * at.t[a.col])
    both = W[a.row][:, a.row] * at.C[a.col][:, a.col]
    H[np.ix_(a.par, a.par)] = 2.0 * (crossed + crossed.T + both)
    cross = TS * W[a.row][:, s.col] + W[a.row][:, s.row] * at.T[a.col][:, s.col]
    cross *= np.where(s.row == s.col, 1.0, 2.0)
    H[np.ix_(a.par, s.par)] = cross
    H[np.ix_(s.par, a.par)] = cross.T
    cross = b[a.row][:, None] * Tm
    H[np.ix_(a.par, m.par)] = cross
    H[np.ix_(m.par, a.par)] = cross.T
    return H
