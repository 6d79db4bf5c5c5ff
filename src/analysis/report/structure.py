"""Evidence on the structural model: paths, explained variance, effects, the path diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import (
    EQUAL,
    block_cells,
    blocked,
    blocks,
    definitions,
    equal_over_groups,
    group_label,
    group_labels,
    heading,
    side_by_side,
    without_group,
)
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, sentences, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.sem import Estimate, Solution

LabelsLike = Labels | Mapping[str, str] | None
SIGNIFICANT = 0.05


def paths(solution: Solution) -> list[Estimate]:
    """Regressions in model order, outcome by outcome."""
    rows = [e for e in solution.estimates if e.op == "~"]
    order = {key: i for i, key in enumerate(dict.fromkeys((e.group, e.lhs) for e in rows))}
    return sorted(rows, key=lambda e: order[(e.group, e.lhs)])


def defined(solution: Solution) -> list[Estimate]:
    """Defined quantities (``:=``) in model order."""
    return [e for e in solution.estimates if e.op == ":="]


def defined_name(solution: Solution, e: Estimate, labels: Labels) -> str:
    """What to call a defined quantity: its label, its chain of paths, or its name.

    A product of labelled paths that follow each other is shown as the route it takes.
    """
    if labels.of(e.lhs) != e.lhs:
        return labels.of(e.lhs)
    factors = [f.strip() for f in e.rhs.split("*")]
    steps = {p.label: (p.rhs, p.lhs) for p in paths(solution) if p.label}
    if len(factors) > 1 and all(f in steps for f in factors):
        route = list(steps[factors[0]])
        for factor in factors[1:]:
            source, target = steps[factor]
            if source != route[-1]:
                return e.lhs.replace("_", " ")
            route.append(target)
        return " \u2192 ".join(labels.of(n) for n in route)
    return e.lhs.replace("_", " ")


def effect_columns(first: str, language: str) -> tuple[Column, ...]:
    """Columns of a table of effects: raw with test and interval, then standardized."""
    raw, std = say("column.unstandardized", language), say("column.standardized", language)
    low, high = say("column.lower", language), say("column.upper", language)
    return (
        Column("effect", first),
        Column("est", "\u27e6B\u27e7", "number", group=raw),
        Column("se", "\u27e6SE\u27e7", "number", group=raw),
        Column("z", "\u27e6z\u27e7", "number", 2, group=raw),
        Column("p", "\u27e6p\u27e7", "p", group=raw),
        Column("ci_lower", low, "number", group=raw),
        Column("ci_upper", high, "number", group=raw),
        Column("std_all", "\u27e6\u03b2\u27e7", "unit", group=std),
        Column("std_all_ci_lower", low, "unit", group=std),
        Column("std_all_ci_upper", high, "unit", group=std),
    )


def effect_cells(label: str, e: Estimate) -> tuple[Cell, ...]:
    """One effect as a row of such a table."""
    tested = e.free or e.op == ":="
    se, z, p = (e.se, e.z, e.p) if tested else (None, None, None)
    low, high = (e.ci_lower, e.ci_upper) if tested else (None, None)
    return (label, e.est, se, z, p, low, high, e.std_all, e.std_all_ci_lower, e.std_all_ci_upper)


def _paths(solution: Solution, labels: Labels, language: str) -> Table:
    """One line a path, section after section."""
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    seen = None
    for e in paths(solution):
        if (e.group, e.lhs) != seen:
            seen = (e.group, e.lhs)
            r2 = solution.r2_of(max(e.group - 1, 0)).get(e.lhs)
            explained = f" \u2003\u27e6R\u27e7\u00b2 = {unit(r2, language)}" if finite(r2) else ""
            groups.append((len(rows), heading(solution, e.lhs, e.group, labels) + explained))
        rows.append(effect_cells(f"\u2190 {labels.of(e.rhs)}", e))
    return Table(
        key="paths",
        title=say("paths.title", language),
        columns=effect_columns(say("column.path", language), language),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("paths.note", language),),
    )


BLOCK = (
    Column("est", "\u27e6B\u27e7", "number"),
    Column("se", "\u27e6SE\u27e7", "number"),
    Column("p", "\u27e6p\u27e7", "p"),
    Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
)


def _block(e: Estimate | None) -> tuple[Cell, ...] | None:
    if e is None:
        return None
    tested = e.free or e.op == ":="
    return (e.est, e.se if tested else None, e.p if tested else None, e.std_all)


def _blocked_paths(solution: Solution, labels: Labels, language: str) -> Table:
    """One line a path, the groups side by side; R2 of each group closes an outcome."""
    names, equal = group_labels(solution, labels), equal_over_groups(solution)
    families = side_by_side(paths(solution), len(names))
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    for outcome in dict.fromkeys(e.lhs for e in paths(solution)):
        groups.append((len(rows), labels.of(outcome)))
        for members in families:
            first = next(e for e in members if e is not None)
            if first.lhs != outcome:
                continue
            if (first.lhs, first.op, first.rhs) in equal:
                marks.append((len(rows), 0, EQUAL))
            cells = [_block(e) for e in members]
            rows.append((f"\u2190 {labels.of(first.rhs)}", *block_cells(cells, len(BLOCK))))
        r2 = [solution.r2_of(g).get(outcome) for g in range(len(names))]
        explained = [("", "", "", v if finite(v) else None) for v in r2]
        rows.append(("\u27e6R\u27e7\u00b2", *block_cells(explained, len(BLOCK))))
    notes = [say("groups.note_paths", language)]
    if marks:
        notes.append(f"{EQUAL}|" + say("groups.note_equal", language))
    return Table(
        key="paths",
        title=say("paths.title", language),
        columns=(Column("effect", say("column.path", language)), *blocks(names, BLOCK)),
        rows=tuple(rows),
        groups=tuple(groups),
        marks=tuple(marks),
        notes=tuple(notes),
    )


def paths_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Structural paths by outcome, raw and standardized, with R2 in the heading."""
    names = resolve(labels)
    make = _blocked_paths if blocked(solution) else _paths
    table = make(solution, names, language)
    return Evidence(
        id="paths-table", title=table.title, table=table,
        verdict=refusal(solution, language),
        paragraphs=_path_sentences(solution, names, language), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _path_sentences(solution: Solution, labels: Labels, language: str) -> tuple[str, ...]:
    """How many paths differ from zero and which do not; nothing where no verdict is allowed."""
    equal = equal_over_groups(solution)
    tested = [
        e
        for e in paths(solution)
        if e.free and finite(e.p) and (e.group <= 1 or (e.lhs, e.op, e.rhs) not in equal)
    ]
    if refusal(solution, language) is not None:
        return ()
    if not tested:
        return (say("paths.none", language),)
    unclear = [_called(solution, e, labels) for e in tested if e.p >= SIGNIFICANT]
    words = [
        say("paths.count", language, clear=len(tested) - len(unclear), total=len(tested)),
        say("paths.unclear", language, paths=join(unclear, language)) if unclear else "",
    ]
    return (sentences(words, language),)


def _called(solution: Solution, e: Estimate, labels: Labels) -> str:
    """A path in words, with its group where there are several and they differ in it."""
    shared = (e.lhs, e.op, e.rhs) in equal_over_groups(solution)
    group = "" if shared else group_label(solution, e.group, labels)
    return labels.path(e.rhs, e.lhs) + (f" ({group})" if group else "")


def r2_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Explained variance of the endogenous latent (and structural observed) variables."""
    names = resolve(labels)
    outcomes = list(dict.fromkeys(e.lhs for e in paths(solution)))
    rule = criterion("effect.r2")
    rows: list[tuple[Cell, ...]] = []
    parts = group_labels(solution, names)
    for name in outcomes:
        found = [solution.r2_of(g).get(name) for g in range(max(len(parts), 1))]
        known: list[Cell] = [v if finite(v) else None for v in found]
        reading = () if parts else (_strength(found[0], language),)
        rows.append((names.of(name), *known, *reading))
    symbol = "\u27e6R\u27e7\u00b2"
    columns = (
        tuple(Column(f"r2.g{g}", part, "unit", group=symbol) for g, part in enumerate(parts, 1))
        if parts
        else (
            Column("r2", symbol, "unit"),
            Column("strength", say("column.reading", language)),
        )
    )
    bounds = {"weak": rule.acceptable, "moderate": rule.good, "substantial": rule.upper}
    table = Table(
        key="r2",
        title=say("r2.title", language),
        columns=(Column("construct", say("column.construct", language)), *columns),
        rows=tuple(rows),
        notes=(
            say(
                "r2.note",
                language,
                sources=cite(rule.cite, language),
                **{k: unit(v, language, 2) for k, v in bounds.items()},
            ),
        ),
    )
    return Evidence(
        id="r2-table", title=table.title, table=table, verdict=refusal(solution, language),
        citations=rule.cite, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _strength(r2: float | None, language: str) -> str:
    rule = criterion("effect.r2")
    if r2 is None or not finite(r2):
        return ""
    if rule.upper is not None and r2 >= rule.upper:
        return say("r2.substantial", language)
    key = "moderate" if r2 >= rule.good else "weak" if r2 >= rule.acceptable else "very_weak"
    return say(f"r2.{key}", language)


def defined_effects_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Quantities that the model defines (indirect and total effects), delta-method intervals."""
    names = resolve(labels)
    found = definitions(solution)
    own = any(len(members) > 1 for _, members in found)
    wide = own and blocked(solution)
    rows: list[tuple[Cell, ...]] = []
    for name, members in found:
        words = defined_name(solution, replace(members[0], lhs=name), names)
        if wide:
            each = members if len(members) > 1 else members * len(solution.partable.groups)
            rows.append((words, *block_cells([_block(e) for e in each], len(BLOCK))))
            continue
        for g, e in enumerate(members, start=1):
            group = group_label(solution, g, names) if len(members) > 1 else ""
            rows.append(effect_cells(words + (f" \u00b7 {group}" if group else ""), e))
    notes = [say("groups.note_defined" if wide else "defined.note", language)]
    if len(solution.partable.groups) > 1 and any(len(members) == 1 for _, members in found):
        first = group_label(solution, 1, names)
        notes.append(say("groups.note_first", language, group=first))
    if found:
        listed = [f"{name} = {_expression(members, name)}" for name, members in found]
        notes.append(say("defined.note_expressions", language, list="; ".join(listed)))
    lead = say("column.effect", language)
    columns = (
        (Column("effect", lead), *blocks(group_labels(solution, names), BLOCK))
        if wide
        else effect_columns(lead, language)
    )
    table = Table(
        key="defined-effects",
        title=say("defined.title", language),
        columns=columns,
        rows=tuple(rows),
        notes=tuple(notes),
    )
    return Evidence(
        id="defined-effects", title=table.title, table=table if rows else None,
        verdict=refusal(solution, language),
        paragraphs=() if rows else (say("defined.none", language),),
        citations=("sobel1982",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _expression(members: Sequence[Estimate], name: str) -> str:
    """The definition; of a quantity that each group has, without the groups' suffixes."""
    text = members[0].rhs
    return without_group(text) if len(members) > 1 and name != members[0].lhs else text


def effects_figure(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Standardized paths and defined effects with their intervals."""
    names = resolve(labels)
    direct, other = say("effects.direct", language), say("effects.defined", language)
    if len(solution.partable.groups) > 1:
        rows = _grouped_forest(solution, names)
    else:
        rows = [_forest_row(e, names.path(e.rhs, e.lhs), direct) for e in paths(solution)]
        rows += [_forest_row(e, defined_name(solution, e, names), other) for e in defined(solution)]
    rows = [r for r in rows if finite(r.value)]
    title = say("effects.figure_title", language)
    alt = say("effects.figure_alt", language, count=len(rows), list=join(
        [f"{r.label} {unit(r.value, language, 2)}" for r in rows], language))  # fmt: skip
    svg = plots.forest(
        rows, title=title, alt=alt, axis=say("effects.axis", language), language=language
    )
    figure = Figure(
        key="effects-plot", title=title, svg=svg, alt=alt,
        data=plots.forest_data(rows, "effects-plot", title, language),
        notes=(say("effects.figure_note", language),),
    )  # fmt: skip
    return Evidence(
        id="effects-figure", title=title, figure=figure, verdict=None, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _grouped_forest(solution: Solution, labels: Labels) -> list[plots.ForestRow]:
    """Effect by effect, the groups below each other."""
    parts = group_labels(solution, labels)
    rows = []
    for members in side_by_side(paths(solution), len(parts)):
        lead = next(labels.path(e.rhs, e.lhs) for e in members if e is not None)
        rows += [_forest_row(e, parts[e.group - 1], lead) for e in members if e is not None]
    for name, family in definitions(solution):
        lead = defined_name(solution, replace(family[0], lhs=name), labels)
        if len(family) > 1:
            rows += [_forest_row(e, part, lead) for e, part in zip(family, parts, strict=True)]
        else:
            rows.append(_forest_row(family[0], lead, ""))
    return rows


def _forest_row(e: Estimate, label: str, group: str) -> plots.ForestRow:
    clear = not (finite(e.std_all_ci_lower) and e.std_all_ci_lower <= 0 <= e.std_all_ci_upper)
    return plots.ForestRow(
        label=label, group=group, value=e.std_all, low=e.std_all_ci_lower,
        high=e.std_all_ci_upper, strong=clear,
    )  # fmt: skip
