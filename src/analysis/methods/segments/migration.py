"""Who moved between segments from one wave to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Migration:
    """Moves of ``n`` people between k segments.

    ``counts`` (k, k), rows are where they were, columns where they are; ``shares`` (k, k) of each
    row with 95% limits ``low`` and ``high`` (Wilson 1927). Rows of fewer than the minimum are
    NaN and ``held`` counts them. ``stay`` is the share of all who stayed; ``kappa`` that beyond
    chance (Cohen 1960).
    """

    counts: Array
    shares: Array
    low: Array
    high: Array
    n: int
    stay: float
    kappa: float
    held: int


def migration(before: Labels, after: Labels, k: int, *, least: int = 30) -> Migration:
    """Moves between ``before`` and ``after`` (n,), the same people in order; -1 for unknown."""
    known = (before >= 0) & (after >= 0)
    counts = np.zeros((k, k))
    np.add.at(counts, (before[known], after[known]), 1.0)
    n = int(counts.sum())
    rows = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / rows
        low, high = _wilson(shares, rows)
    small = rows[:, 0] < least
    for table in (shares, low, high):
        table[small] = np.nan
    stay = float(np.trace(counts)) / n if n else float("nan")
    chance = float(rows[:, 0] @ counts.sum(axis=0)) / n**2 if n else float("nan")
    kappa = (stay - chance) / (1.0 - chance) if n and chance < 1.0 else float("nan")
    held = int((small & (rows[:, 0] > 0)).sum())
    return Migration(counts, shares, low, high, n, stay, kappa, held)


def _wilson(share: Array, n: Array, z: float = 1.959963984540054) -> tuple[Array, Array]:
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half
