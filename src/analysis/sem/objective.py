"""The function that is minimized: losses of all groups over one parameter vector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import half_vector, inverse_and_logdet
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


class _State:
    """A group at one theta: what is computed when it is asked, and then kept."""

    __slots__ = ("_loss", "_slopes", "_value", "implied")

    def __init__(self, at: Implied, loss: Loss) -> None:
        self.implied, self._loss = at, loss
        self._value: float | None = None
        self._slopes: tuple[Array, Array] | None = None

    @property
    def value(self) -> float:
        """The loss."""
        if self._value is None:
            self._value = self._loss.value(self.implied)
        return self._value

    @property
    def slopes(self) -> tuple[Array, Array]:
        """Its slopes by Sigma and mu."""
        if self._slopes is None:
            self._slopes = self._loss.slopes(self.implied)
        return self._slopes


@dataclass(frozen=True)
class MomentTerm:
    """Loss over means and covariances."""

    model: GroupModel
    loss: Loss
    share: float
    weight: float
    means: bool
    _last: dict[bytes, _State] = field(default_factory=dict, init=False, compare=False, repr=False)

    def _at(self, theta: Array) -> _State:
        """What follows at ``theta``; that of the last one is kept."""
        key = theta.tobytes()
        known = self._last.get(key)
        if known is None:
            known = _State(implied(self.model, theta), self.loss)
            self._last.clear()
            self._last[key] = known
        return known

    def implied(self, theta: Array) -> Implied:
        """Implied moments."""
        return self._at(theta).implied

    def value(self, theta: Array) -> float:
        """The loss, ``inf`` where it is not defined."""
        return self._at(theta).value

    def gradient(self, theta: Array) -> Array:
        """Its slope (q,)."""
        state = self._at(theta)
        return pullback(self.model, state.implied, *state.slopes, len(theta))

    def expected(self, theta: Array) -> Array:
        """Expected second derivative (q, q)."""
        at = self._at(theta).implied
        return self.loss.expected(at, jacobian(self.model, at, len(theta)))

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        state, q = self._at(theta), len(theta)
        at, slopes = state.implied, state.slopes
        H = self.loss.observed(at, jacobian(self.model, at, q), slopes)
        return H + second_order(self.model, at, *slopes, q)

    def moments_jacobian(self, theta: Array) -> Array:
        """Derivative (q, r) of means (where modelled) and vech Sigma."""
        slope = jacobian(self.model, self.implied(theta), len(theta))
        lower = half_vector(slope.dSigma)
        return np.concatenate([slope.dmu, lower], axis=1) if self.means else lower

    def with_model(self, model: GroupModel) -> MomentTerm:
        """The same data under another model."""
        return MomentTerm(model, self.loss, self.share, self.weight, self.means)

    @property
    def fixed_weight(self) -> Array | None:
        """Weight of the stacked moments where it does not depend on the model."""
        return self.loss.V if isinstance(self.loss, LeastSquares) else None


class _Information:
    """An information matrix, and its inverse once it is asked."""

    def __init__(self, value: Array) -> None:
        self.value = value

    @cached_property
    def inverse(self) -> Array | None:
        """None where the matrix is not positive definite."""
        solved = inverse_and_logdet(self.value)
        return None if solved is None else frozen(solved[0])


@dataclass(frozen=True)
class Objective:
    """F(theta) = sum_g weight_g F_g(theta), theta (q,)."""

    terms: Sequence[Term]
    q: int
    _last: dict[bytes, _Information] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of every group."""
        return tuple(
            t.implied(theta) if isinstance(t, MomentTerm) else implied(t.model, theta)
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
        return _sum((t.weight, t.gradient(theta)) for t in self.terms)

    def expected_hessian(self, theta: Array) -> Array:
        """Twice the expected information of one respondent (q, q)."""
        return self._expected(theta).value

    def expected_inverse(self, theta: Array) -> Array | None:
        """Its inverse (q, q), None where it is not positive definite."""
        return self._expected(theta).inverse

    def _expected(self, theta: Array) -> _Information:
        """The information at ``theta``; the last one is kept."""
        key = theta.tobytes()
        known = self._last.get(key)
        if known is None:
            known = _Information(frozen(_sum((t.share, t.expected(theta)) for t in self.terms)))
            self._last.clear()
            self._last[key] = known
        return known

    def hessian(self, theta: Array) -> Array:
        """Second derivative (q, q)."""
        return _sum((t.weight, t.hessian(theta)) for t in self.terms)


def _sum(parts: Iterable[tuple[float, Array]]) -> Array:
    """The weighted sum; the only part with weight 1 as it is."""
    total: Array | None = None
    for weight, part in parts:
        weighted = part if weight == 1.0 else weight * part
        total = weighted if total is None else total + weighted
    assert total is not None
    return total
