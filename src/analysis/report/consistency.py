"""Evidence on consistency across groups: one index a pair, what it is made of, a drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.consistency import Consistency, ConstructConsistency, PairConsistency
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.invariance_words import count_of, notices
from analysis.report.labels import Labels, resolve
from analysis.report.prose import interval_columns, join
from analysis.report.records import Column, Figure, Level, Table, Verdict
from analysis.report.references import cite
from analysis.report.svg import (
    FAINT,
    INK,
    MUTED,
    PAPER,
    POSITIVE,
    RULE,
    Drawing,
    text_width,
    tooltip,
)

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("inman1989", "nye2011")
WIDTH, ROW = 680.0, 30.0
MOST_WORDS = 8


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/consistency.toml``."""
    return text(f"consistency.{key}", language, **fields)


def consistency_table(
    found: Consistency | None,
    *,
    findings: Sequence[Message] = (),
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The index of every pair with its interval and shares; None where it is not licensed."""
    names = resolve(labels)
    title = say("title", language)
    if found is None:
        refused = Verdict("none", (say("none", language),))
        return Evidence("consistency-table", title, verdict=refused,
                        notices=notices(findings, language, names), language=language,
                        stamps=tuple(stamps))  # fmt: skip
    rule = criterion("comparability.consistency")
    rows = tuple(
        (
            _pair(p, names), p.index, p.ci_lower, p.ci_upper, 100.0 * p.measured, 100.0 * p.felt,
            _weakest(p, names, language),
        )
        for p in found.pairs
    )  # fmt: skip
    cuts = {"good": _whole(rule.good, language), "acceptable": _whole(rule.acceptable, language)}
    table = Table(
        key="consistency",
        title=title,
        columns=(
            Column("pair", say("column.pair", language)),
            Column("index", say("column.index", language), "number", 1),
            *(Column(c.key, c.label, "number", 1, group=c.group)
              for c in interval_columns(language)),
            Column("measured", say("column.measured", language), "number", 1),
            Column("felt", say("column.felt", language), "number", 1),
            Column("weakest", say("column.weakest", language)),
        ),
        rows=rows,
        notes=(
            say("note", language, sources=cite(SOURCES, language)),
            say("note_scale", language, sources=cite(rule.cite, language), **cuts),
            say("note_sample", language, n=count_of(found.n, language),
                draws=count_of(found.draws, language)),
        ),
    )  # fmt: skip
    return Evidence(
        id="consistency-table",
        title=title,
        table=table,
        verdict=_verdict(found, names, language),
        citations=(*SOURCES, *rule.cite),
        notices=notices(findings, language, names),
        language=language,
        stamps=tuple(stamps),
    )


def _pair(p: PairConsistency, names: Labels) -> str:
    return f"{names.group(p.first)} \u2013 {names.group(p.second)}"


def _whole(value: float, language: str) -> str:
    return numbers.number(value, digits=0, language=language)


def _low(p: PairConsistency) -> ConstructConsistency:
    return min(p.constructs, key=lambda c: c.measured * c.felt)


def _weakest(p: PairConsistency, names: Labels, language: str) -> str:
    low = _low(p)
    name = names.of(low.factor)
    return say("weakest_item", language, construct=name, item=low.worst) if low.worst else name


def _verdict(found: Consistency, names: Labels, language: str) -> Verdict:
    rule = criterion("comparability.consistency")
    words = []
    for p in sorted(found.pairs, key=lambda p: p.index):
        level = "high" if p.index >= rule.good else "fair" if p.index >= rule.acceptable else "low"
        low = _low(p)
        cause = "measured" if low.measured < low.felt else "felt"
        fields = {
            "first": names.group(p.first),
            "second": names.group(p.second),
            "index": _whole(p.index, language),
            "low": _whole(p.ci_lower, language),
            "high": _whole(p.ci_upper, language),
        }
        words.append(say(f"words.{level}", language, **fields))
        if level != "high":
            words.append(say(f"words.{cause}", language, construct=names.of(low.factor)))
        elif cause == "measured" and low.worst:
            words.append(
                say("words.item", language, construct=names.of(low.factor), item=low.worst)
            )
    shown = words[:MOST_WORDS]
    least = min(p.index for p in found.pairs)
    judged: Level = (
        "good" if least >= rule.good else "mixed" if least >= rule.acceptable else "poor"
    )
    return Verdict(judged, tuple(shown), (*SOURCES, *rule.cite))


def consistency_figure(
    found: Consistency | None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every pair on a scale that ends at 100, with its interval."""
    names = resolve(labels)
    title = say("figure_title", language)
    if found is None:
        return Evidence("consistency-figure", title, paragraphs=(say("none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    values = join((f"{_pair(p, names)} {_whole(p.index, language)}" for p in found.pairs), language)
    alt = say("alt", language, values=values)
    data = Table(
        key="consistency-constructs",
        title=title,
        columns=(
            Column("pair", say("column.pair", language)),
            Column("construct", say("column.construct", language)),
            Column("measured", say("column.measured", language), "number", 1),
            Column("felt", say("column.felt", language), "number", 1),
        ),
        rows=tuple(
            (_pair(p, names), names.of(c.factor), 100.0 * c.measured, 100.0 * c.felt)
            for p in found.pairs
            for c in p.constructs
        ),
        row_headers=2,
    )
    svg = _drawing(found, names, title, alt, language)
    figure = Figure("consistency", title, svg, alt, data, (say("figure_note", language),))
    return Evidence(
        id="consistency-figure", title=title, figure=figure, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _drawing(found: Consistency, names: Labels, title: str, alt: str, language: str) -> str:
    rule = criterion("comparability.consistency")
    left = min(max(text_width(_pair(p, names), 12) for p in found.pairs) + 16.0, 260.0)
    right = WIDTH - 118.0
    least = min([rule.acceptable, *(p.ci_lower for p in found.pairs)])
    floor = max(0.0, 10.0 * (least // 10.0))
    height = 8.0 + ROW * len(found.pairs)
    drawing = Drawing(WIDTH, height + 48.0)

    def x(value: float) -> float:
        return left + (max(value, floor) - floor) / (100.0 - floor) * (right - left)

    for start, end, opacity, word in (
        (floor, rule.acceptable, "0.00", "low"),
        (rule.acceptable, rule.good, "0.05", "fair"),
        (rule.good, 100.0, "0.12", "high"),
    ):
        if end <= start:
            continue
        drawing.rect(x(start), 4, x(end) - x(start), height, fill=INK, fill_opacity=opacity)
        band = say(f"band.{word}", language)
        if text_width(band, 10.5) < x(end) - x(start):
            middle = (x(start) + x(end)) / 2
            drawing.text(middle, height + 38, band, size=10.5, anchor="middle", fill=MUTED)
    for mark in sorted({floor, rule.acceptable, rule.good, 100.0}):
        drawing.line(x(mark), 4, x(mark), height + 4, stroke=RULE)
        label = _whole(mark, language)
        drawing.text(x(mark), height + 20, label, size=11, anchor="middle", fill=MUTED)
    for i, p in enumerate(found.pairs):
        _row(drawing, p, (left, 4.0 + ROW * i + ROW / 2), x, (_pair(p, names), language))
    return drawing.render(title=title, description=alt)


def _row(
    drawing: Drawing,
    p: PairConsistency,
    place: tuple[float, float],
    x: Callable[[float], float],
    words: tuple[str, str],
) -> None:
    left, y = place
    name, language = words
    drawing.text(0, y + 4, name, size=12)
    drawing.line(left, y, WIDTH - 118.0, y, stroke=FAINT)
    drawing.line(x(p.ci_lower), y, x(p.ci_upper), y, stroke=POSITIVE, stroke_width=2)
    for end in (p.ci_lower, p.ci_upper):
        drawing.line(x(end), y - 4, x(end), y + 4, stroke=POSITIVE, stroke_width=1.4)
    value = numbers.number(p.index, digits=1, language=language)
    drawing.add(
        "circle", tooltip(f"{name}: {value}"), cx=x(p.index), cy=y, r=4.6, fill=POSITIVE,
        stroke=PAPER, stroke_width=1.5,
    )  # fmt: skip
    span = numbers.interval(p.ci_lower, p.ci_upper, digits=0, language=language)
    drawing.text(WIDTH - 72.0, y + 4, value, size=12.5, anchor="end", font_weight=600)
    drawing.text(WIDTH, y + 4, span, size=11, anchor="end", fill=MUTED)
