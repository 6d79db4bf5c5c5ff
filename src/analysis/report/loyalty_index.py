"""Evidence on the loyalty index: components, weights, levels, order, trend, recommendation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.data.judgements import Benchmark
from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.loyalty_index import (
    Cell as Group,
)
from analysis.methods.loyalty_index import (
    Indicators,
    Levels,
    Ranks,
    Trend,
    Weighting,
)
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.index_drawings import trend_lines
from analysis.report.labels import Labels
from analysis.report.prose import interval_columns, join
from analysis.report.records import Cell, Column, Figure, Notice, Table, Verdict
from analysis.report.references import cite

CONCORDANT = 0.8


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/loyalty_index.toml``."""
    return text(f"loyalty_index.{key}", language, **fields)


def group_name(columns: Sequence[str], cell: Group, labels: Labels, language: str) -> str:
    """A group in words: the labels of its levels."""
    if not columns:
        return say("everybody", language)
    pairs = zip(columns, cell.labels, strict=True)
    return " · ".join(labels.groups.get(f"{c}={v}", v) for c, v in pairs)


def points(value: float, language: str, digits: int = 1) -> str:
    """Points of the index or the score inside a sentence."""
    return numbers.number(value, digits=digits, language=language)


def span(low: float, high: float, language: str) -> str:
    """An interval in points."""
    return numbers.interval(low, high, digits=1, language=language)


def _notices(found: Sequence[Message], labels: Labels, language: str) -> tuple[Notice, ...]:
    """Findings as cautions, names of indicators in the reader's words."""
    named = []
    for m in found:
        fields = dict(m.fields)
        for key in ("names", "construct"):
            if key in fields:
                fields[key] = join((labels.of(n) for n in str(fields[key]).split(", ")), language)
        named.append(Message(m.code, fields))
    return tuple(Notice("warning", *m.parts(language)) for m in named)


