"""Discrepancies between sample and implied moments, one group at a time.

A loss knows nothing of parameters: it gives its value, its slopes by Sigma and mu, and the
curvature that these induce once the Jacobian of the moments is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import from_half_vector, half_vector, inverse_and_logdet
from analysis.sem.state import Implied

Array = NDArray[np.float64]


class Loss(Protocol):
    """One group's discrepancy F; smaller is better, 0 is perfect for moment-based losses."""

    def value(self, at: Implied) -> float:
        """F, or ``inf`` where it is not defined."""
        ...

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q (p, p), symmetric, and c (p,) with dF = tr(Q dSigma) + c' dmu."""
        ...

    def expected(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """Expected second derivative of F by the parameters, (q, q)."""
        ...

    def observed(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """Second derivative of F without the terms in second derivatives of the moments."""
        ...


def _traces(X: Array, Y: Array) -> Array:
    """tr(X_k Y_l) for stacks of matrices (q, p, p)."""
    q = len(X)
    product: Array = X.reshape(q, -1) @ Y.transpose(0, 2, 1).reshape(q, -1).T
    return product


@dataclass(frozen=True)
class MaximumLikelihood:
    """Normal-theory ML: log|Sigma| + tr(S Sigma^-1) - log|S| - p + d' Sigma^-1 d, d = ybar - mu.

    ``S`` (p, p) and ``mean`` (p,), None without a mean structure.
    """

    S: Array
    mean: Array | None
    logdet_S: float

    def value(self, at: Implied) -> float:
        """F; ``inf`` where Sigma is not positive definite."""
        solved = inverse_and_logdet(at.Sigma)
        if solved is None:
            return float("inf")
        inverse, logdet = solved
        value = logdet - self.logdet_S + float(np.sum(self.S * inverse)) - len(self.S)
        if self.mean is not None:
            d = self.mean - at.mu
            value += float(d @ inverse @ d)
        return value

    def _parts(self, at: Implied) -> tuple[Array, Array, Array]:
        solved = inverse_and_logdet(at.Sigma)
        if solved is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        inverse = solved[0]
        d = np.zeros(len(inverse)) if self.mean is None else self.mean - at.mu
        Q = inverse - inverse @ (self.S + np.outer(d, d)) @ inverse
        return inverse, 0.5 * (Q + Q.T), inverse @ d

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q and c."""
        _, Q, e = self._parts(at)
        return Q, -2.0 * e

    def expected(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """tr(Sigma^-1 dSigma_k Sigma^-1 dSigma_l) + 2 dmu_k' Sigma^-1 dmu_l."""
        inverse, _, _ = self._parts(at)
        X = inverse @ dSigma
        H = _traces(X, X)
        if self.mean is not None:
            H = H + 2.0 * dmu @ inverse @ dmu.T
        return H

    def observed(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """First-order part of the Hessian."""
        inverse, Q, e = self._parts(at)
        X = inverse @ dSigma
        H = _traces(X, X) - 2.0 * _traces(X, Q @ dSigma)
        if self.mean is not None:
            cross = 2.0 * (dmu @ inverse) @ (dSigma @ e).T
            H = H + 2.0 * dmu @ inverse @ dmu.T + cross + cross.T
        return 0.5 * (H + H.T)


@dataclass(frozen=True)
class LeastSquares:
    """(s - sigma)' V (s - sigma) over means (where modelled) and the lower triangle, by columns.

    ``V`` is (r, r), or (r,) where it is diagonal; ULS, GLS, WLS and DWLS differ in it alone.
    """

    S: Array
    mean: Array | None
    V: Array

    def _weighted(self, residual: Array) -> Array:
        return self.V * residual if self.V.ndim == 1 else self.V @ residual

    def _stack(self, mu: Array, Sigma: Array) -> Array:
        lower = half_vector(Sigma)
        return lower if self.mean is None else np.concatenate([mu, lower], axis=-1)

    def _residual(self, at: Implied) -> Array:
        mean = at.mu if self.mean is None else self.mean
        return self._stack(mean, self.S) - self._stack(at.mu, at.Sigma)

    def value(self, at: Implied) -> float:
        """F, always finite."""
        r = self._residual(at)
        return float(r @ self._weighted(r))

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q and c."""
        w = -2.0 * self._weighted(self._residual(at))
        p = len(self.S)
        c = np.zeros(p) if self.mean is None else w[:p]
        Q = from_half_vector(w if self.mean is None else w[p:], p)
        return 0.5 * (Q + np.diag(np.diag(Q))), c

    def expected(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """2 Delta' V Delta."""
        Delta = self._stack(dmu, dSigma)
        weighted = Delta * self.V if self.V.ndim == 1 else Delta @ self.V
        H: Array = 2.0 * weighted @ Delta.T
        return H

    def observed(self, at: Implied, dSigma: Array, dmu: Array) -> Array:
        """The same: the loss is quadratic in the moments."""
        return self.expected(at, dSigma, dmu)
