"""Method bias from observed correlations: Harman, Lindell & Whitney, full collinearity.

All of it needs the moments only, and so also works on published matrices. Composites are sums of
a construct's items, each with the sign of its loading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as t_distribution

from analysis.methods.method_bias.texts import item_blocks
from analysis.sem import Solution
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Harman:
    """Share of the items' total variance on the first unrotated principal component.

    ``eigenvalues`` (p,) of the correlation matrix, largest first.
    """

    share: float
    eigenvalues: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A correlation of two constructs' composites, plain and after partialling out the marker."""

    first: str
    second: str
    r: float
    p: float
    r_adjusted: float
    p_adjusted: float

    @property
    def lost(self) -> bool:
        """Significant at the 5% level before, and not after."""
        return self.p < 0.05 <= self.p_adjusted


@dataclass(frozen=True, slots=True)
class LindellWhitney:
    """Correlations adjusted for ``r_marker``.

    It is the smallest positive correlation of the declared ``marker`` with a construct; without
    one, that between items of different constructs (``between``). NaN, and no pairs, where there
    is no positive one.
    """

    marker: str
    between: tuple[str, str]
    r_marker: float
    pairs: tuple[Adjusted, ...]


@dataclass(frozen=True, slots=True)
class Collinearity:
    """Variance inflation of one construct explained by all others.

    ``composite`` from correlations of composites, ``factor`` from those of the factors.
    """

    construct: str
    composite: float
    factor: float


def sample_covariance(solution: Solution) -> Array:
    """Covariances (p, p) of the items that the model was fitted to, first group."""
    return solution.fit.moments.groups[0].cov


def _correlation(S: Array) -> Array:
    sd = np.sqrt(np.diag(S))
    R: Array = S / np.outer(sd, sd)
    return R


def harman(solution: Solution, items: Sequence[str]) -> Harman:
    """Harman's single-factor test as it is usually done: by principal components."""
    ix = [solution.names.index(name) for name in items]
    R = _correlation(sample_covariance(solution))[np.ix_(ix, ix)]
    values = np.linalg.eigvalsh(R)[::-1]
    return Harman(float(values[0] / len(R)), tuple(float(v) for v in values))


def composite_correlations(
    solution: Solution, blocks: Mapping[str, Sequence[str]]
) -> tuple[Array, Array]:
    """Correlations (c, c) of the constructs' composites, and the weights (c, p) behind them."""
    W = np.zeros((len(blocks), len(solution.names)))
    for i, (factor, items) in enumerate(blocks.items()):
        for item in items:
            W[i, solution.names.index(item)] = _sign(solution, factor, item)
    return _correlation(W @ sample_covariance(solution) @ W.T), W


def _sign(solution: Solution, factor: str, item: str) -> float:
    try:
        loading = solution.estimate(factor, "=~", item).std_all
    except KeyError:
        return 1.0
    return -1.0 if isfinite(loading) and loading < 0.0 else 1.0


def lindell_whitney(
    solution: Solution, syntax: ModelSyntax, *, marker: str = "", marker_items: Sequence[str] = ()
) -> LindellWhitney:
    """Adjust the correlations of constructs (Lindell & Whitney 2001).

    Parameters
    ----------
    solution : any estimated model over the items of ``syntax`` and of the marker.
    marker, marker_items : the declared marker construct, if there is one.
    """
    blocks = {f: i for f, i in item_blocks(syntax).items() if f != marker}
    n = solution.n
    if marker:
        R, _ = composite_correlations(solution, {**blocks, marker: tuple(marker_items)})
        candidates = [(float(R[i, -1]), (marker, name)) for i, name in enumerate(blocks)]
        R = R[:-1, :-1]
    else:
        R, W = composite_correlations(solution, blocks)
        candidates = list(_between_items(solution, blocks, W))
    positive = [pair for pair in candidates if pair[0] > 0.0]
    if not positive:
        return LindellWhitney(marker, ("", ""), nan, ())
    shared, between = min(positive)
    names = list(blocks)
    pairs = []
    for i, j in combinations(range(len(names)), 2):
        r = float(R[i, j])
        adjusted = partialled(r, shared)
        pairs.append(
            Adjusted(names[i], names[j], r, p_of(r, n - 2), adjusted, p_of(adjusted, n - 3))
        )
    return LindellWhitney(marker, between, shared, tuple(pairs))


def _between_items(
    solution: Solution, blocks: Mapping[str, Sequence[str]], W: Array
) -> list[tuple[float, tuple[str, str]]]:
    """Correlations of items of different constructs, signs turned as in the composites."""
    R = _correlation(sample_covariance(solution))
    sign = np.where(W.sum(axis=0) < 0.0, -1.0, 1.0)
    at = {name: i for i, name in enumerate(solution.names)}
    return [
        (float(R[at[a], at[b]] * sign[at[a]] * sign[at[b]]), (a, b))
        for one, other in combinations(blocks.values(), 2)
        for a in one
        for b in other
        if a != b
    ]


def partialled(r: float, shared: float) -> float:
    """r without what a method adds to all correlations alike: (r - shared) / (1 - shared)."""
    return (r - shared) / (1.0 - shared)


def p_of(r: float, df: float) -> float:
    """Two-sided p of a correlation on ``df`` degrees of freedom."""
    if df <= 0 or not abs(r) < 1.0:
        return nan
    return float(2.0 * t_distribution.sf(abs(r) / sqrt((1.0 - r * r) / df), df))


def full_collinearity(solution: Solution, syntax: ModelSyntax) -> tuple[Collinearity, ...]:
    """Variance inflation factors of every construct on all others (Kock 2015)."""
    blocks = item_blocks(syntax)
    if len(blocks) < 2:
        return ()
    R, _ = composite_correlations(solution, blocks)
    at = [solution.latent.index(name) for name in blocks]
    latent = solution.latent_correlation[0][np.ix_(at, at)]
    proper = solution.outcome.admissible
    factors = inflation(latent) if proper else np.full(len(at), nan)
    return tuple(
        Collinearity(name, float(a), float(b))
        for name, a, b in zip(blocks, inflation(R), factors, strict=True)
    )


def inflation(R: Array) -> Array:
    """Variance inflation factors (c,) of correlations (c, c); NaN where they are singular."""
    if not np.isfinite(R).all() or np.linalg.eigvalsh(R)[0] < 1e-10:
        return np.full(len(R), nan)
    return np.diag(np.linalg.inv(R)).astype(np.float64)
