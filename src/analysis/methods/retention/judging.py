"""Calibration of predicted chances, and what a decision by them gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.methods.retention.metrics import Measured, measured

Array = NDArray[np.float64]
LEAST = 30


@dataclass(frozen=True)
class Calibration:
    """Predicted against observed shares of leavers in classes of predicted chance.

    ``low`` and ``high`` are 95% limits after Wilson. ``slope`` and ``intercept`` regress what
    happened on the log odds predicted (1 and 0 are ideal); ``ratio`` is observed / expected.
    """

    predicted: Array
    observed: Array
    low: Array
    high: Array
    n: Array
    slope: Measured
    intercept: Measured
    ratio: float


@dataclass(frozen=True)
class Decision:
    """Net benefit (thresholds,) of acting on the model, on everybody, and on nobody (0).

    ``Threshold`` figures hold at ``threshold``: share ``acted`` on, ``sensitivity``,
    ``specificity``, ``precision``, and the ``benefit`` over the better of everybody and nobody.
    """

    thresholds: Array
    model: Array
    everybody: Array
    threshold: float
    acted: Measured
    sensitivity: Measured
    specificity: Measured
    precision: Measured
    benefit: Measured
    advantage: Measured


def calibration(y: Array, p: Array, counts: Array, *, classes: int = 10) -> Calibration:
    """Calibration in ``classes`` of equal size, slope and intercept with bootstrap limits."""
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(classes, max(len(y) // LEAST, 1)))
    n = np.array([len(part) for part in parts], dtype=float)
    observed = np.array([y[part].mean() for part in parts])
    low, high = wilson(observed, n)
    logit = np.log(np.clip(p, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(p, 1e-9, 1 - 1e-9))
    point = _line(logit, y, np.ones((1, len(y))))[0]
    drawn = _line(logit, y, counts)
    return Calibration(
        predicted=np.array([p[part].mean() for part in parts]), observed=observed, low=low,
        high=high, n=n, slope=measured(float(point[1]), drawn[:, 1]),
        intercept=measured(float(point[0]), drawn[:, 0]), ratio=float(y.mean() / p.mean()),
    )  # fmt: skip


def wilson(share: Array, n: Array, z: float = 1.959963984540054) -> tuple[Array, Array]:
    """Limits of shares after Wilson (1927)."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return middle - half, middle + half


def _line(x: Array, y: Array, counts: Array, steps: int = 12) -> Array:
    """Intercept and slope (D, 2) of logistic regressions on one predictor, rows weighted."""
    beta = np.tile([0.0, 1.0], (len(counts), 1))
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(beta[:, :1] + beta[:, 1:] * x)))
        w, r = counts * p * (1.0 - p), counts * (y - p)
        a, b, c = w.sum(axis=1), w @ x, w @ x**2
        g, h = r.sum(axis=1), r @ x
        with np.errstate(invalid="ignore", divide="ignore"):
            beta = (
                beta + np.stack([c * g - b * h, a * h - b * g], axis=1) / ((a * c - b * b)[:, None])
            )
    return beta


def decision(y: Array, p: Array, counts: Array, *, threshold: float) -> Decision:
    """Decision curve (Vickers & Elkin 2006): net benefit = TP / n - FP / n x t / (1 - t).

    ``threshold`` is the chance from which on one acts: acting costs t / (1 - t) of what keeping
    one customer brings.
    """
    highest = min(max(0.4, 2 * threshold), 0.9)
    grid = np.round(np.arange(0.02, highest + 0.001, 0.01), 2)
    acts = p[:, None] >= grid
    odds = grid / (1.0 - grid)
    model = ((y[:, None] == 1) & acts).mean(axis=0) - ((y[:, None] == 0) & acts).mean(axis=0) * odds
    everybody = y.mean() - (1.0 - y.mean()) * odds
    point = _at(y, p, np.ones((1, len(y))), threshold)
    drawn = _at(y, p, counts, threshold)
    found = {k: measured(float(point[k][0]), drawn[k]) for k in point}
    return Decision(grid, model, everybody, threshold, **found)


def _at(y: Array, p: Array, counts: Array, threshold: float) -> dict[str, Array]:
    acts, left = p >= threshold, y == 1
    total = counts.sum(axis=1)
    tp, fp = counts @ (acts & left), counts @ (acts & ~left)
    events = counts @ left
    odds = threshold / (1.0 - threshold)
    benefit = (tp - fp * odds) / total
    everybody = (events - (total - events) * odds) / total
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "acted": (tp + fp) / total,
            "sensitivity": tp / events,
            "specificity": 1.0 - fp / (total - events),
            "precision": tp / (tp + fp),
            "benefit": benefit,
            "advantage": benefit - np.maximum(everybody, 0.0),
        }
