"""Evidence on the structural model: paths, explained variance, effects, the path diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report import path_drawing as diagram
from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.loadings import heading
from analysis.report.path_model import Picture
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
    steps = {p.label: (p.rhs, p.lhs) for p in paths(solution) if p.label and p.group <= 1}
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


def paths_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Structural paths by outcome, raw and standardized, with R2 in the heading."""
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    seen = None
    for e in paths(solution):
        if (e.group, e.lhs) != seen:
            seen = (e.group, e.lhs)
            r2 = solution.r2_of(max(e.group - 1, 0)).get(e.lhs)
            explained = f" \u2003\u27e6R\u27e7\u00b2 = {unit(r2, language)}" if finite(r2) else ""
            groups.append((len(rows), heading(solution, e.lhs, e.group, names) + explained))
        rows.append(effect_cells(f"\u2190 {names.of(e.rhs)}", e))
    table = Table(
        key="paths",
        title=say("paths.title", language),
        columns=effect_columns(say("column.path", language), language),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("paths.note", language),),
    )
    return Evidence(
        id="paths-table", title=table.title, table=table,
        verdict=refusal(solution, language),
        paragraphs=_path_sentences(solution, names, language), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _path_sentences(solution: Solution, labels: Labels, language: str) -> tuple[str, ...]:
    """How many paths differ from zero and which do not; nothing where no verdict is allowed."""
    tested = [e for e in paths(solution) if e.free and finite(e.p)]
    if refusal(solution, language) is not None:
        return ()
    if not tested:
        return (say("paths.none", language),)
    unclear = [labels.path(e.rhs, e.lhs) for e in tested if e.p >= SIGNIFICANT]
    words = [
        say("paths.count", language, clear=len(tested) - len(unclear), total=len(tested)),
        say("paths.unclear", language, paths=join(unclear, language)) if unclear else "",
    ]
    return (sentences(words, language),)


def path_diagram(
    solution: Solution,
    *,
    indicators: bool = True,
    intervals: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The model as a path diagram with standardized estimates.

    ``indicators`` draws the items with their loadings; ``intervals`` prints 95% intervals in
    place of stars.
    """
    names = resolve(labels)
    title = say("diagram.title" if paths(solution) else "diagram.title_cfa", language)
    alt = _diagram_alt(solution, names, language)
    svg, shown = diagram.draw(
        solution, names, language=language, title=title, description=alt,
        indicators=indicators, intervals=intervals,
    )  # fmt: skip
    data = Table(
        key="path-diagram",
        title=title,
        columns=(
            Column("arrow", say("column.path", language)),
            Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
            Column("p", "\u27e6p\u27e7", "p"),
        ),
        rows=tuple((names.path(a.source, a.target), a.value, a.p) for a in shown.arrows),
    )
    figure = Figure(
        key="path-diagram", title=title, svg=svg, alt=alt, data=data if data.rows else None,
        notes=_diagram_notes(shown, names, language, intervals=intervals),
    )  # fmt: skip
    refused = None if solution.outcome.admissible else refusal(solution, language)
    return Evidence(
        id="path-diagram" if indicators else "path-diagram-structural", title=title, figure=figure,
        verdict=refused, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _diagram_notes(
    shown: Picture, labels: Labels, language: str, *, intervals: bool
) -> tuple[str, ...]:
    notes = [say("diagram.note_ci" if intervals else "diagram.note", language)]
    if any(n.alarm for n in shown.nodes) or any(a.alarm for a in shown.arrows):
        notes.append(say("diagram.note_alarm", language))
    if shown.hidden_curves:
        notes.append(say("diagram.note_hidden", language, count=shown.hidden_curves))
    if shown.hidden_pairs:
        pairs = [
            f"{labels.of(c.first)} \u2194 {labels.of(c.second)} {c.words}"
            for c in shown.hidden_pairs
        ]
        notes.append(say("diagram.note_pairs", language, pairs=join(pairs[:12], language)))
    return tuple(notes)


def _diagram_alt(solution: Solution, labels: Labels, language: str) -> str:
    factors = join([labels.of(n) for n in solution.latent], language)
    lead = say("diagram.alt", language, latents=factors, count=len(solution.latent))
    known = solution.outcome.estimated
    effects = [
        f"{labels.path(e.rhs, e.lhs)} {unit(e.std_all, language, 2)}" if known
        else labels.path(e.rhs, e.lhs)
        for e in paths(solution)
    ]  # fmt: skip
    parts = [lead]
    if effects:
        parts.append(say("diagram.alt_paths", language, paths=join(effects, language)))
    if not solution.outcome.admissible:
        parts.append(say(f"gate.{solution.outcome.value}", language))
    return sentences(parts, language)


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
    for name in outcomes:
        r2 = solution.r2.get(name)
        rows.append((names.of(name), r2 if finite(r2) else None, _strength(r2, language)))
    bounds = {"weak": rule.acceptable, "moderate": rule.good, "substantial": rule.upper}
    table = Table(
        key="r2",
        title=say("r2.title", language),
        columns=(
            Column("construct", say("column.construct", language)),
            Column("r2", "\u27e6R\u27e7\u00b2", "unit"),
            Column("strength", say("column.reading", language)),
        ),
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
    rows = tuple(effect_cells(defined_name(solution, e, names), e) for e in defined(solution))
    expressions = {e.lhs: e.rhs for e in defined(solution)}
    notes = [say("defined.note", language)]
    if expressions:
        listed = [f"{n} = {rhs}" for n, rhs in expressions.items()]
        notes.append(say("defined.note_expressions", language, list="; ".join(listed)))
    table = Table(
        key="defined-effects",
        title=say("defined.title", language),
        columns=effect_columns(say("column.effect", language), language),
        rows=rows,
        notes=tuple(notes),
    )
    return Evidence(
        id="defined-effects", title=table.title, table=table if rows else None,
        verdict=refusal(solution, language),
        paragraphs=() if rows else (say("defined.none", language),),
        citations=("sobel1982",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


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


def _forest_row(e: Estimate, label: str, group: str) -> plots.ForestRow:
    clear = not (finite(e.std_all_ci_lower) and e.std_all_ci_lower <= 0 <= e.std_all_ci_upper)
    return plots.ForestRow(
        label=label, group=group, value=e.std_all, low=e.std_all_ci_lower,
        high=e.std_all_ci_upper, strong=clear,
    )  # fmt: skip
