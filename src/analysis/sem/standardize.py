"""Standardized solutions std.lv and std.all, with delta-method standard errors.

std.lv divides by the standard deviations of the latent variables alone, std.all by those of all
variables, both model-implied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import STEP, Bindings, complex_step
from analysis.sem.implied import implied
from analysis.sem.model import GroupModel, Model, diagonal, filled
from analysis.sem.state import Implied
from analysis.syntax import Parameter

Array = NDArray[np.float64]
Vector = NDArray[np.generic]


def row_values(model: Model, theta: Vector, fixed: Array) -> Vector:
    """Raw value of every row of the parameter table (free, fixed; 0 for constraints).

    Residual variances (delta parameterization) or scale factors (theta) of ordered items follow
    from the other parameters.
    """
    rows = model.partable.rows
    free = np.array([i for i, row in enumerate(rows) if row.free > 0], dtype=np.intp)
    numbers = np.array([row.free - 1 for row in rows if row.free > 0], dtype=np.intp)
    values = filled(fixed, free, theta[numbers])
    derived = [_derived(group, theta) for group in model.groups]
    for i, row in enumerate(rows):
        if row.free == 0 and row.group > 0 and derived[row.group - 1]:
            values[i] = derived[row.group - 1].get((row.op, row.lhs, row.rhs), values[i])
    return values


def _derived(group: GroupModel, theta: Vector) -> dict[tuple[str, str, str], Any]:
    if group.ordinal is None:
        return {}
    found = {}
    S = group.matrices(theta)[1]
    scale = group.ordinal.scales(theta, implied(group, theta).Sigma)
    for i in group.ordinal.items:
        name = group.observed[i]
        if group.ordinal.by_delta:
            found[("~~", name, name)] = S[..., i, i]
        else:
            found[("~*~", name, name)] = scale[i]
    return found


def fixed_values(model: Model) -> Array:
    """Values of the rows that are not free; sample moments where ``fixed.x`` takes them."""
    values = np.zeros(len(model.partable.rows))
    for i, row in enumerate(model.partable.rows):
        if row.free > 0 or row.group == 0:
            continue
        group = model.groups[row.group - 1]
        if row.exo and row.op == "~~":
            r, c = group.variables.index(row.lhs), group.variables.index(row.rhs)
            values[i] = group.S0[r, c]
        elif row.exo and row.op == "~1":
            values[i] = group.m0[group.variables.index(row.lhs)]
        else:
            values[i] = row.ustart if row.ustart is not None else 0.0
    return values


def scales(
    group: GroupModel, at: Implied, S: Vector, *, latent_only: bool
) -> tuple[Vector, Vector]:
    """Standard deviations (k,) of all variables: total, and residual (square roots of diag S).

    Covariances of residuals are standardized by residual standard deviations, as in lavaan. With
    ``latent_only`` observed variables keep scale 1.
    """
    total, residual = diagonal(at.C).copy(), diagonal(S).copy()
    if latent_only:
        total[: group.p] = 1.0
        residual[: group.p] = 1.0
    with np.errstate(invalid="ignore"):
        return np.sqrt(total), np.sqrt(residual)


def _powered(sd: Any, power: Array) -> Any:
    """``sd`` to the power -1, 0 or 1, without logarithms."""
    return np.where(power > 0, sd, np.where(power < 0, 1.0 / sd, 1.0))


class Standardizer:
    """Maps theta to the standardized values of all rows of the parameter table."""

    def __init__(self, model: Model, *, latent_only: bool) -> None:
        self._model = model
        self._latent_only = latent_only
        self._fixed = fixed_values(model)
        self._bindings = Bindings.of(model)
        # A row is multiplied by two of all groups' sds, each to the power -1, 0 or 1.
        size = 2 * max(len(g.variables) for g in model.groups)
        plan = [self._factors(row, size) for row in model.partable.rows]
        self._sd = np.array([[one[0] for one in pair] for pair in plan], dtype=np.intp).T
        self._power = np.array([[one[1] for one in pair] for pair in plan], dtype=float).T
        self._size = size

    def _factors(self, row: Parameter, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Place and power of a row's two sds; total sds of a group stand before residual ones."""
        none = (0, 0)
        if row.group == 0 or row.op not in ("=~", "~", "~~", "~1", "|"):
            return none, none
        variables = self._model.groups[row.group - 1].variables
        first = (row.group - 1) * size
        left = first + variables.index(row.lhs)
        if row.op in ("~1", "|"):
            return (left, -1), none
        right = first + variables.index(row.rhs)
        if row.op == "~~":
            shift = 0 if left == right else len(variables)
            return (left + shift, -1), (right + shift, -1)
        return ((left, 1), (right, -1)) if row.op == "=~" else ((right, 1), (left, -1))

    def __call__(self, theta: Vector) -> Vector:
        """Standardized values of all rows; definitions are recomputed from them."""
        with np.errstate(invalid="ignore", divide="ignore"):
            values = self._factor(self._sds(theta)) * row_values(self._model, theta, self._fixed)
            if not self._latent_only:
                for i, row in enumerate(self._model.partable.rows):
                    if row.op == "~*~":
                        values[i] = 1.0
            return self._with_definitions(values)

    def with_jacobian(self, theta: Array) -> tuple[Array, Array]:
        """Standardized values (rows,) and their derivatives by theta (rows, q)."""
        model = self._model
        values = np.real(self(theta)).astype(float)
        if any(group.ordinal is not None for group in model.groups):
            return values, complex_step(self, theta)
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes = self._log_sd_slopes(theta)
            inner = self._power[:, :, None] * slopes[self._sd]
            J = values[:, None] * inner.sum(axis=0)
            factor = np.real(self._factor(self._sds(theta)))
            for i, row in enumerate(model.partable.rows):
                if row.free > 0:
                    J[i, row.free - 1] += factor[i]
            self._define(values, J)
        return values, J

    def _factor(self, sds: Vector) -> Any:
        first, second = sds[self._sd]
        power = self._power.reshape(*self._power.shape, *(1 for _ in sds.shape[1:]))
        return _powered(first, power[0]) * _powered(second, power[1])

    def _sds(self, theta: Vector) -> Vector:
        """Total and residual sds of all groups, one below the other, (places,) or (places, b)."""
        found = np.ones((len(self._model.groups) * self._size, *theta.shape[1:]), theta.dtype)
        for g, group in enumerate(self._model.groups):
            S = group.matrices(theta)[1]
            both = scales(group, implied(group, theta), S, latent_only=self._latent_only)
            stack = np.concatenate(both)
            found[g * self._size : g * self._size + len(stack)] = stack
        return found

    def _log_sd_slopes(self, theta: Array) -> Array:
        """Derivatives (places, q) of the logarithms of all sds."""
        q = len(theta)
        found = np.zeros((len(self._model.groups) * self._size, q))
        for g, group in enumerate(self._model.groups):
            at, S = implied(group, theta), group.matrices(theta)[1]
            k, a, s = len(group.variables), group.A, group.S
            total, residual = np.zeros((k, q)), np.zeros((k, q))
            total[:, a.par] = at.T[:, a.row] * at.C[:, a.col]
            twice = np.where(s.row == s.col, 0.5, 1.0)
            total[:, s.par] = at.T[:, s.row] * at.T[:, s.col] * twice
            total /= np.diag(at.C)[:, None]
            own = s.row == s.col
            residual[s.row[own], s.par[own]] = 0.5 / np.diag(S)[s.row[own]]
            if self._latent_only:
                total[: group.p] = residual[: group.p] = 0.0
            found[g * self._size : g * self._size + 2 * k] = np.concatenate([total, residual])
        return found

    def _define(self, values: Array, J: Array) -> None:
        """Derivatives of the definitions from those of the rows whose labels they name."""
        rows = self._model.partable.rows
        defined = [i for i, row in enumerate(rows) if row.op == ":="]
        if not defined:
            return
        used = frozenset().union(*(e.names for _, e in self._bindings.defined))
        named = [
            i for i, row in enumerate(rows) if row.group > 0 and {row.label, row.plabel} & used
        ]
        points = np.repeat(values[:, None], len(named), axis=1).astype(complex)
        points[named, range(len(named))] += 1j * STEP
        J[defined] = np.imag(self._with_definitions(points)[defined]) / STEP @ J[named]

    def _with_definitions(self, values: Vector) -> Vector:
        named: dict[str, Any] = {}
        rows = self._model.partable.rows
        for value, row in zip(values, rows, strict=True):
            for name in {row.label, row.plabel} - {""}:
                if row.group > 0:
                    named.setdefault(name, value)
        pending = list(self._bindings.defined)
        while pending:
            ready = [(n, e) for n, e in pending if e.names <= named.keys()]
            if not ready:
                break
            for name, expression in ready:
                named[name] = expression.evaluate(named)
            pending = [item for item in pending if item not in ready]
        for i, row in enumerate(rows):
            if row.op == ":=" and row.lhs in named:
                values[i] = named[row.lhs]
        return values
