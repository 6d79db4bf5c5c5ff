"""Fit measures by name: the standard, the scaled and the robust version, and which one counts."""

from __future__ import annotations

from typing import Literal

from analysis.report.prose import finite
from analysis.sem import Solution

Version = Literal["", ".scaled", ".robust"]
VERSIONS: tuple[Version, ...] = ("", ".scaled", ".robust")


def value(solution: Solution, name: str, version: Version = "") -> float | None:
    """A fit measure by lavaan's name, or chi-square over df; None where it is not defined."""
    if name == "chisq_df":
        chisq, df = (value(solution, part, version) for part in ("chisq", "df"))
        return chisq / df if chisq is not None and df else None
    measure = solution.measures.get(name + version)
    return float(measure.value) if measure is not None and finite(measure.value) else None


def is_robust(solution: Solution) -> bool:
    """Whether the estimator corrects the test, so that corrected indices count."""
    return solution.inference.robust is not None


def judged(solution: Solution, name: str) -> float | None:
    """The version that verdicts use: robust, else scaled, under a robust estimator."""
    return value(solution, name, judged_version(solution, name))


def judged_version(solution: Solution, name: str) -> Version:
    """Which version of a measure verdicts use."""
    if is_robust(solution):
        family = "rmsea" if name.startswith("rmsea") else name
        corrected: tuple[Version, ...] = (".robust", ".scaled")
        for version in corrected:
            if value(solution, family, version) is not None:
                return version
    return ""
