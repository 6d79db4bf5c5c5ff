"""From purchases to what the models of customer value need: how often, how recently, how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
WEEK = 7.0


@dataclass(frozen=True)
class History:
    """Purchases of n customers up to their cut-off, in weeks.

    ``x`` (n,) counts repeat purchases, ``recency`` is the time from the first to the last and
    ``age`` from the first to the cut-off; ``mean`` is the mean value of the repeat purchases (NaN
    without any). ``person`` (n,) holds the customers' numbers.
    """

    person: Index
    x: Array
    recency: Array
    age: Array
    mean: Array


def history(person: Index, day: Array, amount: Array, cutoff: Array) -> History:
    """Histories of the customers who bought before their cut-off.

    Parameters
    ----------
    person, day, amount : (m,) the customer's number, the day and the value of each purchase;
        purchases of one day are one purchase.
    cutoff : (customers,) last day, exclusive, by customer's number.
    """
    known = (person >= 0) & np.isfinite(day) & np.isfinite(amount)
    known &= day < cutoff[np.maximum(person, 0)]
    person, day, amount = person[known], day[known], amount[known]
    key = np.unique(np.column_stack([person, day]), axis=0, return_inverse=True)
    pairs, place = key[0], np.asarray(key[1]).ravel()
    value = np.bincount(place, weights=amount, minlength=len(pairs))
    who, when = pairs[:, 0].astype(np.intp), pairs[:, 1]
    customers, start = np.unique(who, return_index=True)
    count = np.bincount(who)[customers]
    end = start + count - 1
    total = np.add.reduceat(value, start) if len(start) else np.empty(0)
    x = (count - 1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(x > 0, (total - value[start]) / x, np.nan)
    return History(
        person=customers.astype(np.intp), x=x, recency=(when[end] - when[start]) / WEEK,
        age=(cutoff[customers] - when[start]) / WEEK, mean=mean,
    )  # fmt: skip


def later(person: Index, day: Array, amount: Array, cutoff: Array, weeks: float) -> Array:
    """Purchases and their total value (2, customers) in the ``weeks`` from the cut-off on."""
    gap = day - cutoff[np.maximum(person, 0)]
    inside = (person >= 0) & (gap >= 0) & (gap < WEEK * weeks) & np.isfinite(amount)
    pairs = np.unique(np.column_stack([person[inside], day[inside]]), axis=0)
    orders = np.bincount(pairs[:, 0].astype(np.intp), minlength=len(cutoff)).astype(float)
    spent = np.bincount(person[inside], weights=amount[inside], minlength=len(cutoff))
    return np.stack([orders, spent])
