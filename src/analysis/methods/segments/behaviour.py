"""What segments go on to do: outcomes by segment with intervals and a test of difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Array = NDArray[np.float64]
Kind = Literal["mean", "share", "promoters"]
Z = 1.959963984540054


@dataclass(frozen=True)
class Outcome:
    """One outcome over k segments: ``values`` (k,) with 95% limits, in the outcome's own units.

    ``n`` (k,) are the respondents who have it; segments below the minimum are NaN. ``p`` tests
    that all are equal (Welch's statistic with its large-sample chi-square).
    """

    name: str
    kind: Kind
    values: Array
    low: Array
    high: Array
    n: tuple[int, ...]
    p: float


def outcome(
    name: str, x: Array, member: NDArray[np.intp], k: int, *, kind: Kind, least: int = 30
) -> Outcome:
    """Means of ``x`` (n,) by segment; ``promoters`` turns 0-10 into points of the net score."""
    y = x
    if kind == "promoters":
        y = np.where(np.isnan(x), np.nan, 100.0 * ((x >= 9).astype(float) - (x <= 6)))
    mean, se, count = np.full(k, np.nan), np.full(k, np.nan), []
    for s in range(k):
        here = y[(member == s) & ~np.isnan(y)]
        count.append(len(here))
        if len(here) >= max(least, 2):
            mean[s], se[s] = here.mean(), here.std(ddof=1) / np.sqrt(len(here))
    known = (se > 0) & np.isfinite(mean)
    p = float("nan")
    if known.sum() > 1:
        w = 1.0 / se[known] ** 2
        centre = (w @ mean[known]) / w.sum()
        p = float(chdtrc(known.sum() - 1, w @ (mean[known] - centre) ** 2))
    return Outcome(name, kind, mean, mean - Z * se, mean + Z * se, tuple(count), p)
