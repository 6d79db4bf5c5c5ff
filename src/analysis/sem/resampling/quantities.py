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
    free = np.array([(i, row.free - 1) for i, row in enumerate(rows) if row.free > 0])
    values[free[:, 0]] = columns[free[:, 1]]
    if any(row.exo and row.free == 0 for row in rows):
        _take_covariates(fit, batch, values)
    bindings = Bindings.of(fit.model)
    if bindings.defined:
        with np.errstate(all="ignore"):
            named: dict[str, Any] = dict(bindings.at(columns))
        for i, row in enumerate(rows):
            if row.op == ":=":
                values[i] = named[row.lhs]
    return values


def _take_covariates(fit: Fit, batch: Batch, values: Array) -> None:
    """Moments of covariates are those of each sample."""
    S = batch.covariances
    for i, row in enumerate(fit.model.partable.rows):
        if row.exo and row.free == 0:
            g, at = row.group - 1, fit.model.groups[row.group - 1].variables
            if row.op == "~~":
                values[i] = S[:, g, at.index(row.lhs), at.index(row.rhs)]
            elif row.op == "~1":
                values[i] = batch.means[:, g, at.index(row.lhs)]


def _standardized(fit: Fit, raw: Array, sds: Array) -> Array:
    """Values (rows, D) by the standard deviations ``sds`` (D, groups, 2, k)."""
    table = fit.model.partable.rows
    columns = np.ones((1 + int(np.prod(sds.shape[1:])), len(sds)))
    columns[1:] = sds.reshape(len(sds), len(columns) - 1).T
    times, over, also = np.array(_scales(fit)).T
    values: Array = raw * columns[times]
    values /= columns[over] * columns[also]
    bindings = Bindings.of(fit.model)
    if bindings.defined:
        named: dict[str, Any] = {}
        for i, row in enumerate(table):
            for name in {row.label, row.plabel} - {""} if row.group > 0 else ():
                named.setdefault(name, values[i])
        _define(fit, bindings, values, named)
    return values


def _scales(fit: Fit) -> list[tuple[int, int, int]]:
    """By which standard deviation each row is multiplied, and by which two divided.

    0 is none; then come, group by group, the total ones of all variables and the residual ones.
    """
    found = []
    for row in fit.model.partable.rows:
        if row.group == 0:
            found.append((0, 0, 0))
            continue
        variables = fit.model.groups[row.group - 1].variables
        k = len(variables)
        first = 1 + (row.group - 1) * 2 * k
        left = first + variables.index(row.lhs)
        right = first + variables.index(row.rhs) if row.rhs else 0
        if row.op == "=~":
            found.append((left, right, 0))
        elif row.op == "~":
            found.append((right, left, 0))
        elif row.op == "~~":
            apart = k if left != right else 0
            found.append((0, left + apart, right + apart))
        else:
            found.append((0, left if row.op == "~1" else 0, 0))
    return found


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
