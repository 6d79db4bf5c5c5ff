"""Drawings of the loyalty index (pure SVG, theme-aware)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.methods.loyalty_index import NetPromoter, Trend
from analysis.report import numbers
from analysis.report.plots import WIDTH, ticks
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
SHAPES = ("diamond", "circle", "square", "up", "down", "cross")


@dataclass(frozen=True, slots=True)
class DotRow:
    """A group's index with limits and its number of respondents."""

    label: str
    value: float
    low: float
    high: float
    n: int


def _scale(low: float, high: float, left: float, right: float) -> Callable[[float], float]:
    return lambda v: left + (min(max(v, low), high) - low) / (high - low) * (right - left)


def _axis(
    drawing: Drawing, marks: Sequence[float], x: Callable[[float], float], bottom: float,
    language: str, *, digits: int = 0, bounded: bool = False,
) -> None:  # fmt: skip
    for mark in marks:
        drawing.line(x(mark), 8, x(mark), bottom, stroke=FAINT)
        label = numbers.number(mark, digits=digits, bounded=bounded, language=language)
        drawing.text(x(mark), bottom + 16, label, size=11, anchor="middle", fill=MUTED)


def dot_intervals(
    rows: Sequence[DotRow],
    marks: Sequence[tuple[float, str]],
    *,
    axis: str,
    title: str,
    alt: str,
    language: str,
) -> str:
    """Values on 0-100 with intervals; the first row is everybody, whose value a line repeats."""
    left = min(max((text_width(r.label, 12.6) for r in rows), default=80.0) + 24, 270.0)
    right, bottom = WIDTH - 150.0, 14.0 + ROW * len(rows)
    ends = [v for r in rows for v in (r.low, r.high, r.value) if finite(v)]
    ends += [v for v, _ in marks]
    grid = ticks(max(min(ends) - 1, 0.0), min(max(ends) + 1, 100.0))
    x = _scale(grid[0], grid[-1], left, right)
    drawing = Drawing(WIDTH, bottom + 44.0 + 14.0 * bool(marks))
    _axis(drawing, grid, x, bottom, language)
    drawing.line(
        x(rows[0].value), 8, x(rows[0].value), bottom, stroke=MUTED, stroke_dasharray="4 3"
    )
    for mark, name in marks:
        drawing.line(x(mark), 8, x(mark), bottom, stroke=NEGATIVE, stroke_width=1.4)
        drawing.text(x(mark), bottom + 30, name, size=11, anchor="middle", fill=NEGATIVE)
    for i, row in enumerate(rows):
        y = 14.0 + ROW * i + ROW / 2 - 6
        weight = 600 if i == 0 else None
        drawing.text(0, y + 4, wrap(row.label, left - 12, 12, lines=1)[0], size=12,
                     font_weight=weight)  # fmt: skip
        drawing.line(x(row.low), y, x(row.high), y, stroke=POSITIVE, stroke_width=1.8)
        for end in (row.low, row.high):
            drawing.line(x(end), y - 3.5, x(end), y + 3.5, stroke=POSITIVE, stroke_width=1.3)
        value = numbers.number(row.value, digits=1, language=language)
        span = numbers.interval(row.low, row.high, digits=1, language=language)
        hint = tooltip(f"{row.label}: {value} {span}, n = {row.n}")
        drawing.add("circle", hint, cx=x(row.value), cy=y, r=4.4, stroke=PAPER, stroke_width=1.2,
                    fill=INK if i == 0 else POSITIVE)  # fmt: skip
        drawing.text(right + 54, y + 4, value, size=12, anchor="end", font_weight=weight)
        drawing.text(WIDTH, y + 4, span, size=11.5, anchor="end", fill=MUTED)
    drawing.text((left + right) / 2, drawing.height - 6, axis, size=11, anchor="middle", fill=MUTED)
    return drawing.render(title=title, description=alt)


