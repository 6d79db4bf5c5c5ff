"""Gamma-Gamma: what a purchase is worth (Fader & Hardie 2013).

A customer's purchases scatter around their own mean (shape p); the means differ over customers
(q, gamma).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from analysis.errors import ModelError, message
from analysis.methods.customer_value.fitting import Estimates, maximize
from analysis.methods.customer_value.history import History

Array = NDArray[np.float64]
NAMES = ("p", "q", "gamma")
LEAST_REPEATERS = 50


def log_likelihood(parameters: Array, x: Array, mean: Array) -> Array:
    """Log likelihood (n,) of the mean values of ``x`` repeat purchases."""
    p, q, gamma = parameters
    px = p * x
    found: Array = (
        -special.betaln(px, q)
        + q * np.log(gamma)
        + (px - 1) * np.log(mean)
        + px * np.log(x)
        - (px + q) * np.log(gamma + x * mean)
    )
    return found


def fit_amounts(data: History) -> Estimates:
    """Gamma-Gamma by maximum likelihood over the customers who bought again.

    Raises
    ------
    ModelError
        With fewer than 50 of them, and where there is no inner maximum.
    """
    again = (data.x > 0) & (data.mean > 0)
    if again.sum() < LEAST_REPEATERS:
        raise ModelError(
            message("customer_value.few_customers", n=int(again.sum()), least=LEAST_REPEATERS)
        )
    x, mean = data.x[again], data.mean[again]
    unit = float(mean.mean())

    def total(parameters: Array) -> float:
        scaled = np.array([parameters[0], parameters[1], parameters[2] * unit])
        return float(log_likelihood(scaled, x, mean).sum())

    found = maximize(
        total, NAMES, [(2.0, 3.0, 1.0), (6.0, 4.0, 0.5)], n=len(x), model="Gamma-Gamma"
    )
    size = np.array([1.0, 1.0, unit])
    return Estimates(
        found.names, found.values * size, found.low * size, found.high * size,
        found.log_likelihood, found.n, found.covariance,
    )  # fmt: skip


def expected_amount(parameters: Array, data: History) -> Array:
    """Value (n,) to expect of each customer's purchases: theirs, drawn towards everybody's."""
    p, q, gamma = parameters
    spent = np.where(data.x > 0, data.x * np.nan_to_num(data.mean), 0.0)
    with np.errstate(divide="ignore"):
        whole = p * (gamma + spent) / (p * data.x + q - 1.0)
    found: Array = np.where(p * data.x + q > 1.0, whole, np.nan)
    return found


def dependence(data: History) -> tuple[float, float]:
    """Correlation of number and mean value of repeat purchases, with its p (0 is assumed)."""
    again = data.x > 0
    r, p = stats.pearsonr(np.log(data.x[again]), np.log(data.mean[again]))
    return float(r), float(p)
