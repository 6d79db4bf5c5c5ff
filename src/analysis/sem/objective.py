"""The function that is minimized: losses of all groups over one parameter vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import half_vector
from analysis.sem.cached import frozen
from analysis.sem.implied import implied, jacobian, pullback, second_order
from analysis.sem.losses import LeastSquares, Loss
from analysis.sem.model import GroupModel
from analysis.sem.state import Implied

Array = NDArray[np.float64]


class Term(Protocol):
    """One group's part of F, with theta (q,) the whole parameter vector.

    ``share`` is n_g / n; ``weight``, the factor of the group's loss in F, is the same for ML and
    (n_g - 1) / n for least squares, as in lavaan.
    """

    @property
    def model(self) -> GroupModel:
        """The group's matrices."""
        ...

    @property
    def share(self) -> float:
        """n_g / n."""
        ...

    @property
    def weight(self) -> float:
        """Factor of the group's loss in F."""
        ...

    def value(self, theta: Array) -> float:
        """The loss, ``inf`` where it is not defined."""
        ...

    def gradient(self, theta: Array) -> Array:
        """Its slope (q,)."""
        ...

    def expected(self, theta: Array) -> Array:
        """Expected second derivative (q, q)."""
        ...

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        ...

    def moments_jacobian(self, theta: Array) -> Array:
        """Derivative (q, r) of the stacked moments."""
        ...

    @property
    def fixed_weight(self) -> Array | None:
        """Weight of the stacked moments where it does not depend on the model."""
        ...

    def with_model(self, model: GroupModel) -> Term:
        """The same data under another model."""
        ...


@dataclass(frozen=True)
class MomentTerm:
    """Loss over means and covariances."""

    model: GroupModel
    loss: Loss
    share: float
    weight: float
    means: bool
    _last: dict[bytes, Implied] = field(default_factory=dict, compare=False, repr=False)

    def at(self, theta: Array) -> Implied:
        """Implied moments; those of the last theta are kept."""
        key = theta.tobytes()
        known = self._last.get(key)
        if known is None:
            known = implied(self.model, theta)
            self._last.clear()
            self._last[key] = known
        return known

    def value(self, theta: Array) -> float:
        """The loss, ``inf`` where it is not defined."""
        return self.loss.value(self.at(theta))

    def gradient(self, theta: Array) -> Array:
        """Its slope (q,)."""
        at = self.at(theta)
        return pullback(self.model, at, *self.loss.slopes(at), len(theta))

    def expected(self, theta: Array) -> Array:
        """Expected second derivative (q, q)."""
        at = self.at(theta)
        return self.loss.expected(at, jacobian(self.model, at, len(theta)))

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        at, q = self.at(theta), len(theta)
        H = self.loss.observed(at, jacobian(self.model, at, q))
        return H + second_order(self.model, at, *self.loss.slopes(at), q)

    def moments_jacobian(self, theta: Array) -> Array:
        """Derivative (q, r) of means (where modelled) and vech Sigma."""
        slope = jacobian(self.model, self.at(theta), len(theta))
        lower = half_vector(slope.dSigma)
        return np.concatenate([slope.dmu, lower], axis=1) if self.means else lower

    def with_model(self, model: GroupModel) -> MomentTerm:
        """The same data under another model."""
        return MomentTerm(model, self.loss, self.share, self.weight, self.means)

    @property
    def fixed_weight(self) -> Array | None:
        """Weight of the stacked moments where it does not depend on the model."""
        return self.loss.V if isinstance(self.loss, LeastSquares) else None


@dataclass(frozen=True)
class Objective:
    """F(theta) = sum_g weight_g F_g(theta), theta (q,)."""

    terms: Sequence[Term]
    q: int
    _last: dict[bytes, Array] = field(default_factory=dict, compare=False, repr=False)

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of every group."""
        return tuple(
            t.at(theta) if isinstance(t, MomentTerm) else implied(t.model, theta)
            for t in self.terms
        )

    def value(self, theta: Array) -> float:
        """F, or ``inf`` where a group's loss is not defined."""
        try:
            value = sum([t.weight * t.value(theta) for t in self.terms])
        except np.linalg.LinAlgError:
            return inf
        return float(value) if isfinite(value) else inf

    def gradient(self, theta: Array) -> Array:
        """dF/dtheta (q,)."""
        return self._sum(lambda t: t.weight * t.gradient(theta))

    def expected_hessian(self, theta: Array) -> Array:
        """Twice the expected information of one respondent (q, q); the last one is kept."""
        key = theta.tobytes()
        known = self._last.get(key)
        if known is None:
            known = frozen(self._sum(lambda t: t.share * t.expected(theta)))
            self._last.clear()
            self._last[key] = known
        return known

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        return self._sum(lambda t: t.weight * t.hessian(theta))

    def _sum(self, part: Callable[[Term], Array]) -> Array:
        total = part(self.terms[0])
        for term in self.terms[1:]:
            total = total + part(term)
        return total
