"""The drawing behind dynamic cut-offs: an index's spread in correct and in wrong models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.prose import finite
from analysis.report.svg import (
    FAINT,
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
ROW = 26.0
TOP = 46.0
ORDER = (("srmr", "SRMR"), ("rmsea", "RMSEA"), ("cfi", "CFI"))
Spreads = Sequence[Mapping[str, tuple[float, float, float]]]
Limits = Sequence[Mapping[str, float | None]]


def drawing(
    names: Sequence[str],
    spreads: Spreads,
    limits: Limits,
    observed: Mapping[str, float | None],
    *,
    title: str,
    alt: str,
    language: str,
) -> str:
    """One panel an index: bars from the 5% to the 95% point, the model's value as a line.

    The first row is the correct model; its bar is hollow. Worse fit is always to the right.
    """
    left = min(max(text_width(name, 12) for name in names) + 14.0, 190.0)
    gap = 34.0
    span = (WIDTH - left - 2 * gap - 20.0) / 3.0
    bottom = TOP + ROW * len(names)
    picture = Drawing(WIDTH, bottom + 24.0)
    for i, name in enumerate(names):
        picture.text(0, TOP + ROW * i + ROW / 2 + 4, name, size=12)
    for k, (key, symbol) in enumerate(ORDER):
        place = (left + k * (span + gap), span, bottom)
        bars = [(spread[key], limit[key]) for spread, limit in zip(spreads, limits, strict=True)]
        _panel(picture, symbol, bars, observed[key], place, language)
    return picture.render(title=title, description=alt)


def _panel(
    picture: Drawing,
    symbol: str,
    bars: Sequence[tuple[tuple[float, float, float], float | None]],
    observed: float | None,
    place: tuple[float, float, float],
    language: str,
) -> None:
    start, span, bottom = place
    values = [v for spread, _ in bars for v in spread]
    if observed is not None:
        values.append(observed)
    marks = ticks(min(values), max(values), most=3)
    turned = symbol == "CFI"

    def x(value: float) -> float:
        share = (value - marks[0]) / (marks[-1] - marks[0])
        return start + (1.0 - share if turned else share) * span

    picture.text(start + span / 2, 13, symbol, size=12.5, anchor="middle", font_weight=600)
    for mark in marks:
        picture.line(x(mark), TOP - 6, x(mark), bottom, stroke=FAINT)
        digits = 3 if any(abs(m * 100 - round(m * 100)) > 1e-6 for m in marks) else 2
        label = numbers.number(mark, digits=digits, bounded=True, language=language)
        if mark in (marks[0], marks[-1]) or len(marks) < 5:
            picture.text(x(mark), bottom + 15, label, size=10.5, anchor="middle", fill=MUTED)
    for i, (spread, limit) in enumerate(bars):
        _bar(picture, x, TOP + ROW * i + ROW / 2, spread, limit, language, hollow=i == 0)
    picture.line(start, bottom, start + span, bottom, stroke=RULE)
    if observed is not None:
        at = x(observed)
        picture.line(at, TOP - 10, at, bottom, stroke=NEGATIVE, stroke_width=1.6,
                     stroke_dasharray="5 3")  # fmt: skip
        shown = numbers.number(observed, bounded=True, language=language)
        half = text_width(shown, 11) / 2
        middle = min(max(at, start + half), start + span - half)
        picture.text(middle, TOP - 16, shown, size=11, anchor="middle", fill=NEGATIVE,
                     font_weight=600)  # fmt: skip


def _bar(
    picture: Drawing,
    x: Callable[[float], float],
    y: float,
    spread: tuple[float, float, float],
    limit: float | None,
    language: str,
    *,
    hollow: bool,
) -> None:
    """A bar with the median as a notch, and the cut-off as a triangle above it."""
    low, high = sorted((x(spread[0]), x(spread[2])))
    shown = [numbers.number(v, bounded=True, language=language) for v in spread]
    picture.add(
        "rect", tooltip(" \u2013 ".join(shown)), x=low, y=y - 5.5, width=max(high - low, 1.5),
        height=11, fill=PAPER if hollow else POSITIVE, fill_opacity=None if hollow else "0.55",
        stroke=POSITIVE, stroke_width=1.3,
    )  # fmt: skip
    picture.line(x(spread[1]), y - 5.5, x(spread[1]), y + 5.5, stroke=POSITIVE, stroke_width=2)
    if limit is not None and finite(limit):
        at = x(limit)
        path = f"M{at - 4:.1f} {y - 11:.1f}L{at + 4:.1f} {y - 11:.1f}L{at:.1f} {y - 5:.1f}Z"
        picture.add("path", None, d=path, fill=NEGATIVE)
