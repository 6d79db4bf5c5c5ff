"""Figures of retention: odds ratios, importance, dependence, survival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.methods.retention import Curve, Dependence, Logistic, LogRank
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.plots import WIDTH, ticks
from analysis.report.prose import join, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.retention import say
from analysis.report.retention_drawings import (
    BarRow,
    Frame,
    RatioRow,
    bars,
    legend,
    ratios,
)
from analysis.report.svg import Drawing, wrap

Array = NDArray[np.float64]


def percent(v: float, language: str, digits: int = 0) -> str:
    """A share on an axis."""
    return numbers.percent(v, digits=digits, language=language)


def odds_figure(
    found: Logistic, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Odds ratios with limits by block."""
    title = say("odds_figure.title", language)
    rows: list[RatioRow] = []
    for j, c in enumerate(found.coefficients):
        if j == 0 or c.block != found.coefficients[j - 1].block:
            rows.append(RatioRow(say(f"block.{c.block}", language), heading=True))
        rows.append(RatioRow(labels.of(c.column), c.ratio, c.low, c.high, c.pvalue < 0.05))
    strong = [r for r in rows if r.strong and not r.heading]
    values = join((f"{r.label} {numbers.number(r.value, digits=2, language=language)}"
                   for r in strong), language)  # fmt: skip
    alt = say("odds_figure.alt", language, values=values)
    svg = ratios(rows, axis=say("odds_figure.axis", language), title=title, alt=alt,
                 language=language)  # fmt: skip
    columns = (
        Column("name", say("column.variable", language)),
        Column("ratio", say("column.odds", language), "number", 2),
        Column("low", say("column.lower", language), "number", 2),
        Column("high", say("column.upper", language), "number", 2),
    )
    data = Table("retention-odds-plot", title, columns,
                 tuple((labels.of(c.column), c.ratio, c.low, c.high)
                       for c in found.coefficients))  # fmt: skip
    return Evidence(
        "retention-odds-figure", title,
        figure=Figure("retention-odds-plot", title, svg, alt, data,
                      (say("odds_figure.note", language),)),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def importance_figure(
    found: Mapping[str, Array],
    model: str,
    *,
    repeats: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Loss of AUC when a variable is shuffled."""
    title = say("importance.title", language)
    order = sorted(found, key=lambda s: -float(found[s].mean()))
    rows = []
    for name in order:
        d = found[name]
        mean, least, most = (float(v) for v in (d.mean(), d.min(), d.max()))
        limits = f"{unit(least, language)} \u2026 {unit(most, language)}"
        rows.append(BarRow(labels.of(name), mean, least, most, unit(mean, language), limits))
    alt = say("importance.alt", language, names=join((r.label for r in rows[:3]), language))
    svg = bars(rows, axis=say("importance.axis", language), title=title, alt=alt)
    columns = (
        Column("name", say("column.variable", language)),
        Column("mean", say("column.loss", language), "unit"),
        Column("low", say("column.least", language), "unit"),
        Column("high", say("column.most", language), "unit"),
    )
    data = Table("retention-importance", title, columns,
                 tuple((r.label, r.value, r.low, r.high) for r in rows))  # fmt: skip
    note = say("importance.note", language, model=say(f"learner.{model}", language),
               repeats=repeats, sources=cite(("breiman2001",), language))  # fmt: skip
    return Evidence(
        "retention-importance", title,
        figure=Figure("retention-importance", title, svg, alt, data, (note,)),
        paragraphs=(say("importance.words", language,
                        names=join((r.label for r in rows[:3]), language)),),
        citations=("breiman2001",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def dependence_figure(
    found: Sequence[Dependence], *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Partial dependence in small panels of one scale."""
    title = say("dependence.title", language)
    models = list(found[0].curves)
    top = max(float(c.max()) for d in found for c in d.curves.values())
    ys = ticks(0.0, top, most=4)
    wide, high = WIDTH / 2, 190.0
    drawing = Drawing(WIDTH, 34.0 + high * ((len(found) + 1) // 2))
    legend(drawing, [say(f"learner.{m}", language) for m in models], 46, 10)
    for i, d in enumerate(found):
        x, y = wide * (i % 2), 34.0 + high * (i // 2)
        grid = ticks(float(d.grid.min()), float(d.grid.max()), most=4)
        frame = Frame(drawing, (x + 46, y + 24, x + wide - 20, y + high - 46), grid, ys)
        step = grid[1] - grid[0]
        digits = 0 if step >= 1 else 1
        label = wrap(labels.of(d.column), wide - 70, 11.5, lines=1)[0]

        def write(v: float, digits: int = digits) -> str:
            return numbers.number(v, digits=digits, language=language)

        frame.axes(write, lambda v: percent(v, language), label,
                   say("dependence.axis", language) if i % 2 == 0 else "")  # fmt: skip
        for look, name in enumerate(models):
            points = list(zip(d.grid.tolist(), d.curves[name].tolist(), strict=True))
            frame.path(points, look)
    ends = join(
        (
            f"{labels.of(d.column)} {percent(float(d.curves[models[0]][0]), language)}\u2192"
            f"{percent(float(d.curves[models[0]][-1]), language)}"
            for d in found
        ),
        language,
    )
    alt = say("dependence.alt", language, values=ends)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (labels.of(d.column), float(v), *(float(d.curves[m][k]) for m in models))
        for d in found
        for k, v in enumerate(d.grid)
    )
    columns = (
        Column("name", say("column.variable", language)),
        Column("value", say("column.value", language), "number", 2),
        *(Column(m, say(f"learner.{m}", language), "percent", 1) for m in models),
    )
    svg = drawing.render(title=title, description=alt)
    data = Table("retention-dependence", title, columns, rows, row_headers=2)
    note = say("dependence.note", language, sources=cite(("friedman2001",), language))
    return Evidence(
        "retention-dependence", title,
        figure=Figure("retention-dependence", title, svg, alt, data, (note,)),
        citations=("friedman2001",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def survival_figure(
    curves: Sequence[Curve],
    test: LogRank,
    *,
    unit: str,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Kaplan-Meier curves by tier with bands and the log-rank test."""
    title = say("survival.title", language)
    shown = [c for c in curves if not c.held]
    held = len(curves) - len(shown)
    if not shown:
        return Evidence("retention-survival", title, paragraphs=(say("survival.none", language,
                        least=least),), language=language, stamps=tuple(stamps))  # fmt: skip
    names = [say(f"tier.{c.label}", language) for c in shown]
    end = max(float(c.times[-1]) for c in shown)
    lowest = min(float(c.low[-1]) for c in shown if np.isfinite(c.low[-1]))
    ys = ticks(lowest, 1.0, most=5)
    drawing = Drawing(WIDTH, 320.0)
    frame = Frame(drawing, (46, 44, WIDTH - 110, 270), ticks(0.0, end), ys)
    frame.axes(lambda v: numbers.number(v, digits=0, language=language),
               lambda v: percent(v, language), say(f"survival.{unit}", language),
               say("survival.axis", language))  # fmt: skip
    legend(drawing, names, 46, 10)
    ends: list[tuple[float, str]] = []
    for look, c in enumerate(shown):
        xs, share, low, high = _steps(c)
        frame.band(xs, low, high, look)
        frame.path(list(zip(xs, share, strict=True)), look)
        ends.append((frame.y(share[-1]), f"{percent(share[-1], language, 1)}"))
    height = -20.0
    for wanted, share_shown in sorted(ends):
        height = max(wanted, height + 15)
        drawing.text(WIDTH - 104, height + 4, share_shown, size=12)
    columns = (
        Column("tier", say("column.tier", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("events", say("column.left", language), "int"),
        Column("share", say("column.stayed", language), "percent", 1),
        *(Column(k, say(f"column.{k}", language), "percent", 1, group=say("column.ci", language))
          for k in ("lower", "upper")),
    )  # fmt: skip
    rows = tuple((n, c.n, c.events, float(c.share[-1]), float(c.low[-1]), float(c.high[-1]))
                 for n, c in zip(names, shown, strict=True))  # fmt: skip
    stat = numbers.number(test.statistic, digits=1, language=language)
    p = numbers.p_phrase(test.pvalue, language=language)
    key = "survival.differ" if test.pvalue < 0.05 else "survival.same"
    words = [say(key, language, stat=stat, df=test.df, p=p)] if len(shown) > 1 else []
    if held:
        words.append(say("held", language, count=held, least=least))
    alt = say("survival.alt", language, values=join(
        (f"{n} {percent(float(c.share[-1]), language, 1)}"
         for n, c in zip(names, shown, strict=True)), language))  # fmt: skip
    svg = drawing.render(title=title, description=alt)
    table = Table("retention-survival", title, columns, rows)
    note = say("survival.note", language, sources=cite(("kaplan1958",), language))
    return Evidence(
        "retention-survival", title,
        table=table, figure=Figure("retention-survival", title, svg, alt, table, (note,)),
        paragraphs=tuple(words), citations=("kaplan1958",), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _steps(c: Curve) -> tuple[list[float], list[float], list[float], list[float]]:
    """A curve as a staircase from 1 at time 0."""
    xs, columns = [0.0], ([1.0], [1.0], [1.0])
    for k, t in enumerate(c.times):
        xs += [float(t), float(t)]
        for column, values in zip(columns, (c.share, c.low, c.high), strict=True):
            column += [column[-1], float(values[k])]
    return xs, *columns
