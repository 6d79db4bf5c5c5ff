"""Starting values: each factor's indicators as one centroid factor, then paths by least squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.sem.cached import SIZE
from analysis.sem.layout import Index
from analysis.sem.model import GroupModel, Model
from analysis.sem.moments import GroupMoments, Moments

Array = NDArray[np.float64]

SMALLEST_EIGENVALUE = 0.1  # of the correlations that paths start from
SMALLEST_SHARE = 0.1  # of a variance that is left unexplained


def starting_values(model: Model, moments: Moments) -> Array:
    """Values (q,) without paths, at which Sigma is positive definite for ordinary models.

    The user's own starting values (``start()``) take precedence.
    """
    theta = np.zeros(model.q)
    for group, sample in zip(model.groups, moments.groups, strict=True):
        _start_group(group, sample, theta)
    return _own_starts(model, theta)


def path_starts(model: Model, moments: Moments) -> Array:
    """Values (q,) nearer to the solution: paths and covariances from those of the centroids."""
    theta = np.zeros(model.q)
    for group, sample in zip(model.groups, moments.groups, strict=True):
        weights, unit = _start_group(group, sample, theta)
        if sample.ordinal is None:
            _start_paths(group, sample, weights, unit, theta)
            if sample.mean is not None and group.means:
                _start_means(group, sample.mean, theta)
    return _own_starts(model, theta)


def _own_starts(model: Model, theta: Array) -> Array:
    for row in model.free:
        if row.ustart is not None:
            theta[row.free - 1] = row.ustart
    return theta


@dataclass(frozen=True, eq=False)
class _Pattern:
    """What starting values need to know of a group's cells.

    Loadings (c,): ``item`` and ``factor`` (less p), ``parameter`` or -1, whether the item is
    ``observed``; ``pairs`` are two observed items of one factor each. By factor: number of items,
    the loading that sets its scale (or -1) with its value, and the scale where there is none.
    ``indicated`` (p,) are items of factors; ``paths`` the equations between variables that are
    not, each a variable, its predictors, and their parameters or -1.
    """

    item: Index
    factor: Index
    parameter: Index
    observed: NDArray[np.bool_]
    pairs: tuple[Index, Index]
    count: Array
    marker: Index
    marked: Array
    scale: Array
    indicated: NDArray[np.bool_]
    structural: Index
    paths: tuple[tuple[int, Index, Index], ...]


@lru_cache(maxsize=SIZE)
def _pattern(group: GroupModel) -> _Pattern:
    p, k = group.p, len(group.variables)
    par = np.full((k, k), -1, dtype=np.intp)
    par[group.A.row, group.A.col] = group.A.par
    there = (par >= 0) | (group.A0 != 0)
    cells = [(i, f) for f in range(p, k) for i in _items(there, f, p)]
    item, column = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    factor = column - p
    observed = item < p
    same = (factor[:, None] == factor) & observed[:, None] & observed
    one, other = np.nonzero(np.triu(same, 1))
    variance = np.diag(group.S0)[p:].copy()
    own = group.S.row[group.S.row == group.S.col]
    variance[own[own >= p] - p] = 0.0
    fixed = group.A0[item, column]
    marker = np.full(k - p, -1, dtype=np.intp)
    for c in np.flatnonzero(fixed)[::-1]:
        marker[factor[c]] = c
    indicated = np.zeros(k, dtype=np.bool_)
    indicated[item] = indicated[np.nonzero(group.A0[:, p:])[0]] = True
    count = np.bincount(factor, minlength=k - p)
    first_order = np.bincount(factor, observed, k - p) > 0
    structural = np.concatenate([np.flatnonzero(~indicated[:p]), p + np.flatnonzero(first_order)])
    return _Pattern(
        item, factor, par[item, column], observed, (item[one], item[other]), count.astype(float),
        marker, np.where(marker >= 0, fixed[marker] if len(fixed) else 1.0, 1.0),
        1.0 / np.sqrt(np.where(variance > 0, variance, 1.0)), indicated[:p], structural,
        tuple(_equations(there, par, structural)),
    )  # fmt: skip


def _items(there: NDArray[np.bool_], factor: int, p: int) -> list[int]:
    """Indicators of a factor: the observed ones, or else the factors that depend on it."""
    below = np.flatnonzero(there[:, factor]).tolist()
    return [i for i in below if i < p] or [i for i in below if not there[factor, i]]


def _equations(
    there: NDArray[np.bool_], par: Index, structural: Index
) -> list[tuple[int, Index, Index]]:
    """Variables that depend on structural ones alone."""
    found = []
    for i in structural.tolist():
        predictors = np.flatnonzero(there[i])
        if len(predictors) and np.isin(predictors, structural).all():
            found.append((i, predictors, par[i, predictors]))
    return found


def _start_group(group: GroupModel, sample: GroupMoments, theta: Array) -> tuple[Array, Array]:
    """Fills ``theta``; the loadings (c,) of factors with variance 1, and the factors' scales."""
    pattern, p = _pattern(group), group.p
    variance = sample.cov.diagonal()
    weights = _centroids(pattern, sample.cov)
    unit = pattern.scale.copy()
    marked = pattern.marker >= 0
    unit[marked] = weights[pattern.marker[marked]] / pattern.marked[marked]
    free = pattern.parameter >= 0
    theta[pattern.parameter[free]] = (weights / unit[pattern.factor])[free]
    spread = np.concatenate([variance, unit**2 * np.where(pattern.count > 0, 0.9, 1.0)])
    spread[:p][pattern.indicated] *= 0.5
    cells = group.S
    own = cells.row == cells.col
    theta[cells.par[own]] = spread[cells.row[own]]
    pairs = ~own & (cells.row < p)
    pairs[pairs] = ~(pattern.indicated[cells.row[pairs]] | pattern.indicated[cells.col[pairs]])
    theta[cells.par[pairs]] = sample.cov[cells.row[pairs], cells.col[pairs]]
    if group.ordinal is not None and sample.ordinal is not None:
        theta[group.ordinal.tau.par] = sample.ordinal.stacked[group.ordinal.tau.row]
        theta[group.ordinal.delta.par] = 1.0
    if sample.mean is not None:
        means = group.m
        seen = means.row < p
        theta[means.par[seen]] = sample.mean[means.row[seen]]
    return weights, unit


