"""Ordered items: thresholds and correlations of the normal variables behind them.

The stacked statistics of a group are its thresholds (and minus the means of numeric items), the
variances of numeric items, and the covariances below the diagonal, by columns. A scale factor
delta per ordered item is a parameter (``delta`` parameterization) or 1 / sd of the latent
response (``theta``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import implied, jacobian
from analysis.sem.model import GroupModel, Ordinal
from analysis.sem.ordinal_stats import OrdinalMoments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalTerm:
    """Weighted least squares over the stacked statistics of ordered (and numeric) items.

    ``V`` is (r, r), or (r,) where it is diagonal.
    """

    model: GroupModel
    data: OrdinalMoments
    V: Array
    share: float
    weight: float

    def _layout(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Numeric items, and rows and columns of the covariances, in stacking order."""
        numeric = np.array(
            [i for i, name in enumerate(self.data.names) if name not in self.data.ordered],
            dtype=np.intp,
        )
        col, row = np.triu_indices(len(self.data.names), 1)
        return numeric, row, col

    def statistics(self, theta: Array) -> Array:
        """Implied stacked statistics (r,)."""
        at = implied(self.model, theta)
        delta = self._ordinal.scales(theta, at.Sigma)
        numeric, row, col = self._layout()
        variable, tau = self._ordinal.variable, self._ordinal.thresholds(theta)
        first = delta[variable] * (tau - at.mu[variable])
        covariances = delta[row] * delta[col] * at.Sigma[row, col]
        return np.concatenate([first, np.diag(at.Sigma)[numeric], covariances])

    @property
    def _ordinal(self) -> Ordinal:
        assert self.model.ordinal is not None
        return self.model.ordinal

    def moments_jacobian(self, theta: Array) -> Array:
        """Derivative (q, r) of the stacked statistics."""
        q = len(theta)
        at = implied(self.model, theta)
        slope = jacobian(self.model, at, q)
        dSigma, dmu = slope.dSigma, slope.dmu
        delta = self._ordinal.scales(theta, at.Sigma)
        ddelta = self._ordinal.scales_jacobian(at.Sigma, dSigma)
        numeric, row, col = self._layout()
        variable, tau = self._ordinal.variable, self._ordinal.thresholds(theta)
        first = -delta[variable] * dmu[:, variable]
        first += ddelta[:, variable] * (tau - at.mu[variable])
        cells = self._ordinal.tau
        first[cells.par, cells.row] += delta[variable[cells.row]]
        cov = at.Sigma[row, col]
        lower = delta[row] * delta[col] * dSigma[:, row, col]
        lower += (ddelta[:, row] * delta[col] + delta[row] * ddelta[:, col]) * cov
        return np.concatenate([first, dSigma[:, numeric, numeric], lower], axis=1)

    def _weighted(self, x: Array) -> Array:
        return x * self.V if self.V.ndim == 1 else x @ self.V

    def value(self, theta: Array) -> float:
        """(s - sigma)' V (s - sigma); ``inf`` where a latent response has no variance."""
        with np.errstate(invalid="ignore", divide="ignore"):
            residual = self.data.stacked - self.statistics(theta)
        value = float(residual @ self._weighted(residual))
        return value if np.isfinite(value) else float("inf")

    def gradient(self, theta: Array) -> Array:
        """Slope (q,)."""
        residual = self.data.stacked - self.statistics(theta)
        return -2.0 * self.moments_jacobian(theta) @ self._weighted(residual)

    def expected(self, theta: Array) -> Array:
        """2 Delta V Delta' (q, q)."""
        Delta = self.moments_jacobian(theta)
        H: Array = 2.0 * self._weighted(Delta) @ Delta.T
        return H

    def hessian(self, theta: Array) -> Array:
        """The same (Gauss-Newton): the residuals' share is left out."""
        return self.expected(theta)

    def with_model(self, model: GroupModel) -> CategoricalTerm:
        """The same data under another model."""
        return replace(self, model=model)

    @property
    def fixed_weight(self) -> Array:
        """Weight of the stacked statistics."""
        return self.V
