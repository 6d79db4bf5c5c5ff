"""Recency, frequency and spend as scores, and the tiers high value, potential, at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TIERS = ("high", "potential", "risk")


@dataclass(frozen=True)
class Tiers:
    """A tier for every respondent: ``tier`` (n,) indexes ``TIERS``, -1 where not known.

    The rule: at risk are those in the lower two fifths of recency (R <= 2) or, where attitude is
    known, in its lowest fifth; of the others, high value are those with F + M >= 8; the rest has
    potential. ``scores`` (n, 3) are R, F and M from 1 to 5.
    """

    tier: NDArray[np.intp]
    scores: Array
    attitude_cut: float


def rfm_scores(recency: Array, frequency: Array, spend: Array) -> Array:
    """Fifths (n, 3) from 1 (worst) to 5 (Hughes 1994); ``recency`` counts days: few are good.

    Equal values share a score: cuts lie at the quintiles of the known values; NaN stays.
    """
    return np.column_stack([_fifths(-recency), _fifths(frequency), _fifths(spend)])


def _fifths(x: Array) -> Array:
    known = ~np.isnan(x)
    scores = np.full(len(x), np.nan)
    if known.any():
        cuts = np.quantile(x[known], (0.2, 0.4, 0.6, 0.8))
        scores[known] = 1.0 + np.searchsorted(cuts, x[known], side="left")
    return scores


def tiers(recency: Array, frequency: Array, spend: Array, attitude: Array | None = None) -> Tiers:
    """Tiers from behaviour, and from attitude (n,) on 0-100 where there is one."""
    scores = rfm_scores(recency, frequency, spend)
    known = ~np.isnan(scores).any(axis=1)
    risk = scores[:, 0] <= 2
    cut = float("nan")
    if attitude is not None and (~np.isnan(attitude)).any():
        cut = float(np.nanquantile(attitude, 0.2))
        with np.errstate(invalid="ignore"):
            risk = risk | (attitude < cut)
    high = ~risk & (scores[:, 1] + scores[:, 2] >= 8)
    tier = np.where(risk, 2, np.where(high, 0, 1)).astype(np.intp)
    tier[~known] = -1
    return Tiers(tier, scores, cut)
