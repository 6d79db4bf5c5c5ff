"""How good predicted chances are, with intervals from resampled persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rng import generator

Array = NDArray[np.float64]
MEASURES = ("auc", "pr_auc", "brier", "log_loss")
BLOCK = 200
SMALLEST = 1e-12


@dataclass(frozen=True)
class Measured:
    """One measure with 95% limits; ``draws`` (D,) are its resamples."""

    value: float
    low: float
    high: float
    draws: Array


@dataclass(frozen=True)
class Performance:
    """Measures of one model's predictions for ``n`` cases, ``events`` of which left."""

    model: str
    n: int
    events: int
    measures: dict[str, Measured]


def resampled(person: NDArray[np.intp], draws: int, seed: int) -> Array:
    """How often each row is drawn (D, n): persons with replacement, all their rows."""
    persons = int(person.max()) + 1 if len(person) else 0
    counts = np.empty((draws, len(person)))
    for start in range(0, draws, BLOCK):
        random = generator(seed, "retention", start)
        size = min(BLOCK, draws - start)
        drawn = random.multinomial(persons, np.full(persons, 1.0 / persons), size=BLOCK)[:size]
        counts[start : start + size] = drawn[:, person]
    return counts


def areas(y: Array, p: Array, counts: Array) -> tuple[Array, Array]:
    """Areas under the ROC and the precision-recall curve, (D,) each, rows weighted by ``counts``.

    Ties count half for ROC; precision-recall is average precision (steps, no interpolation). NaN
    where a resample holds one class only.
    """
    order = np.argsort(-p, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    w = counts[:, order]
    right = np.cumsum(w * y[order], axis=1)[:, ends]
    wrong = np.cumsum(w, axis=1)[:, ends] - right
    before = np.column_stack([np.zeros(len(w)), right[:, :-1]])
    steps = np.diff(np.column_stack([np.zeros(len(w)), wrong]), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        roc = (steps * (right + before) / 2.0).sum(axis=1) / (right[:, -1] * wrong[:, -1])
        precision = np.where(right + wrong > 0, right / (right + wrong), 0.0)
        curve = ((right - before) * precision).sum(axis=1) / right[:, -1]
    return roc, curve


def scores(y: Array, p: Array, counts: Array) -> dict[str, Array]:
    """All measures (D,) for rows weighted by ``counts`` (D, n)."""
    roc, curve = areas(y, p, counts)
    kept = np.clip(p, SMALLEST, 1.0 - SMALLEST)
    total = counts.sum(axis=1)
    loss = -(y * np.log(kept) + (1.0 - y) * np.log1p(-kept))
    return {
        "auc": roc,
        "pr_auc": curve,
        "brier": counts @ (p - y) ** 2 / total,
        "log_loss": counts @ loss / total,
    }


def measured(value: float, draws: Array) -> Measured:
    """A value with percentile limits from its finite resamples."""
    known = draws[np.isfinite(draws)]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) > 1 else (np.nan, np.nan)
    return Measured(value, float(low), float(high), draws)


def performance(model: str, y: Array, p: Array, counts: Array) -> Performance:
    """Measures of chances ``p`` (n,) against what happened, with limits."""
    point = scores(y, p, np.ones((1, len(y))))
    drawn = scores(y, p, counts)
    found = {name: measured(float(point[name][0]), drawn[name]) for name in MEASURES}
    return Performance(model, len(y), int(y.sum()), found)


def difference(one: Performance, other: Performance, measure: str) -> Measured:
    """``other`` minus ``one`` in the same cases and resamples."""
    a, b = one.measures[measure], other.measures[measure]
    return measured(b.value - a.value, b.draws - a.draws)