def components_table(
    data: Indicators,
    whole: Levels,
    weighting: Weighting,
    *,
    findings: Sequence[Message],
    benchmarks: Sequence[Benchmark],
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """What the index is made of: indicators with levels and weights, and the whole."""
    title = say("components.title", language)
    columns = (
        Column("name", say("column.indicator", language)),
        Column("kind", say("column.kind", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("mean", say("column.mean", language), "number", 1),
        Column("sd", "\u27e6SD\u27e7", "number", 1),
        Column("weight", say("column.weight", language), "unit"),
        Column("made", say("column.made", language)),
    )
    cell = whole.cells[0]
    rows: list[tuple[Cell, ...]] = []
    for j, column in enumerate(data.columns):
        x = data.values[:, j]
        made = say("components.behaviour", language, low=points(column.low, language, 1),
                   high=points(column.high, language, 1))  # fmt: skip
        if column.items:
            made = ", ".join(
                f"{i} {numbers.number(w, digits=2, bounded=True, language=language)}"
                for i, w in zip(column.items, column.weights, strict=True)
            )
        rows.append((
            labels.of(column.name), say(f"kind.{column.kind}", language),
            int((~np.isnan(x)).sum()), float(cell.means[j]), float(np.nanstd(x, ddof=1)),
            float(weighting.weights[j]), made,
        ))  # fmt: skip
    words = [say("components.whole", language, index=points(cell.index, language),
                 span=span(cell.low, cell.high, language))]  # fmt: skip
    for b in benchmarks:
        names = [c.name for c in data.columns]
        own = cell.index if b.measure == "index" else None
        own = float(cell.means[names.index(b.measure)]) if b.measure in names else own
        if own is not None:
            words.append(say(
                "components.benchmark", language, own=points(own, language), source=b.source,
                label=b.label[language] or labels.of(b.measure), value=points(b.value, language),
            ))  # fmt: skip
    notes = (
        say("components.note", language, sources=cite(("fornell1996",), language)),
        say("components.note_behaviour", language),
    )
    return Evidence(
        id="index-components",
        title=title,
        table=Table("index-components", title, columns, tuple(rows), notes=notes),
        paragraphs=tuple(words),
        notices=_notices((*findings, *weighting.findings), labels, language),
        citations=("fornell1996",),
        language=language,
        stamps=tuple(stamps),
    )


METHOD_SOURCES = {
    "model": ("fornell1996",), "entropy": ("shannon1948",), "critic": ("diakoulaki1995",),
    "experts": ("saaty1980",),
}  # fmt: skip


def weights_table(
    names: Sequence[str],
    weightings: Sequence[Weighting],
    chosen: Weighting,
    *,
    asked: str,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Weights by every method side by side, those in use with their limits."""
    title = say("weights.title", language)
    known = [w for w in weightings if w.known]
    columns = [Column("name", say("column.indicator", language))]
    columns += [Column(w.method, say(f"method.{w.method}", language), "unit") for w in known]
    columns += interval_columns(language, kind="unit")
    rows: list[tuple[Cell, ...]] = [
        (
            labels.of(name),
            *(float(w.weights[j]) for w in known),
            float(chosen.low[j]),
            float(chosen.high[j]),
        )
        for j, name in enumerate(names)
    ]
    used = say(f"method.{chosen.method}", language)
    notes = [say("weights.note", language, method=used)]
    sources = tuple(key for w in known for key in METHOD_SOURCES.get(w.method, ()))
    if sources:
        notes.append(say("weights.sources", language, sources=cite(sources, language)))
    missing = [w for w in weightings if not w.known and w.method != "experts"]
    if chosen.method != asked:
        notes.append(say("weights.fallback", language, asked=say(f"method.{asked}", language)))
    return Evidence(
        id="index-weights",
        title=title,
        table=Table("index-weights", title, tuple(columns), tuple(rows), notes=tuple(notes)),
        notices=_notices([m for w in missing for m in w.findings], labels, language),
        citations=sources,
        language=language,
        stamps=tuple(stamps),
    )


def levels_table(
    found: Levels,
    whole: Levels,
    *,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """The index of every group, with its interval and distance from the whole."""
    title = say("levels.title", language)
    columns = (
        Column("group", say("column.group", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("index", say("column.index", language), "number", 1),
        Column("low", say("column.lower", language), "number", 1, group=say("column.ci", language)),
        Column("high", say("column.upper", language), "number", 1,
               group=say("column.ci", language)),
        Column("gap", say("column.gap", language), "number", 1),
    )  # fmt: skip
    middle = whole.cells[0].index
    shown = sorted((c for c in found.cells if not c.held), key=lambda c: -c.index)
    rows = tuple(
        (
            group_name(found.columns, c, labels, language), c.n, c.index, c.low, c.high,
            c.index - middle,
        )
        for c in shown
    )  # fmt: skip
    notes = [say("levels.note", language)]
    if found.held:
        notes.append(say("held", language, count=found.held, least=least))
    words: tuple[str, ...] = ()
    if len(shown) > 1:
        first, last = (
            group_name(found.columns, c, labels, language) for c in (shown[0], shown[-1])
        )
        words = (say("levels.words", language, first=first, last=last,
                     high=points(shown[0].index, language),
                     low=points(shown[-1].index, language)),)  # fmt: skip
    return Evidence(
        id="index-levels",
        title=title,
        table=Table("index-levels", title, columns, rows, notes=tuple(notes)) if rows else None,
        paragraphs=words or (() if rows else (say("levels.none", language),)),
        language=language,
        stamps=tuple(stamps),
    )


def ranks_table(found: Ranks, *, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """Order of the groups under every weighting."""
    title = say("ranks.title", language)
    if len(found.labels) < 3 or len(found.methods) < 2:
        return Evidence("index-ranks", title, paragraphs=(say("ranks.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    columns = [Column("group", say("column.group", language))]
    columns += [Column(m, say(f"method.{m}", language), "int") for m in found.methods]
    columns += [Column("first", say("column.first", language), "percent", 0)]
    known = {key.partition("=")[2]: name for key, name in labels.groups.items()}
    rows = [
        (
            " · ".join(known.get(v, v) for v in group),
            *(int(r) for r in found.ranks[:, j]),
            float(found.first[j]),
        )
        for j, group in enumerate(found.labels)
    ]
    order = np.argsort(found.ranks[0], kind="stable")
    value = numbers.number(found.concordance, digits=2, bounded=True, language=language)
    stable = found.concordance >= CONCORDANT
    words = say("ranks.stable" if stable else "ranks.unstable", language, value=value)
    return Evidence(
        id="index-ranks",
        title=title,
        table=Table(
            "index-ranks", title, tuple(columns), tuple(tuple(rows[j]) for j in order),
            notes=(say("ranks.note", language),),
        ),
        verdict=Verdict("good" if stable else "mixed", (words,), ("kendall1939",)),
        citations=("kendall1939",),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def nothing(identity: str, key: str, language: str, stamps: Sequence[str]) -> Evidence:
    """A piece that cannot be shown, with the reason."""
    return Evidence(
        identity, say(f"{key}.title", language), paragraphs=(say(f"{key}.none", language),),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def no_trend(*, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """One wave only."""
    return nothing("index-trend", "trend", language, stamps)


def no_matrix(*, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """Attitude or behaviour is missing."""
    title, why = say("matrix.title", language), say("matrix.missing", language)
    return Evidence(
        "loyalty-matrix", title, paragraphs=(why,), language=language, stamps=tuple(stamps)
    )


def trend_evidence(
    found: Trend,
    column: str,
    *,
    held: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """The index over waves, fixed, renewed and chain-linked."""
    title = say("trend.title", language)
    waves = [labels.groups.get(f"{column}={w}", w) for w in found.waves]
    columns = (
        Column("wave", say("column.wave", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("fixed", say("column.fixed", language), "number", 1),
        *(
            Column(key, say(f"column.{key}", language), "number", 1,
                   group=say("column.ci", language))
            for key in ("lower", "upper")
        ),
        Column("chained", say("column.chained", language), "number", 1),
        Column("renewed", say("column.renewed", language), "number", 1),
    )  # fmt: skip
    rows = tuple(
        (
            w, found.n[t], float(found.fixed[t]), float(found.low[t]), float(found.high[t]),
            float(found.chained[t]), float(found.renewed[t]),
        )
        for t, w in enumerate(waves)
    )  # fmt: skip
    words = []
    for t, (change, low, high) in enumerate(found.change, start=1):
        key = "trend.same" if low <= 0.0 <= high else "trend.up" if change > 0 else "trend.down"
        size = change if key == "trend.same" else abs(change)
        words.append(say(
            key, language, before=waves[t - 1], after=waves[t], size=points(size, language),
            span=span(low, high, language),
        ))  # fmt: skip
    apart = float(np.abs(found.renewed - found.chained).max())
    words.append(say("trend.apart", language, size=points(apart, language)))
    alt = say("trend.alt", language, values=join(
        (f"{w} {points(float(v), language)}" for w, v in zip(waves, found.fixed, strict=True)),
        language,
    ))  # fmt: skip
    keys = tuple(say(f"column.{k}", language) for k in ("fixed", "chained", "renewed"))
    svg = trend_lines(found, waves, keys, title=title, alt=alt, language=language)
    notes = (say("trend.note", language),)
    table = Table("index-trend", title, columns, rows, notes=notes)
    return Evidence(
        id="index-trend",
        title=title,
        figure=Figure("index-trend", title, svg, alt, table, notes),
        paragraphs=tuple(words),
        language=language,
        stamps=tuple(stamps),
    )


def method_text(
    data: Indicators,
    weighting: Weighting,
    *,
    draws: int,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """A paragraph for the methods section."""
    kinds = [
        say(
            "method.part", language, kind=say(f"kind.{kind}", language),
            names=join((labels.of(c.name) for c in data.columns if c.kind == kind), language),
        )
        for kind in ("attitudinal", "cognitive", "behavioural")
        if any(c.kind == kind for c in data.columns)
    ]  # fmt: skip
    words = say(
        "method.text", language, parts=join(kinds, language), least=least,
        draws=numbers.integer(draws, language=language),
        method=say(f"method.{weighting.method}", language),
        n=numbers.integer(len(data.values), language=language),
        sources=cite(("fornell1996",), language),
    )  # fmt: skip
    return Evidence(
        "index-method", say("method.title", language), paragraphs=(words,),
        citations=("fornell1996",), language=language, stamps=tuple(stamps),
    )  # fmt: skip
