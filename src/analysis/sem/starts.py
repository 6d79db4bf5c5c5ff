"""Starting values: each factor's indicators as one centroid factor, residuals what is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.model import GroupModel, Model
from analysis.sem.moments import GroupMoments, Moments

Array = NDArray[np.float64]


def starting_values(model: Model, moments: Moments) -> Array:
    """Values (q,) at which Sigma is positive definite for ordinary models.

    The user's own starting values (``start()``) take precedence.
    """
    theta = np.zeros(model.q)
    for group, sample in zip(model.groups, moments.groups, strict=True):
        _start_group(group, sample, theta)
    for row in model.free:
        if row.ustart is not None:
            theta[row.free - 1] = row.ustart
    return theta


def _start_group(group: GroupModel, sample: GroupMoments, theta: Array) -> None:
    p = group.p
    sd = np.ones(len(group.variables))
    sd[:p] = np.sqrt(np.diag(sample.cov))
    scale = _latent_scales(group, sample.cov, sd)
    indicated = set()
    for i, j, par in zip(group.A.row, group.A.col, group.A.par, strict=True):
        if j >= p and _is_loading(group, i, j, scale):
            theta[par] = scale[(i, j)]
            indicated.add(int(i))
    fixed_loading = {int(i) for i, j in zip(*np.nonzero(group.A0), strict=True) if j >= p}
    indicated |= fixed_loading
    for i, j, par in zip(group.S.row, group.S.col, group.S.par, strict=True):
        if i == j:
            share = 0.5 if i < p and int(i) in indicated else 1.0
            theta[par] = share * (sd[i] ** 2 if i < p else scale[(int(i), int(i))])
        elif i < p and not {int(i), int(j)} & indicated:
            theta[par] = sample.cov[i, j]
    if group.ordinal is not None and sample.ordinal is not None:
        stacked = sample.ordinal.stacked
        for i, par in zip(group.ordinal.tau.row, group.ordinal.tau.par, strict=True):
            theta[par] = stacked[i]
        theta[group.ordinal.delta.par] = 1.0
    if sample.mean is not None:
        for i, par in zip(group.m.row, group.m.par, strict=True):
            theta[par] = sample.mean[i] if i < p else 0.0


def _is_loading(group: GroupModel, i: int, j: int, scale: dict[tuple[int, int], float]) -> bool:
    return (int(i), int(j)) in scale


def _latent_scales(group: GroupModel, cov: Array, sd: Array) -> dict[tuple[int, int], float]:
    """Start of each loading (indicator, factor), and of each factor's variance (factor, factor)."""
    p, k = group.p, len(group.variables)
    pattern = group.A0 != 0
    pattern[group.A.row, group.A.col] = True
    loading_cells = _measurement_cells(group, pattern)
    found: dict[tuple[int, int], float] = {}
    fixed_variance = np.diag(group.S0).copy()
    fixed_variance[group.S.row[group.S.row == group.S.col]] = 0.0
    for factor in range(p, k):
        items = loading_cells[factor]
        weights = _centroid(items, cov, p)
        marker = next((i for i in items if group.A0[i, factor] != 0), None)
        if marker is not None and weights[marker] != 0.0:
            unit = weights[marker] / group.A0[marker, factor]
        else:
            unit = 1.0 / np.sqrt(fixed_variance[factor]) if fixed_variance[factor] > 0 else 1.0
        found[(factor, factor)] = unit**2 * (0.9 if items else 1.0)
        for i in items:
            found[(i, factor)] = weights[i] / unit
        sd[factor] = abs(unit)
    return found


def _measurement_cells(group: GroupModel, pattern: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Indicators of each factor: the observed ones, or else the factors that depend on it."""
    p, k = group.p, len(group.variables)
    cells = {}
    for factor in range(p, k):
        below = np.flatnonzero(pattern[:, factor])
        observed = [int(i) for i in below if i < p]
        cells[factor] = observed or [int(i) for i in below if not pattern[factor, i]]
    return cells


def _centroid(items: list[int], cov: Array, p: int) -> dict[int, float]:
    """Loadings of a one-factor centroid solution, signs by the first principal axis."""
    observed = [i for i in items if i < p]
    if len(observed) != len(items) or not observed:
        return dict.fromkeys(items, 0.7)
    block = cov[np.ix_(observed, observed)]
    sd = np.sqrt(np.diag(block))
    sd[sd == 0] = 1.0  # a constant: reported elsewhere
    if len(observed) == 1:
        return {observed[0]: float(0.9 * sd[0])}
    R = block / np.outer(sd, sd)
    _, vectors = np.linalg.eigh(R)
    axis = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
    sign = np.where(axis < 0, -1.0, 1.0)
    signed = R * np.outer(sign, sign)
    off = (signed.sum() - len(R)) / (len(R) * (len(R) - 1))
    row = (signed.sum(axis=1) - 1.0) / (len(R) - 1)
    loading = np.clip(row / np.sqrt(max(off, 0.05)), 0.2, 0.9)
    return {i: float(w) for i, w in zip(observed, sign * loading * sd, strict=True)}
