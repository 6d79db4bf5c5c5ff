"""Maximum likelihood of positive parameters, with the curvature that says how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from analysis.errors import ModelError, message

Array = NDArray[np.float64]
EDGE = 9.0


@dataclass(frozen=True)
class Estimates:
    """Estimates (k,) of positive parameters, 95% limits from the curvature of their logarithms.

    ``covariance`` (k, k) is that of the logarithms.
    """

    names: tuple[str, ...]
    values: Array
    low: Array
    high: Array
    log_likelihood: float
    n: int
    covariance: Array

    def drawn(self, draws: int, random: np.random.Generator) -> Array:
        """Parameters (draws, k) as uncertain as the estimates."""
        return np.exp(random.multivariate_normal(np.log(self.values), self.covariance, size=draws))


def maximize(
    log_likelihood: Callable[[Array], float],
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    *,
    n: int,
    model: str,
) -> Estimates:
    """Maximize over the logarithms of the parameters, the best of several starts.

    Raises
    ------
    ModelError
        Where the likelihood has no inner maximum (a parameter runs away).
    """

    def loss(v: Array) -> float:
        return -log_likelihood(np.exp(v)) / n

    bounds = [(-EDGE, EDGE)] * len(names)
    tried = [
        optimize.minimize(loss, np.log(start), method="L-BFGS-B", bounds=bounds,
                          options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500})
        for start in starts
    ]  # fmt: skip
    v = np.asarray(min(tried, key=lambda found: float(found.fun)).x)
    if np.abs(v).max() > EDGE - 0.5:
        raise ModelError(message("customer_value.no_maximum", model=model, n=n))
    H = _curvature(loss, v) * n
    if np.linalg.eigvalsh(H).min() <= 0:
        raise ModelError(message("customer_value.no_maximum", model=model, n=n))
    covariance: Array = np.linalg.inv(H).astype(float)
    se = np.sqrt(np.diag(covariance))
    z = 1.959963984540054
    return Estimates(
        tuple(names), np.exp(v), np.exp(v - z * se), np.exp(v + z * se), -float(loss(v)) * n, n,
        covariance,
    )  # fmt: skip


def _curvature(loss: Callable[[Array], float], v: Array, step: float = 2e-3) -> Array:
    """Second derivatives (k, k) by central differences."""
    k = len(v)
    E = np.eye(k) * step
    H = np.empty((k, k))
    for i in range(k):
        for j in range(i + 1):
            corners = (loss(v + E[i] + E[j]), loss(v + E[i] - E[j]),
                       loss(v - E[i] + E[j]), loss(v - E[i] - E[j]))  # fmt: skip
            H[i, j] = H[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
    return H
