"""Evidence on SERVQUAL gap scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.i18n import text
from analysis.methods.servqual_gap import Gap, GapScores
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.gaps_figure import drawing
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, interval_columns, join
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("parasuraman1988",)
CAUTION = ("peter1993",)
P = "\u27e6p\u27e7"


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/gaps.toml``."""
    return text(f"gaps.{key}", language, **fields)


def gaps_table(
    found: GapScores | None,
    *,
    reason: str = "none",
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Expectation, perception and gap of every dimension, with intervals.

    Without gap scores ``reason`` names the sentence that says why: ``none``, ``moments`` or
    ``small``.
    """
    names = resolve(labels)
    title = say("title", language)
    if found is None:
        words = (say(reason, language),)
        return Evidence(
            "gaps-table", title, paragraphs=words, language=language, stamps=tuple(stamps)
        )
    rows = [_row(g, names.of(g.construct)) for g in found.constructs]
    rows.append(_row(found.overall, say("overall", language)))
    notes = (
        say("note", language, sources=cite(SOURCES, language)),
        say("note_reliability", language, sources=cite(CAUTION, language)),
    )
    table = Table(
        key="gaps",
        title=title,
        columns=(
            Column("construct", say("column.dimension", language)),
            Column("n", "\u27e6n\u27e7", "int"),
            Column("expectation", say("column.expectation", language), "number", 2),
            Column("perception", say("column.perception", language), "number", 2),
            Column("gap", say("column.gap", language), "number", 2),
            *_limits(language),
            Column("p", P, "p"),
            Column("size", "\u27e6d\u27e7", "number", 2),
            Column("correlation", "\u27e6r\u27e7", "unit", 2),
            Column("reliability", say("column.reliability", language), "unit", 2),
        ),
        rows=tuple(rows),
        notes=notes,
    )
    return Evidence(
        id="gaps-table",
        title=title,
        table=table,
        verdict=_verdict(found, names, language),
        citations=(*SOURCES, *CAUTION),
        language=language,
        stamps=tuple(stamps),
    )


def _limits(language: str) -> tuple[Column, Column]:
    """Columns of confidence limits with two decimals, as the gaps have."""
    low, high = interval_columns(language)
    return replace(low, digits=2), replace(high, digits=2)


def _row(g: Gap, name: str) -> tuple[Cell, ...]:
    cells = (g.expectation, g.perception, g.gap, g.ci_lower, g.ci_upper, g.p, g.size,
             g.correlation, g.reliability)  # fmt: skip
    return (name, g.n, *(c if finite(c) else None for c in cells))


def _verdict(found: GapScores, labels: Labels, language: str) -> Verdict:
    """Good: expectations met everywhere; poor: missed everywhere; mixed: some missed."""
    known = [g for g in found.constructs if finite(g.gap)]
    short = [g for g in known if finite(g.ci_upper) and g.ci_upper < 0.0]
    if not known:
        return Verdict("none", (say("small", language),))
    if not short:
        return Verdict("good", (say("verdict.met", language),))
    worst = min(short, key=lambda g: g.gap)
    value = numbers.number(worst.gap, digits=2, language=language)
    listed = join((labels.of(g.construct) for g in short), language)
    words = say("verdict.missed", language, names=listed, worst=labels.of(worst.construct),
                value=value)  # fmt: skip
    return Verdict("poor" if len(short) == len(known) else "mixed", (words,), SOURCES)


def gaps_figure(
    found: GapScores,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Expectation and perception of every item pair, joined by the gap."""
    names = resolve(labels)
    title = say("figure.title", language)
    shown = [g for g in found.items if finite(g.gap)]
    rows = [
        (names.of(g.construct), g.item, g.expectation, g.perception, g.ci_lower, g.ci_upper)
        for g in shown
    ]
    worst = min(shown, key=lambda g: g.gap, default=None)
    value = numbers.number(worst.gap if worst else None, digits=2, language=language)
    name = worst.item if worst else ""
    alt = say("figure.alt", language, items=len(rows), worst=name, value=value)
    legend = (say("column.expectation", language), say("column.perception", language))
    svg = drawing(rows, title=title, alt=alt, language=language, legend=legend)
    data = Table(
        key="gaps-items",
        title=title,
        columns=(
            Column("construct", say("column.dimension", language)),
            Column("item", say("column.item", language)),
            Column("expectation", say("column.expectation", language), "number", 2),
            Column("perception", say("column.perception", language), "number", 2),
            Column("gap", say("column.gap", language), "number", 2),
            *_limits(language),
        ),
        rows=tuple((names.of(g.construct), g.item, g.expectation, g.perception, g.gap, g.ci_lower,
                    g.ci_upper) for g in shown),
        row_headers=2,
    )  # fmt: skip
    figure = Figure("gaps-items", title, svg, alt, data, (say("figure.note", language),))
    return Evidence(
        id="gaps-figure", title=title, figure=figure, citations=SOURCES, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip
