"""Evidence on mediation: effects by route, types, and full against partial mediation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.mediation import Kind, MediatedEffect, MediatedPair, Mediation
from analysis.methods.rivals import MediationTest
from analysis.report import plots
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label
from analysis.report.hypotheses import interval_note
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, sentences, unit
from analysis.report.prose import say as say_common
from analysis.report.records import Cell, Column, Figure, Notice, Table
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
MOST_ROWS = 60
MOST_BARS = 24
MOST_ROUTES = 500
WARNED = ("biesanz2010", "fritz2012")
TYPES, INCONSISTENT = ("zhao2010",), ("mackinnon2000",)
CLEAR = "\u2713"
KINDS: tuple[Kind, ...] = ("indirect", "direct", "total")


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/mediation.toml``."""
    return text(f"mediation.{key}", language, **fields)


def notices(findings: Sequence[Message], language: str, found: Mediation) -> tuple[Notice, ...]:
    """Findings as cautions, and the one that BCa intervals always carry."""
    shown = [Notice("warning", *f.parts(language)) for f in findings]
    if found.method == "bca":
        parts = ("symptom", "cause", "remedy")
        sources = cite(WARNED, language)
        words = [say(f"bca_warning.{part}", language, sources=sources) for part in parts]
        shown.append(Notice("warning", *words))
    return tuple(shown)


def targets_shown(found: Mediation, finals: Sequence[str]) -> tuple[str, ...]:
    """Outcomes whose effects are printed: all, or the final ones where there are too many."""
    everything = tuple(dict.fromkeys(p.target for p in found.pairs))
    if sum(len(p.effects) for p in found.pairs) <= MOST_ROWS:
        return everything
    return tuple(t for t in everything if t in finals) or everything


