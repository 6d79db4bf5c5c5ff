"""Figures of the loyalty index: weights, levels of groups, attitude by behaviour."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.data.judgements import Benchmark
from analysis.methods.loyalty_index import Levels, LoyaltyMatrix, Weighting
from analysis.methods.loyalty_index.matrix import KINDS
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.index_drawings import (
    DotRow,
    attitude_matrix,
    dot_intervals,
    level_grid,
    weight_dots,
)
from analysis.report.labels import Labels
from analysis.report.loyalty_index import group_name, say
from analysis.report.prose import join
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.svg import stacked


def weights_figure(
    names: Sequence[str],
    weightings: Sequence[Weighting],
    chosen: Weighting,
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Weights of every indicator by every method."""
    title = say("weights.figure", language)
    known = [w for w in weightings if w.known]
    shown = [labels.of(n) for n in names]
    methods = [say(f"method.{w.method}", language) for w in known]
    alt = say("weights.alt", language, methods=join(methods, language), count=len(names))
    svg = weight_dots(
        shown, methods, [[float(v) for v in w.weights] for w in known],
        used=[w.method for w in known].index(chosen.method),
        limits=list(zip(chosen.low.tolist(), chosen.high.tolist(), strict=True)),
        title=title, alt=alt, language=language,
    )  # fmt: skip
    columns = [Column("name", say("column.indicator", language))]
    columns += [Column(w.method, m, "unit") for w, m in zip(known, methods, strict=True)]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(float(w.weights[j]) for w in known)) for j, name in enumerate(shown)
    )
    data = Table("index-weights-plot", title, tuple(columns), rows)
    return Evidence(
        id="index-weights-figure",
        title=title,
        figure=Figure("index-weights-plot", title, svg, alt, data,
                      (say("weights.figure_note", language),)),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def levels_figure(
    found: Levels,
    whole: Levels,
    benchmarks: Sequence[Benchmark],
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """The index of the groups with intervals, and as a grid where two columns cross."""
    title = say("levels.figure", language)
    everybody = whole.cells[0]
    shown = [c for c in found.cells if not c.held]
    rows = [
        DotRow(group_name(found.columns, c, labels, language), c.index, c.low, c.high, c.n)
        for c in sorted(shown, key=lambda c: -c.index)
    ]
    if not found.columns:
        rows = []
    whole_row = DotRow(say("everybody", language), everybody.index, everybody.low,
                       everybody.high, everybody.n)  # fmt: skip
    marks = [(b.value, b.label[language] or b.source) for b in benchmarks]
    values = join((f"{r.label} {numbers.number(r.value, digits=1, language=language)}"
                   for r in (whole_row, *rows)), language)  # fmt: skip
    alt = say("levels.alt", language, values=values)
    svg = dot_intervals([whole_row, *rows], marks, axis=say("levels.axis", language),
                        title=title, alt=alt, language=language)  # fmt: skip
    if len(found.columns) == 2 and len(shown) > 3:
        grid = _grid(found, labels, language, alt)
        leads = (say("levels.lead_order", language), say("levels.lead_grid", language))
        svg = stacked(leads, (svg, grid), title=title, description=alt)
    data = Table(
        "index-levels-plot",
        title,
        (
            Column("group", say("column.group", language)),
            Column("index", say("column.index", language), "number", 1),
            Column("low", say("column.lower", language), "number", 1),
            Column("high", say("column.upper", language), "number", 1),
        ),
        tuple((r.label, r.value, r.low, r.high) for r in (whole_row, *rows)),
    )
    return Evidence(
        id="index-levels-figure",
        title=title,
        figure=Figure("index-levels-plot", title, svg, alt, data,
                      (say("levels.figure_note", language),)),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _grid(found: Levels, labels: Labels, language: str, alt: str) -> str:
    one, two = found.columns
    known = {
        c: [key.partition("=")[2] for key in labels.groups if key.startswith(f"{c}=")]
        for c in (one, two)
    }
    here = [{c.labels[i] for c in found.cells} for i in (0, 1)]
    rows = [v for v in known[one] if v in here[0]] or sorted(here[0])
    columns = [v for v in known[two] if v in here[1]] or sorted(here[1])
    value = {c.labels: c.index for c in found.cells if not c.held}
    return level_grid(
        [labels.groups.get(f"{one}={v}", v) for v in rows],
        [labels.groups.get(f"{two}={v}", v) for v in columns],
        [[value.get((r, c)) for c in columns] for r in rows],
        title=say("levels.lead_grid", language), alt=alt, language=language,
    )  # fmt: skip


def matrix_figure(
    found: LoyaltyMatrix, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Attitude by behaviour: shares of true, latent, spurious and no loyalty."""
    title = say("matrix.title", language)
    names = [say(f"matrix.{kind}", language) for kind in KINDS]
    shares = join(
        (f"{n} {numbers.percent(s, language=language)}"
         for n, s in zip(names, found.shares, strict=True)), language)  # fmt: skip
    alt = say("matrix.alt", language, values=shares)
    svg = attitude_matrix(
        found.shares, found.low, found.high, names,
        [say(f"matrix.{kind}_words", language) for kind in KINDS],
        axes=(say("matrix.behaviour", language), say("matrix.attitude", language)),
        ends=(say("matrix.low", language), say("matrix.high", language)),
        title=title, alt=alt, language=language,
    )  # fmt: skip
    ci = say("column.ci", language)
    data = Table(
        "loyalty-matrix",
        title,
        (
            Column("kind", say("column.kind", language)),
            Column("share", say("column.share", language), "percent"),
            Column("low", say("column.lower", language), "percent", group=ci),
            Column("high", say("column.upper", language), "percent", group=ci),
        ),
        tuple(zip(names, found.shares, found.low, found.high, strict=True)),
    )
    cuts = {
        "attitude": numbers.number(found.attitude_cut, digits=1, language=language),
        "behaviour": numbers.number(found.behaviour_cut, digits=1, language=language),
    }
    note = say("matrix.note", language, n=found.n, sources=cite(("dick1994",), language), **cuts)
    return Evidence(
        id="loyalty-matrix",
        title=title,
        figure=Figure("loyalty-matrix", title, svg, alt, data, (note,)),
        citations=("dick1994",),
        language=language,
        stamps=tuple(stamps),
    )