def _centroids(pattern: _Pattern, cov: Array) -> Array:
    """Loadings (c,) of one-factor centroid solutions, signs by the first principal axis."""
    sd = np.sqrt(cov.diagonal())
    sd[sd == 0] = 1.0  # a constant: reported elsewhere
    R = cov / (sd[:, None] * sd)
    item, factor, seen = pattern.item, pattern.factor, pattern.observed
    weights = np.full(len(item), 0.7)
    if not seen.any():
        return weights
    item, factor = item[seen], factor[seen]
    sign = np.ones(len(item))
    if not (R[pattern.pairs] > 0).all():
        sign = _signs(item, factor, R)
    members = np.zeros((len(R), len(pattern.count)))
    members[item, factor] = sign
    sums = sign * (R @ members)[item, factor] - 1.0
    others = np.maximum(pattern.count - 1.0, 1.0)
    average = np.bincount(factor, sums, len(others)) / np.maximum(pattern.count * others, 1.0)
    loading = sums / others[factor] / np.sqrt(np.maximum(average, 0.05))[factor]
    loading = np.clip(loading, 0.2, 0.9)
    loading[pattern.count[factor] == 1] = 0.9
    weights[seen] = sign * loading * sd[item]
    return weights


def _signs(item: Index, factor: Index, R: Array) -> Array:
    """Signs (c,) of each factor's items on the first principal axis of their correlations."""
    found = np.ones(len(item))
    for f in np.unique(factor):
        at = factor == f
        vectors = np.linalg.eigh(R[np.ix_(item[at], item[at])])[1]
        axis = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
        found[at] = np.where(axis < 0, -1.0, 1.0)
    return found


def _start_paths(
    group: GroupModel, sample: GroupMoments, weights: Array, unit: Array, theta: Array
) -> None:
    """Least squares between factors and observed variables, then what these leave."""
    pattern, p, k = _pattern(group), group.p, len(group.variables)
    at, variance = pattern.structural, sample.cov.diagonal()
    if len(at) == 0 or not (variance > 0).all():
        return
    seen = pattern.observed
    item, factor = pattern.item[seen], pattern.factor[seen]
    loading = np.zeros((p, k))  # on factors, and of other observed variables on themselves
    loading[item, p + factor] = (weights / unit[pattern.factor])[seen]
    plain = at[at < p]
    loading[plain, plain] = 1.0
    loading = loading[:, at]
    scores = loading / variance[:, None]
    scores /= np.add.reduce(scores * loading, axis=0)
    V = scores.T @ sample.cov @ scores
    V = _shrunk(V, np.concatenate([variance[plain], unit[at[len(plain) :] - p] ** 2]))
    B = np.zeros((k, k))
    full = np.zeros((k, k))
    full[at[:, None], at] = V
    for i, predictors, parameter in pattern.paths:
        fixed = group.A0[i, predictors]
        free = parameter >= 0
        x = predictors[free]
        rest = full[i, x] - fixed @ full[predictors[:, None], x]
        B[i, predictors] = fixed
        B[i, x] = np.linalg.solve(full[x[:, None], x], rest)
        theta[parameter[free]] = B[i, x]
    turn = np.eye(k) - B
    left = turn @ full @ turn.T
    least = SMALLEST_SHARE * full.diagonal()
    own = np.maximum(left.diagonal(), least)
    unexplained = variance - np.add.reduce(loading @ V * loading, axis=1)
    own[:p][pattern.indicated] = np.maximum(unexplained, 0.2 * variance)[pattern.indicated]
    left.flat[:: k + 1] = own
    known = np.zeros(k, dtype=np.bool_)
    known[at] = known[:p] = True
    cells = group.S
    among = known[cells.row] & known[cells.col]
    theta[cells.par[among]] = left[cells.row[among], cells.col[among]]


def _shrunk(V: Array, variance: Array) -> Array:
    """Covariances with given variances, their correlations drawn towards 0 until all is well."""
    scale = np.sqrt(variance)
    R = V / (scale[:, None] * scale)
    R.flat[:: len(R) + 1] = 1.0
    least = float(np.linalg.eigvalsh(R)[0])
    if least < SMALLEST_EIGENVALUE:
        R *= (1.0 - SMALLEST_EIGENVALUE) / (1.0 - least)
        R.flat[:: len(R) + 1] = 1.0
    found: Array = R * (scale[:, None] * scale)
    return found


def _start_means(group: GroupModel, mean: Array, theta: Array) -> None:
    """Intercepts of observed variables with which their means are the sample's."""
    A, _, m = group.matrices(theta)
    try:
        expected = np.linalg.solve(group.eye - A, m)
    except np.linalg.LinAlgError:
        return
    expected[: group.p] = mean
    seen = group.m.row < group.p
    theta[group.m.par[seen]] = (expected - A @ expected)[group.m.row[seen]]
