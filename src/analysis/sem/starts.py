"""Starting values: each factor's indicators as one centroid factor, then paths by least squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv, dpotrf

from analysis.sem.cached import SIZE, by_identity
from analysis.sem.layout import Cells, Index
from analysis.sem.model import GroupModel, Model
from analysis.sem.moments import GroupMoments, Moments

Array = NDArray[np.float64]

SMALLEST_EIGENVALUE = 0.1  # of the correlations that paths start from
SMALLEST_SHARE = 0.1  # of a structural variable's variance that is left unexplained
SMALLEST_RESIDUAL = 0.2  # the same of an item


def starting_values(model: Model, moments: Moments) -> Array:
    """Values (q,) without paths, at which Sigma is positive definite for ordinary models.

    The user's own starting values (``start()``) take precedence.
    """
    theta, _ = _without_paths(model, moments)
    return _own_starts(model, theta)


def start_points(model: Model, moments: Moments) -> tuple[Array, Array]:
    """Starting values (q,) with paths, nearer to the solution, and those without.

    Paths and covariances come from the covariances of the centroids.
    """
    plain, scales = _without_paths(model, moments)
    theta = plain.copy()
    for group, sample, (weights, unit) in zip(model.groups, moments.groups, scales, strict=True):
        if sample.ordinal is None:
            _start_paths(group, sample, weights, unit, theta)
            if sample.mean is not None and group.means:
                _start_means(group, sample.mean, theta)
    return _own_starts(model, theta), _own_starts(model, plain)


def _without_paths(model: Model, moments: Moments) -> tuple[Array, list[tuple[Array, Array]]]:
    theta = np.zeros(model.q)
    groups = zip(model.groups, moments.groups, strict=True)
    scales = [_start_group(group, sample, theta) for group, sample in groups]
    return theta, scales


def _own_starts(model: Model, theta: Array) -> Array:
    places, values = _chosen(model)
    theta[places] = values
    return theta


@lru_cache(maxsize=SIZE)
def _chosen(model: Model) -> tuple[Index, Array]:
    """Parameters for which the user gave starting values, and these."""
    rows = [r for r in model.free if r.ustart is not None]
    places = np.array([r.free - 1 for r in rows], dtype=np.intp)
    return places, np.array([r.ustart for r in rows], dtype=float)


@dataclass(frozen=True, eq=False)
class _Pattern:
    """What starting values need to know of a group's cells.

    Loadings (c,), the first ``seen`` of observed items: ``item``, ``factor`` (less p); ``free``
    are places of free ones and ``loadings`` their parameters. ``pairs`` are two observed items of
    one factor each. By factor (f,): ``count`` of items, ``scale`` where no loading sets it;
    ``marked`` are factors with such a loading, ``marker`` its place, ``mark`` its value.
    ``single`` are items alone on their factor, ``indicated`` (p,) all items of factors. ``own``
    and ``joint`` are parameters of variances and of covariances between observed variables that
    are not items, with rows (and columns).
    """

    seen: int
    item: Index
    factor: Index
    free: Index
    loadings: Index
    pairs: tuple[Index, Index]
    count: Array
    scale: Array
    marked: Index
    marker: Index
    mark: Array
    single: Index
    indicated: NDArray[np.bool_]
    own: tuple[Index, Index]
    joint: tuple[Index, Index, Index]
    structure: _Structure


class _Equation(NamedTuple):
    """A structural variable, its predictors, and where these are free; parameters of the free."""

    variable: int
    predictors: Index
    free: Index
    parameters: Index
    fixed: Array


@dataclass(frozen=True, eq=False)
class _Structure:
    """Variables (m,) that paths join: factors of observed items, and observed non-items.

    ``plain`` are the observed ones and ``factors`` (less p) the others, which come last;
    ``places`` says where loadings go in (p, m), whose other cells are ``blank``. ``joint`` are
    parameters of (co)variances among these variables with their numbers, ``residual`` those of
    the items' variances with the items.
    """

    plain: Index
    factors: Index
    places: Index
    blank: Array
    equations: tuple[_Equation, ...]
    joint: tuple[Index, Index, Index]
    residual: tuple[Index, Index]


def _pattern(group: GroupModel) -> _Pattern:
    """Made once for a model, whatever the moments of its covariates."""
    variances = tuple(group.S0.diagonal()[group.p :].tolist())
    return _made_pattern(group.A0, group.A, group.S, variances)


@by_identity
def _made_pattern(A0: Array, A: Cells, S: Cells, variances: tuple[float, ...]) -> _Pattern:
    k = len(A0)
    p = k - len(variances)
    par = np.full((k, k), -1, dtype=np.intp)
    par[A.row, A.col] = A.par
    there = (par >= 0) | (A0 != 0)
    cells = [(i, f) for f in range(p, k) for i in _items(there, f, p)]
    cells.sort(key=lambda cell: cell[0] >= p)
    item, column = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    factor, seen = column - p, int((item < p).sum())
    same = factor[:seen, None] == factor[:seen]
    one, other = np.nonzero(np.triu(same, 1))
    diagonal = S.row == S.col
    variance = np.array(variances)
    variance[S.row[diagonal & (S.row >= p)] - p] = 0.0
    fixed = A0[item, column]
    markers = {int(factor[c]): c for c in np.flatnonzero(fixed)[::-1]}
    marked, marker = np.array(sorted(markers.items()), dtype=np.intp).reshape(-1, 2).T
    indicated = np.zeros(k, dtype=np.bool_)
    indicated[item] = indicated[np.nonzero(A0[:, p:])[0]] = True
    joint = ~diagonal & (S.row < p) & ~indicated[S.row] & ~indicated[S.col]
    free = np.flatnonzero(par[item, column] >= 0)
    count = np.bincount(factor, minlength=k - p).astype(float)
    return _Pattern(
        seen, item, factor, free, par[item, column][free], (item[one], item[other]),
        count,
        1.0 / np.sqrt(np.where(variance > 0, variance, 1.0)), marked, marker, fixed[marker],
        np.flatnonzero(count[factor[:seen]] == 1), indicated[:p],
        (S.par[diagonal], S.row[diagonal]), (S.par[joint], S.row[joint], S.col[joint]),
        _structure(A0, S, there, par, indicated[:p], item[:seen], factor[:seen]),
    )  # fmt: skip


def _items(there: NDArray[np.bool_], factor: int, p: int) -> list[int]:
    """Indicators of a factor: the observed ones, or else the factors that depend on it."""
    below = np.flatnonzero(there[:, factor]).tolist()
    return [i for i in below if i < p] or [i for i in below if not there[factor, i]]


def _structure(
    A0: Array, S: Cells, there: NDArray[np.bool_], par: Index, indicated: NDArray[np.bool_],
    item: Index, factor: Index,
) -> _Structure:  # fmt: skip
    p = len(indicated)
    plain, factors = np.flatnonzero(~indicated), np.unique(factor)
    variables = np.concatenate([plain, p + factors])
    number = np.full(len(there), -1, dtype=np.intp)
    number[variables] = np.arange(len(variables))
    blank = np.zeros((p, len(variables)))
    blank[plain, np.arange(len(plain))] = 1.0
    equations = []
    for i in variables.tolist():
        x = np.flatnonzero(there[i])
        if len(x) and (number[x] >= 0).all():
            free = np.flatnonzero(par[i, x] >= 0)
            equation = int(number[i]), number[x], free, par[i, x[free]], A0[i, x]
            equations.append(_Equation(*equation))
    joint = (number[S.row] >= 0) & (number[S.col] >= 0)
    residual = (S.row == S.col) & (S.row < p)
    residual[residual] = indicated[S.row[residual]]
    return _Structure(
        plain, factors, item * len(variables) + number[p + factor], blank, tuple(equations),
        (S.par[joint], number[S.row[joint]], number[S.col[joint]]),
        (S.par[residual], S.row[residual]),
    )  # fmt: skip


def _start_group(group: GroupModel, sample: GroupMoments, theta: Array) -> tuple[Array, Array]:
    """Fills ``theta``; the loadings (c,) of factors with variance 1, and the factors' scales."""
    pattern, p = _pattern(group), group.p
    weights, unit = _centroids(pattern, sample.cov), pattern.scale.copy()
    unit[pattern.marked] = weights[pattern.marker] / pattern.mark
    theta[pattern.loadings] = (weights / unit[pattern.factor])[pattern.free]
    seen = sample.cov.diagonal() * np.where(pattern.indicated, 0.5, 1.0)
    spread = np.concatenate([seen, unit**2 * np.where(pattern.count > 0, 0.9, 1.0)])
    par, row = pattern.own
    theta[par] = spread[row]
    par, row, col = pattern.joint
    theta[par] = sample.cov[row, col]
    if group.ordinal is not None and sample.ordinal is not None:
        theta[group.ordinal.tau.par] = sample.ordinal.stacked[group.ordinal.tau.row]
        theta[group.ordinal.delta.par] = 1.0
    if sample.mean is not None and len(group.m.par):
        known = group.m.row < p
        theta[group.m.par[known]] = sample.mean[group.m.row[known]]
    return weights, unit


