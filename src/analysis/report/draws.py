"""How bootstrap draws came about and ended, in one note."""

from __future__ import annotations

from typing import Protocol

from analysis.i18n import text
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.references import cite

_SHARE = "measurement.improper_draws"


class CountsLike(Protocol):
    """Draws done, and how their refits ended."""

    @property
    def draws(self) -> int: ...
    @property
    def converged(self) -> int: ...
    @property
    def improper(self) -> int: ...
    @property
    def failed(self) -> int: ...


def counts_note(counts: CountsLike, language: str) -> str:
    """How many draws had a proper, an improper and no minimum, and a warning if few are proper."""
    fields = {
        name: numbers.integer(getattr(counts, name), language=language)
        for name in ("draws", "converged", "improper", "failed")
    }
    if counts.converged == counts.draws:
        return text("measuring.draws.all", language, draws=fields["draws"])
    note = text("measuring.draws.counts", language, **fields)
    if not _many_lost(counts):
        return note
    lost = (counts.improper + counts.failed) / max(counts.draws, 1)
    words = text(
        "measuring.draws.many",
        language,
        share=numbers.percent(lost, digits=0, language=language),
        sources=cite(criterion(_SHARE).cite, language),
    )
    return ("" if language == "zh" else " ").join((note, words))


def draws_sources(counts: CountsLike | None) -> tuple[str, ...]:
    """Sources that the note on draws cites."""
    return criterion(_SHARE).cite if counts is not None and _many_lost(counts) else ()


def _many_lost(counts: CountsLike) -> bool:
    return criterion(_SHARE).missed((counts.improper + counts.failed) / max(counts.draws, 1))


def source_note(kind: str, *, wanted: int, done: int, language: str) -> str:
    """What was drawn, and that fewer draws were made than wanted, if so."""
    first = text(f"measuring.draws.{kind.replace('-', '_')}", language)
    if done >= wanted:
        return first
    fewer = text(
        "measuring.draws.fewer",
        language,
        done=numbers.integer(done, language=language),
        wanted=numbers.integer(wanted, language=language),
    )
    return ("" if language == "zh" else " ").join((first, fewer))
