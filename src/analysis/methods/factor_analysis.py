"""Item analysis and exploratory factor analysis of a correlation matrix.

Principal axis factoring, iterated to its end, gives the minimum residual solution, so there is
one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

Array = NDArray[np.float64]
Extraction = Literal["ml", "minres"]
Rotation = Literal["oblimin", "promax", "geomin", "varimax", "none"]
EXTRACTIONS: tuple[Extraction, ...] = get_args(Extraction)
ROTATIONS: tuple[Rotation, ...] = get_args(Rotation)

LOWEST = 0.005
ROTATION_STEPS, ROTATION_TOLERANCE = 2000, 1e-9
PROMAX_POWER = 4
GEOMIN_EPSILON = 0.01


@dataclass(frozen=True)
class Item:
    """One item of a scale, complete rows: ``total_r`` its correlation with the sum of the others.

    ``alpha_without`` is alpha of the scale without it, NaN for scales of two items.
    """

    name: str
    mean: float
    sd: float
    total_r: float
    alpha_without: float


@dataclass(frozen=True)
class Scale:
    """Items of one scale with coefficient alpha and the mean correlation between items."""

    n: int
    alpha: float
    mean_r: float
    items: tuple[Item, ...]


def item_analysis(X: Array, names: Sequence[str]) -> Scale:
    """Corrected item-total correlations and alpha if an item is deleted.

    Raises
    ------
    ValueError
        With fewer than two items or three complete rows.
    """
    rows = X[~np.isnan(X).any(axis=1)]
    n, p = rows.shape
    if p < 2 or n < 3:
        raise ValueError(f"{n} complete rows of {p} items: too few for an item analysis")
    cov = np.cov(rows, rowvar=False)
    sd = np.sqrt(np.diag(cov))
    found = []
    for j, name in enumerate(names):
        rest = [k for k in range(p) if k != j]
        block = cov[np.ix_(rest, rest)]
        r = float(cov[j, rest].sum() / (sd[j] * sqrt(block.sum())))
        alpha = _alpha(block) if p > 2 else nan
        found.append(Item(name, float(rows[:, j].mean()), float(sd[j]), r, alpha))
    R = cov / np.outer(sd, sd)
    mean_r = float(R[np.tril_indices(p, -1)].mean())
    return Scale(n, _alpha(cov), mean_r, tuple(found))


def _alpha(cov: Array) -> float:
    k = len(cov)
    return k / (k - 1) * (1.0 - float(np.trace(cov)) / float(cov.sum()))


@dataclass(frozen=True)
class Adequacy:
    """Kaiser-Meyer-Olkin measure, overall and by item (p,), and Bartlett's test of sphericity."""

    kmo: float
    items: Array
    chi2: float
    df: int
    p: float


def adequacy(R: Array, n: int) -> Adequacy:
    """Whether correlations (p, p) of ``n`` respondents have something in common to find.

    Raises
    ------
    numpy.linalg.LinAlgError
        For a singular matrix.
    """
    p = len(R)
    inverse = np.linalg.inv(R)
    scale = np.sqrt(np.diag(inverse))
    partial = inverse / np.outer(scale, scale)
    off = ~np.eye(p, dtype=bool)
    r2, q2 = np.where(off, R**2, 0.0), np.where(off, partial**2, 0.0)
    items = r2.sum(axis=0) / (r2.sum(axis=0) + q2.sum(axis=0))
    chi2 = -(n - 1 - (2 * p + 5) / 6) * float(np.linalg.slogdet(R)[1])
    df = p * (p - 1) // 2
    return Adequacy(float(r2.sum() / (r2.sum() + q2.sum())), items, chi2, df,
                    float(stats.chi2.sf(chi2, df)))  # fmt: skip


