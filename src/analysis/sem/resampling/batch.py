"""Sample moments of many draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.sem.algebra import half_index, half_vector
from analysis.sem.moments import Moments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Batch:
    """Means and covariances of D draws of one or several groups.

    ``stats`` (D, groups, p + p (p + 1) / 2): p means, then the lower triangle column by column.
    """

    stats: Array
    p: int

    @classmethod
    def of(cls, covariances: ArrayLike, means: ArrayLike | None = None) -> Batch:
        """From ``covariances`` (D, p, p) or (D, groups, p, p), and ``means`` alike; 0 without."""
        S = np.asarray(covariances, dtype=float)
        S = S[:, None] if S.ndim == 3 else S
        if S.ndim != 4 or S.shape[-1] != S.shape[-2]:
            raise ValueError(f"covariances have shape {np.shape(covariances)}, not (D, p, p)")
        size = (*S.shape[:2], S.shape[-1])
        mean = np.zeros(size) if means is None else np.asarray(means, dtype=float).reshape(size)
        stats = np.concatenate([mean, half_vector(S)], axis=-1)
        return cls(np.ascontiguousarray(stats), S.shape[-1])

    @classmethod
    def of_moments(cls, moments: Moments) -> Batch:
        """A sample's own moments, as one draw."""
        p = len(moments.names)
        means = np.array([np.zeros(p) if g.mean is None else g.mean for g in moments.groups])
        return cls.of(np.array([[g.cov for g in moments.groups]]), means[None])

    def __len__(self) -> int:
        return len(self.stats)

    def __getitem__(self, draws: slice | NDArray[np.generic]) -> Batch:
        return Batch(np.ascontiguousarray(self.stats[draws]), self.p)

    @property
    def means(self) -> Array:
        """Means (D, groups, p)."""
        return self.stats[..., : self.p]

    @property
    def covariances(self) -> Array:
        """Covariances (D, groups, p, p)."""
        row, col = half_index(self.p)
        S = np.empty((*self.stats.shape[:2], self.p, self.p))
        S[..., row, col] = self.stats[..., self.p :]
        S[..., col, row] = self.stats[..., self.p :]
        return S
