"""A group's moments as the model implies them at one theta, and their slopes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import whitened

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Implied:
    """Everything that the losses need of one group at one theta.

    ``both`` (k, 2k) holds side by side T = (I - A)^-1 and C = T S T', the covariances of all
    variables; ``t`` = T m (k,) are their means; ``Sigma`` (p, p) and ``mu`` (p,) the observed
    part. Stacks of points come first.
    """

    both: Array
    t: Array
    Sigma: Array
    mu: Array

    @property
    def T(self) -> Array:
        """(I - A)^-1 (k, k)."""
        return self.both[..., : self.both.shape[-2]]

    @property
    def C(self) -> Array:
        """Covariances (k, k) of all variables."""
        return self.both[..., self.both.shape[-2] :]

    @property
    def Z(self) -> Array:
        """The rows (p, 2k) of T and C that belong to observed variables."""
        return self.both[..., : self.mu.shape[-1], :]

    @property
    def E(self) -> Array:
        """The rows (p, k) of T that belong to observed variables."""
        return self.T[..., : self.mu.shape[-1], :]

    @cached_property
    def whitening(self) -> tuple[Array, float] | None:
        """K (p, p), lower, with K Sigma K' = I, and log|Sigma|; None where it is not positive."""
        return whitened(self.Sigma)


@dataclass(frozen=True)
class Jacobian:
    """Derivatives of implied moments by theta (q,).

    dSigma_k = l_k r_k' + r_k l_k' with l_k and r_k the columns k and q + k of ``sides`` (p, 2q):
    a parameter moves one cell of one matrix. ``dmu`` is (q, p).
    """

    sides: Array
    dmu: Array

    @cached_property
    def dSigma(self) -> Array:
        """The derivatives of Sigma written out (q, p, p)."""
        left, right = self.sides.T.reshape(2, len(self.dmu), -1)
        half = left[:, :, None] * right[:, None, :]
        return half + half.transpose(0, 2, 1)
