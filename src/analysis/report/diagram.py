"""Evidence: the model as a path diagram, one drawing a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report import numbers, path_drawing
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label, group_labels
from analysis.report.labels import Labels, resolve
from analysis.report.path_model import Picture
from analysis.report.prose import conclusive, gate, join, refusal, say, sentences, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.structure import paths
from analysis.report.svg import stacked
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None


def path_diagram(
    solution: Solution,
    *,
    indicators: bool = True,
    intervals: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The model as a path diagram with standardized estimates, groups below each other.

    ``indicators`` draws the items with their loadings; ``intervals`` prints 95% intervals in
    place of stars.
    """
    names = resolve(labels)
    title = say("diagram.title" if paths(solution) else "diagram.title_cfa", language)
    alt = _diagram_alt(solution, names, language)
    parts = group_labels(solution, names)
    drawn = [
        path_drawing.draw(
            solution, names, language=language, title=part or title, description=alt,
            indicators=indicators, intervals=intervals, group=g,
        )
        for g, part in enumerate(parts or ("",), start=1)
    ]  # fmt: skip
    svg = drawn[0][0]
    if parts:
        leads = [_lead(solution, g, names, language) for g in range(1, len(parts) + 1)]
        svg = stacked(leads, [text for text, _ in drawn], title=title, description=alt)
    pictures = [shown for _, shown in drawn]
    data = _data(pictures, parts, names, title, language)
    notes = dict.fromkeys(
        note
        for shown in pictures
        for note in _diagram_notes(shown, names, language, intervals=intervals)
    )
    figure = Figure(
        key="path-diagram", title=title, svg=svg, alt=alt, data=data if data.rows else None,
        notes=tuple(notes),
    )  # fmt: skip
    refused = None if conclusive(solution) else refusal(solution, language)
    return Evidence(
        id="path-diagram" if indicators else "path-diagram-structural", title=title, figure=figure,
        verdict=refused, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _lead(solution: Solution, group: int, labels: Labels, language: str) -> str:
    """What stands above a group's drawing."""
    n = numbers.integer(solution.fit.moments.groups[group - 1].n, language=language)
    name = group_label(solution, group, labels)
    return say("diagram.group", language, group=name, n=n)


def _data(
    pictures: Sequence[Picture], parts: Sequence[str], labels: Labels, title: str, language: str
) -> Table:
    """The arrows with their estimates, group after group."""
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for g, shown in enumerate(pictures):
        if parts and shown.arrows:
            groups.append((len(rows), parts[g]))
        rows += [(labels.path(a.source, a.target), a.value, a.p) for a in shown.arrows]
    return Table(
        key="path-diagram",
        title=title,
        columns=(
            Column("arrow", say("column.path", language)),
            Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
            Column("p", "\u27e6p\u27e7", "p"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
    )


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
    effects = []
    for e in paths(solution):
        group = group_label(solution, e.group, labels)
        value = f" {unit(e.std_all, language, 2)}" if known else ""
        effects.append(labels.path(e.rhs, e.lhs) + value + (f" ({group})" if group else ""))
    parts = [lead]
    if effects:
        parts.append(say("diagram.alt_paths", language, paths=join(effects, language)))
    if not conclusive(solution):
        parts.append(gate(solution, language))
    return sentences(parts, language)
