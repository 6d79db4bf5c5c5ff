"""Raw, standardized and defined parameters of many draws at once."""

from __future__ import annotations

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
    def room(cls, rows: tuple[Parameter, ...], draws: int) -> Quantities:
        """Room for ``draws``, a row's side by side."""
        return cls(rows, np.empty((len(rows), draws)).T, np.empty((len(rows), draws)).T)

    def put(self, part: slice, found: Quantities) -> None:
        """Write the draws of ``part``."""
        self.raw[part], self.std_all[part] = found.raw, found.std_all

    def __getitem__(self, draws: NDArray[np.intp]) -> Quantities:
        return Quantities(self.rows, self.raw[draws], self.std_all[draws])


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
    """Values (rows, D) by the standard deviations ``sds`` (D, groups, 2, k)."""
    values, table = raw.copy(), fit.model.partable.rows
    for g, model in enumerate(fit.model.groups):
        total, residual = (np.ascontiguousarray(sds[:, g, i].T) for i in range(2))
        at = {name: j for j, name in enumerate(model.variables)}
        here = [(i, row) for i, row in enumerate(table) if row.group == g + 1]
        for op in ("=~", "~", "~~", "~1"):
            chosen = [(i, at[r.lhs], at.get(r.rhs, -1)) for i, r in here if r.op == op]
            rows, left, right = np.array(chosen, dtype=np.intp).reshape(-1, 3).T
            if op == "=~":
                values[rows] *= total[left] / total[right]
            elif op == "~":
                values[rows] *= total[right] / total[left]
            elif op == "~1":
                values[rows] /= total[left]
            else:
                same = left == right
                values[rows[same]] /= total[left[same]] ** 2
                values[rows[~same]] /= residual[left[~same]] * residual[right[~same]]
    bindings = Bindings.of(fit.model)
    if bindings.defined:
        named: dict[str, Any] = {}
        for i, row in enumerate(table):
            for name in {row.label, row.plabel} - {""} if row.group > 0 else ():
                named.setdefault(name, values[i])
        _define(fit, bindings, values, named)
    return values


def _define(fit: Fit, bindings: Bindings, values: Array, named: dict[str, Any]) -> None:
    """Definitions from standardized values, in whatever order they use each other."""
    pending = list(bindings.defined)
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
