"""Sentences and verdict rules shared by the builders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from analysis.i18n import text
from analysis.report import numbers
from analysis.report.records import Column, Verdict
from analysis.sem import Solution

AT_BOUND = "sem.at_bound"


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/report.toml``."""
    return text(f"report.{key}", language, **fields)


def join(parts: Iterable[str], language: str) -> str:
    """Items of an enumeration inside a sentence."""
    return ("\u3001" if language == "zh" else ", ").join(parts)


def sentences(parts: Sequence[str], language: str) -> str:
    """Sentences as one paragraph."""
    return ("" if language == "zh" else " ").join(p for p in parts if p)


def unit(value: float | None, language: str, digits: int = 3) -> str:
    """A bounded number inside a sentence."""
    return numbers.number(value, digits=digits, bounded=True, language=language)


def finite(value: float | None) -> bool:
    """Whether there is a number at all."""
    return value is not None and math.isfinite(value)


def at_bound(solution: Solution) -> bool:
    """Whether only a bound keeps the solution from being improper."""
    return any(found.code == AT_BOUND for found in solution.findings)


def conclusive(solution: Solution) -> bool:
    """Whether conclusions may be drawn: an admissible solution that no bound holds."""
    return solution.outcome.admissible and not at_bound(solution)


def ending(solution: Solution) -> str:
    """How the estimation ended, in one word: an outcome, or ``at_bound``."""
    held = solution.outcome.admissible and at_bound(solution)
    return "at_bound" if held else solution.outcome.value


def gate(solution: Solution, language: str) -> str:
    """Why a solution supports no conclusion, or that it does."""
    return say(f"gate.{ending(solution)}", language)


def refusal(solution: Solution | None, language: str) -> Verdict | None:
    """The verdict ``none`` where none may be given, else None.

    No verdict on a solution that is not admissible or held so by a bound, nor where two engines
    disagree.
    """
    if solution is None:
        return None
    if not conclusive(solution):
        return Verdict("none", (gate(solution, language),))
    engine = solution.second_engine
    if engine is not None and not engine.agrees:
        difference = unit(max(engine.max_difference_std, engine.max_difference_se), language)
        return Verdict("none", (say("gate.engines_disagree", language, difference=difference),))
    return None


def interval_columns(language: str, *, kind: str = "number") -> tuple[Column, Column]:
    """Lower and upper limit under one heading."""
    group = say("column.ci", language)
    low, high = say("column.lower", language), say("column.upper", language)
    if kind == "unit":
        return (
            Column("ci_lower", low, "unit", group=group),
            Column("ci_upper", high, "unit", group=group),
        )
    return (
        Column("ci_lower", low, "number", group=group),
        Column("ci_upper", high, "number", group=group),
    )