def level_grid(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    title: str,
    alt: str,
    language: str,
) -> str:
    """Values of two crossed columns as a shaded grid; blank where held back."""
    left = min(max(text_width(r, 12) for r in rows) + 16, 200.0)
    wide, high = min(130.0, (WIDTH - left) / max(len(columns), 1)), 38.0
    known = [v for row in values for v in row if v is not None]
    low, top = min(known), max(known)
    drawing = Drawing(left + wide * len(columns), 26.0 + high * len(rows) + 6)
    for j, column in enumerate(columns):
        label = wrap(column, wide - 6, 12, lines=1)[0]
        drawing.text(left + wide * (j + 0.5), 16, label, size=12, anchor="middle", fill=MUTED)
    for i, row in enumerate(rows):
        y = 26.0 + high * i
        drawing.text(0, y + high / 2 + 4, wrap(row, left - 10, 12, lines=1)[0], size=12)
        for j, value in enumerate(values[i]):
            share = 0.0 if value is None or top == low else (value - low) / (top - low)
            drawing.rect(left + wide * j + 1, y + 1, wide - 2, high - 2,
                         fill=POSITIVE if value is not None else FAINT,
                         fill_opacity=f"{0.08 + 0.5 * share:.3f}", stroke=RULE)  # fmt: skip
            shown = numbers.number(value, digits=1, language=language)
            drawing.text(left + wide * (j + 0.5), y + high / 2 + 4.5, shown, size=13,
                         anchor="middle", font_weight=700 if value == top else None)  # fmt: skip
    return drawing.render(title=title, description=alt)


def weight_dots(
    names: Sequence[str],
    methods: Sequence[str],
    weights: Sequence[Sequence[float]],
    *,
    used: int,
    limits: Sequence[tuple[float, float]],
    title: str,
    alt: str,
    language: str,
) -> str:
    """Weights of each indicator, one shape a method; the one in use is filled, with limits."""
    left = min(max(text_width(n, 12) for n in names) + 18, 270.0)
    bottom = 14.0 + ROW * len(names)
    grid = ticks(0.0, max(v for row in weights for v in row))
    x = _scale(grid[0], grid[-1], left, WIDTH - 20.0)
    drawing = Drawing(WIDTH, bottom + 48.0)
    _axis(drawing, grid, x, bottom, language, digits=2, bounded=True)
    for i, name in enumerate(names):
        y = 14.0 + ROW * i + ROW / 2 - 4
        drawing.text(0, y + 4, wrap(name, left - 14, 12, lines=1)[0], size=12)
        if i:
            drawing.line(0, y - ROW / 2, WIDTH - 20.0, y - ROW / 2, stroke=FAINT)
        low, high = limits[i]
        if finite(low) and finite(high):
            drawing.line(x(low), y, x(high), y, stroke=POSITIVE, stroke_width=2)
        for m, row in enumerate(weights):
            shown = numbers.number(row[i], bounded=True, language=language)
            _shape(drawing, SHAPES[m % len(SHAPES)], x(row[i]), y, m == used,
                   f"{name}, {methods[m]}: {shown}")  # fmt: skip
    place = 0.0
    for m, method in enumerate(methods):
        _shape(drawing, SHAPES[m % len(SHAPES)], place + 6, bottom + 36, m == used, method)
        drawing.text(place + 16, bottom + 40, method, size=11.5,
                     font_weight=600 if m == used else None)  # fmt: skip
        place += text_width(method, 12.2) + 42
    return drawing.render(title=title, description=alt)


def _shape(drawing: Drawing, kind: str, x: float, y: float, filled: bool, hint: str) -> None:
    corners = {
        "diamond": ((0, -6), (6, 0), (0, 6), (-6, 0)),
        "square": ((-4.4, -4.4), (4.4, -4.4), (4.4, 4.4), (-4.4, 4.4)),
        "up": ((0, -5.6), (5.2, 4.2), (-5.2, 4.2)),
        "down": ((0, 5.6), (5.2, -4.2), (-5.2, -4.2)),
        "cross": ((-1.6, -5), (1.6, -5), (1.6, -1.6), (5, -1.6), (5, 1.6), (1.6, 1.6), (1.6, 5),
                  (-1.6, 5), (-1.6, 1.6), (-5, 1.6), (-5, -1.6), (-1.6, -1.6)),
    }  # fmt: skip
    look = {"fill": POSITIVE if filled else PAPER, "stroke": POSITIVE if filled else MUTED,
            "stroke_width": 1.4}  # fmt: skip
    if kind == "circle":
        drawing.add("circle", tooltip(hint), cx=x, cy=y, r=4.6, **look)
        return
    path = "M" + "L".join(f"{px(x + a)} {px(y + b)}" for a, b in corners[kind]) + "Z"
    drawing.add("path", tooltip(hint), d=path, **look)


