"""Evidence on the loadings of the measurement model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import (
    EQUAL,
    block_cells,
    blocked,
    blocks,
    equal_over_groups,
    group_label,
    group_labels,
    heading,
    side_by_side,
)
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite
from analysis.report.reliability import ReliabilityLike
from analysis.sem import Estimate, Solution

LabelsLike = Labels | Mapping[str, str] | None


def loadings(solution: Solution) -> list[Estimate]:
    """Loadings, factor by factor in model order."""
    rows = [e for e in solution.estimates if e.op == "=~"]
    order = {name: i for i, name in enumerate(dict.fromkeys((e.group, e.lhs) for e in rows))}
    return sorted(rows, key=lambda e: order[(e.group, e.lhs)])


def loadings_table(
    solution: Solution,
    reliability: Sequence[ReliabilityLike] = (),
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Loadings with intervals, items grouped by construct, reliability in the heading."""
    names = resolve(labels)
    rule = criterion("measurement.loading")
    make = _blocked_rows if blocked(solution) else _rows
    body = make(solution, reliability, names, language)
    cutoff = unit(rule.good, language)
    notes = [say("loadings.note", language, cutoff=cutoff, sources=cite(rule.cite, language))]
    if any(not e.free for e in loadings(solution)):
        notes.append(say("loadings.note_fixed", language))
    letters = {mark[2] for mark in body.marks}
    if "a" in letters:
        notes.append("a|" + say("loadings.note_missed", language, cutoff=cutoff))
    if EQUAL in letters:
        notes.append(f"{EQUAL}|" + say("groups.note_equal", language))
    table = replace(body, notes=tuple(notes))
    return Evidence(
        id="loadings-table",
        title=table.title,
        table=table,
        verdict=_loading_verdict(solution, names, language),
        citations=rule.cite,
        language=language,
        stamps=tuple(stamps),
    )


def _rows(
    solution: Solution, reliability: Sequence[ReliabilityLike], labels: Labels, language: str
) -> Table:
    """One line a loading, section after section."""
    rule = criterion("measurement.loading")
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    worded = any(labels.wording(e.rhs) for e in loadings(solution))
    known = {(r.group, r.construct): r for r in reliability}
    for (group, factor), members in groupby(loadings(solution), key=lambda e: (e.group, e.lhs)):
        lead = heading(solution, factor, group, labels)
        groups.append((len(rows), lead + _coefficients(known.get((group, factor)), language)))
        for e in members:
            if rule.missed(abs(e.std_all)):
                marks.append((len(rows), 2 if worded else 1, "a"))
            words = (labels.wording(e.rhs),) if worded else ()
            se = e.se if e.free else None
            z, p = (e.z, e.p) if e.free else (None, None)
            rows.append(
                (_item(solution, e, labels), *words, e.std_all, e.std_all_se, e.std_all_ci_lower,
                 e.std_all_ci_upper, e.est, se, z, p)
            )  # fmt: skip
    columns = _loading_columns(language, worded=worded)
    title = say("loadings.title", language)
    return Table("loadings", title, columns, tuple(rows), groups=tuple(groups), marks=tuple(marks))


def _blocked_rows(
    solution: Solution, reliability: Sequence[ReliabilityLike], labels: Labels, language: str
) -> Table:
    """One line a loading, the groups side by side."""
    del reliability
    rule, equal = criterion("measurement.loading"), equal_over_groups(solution)
    names = group_labels(solution, labels)
    columns = (
        Column("est", say("column.estimate", language), "number"),
        Column("se", "\u27e6SE\u27e7", "number"),
        Column("std_all", "\u27e6\u03bb\u27e7", "unit"),
        Column("std_all_ci_lower", say("column.lower", language), "unit", 2),
        Column("std_all_ci_upper", say("column.upper", language), "unit", 2),
    )
    width = len(columns)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    factor = ""
    for members in side_by_side(loadings(solution), len(names)):
        first = next(e for e in members if e is not None)
        if first.lhs != factor:
            factor = first.lhs
            groups.append((len(rows), labels.of(factor)))
        if (first.lhs, first.op, first.rhs) in equal:
            marks.append((len(rows), 0, EQUAL))
        marks += [
            (len(rows), 3 + g * width, "a")
            for g, e in enumerate(members)
            if e is not None and rule.missed(abs(e.std_all))
        ]
        cells = [
            None if e is None else (e.est, e.se if e.free else None, e.std_all,
                                    e.std_all_ci_lower, e.std_all_ci_upper)
            for e in members
        ]  # fmt: skip
        rows.append((_item(solution, first, labels), *block_cells(cells, width)))
    lead = Column("item", say("column.item", language))
    title = say("loadings.title", language)
    return Table(
        "loadings", title, (lead, *blocks(names, columns)), tuple(rows), groups=tuple(groups),
        marks=tuple(marks),
    )  # fmt: skip


