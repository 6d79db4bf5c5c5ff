"""Statistics of answers that come block by block, each block then forgotten.

Means and products are kept about their own mean and merged pair by pair (Chan, Golub & LeVeque
1983): sums of squares of raw values would lose all digits of answers far from zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
PART = 16_384


@dataclass
class Centred:
    """``n`` rows seen, their ``mean`` (p,), and their ``products`` (p, p) about it."""

    n: int
    mean: Array
    products: Array

    @classmethod
    def empty(cls, p: int) -> Centred:
        """Nothing seen yet."""
        return cls(0, np.zeros(p), np.zeros((p, p)))

    def add(self, rows: Array) -> None:
        """Further complete rows (b, p)."""
        b = len(rows)
        if not b:
            return
        mean = rows.mean(axis=0)
        centred = rows - mean
        self.merge(Centred(b, mean, centred.T @ centred))

    def merge(self, other: Centred) -> None:
        """The rows of ``other`` too."""
        n = self.n + other.n
        shift = other.mean - self.mean
        self.mean = self.mean + shift * (other.n / n)
        weight = self.n * (other.n / n)
        self.products = self.products + other.products + np.outer(shift, shift) * weight
        self.n = n

    @property
    def cov(self) -> Array:
        """Covariances (p, p) with divisor n."""
        return self.products / max(self.n, 1)


@dataclass
class ByPattern:
    """Rows apart by which of their answers are missing; a pattern's key is its mask as bytes."""

    p: int
    found: dict[bytes, Centred] = field(default_factory=dict)

    def add(self, rows: Array) -> None:
        """Further rows (b, p), NaN where missing; those without any answer are passed over."""
        answered = ~np.isnan(rows)
        packed = np.packbits(answered, axis=1)
        whole = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, member = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(member, kind="stable")
        starts = np.searchsorted(member[order], np.arange(1, len(first)))
        filled = np.where(answered, rows, 0.0)
        for at, part in zip(first.tolist(), np.split(order, starts), strict=True):
            if answered[at].any():
                key = answered[at].tobytes()
                self.found.setdefault(key, Centred.empty(self.p)).add(filled[part])

    def sorted(self) -> tuple[npt.NDArray[np.bool_], tuple[Centred, ...]]:
        """Masks (J, p), True where answered, in ascending order, and each one's statistics."""
        keys = sorted(self.found)
        masks = np.array([np.frombuffer(key, dtype=bool) for key in keys]).reshape(-1, self.p)
        return masks, tuple(self.found[key] for key in keys)


@dataclass
class CrossTables:
    """Counts (p, K, p, K) of pairs of categories over complete rows.

    ``lowest`` (p,) are the codes of the first categories, ``sizes`` (p,) how many there are; an
    item without categories has size 0 and no counts.
    """

    lowest: Array
    sizes: npt.NDArray[np.intp]
    counts: Array

    @classmethod
    def empty(cls, lowest: Array, sizes: npt.NDArray[np.intp]) -> CrossTables:
        """Nothing counted yet."""
        p, K = len(sizes), int(sizes.max(initial=0))
        return cls(lowest, sizes, np.zeros((p, K, p, K)))

    def add(self, rows: Array) -> None:
        """Further complete rows (b, p)."""
        K = self.counts.shape[1]
        counted = np.flatnonzero(self.sizes)
        if not len(counted):
            return
        total = np.zeros((len(counted) * K,) * 2)
        for start in range(0, len(rows), PART):
            part = rows[start : start + PART, counted]
            codes = (part - self.lowest[counted]).astype(np.intp) + np.arange(len(counted)) * K
            hot = np.zeros((len(part), len(counted) * K), dtype=np.float32)
            np.put_along_axis(hot, codes, 1.0, axis=1)
            total += hot.T @ hot  # counts below 2^24 are exact in single precision
        grid = np.ix_(counted, np.arange(K), counted, np.arange(K))
        self.counts[grid] += total.reshape(len(counted), K, len(counted), K)