def trend_lines(
    found: Trend, waves: Sequence[str], keys: Sequence[str], *, title: str, alt: str, language: str
) -> str:
    """Three variants over the waves, the fixed one with its interval."""
    left, right, top, bottom = 52.0, WIDTH - 170.0, 16.0, 250.0
    series = (found.fixed, found.chained, found.renewed)
    ends = [float(v) for s in (*series, found.low, found.high) for v in s if finite(float(v))]
    grid = ticks(min(ends) - 0.5, max(ends) + 0.5)
    y = _scale(grid[0], grid[-1], bottom, top)
    step = (right - left - 60) / max(len(waves) - 1, 1)
    places = [left + 30 + step * t for t in range(len(waves))]
    drawing = Drawing(WIDTH, bottom + 34.0)
    for mark in grid:
        drawing.line(left, y(mark), right, y(mark), stroke=FAINT)
        label = numbers.number(mark, digits=0 if mark == int(mark) else 1, language=language)
        drawing.text(left - 8, y(mark) + 4, label, size=11, anchor="end", fill=MUTED)
    for place, wave in zip(places, waves, strict=True):
        drawing.text(place, bottom + 20, wave, size=12, anchor="middle")
    styles = ((POSITIVE, None, 2.4), (INK, "6 4", 1.6), (MUTED, "2 4", 1.6))
    ends_at: list[tuple[float, str, str]] = []
    for values, key, (colour, dash, width) in zip(series, keys, styles, strict=True):
        points = [(p, y(float(v))) for p, v in zip(places, values, strict=True)]
        d = "M" + "L".join(f"{px(a)} {px(b)}" for a, b in points)
        drawing.add("path", d=d, fill="none", stroke=colour, stroke_width=width,
                    stroke_dasharray=dash)  # fmt: skip
        shown = numbers.number(float(values[-1]), digits=1, language=language)
        ends_at.append((points[-1][1], f"{key} {shown}", colour))
    height = -16.0
    for wanted, words, colour in sorted(ends_at):
        height = max(wanted, height + 16)
        drawing.text(right - 16, height + 4, words, size=11.5, fill=colour)
    for t, place in enumerate(places):
        low, high = y(float(found.low[t])), y(float(found.high[t]))
        drawing.line(place, low, place, high, stroke=POSITIVE, stroke_width=1.8)
        for end in (low, high):
            drawing.line(place - 4, end, place + 4, end, stroke=POSITIVE, stroke_width=1.4)
        drawing.add("circle", tooltip(waves[t]), cx=place, cy=y(float(found.fixed[t])), r=4.4,
                    fill=POSITIVE, stroke=PAPER, stroke_width=1.2)  # fmt: skip
    return drawing.render(title=title, description=alt)


