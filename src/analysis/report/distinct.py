"""Evidence on discriminant validity: factor correlations and nested models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.measurement import CHI2, CICFA, MERGED, Pair, Resampled
from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.draws import counts_note, draws_sources, source_note
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Figure, Level, Table, Verdict
from analysis.report.references import cite
from analysis.report.reliability import sections
from analysis.sem import DifferenceTest, Solution

LabelsLike = Labels | Mapping[str, str] | None
CLASSES = ("none", "marginal", "moderate", "severe")
SOURCES = ("ronkko2022",)


def problem(pair: Pair) -> str:
    """Class of a pair by the limit of its interval that is farther from zero."""
    rule = criterion("validity.correlation")
    size = max(pair.farthest, abs(pair.est)) if finite(pair.farthest) else abs(pair.est)
    bounds = (rule.good, rule.acceptable, rule.upper or 1.0)
    return CLASSES[sum(size >= bound for bound in bounds)]


def distinct_table(
    pairs: Sequence[Pair],
    *,
    solution: Solution | None = None,
    resampled: Resampled | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Correlation of every two constructs with its interval, class, and tests against one."""
    names = resolve(labels)
    spans = any(finite(p.boot_lower) for p in pairs)
    tested = any(p.at_cutoff is not None or p.merged is not None or p.beyond for p in pairs)
    tested = tested and any(p.merged is not None for p in pairs)
    rows = [_row(p, names, language, spans=spans, tested=tested) for p in pairs]
    shift = 4 + 2 * spans
    starts: dict[int, int] = {}
    for row, pair in enumerate(pairs):
        starts.setdefault(pair.group, row)
    marks = [(i, shift, "a") for i, p in enumerate(pairs) if p.beyond] if tested else []
    title = text("measuring.distinct.title", language)
    table = Table(
        key="distinct",
        title=title,
        columns=_columns(language, spans=spans, tested=tested),
        rows=tuple(rows),
        groups=sections(starts, solution, names),
        marks=tuple(marks),
        notes=_notes(resampled, language, tested=tested, beyond=bool(marks)),
        formulas=(CICFA, CHI2, MERGED) if tested else (CICFA,),
    )
    return Evidence(
        id="factor-correlations",
        title=title,
        table=table,
        verdict=_verdict(pairs, solution, names, language),
        citations=(*SOURCES, *draws_sources(resampled)),
        language=language,
        stamps=tuple(stamps),
    )


def _columns(language: str, *, spans: bool, tested: bool) -> tuple[Column, ...]:
    low, high = say("column.lower", language), say("column.upper", language)
    ci = say("column.ci", language)
    boot = text("measuring.distinct.bootstrap_ci", language)
    cut = unit(criterion("validity.correlation").acceptable, language, 2)
    apart = text("measuring.distinct.at_cutoff", language, cutoff=cut)
    merged = text("measuring.distinct.merged", language)
    columns = [
        Column("pair", text("measuring.distinct.pair", language)),
        Column("est", "\u27e6r\u27e7", "unit"),
        Column("ci_lower", low, "unit", group=ci),
        Column("ci_upper", high, "unit", group=ci),
    ]
    if spans:
        columns += [
            Column("boot_lower", low, "unit", group=boot),
            Column("boot_upper", high, "unit", group=boot),
        ]
    if tested:
        columns += [
            Column("chisq_cutoff", "\u0394\u03c7\u00b2(1)", "number", 2, group=apart),
            Column("p_cutoff", "\u27e6p\u27e7", "p", group=apart),
            Column("chisq_merged", "\u0394\u03c7\u00b2", "number", 2, group=merged),
            Column("df_merged", "\u27e6df\u27e7", "int", group=merged),
            Column("p_merged", "\u27e6p\u27e7", "p", group=merged),
        ]
    return (*columns, Column("problem", text("measuring.distinct.problem", language)))


