"""Confidence limits from draws."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.errors import ModelError, message

Array = NDArray[np.float64]
ROUNDING = 1e-13  # relative, of a quantity that is the same in the sample and all draws
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
    columns = np.sort(draws.T, axis=1)  # NaN come last
    counts = np.full(len(columns), columns.shape[1])
    if np.isnan(columns[:, -1:]).any():
        counts = (~np.isnan(columns)).sum(axis=1)
    for n in np.unique(counts[counts > 1]):
        rows = np.flatnonzero((counts == n) & np.isfinite(estimate))
        t = columns[rows, :n] if len(rows) < len(columns) or n < columns.shape[1] else columns
        a = np.zeros(len(rows)) if acceleration is None else acceleration[rows]
        own = _limits(kind, t, estimate[rows, None], level, a[:, None], definition)
        ends = t[:, [0, -1]]
        off = np.abs(ends - estimate[rows, None]).max(axis=1)
        same = off <= ROUNDING * np.abs(estimate[rows])
        found[:, rows] = np.where(same[:, None], ends, own).T
    return found


def _limits(
    kind: IntervalKind,
    t: Array,
    estimate: Array,
    level: float,
    acceleration: Array,
    definition: Definition,
) -> Array:
    """Limits (r, 2) from sorted draws t (r, D); ``estimate`` and ``acceleration`` (r, 1)."""
    tail = np.array([0.5 - level / 2.0, 0.5 + level / 2.0])
    if kind == "normal":
        se = t.std(axis=1, ddof=1 if definition == "standard" else 0)
        found: Array = 2.0 * estimate - t.mean(axis=1)[:, None] + ndtri(tail) * se[:, None]
        return found
    if kind == "basic":
        return 2.0 * estimate - quantile(t, tail[::-1], definition)
    if kind == "bca":
        return quantile(t, bca_levels(t, estimate, acceleration, tail), definition)
    return quantile(t, tail, definition)


def bca_levels(ordered: Array, estimate: Array, acceleration: Array, tail: Array) -> Array:
    """Levels (r, 2) that percentile limits are moved to (Efron 1987, eq. 3.9)."""
    bias = ndtri(np.mean(ordered < estimate, axis=1, keepdims=True))
    z = bias + ndtri(tail)
    with np.errstate(invalid="ignore"):
        levels: Array = ndtr(bias + z / (1.0 - acceleration * z))
    return levels


def quantile(ordered: Array, levels: Array, definition: Definition = "standard") -> Array:
    """Quantiles (..., k) of sorted draws (..., D) at ``levels`` (k,) or (..., k).

    Beyond the first and last rank, the smallest and largest draw; NaN for a level that is NaN.
    """
    n = ordered.shape[-1]
    levels = np.asarray(levels, dtype=float)
    rank = np.clip((n + 1) * np.where(np.isnan(levels), 0.5, levels), 1.0, float(n))
    below = np.minimum(np.floor(rank).astype(int), n - 1)
    if definition == "standard":
        share = rank - below
    else:
        with np.errstate(invalid="ignore"):
            left, right = ndtri(below / (n + 1)), ndtri((below + 1) / (n + 1))
            share = np.where(rank == below, 0.0, (ndtri(rank / (n + 1)) - left) / (right - left))
    below = np.broadcast_to(below, (*ordered.shape[:-1], below.shape[-1]))
    low = np.take_along_axis(ordered, below - 1, axis=-1)
    high = np.take_along_axis(ordered, below, axis=-1)
    return np.where(np.isnan(levels), np.nan, low + share * (high - low))


def acceleration(leave_one_out: Array) -> Array:
    """BCa's a (r,) from jackknife values (n, r): skewness of the influence, over 6."""
    influence = leave_one_out.mean(axis=0) - leave_one_out
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = (influence**3).sum(axis=0) / (6.0 * (influence**2).sum(axis=0) ** 1.5)
    return np.where(np.isfinite(found), found, 0.0)
