"""An independent second opinion: semopy refits the model on standardized moments.

Only what was checked to be right in semopy 2.3.11 is used: estimates and standard errors of
complete-data, single-group ML (Meshcheryakov, Igolkina & Igolkina 2021).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from analysis.sem.fit import Fit, fit
from analysis.sem.inference import infer
from analysis.sem.model import compile_model
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
    """Compare with semopy; None where the model is outside what semopy does right."""
    if not _applicable(solved):
        return None
    semopy = importlib.import_module("semopy")
    moments = solved.moments.standardized()
    table = solved.model.partable
    ours = fit(compile_model(table, moments), moments)
    inference = infer(ours)
    se = inference.se
    std = np.real(Standardizer(ours.model, latent_only=False)(ours.theta))
    if se is None:
        return None
    aliases = {name: f"v{i}" for i, name in enumerate(ours.model.groups[0].variables)}
    theirs = _semopy_estimates(semopy, table, aliases, moments.names, moments.groups[0].cov, solved)
    rows = []
    for i, row in enumerate(table.rows):
        found = theirs.get((aliases.get(row.lhs), row.op, aliases.get(row.rhs)))
        if row.free > 0 and found is not None:
            rows.append(
                EngineRow(row.lhs, row.op, row.rhs, float(std[i]), found[0], float(se[row.free - 1]), found[1])
            )
    return EngineComparison(
        "semopy",
        str(semopy.__version__),
        tuple(rows),
        max((_difference(r.std_ours, r.std_theirs) for r in rows), default=float("inf")),
        max((_difference(r.se_ours, r.se_theirs) for r in rows), default=float("inf")),
    )


def _difference(a: float, b: float) -> float:
    return abs(a - b) if isfinite(a) and isfinite(b) else float("inf")


def _applicable(solved: Fit) -> bool:
    table = solved.model.partable
    odd = any(r.exo or r.op not in ("=~", "~", "~~", ":=") for r in table.rows)
    scaled = any(r.free == 0 and r.ustart not in (None, 0.0, 1.0) and r.group > 0 for r in table.rows)
    return len(table.groups) == 1 and not odd and not scaled and not solved.model.meanstructure


def _semopy_estimates(
    semopy: object,
    table: ParTable,
    aliases: dict[str, str],
    names: tuple[str, ...],
    cov: Array,
    solved: Fit,
) -> dict[tuple[str | None, str, str | None], tuple[float, float]]:
    pandas = importlib.import_module("pandas")
    text = "\n".join(_line(row, aliases) for row in table.rows if row.group > 0)
    columns = [aliases[n] for n in names]
    frame = pandas.DataFrame(cov, index=columns, columns=columns)
    engine = semopy.Model(text)  # type: ignore[attr-defined]
    engine.fit(cov=frame, n_samples=solved.moments.n)
    table_out = engine.inspect(std_est=True)
    found: dict[tuple[str | None, str, str | None], tuple[float, float]] = {}
    for left, op, right, _, std, se, *_ in table_out.itertuples(index=False):
        value = float(std), float(pandas.to_numeric(se, errors="coerce"))
        found[(left, op, right)] = value
        if op == "~~":
            found[(right, op, left)] = value
        else:
            found[(right, "=~", left)] = value
    return found


def _line(row: Parameter, aliases: dict[str, str]) -> str:
    factor = f"{row.ustart}*" if row.free == 0 else ""
    return f"{aliases[row.lhs]} {row.op} {factor}{aliases[row.rhs]}"