@dataclass(frozen=True)
class Parallel:
    """Eigenvalues (p,) beside those of random normal data of the same size.

    ``mean`` and ``upper`` (the ``quantile``) come from ``repetitions`` samples; ``factors``
    counts the leading observed eigenvalues above ``upper``. ``components`` tells eigenvalues of
    the correlation matrix from those with squared multiple correlations on the diagonal.
    """

    observed: Array
    mean: Array
    upper: Array
    factors: int
    components: bool
    repetitions: int
    quantile: float


def parallel_analysis(
    R: Array,
    n: int,
    *,
    components: bool = True,
    repetitions: int = 200,
    quantile: float = 0.95,
    seed: int = 1,
) -> Parallel:
    """Horn's parallel analysis of correlations (p, p) of ``n`` respondents."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    p = len(R)
    drawn = np.empty((repetitions, p))
    for k in range(repetitions):
        noise = np.asarray(np.corrcoef(rng.normal(size=(n, p)), rowvar=False))
        drawn[k] = _eigenvalues(noise, components)
    observed = _eigenvalues(R, components)
    upper = np.quantile(drawn, quantile, axis=0)
    above = observed > upper
    factors = p if above.all() else int(np.argmin(above))
    return Parallel(observed, drawn.mean(axis=0), upper, factors, components, repetitions, quantile)


def _eigenvalues(R: Array, components: bool) -> Array:
    matrix = R.copy()
    if not components:
        np.fill_diagonal(matrix, squared_multiple_correlations(R))
    values = np.linalg.eigvalsh(matrix)[::-1]
    return np.asarray(values, dtype=np.float64)


def squared_multiple_correlations(R: Array) -> Array:
    """Share (p,) of each item that the others explain."""
    smc: Array = 1.0 - 1.0 / np.diag(np.linalg.inv(R))
    return smc


@dataclass(frozen=True)
class Map:
    """Velicer's mean squared partial correlation after 0, 1, ... components; ``factors`` at least.

    ``values`` (p - 1,).
    """

    values: Array
    factors: int


def minimum_average_partial(R: Array) -> Map:
    """Velicer's (1976) minimum average partial test."""
    p = len(R)
    values, vectors = np.linalg.eigh(R)
    order = np.argsort(values)[::-1]
    loadings = vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0))
    found = np.empty(p - 1)
    for m in range(p - 1):
        rest = R - loadings[:, :m] @ loadings[:, :m].T
        scale = np.sqrt(np.maximum(np.diag(rest), 1e-15))
        partial = rest / np.outer(scale, scale)
        found[m] = ((partial**2).sum() - p) / (p * (p - 1))
    return Map(found, int(np.argmin(found)))


@dataclass(frozen=True)
class Efa:
    """An exploratory factor solution of p items and m factors.

    ``pattern`` (p, m) are loadings after rotation, ``phi`` (m, m) factor correlations,
    ``structure`` = pattern phi; ``communality`` and ``uniqueness`` (p,). ``explained`` (m,) is
    each factor's share of all variance. ``chi2`` on ``df`` is Bartlett-corrected; NaN without
    degrees of freedom. ``heywood`` tells that a uniqueness ran into its bound.
    """

    pattern: Array
    phi: Array
    communality: Array
    uniqueness: Array
    explained: Array
    chi2: float
    df: int
    p: float
    rmsr: float
    converged: bool
    heywood: bool
    extraction: Extraction
    rotation: Rotation

    @property
    def structure(self) -> Array:
        """Correlations (p, m) of items with factors."""
        found: Array = self.pattern @ self.phi
        return found


