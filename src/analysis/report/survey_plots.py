"""Drawings of survey screening: funnel, diverging Likert bars, map of missing answers, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.report import numbers, plots
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
    wrap,
)

WIDTH = 680.0
BAR = 15.0


def _one_line(label: str, room: float, size: float) -> str:
    fits = text_width(label, size) <= room
    return label if fits else wrap(label, room, size, lines=1)[0]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: ``size`` units long, ``lost`` more units in the warning colour behind it."""

    label: str
    size: int
    lost: int = 0
    note: str = ""
    strong: bool = True


def bars(rows: Sequence[Bar], *, title: str, alt: str, language: str) -> str:
    """Horizontal bars with their counts; ``lost`` parts are outlined as well as coloured."""
    widest = max((text_width(row.label, 12) for row in rows), default=0.0)
    left = min(max(widest + 14.0, 90.0), 260.0)
    right = WIDTH - 150.0
    most = max((row.size + row.lost for row in rows), default=1) or 1
    pitch = 27.0
    drawing = Drawing(WIDTH, pitch * len(rows) + 8.0)
    for index, row in enumerate(rows):
        y = pitch * index + 5.0
        drawing.text(0, y + 13, _one_line(row.label, left - 10.0, 12), size=12,
                     font_weight=600 if row.strong else None)  # fmt: skip
        length = row.size / most * (right - left)
        shown = numbers.integer(row.size, language=language)
        drawing.add("rect", tooltip(f"{row.label}: {shown}"), x=left, y=y, width=length, height=18,
                    fill=POSITIVE, fill_opacity="0.8" if row.strong else "0.35")  # fmt: skip
        if row.lost:
            wide = max(row.lost / most * (right - left), 1.5)
            drawing.rect(left + length, y, wide, 18, fill=NEGATIVE, fill_opacity="0.35",
                         stroke=NEGATIVE, stroke_width=1)  # fmt: skip
            length += wide
        drawing.text(left + length + 8.0, y + 13, row.note or shown, size=12)
    return drawing.render(title=title, description=alt)


@dataclass(frozen=True, slots=True)
class LikertRow:
    """Shares of the categories of one item, lowest first, under the heading ``group``."""

    label: str
    group: str
    shares: tuple[float, ...]
    mean: float


def likert(
    rows: Sequence[LikertRow],
    *,
    ends: tuple[str, str],
    mean: str,
    title: str,
    alt: str,
    language: str,
) -> str:
    """Stacked bars that diverge from the middle of the scale, agreement to the right."""
    widest = max((text_width(row.label, 11.5) for row in rows), default=0.0)
    left = min(max(widest + 22.0, 90.0), 250.0)
    right = WIDTH - 84.0
    below = max((_below(row.shares) for row in rows), default=0.5)
    above = max((sum(row.shares) - _below(row.shares) for row in rows), default=0.5)
    scale = (right - left - 76.0) / max(below + above, 1e-9)
    zero = left + 38.0 + below * scale
    headings = sum(1 for i, row in enumerate(rows) if not i or row.group != rows[i - 1].group)
    height = len(rows) * (BAR + 4.0) + headings * 21.0 + 20.0
    drawing = Drawing(WIDTH, height + 36.0)
    drawing.text(WIDTH, 11, mean, size=11, anchor="end", fill=MUTED)
    y = 14.0
    for index, row in enumerate(rows):
        if not index or row.group != rows[index - 1].group:
            drawing.text(0, y + 14, _one_line(row.group, WIDTH - 60, 12), size=12, font_weight=600)
            y += 21.0
        _likert_row(drawing, row, y, (left, zero, scale), language)
        y += BAR + 4.0
    drawing.line(zero, 18, zero, y, stroke=INK, stroke_width=1)
    widths = max((len(row.shares) for row in rows), default=0)
    _likert_legend(drawing, y + 14.0, widths, ends)
    return drawing.render(title=title, description=alt)


