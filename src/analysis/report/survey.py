"""Evidence on the sample and its answers: funnel, distributions, direction, nonresponse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.normality import KURTOSIS, SKEWNESS, ItemNormality
from analysis.methods.screening import Direction, Distribution, EarlyLate, Funnel
from analysis.report import numbers, survey_plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.prose import join
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.survey_plots import Bar, LikertRow
from analysis.report.survey_words import LabelsLike, item_label, tell


def response_funnel(
    funnel: Funnel,
    *,
    reasons: Mapping[str, str],
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """From the answers received to those kept; ``reasons`` are the words for the rules."""
    del labels
    title = tell("funnel.title", language)
    first, last = tell("funnel.received", language), tell("funnel.kept", language)
    drawn = [Bar(first, funnel.received)]
    rows: list[tuple[Cell, ...]] = [(first, None, funnel.received, 1.0)]
    share = (lambda n: n / funnel.received) if funnel.received else (lambda n: 0.0)
    for step in funnel.steps:
        shown = numbers.integer(step.left, language=language)
        minus = numbers.integer(-step.out, language=language)
        drawn.append(Bar(reasons[step.rule], step.left, step.out, f"{shown}  ({minus})", False))
        rows.append((reasons[step.rule], step.out, step.left, share(step.left)))
    drawn.append(Bar(last, funnel.kept))
    rows.append((last, None, funnel.kept, share(funnel.kept)))
    fields = {
        "received": numbers.integer(funnel.received, language=language),
        "kept": numbers.integer(funnel.kept, language=language),
        "percent": numbers.percent(share(funnel.kept), language=language),
    }
    alt = tell("funnel.alt", language, **fields)
    columns = (
        Column("rule", tell("column.rule", language)),
        Column("out", tell("column.out", language), "int"),
        Column("left", tell("column.left", language), "int"),
        Column("share", tell("column.of_received", language), "percent", 1),
    )
    figure = Figure(
        key="response-funnel", title=title,
        svg=survey_plots.bars(drawn, title=title, alt=alt, language=language), alt=alt,
        data=Table("response-funnel-data", title, columns, tuple(rows)),
    )  # fmt: skip
    return Evidence(
        id="response-funnel", title=title, figure=figure, language=language,
        paragraphs=(tell("funnel.sentence", language, **fields),), stamps=tuple(stamps),
        citations=("appelbaum2018",),
    )  # fmt: skip


def likert_figure(
    rows: Sequence[Distribution],
    groups: Sequence[str],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Answers in categories as bars that diverge from the middle; ``groups`` (p,) head the rows."""
    names = resolve(labels)
    title = tell("likert.title", language)
    drawn = [
        LikertRow(item_label(d.name, names), names.of(group) if group else "",
                  tuple(c / d.n for c in d.counts), d.mean)
        for d, group in zip(rows, groups, strict=True) if d.counts and d.n
    ]  # fmt: skip
    if not drawn:
        return Evidence(id="likert", title=title, paragraphs=(tell("likert.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    high = max(drawn, key=lambda r: r.mean)
    low = min(drawn, key=lambda r: r.mean)
    alt = tell("likert.alt", language, items=len(drawn), high=high.label, low=low.label,
               most=numbers.number(high.mean, digits=2, language=language),
               least=numbers.number(low.mean, digits=2, language=language))  # fmt: skip
    svg = survey_plots.likert(
        drawn, ends=(tell("likert.low", language), tell("likert.high", language)),
        mean=tell("column.mean", language), title=title, alt=alt, language=language,
    )  # fmt: skip
    figure = Figure(key="likert", title=title, svg=svg, alt=alt, data=_likert_data(rows, language),
                    notes=(tell("likert.note", language),))  # fmt: skip
    return Evidence(id="likert", title=title, figure=figure, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def _likert_data(rows: Sequence[Distribution], language: str) -> Table:
    values = sorted({v for d in rows for v in d.values})
    columns = [Column("item", tell("column.item", language))]
    columns += [Column(f"c{v:g}", f"{v:g}", "int") for v in values]
    cells: list[tuple[Cell, ...]] = []
    for d in rows:
        if d.counts:
            found = dict(zip(d.values, d.counts, strict=True))
            cells.append((d.name, *(found.get(v) for v in values)))
    return Table("likert-data", tell("likert.title", language), tuple(columns), tuple(cells))


def distribution_table(
    rows: Sequence[Distribution],
    shapes: Sequence[ItemNormality],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Mean, spread, shape and end effects of every item, with what is remarkable marked."""
    names = resolve(labels)
    end, skew, peak = (criterion(f"survey.{k}") for k in ("end_effect", "skew", "kurtosis"))
    cells: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, int, str]] = []
    for i, (d, s) in enumerate(zip(rows, shapes, strict=True)):
        cells.append((item_label(d.name, names), d.n, d.mean, d.sd, s.skew, s.kurtosis, d.floor,
                      d.ceiling))  # fmt: skip
        marks += [(i, 4, "a")] if skew.missed(s.skew) else []
        marks += [(i, 5, "a")] if peak.missed(s.kurtosis) else []
        marks += [(i, 6, "b")] if end.missed(d.floor) else []
        marks += [(i, 7, "b")] if end.missed(d.ceiling) else []
    notes = [tell("distribution.note", language)]
    letters = {mark[2] for mark in marks}
    if "a" in letters:
        fields = {"skew": f"{skew.good:g}", "kurtosis": f"{peak.good:g}"}
        source = cite(skew.cite, language)
        notes.append("a|" + tell("distribution.note_shape", language, source=source, **fields))
    if "b" in letters:
        limit = numbers.percent(end.good, digits=0, language=language)
        notes.append("b|" + tell("distribution.note_ends", language, limit=limit,
                                 source=cite(end.cite, language)))  # fmt: skip
    share = tell("column.ends", language)
    table = Table(
        key="distributions",
        title=tell("distribution.title", language),
        columns=(
            Column("item", tell("column.item", language)),
            Column("n", "\u27e6n\u27e7", "int"),
            Column("mean", "\u27e6M\u27e7", "number", 2),
            Column("sd", "\u27e6SD\u27e7", "number", 2),
            Column("skew", tell("column.skew", language), "number", 2),
            Column("kurtosis", tell("column.kurtosis", language), "number", 2),
            Column("floor", tell("column.floor", language), "percent", 1, group=share),
            Column("ceiling", tell("column.ceiling", language), "percent", 1, group=share),
        ),
        rows=tuple(cells), marks=tuple(marks), notes=tuple(notes), formulas=(SKEWNESS, KURTOSIS),
    )  # fmt: skip
    cited = tuple(dict.fromkeys([*skew.cite, *end.cite]))
    return Evidence(id="distributions", title=table.title, table=table, citations=cited,
                    paragraphs=_unused(rows, language), language=language,
                    stamps=tuple(stamps))  # fmt: skip


def _unused(rows: Sequence[Distribution], language: str) -> tuple[str, ...]:
    found = [f"{d.name} ({join([f'{v:g}' for v in d.unused], language)})" for d in rows if d.unused]
    if not found:
        return ()
    return (tell("distribution.unused", language, items=join(found, language)),)


def direction_table(
    rows: Sequence[Direction],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Items that stand the wrong way round, and all that the codebook declares reversed."""
    names = resolve(labels)
    wrong = [r for r in rows if r.suspicious]
    shown = wrong + [r for r in rows if r.reversed and not r.suspicious]
    words = {flag: tell(f"direction.{'yes' if flag else 'no'}", language) for flag in (True, False)}
    readings = {
        (True, True): "turned_wrong", (True, False): "not_turned", (False, True): "right",
        (False, False): "right",
    }  # fmt: skip
    table = Table(
        key="directions",
        title=tell("direction.title", language),
        columns=(
            Column("item", tell("column.item", language)),
            Column("construct", tell("column.construct", language)),
            Column("reversed", tell("column.declared", language)),
            Column("r", tell("column.item_rest", language), "unit", 2),
            Column("reading", tell("column.reading", language)),
        ),
        rows=tuple(
            (item_label(r.item, names), names.of(r.construct), words[r.reversed], r.r,
             tell(f"direction.{readings[r.suspicious, r.reversed]}", language))
            for r in shown
        ),
        notes=(tell("direction.note", language),),
    )  # fmt: skip
    items = join([r.item for r in wrong], language)
    said = tell("direction.wrong", language, items=items) if wrong else tell(
        "direction.fine", language, items=len(rows))  # fmt: skip
    return Evidence(id="directions", title=table.title, table=table if shown else None,
                    paragraphs=(said,), language=language, stamps=tuple(stamps))  # fmt: skip


def early_late_table(
    rows: Sequence[EarlyLate],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Early and late respondents compared, construct by construct."""
    names: Labels = resolve(labels)
    title = tell("early.title", language)
    if not rows:
        return Evidence(id="early-late", title=title, language=language, stamps=tuple(stamps),
                        paragraphs=(tell("early.none", language),))  # fmt: skip
    early, late = (numbers.integer(n, language=language) for n in (rows[0].n_early, rows[0].n_late))
    table = Table(
        key="early-late", title=title,
        columns=(
            Column("construct", tell("column.construct", language)),
            Column("early", tell("column.early", language), "number", 2),
            Column("late", tell("column.late", language), "number", 2),
            Column("d", "\u27e6d\u27e7", "number", 2),
            Column("t", "\u27e6t\u27e7", "number", 2),
            Column("df", "\u27e6df\u27e7", "number", 1),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("p_holm", tell("column.holm", language), "p"),
        ),
        rows=tuple((names.of(r.name), r.early, r.late, r.d, r.t, r.df, r.p, r.p_holm)
                   for r in rows),
        notes=(tell("early.note", language, early=early, late=late),),
    )  # fmt: skip
    differing = [names.of(r.name) for r in rows if r.p_holm < 0.05]
    largest = max((abs(r.d) for r in rows if r.d == r.d), default=0.0)
    shown = numbers.number(largest, digits=2, language=language)
    said = (
        tell("early.differ", language, constructs=join(differing, language), d=shown)
        if differing
        else tell("early.same", language, d=shown)
    )
    return Evidence(id="early-late", title=title, table=table, paragraphs=(said,),
                    citations=("armstrong1977", "holm1979"), language=language,
                    stamps=tuple(stamps))  # fmt: skip
