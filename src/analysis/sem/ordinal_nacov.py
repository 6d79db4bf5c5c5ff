"""Asymptotic covariance of thresholds, means, variances and polychoric-type correlations.

Each statistic solves an estimating equation, so that its sampling error is, to first order, the
mean of one influence value a respondent; Gamma is n times their cross-product. The matrices of
expected slopes are taken as cross-products of scores (Muthen 1984, Psychometrika 49, 115; Muthen &
Satorra 1995), as lavaan does. Respondents in the same cell of a table share their influence on
its correlation: it is tabulated by cell and only then laid out by respondent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal_normal import (
    cell_probabilities,
    cell_slopes,
    density,
    row_threshold_slopes,
)
from analysis.sem.ordinal_pairs import (
    BLOCK,
    TINY,
    Answers,
    Pairs,
    Univariate,
    bounds,
    mixed_terms,
)

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """Where each statistic stands in the stacked vector of length ``r``.

    ``threshold`` (p,) is the place of a variable's first threshold or of its mean, ``variance``
    (pc,) that of a numeric variable's variance, ``pair`` that of the first correlation.
    """

    r: int
    threshold: Index
    variance: Index
    pair: int


def layout(answers: Answers) -> Layout:
    """Places in lavaan's order: thresholds and means by variable, variances, correlations."""
    lengths = np.ones(answers.p, dtype=np.intp)
    lengths[answers.ordered] = answers.sizes - 1
    ends = np.cumsum(lengths)
    first = int(ends[-1])
    pc = len(answers.numeric)
    pair = first + pc
    return Layout(
        pair + answers.p * (answers.p - 1) // 2, ends - lengths, first + np.arange(pc), pair
    )


def nacov(answers: Answers, uni: Univariate, found: Pairs, correlation: Array) -> Array:
    """Gamma (r, r): n times the covariance of the stacked statistics.

    ``correlation`` (m,) goes with the pairs ``found``. Order and signs are those of lavaan's
    ``lavInspect(fit, "gamma")``: means enter with a minus sign, correlations that involve numeric
    variables as covariances.
    """
    total = float(answers.w.sum())
    at = layout(answers)
    single = _single_influence(answers, uni)
    tables = _tabulated(uni, found, correlation[found.both], single)
    rowwise = _slopes_of_rows(answers, uni, found, correlation, single)
    gamma = np.zeros((at.r, at.r))
    for piece in _pieces(answers.n, at.r):
        U = _influence(answers, uni, found, correlation, at, single, tables, rowwise, piece)
        U *= np.sqrt(total) * (answers.w[piece] if answers.weights is not None else 1.0)
        gamma += U @ U.T
    return gamma


