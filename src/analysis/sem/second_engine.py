"""An independent second opinion: semopy refits the model on standardized moments.

Only what was checked to be right in semopy 2.3.11 is used: estimates and standard errors of
complete-data, single-group ML (Meshcheryakov, Igolkina & Igolkina 2021).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from analysis.sem.fit import Fit, fit
from analysis.sem.inference import infer
from analysis.sem.model import Model, compile_model
from analysis.sem.moments import Moments
from analysis.sem.standardize import Standardizer
from analysis.syntax import Parameter, ParTable

Array = NDArray[np.float64]

AGREEMENT = 1e-2


@dataclass(frozen=True)
class EngineRow:
    """One parameter in both engines: std.all estimates, and SEs on standardized moments."""

    lhs: str
    op: str
    rhs: str
    std_ours: float
    std_theirs: float
    se_ours: float
    se_theirs: float


@dataclass(frozen=True)
class EngineComparison:
    """Largest differences between the two engines; ``agrees`` when both are within 1e-2."""

    engine: str
    version: str
    rows: tuple[EngineRow, ...]
    max_difference_std: float
    max_difference_se: float

    @property
    def agrees(self) -> bool:
        """Whether the engines tell the same story."""
        return max(self.max_difference_std, self.max_difference_se) <= AGREEMENT


def second_engine(solved: Fit) -> EngineComparison | None:
    """Compare with semopy; None where the model is outside what semopy does right, or it fails.

    semopy fixes the first loading of a factor without a fixed one, whatever else sets its scale: a
    parameter that is free here and not there makes the two models different, not the answers.
    """
    if not _applicable(solved):
        return None
    semopy = importlib.import_module("semopy")
    moments = solved.moments.standardized()
    table = _without_means(solved.model.partable)
    ours = fit(compile_model(table, moments), moments)
    se = infer(ours).se
    if se is None:
        return None
    try:
        theirs = _semopy_estimates(semopy, ours.model, moments)
    except (ArithmeticError, LookupError, ValueError, np.linalg.LinAlgError):
        return None
    if not np.isfinite(theirs).all():
        return None
    standardize = Standardizer(ours.model, latent_only=False)
    std_ours, std_theirs = (np.real(standardize(theta)) for theta in (ours.theta, theirs[0]))
    rows = tuple(
        EngineRow(
            row.lhs,
            row.op,
            row.rhs,
            float(std_ours[i]),
            float(std_theirs[i]),
            float(se[row.free - 1]),
            float(theirs[1][row.free - 1]),
        )
        for i, row in enumerate(table.rows)
        if row.free > 0
    )
    return EngineComparison(
        "semopy",
        str(semopy.__version__),
        rows,
        max((_difference(r.std_ours, r.std_theirs) for r in rows), default=float("inf")),
        max((_difference(r.se_ours, r.se_theirs) for r in rows), default=float("inf")),
    )


def _difference(a: float, b: float) -> float:
    return abs(a - b) if isfinite(a) and isfinite(b) else float("inf")


def _applicable(solved: Fit) -> bool:
    table = solved.model.partable
    odd = any(r.exo or r.op not in ("=~", "~", "~~", "~1", ":=") for r in table.rows)
    observed = set(table.observed)
    scaled = any(
        r.ustart not in (None, 0.0, 1.0) or (r.ustart == 1.0 and r.op == "~~" and r.lhs in observed)
        for r in table.rows
        if r.free == 0 and r.group > 0
    )
    # Free intercepts of items leave the rest of the model as it is; other mean structures do not.
    latent = set(table.latent)
    means = any(r.op == "~1" and (r.lhs in latent) == (r.free > 0) for r in table.rows)
    related = {name for r in table.rows if r.op in ("=~", "~") for name in (r.lhs, r.rhs)}
    within = len(table.groups) == 1 and solved.loss == "ML" and related >= observed
    return within and not odd and not scaled and not means


def _without_means(table: ParTable) -> ParTable:
    rows, free = [], 0
    for row in table.rows:
        if row.op != "~1":
            free += row.free > 0
            rows.append(replace(row, free=free if row.free > 0 else 0))
    return ParTable(tuple(rows), table.groups, table.options)


def _semopy_estimates(semopy: object, model: Model, moments: Moments) -> tuple[Array, Array]:
    """Estimates and standard errors (q,), NaN where semopy has no such parameter."""
    pandas = importlib.import_module("pandas")
    table = model.partable
    aliases = {name: f"v{i}" for i, name in enumerate(model.groups[0].variables)}
    text = "\n".join(_line(row, aliases) for row in table.rows if row.group > 0)
    columns = [aliases[name] for name in moments.names]
    frame = pandas.DataFrame(moments.groups[0].cov, index=columns, columns=columns)
    engine = semopy.Model(text)  # type: ignore[attr-defined]
    engine.fit(cov=frame, n_samples=moments.n)
    found: dict[tuple[str, str, str], tuple[float, float]] = {}
    for left, op, right, estimate, se, *_ in engine.inspect().itertuples(index=False):
        value = float(estimate), float(pandas.to_numeric(se, errors="coerce"))
        found[(left, op, right)] = value
        found[(right, "~~" if op == "~~" else "=~", left)] = value
    pairs = [
        found.get((aliases[row.lhs], row.op, aliases[row.rhs]), (nan, nan)) for row in model.free
    ]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _line(row: Parameter, aliases: dict[str, str]) -> str:
    factor = f"{row.ustart}*" if row.free == 0 else ""
    return f"{aliases[row.lhs]} {row.op} {factor}{aliases[row.rhs]}"
