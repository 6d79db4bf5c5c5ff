"""Thresholds, polychoric and polyserial correlations of one group's answers.

Two-step estimates (Olsson 1979; Olsson, Drasgow & Dorans 1982): thresholds, means and variances
from each item alone, then each correlation by maximum likelihood with these held fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.sem.ordinal_normal import FAR, cell_probabilities, cell_slopes, density

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Score = Callable[[Index, Array], tuple[Array, Array]]

#: A cell less probable than this counts as impossible, as in lavaan.
TINY = float(np.sqrt(np.finfo(float).eps))
LIMIT_POLYCHORIC = 0.999
LIMIT_POLYSERIAL = 0.995
#: Numbers held at once while a sum over respondents is built up.
BLOCK = 4_000_000


@dataclass(frozen=True)
class Answers:
    """Complete answers of one group, coded.

    ``ordered`` (po,) and ``numeric`` (pc,) are variable indices; ``codes`` (po, n) categories
    counted from 0; ``sizes`` (po,) numbers of categories; ``raw`` (pc, n) the numeric answers;
    ``weights`` (n,) with mean 1, or None.
    """

    p: int
    n: int
    ordered: Index
    numeric: Index
    codes: Index
    sizes: Index
    raw: Array
    weights: Array | None = None

    @property
    def w(self) -> Array:
        """Weights, one where there are none."""
        return np.ones(self.n) if self.weights is None else self.weights


@dataclass(frozen=True)
class Univariate:
    """What each item says alone.

    ``frequencies`` (po, K), weighted, zero beyond an item's categories; ``thresholds``
    (po, K - 1), ``FAR`` beyond its thresholds; ``mean`` and ``sd`` (pc,), divisor n;
    ``z`` (pc, n) standardized answers.
    """

    frequencies: Array
    thresholds: Array
    mean: Array
    sd: Array
    z: Array


@dataclass(frozen=True)
class Pairs:
    """Pairs of variables (i > j) in the order of the lower triangle by columns.

    ``row`` and ``col`` (m,) are variable indices i and j. ``both``, ``mixed``, ``neither`` are the
    positions of pairs with two, one and no ordered items; ``both_at`` (2, .) gives the ordered
    items of the former (i, j), ``mixed_at`` (numeric, ordered), ``neither_at`` numeric (i, j),
    counted within their kind. ``tables`` (., K, K) are the contingency tables of ``both``.
    """

    row: Index
    col: Index
    both: Index
    mixed: Index
    neither: Index
    both_at: Index
    mixed_at: Index
    neither_at: Index
    tables: Array


def univariate(answers: Answers) -> Univariate:
    """Frequencies, thresholds, means and standard deviations."""
    w, total = answers.w, float(answers.w.sum())
    K = int(answers.sizes.max(initial=1))
    counts = [np.bincount(c, weights=w, minlength=K) for c in answers.codes]
    frequencies = np.array(counts, dtype=float).reshape(-1, K)
    thresholds = np.full((len(counts), K - 1), FAR)
    for j, size in enumerate(answers.sizes):
        thresholds[j, : size - 1] = ndtri(np.cumsum(frequencies[j, : size - 1]) / total)
    mean = answers.raw @ w / total
    centred = answers.raw - mean[:, None]
    sd = np.sqrt((centred * centred) @ w / total)
    return Univariate(frequencies, thresholds, mean, sd, centred / sd[:, None])


def pairs(answers: Answers, K: int) -> Pairs:
    """All pairs by kind, with their contingency tables."""
    col, row = np.triu_indices(answers.p, 1)
    place = np.zeros(answers.p, dtype=np.intp)
    place[answers.ordered] = np.arange(len(answers.ordered))
    place[answers.numeric] = np.arange(len(answers.numeric))
    is_ordered = np.zeros(answers.p, dtype=bool)
    is_ordered[answers.ordered] = True
    kinds = is_ordered[row].astype(int) + is_ordered[col]
    both, mixed, neither = (np.flatnonzero(kinds == k) for k in (2, 1, 0))
    both_at = np.array([place[row[both]], place[col[both]]])
    first = np.where(is_ordered[row[mixed]], col[mixed], row[mixed])
    second = np.where(is_ordered[row[mixed]], row[mixed], col[mixed])
    return Pairs(
        row, col, both, mixed, neither, both_at,
        np.array([place[first], place[second]]),
        np.array([place[row[neither]], place[col[neither]]]),
        _tables(answers, both_at, K),
    )  # fmt: skip


def _tables(answers: Answers, at: Index, K: int) -> Array:
    po = len(answers.codes)
    cross = np.zeros((po * K, po * K))
    step = max(1, BLOCK // max(1, po * K))
    offsets = (np.arange(po) * K)[:, None]
    for start in range(0, answers.n if po else 0, step):
        part = answers.codes[:, start : start + step] + offsets
        n = part.shape[1]
        hot = np.zeros((po * K, n))
        hot[part, np.arange(n)] = 1.0
        weighted = hot if answers.weights is None else hot * answers.weights[start : start + step]
        cross += weighted @ hot.T
    return cross.reshape(po, K, po, K)[at[0], :, at[1], :]


def keep_from_zero(tables: Array, sizes_row: Index, sizes_col: Index) -> Array:
    """Tables in which a 2 x 2 table with one empty cell got half an answer there.

    The margins are kept, as lavaan does by default (``zero.add = c(0.5, 0)``); larger tables need
    no such help.
    """
    square = (sizes_row == 2) & (sizes_col == 2)
    corner = tables[:, :2, :2]
    alone = square & ((corner == 0).sum(axis=(1, 2)) == 1)
    main = (corner[:, 0, 0] == 0) | (corner[:, 1, 1] == 0)
    half = np.where(alone, np.where(main, 0.5, -0.5), 0.0)
    filled = tables.copy()
    filled[:, :2, :2] += half[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return filled


def polychoric(uni: Univariate, found: Pairs, sizes: Index) -> Array:
    """Polychoric correlations of the pairs ``found.both``."""
    i, j = found.both_at
    if not len(i):
        return np.zeros(0)
    f = keep_from_zero(found.tables, sizes[i], sizes[j])

    def score(at: Index, rho: Array) -> tuple[Array, Array]:
        rows, cols = uni.thresholds[i[at]], uni.thresholds[j[at]]
        probability = cell_probabilities(rows, cols, rho)
        slope, curve = cell_slopes(rows, cols, rho)
        weight = np.where(probability > TINY, f[at], 0.0) / np.maximum(probability, TINY)
        ratio = slope / np.maximum(probability, TINY)
        return (
            np.einsum("mab,mab->m", weight, slope),
            np.einsum("mab,mab->m", weight, curve - slope * ratio),
        )

    return _roots(score, _pearson_of_tables(f), LIMIT_POLYCHORIC)


def _pearson_of_tables(tables: Array) -> Array:
    K = tables.shape[1]
    code = np.arange(K, dtype=float)
    total = tables.sum(axis=(1, 2))
    row, col = tables.sum(axis=2), tables.sum(axis=1)
    mean_r, mean_c = row @ code / total, col @ code / total
    cov = (tables @ code) @ code / total - mean_r * mean_c
    var_r, var_c = row @ code**2 / total - mean_r**2, col @ code**2 / total - mean_c**2
    start: Array = np.clip(cov / np.sqrt(var_r * var_c), -0.95, 0.95)
    return start


def mixed_terms(
    z: Array, lower: Array, upper: Array, rho: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """P(category | z), its standardized bounds, and their densities, for rows of (m, n).

    ``lower`` and ``upper`` are the thresholds around each answer, ``rho`` (m, 1).
    """
    root = np.sqrt(1.0 - rho * rho)
    t1, t2 = (upper - rho * z) / root, (lower - rho * z) / root
    # In the upper tail the difference is taken from the other side, where it keeps its digits.
    flip = t1 + t2 > 0
    probability = ndtr(np.where(flip, -t2, t1)) - ndtr(np.where(flip, -t1, t2))
    return np.maximum(probability, 1e-300), t1, t2, density(t1), density(t2)


def bounds(thresholds: Array, codes: Index) -> tuple[Array, Array]:
    """Lower and upper threshold around each answer; ``thresholds`` (m, K - 1), ``codes`` (m, n)."""
    far = np.full((len(thresholds), 1), FAR)
    edges = np.concatenate([-far, thresholds, far], axis=1)
    return np.take_along_axis(edges, codes, 1), np.take_along_axis(edges, codes + 1, 1)


def polyserial(answers: Answers, uni: Univariate, found: Pairs) -> Array:
    """Polyserial correlations of the pairs ``found.mixed``.

    Every respondent counts. (lavaan leaves out those whose likelihood, which depends on the unit
    of the numeric item, is below 1.5e-8.)
    """
    a, b = found.mixed_at
    w = answers.w

    def score(at: Index, rho: Array) -> tuple[Array, Array]:
        z, r = uni.z[a[at]], rho[:, None]
        lower, upper = bounds(uni.thresholds[b[at]], answers.codes[b[at]])
        probability, t1, t2, d1, d2 = mixed_terms(z, lower, upper, r)
        R2 = 1.0 - r * r
        R3 = R2 * np.sqrt(R2)
        s1, s2 = (r * upper - z) / R3, (r * lower - z) / R3
        c1, c2 = upper / R3 + 3.0 * r * s1 / R2, lower / R3 + 3.0 * r * s2 / R2
        first = (d1 * s1 - d2 * s2) / probability
        second = (d1 * (c1 - t1 * s1 * s1) - d2 * (c2 - t2 * s2 * s2)) / probability
        return first @ w, (second - first * first) @ w

    start = np.zeros(len(a))
    step = max(1, BLOCK // (8 * answers.n))
    for begin in range(0, len(a), step):
        at = np.arange(begin, min(begin + step, len(a)))
        centred = answers.codes[b[at]] - (answers.codes[b[at]] @ w / w.sum())[:, None]
        raw = (uni.z[a[at]] * centred) @ w / w.sum()
        start[at] = raw / density(uni.thresholds[b[at]]).sum(axis=1)
    start = np.where(np.abs(start) > 0.9, start / 2.0, start)
    return _roots(_in_blocks(score, step), start, LIMIT_POLYSERIAL)


def _in_blocks(score: Score, step: int) -> Score:
    def whole(at: Index, rho: Array) -> tuple[Array, Array]:
        parts = [score(at[k : k + step], rho[k : k + step]) for k in range(0, len(at), step)]
        return np.concatenate([g for g, _ in parts]), np.concatenate([h for _, h in parts])

    return whole


def _roots(score: Score, start: Array, limit: float) -> Array:
    """Zero of each score in (-limit, limit), or the limit where it has none: Newton, bracketed."""
    rho = np.clip(start, -0.98 * limit, 0.98 * limit)
    low, high = np.full(len(rho), -limit), np.full(len(rho), limit)
    active = np.arange(len(rho))
    for _ in range(200):
        if not len(active):
            break
        now = rho[active]
        g, h = score(active, now)
        low[active] = np.where(g > 0, now, low[active])
        high[active] = np.where(g < 0, now, high[active])
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(h < 0, -g / h, np.nan)
        settled = np.abs(move) <= 1e-9
        new = now + move
        inside = settled | ((new > low[active]) & (new < high[active]))
        new = np.where(inside, new, 0.5 * (low[active] + high[active]))
        rho[active] = new
        active = active[~settled & (np.abs(new - now) > 1e-13)]
    return rho


def pearson(answers: Answers, uni: Univariate, found: Pairs) -> Array:
    """Pearson correlations of the pairs ``found.neither``."""
    matrix = (uni.z * answers.w) @ uni.z.T / answers.w.sum()
    result: Array = matrix[found.neither_at[0], found.neither_at[1]]
    return result
