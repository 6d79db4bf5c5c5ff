"""The independence model against which incremental fit indices measure."""

from __future__ import annotations

from analysis.sem.fit import Fit, fit
from analysis.sem.model import compile_model
from analysis.syntax import Parameter, ParTable


def independence(solved: Fit) -> Fit:
    """Uncorrelated variables with free variances (and means), fitted with the same loss.

    Exogenous covariates keep their sample moments, as in lavaan 0.6-14.
    """
    table = solved.model.partable
    exogenous = set(table.exogenous_observed)
    rows: list[Parameter] = []
    for group in range(1, len(table.groups) + 1):
        names = solved.moments.names
        x = [name for name in names if name in exogenous]
        pairs = [(name, name) for name in names]
        pairs += [(a, b) for i, a in enumerate(x) for b in x[i + 1 :]]
        ops = [("~~", a, b) for a, b in pairs]
        if solved.model.meanstructure:
            ops += [("~1", name, "") for name in names]
        for op, lhs, rhs in ops:
            fixed = lhs in exogenous
            number = 0 if fixed else 1 + sum(1 for r in rows if r.free > 0)
            rows.append(_row(len(rows) + 1, lhs, op, rhs, group, number))
    independent = ParTable(tuple(rows), table.groups, table.options)
    moments = solved.moments.select(independent.observed)
    return fit(compile_model(independent, moments), moments, loss=solved.loss)


def _row(number: int, lhs: str, op: str, rhs: str, group: int, free: int) -> Parameter:
    return Parameter(
        id=number, lhs=lhs, op=op, rhs=rhs, user=1, group=group, free=free, ustart=None,
        exo=free == 0, label="", plabel=f".p{number}.",
    )  # fmt: skip
