"""Words that the evidence on drivers shares."""

from __future__ import annotations

from analysis.i18n import text
from analysis.methods.drivers import DrawKind, Estimated
from analysis.report.prose import conclusive, finite, gate, sentences
from analysis.report.records import Cell, Verdict
from analysis.sem import Solution


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/drivers.toml``."""
    return text(f"drivers.{key}", language, **fields)


def draws_note(kind: DrawKind, draws: int, language: str, *, failed: int = 0) -> str:
    """What the intervals rest on, and how many refits ``failed``."""
    words = [say(f"draws.{kind}", language, draws=draws)]
    if failed:
        words.append(say("draws.failed", language, failed=failed, draws=draws + failed))
    return sentences(words, language)


def estimated(value: Estimated, *, limits: bool = True) -> tuple[Cell, ...]:
    """A number and its limits as cells, None where there are none."""
    cells = (value.value, value.low, value.high) if limits else (value.value,)
    return tuple(v if finite(v) else None for v in cells)


def refused(solution: Solution, language: str) -> Verdict | None:
    """The verdict ``none`` on a solution that supports no conclusion, else None."""
    if conclusive(solution):
        return None
    return Verdict("none", (gate(solution, language),))