def mediation_table(
    found: Mediation,
    solution: Solution,
    *,
    finals: Sequence[str],
    findings: Sequence[Message] = (),
    parametric: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Specific, total indirect, direct and total effects, pair by pair."""
    names = resolve(labels)
    shown = targets_shown(found, finals)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for pair in found.pairs:
        if pair.target not in shown:
            continue
        groups.append((len(rows), _pair_name(pair, solution, names)))
        rows += [_cells(e, kind, names, language) for e, kind in _shown(pair)]
    notes = [
        say("table.note", language),
        interval_note(found.method, found.draws, parametric=parametric, language=language),
    ]
    if found.loops:
        notes.append(say("table.note_loops", language))
    if found.cut:
        notes.append(say("table.note_cut", language, most=MOST_ROUTES))
    if len(shown) < len({p.target for p in found.pairs}):
        listed = join((names.of(t) for t in shown), language)
        notes.append(say("table.note_shown", language, targets=listed))
    table = Table(
        key="mediation", title=say("table.title", language), columns=_columns(language),
        rows=tuple(rows), notes=tuple(notes), groups=tuple(groups),
    )  # fmt: skip
    refused = refusal(solution, language)
    words = () if refused else _strongest(found, finals, names, language)
    return Evidence(
        id="mediation-table", title=table.title, table=table if rows else None,
        verdict=refused,
        paragraphs=words if rows else (say("table.none", language),),
        citations=("bollen1989", *(WARNED if found.method == "bca" else ())),
        notices=notices(findings, language, found) if rows else (), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _pair_name(pair: MediatedPair, solution: Solution, labels: Labels) -> str:
    group = group_label(solution, pair.group, labels)
    return labels.path(pair.source, pair.target) + (f" \u00b7 {group}" if group else "")


def _columns(language: str) -> tuple[Column, ...]:
    raw, std = say("column.raw", language), say("column.std", language)
    low, high = (say_common(f"column.{side}", language) for side in ("lower", "upper"))
    return (
        Column("effect", say("column.effect", language)),
        Column("est", "\u27e6B\u27e7", "number", group=raw),
        Column("se", "\u27e6SE\u27e7", "number", group=raw),
        Column("ci_lower", low, "number", group=raw),
        Column("ci_upper", high, "number", group=raw),
        Column("clear", say("column.clear", language), group=raw),
        Column("std_all", "\u27e6\u03b2\u27e7", "unit", group=std),
        Column("std_all_ci_lower", low, "unit", group=std),
        Column("std_all_ci_upper", high, "unit", group=std),
    )


def _via(e: MediatedEffect, labels: Labels) -> str:
    return " \u2192 ".join(labels.of(n) for n in e.route[1:-1])


def _shown(pair: MediatedPair) -> Iterator[tuple[MediatedEffect, str]]:
    """A pair's effects with their kind in the locale, none that repeats another."""
    single = sum(e.kind == "specific" for e in pair.effects) == 1
    whole = pair.effect("direct") is None
    for e in pair.effects:
        if e.kind == "indirect" and (single or whole):
            continue
        if e.kind == "total" and whole:
            if not single:
                yield e, "whole"
            continue
        yield e, e.kind


def _cells(e: MediatedEffect, kind: str, labels: Labels, language: str) -> tuple[Cell, ...]:
    words = say(f"kind.{kind}", language, route=_via(e, labels))
    return (
        words, e.est, e.se, e.ci_lower, e.ci_upper, CLEAR if e.clear else "",
        e.std_all, e.std_all_ci_lower, e.std_all_ci_upper,
    )  # fmt: skip


def _strongest(
    found: Mediation, finals: Sequence[str], labels: Labels, language: str
) -> tuple[str, ...]:
    """The largest clear specific effect on each final outcome."""
    words = []
    for target in finals:
        routes = [
            (pair, e)
            for pair in found.pairs
            for e in pair.effects
            if pair.target == target and e.kind == "specific" and e.clear and pair.group == 1
        ]
        if not routes or len({pair.group for pair in found.pairs}) > 1:
            continue
        pair, top = max(routes, key=lambda r: abs(r[1].std_all))
        route = say("sentence.route", language, source=labels.of(pair.source),
                    via=_via(top, labels))  # fmt: skip
        value = unit(top.std_all, language, 2)
        words.append(
            say("sentence.strongest", language, target=labels.of(target), route=route, value=value)
        )
    return (sentences(words, language),) if words else ()


def types_table(
    found: Mediation,
    solution: Solution,
    *,
    finals: Sequence[str],
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Kind of mediation and proportion mediated of every pair."""
    names = resolve(labels)
    shown = targets_shown(found, finals)
    refused = refusal(solution, language)
    rows: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, int, str]] = []
    reasons: dict[str, str] = {}
    for pair in found.pairs:
        if pair.target not in shown:
            continue
        std = [e.std_all if e else None for e in (pair.effect(kind) for kind in KINDS)]
        share = pair.proportion if finite(pair.proportion) else None
        if pair.withheld:
            letter = reasons.setdefault(pair.withheld, chr(ord("a") + len(reasons)))
            marks.append((len(rows), 4, letter))
        kind = "unknown" if refused else pair.type
        rows.append((
            _pair_name(pair, solution, names), *std, share,
            pair.proportion_lower, pair.proportion_upper, say(f"types.{kind}", language),
        ))  # fmt: skip
    heading = say("column.proportion", language)
    columns = (
        Column("pair", say("column.relation", language)),
        *(Column(k, say(f"column.{k}", language), "unit") for k in KINDS),
        Column("proportion", "\u27e6I/T\u27e7", "number", 2, group=heading),
        Column("low", say_common("column.lower", language), "number", 2, group=heading),
        Column("high", say_common("column.upper", language), "number", 2, group=heading),
        Column("type", say("column.type", language)),
    )
    notes = (
        say("types.note", language, sources=cite(TYPES, language)),
        say("types.note_proportion", language, sources=cite(INCONSISTENT, language)),
        *(f"{letter}|" + say(f"withheld.{key}", language) for key, letter in reasons.items()),
    )
    table = Table("mediation-types", say("types.title", language), columns, tuple(rows),
                  notes=notes, marks=tuple(marks))  # fmt: skip
    return Evidence(
        id="mediation-types", title=table.title, table=table if rows else None,
        verdict=refused, paragraphs=() if rows else (say("table.none", language),),
        citations=(*TYPES, *INCONSISTENT) if rows else (), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def mediation_figure(
    found: Mediation,
    solution: Solution,
    *,
    finals: Sequence[str],
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Specific indirect effects on the final outcomes, with their intervals."""
    names = resolve(labels)
    rows = [
        plots.ForestRow(
            label=_via(e, names), group=_pair_name(pair, solution, names), value=e.std_all,
            low=e.std_all_ci_lower, high=e.std_all_ci_upper, strong=e.clear,
        )
        for pair in found.pairs
        if pair.target in finals
        for e in pair.effects
        if e.kind == "specific" and finite(e.std_all)
    ]  # fmt: skip
    if len(rows) > MOST_BARS:
        least = sorted((abs(r.value) for r in rows), reverse=True)[MOST_BARS - 1]
        rows = [r for r in rows if abs(r.value) >= least]
    targets = join((names.of(t) for t in finals), language)
    title = say("figure.title", language, targets=targets)
    if not rows:
        return Evidence("mediation-figure", say("table.title", language),
                        paragraphs=(say("table.none", language),), language=language,
                        stamps=tuple(stamps))  # fmt: skip
    listed = join([f"{r.label} {unit(r.value, language, 2)}" for r in rows], language)
    alt = say("figure.alt", language, count=len(rows), list=listed)
    svg = plots.forest(
        rows, title=title, alt=alt, axis=say("figure.axis", language), language=language
    )
    data = plots.forest_data(rows, "mediation-plot", title, language)
    figure = Figure("mediation-plot", title, svg, alt, data, (say("figure.note", language),))
    return Evidence("mediation-figure", title, figure=figure, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def mediation_tests_table(
    tests: Sequence[MediationTest],
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Full against partial mediation, path by path and outcome by outcome."""
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    outcome = None
    refused = refusal(solution, language)
    for t in tests:
        if t.target != outcome:
            outcome = t.target
            groups.append((len(rows), say("tests.outcome", language, target=names.of(outcome))))
        d = t.difference
        who = join((names.of(s) for s in t.sources), language)
        if len(t.sources) > 1:
            who = say("tests.joint", language, names=who)
        key = {True: "partial", False: "full", None: "untested"}[None if refused else t.partial]
        status = say("tests.in_model" if t.in_model else "tests.added", language)
        test = (d.stat, d.df, d.p) if d else (None, None, None)
        rows.append((who, status, *test, say(f"tests.{key}", language)))
    scaled = any(t.difference and t.difference.method != "standard" for t in tests)
    how = say("tests.scaled" if scaled else "tests.plain", language)
    columns = (
        Column("sources", say("tests.from", language)),
        Column("status", say("tests.status", language)),
        Column("stat", "\u0394\u27e6\u03c7\u27e7\u00b2", "number", 2),
        Column("df", "\u0394\u27e6df\u27e7", "number", 0),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("result", say("tests.result", language)),
    )
    title = say("tests.title", language)
    notes = (say("tests.note", language, scaled=how),)
    table = Table("mediation-tests", title, columns, tuple(rows), notes=notes, groups=tuple(groups))
    estimated = solution.outcome.estimated
    none = say("tests.none" if estimated else "tests.not_estimated", language)
    return Evidence(
        id="mediation-tests", title=title, table=table if rows else None,
        verdict=refused, paragraphs=() if rows else (none,),
        citations=("satorra2001",) if scaled else (), language=language, stamps=tuple(stamps),
    )  # fmt: skip
