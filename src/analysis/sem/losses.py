"""Discrepancies between sample and implied moments, one group at a time.

A loss knows nothing of parameters: it gives its value, its slopes by Sigma and mu, and the
curvature that these induce once the Jacobian of the moments is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import from_half_vector, half_vector
from analysis.sem.state import Implied, Jacobian

Array = NDArray[np.float64]


class Loss(Protocol):
    """One group's discrepancy F; smaller is better, 0 is perfect for moment-based losses."""

    def value(self, at: Implied) -> float:
        """F, or ``inf`` where it is not defined."""
        ...

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q (p, p), symmetric, and c (p,) with dF = tr(Q dSigma) + c' dmu."""
        ...

    def expected(self, at: Implied, slope: Jacobian) -> Array:
        """Expected second derivative of F by the parameters, (q, q)."""
        ...

    def observed(self, at: Implied, slope: Jacobian, slopes: tuple[Array, Array]) -> Array:
        """Second derivative of F without the terms in second derivatives of the moments.

        ``slopes`` are Q and c at the same point.
        """
        ...


class _Products(NamedTuple):
    """l_k' P l_l, r_k' P r_l and l_k' P r_l (q, q) for a symmetric P."""

    ll: Array
    rr: Array
    lr: Array

    @classmethod
    def of(cls, sides: Array, turned: Array) -> _Products:
        """From [l r] and P [l r], both (p, 2q)."""
        q = sides.shape[1] // 2
        upper = sides[:, :q].T @ turned
        return cls(upper[:, :q], sides[:, q:].T @ turned[:, q:], upper[:, q:])


def _traces(X: _Products, Y: _Products) -> Array:
    """tr(P dSigma_k Q dSigma_l), (q, q), with dSigma_k = l_k r_k' + r_k l_k'."""
    total = X.ll * Y.rr
    crossed = X.lr * Y.lr.T
    if X is Y:
        total += crossed
        total += total
    else:
        total += X.rr * Y.ll
        total += crossed
        total += crossed.T
    return total


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
        if at.whitening is None:
            return float("inf")
        K, logdet = at.whitening
        value = logdet - self.logdet_S + float(np.vdot(K @ self.S, K)) - len(self.S)
        if self.mean is not None:
            z = K @ (self.mean - at.mu)
            value += float(z @ z)
        return value

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q = Sigma^-1 - Sigma^-1 (S + d d') Sigma^-1, symmetric to rounding, and c."""
        if at.whitening is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        K = at.whitening[0]
        root = K.T
        inner = K @ self.S @ root
        if self.mean is None:
            c = np.zeros(len(K))
        else:
            z = K @ (self.mean - at.mu)
            inner += z[:, None] * z
            c = -2.0 * (root @ z)
        np.negative(inner, out=inner)
        inner.flat[:: len(K) + 1] += 1.0
        return root @ inner @ K, c

    def expected(self, at: Implied, slope: Jacobian) -> Array:
        """tr(Sigma^-1 dSigma_k Sigma^-1 dSigma_l) + 2 dmu_k' Sigma^-1 dmu_l."""
        if at.whitening is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        K = at.whitening[0]
        sides = K @ slope.sides
        plain = _Products.of(sides, sides)
        H = _traces(plain, plain)
        return H if self.mean is None else H + self._between_means(K, slope)

    @staticmethod
    def _between_means(K: Array, slope: Jacobian) -> Array:
        m = slope.dmu @ K.T
        H: Array = 2.0 * m @ m.T
        return H

    def observed(self, at: Implied, slope: Jacobian, slopes: tuple[Array, Array]) -> Array:
        """First-order part of the Hessian."""
        if at.whitening is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        K, (Q, c) = at.whitening[0], slopes
        sides = K @ slope.sides
        turned = (K.T @ K - 2.0 * Q) @ slope.sides
        H = _traces(_Products.of(sides, sides), _Products.of(slope.sides, turned))
        if self.mean is not None:
            l, r = np.split(slope.sides, 2, axis=1)
            pulled = l * (c @ r) + r * (c @ l)  # -2 dSigma_k Sigma^-1 d
            cross = (slope.dmu @ K.T) @ (K @ pulled)
            H += self._between_means(K, slope) - cross - cross.T
        return H


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

    def expected(self, at: Implied, slope: Jacobian) -> Array:
        """2 Delta' V Delta."""
        Delta = self._stack(slope.dmu, slope.dSigma)
        weighted = Delta * self.V if self.V.ndim == 1 else Delta @ self.V
        H: Array = 2.0 * weighted @ Delta.T
        return H

    def observed(self, at: Implied, slope: Jacobian, slopes: tuple[Array, Array]) -> Array:
        """The same: the loss is quadratic in the moments."""
        return self.expected(at, slope)