def promoter_bars(
    rows: Sequence[tuple[str, NetPromoter]],
    keys: Sequence[str],
    *,
    title: str,
    alt: str,
    language: str,
) -> str:
    """Detractors, passives and promoters as one bar a group, score and interval at the right."""
    left = min(max(text_width(n, 12.6) for n, _ in rows) + 24, 220.0)
    right, pitch = WIDTH - 150.0, 27.0
    drawing = Drawing(WIDTH, 30.0 + pitch * len(rows) + 8)
    looks = ((NEGATIVE, "0.75"), (INK, "0.10"), (POSITIVE, "0.85"))
    place = left
    for key, (colour, opacity) in zip(keys, looks, strict=True):
        drawing.rect(place, 6, 12, 12, fill=colour, fill_opacity=opacity)
        drawing.text(place + 18, 16, key, size=11.5)
        place += text_width(key, 11.5) + 42
    drawing.text(right + 54, 16, "NPS", size=11.5, anchor="end", font_weight=600)
    for i, (name, row) in enumerate(rows):
        y = 30.0 + pitch * i
        drawing.text(0, y + 14, wrap(name, left - 10, 12, lines=1)[0], size=12,
                     font_weight=600 if i == 0 else None)  # fmt: skip
        start = left
        shares = (row.detractors, row.passives, row.promoters)
        for key, share, (colour, opacity) in zip(keys, shares, looks, strict=True):
            wide = share * (right - left)
            shown = numbers.percent(share, digits=0, language=language)
            drawing.add("rect", tooltip(f"{name}, {key}: {shown}"), x=start, y=y, width=wide,
                        height=20, fill=colour, fill_opacity=opacity)  # fmt: skip
            if wide > 34:
                drawing.text(start + wide / 2, y + 14, shown, size=11, anchor="middle",
                             fill=INK if colour == INK else PAPER)  # fmt: skip
            start += wide
        score = numbers.number(row.score, digits=0, language=language)
        span = numbers.interval(row.low, row.high, digits=0, language=language)
        drawing.text(right + 54, y + 14, score, size=13, anchor="end", font_weight=600)
        drawing.text(WIDTH, y + 14, span, size=11.5, anchor="end", fill=MUTED)
    return drawing.render(title=title, description=alt)


def attitude_matrix(
    shares: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    names: Sequence[str],
    words: Sequence[str],
    *,
    axes: tuple[str, str],
    ends: tuple[str, str],
    title: str,
    alt: str,
    language: str,
) -> str:
    """Four fields, attitude upwards and behaviour to the right, shaded by share."""
    wide, tall, left, top = 250.0, 108.0, 74.0, 8.0
    drawing = Drawing(left + 2 * wide + 8, top + 2 * tall + 46.0)
    places = ((1, 0), (0, 0), (1, 1), (0, 1))  # true, latent, spurious, none
    largest = max((s for s in shares if finite(s)), default=1.0) or 1.0
    for k, (column, row) in enumerate(places):
        x, y = left + wide * column, top + tall * row
        opacity = 0.06 + 0.34 * (shares[k] / largest if finite(shares[k]) else 0.0)
        drawing.rect(x + 1, y + 1, wide - 2, tall - 2, fill=POSITIVE if row == 0 else NEGATIVE,
                     fill_opacity=f"{opacity:.3f}", stroke=RULE)  # fmt: skip
        drawing.text(x + 14, y + 26, names[k], size=13.5, font_weight=600)
        for i, line in enumerate(wrap(words[k], wide - 28, 11.5, lines=2)):
            drawing.text(x + 14, y + 44 + 15 * i, line, size=11.5, fill=MUTED)
        share = numbers.percent(shares[k], language=language)
        limits = f"{numbers.percent(low[k], language=language)}\u2013"
        limits += numbers.percent(high[k], language=language)
        drawing.text(x + 14, y + tall - 14, share, size=18, font_weight=700)
        drawing.text(x + 26 + text_width(share, 18), y + tall - 14, limits, size=11.5, fill=MUTED)
    for i, end in enumerate(ends):
        drawing.text(left + wide * (i + 0.5), top + 2 * tall + 18, end, size=11.5, anchor="middle",
                     fill=MUTED)  # fmt: skip
        drawing.text(left - 10, top + tall * (1.5 - i) + 4, end, size=11.5, anchor="end",
                     fill=MUTED)  # fmt: skip
    drawing.text(left + wide, top + 2 * tall + 38, f"{axes[0]} \u2192", size=12, anchor="middle")
    middle = top + tall
    drawing.text(16, middle, f"{axes[1]} \u2192", size=12, anchor="middle",
                 transform=f"rotate(-90 16 {px(middle)})")  # fmt: skip
    return drawing.render(title=title, description=alt)
