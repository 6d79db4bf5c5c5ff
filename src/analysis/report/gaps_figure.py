"""The drawing of gap scores: expectation and perception of every item, joined by a bar."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.svg import (
    FAINT,
    INK,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    RULE,
    Drawing,
    text_width,
    tooltip,
)

WIDTH = 680.0
ROW = 22.0
Row = tuple[str, str, float, float, float, float]
"""Construct, item, expectation, perception, limits of the gap."""


def drawing(
    rows: Sequence[Row], *, title: str, alt: str, language: str, legend: tuple[str, str]
) -> str:
    """Hollow circles for expectations, filled ones for perceptions; gaps printed at the right."""
    left = min(max((text_width(r[1], 12) for r in rows), default=40.0) + 26.0, 220.0)
    right = WIDTH - 140.0
    ends = [v for r in rows for v in (r[2], r[3])]
    marks = ticks(min(ends, default=0.0), max(ends, default=1.0))

    def x(value: float) -> float:
        return left + (value - marks[0]) / (marks[-1] - marks[0]) * (right - left)

    digits = 1 if all(abs(m * 10 - round(m * 10)) < 1e-9 for m in marks) else 2
    headings = len(dict.fromkeys(r[0] for r in rows))
    bottom = 30.0 + ROW * (len(rows) + headings)
    picture = Drawing(WIDTH, bottom + 26.0)
    _legend(picture, left, legend)
    for mark in marks:
        picture.line(x(mark), 26, x(mark), bottom, stroke=FAINT)
        label = numbers.number(mark, digits=digits, language=language)
        picture.text(x(mark), bottom + 16, label, size=11, anchor="middle", fill=MUTED)
    picture.line(left, bottom, right, bottom, stroke=RULE)
    y, heading = 30.0 + ROW / 2, ""
    for construct, item, expected, perceived, low, high in rows:
        if construct != heading:
            heading = construct
            picture.text(0, y + 4, heading, size=12, font_weight=600)
            y += ROW
        colour = NEGATIVE if perceived < expected else POSITIVE
        picture.text(12, y + 4, item, size=12)
        picture.line(x(expected), y, x(perceived), y, stroke=colour, stroke_width=3)
        gap = numbers.number(perceived - expected, digits=2, language=language)
        span = numbers.interval(low, high, digits=2, language=language)
        picture.add("circle", tooltip(f"{item}: {gap} {span}"), cx=x(expected), cy=y, r=4.4,
                    fill=PAPER, stroke=INK, stroke_width=1.5)  # fmt: skip
        picture.add("circle", None, cx=x(perceived), cy=y, r=4.4, fill=colour, stroke=colour)
        picture.text(right + 48, y + 4, gap, size=11.5, anchor="end", font_weight=600)
        picture.text(WIDTH, y + 4, span, size=11, anchor="end", fill=MUTED)
        y += ROW
    return picture.render(title=title, description=alt)


def _legend(picture: Drawing, left: float, words: tuple[str, str]) -> None:
    at = left
    for word, fill in zip(words, (PAPER, INK), strict=True):
        picture.add("circle", None, cx=at + 5, cy=10, r=4.4, fill=fill, stroke=INK,
                    stroke_width=1.5)  # fmt: skip
        picture.text(at + 15, 14, word, size=11.5, fill=MUTED)
        at += 15 + text_width(word, 11.5) + 22