def efa(
    R: Array,
    factors: int,
    *,
    n: int,
    extraction: Extraction = "minres",
    rotation: Rotation = "oblimin",
) -> Efa:
    """Exploratory factor analysis of correlations (p, p).

    Factors are sorted by the variance they explain and point to positive loadings.

    Raises
    ------
    ValueError
        For an unknown option, or more factors than the items can determine.
    """
    for name, value, good in (("extraction", extraction, EXTRACTIONS),
                              ("rotation", rotation, ROTATIONS)):  # fmt: skip
        if value not in good:
            raise ValueError(f"{name} {value!r} is not one of {', '.join(good)}")
    p = len(R)
    df = ((p - factors) ** 2 - p - factors) // 2
    if factors < 1 or df < 0:
        raise ValueError(f"{p} items do not determine {factors} factors")
    unrotated, psi, converged = _extract(R, factors, extraction)
    pattern, phi = rotate(unrotated, rotation)
    implied = unrotated @ unrotated.T
    uniqueness = 1.0 - np.diag(implied)
    Sigma = implied + np.diag(np.maximum(psi, LOWEST))
    gap = float(np.linalg.slogdet(Sigma)[1] - np.linalg.slogdet(R)[1])
    discrepancy = gap + float(np.trace(np.linalg.solve(Sigma, R))) - p
    chi2 = discrepancy * (n - 1 - (2 * p + 5) / 6 - 2 * factors / 3) if df else nan
    off = np.tril_indices(p, -1)
    return Efa(
        pattern, phi, np.diag(implied).copy(), uniqueness,
        np.diag(phi @ pattern.T @ pattern) / p, chi2, df,
        float(stats.chi2.sf(chi2, df)) if df else nan,
        float(np.sqrt(((R - implied)[off] ** 2).mean())), converged,
        bool((psi <= LOWEST * 1.0001).any()), extraction, rotation,
    )  # fmt: skip