def _centroids(pattern: _Pattern, cov: Array) -> Array:
    """Loadings (c,) of one-factor centroid solutions, signs by the first principal axis."""
    seen, count = pattern.seen, pattern.count
    item, factor = pattern.item[:seen], pattern.factor[:seen]
    weights = np.full(len(pattern.item), 0.7)
    variance = cov.diagonal()
    sd = np.sqrt(np.where(variance == 0.0, 1.0, variance))  # a constant: reported elsewhere
    R = cov / (sd[:, None] * sd)
    sign = 1.0 if (R[pattern.pairs] > 0).all() else _signs(item, factor, R)
    members = np.zeros((len(R), len(count)))
    members[item, factor] = sign
    sums = sign * (R @ members)[item, factor] - 1.0
    others = np.maximum(count - 1.0, 1.0)
    average = np.bincount(factor, sums, len(count)) / np.maximum(count * others, 1.0)
    scale = 1.0 / (others * np.sqrt(np.maximum(average, 0.05)))
    loading = np.minimum(np.maximum(sums * scale[factor], 0.2), 0.9)
    loading[pattern.single] = 0.9
    weights[:seen] = sign * loading * sd[item]
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
    pattern = _pattern(group)
    structure, variance = pattern.structure, sample.cov.diagonal()
    m = structure.blank.shape[1]
    if m == 0 or not variance.min() > 0:
        return
    loading = structure.blank.copy()
    seen = pattern.seen
    loading.flat[structure.places] = weights[:seen] / unit[pattern.factor[:seen]]
    scores = loading / variance[:, None]
    scores /= np.add.reduce(scores * loading, axis=0)
    squares = np.concatenate([variance[structure.plain], unit[structure.factors] ** 2])
    V = _shrunk(scores.T @ sample.cov @ scores, squares)
    turn = np.eye(m)
    for equation in structure.equations:
        y, x = equation.variable, equation.predictors
        turn[y, x] = -equation.fixed
        x = x[equation.free]
        if len(x) == 0:
            continue
        found = dposv(V[x[:, None], x], turn[y] @ V[:, x])[1]
        turn[y, x] = -found
        theta[equation.parameters] = found
    left = turn @ V @ turn.T
    left.flat[:: m + 1] = np.maximum(left.diagonal(), SMALLEST_SHARE * squares)
    par, row, col = structure.joint
    theta[par] = left[row, col]
    unexplained = variance - np.add.reduce(loading @ V * loading, axis=1)
    par, row = structure.residual
    theta[par] = np.maximum(unexplained, SMALLEST_RESIDUAL * variance)[row]


def _shrunk(V: Array, variance: Array) -> Array:
    """Covariances with given variances, their correlations drawn towards 0 until all is well."""
    scale = np.sqrt(variance)
    scale = scale[:, None] * scale
    R = V / scale
    R.flat[:: len(R) + 1] = 1.0 - SMALLEST_EIGENVALUE
    if dpotrf(R)[1] != 0:
        R *= 1.0 / (1.0 - SMALLEST_EIGENVALUE - min(float(np.linalg.eigvalsh(R)[0]), 0.0))
        R *= 1.0 - SMALLEST_EIGENVALUE
    R.flat[:: len(R) + 1] = 1.0
    found: Array = R * scale
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
