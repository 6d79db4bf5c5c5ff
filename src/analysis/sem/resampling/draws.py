"""Resampled moments: counts of respondents by a counter-based generator, moments by one product.

The counts of a draw depend on the seed and the draw's number alone. Draws come in blocks of a
size that depends on the data alone, so that the matrix product, whose rounding may depend on its
shape, gives the same bytes whoever computes which block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.rng import generator
from analysis.sem.algebra import half_index, half_vector
from analysis.sem.fit import Fit
from analysis.sem.moments import Answers, GroupMoments, Moments
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.small import LARGEST, counters, has_bytes, packed, weighed

Array = NDArray[np.float64]
Number = TypeVar("Number", bound=np.number)
MASK = 0xFFFFFFFFFFFFFFFF
GOLDEN = 0x9E3779B97F4A7C15
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB
UNIT = 2.0**-53
BLOCK_BYTES = 2**23
WHOLE = 2.0**24  # float32 holds all whole numbers up to here


@kernel
def mix(x: np.uint64) -> np.uint64:
    """The finalizer of SplitMix64 (Steele, Lea & Flood 2014): a bijection that looks random."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(FIRST)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(SECOND)
    return x ^ (x >> np.uint64(31))


@kernel
def fill_counts(key: np.uint64, first: int, counts: NDArray[np.generic]) -> None:
    """How often each of n units is drawn, for draws ``first`` and on: ``counts`` (D, n)."""
    n, one = counts.shape[1], counts.dtype.type(1)
    units = np.empty(n, dtype=np.uint32)
    counts[:] = 0
    for d in range(len(counts)):
        row, x = counts[d], mix(key ^ mix(np.uint64(first + d)))
        for i in range(n):
            x += np.uint64(GOLDEN)
            share = np.float64(np.int64(mix(x) >> np.uint64(11))) * UNIT
            units[i] = np.uint32(np.int64(share * n))
        for i in range(n):
            row[units[i]] += one


@kernel
def to_stats(sums: NDArray[np.generic], center: Array, scale: float, stats: Array) -> None:
    """Means and covariances from weighted sums of 1, x - center and its products."""
    p = len(center)
    for d in range(len(stats)):
        w = np.float64(sums[d, 0])
        at = p
        for j in range(p):
            mean = np.float64(sums[d, 1 + j]) / w
            stats[d, j] = center[j] + mean
            for i in range(j, p):
                stats[d, at] = scale * (
                    np.float64(sums[d, 1 + at]) / w - mean * (np.float64(sums[d, 1 + i]) / w)
                )
                at += 1


def stream_key(seed: int, group: int) -> np.uint64:
    """Where the stream of a group's draws starts, by plain integer arithmetic."""
    x = 0
    for part in (seed, group):
        x = (x ^ part) + GOLDEN & MASK
        x = (x ^ (x >> 30)) * FIRST & MASK
        x = (x ^ (x >> 27)) * SECOND & MASK
        x ^= x >> 31
    return np.uint64(x)


