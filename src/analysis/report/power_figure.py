"""Power by sample size, one small drawing for each effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, sqrt

import numpy as np

from analysis.methods.power import Curve
from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.power_words import needed_phrase, say
from analysis.report.prose import join
from analysis.report.records import Column, Table
from analysis.report.svg import (
    FAINT,
    INK,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    RULE,
    Drawing,
    px,
    wrap,
)

WIDTH = 680.0
COLUMNS = 3
LEFT, GAP, RIGHT, TOP = 30.0, 34.0, 16.0, 62.0
HEIGHT, PITCH = 112.0, 218.0
BOLD = 1.12
STEPS = 41
REACH = 3.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One effect's curve with its name."""

    name: str
    curve: Curve


def power_panels(
    panels: Sequence[Panel], *, power: float, title: str, alt: str, language: str
) -> str:
    """Simulated power with Wilson limits, the fitted curve with its band, the size needed."""
    rows = ceil(len(panels) / COLUMNS)
    drawing = Drawing(WIDTH, PITCH * rows + 4.0)
    span = (WIDTH - LEFT - RIGHT - (COLUMNS - 1) * GAP) / COLUMNS
    for i, panel in enumerate(panels):
        x = LEFT + (i % COLUMNS) * (span + GAP)
        _panel(drawing, panel, (x, PITCH * (i // COLUMNS), span), power, language)
    return drawing.render(title=title, description=alt)


def _panel(
    drawing: Drawing,
    panel: Panel,
    place: tuple[float, float, float],
    power: float,
    language: str,
) -> None:
    left, top, span = place
    curve = panel.curve
    near = [p for p in curve.points if curve.needed / REACH <= p.n <= curve.needed * REACH]
    sizes = [p.n for p in near or curve.points] + [curve.needed]
    marks = ticks(0.9 * min(sizes), 1.05 * max(sizes), most=4)
    low, high = marks[0], marks[-1]
    base = top + TOP + HEIGHT

    def x(n: float) -> float:
        return left + (n - low) / (high - low) * span

    def y(share: float) -> float:
        return base - share * HEIGHT

    _frame(drawing, panel, (left, top, span), language)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(left, y(share), left + span, y(share), stroke=RULE if share == 0 else FAINT)
        if share in (0.0, 0.5, 1.0):
            label = numbers.number(share, digits=1 if share == 0.5 else 0, bounded=True,
                                   language=language)  # fmt: skip
            drawing.text(left - 5, y(share) + 4, label, size=10.5, anchor="end", fill=MUTED)
    for mark in marks:
        if low <= mark <= high:
            drawing.line(x(mark), base, x(mark), base + 4, stroke=RULE)
            label = numbers.integer(mark, language=language)
            drawing.text(x(mark), base + 16, label, size=10.5, anchor="middle", fill=MUTED)
    drawing.line(left, y(power), left + span, y(power), stroke=MUTED, stroke_dasharray="4 3")
    _curve(drawing, curve, (low, high), x, y)
    drawing.line(x(curve.needed), y(power), x(curve.needed), base, stroke=NEGATIVE,
                 stroke_width=1.6, stroke_dasharray="2 2")  # fmt: skip
    for point in near or curve.points:
        drawing.line(x(point.n), y(point.low), x(point.n), y(point.high), stroke=INK)
        drawing.add("circle", None, cx=x(point.n), cy=y(point.power), r=3.2, fill=PAPER,
                    stroke=INK, stroke_width=1.4)  # fmt: skip


def _frame(
    drawing: Drawing, panel: Panel, place: tuple[float, float, float], language: str
) -> None:
    """The panel's name in up to three lines, and the size that was found."""
    left, top, span = place
    lines = wrap(panel.name, (span + 0.5 * GAP) / BOLD, 11.0, lines=3)
    top += 14.0 * (3 - len(lines))
    for i, line in enumerate(lines):
        drawing.text(left, top + 12 + 14 * i, line, size=11.0, font_weight=600)
    words = say("figure.found", language, n=needed_phrase(panel.curve, language))
    drawing.text(left, top + 12 + 14 * len(lines), words, size=10.5, fill=MUTED)


def _curve(drawing: Drawing, curve: Curve, ends: tuple[float, float], x, y) -> None:  # type: ignore[no-untyped-def]
    """The fitted line and its 95 % band."""
    n = np.linspace(sqrt(max(ends[0], 1.0)), sqrt(ends[1]), STEPS) ** 2
    middle, lower, upper = curve.at(n)
    there = [f"{px(x(a))} {px(y(b))}" for a, b in zip(n, upper, strict=True)]
    back = [f"{px(x(a))} {px(y(b))}" for a, b in zip(n[::-1], lower[::-1], strict=True)]
    drawing.add("path", None, d="M" + "L".join(there + back) + "Z", fill=POSITIVE,
                fill_opacity="0.18", stroke="none")  # fmt: skip
    line = [f"{px(x(a))} {px(y(b))}" for a, b in zip(n, middle, strict=True)]
    drawing.add("path", None, d="M" + "L".join(line), fill="none", stroke=POSITIVE,
                stroke_width=1.8)  # fmt: skip


def panels_data(panels: Sequence[Panel], title: str, language: str) -> Table:
    """The plotted numbers as a table."""
    limits = say("column.wilson", language)
    columns = (
        Column("effect", say("column.effect", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("power", say("column.simulated", language), "unit"),
        Column("low", say("column.lower", language), "unit", group=limits),
        Column("high", say("column.upper", language), "unit", group=limits),
        Column("curve", say("column.curve", language), "unit"),
    )
    rows = []
    for panel in panels:
        for p in panel.curve.points:
            fitted = float(panel.curve.at(np.array([float(p.n)]))[0][0])
            rows.append((panel.name, p.n, p.power, p.low, p.high, fitted))
    return Table("power-curves", title, columns, tuple(rows))


def panels_alt(panels: Sequence[Panel], power: float, language: str) -> str:
    """What the drawing shows, in words."""
    found = [
        f"{p.name}: {needed_phrase(p.curve, language)}" for p in panels if isfinite(p.curve.needed)
    ]
    share = numbers.percent(power, digits=0, language=language)
    return say("figure.alt", language, power=share, list=join(found, language))
