"""BG/NBD: how often customers buy and when they stop (Fader, Hardie & Lee 2005).

While active a customer buys at a rate of their own, gamma distributed (r, alpha); after each
purchase they stop with a chance of their own, beta distributed (a, b).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.errors import ModelError, message
from analysis.methods.customer_value.fitting import Estimates, maximize
from analysis.methods.customer_value.history import History

Array = NDArray[np.float64]
NAMES = ("r", "alpha", "a", "b")
LEAST_REPEATERS = 50


def log_likelihood(parameters: Array, x: Array, recency: Array, age: Array) -> Array:
    """Log likelihood (n,) of repeat purchases ``x``, last at ``recency``, watched until ``age``."""
    r, alpha, a, b = parameters
    gammaln = special.gammaln
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = (special.betaln(a, b + x) - special.betaln(a, b)) - (r + x) * np.log(alpha + age)
    last = np.maximum(x, 1.0)
    gone = (special.betaln(a + 1, b + last - 1) - special.betaln(a, b)) - (r + x) * np.log(
        alpha + recency
    )
    found: Array = shared + np.where(x > 0, np.logaddexp(alive, gone), alive)
    return found


def fit_purchases(data: History) -> Estimates:
    """BG/NBD by maximum likelihood.

    Raises
    ------
    ModelError
        With fewer than 50 customers who bought again, and where there is no inner maximum.
    """
    again = int((data.x > 0).sum())
    if again < LEAST_REPEATERS:
        raise ModelError(message("customer_value.few_customers", n=again, least=LEAST_REPEATERS))
    rows = np.column_stack([data.x, data.recency, data.age])
    unique, counts = np.unique(rows, axis=0, return_counts=True)

    def total(parameters: Array) -> float:
        return float(counts @ log_likelihood(parameters, *unique.T))

    pause = float(data.age.sum() / data.x.sum())
    starts = [(r, r * pause, a, b) for r, a, b in ((0.3, 0.8, 2.4), (1.0, 0.5, 8.0))]
    return maximize(total, NAMES, starts, n=len(rows), model="BG/NBD")


def alive(parameters: Array, data: History) -> Array:
    """Chance (n,) that each customer is still active at the cut-off."""
    r, alpha, a, b = parameters
    last = np.maximum(data.x, 1.0)
    odds = np.log(a / (b + last - 1)) + (r + data.x) * np.log(
        (alpha + data.age) / (alpha + data.recency)
    )
    found: Array = np.where(data.x > 0, special.expit(-odds), 1.0)
    return found


def expected(parameters: Array, data: History, weeks: float) -> Array:
    """Purchases (n,) to expect of each customer in the next ``weeks`` (their equation 10)."""
    r, alpha, a, b = parameters
    x, age = data.x, data.age
    z = weeks / (alpha + age + weeks)
    power = np.exp((r + x) * np.log((alpha + age) / (alpha + age + weeks)))
    hyper = special.hyp2f1(r + x, b + x, a + b + x - 1, z)
    active = (a + b + x - 1) / (a - 1) * (1.0 - power * hyper)
    found: Array = active * alive(parameters, data)
    return found
