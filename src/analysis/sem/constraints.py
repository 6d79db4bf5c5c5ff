"""Equalities and inequalities between parameters, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from analysis.sem.cached import SIZE
from analysis.sem.model import Model
from analysis.syntax import Expression, Parameter

Array = NDArray[np.float64]
Vector = NDArray[np.generic]
STEP = 1e-30


def complex_step(function: Callable[[Vector], Vector], theta: Array) -> Array:
    """Jacobian (r, q) of an analytic function, exact to rounding (Squire & Trapp 1998).

    ``function`` maps points (q, b), one a column, to values (r, b).
    """
    points = theta[:, None] + 1j * STEP * np.eye(len(theta))
    J: Array = np.imag(function(points)) / STEP
    return J


@dataclass(frozen=True)
class Bindings:
    """Values of labels, ``.p1.`` names and ``:=`` definitions at a given theta."""

    free: dict[str, int]
    fixed: dict[str, float]
    defined: tuple[tuple[str, Expression], ...]

    @classmethod
    def of(cls, model: Model) -> Bindings:
        """Names that constraints and definitions of ``model`` may use."""
        return _bindings(model)

    def at(self, theta: Vector) -> dict[str, object]:
        """All values by name."""
        values: dict[str, object] = dict(self.fixed)
        values.update((name, theta[i]) for name, i in self.free.items())
        pending = list(self.defined)
        while pending:
            later = [(n, e) for n, e in pending if not e.names <= values.keys()]
            for name, expression in pending:
                if expression.names <= values.keys():
                    values[name] = expression.evaluate(values)
            if len(later) == len(pending):
                break
            pending = later
        return values

    def definitions(self, theta: Vector) -> Vector:
        """Values of the ``:=`` rows in their order."""
        values = self.at(theta)
        return stacked([values[name] for name, _ in self.defined], theta)


@dataclass(frozen=True)
class Constraints:
    """h(theta) = 0 and g(theta) >= 0, plus lower bounds on single parameters."""

    bindings: Bindings
    equalities: tuple[Expression, ...] = ()
    inequalities: tuple[tuple[Expression, float], ...] = ()
    lower: tuple[tuple[int, float], ...] = ()
    _cache: dict[str, tuple[Array, Array] | None] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, model: Model, lower: tuple[tuple[int, float], ...] = ()) -> Constraints:
        """Constraints written in the model or implied by equal labels."""
        return _constraints(model, lower)

    @cached_property
    def any(self) -> bool:
        """Whether there is any constraint."""
        return bool(self.equalities or self.inequalities or self.lower)

    def _values(self, expressions: tuple[Expression, ...], theta: Vector) -> Vector:
        values = self.bindings.at(theta)
        return stacked([e.evaluate(values) for e in expressions], theta)

    def equality(self, theta: Array) -> tuple[Array, Array]:
        """h (m,) and its Jacobian (m, q)."""
        if not self.equalities:
            return np.zeros(0), np.zeros((0, len(theta)))
        linear = self._linear_parts(len(theta))
        if linear is not None:
            return linear[0] + linear[1] @ theta, linear[1]
        return np.real(self._equal(theta)).astype(float), complex_step(self._equal, theta)

    def _linear_parts(self, q: int) -> tuple[Array, Array] | None:
        """Constant and Jacobian where all equalities are linear, else None."""
        if "linear" not in self._cache:
            points = (np.linspace(0.5, 1.5, q), np.linspace(1.9, 0.7, q) ** 2)
            J, other = (complex_step(self._equal, x) for x in points)
            if np.allclose(J, other, rtol=0.0, atol=1e-12):
                constant = np.real(self._equal(points[0])) - J @ points[0]
                self._cache["linear"] = (constant, J)
            else:
                self._cache["linear"] = None
        return self._cache["linear"]

    def _equal(self, theta: Vector) -> Vector:
        return self._values(self.equalities, theta)

    def _signed(self, theta: Vector) -> Vector:
        """Left minus right of each inequality, turned so that it should not be negative."""
        sides = self._values(tuple(e for e, _ in self.inequalities), theta)
        signed: Vector = (sides.T * np.array([sign for _, sign in self.inequalities])).T
        return signed

    def inequality(self, theta: Array) -> tuple[Array, Array]:
        """g (r,), wanted >= 0, and its Jacobian (r, q); bounds last."""
        q = len(theta)
        values, J = np.zeros(0), np.zeros((0, q))
        if self.inequalities:
            J = complex_step(self._signed, theta)
            values = np.real(self._signed(theta)).astype(float)
        at = np.array([i for i, _ in self.lower], dtype=int)
        bound = np.array([b for _, b in self.lower])
        return np.r_[values, theta[at] - bound], np.r_[J, np.eye(q)[at]]

    def basis(self, theta: Array) -> Array:
        """Directions (q, q - m) that keep equalities and active inequalities, to first order."""
        _, J = self.equality(theta)
        g, Jg = self.inequality(theta)
        return null_space(np.r_[J, Jg[g < 1e-8]], len(theta))


@lru_cache(maxsize=SIZE)
def _bindings(model: Model) -> Bindings:
    free: dict[str, int] = {}
    fixed: dict[str, float] = {}
    for row in model.partable.rows:
        for name in {row.label, row.plabel} - {""}:
            if row.free > 0:
                free.setdefault(name, row.free - 1)
            elif row.group > 0 and row.ustart is not None:
                fixed.setdefault(name, row.ustart)
    defined = tuple((r.lhs, expression_of(r)) for r in model.partable.defined)
    return Bindings(free, fixed, defined)


@lru_cache(maxsize=SIZE)
def _constraints(model: Model, lower: tuple[tuple[int, float], ...]) -> Constraints:
    equal: list[Expression] = []
    less: list[tuple[Expression, float]] = []
    for row in model.partable.constraints:
        if row.op == "==":
            equal.append(expression_of(row))
        else:
            less.append((expression_of(row), -1.0 if row.op == "<" else 1.0))
    return Constraints(_bindings(model), tuple(equal), tuple(less), lower)


def stacked(values: Sequence[Any], theta: Vector) -> Vector:
    """Values at ``theta``, (q,) or (q, b), as one array (r,) or (r, b)."""
    return np.array([np.broadcast_to(v, theta.shape[1:]) for v in values])


def expression_of(row: Parameter) -> Expression:
    """The arithmetic of a definition or constraint."""
    if row.expression is None:
        raise ValueError(f"{row.lhs} {row.op} {row.rhs} holds no expression")
    return row.expression


def null_space(J: Array, q: int) -> Array:
    """Orthonormal basis (q, q - rank) of the directions that ``J`` (m, q) does not see."""
    if len(J) == 0:
        return np.eye(q)
    Q, R, _ = qr(J.T, pivoting=True)
    diagonal = np.abs(np.diag(R))
    rank = int((diagonal > 1e-10 * max(diagonal.max(initial=0.0), 1e-300)).sum())
    basis: Array = Q[:, rank:]
    return basis