@dataclass(frozen=True)
class Units:
    """What is resampled in one group: respondents or clusters.

    ``x`` (p, respondents) are answers less ``center`` (p,), in float32 where these are whole
    numbers and it holds all sums of their products exactly; ``scale`` brings covariances to the
    divisor of the fit.
    """

    x: NDArray[np.floating]
    center: Array
    scale: float
    weights: Array | None
    cluster: NDArray[np.generic] | None

    @classmethod
    def of(cls, answers: Answers, scale: float) -> Units:
        """Units of a group's complete answers."""
        rows, weights = answers.rows, answers.weights
        whole = weights is None and bool((rows == np.rint(rows)).all())
        center = rows.mean(axis=0)
        x = np.ascontiguousarray((rows - (np.rint(center, out=center) if whole else center)).T)
        if whole and len(rows) * max(np.abs(x).max(), 1.0) ** 2 < WHOLE:
            x = x.astype(np.float32)
        return cls(x, center, scale, weights, answers.cluster)

    @cached_property
    def products(self) -> NDArray[np.floating]:
        """A unit's weight, and its weighted sums of x and of their products.

        (1 + p + p (p + 1) / 2, units)
        """
        products = _products(self.x)
        if self.weights is not None:
            products *= self.weights
        if self.cluster is not None:
            _, place = np.unique(self.cluster, return_inverse=True)
            sums = np.zeros((place.max() + 1, len(products)), dtype=products.dtype)
            np.add.at(sums, place, products.T)
            products = np.ascontiguousarray(sums.T)
        return products

    @cached_property
    def small(self) -> NDArray[np.int8] | None:
        """The products as bytes, where they fit."""
        fit = self.x.dtype == np.float32 and self.cluster is None
        if not fit or np.abs(self.x).max() ** 2 > LARGEST or not has_bytes():
            return None
        return packed(_products(self.x.astype(np.int8)))

    def __len__(self) -> int:
        return int(self.x.shape[1] if self.cluster is None else self.products.shape[1])

    def counters(self, draws: int) -> NDArray[np.generic]:
        """Room for the counts of ``draws``, of the type that is fastest to weigh by."""
        if self.small is not None:
            return counters(draws, len(self))
        return np.empty((draws, len(self)), dtype=self.products.dtype)

    def stats(self, counts: NDArray[np.generic]) -> Array:
        """Moments (D, p + p (p + 1) / 2) of draws with ``counts`` (D, units)."""
        p = len(self.x)
        found = np.empty((len(counts), p + p * (p + 1) // 2))
        to_stats(self._sums(counts), self.center, self.scale, found)
        return found

    def _sums(self, counts: NDArray[np.generic]) -> NDArray[np.generic]:
        if self.small is not None and counts.dtype == np.uint8:
            return weighed(counts.astype(np.uint8, copy=False), self.small)
        return (self.products @ counts.astype(self.products.dtype, copy=False).T).T


def _products(x: NDArray[Number]) -> NDArray[Number]:
    """1, x and its products, one below the other."""
    p, n = x.shape
    row, col = half_index(p)
    products = np.empty((1 + p + len(row), n), dtype=x.dtype)
    products[0], products[1 : 1 + p] = 1, x
    np.multiply(x[row], x[col], out=products[1 + p :])
    return products


def units_of(groups: Sequence[GroupMoments], *, wishart: bool = False) -> tuple[Units, ...]:
    """Units of all groups; ``ModelError`` where only published moments are at hand."""
    found = []
    for g in groups:
        if g.answers is None:
            raise ModelError(message("sem.rows_needed"))
        answers = g.answers.take(g.answers.complete)
        found.append(Units.of(answers, g.n / (g.n - 1.0) if wishart else 1.0))
    return tuple(found)


def resampled(moments: Moments, indices: NDArray[np.integer], *, wishart: bool = False) -> Batch:
    """Moments of draws given as row numbers ``indices`` (D, n), from 0, of a single group."""
    (units,) = units_of(moments.groups, wishart=wishart)
    n = len(units)
    counts = np.stack([np.bincount(row, minlength=n) for row in indices]).astype(float)
    return Batch(units.stats(counts)[:, None], len(units.center))


def jackknife(groups: Sequence[Units]) -> Batch:
    """Moments without one unit at a time, for every unit of every group."""
    p = len(groups[0].center)
    whole = [u.stats(np.ones((1, len(u)))) for u in groups]
    found = []
    for g, units in enumerate(groups):
        products = units.products.astype(float)
        rest = (products.sum(axis=1, keepdims=True) - products).T
        stats = np.repeat(np.stack(whole, axis=1), len(rest), axis=0)
        own = np.empty((len(rest), stats.shape[2]))
        to_stats(rest, units.center, units.scale, own)
        stats[:, g] = own
        found.append(stats)
    return Batch(np.concatenate(found), p)


@dataclass(frozen=True)
class Resampler:
    """Draws with replacement within each group."""

    units: tuple[Units, ...]
    seed: int

    @property
    def block(self) -> int:
        """Draws a block: a power of two from 8 to 256 whose counts stay in the cache."""
        largest = max(len(u) for u in self.units)
        return int(2 ** np.clip(np.floor(np.log2(BLOCK_BYTES / (8.0 * largest))), 3, 8))

    def __call__(self, number: int, blocks: int = 1) -> Batch:
        """Moments of the draws of one block, or of several from it on."""
        p, size = len(self.units[0].center), self.block
        stats = np.empty((blocks * size, len(self.units), p + p * (p + 1) // 2))
        for g, units in enumerate(self.units):
            counts, n = units.counters(size), len(units)
            for first in range(0, len(stats), size):
                fill_counts(stream_key(self.seed, g), number * size + first, counts[:, :n])
                stats[first : first + size, g] = units.stats(counts)
        return Batch(stats, p)


@dataclass(frozen=True)
class Normal:
    """Moments of normal samples with the fit's implied moments, without making the samples.

    The covariances are Wishart draws by Bartlett's (1933) decomposition.
    """

    mean: tuple[Array, ...]
    factor: tuple[Array, ...]
    n: tuple[int, ...]
    divisor: tuple[float, ...]
    seed: int
    block: int = 256

    @classmethod
    def of(cls, fit: Fit, seed: int, *, wishart: bool = False, share: float = 0.0) -> Normal:
        """The normal population that the fit implies; ``share`` as for ``bollen_stine``."""
        at = fit.objective.implied(fit.theta)
        n = tuple(g.n for g in fit.moments.groups)
        modelled = fit.model.meanstructure
        means = tuple(
            state.mu if g.mean is None else _between(share if modelled else 1.0, g.mean, state.mu)
            for state, g in zip(at, fit.moments.groups, strict=True)
        )
        factor = tuple(
            np.linalg.cholesky(_between(share, g.cov, state.Sigma)).astype(np.float64)
            for state, g in zip(at, fit.moments.groups, strict=True)
        )
        return cls(means, factor, n, tuple(float(k - 1 if wishart else k) for k in n), seed)

    def __call__(self, number: int, blocks: int = 1) -> Batch:
        """Moments of the draws of one block, or of several from it on."""
        stats = np.concatenate([self._block(number + i) for i in range(blocks)])
        return Batch(stats, len(self.factor[0]))

    def _block(self, number: int) -> Array:
        found = []
        for g, (mean, L, n) in enumerate(zip(self.mean, self.factor, self.n, strict=True)):
            random = generator(self.seed, "parametric", g, number)
            p = len(L)
            A = np.zeros((self.block, p, p))
            row, col = np.tril_indices(p, -1)
            A[:, row, col] = random.standard_normal((self.block, len(row)))
            df = n - 1.0 - np.arange(p)
            A[:, np.arange(p), np.arange(p)] = np.sqrt(random.chisquare(df, (self.block, p)))
            X = L @ A
            S = X @ X.transpose(0, 2, 1) / self.divisor[g]
            means = mean + random.standard_normal((self.block, p)) @ L.T / np.sqrt(n)
            found.append(np.concatenate([means, half_vector(S)], axis=1))
        return np.stack(found, axis=1)


def bollen_stine(fit: Fit, share: float = 0.0) -> tuple[GroupMoments, ...]:
    """Answers turned such that their moments are exactly those implied (Bollen & Stine 1992).

    With ``share`` (0 to 1) of the sample's own moments left in them, the model misses them by as
    much as wanted (Yuan, Hayashi & Yanagihara 2007).
    """
    at = fit.objective.implied(fit.theta)
    found = []
    for sample, state in zip(fit.moments.groups, at, strict=True):
        if sample.answers is None or sample.mean is None:
            raise ModelError(message("sem.rows_needed"))
        answers = sample.answers.take(sample.answers.complete)
        wanted = _between(share, sample.cov, state.Sigma)
        turn = np.linalg.solve(_root(sample.cov), _root(wanted))
        modelled = fit.model.meanstructure
        mean = _between(share, sample.mean, state.mu) if modelled else sample.mean
        rows = (answers.rows - sample.mean) @ turn + mean
        turned = Answers(np.ascontiguousarray(rows), answers.weights, answers.cluster)
        found.append(GroupMoments(sample.label, sample.n, sample.cov, sample.mean, turned))
    return tuple(found)


def _between(share: float, sample: Array, implied: Array) -> Array:
    return implied if share == 0.0 else share * sample + (1.0 - share) * implied


def _root(M: Array) -> Array:
    values, vectors = np.linalg.eigh(M)
    root: Array = (vectors * np.sqrt(values)) @ vectors.T
    return root
