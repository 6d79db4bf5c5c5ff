"""Raw, standardized and defined parameters of many draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import Bindings
from analysis.sem.fit import Fit
from analysis.sem.resampling.batch import Batch
from analysis.sem.standardize import fixed_values
from analysis.syntax import Parameter

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quantities:
    """Values of the parameter table's rows: ``raw`` and ``std_all`` (D, rows)."""

    rows: tuple[Parameter, ...]
    raw: Array
    std_all: Array

    @classmethod
    def joined(cls, parts: Sequence[Quantities]) -> Quantities:
        """All draws of the parts, one after the other."""
        return cls(
            parts[0].rows,
            np.concatenate([x.raw.T for x in parts], axis=1).T,
            np.concatenate([x.std_all.T for x in parts], axis=1).T,
        )


def quantities(fit: Fit, batch: Batch, theta: Array, variances: Array) -> Quantities:
    """All rows but constraints at ``theta`` (D, q), standardized by each draw's own variances.

    ``variances`` (D, groups, 2, k) are total and residual ones of all variables.
    """
    table = fit.model.partable.rows
    keep = shown_rows(fit)
    raw = _raw(fit, batch, theta)
    with np.errstate(invalid="ignore", divide="ignore"):
        std = _standardized(fit, raw, np.sqrt(variances))
    if len(keep) < len(table):
        raw, std = raw[keep], std[keep]
    return Quantities(tuple(table[i] for i in keep), raw.T, std.T)


def shown_rows(fit: Fit) -> list[int]:
    """Positions of the rows of the parameter table that are no constraints."""
    rows = fit.model.partable.rows
    return [i for i, row in enumerate(rows) if row.op not in ("==", "<", ">")]


def _raw(fit: Fit, batch: Batch, theta: Array) -> Array:
    """Values (rows, D): a row's draws stand together, as they are sorted together."""
    rows = fit.model.partable.rows
    columns = np.ascontiguousarray(theta.T)
    values = np.repeat(fixed_values(fit.model)[:, None], len(theta), axis=1)
    S = batch.covariances if any(r.exo and r.free == 0 for r in rows) else None
    for i, row in enumerate(rows):
        if row.free > 0:
            values[i] = columns[row.free - 1]
        elif row.exo and row.op == "~~" and S is not None:
            at = fit.model.groups[row.group - 1].variables
            values[i] = S[:, row.group - 1, at.index(row.lhs), at.index(row.rhs)]
        elif row.exo and row.op == "~1":
            at = fit.model.groups[row.group - 1].variables
            values[i] = batch.means[:, row.group - 1, at.index(row.lhs)]
    bindings = Bindings.of(fit.model)
    with np.errstate(all="ignore"):
        named: dict[str, Any] = dict(bindings.at(columns))
    for i, row in enumerate(rows):
        if row.op == ":=":
            values[i] = named[row.lhs]
    return values


def _standardized(fit: Fit, raw: Array, sds: Array) -> Array:
    values = raw.copy()
    sds = np.ascontiguousarray(np.moveaxis(sds, 0, -1))
    named: dict[str, Any] = {}
    for i, row in enumerate(fit.model.partable.rows):
        if row.group == 0:
            continue
        variables = fit.model.groups[row.group - 1].variables
        at = {name: j for j, name in enumerate(variables)}
        total, residual = sds[row.group - 1]
        left, right = at[row.lhs], at.get(row.rhs, -1)
        if row.op == "=~":
            values[i] *= total[left] / total[right]
        elif row.op == "~":
            values[i] *= total[right] / total[left]
        elif row.op == "~~":
            sd = total if left == right else residual
            values[i] /= sd[left] * sd[right]
        elif row.op == "~1":
            values[i] /= total[left]
        for name in {row.label, row.plabel} - {""}:
            named.setdefault(name, values[i])
    _define(fit, values, named)
    return values


def _define(fit: Fit, values: Array, named: dict[str, Any]) -> None:
    """Definitions from standardized values, in whatever order they use each other."""
    pending = list(Bindings.of(fit.model).defined)
    while pending:
        later = [(n, e) for n, e in pending if not e.names <= named.keys()]
        for name, expression in pending:
            if expression.names <= named.keys():
                named[name] = expression.evaluate(named)
        if len(later) == len(pending):
            break
        pending = later
    for i, row in enumerate(fit.model.partable.rows):
        if row.op == ":=" and row.lhs in named:
            values[i] = named[row.lhs]
