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
    p, k = model.p, len(model.variables)
    T = model.total_effects(A)
    both = np.empty((*A.shape[:-1], 2 * k), A.dtype)
    both[..., :k] = T
    np.matmul(T @ S, T.swapaxes(-1, -2), out=both[..., k:])
    t = (T @ m[..., None])[..., 0] if model.means else m
    return Implied(both, t, both[..., :p, k : k + p], t[..., :p])


def jacobian(model: GroupModel, at: Implied, q: int) -> Jacobian:
    """dSigma and dmu."""
    places, Z = model.layout, at.Z
    sides = Z.take(places.xy, axis=1) * places.half
    n, p = len(places.par), len(Z)
    moved = at.E.take(places.x, axis=1) * _carried(model, at) if model.means else np.zeros((p, n))
    dmu = moved.T
    if n < q:
        both = _spread(sides.reshape(p, 2, n).transpose(2, 0, 1), places.par, q)
        sides, dmu = both.transpose(1, 2, 0).reshape(p, 2 * q), _spread(dmu, places.par, q)
    return Jacobian(sides, dmu)


def _carried(model: GroupModel, at: Implied) -> Array:
    """By how much each free cell moves the mean of its row's variable (n,)."""
    return np.concatenate([at.t, (0.0, 1.0)])[model.layout.carrier]


def _spread(values: Array, par: NDArray[np.intp], q: int) -> Array:
    """``values`` (n, ...) of some parameters among zeros for all (q, ...)."""
    if len(values) == q:
        return values
    full = np.zeros((q, *values.shape[1:]))
    full[par] = values
    return full


def pullback(model: GroupModel, at: Implied, Q: Array, c: Array, q: int) -> Array:
    """Gradient (q,) of a loss with dF = tr(Q dSigma) + c' dmu, ``Q`` (p, p) symmetric."""
    places, E = model.layout, at.E
    gradient = places.twice * (E.T @ (Q @ at.Z)).take(places.flat)
    if model.means:
        gradient += (c @ E)[places.x] * _carried(model, at)
    return _spread(gradient, places.par, q)


def second_order(model: GroupModel, at: Implied, Q: Array, c: Array, q: int) -> Array:
    """sum_ij Q_ij d2Sigma_ij + sum_i c_i d2mu_i, (q, q), at fixed ``Q`` and ``c``."""
    places, both, E = model.layout, at.both, at.E
    G = E.T @ (Q @ at.Z)
    a, m = model.A, model.m
    # Rows of the pieces are parameters of A, columns those of A, S or m.
    pairs = places.arrows
    T = both.take(pairs.cR)
    crossed = G.take(pairs.rC) * T
    if model.means:
        b = c @ E
        crossed += b[a.row][:, None] * T * (0.5 * at.t[a.col])
    H = np.zeros((q, q))
    square = G.take(pairs.rR) * both.take(pairs.cC)
    H[pairs.into] = 2.0 * (crossed + crossed.T + square)
    pairs = places.others
    cross = both.take(pairs.cR) * G.take(pairs.rC) + G.take(pairs.rR) * both.take(pairs.cC)
    cross *= places.double
    H[pairs.into] = cross
    H[pairs.mirrored] = cross.T
    if len(m.par):
        cross = b[a.row][:, None] * at.T[a.col][:, m.row]
        H[a.par[:, None], m.par] = cross
        H[m.par[:, None], a.par] = cross.T
    return H