def _extract(R: Array, m: int, extraction: Extraction) -> tuple[Array, Array, bool]:
    """Unrotated loadings (p, m), uniquenesses (p,), whether the optimizer converged."""
    start = np.clip(1.0 - squared_multiple_correlations(R), 2 * LOWEST, 1.0)
    target = _ml if extraction == "ml" else _minres
    solved = minimize(
        target, start, args=(R, m), jac=True, method="L-BFGS-B",
        bounds=[(LOWEST, 1.0)] * len(R), options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    psi: Array = solved.x
    if extraction == "ml":
        scale = np.sqrt(psi)
        values, vectors = np.linalg.eigh(R / np.outer(scale, scale))
        top = np.maximum(values[::-1][:m] - 1.0, 0.0)
        loadings = scale[:, None] * vectors[:, ::-1][:, :m] * np.sqrt(top)
    else:
        values, vectors = np.linalg.eigh(R - np.diag(psi))
        loadings = vectors[:, ::-1][:, :m] * np.sqrt(np.maximum(values[::-1][:m], 0.0))
    _, gradient = target(psi, R, m)
    inside = (psi > LOWEST * 1.0001) & (psi < 1.0)
    return loadings, psi, bool(np.abs(gradient[inside]).max(initial=0.0) < 1e-4)


def _ml(psi: Array, R: Array, m: int) -> tuple[float, Array]:
    """Profile of the maximum likelihood discrepancy over loadings, and its gradient."""
    scale = np.sqrt(psi)
    values, vectors = np.linalg.eigh(R / np.outer(scale, scale))
    rest = np.maximum(values[: len(R) - m], 1e-300)
    value = float((rest - np.log(rest)).sum()) - len(rest)
    top = np.maximum(values[len(R) - m :] - 1.0, 0.0)
    loadings = scale[:, None] * vectors[:, len(R) - m :] * np.sqrt(top)
    gradient = ((loadings**2).sum(axis=1) + psi - np.diag(R)) / psi**2
    return value, gradient


def _minres(psi: Array, R: Array, m: int) -> tuple[float, Array]:
    """Profile of the least squares discrepancy over loadings, and its gradient."""
    values, vectors = np.linalg.eigh(R - np.diag(psi))
    # Loadings of negative eigenvalues do not exist: these stay in the residual.
    rest = np.concatenate([values[: len(R) - m], np.minimum(values[len(R) - m :], 0.0)])
    return 0.5 * float((rest**2).sum()), -(vectors**2 @ rest)


def rotate(loadings: Array, rotation: Rotation = "oblimin") -> tuple[Array, Array]:
    """Rotated pattern (p, m) and factor correlations (m, m), sorted by explained variance."""
    m = loadings.shape[1]
    phi = np.eye(m)
    pattern = loadings
    if m > 1 and rotation in ("varimax", "promax"):
        pattern = _varimax(loadings)
        if rotation == "promax":
            pattern, phi = _promax(pattern)
    elif m > 1 and rotation in ("oblimin", "geomin"):
        pattern, phi = _oblique(loadings, _oblimin if rotation == "oblimin" else _geomin)
    order = np.argsort(-np.diag(phi @ pattern.T @ pattern), kind="stable")
    sign = np.where(pattern.sum(axis=0) < 0, -1.0, 1.0)
    pattern = (pattern * sign)[:, order]
    return pattern, (phi * np.outer(sign, sign))[np.ix_(order, order)]


def _varimax(A: Array) -> Array:
    """Varimax with Kaiser's normalization, by singular value decompositions."""
    scale = np.sqrt((A**2).sum(axis=1))
    B = A / scale[:, None]
    T, last = np.eye(A.shape[1]), 0.0
    for _ in range(ROTATION_STEPS):
        L = B @ T
        U, s, Vt = np.linalg.svd(B.T @ (L**3 - L * (L**2).mean(axis=0)))
        T = U @ Vt
        if abs(s.sum() - last) < 1e-14 * s.sum():
            break
        last = float(s.sum())
    rotated: Array = (B @ T) * scale[:, None]
    return rotated


def _promax(L: Array) -> tuple[Array, Array]:
    """Promax of varimax loadings (Hendrickson & White 1964), power 4."""
    target = L * np.abs(L) ** (PROMAX_POWER - 1)
    U = np.linalg.solve(L.T @ L, L.T @ target)
    U = U * np.sqrt(np.diag(np.linalg.inv(U.T @ U)))
    inverse = np.linalg.inv(U)
    return L @ U, inverse @ inverse.T


def _oblimin(L: Array) -> tuple[float, Array]:
    """Direct oblimin with gamma 0 (quartimin): criterion and gradient."""
    squares = L**2
    others = squares @ (1.0 - np.eye(L.shape[1]))
    return float((squares * others).sum() / 4.0), L * others


def _geomin(L: Array) -> tuple[float, Array]:
    """Geomin with epsilon .01: criterion and gradient."""
    m = L.shape[1]
    squares = L**2 + GEOMIN_EPSILON
    product = np.exp(np.log(squares).sum(axis=1) / m)
    return float(product.sum()), (2.0 / m) * (L / squares) * product[:, None]


def _oblique(
    A: Array, criterion: Callable[[Array], tuple[float, Array]]
) -> tuple[Array, Array]:  # fmt: skip
    """Gradient projection for oblique rotation (Jennrich 2002)."""
    T = np.eye(A.shape[1])
    L = A @ np.linalg.inv(T).T
    value, slope = criterion(L)
    G = -(L.T @ slope @ np.linalg.inv(T)).T
    step = 1.0
    for _ in range(ROTATION_STEPS):
        Gp = G - T * (T * G).sum(axis=0)
        size = float(np.linalg.norm(Gp))
        if size < ROTATION_TOLERANCE:
            break
        step *= 2.0
        for _ in range(30):
            X = T - step * Gp
            tried = X / np.sqrt((X**2).sum(axis=0))
            L = A @ np.linalg.inv(tried).T
            new, slope = criterion(L)
            if new < value - 0.5 * size**2 * step or step < 1e-14:
                break
            step /= 2.0
        T, value = tried, new
        G = -(L.T @ slope @ np.linalg.inv(T)).T
    return A @ np.linalg.inv(T).T, T.T @ T