def _below(shares: Sequence[float]) -> float:
    """Share left of the middle: lower categories and half of the middle one."""
    k = len(shares)
    return sum(shares[: k // 2]) + (0.5 * shares[k // 2] if k % 2 else 0.0)


def _tone(index: int, k: int) -> tuple[str, str]:
    """Colour and opacity of category ``index`` of ``k``."""
    away = (2 * index - (k - 1)) / (k - 1) if k > 1 else 0.0
    if abs(away) < 1e-9:
        return MUTED, "0.28"
    return POSITIVE if away > 0 else NEGATIVE, f"{0.18 + 0.62 * abs(away):.2f}"


def _likert_row(
    drawing: Drawing, row: LikertRow, y: float, frame: tuple[float, float, float], language: str
) -> None:
    left, zero, scale = frame
    drawing.text(12, y + 12, _one_line(row.label, left - 20.0, 11.5), size=11.5)
    below = _below(row.shares)
    x = zero - below * scale
    k = len(row.shares)
    low = sum(row.shares[: k // 2])
    high = sum(row.shares[(k + 1) // 2 :])
    drawing.text(x - 5, y + 12, numbers.percent(low, digits=0, language=language), size=10.5,
                 anchor="end", fill=MUTED)  # fmt: skip
    for index, share in enumerate(row.shares):
        colour, opacity = _tone(index, k)
        shown = numbers.percent(share, language=language)
        drawing.add("rect", tooltip(f"{row.label}: {index + 1}: {shown}"), x=x, y=y,
                    width=share * scale, height=BAR, fill=colour, fill_opacity=opacity,
                    stroke=PAPER, stroke_width=0.6)  # fmt: skip
        x += share * scale
    drawing.text(x + 5, y + 12, numbers.percent(high, digits=0, language=language), size=10.5,
                 fill=MUTED)  # fmt: skip
    drawing.text(WIDTH, y + 12, numbers.number(row.mean, digits=2, language=language), size=11.5,
                 anchor="end")  # fmt: skip


def _likert_legend(drawing: Drawing, y: float, k: int, ends: tuple[str, str]) -> None:
    box = 26.0
    start = (WIDTH - k * box) / 2
    for index in range(k):
        colour, opacity = _tone(index, k)
        drawing.rect(start + index * box, y, box - 1, 12, fill=colour, fill_opacity=opacity)
        drawing.text(start + (index + 0.5) * box, y + 10, str(index + 1), size=10, anchor="middle")
    drawing.text(start - 8, y + 10, ends[0], size=11, anchor="end", fill=MUTED)
    drawing.text(start + k * box + 8, y + 10, ends[1], size=11, fill=MUTED)


@dataclass(frozen=True, slots=True)
class PatternRow:
    """One pattern of missing answers: a mark for each item, and how many people show it."""

    missing: tuple[bool, ...]
    n: int


def missing_map(
    items: Sequence[str],
    shares: Sequence[float],
    rows: Sequence[PatternRow],
    *,
    words: tuple[str, str],
    title: str,
    alt: str,
    language: str,
) -> str:
    """Share of missing answers of each item above, the commonest patterns below.

    ``words`` name the two parts.
    """
    p = max(len(items), 1)
    size = min(22.0, (WIDTH - 70.0) / p)
    tall, top = 64.0, 20.0
    most = max([0.01, *shares])
    names = max((text_width(name, 10) for name in items), default=0.0) + 10.0
    start = top + tall + 8.0
    high = 16.0
    body = start + names + 18.0
    drawing = Drawing(WIDTH, body + high * len(rows) + 8.0)
    drawing.text(0, 11, words[0], size=11, fill=MUTED)
    for j, (name, share) in enumerate(zip(items, shares, strict=True)):
        x = j * size
        length = share / most * tall
        shown = numbers.percent(share, language=language)
        drawing.add("rect", tooltip(f"{name}: {shown}"), x=x + 0.5, y=top + tall - length,
                    width=size - 1, height=length, fill=NEGATIVE, fill_opacity="0.75")  # fmt: skip
        if size >= 8.0 or j % 2 == 0:
            middle = x + size / 2 + 3.5
            drawing.text(middle, start + names - 6, name, size=min(10.0, size + 1.5),
                         transform=f"rotate(-90 {middle:.1f} {start + names - 6:.1f})")  # fmt: skip
    drawing.line(0, top + tall, p * size, top + tall)
    drawing.text(p * size + 6, top + 9, numbers.percent(most, language=language), size=10.5,
                 fill=MUTED)  # fmt: skip
    drawing.text(0, body - 8, words[1], size=11, fill=MUTED)
    for i, row in enumerate(rows):
        y = body + i * high
        drawing.rect(0, y, p * size, high - 2, fill=FAINT)
        for j, gone in enumerate(row.missing):
            if gone:
                drawing.rect(j * size + 0.5, y, size - 1, high - 2, fill=NEGATIVE)
        drawing.text(WIDTH, y + 11, numbers.integer(row.n, language=language), size=11,
                     anchor="end")  # fmt: skip
    drawing.line(0, body - 3, p * size, body - 3, stroke=RULE)
    return drawing.render(title=title, description=alt)


def scree(
    observed: Sequence[float],
    random: Sequence[float],
    *,
    words: tuple[str, str, str],
    title: str,
    alt: str,
    language: str,
) -> str:
    """Eigenvalues in falling order with those of random data; ``words`` name both and the axis."""
    left, right, top, bottom = 44.0, WIDTH - 10.0, 26.0, 236.0
    most = max([*observed, *random, 1e-9])
    low = min([0.0, *observed])
    p = len(observed)
    drawing = Drawing(WIDTH, bottom + 36.0)

    def place(k: int, value: float) -> tuple[float, float]:
        x = left + 14.0 + k / max(p - 1, 1) * (right - left - 28.0)
        return x, bottom - (value - low) / (most - low) * (bottom - top)

    for mark in plots.ticks(low, most):
        if low <= mark <= most:
            y = place(0, mark)[1]
            drawing.line(left, y, right, y, stroke=FAINT)
            shown = numbers.number(mark, digits=0 if mark == int(mark) else 1, language=language)
            drawing.text(left - 8, y + 4, shown, size=11, anchor="end", fill=MUTED)
    for values, colour, dash in ((random, NEGATIVE, "5 4"), (observed, POSITIVE, None)):
        points = [place(k, value) for k, value in enumerate(values)]
        for a, b in pairwise(points):
            drawing.line(*a, *b, stroke=colour, stroke_width=1.6, stroke_dasharray=dash)
    for k, value in enumerate(observed):
        x, y = place(k, value)
        above = value > random[k]
        shown = numbers.number(value, digits=2, language=language)
        drawing.add("circle", tooltip(f"{k + 1}: {shown}"), cx=x, cy=y, r=4.0, stroke=POSITIVE,
                    fill=POSITIVE if above else PAPER, stroke_width=1.6)  # fmt: skip
        drawing.text(x, bottom + 16, str(k + 1), size=10.5, anchor="middle", fill=MUTED)
    drawing.text((left + right) / 2, bottom + 32, words[2], size=11, anchor="middle", fill=MUTED)
    drawing.line(right - 250, 10, right - 226, 10, stroke=POSITIVE, stroke_width=1.6)
    drawing.text(right - 220, 14, words[0], size=11)
    drawing.line(right - 130, 10, right - 106, 10, stroke=NEGATIVE, stroke_width=1.6,
                 stroke_dasharray="5 4")  # fmt: skip
    drawing.text(right - 100, 14, words[1], size=11)
    return drawing.render(title=title, description=alt)
