"""The independence model against which incremental fit indices measure."""

from __future__ import annotations

import numpy as np

from analysis.sem.constraints import Constraints
from analysis.sem.fit import Fit, fit, make_objective
from analysis.sem.inference import ChiSquare
from analysis.sem.model import Model, compile_model
from analysis.sem.moments import Moments
from analysis.sem.optimize import Optimum
from analysis.sem.outcome import Outcome
from analysis.sem.starts import starting_values
from analysis.syntax import Parameter, ParTable


def independence_test(solved: Fit, n_scale: float) -> ChiSquare:
    """Chi-square of the independence model by maximum likelihood, which needs no fit.

    ``n_scale`` multiplies F. Sigma is the sample's but for covariances outside the covariates'.
    """
    x = np.array([solved.moments.names.index(n) for n in _covariates(solved)], dtype=np.intp)
    value, df = 0.0, 0
    for term, g in zip(solved.objective.terms, solved.moments.groups, strict=True):
        p = len(g.cov)
        among = g.cov[x[:, None], x]
        own = float(np.log(g.cov.diagonal()).sum() - np.log(among.diagonal()).sum())
        value += term.weight * (own + float(np.linalg.slogdet(among)[1]) - g.logdet)
        df += (p * (p - 1) - len(x) * (len(x) - 1)) // 2
    return ChiSquare.of(max(n_scale * value, 0.0), df)


def _covariates(solved: Fit) -> tuple[str, ...]:
    return solved.model.partable.exogenous_observed


def independence(solved: Fit) -> Fit:
    """Uncorrelated variables with free variances (and means), fitted with the same loss.

    Exogenous covariates keep their sample moments, as in lavaan 0.6-14; where they are random
    their covariances are free.
    """
    table = solved.model.partable
    covariates = set(_covariates(solved))
    exogenous = covariates if table.options.fixed_x else set()
    rows: list[Parameter] = []
    for group in range(1, len(table.groups) + 1):
        names = solved.moments.names
        x = [name for name in names if name in covariates]
        pairs = [(name, name) for name in names]
        pairs += [(a, b) for i, a in enumerate(x) for b in x[i + 1 :]]
        ops = [("~~", a, b) for a, b in pairs]
        ordered = _thresholds(solved, group - 1)
        if solved.model.meanstructure:
            ops += [("~1", name, "") for name in names]
        ops += [("|", name, t) for name, labels in ordered.items() for t in labels]
        for op, lhs, rhs in ops:
            fixed = lhs in exogenous or (lhs in ordered and op != "|")
            number = 0 if fixed else 1 + sum(1 for r in rows if r.free > 0)
            value = float(op == "~~") if fixed and lhs not in exogenous else None
            rows.append(_row(len(rows) + 1, lhs, op, rhs, group, number, value, lhs in exogenous))
    independent = ParTable(tuple(rows), table.groups, table.options)
    model, moments = compile_model(independent, solved.moments), solved.moments
    if solved.loss != "ML" or any(g.patterns is not None for g in moments.groups):
        return fit(model, moments, loss=solved.loss)
    return _at_sample_moments(model, moments)


def _at_sample_moments(model: Model, moments: Moments) -> Fit:
    """Maximum likelihood needs no search: sample variances and means are where it starts."""
    theta = starting_values(model, moments)
    objective = make_objective(model, moments, "ML")
    value = objective.value(theta)
    optimum = Optimum(theta, value, 0.0, 0, True)
    constraints = Constraints.of(model)
    return Fit(
        model, moments, "ML", objective, constraints, theta, value, optimum, Outcome.CONVERGED, ()
    )


def _thresholds(solved: Fit, group: int) -> dict[str, tuple[str, ...]]:
    """Names t1, t2, ... of each ordered item's thresholds."""
    data = solved.moments.groups[group].ordinal
    if data is None:
        return {}
    counts = {name: len(data.thresholds[data.names.index(name)]) for name in data.ordered}
    return {name: tuple(f"t{i + 1}" for i in range(count)) for name, count in counts.items()}


def _row(
    number: int, lhs: str, op: str, rhs: str, group: int, free: int, value: float | None, exo: bool
) -> Parameter:
    return Parameter(
        id=number, lhs=lhs, op=op, rhs=rhs, user=1, group=group, free=free, ustart=value,
        exo=exo, label="", plabel=f".p{number}.",
    )  # fmt: skip
