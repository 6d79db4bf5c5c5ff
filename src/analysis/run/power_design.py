"""Which choices of ``80_power`` make sense, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from analysis.data import Study
from analysis.errors import Message, message
from analysis.run.design import ordinal_estimators
from analysis.run.params import PowerParams, StudyParams, unknown
from analysis.syntax import ModelSyntax

RANGES = (
    ("power", 0.5, 0.99),
    ("alpha", 0.001, 0.2),
    ("missing_rate", 0.0, 0.6),
    ("reps", 100, 20_000),
)


def power_problems(params: StudyParams, study: Study, syntax: ModelSyntax) -> Iterator[Message]:
    """What is wrong with the choices, and models without paths."""
    if not isinstance(params, PowerParams):
        return
    paths = [f for f in syntax.formulas if f.op == "~"]
    if not paths:
        yield message("power.no_paths", study=study.name)
        return
    known = [d.name for d in syntax.definitions]
    known += [f"{y} ~ {t.name}" for f in paths for y in f.lhs for t in f.terms if t.name]
    good = {"".join(name.split()) for name in (*known, *syntax.labels)}
    wrong = [name for name in params.listed("effect") if "".join(name.split()) not in good]
    if wrong:
        yield message("power.unknown_effect", names=", ".join(wrong), good=", ".join(known))
    if params.population and params.population not in study.models:
        yield unknown("model", params.population, study.models)
    for name, low, high in RANGES:
        value = getattr(params, name)
        if not low <= value <= high:
            bounds = {"low": f"{low:g}", "high": f"{high:g}"}
            yield message("power.outside", name=name, value=f"{value:g}", **bounds)
    least = len([v for v in syntax.variables if v not in syntax.latent]) + 1
    if params.sample and params.sample < least:
        bounds = {"low": f"{least}", "high": "1000000"}
        yield message("power.outside", name="sample", value=params.sample, **bounds)
    yield from _distribution_problems(params)


def _distribution_problems(params: PowerParams) -> Iterator[Message]:
    if params.distribution != "ordinal":
        return
    if params.missing_rate:
        yield message("power.ordinal_missing")
    found = params.shared()
    if len(found) < 2 or min(found) <= 0.0 or not isclose(sum(found), 1.0, abs_tol=1e-6):
        yield message("power.shares", value=params.shares)
    if params.estimator and params.estimator not in ordinal_estimators():
        fields = {"estimator": params.estimator, "distribution": params.distribution}
        yield message("power.estimator", good=", ".join(ordinal_estimators()), **fields)