def _item(solution: Solution, e: Estimate, labels: Labels) -> str:
    return labels.of(e.rhs) if e.rhs in solution.latent else e.rhs


def _loading_columns(language: str, *, worded: bool) -> tuple[Column, ...]:
    std, raw = say("column.standardized", language), say("column.unstandardized", language)
    words = (Column("wording", say("column.wording", language)),) if worded else ()
    low, high = say("column.lower", language), say("column.upper", language)
    return (
        Column("item", say("column.item", language)),
        *words,
        Column("std_all", "\u27e6\u03bb\u27e7", "unit", group=std),
        Column("std_all_se", "\u27e6SE\u27e7", "unit", group=std),
        Column("std_all_ci_lower", low, "unit", group=std),
        Column("std_all_ci_upper", high, "unit", group=std),
        Column("est", say("column.estimate", language), "number", group=raw),
        Column("se", "\u27e6SE\u27e7", "number", group=raw),
        Column("z", "\u27e6z\u27e7", "number", 2, group=raw),
        Column("p", "\u27e6p\u27e7", "p", group=raw),
    )


def _coefficients(r: ReliabilityLike | None, language: str) -> str:
    if r is None:
        return ""
    pairs = (("\u03b1", r.alpha), ("CR", r.cr), ("AVE", r.ave))
    parts = [f"{name} = {unit(v, language, 2)}" for name, v in pairs if finite(v)]
    if not parts:
        return ""
    inside = join(parts, language)
    return f"\uff08{inside}\uff09" if language == "zh" else f" ({inside})"


def _loading_verdict(solution: Solution, labels: Labels, language: str) -> Verdict:
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    rule = criterion("measurement.loading")
    known = [e for e in loadings(solution) if finite(e.std_all)]
    weak = [e for e in known if rule.missed(e.std_all)]
    count = say("loadings.count", language, good=len(known) - len(weak), total=len(known),
                cutoff=unit(rule.good, language))  # fmt: skip
    negative = list(dict.fromkeys(e.rhs for e in known if e.std_all < 0))
    words = [count]
    if weak:
        listed = [
            f"{item} ({join([_weak(solution, e, labels, language) for e in members], language)})"
            for item, members in _by_item(weak).items()
        ]
        words.append(say("loadings.weak", language, items=join(listed, language)))
    if negative:
        words.append(say("loadings.negative", language, items=join(negative, language)))
    poor = any(rule.grade(e.std_all) == "poor" for e in known)
    level = "poor" if poor else "mixed" if weak else "good"
    return Verdict("poor" if level == "poor" else "mixed" if level == "mixed" else "good",
                   tuple(words), rule.cite)  # fmt: skip


def _weak(solution: Solution, e: Estimate, labels: Labels, language: str) -> str:
    group = group_label(solution, e.group, labels)
    return (f"{group} " if group else "") + unit(e.std_all, language, 3)


def _by_item(rows: Sequence[Estimate]) -> dict[str, list[Estimate]]:
    found: dict[str, list[Estimate]] = {}
    for e in rows:
        found.setdefault(e.rhs, []).append(e)
    return found


def loadings_figure(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Standardized loadings with 95% intervals, against the cut-off."""
    names = resolve(labels)
    rule = criterion("measurement.loading")
    rows = [
        plots.ForestRow(
            label=_row_label(solution, e, names),
            group=names.of(e.lhs),
            value=e.std_all,
            low=e.std_all_ci_lower,
            high=e.std_all_ci_upper,
            strong=not rule.missed(e.std_all),
        )
        for e in _by_factor(solution)
        if finite(e.std_all)
    ]
    title = say("loadings.figure_title", language)
    alt = say("loadings.figure_alt", language, count=len(rows),
              low=unit(min((r.value for r in rows), default=None), language, 2),
              high=unit(max((r.value for r in rows), default=None), language, 2))  # fmt: skip
    picture = plots.forest(
        rows, title=title, alt=alt, axis=say("loadings.axis", language), language=language,
        reference=rule.good,
    )  # fmt: skip
    figure = Figure(
        key="loadings-plot",
        title=title,
        svg=picture,
        alt=alt,
        data=plots.forest_data(rows, "loadings-plot", title, language),
        notes=(say("loadings.figure_note", language, cutoff=unit(rule.good, language)),),
    )
    return Evidence(
        id="loadings-figure", title=title, figure=figure, citations=rule.cite, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _by_factor(solution: Solution) -> list[Estimate]:
    """Loadings with the groups' estimates of each below each other."""
    count = len(solution.partable.groups)
    families = side_by_side(loadings(solution), count)
    return [e for members in families for e in members if e is not None]


def _row_label(solution: Solution, e: Estimate, labels: Labels) -> str:
    group = group_label(solution, e.group, labels)
    return _item(solution, e, labels) + (f" \u00b7 {group}" if group else "")
