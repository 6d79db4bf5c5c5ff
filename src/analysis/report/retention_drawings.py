"""Drawings of retention and value: a frame with two axes, ratios on a log scale, bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.report import numbers
from analysis.report.plots import WIDTH
from analysis.report.prose import finite
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
    text_width,
    tooltip,
    wrap,
)

ROW = 24.0
LOOKS = ((POSITIVE, None), (NEGATIVE, "7 4"), (INK, "2 4"), (MUTED, "10 3 2 3"))
RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
Place = tuple[float, float]
Write = Callable[[float], str]


@dataclass(frozen=True)
class Frame:
    """Two linear axes in a box (left, top, right, bottom) of a drawing."""

    drawing: Drawing
    box: tuple[float, float, float, float]
    xs: Sequence[float]
    ys: Sequence[float]

    def x(self, v: float) -> float:
        """Place of a value along the lower edge."""
        left, _, right, _ = self.box
        return left + (v - self.xs[0]) / (self.xs[-1] - self.xs[0]) * (right - left)

    def y(self, v: float) -> float:
        """Place of a value along the left edge, kept inside the box."""
        _, top, _, bottom = self.box
        kept = min(max(v, self.ys[0]), self.ys[-1])
        return bottom - (kept - self.ys[0]) / (self.ys[-1] - self.ys[0]) * (bottom - top)

    def axes(self, write_x: Write, write_y: Write, label_x: str, label_y: str) -> None:
        """Grid, marks and names of both axes."""
        left, top, right, bottom = self.box
        for mark in self.ys:
            self.drawing.line(left, self.y(mark), right, self.y(mark), stroke=FAINT)
            self.drawing.text(left - 7, self.y(mark) + 4, write_y(mark), size=11, anchor="end",
                              fill=MUTED)  # fmt: skip
        for mark in self.xs:
            self.drawing.line(self.x(mark), bottom, self.x(mark), bottom + 4, stroke=RULE)
            self.drawing.text(self.x(mark), bottom + 17, write_x(mark), size=11, anchor="middle",
                              fill=MUTED)  # fmt: skip
        self.drawing.line(left, bottom, right, bottom, stroke=RULE)
        self.drawing.text((left + right) / 2, bottom + 35, label_x, size=11.5, anchor="middle",
                          fill=MUTED)  # fmt: skip
        self.drawing.text(left - 40 if left > 45 else 0, top - 9, label_y, size=11.5, fill=MUTED)

    def path(self, points: Sequence[Place], look: int, *, width: float = 2.0) -> None:
        """A line through values."""
        colour, dash = LOOKS[look % len(LOOKS)]
        d = "M" + "L".join(f"{px(self.x(a))} {px(self.y(b))}" for a, b in points if finite(b))
        self.drawing.add("path", d=d, fill="none", stroke=colour, stroke_width=width,
                         stroke_dasharray=dash)  # fmt: skip

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float],
             look: int) -> None:  # fmt: skip
        """A shaded range around a line."""
        edge = [*zip(xs, high, strict=True), *reversed(list(zip(xs, low, strict=True)))]
        d = "M" + "L".join(f"{px(self.x(a))} {px(self.y(b))}" for a, b in edge) + "Z"
        self.drawing.add("path", d=d, fill=LOOKS[look % len(LOOKS)][0], fill_opacity="0.13")

    def dot(self, a: float, b: float, hint: str, *, fill: str = POSITIVE) -> None:
        """A point."""
        self.drawing.add("circle", tooltip(hint), cx=self.x(a), cy=self.y(b), r=4.3, fill=fill,
                         stroke=PAPER, stroke_width=1.2)  # fmt: skip

    def whisker(self, a: float, low: float, high: float) -> None:
        """An interval upright."""
        self.drawing.line(self.x(a), self.y(low), self.x(a), self.y(high), stroke=POSITIVE,
                          stroke_width=1.5)  # fmt: skip


def legend(drawing: Drawing, names: Sequence[str], left: float, y: float) -> None:
    """Lines with their names in one row."""
    place = left
    for i, name in enumerate(names):
        colour, dash = LOOKS[i % len(LOOKS)]
        drawing.line(place, y, place + 26, y, stroke=colour, stroke_width=2, stroke_dasharray=dash)
        drawing.text(place + 32, y + 4, name, size=11.5)
        place += text_width(name, 11.5) + 56


@dataclass(frozen=True, slots=True)
class RatioRow:
    """A ratio with limits; ``strong`` ones are filled; a row that only has a ``heading``."""

    label: str
    value: float = 1.0
    low: float = 1.0
    high: float = 1.0
    strong: bool = True
    heading: bool = False


def ratios(rows: Sequence[RatioRow], *, axis: str, title: str, alt: str, language: str) -> str:
    """Ratios with limits on a logarithmic axis, 1 as the line of no effect."""
    left = min(max(text_width(r.label, 12) for r in rows) + 26, 290.0)
    right, bottom = WIDTH - 142.0, 12.0 + ROW * len(rows)
    ends = [v for r in rows if not r.heading for v in (r.low, r.high)]
    low = max((m for m in RATIOS if m <= min(ends)), default=RATIOS[0])
    high = min((m for m in RATIOS if m >= max(ends)), default=RATIOS[-1])
    marks = [m for m in RATIOS if low <= m <= high]
    drawing = Drawing(WIDTH, bottom + 44.0)

    def x(v: float) -> float:
        kept = min(max(v, low), high)
        return left + math.log(kept / low) / math.log(high / low) * (right - left)

    for mark in marks:
        drawing.line(x(mark), 8, x(mark), bottom, stroke=MUTED if mark == 1 else FAINT)
        label = numbers.number(mark, digits=0 if mark == int(mark) else 1, language=language)
        drawing.text(x(mark), bottom + 16, label, size=11, anchor="middle", fill=MUTED)
    for i, row in enumerate(rows):
        y = 12.0 + ROW * i + ROW / 2 - 4
        if row.heading:
            drawing.text(0, y + 4, row.label, size=12, font_weight=600)
            continue
        drawing.text(12, y + 4, wrap(row.label, left - 24, 12, lines=1)[0], size=12)
        colour = POSITIVE if row.value < 1 else NEGATIVE
        drawing.line(x(row.low), y, x(row.high), y, stroke=colour, stroke_width=1.7)
        value = numbers.number(row.value, digits=2, language=language)
        span = numbers.interval(row.low, row.high, digits=2, language=language)
        drawing.add("circle", tooltip(f"{row.label}: {value} {span}"), cx=x(row.value), cy=y,
                    r=4.3, fill=colour if row.strong else PAPER, stroke=colour,
                    stroke_width=1.6)  # fmt: skip
        drawing.text(right + 48, y + 4, value, size=12, anchor="end",
                     font_weight=600 if row.strong else None)  # fmt: skip
        drawing.text(WIDTH, y + 4, span, size=11.5, anchor="end", fill=MUTED)
    drawing.text((left + right) / 2, bottom + 36, axis, size=11.5, anchor="middle", fill=MUTED)
    return drawing.render(title=title, description=alt)


@dataclass(frozen=True, slots=True)
class BarRow:
    """A value with limits and what to print for it."""

    label: str
    value: float
    low: float
    high: float
    shown: str
    limits: str


def bars(rows: Sequence[BarRow], *, axis: str, title: str, alt: str) -> str:
    """Bars from zero with limits, numbers at the right."""
    left = min(max(text_width(r.label, 12) for r in rows) + 18, 260.0)
    widest = max(text_width(r.limits, 11.5) for r in rows) + 22
    printed = max(text_width(r.shown, 13) for r in rows) + 20
    right, bottom = WIDTH - widest - printed, 10.0 + ROW * len(rows)
    top = max(max(r.value, r.high if finite(r.high) else r.value) for r in rows) or 1.0
    least = min(0.0, *(r.low for r in rows if finite(r.low)))
    drawing = Drawing(WIDTH, bottom + 26.0)

    def x(v: float) -> float:
        return left + (v - least) / (top - least) * (right - left)

    for i, row in enumerate(rows):
        y = 10.0 + ROW * i
        drawing.text(0, y + 14, wrap(row.label, left - 10, 12, lines=1)[0], size=12)
        start, end = sorted((x(0.0), x(row.value)))
        drawing.add("rect", tooltip(f"{row.label}: {row.shown} {row.limits}"), x=start, y=y + 3,
                    width=max(end - start, 0.5), height=14, fill=POSITIVE,
                    fill_opacity="0.55")  # fmt: skip
        if finite(row.low) and finite(row.high):
            drawing.line(x(row.low), y + 10, x(row.high), y + 10, stroke=INK, stroke_width=1.4)
        drawing.text(right + printed - 4, y + 14, row.shown, size=12, anchor="end",
                     font_weight=600)  # fmt: skip
        drawing.text(WIDTH, y + 14, row.limits, size=11.5, anchor="end", fill=MUTED)
    drawing.line(x(0.0), 8, x(0.0), bottom, stroke=RULE)
    drawing.text((left + right) / 2, bottom + 16, axis, size=11.5, anchor="middle", fill=MUTED)
    return drawing.render(title=title, description=alt)