def _pieces(n: int, rows: int) -> Iterator[slice]:
    step = max(1, BLOCK // max(1, rows))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


@dataclass(frozen=True)
class _Single:
    """Influence on the statistics of one item.

    ``ordered`` (po, K, K - 1) by category and threshold; ``numeric`` (pc, 2, 2) turns the scores
    ``z`` and ``(z^2 - 1)/2`` into the influence on mean and variance in units of the item.
    """

    ordered: Array
    numeric: Array


def _single_influence(answers: Answers, uni: Univariate) -> _Single:
    po, K = uni.frequencies.shape
    ordered = np.zeros((po, K, K - 1))
    for j, size in enumerate(answers.sizes):
        f, t = uni.frequencies[j, :size], uni.thresholds[j, : size - 1]
        scores = np.zeros((size, size - 1))
        step = np.arange(size - 1)
        scores[step, step] = density(t)
        scores[step + 1, step] = -density(t)
        scores *= (f.sum() / f)[:, None]
        ordered[j, :size, : size - 1] = scores @ np.linalg.inv((scores.T * f) @ scores)
    numeric = np.zeros((len(uni.z), 2, 2))
    for c, z in enumerate(uni.z):
        scores = _numeric_scores(z)
        numeric[c] = np.linalg.pinv((scores * answers.w) @ scores.T, hermitian=True)
    return _Single(ordered, numeric)


def _numeric_scores(z: Array) -> Array:
    return np.array([z, 0.5 * (z * z - 1.0)])


def _tabulated(uni: Univariate, found: Pairs, rho: Array, single: _Single) -> Array:
    """Influence (m, K, K) of a respondent in each cell on a polychoric correlation."""
    i, j = found.both_at
    if not len(i):
        return np.zeros_like(found.tables)
    rows, cols = uni.thresholds[i], uni.thresholds[j]
    probability = cell_probabilities(rows, cols, rho)
    possible = probability > TINY
    inverse = np.where(possible, 1.0, 0.0) / np.maximum(probability, TINY)
    score = cell_slopes(rows, cols, rho)[0] * inverse
    pull = found.tables * score * inverse
    # Sum over respondents of (score of rho) x (score of a threshold), then its share of rho.
    by_row = row_threshold_slopes(rows, cols, rho)
    by_col = row_threshold_slopes(cols, rows, rho)
    cross_row = np.einsum("mac,mac->ma", by_row, pull[:, :-1] - pull[:, 1:])
    cross_col = np.einsum("mac,mca->ma", by_col, pull[:, :, :-1] - pull[:, :, 1:])
    net = score
    net = net - np.einsum("mka,ma->mk", single.ordered[i], cross_row)[:, :, None]
    net = net - np.einsum("mka,ma->mk", single.ordered[j], cross_col)[:, None, :]
    information = np.einsum("mab,mab->m", found.tables, score * score)
    result: Array = net / information[:, None, None]
    return result


@dataclass(frozen=True)
class _Mixed:
    """Scores (m, n) of mixed pairs for some respondents.

    ``rho``; ``mean`` and ``variance`` of the standardized numeric item; ``upper`` and ``lower`` of
    the thresholds around the answer.
    """

    rho: Array
    mean: Array
    variance: Array
    upper: Array
    lower: Array


def _mixed_scores(
    answers: Answers, uni: Univariate, a: Index, b: Index, rho: Array, piece: slice
) -> _Mixed:
    z, r = uni.z[a, piece], rho[:, None]
    lower, upper = bounds(uni.thresholds[b], answers.codes[b, piece])
    probability, _, _, d1, d2 = mixed_terms(z, lower, upper, r)
    root = np.sqrt(1.0 - r * r)
    up, down = d1 / probability, d2 / probability
    tilt = r / root * (up - down)
    return _Mixed(
        (up * (r * upper - z) - down * (r * lower - z)) / root**3,
        z + tilt,
        0.5 * (z * z - 1.0 + z * tilt),
        up / root,
        down / root,
    )


def _numeric_pair_scores(za: Array, zb: Array, r: Array) -> tuple[Array, Array]:
    """Scores of rho (m, n) and of means and variances (4, m, n) of two standardized items."""
    R = 1.0 - r * r
    product = za * zb
    square = za * za - 2.0 * r * product + zb * zb
    rho = (r + product - square * r / R) / R
    others = [
        (za - r * zb) / R,
        (zb - r * za) / R,
        0.5 * (za * za - r * product - R) / R,
        0.5 * (zb * zb - r * product - R) / R,
    ]
    return rho, np.array(others)


@dataclass(frozen=True)
class _Rowwise:
    """Sums over respondents for pairs with a numeric item.

    For mixed pairs ``mixed_information`` (m,), ``mixed_numeric`` (m, 2) and ``mixed_ordered``
    (m, K - 1): cross-products of the score of rho with itself, with those of mean and variance,
    and with those of the thresholds. For numeric pairs ``information`` (m,) and ``numeric``
    (m, 2, 2), by variable, mean and variance.
    """

    mixed_information: Array
    mixed_numeric: Array
    mixed_ordered: Array
    information: Array
    numeric: Array


def _slopes_of_rows(
    answers: Answers, uni: Univariate, found: Pairs, correlation: Array, single: _Single
) -> _Rowwise:
    m, size = len(found.mixed), single.ordered.shape[2]
    mixed_information, mixed_numeric = np.zeros(m), np.zeros((m, 2))
    by_category = np.zeros((2, m, size + 1))
    information, numeric = np.zeros(len(found.neither)), np.zeros((4, len(found.neither)))
    w = answers.w
    for piece in _pieces(answers.n, 8 * (m + len(found.neither)) + 1):
        if m:
            a, b = found.mixed_at
            s = _mixed_scores(answers, uni, a, b, correlation[found.mixed], piece)
            weighted = s.rho * w[piece]
            mixed_information += np.einsum("mn,mn->m", weighted, s.rho)
            mixed_numeric[:, 0] += np.einsum("mn,mn->m", weighted, s.mean)
            mixed_numeric[:, 1] += np.einsum("mn,mn->m", weighted, s.variance)
            codes = answers.codes[b, piece]
            for c in range(size + 1):
                here = codes == c
                by_category[0, :, c] += np.einsum("mn,mn,mn->m", weighted, s.upper, here)
                by_category[1, :, c] += np.einsum("mn,mn,mn->m", weighted, s.lower, here)
        if len(found.neither):
            a, b = found.neither_at
            r = correlation[found.neither][:, None]
            rho, others = _numeric_pair_scores(uni.z[a, piece], uni.z[b, piece], r)
            weighted = rho * w[piece]
            information += np.einsum("mn,mn->m", weighted, rho)
            numeric += np.einsum("mn,kmn->km", weighted, others)
    mixed_ordered = by_category[0, :, :-1] - by_category[1, :, 1:]
    paired = np.moveaxis(numeric.reshape(2, 2, -1), 2, 0).swapaxes(1, 2)
    return _Rowwise(mixed_information, mixed_numeric, mixed_ordered, information, paired)


def _influence(
    answers: Answers, uni: Univariate, found: Pairs, correlation: Array, at: Layout,
    single: _Single, tables: Array, rowwise: _Rowwise, piece: slice,
) -> Array:  # fmt: skip
    """Influence (r, n) of some respondents on the stacked statistics, in their final units."""
    n = piece.stop - piece.start
    U = np.zeros((at.r, n))
    for j, (variable, size) in enumerate(zip(answers.ordered, answers.sizes, strict=True)):
        first = at.threshold[variable]
        U[first : first + size - 1] = single.ordered[j].T[: size - 1, answers.codes[j, piece]]
    moments = np.zeros((len(uni.z), 2, n))
    for c, z in enumerate(uni.z):
        moments[c] = single.numeric[c] @ _numeric_scores(z[piece])
    K = tables.shape[1]
    for table, k, i, j in zip(tables, found.both, *found.both_at, strict=True):
        U[at.pair + k] = table.ravel()[answers.codes[i, piece] * K + answers.codes[j, piece]]
    if len(found.mixed):
        U[at.pair + found.mixed] = _mixed_influence(
            answers, uni, found, correlation[found.mixed], single, rowwise, moments, piece
        )
    if len(found.neither):
        U[at.pair + found.neither] = _numeric_influence(
            uni, found, correlation[found.neither], rowwise, moments, piece
        )
    U[at.threshold[answers.numeric]] = -moments[:, 0] * uni.sd[:, None]
    U[at.variance] = moments[:, 1] * (uni.sd**2)[:, None]
    return U


def _mixed_influence(
    answers: Answers, uni: Univariate, found: Pairs, rho: Array,
    single: _Single, rowwise: _Rowwise, moments: Array, piece: slice,
) -> Array:  # fmt: skip
    """Influence (m, n) on the covariances of a numeric with an ordered item."""
    a, b = found.mixed_at
    score = _mixed_scores(answers, uni, a, b, rho, piece).rho
    by_code = np.einsum("mka,ma->mk", single.ordered[b], rowwise.mixed_ordered)
    net = score - np.take_along_axis(by_code, answers.codes[b, piece], 1)
    net -= np.einsum("mk,mkn->mn", rowwise.mixed_numeric, moments[a])
    on_rho = net / rowwise.mixed_information[:, None]
    result: Array = uni.sd[a][:, None] * (on_rho + 0.5 * rho[:, None] * moments[a, 1])
    return result


def _numeric_influence(
    uni: Univariate, found: Pairs, rho: Array, rowwise: _Rowwise, moments: Array, piece: slice
) -> Array:
    """Influence (m, n) on the covariances of two numeric items."""
    a, b = found.neither_at
    score, _ = _numeric_pair_scores(uni.z[a, piece], uni.z[b, piece], rho[:, None])
    net = score - np.einsum("mk,mkn->mn", rowwise.numeric[:, 0], moments[a])
    net -= np.einsum("mk,mkn->mn", rowwise.numeric[:, 1], moments[b])
    on_rho = net / rowwise.information[:, None]
    share = 0.5 * rho[:, None] * (moments[a, 1] + moments[b, 1])
    result: Array = (uni.sd[a] * uni.sd[b])[:, None] * (on_rho + share)
    return result
