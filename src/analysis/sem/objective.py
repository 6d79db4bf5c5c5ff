"""The function that is minimized: losses of all groups over one parameter vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Implied, implied, jacobian, pullback, second_order
from analysis.sem.losses import Loss
from analysis.sem.model import GroupModel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """One group's model and loss.

    ``share`` is n_g / n; ``weight``, the factor of its loss in F, is the same for ML and
    (n_g - 1) / n for least squares, as in lavaan.
    """

    model: GroupModel
    loss: Loss
    share: float
    weight: float


@dataclass(frozen=True)
class Objective:
    """F(theta) = sum_g weight_g F_g(Sigma_g(theta), mu_g(theta)), theta (q,)."""

    terms: Sequence[Term]
    q: int

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of every group."""
        return tuple(implied(t.model, theta) for t in self.terms)

    def value(self, theta: Array) -> float:
        """F, or ``inf`` where a group's loss is not defined."""
        try:
            at = self.implied(theta)
        except np.linalg.LinAlgError:
            return float("inf")
        value = sum(t.weight * t.loss.value(a) for t, a in zip(self.terms, at, strict=True))
        return value if np.isfinite(value) else float("inf")

    def gradient(self, theta: Array) -> Array:
        """dF/dtheta (q,)."""
        total = np.zeros(self.q)
        for t, at in zip(self.terms, self.implied(theta), strict=True):
            Q, c = t.loss.slopes(at)
            total += t.weight * pullback(t.model, at, Q, c, self.q)
        return total

    def expected_hessian(self, theta: Array) -> Array:
        """Twice the expected information of one respondent (q, q)."""
        total = np.zeros((self.q, self.q))
        for t, at in zip(self.terms, self.implied(theta), strict=True):
            total += t.share * t.loss.expected(at, *jacobian(t.model, at, self.q))
        return total

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        total = np.zeros((self.q, self.q))
        for t, at in zip(self.terms, self.implied(theta), strict=True):
            Q, c = t.loss.slopes(at)
            H = t.loss.observed(at, *jacobian(t.model, at, self.q))
            total += t.weight * (H + second_order(t.model, at, Q, c, self.q))
        return total
