"""Relative attitude by repeat patronage: true, latent, spurious and no loyalty."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KINDS = ("true", "latent", "spurious", "none")


@dataclass(frozen=True)
class LoyaltyMatrix:
    """Shares of the four kinds among n respondents, with 95% limits (Wilson 1927).

    ``kind`` (n,) indexes true (both high), latent (attitude high), spurious (behaviour high) and
    none, -1 where not known; the cuts are the ones that were used.
    """

    kind: NDArray[np.intp]
    n: int
    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    attitude_cut: float
    behaviour_cut: float


def loyalty_matrix(
    attitude: Array, behaviour: Array, *, attitude_cut: float | None = None,
    behaviour_cut: float | None = None,
) -> LoyaltyMatrix:  # fmt: skip
    """Dick and Basu's (1994) matrix from two scores (n,) on 0-100, NaN where not known.

    Without cuts the medians divide, so that the kinds are relative to these respondents.
    """
    known = ~(np.isnan(attitude) | np.isnan(behaviour))
    a, b = attitude[known], behaviour[known]
    cut_a = float(np.median(a)) if attitude_cut is None else attitude_cut
    cut_b = float(np.median(b)) if behaviour_cut is None else behaviour_cut
    kind = np.full(len(attitude), -1, dtype=np.intp)
    kind[known] = 2 * (a < cut_a) + (b < cut_b)
    # 0 both high, 1 attitude only, 2 behaviour only, 3 neither
    n = int(known.sum())
    shares = [float((kind == k).sum()) / n for k in range(4)] if n else [float("nan")] * 4
    limits = [_wilson(s, n) for s in shares]
    low, high = tuple(x for x, _ in limits), tuple(x for _, x in limits)
    return LoyaltyMatrix(kind, n, tuple(shares), low, high, cut_a, cut_b)


def _wilson(share: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    if n == 0:
        return float("nan"), float("nan")
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half