def _row(p: Pair, labels: Labels, language: str, *, spans: bool, tested: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = [_name(p, labels), p.est, p.ci_lower, p.ci_upper]
    if spans:
        cells += [p.boot_lower, p.boot_upper]
    if tested:
        cells += [*_test(p.at_cutoff)[::2], *_test(p.merged)]
    return (*cells, text(f"measuring.distinct.class.{problem(p)}", language))


def _test(test: DifferenceTest | None) -> tuple[Cell, Cell, Cell]:
    if test is None or not finite(test.stat):
        return None, None, None
    return test.stat, round(test.df), test.p


def _name(p: Pair, labels: Labels) -> str:
    return f"{labels.of(p.first)} \u2013 {labels.of(p.second)}"


def _notes(
    resampled: Resampled | None, language: str, *, tested: bool, beyond: bool
) -> tuple[str, ...]:
    rule = criterion("validity.correlation")
    bounds = {
        "marginal": unit(rule.good, language, 2),
        "moderate": unit(rule.acceptable, language, 2),
        "severe": unit(rule.upper, language, 2),
    }
    notes = [text("measuring.distinct.note", language, sources=cite(SOURCES, language), **bounds)]
    if tested:
        notes.append(text("measuring.distinct.note_tests", language, **bounds))
    if resampled is not None:
        source = source_note(
            resampled.kind, wanted=resampled.wanted, done=resampled.draws, language=language
        )
        notes += [source, counts_note(resampled, language)]
    if beyond:
        notes.append("a|" + text("measuring.distinct.note_beyond", language, **bounds))
    return tuple(notes)


def _verdict(
    pairs: Sequence[Pair], solution: Solution | None, labels: Labels, language: str
) -> Verdict:
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    if not pairs:
        return Verdict("none", (text("measuring.distinct.single", language),))
    by_class = {name: [p for p in pairs if problem(p) == name] for name in CLASSES}
    words = []
    clear = not by_class["severe"] and not by_class["moderate"]
    if clear and by_class["marginal"]:
        words.append(text("measuring.distinct.clear", language))
    for name in reversed(CLASSES[1:]):
        members = [_worded(p, solution, labels, language) for p in by_class[name]]
        if members:
            key = f"measuring.distinct.{name}"
            words.append(text(key, language, pairs=join(members, language)))
    if not words:
        return Verdict("good", (text("measuring.distinct.good", language),), SOURCES)
    level: Level = "poor" if by_class["severe"] else "mixed" if by_class["moderate"] else "good"
    return Verdict(level, tuple(words), SOURCES)


def _worded(p: Pair, solution: Solution | None, labels: Labels, language: str) -> str:
    group = group_label(solution, p.group, labels) if solution is not None else ""
    inside = (f"{group} " if group else "") + unit(p.est, language, 2)
    return f"{_name(p, labels)} ({inside})"


def distinct_figure(
    pairs: Sequence[Pair],
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Sizes of all factor correlations with their intervals against the class limits."""
    names = resolve(labels)
    rule = criterion("validity.correlation")
    rows = [_drawn(p, solution, names) for p in pairs if finite(p.est)]
    title = text("measuring.distinct.figure_title", language)
    alt = text(
        "measuring.distinct.figure_alt",
        language,
        count=len(rows),
        low=unit(min((r.value for r in rows), default=None), language, 2),
        high=unit(max((r.value for r in rows), default=None), language, 2),
    )
    cuts = (rule.good, rule.acceptable, rule.upper or 1.0)
    picture = plots.forest(
        rows, title=title, alt=alt, axis=text("measuring.distinct.axis", language),
        language=language, cuts=cuts,
    )  # fmt: skip
    note = text(
        "measuring.distinct.figure_note",
        language,
        marginal=unit(cuts[0], language, 2),
        moderate=unit(cuts[1], language, 2),
        severe=unit(cuts[2], language, 2),
        sources=cite(SOURCES, language),
    )
    figure = Figure(
        key="factor-correlations-plot",
        title=title,
        svg=picture,
        alt=alt,
        data=plots.forest_data(rows, "factor-correlations-plot", title, language),
        notes=(note,),
    )
    return Evidence(
        id="factor-correlations-figure", title=title, figure=figure, citations=SOURCES,
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _drawn(p: Pair, solution: Solution | None, labels: Labels) -> plots.ForestRow:
    low, high = p.boot_lower, p.boot_upper
    if not (finite(low) and finite(high)):
        low, high = p.ci_lower, p.ci_upper
    group = group_label(solution, p.group, labels) if solution is not None else ""
    return plots.ForestRow(
        label=labels.of(p.first),
        group=labels.of(p.second) + (f" \u00b7 {group}" if group else ""),
        value=p.est,
        low=low,
        high=high,
        strong=problem(p) in ("none", "marginal"),
    )
