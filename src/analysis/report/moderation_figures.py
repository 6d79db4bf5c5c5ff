"""Drawings on moderation: three lines, and a slope with its band and regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from analysis.methods.moderation import JohnsonNeyman
from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.svg import (
    FAINT,
    INK,
    MUTED,
    POSITIVE,
    RULE,
    Drawing,
    at,
    text_width,
    wrap,
)

WIDTH, HEIGHT = 620.0, 300.0
LEFT, TOP, BOTTOM = 52.0, 26.0, 244.0
DASHES = ("2 3", None, "8 4")
Place = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Band:
    """A standardized slope over moderator values, in SD.

    ``points`` are (moderator, slope, lower, upper); ``main`` is the moderator's own standardized
    effect.
    """

    points: tuple[tuple[float, float, float, float], ...]
    main: float
    REACH: ClassVar[float] = 3.0

    def sampled(self) -> tuple[tuple[float, float, float, float], ...]:
        """The points at whole and half SD."""
        return tuple(p for p in self.points if abs(2 * p[0] - round(2 * p[0])) < 1e-9)


@dataclass(frozen=True, slots=True)
class Line:
    """The outcome at the predictor's mean (``level``), and its slope."""

    label: str
    slope: float
    level: float


def lines_figure(
    lines: Sequence[Line], *, title: str, alt: str, axes: tuple[str, str], language: str
) -> str:
    """Lines from -2 to +2 SD of the predictor; dash patterns and end labels tell them apart."""
    room = max(text_width(line.label, 11) for line in lines) + 14.0
    right = WIDTH - min(room, 200.0)
    ends = [line.level + sign * 2 * line.slope for line in lines for sign in (-1, 1)]
    marks = ticks(min(ends), max(ends))
    place = _place((-2.0, 2.0), (marks[0], marks[-1]), right)
    drawing = Drawing(WIDTH, HEIGHT)
    _frame(drawing, (-2.0, -1.0, 0.0, 1.0, 2.0), marks, place, right, axes, language)
    labels = []
    for line, dash in zip(lines, DASHES, strict=True):
        start, end = (
            place(-2.0, line.level - 2 * line.slope),
            place(2.0, line.level + 2 * line.slope),
        )
        drawing.line(*start, *end, stroke=POSITIVE, stroke_width=2, stroke_dasharray=dash)
        labels.append((end[1], line.label))
    for y, label in _spread(labels):
        for k, words in enumerate(wrap(label, WIDTH - right - 10, 11, lines=2)):
            drawing.text(right + 8, y + 4 + 13 * k, words, size=11)
    return drawing.render(title=title, description=alt)


def _spread(labels: Sequence[tuple[float, str]], gap: float = 30.0) -> list[tuple[float, str]]:
    """Labels moved apart until none covers another."""
    found: list[tuple[float, str]] = []
    for y, label in sorted(labels):
        found.append((max(y, found[-1][0] + gap) if found else y, label))
    excess = max(found[-1][0] - (BOTTOM - 4.0), 0.0)
    return [(y - excess, label) for y, label in found]


def band_figure(
    band: Band,
    region: JohnsonNeyman,
    *,
    title: str,
    alt: str,
    axes: tuple[str, str],
    words: tuple[str, str],
    language: str,
) -> str:
    """The slope with its 95% band; ranges in which it differs from zero shaded and named."""
    right, reach = WIDTH - 14.0, Band.REACH
    values = [v for p in band.points for v in p[1:]]
    marks = ticks(min(0.0, *values), max(0.0, *values))
    place = _place((-reach, reach), (marks[0], marks[-1]), right)
    drawing = Drawing(WIDTH, HEIGHT)
    for low, high in region.regions:
        start, end = max(low, -reach), min(high, reach)
        if start < end:
            x1, x2 = place(start, 0.0)[0], place(end, 0.0)[0]
            drawing.rect(x1, TOP, x2 - x1, BOTTOM - TOP, fill=INK, fill_opacity="0.06")
            if x2 - x1 > text_width(words[0], 10.5) + 8:
                drawing.text((x1 + x2) / 2, TOP + 13, words[0], size=10.5, anchor="middle",
                             fill=MUTED)  # fmt: skip
    xs = tuple(float(k) for k in range(-int(reach), int(reach) + 1))
    _frame(drawing, xs, marks, place, right, axes, language)
    upper = [place(p[0], p[3]) for p in band.points]
    lower = [place(p[0], p[2]) for p in reversed(band.points)]
    outline = "M" + "L".join(at(point) for point in (*upper, *lower)) + "Z"
    drawing.add("path", None, d=outline, fill=POSITIVE, fill_opacity="0.20", stroke="none")
    for points, dash in ((upper, "3 3"), (lower, "3 3"),
                         ([place(p[0], p[1]) for p in band.points], None)):  # fmt: skip
        outline = "M" + "L".join(at(p) for p in points)
        drawing.add("path", None, d=outline, fill="none", stroke=POSITIVE,
                    stroke_width=1 if dash else 2.2, stroke_dasharray=dash)  # fmt: skip
    zero = place(0.0, 0.0)[1]
    drawing.line(LEFT, zero, right, zero, stroke=INK, stroke_width=1)
    for bound in region.bounds:
        if -reach < bound < reach:
            x = place(bound, 0.0)[0]
            drawing.line(x, TOP, x, BOTTOM, stroke=INK, stroke_dasharray="5 4")
            shown = numbers.number(bound, digits=2, language=language)
            near = x > right - 60
            drawing.text(x + (-5 if near else 5), BOTTOM - 7, shown, size=11,
                         anchor="end" if near else "start")  # fmt: skip
    return drawing.render(title=title, description=alt)


def _place(xs: tuple[float, float], ys: tuple[float, float], right: float) -> Place:
    """From values to the drawing."""

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (right - LEFT)
        return across, BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (BOTTOM - TOP)

    return place


def _frame(
    drawing: Drawing,
    xs: Sequence[float],
    ys: Sequence[float],
    place: Place,
    right: float,
    axes: tuple[str, str],
    language: str,
) -> None:
    for x in xs:
        across = place(x, ys[0])[0]
        drawing.line(across, TOP, across, BOTTOM, stroke=FAINT)
        label = numbers.number(x, digits=0, language=language)
        drawing.text(across, BOTTOM + 17, label if x <= 0 else f"+{label}", size=11,
                     anchor="middle", fill=MUTED)  # fmt: skip
    digits = 1 if all(abs(10 * y - round(10 * y)) < 1e-9 for y in ys) else 2
    for y in ys:
        height = place(xs[0], y)[1]
        drawing.line(LEFT, height, right, height, stroke=FAINT)
        label = numbers.number(y, digits=digits, language=language)
        drawing.text(LEFT - 7, height + 4, label, size=11, anchor="end", fill=MUTED)
    drawing.line(LEFT, BOTTOM, right, BOTTOM, stroke=RULE)
    drawing.line(LEFT, TOP, LEFT, BOTTOM, stroke=RULE)
    drawing.text((LEFT + right) / 2, BOTTOM + 40, axes[0], size=11.5, anchor="middle", fill=MUTED)
    drawing.text(0, 11, axes[1], size=11.5, fill=MUTED)
