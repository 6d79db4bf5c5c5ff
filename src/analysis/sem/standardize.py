"""Standardized solutions std.lv and std.all, with delta-method standard errors.

std.lv divides by the standard deviations of the latent variables alone, std.all by those of all
variables, both model-implied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import Bindings
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


class Standardizer:
    """Maps theta to the standardized values of all rows of the parameter table."""

    def __init__(self, model: Model, *, latent_only: bool) -> None:
        self._model = model
        self._latent_only = latent_only
        self._fixed = fixed_values(model)
        self._bindings = Bindings.of(model)
        self._plan = [self._place(row) for row in model.partable.rows]

    def _place(self, row: Parameter) -> tuple[int, int, int]:
        """Group, and the variables whose sds multiply (lhs) and divide (rhs); -1 for none."""
        if row.group == 0 or row.op not in ("=~", "~", "~~", "~1", "|", "~*~"):
            return -1, -1, -1
        at = {name: i for i, name in enumerate(self._model.groups[row.group - 1].variables)}
        return row.group - 1, at[row.lhs], at.get(row.rhs, -1)

    def __call__(self, theta: Vector) -> Vector:
        """Standardized values of all rows; definitions are recomputed from them."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._with_definitions(self._rows(theta))

    def _rows(self, theta: Vector) -> Vector:
        model = self._model
        values = row_values(model, theta, self._fixed)
        scales = [self._sds(g, theta) for g in range(len(model.groups))]
        for i, row in enumerate(model.partable.rows):
            g, left, right = self._plan[i]
            if g < 0:
                continue
            sd = scales[g]
            if row.op == "=~":
                values[i] = values[i] * sd[0][left] / sd[0][right]
            elif row.op == "~":
                values[i] = values[i] * sd[0][right] / sd[0][left]
            elif row.op == "~~":
                kind = 0 if left == right else 1
                values[i] = values[i] / (sd[kind][left] * sd[kind][right])
            elif row.op == "~*~":
                values[i] = values[i] if self._latent_only else 1.0
            else:
                values[i] = values[i] / sd[0][left]
        return values

    def _sds(self, g: int, theta: Vector) -> tuple[Vector, Vector]:
        group = self._model.groups[g]
        S = group.matrices(theta)[1]
        return scales(group, implied(group, theta), S, latent_only=self._latent_only)

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
