"""Confidence limits from draws."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.errors import ModelError, message

Array = NDArray[np.float64]
ROUNDING = 1e-13  # spread over size of a quantity that is the same in all draws
IntervalKind = Literal["percentile", "bca", "basic", "normal"]
Definition = Literal["standard", "lavaan"]


def limits(
    kind: IntervalKind,
    draws: Array,
    estimate: Array,
    *,
    level: float = 0.95,
    acceleration: Array | None = None,
    definition: Definition = "standard",
) -> Array:
    """Lower and upper limits (2, r) of r quantities; NaN draws of a quantity are left out.

    Parameters
    ----------
    kind : ``percentile``; ``bca`` with the bias of the median and ``acceleration`` (r,)
        (Efron 1987); ``basic``, which mirrors the percentile limits at the estimate; ``normal``,
        the estimate less its bootstrap bias, and its bootstrap standard error.
    draws, estimate : (D, r) and (r,).
    level : of confidence.
    definition : the quantile a of D draws is the one of rank ``(D + 1) a``, interpolated
        linearly between neighbours (``standard``, R's type 6; Davison & Hinkley 1997), or on the
        normal quantile scale (``lavaan``, as in R's boot); standard errors then have divisor D,
        not D - 1.
    """
    if kind not in get_args(IntervalKind):
        good = ", ".join(get_args(IntervalKind))
        raise ModelError(message("sem.unknown_option", option="kind", value=kind, good=good))
    found = np.full((2, draws.shape[1]), np.nan)
    tail = np.array([0.5 - level / 2.0, 0.5 + level / 2.0])
    columns = np.sort(np.ascontiguousarray(draws.T), axis=1)  # NaN come last
    counts = (~np.isnan(columns)).sum(axis=1)
    for j, (column, n) in enumerate(zip(columns, counts, strict=True)):
        t = column[:n]
        if n < 2 or not np.isfinite(estimate[j]):
            continue
        if t[-1] - t[0] <= ROUNDING * abs(estimate[j]):
            found[:, j] = t[0], t[-1]
        elif kind == "normal":
            middle = 2.0 * estimate[j] - t.mean()
            found[:, j] = middle + ndtri(tail) * t.std(ddof=1 if definition == "standard" else 0)
        elif kind == "basic":
            found[:, j] = 2.0 * estimate[j] - quantile(t, tail[::-1], definition)
        elif kind == "bca":
            a = 0.0 if acceleration is None else acceleration[j]
            found[:, j] = quantile(t, bca_levels(t, estimate[j], a, tail), definition)
        else:
            found[:, j] = quantile(t, tail, definition)
    return found


def bca_levels(ordered: Array, estimate: float, acceleration: float, tail: Array) -> Array:
    """Levels that percentile limits are moved to (Efron 1987, eq. 3.9)."""
    bias = ndtri(np.mean(ordered < estimate))
    z = bias + ndtri(tail)
    levels: Array = ndtr(bias + z / (1.0 - acceleration * z))
    return levels


def quantile(ordered: Array, levels: Array, definition: Definition = "standard") -> Array:
    """Quantiles of sorted draws; beyond the first and last rank, the smallest and largest."""
    n = len(ordered)
    levels = np.asarray(levels, dtype=float)
    if np.isnan(levels).any():
        return np.full(len(levels), np.nan)
    rank = np.clip((n + 1) * levels, 1.0, float(n))
    below = np.minimum(np.floor(rank).astype(int), n - 1)
    if definition == "standard":
        share = rank - below
    else:
        with np.errstate(invalid="ignore"):
            left, right = ndtri(below / (n + 1)), ndtri((below + 1) / (n + 1))
            share = np.where(rank == below, 0.0, (ndtri(rank / (n + 1)) - left) / (right - left))
    low, high = ordered[below - 1], ordered[below]
    found: Array = low + share * (high - low)
    return found


def acceleration(leave_one_out: Array) -> Array:
    """BCa's a (r,) from jackknife values (n, r): skewness of the influence, over 6."""
    influence = leave_one_out.mean(axis=0) - leave_one_out
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = (influence**3).sum(axis=0) / (6.0 * (influence**2).sum(axis=0) ** 1.5)
    return np.where(np.isfinite(found), found, 0.0)
