"""Drawings on drivers: shares, the importance-performance map, gains with their ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.prose import finite
from analysis.report.svg import (
    FAINT,
    INK,
    MUTED,
    PAPER,
    POSITIVE,
    RULE,
    Drawing,
    text_width,
    tooltip,
    wrap,
)

WIDTH = 680.0
ROW = 23.0
NEAR = 18.0
FAR = tuple((step, rise) for step in (22.0, 40.0, 60.0) for rise in (-26.0, 34.0, -44.0, 52.0))
PLACES = (
    ("start", 8.0, 4.0), ("end", -8.0, 4.0), ("middle", 0.0, -9.0), ("middle", 0.0, 17.0),
    ("start", 7.0, -7.0), ("start", 7.0, 15.0), ("end", -7.0, -7.0), ("end", -7.0, 15.0),
    *(place for step, rise in FAR for place in (("start", step, rise), ("end", -step, rise))),
)  # fmt: skip
Box = tuple[float, float, float, float]
Place = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One driver's share in per cent, with limits."""

    group: str
    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One driver on the map; ``hint`` is its full name."""

    label: str
    x: float
    y: float
    hollow: bool
    named: bool
    hint: str


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One driver's gain with limits, and its rank in words."""

    group: str
    label: str
    value: float
    low: float
    high: float
    note: str


def share_figure(
    rows: Sequence[ShareRow], *, title: str, alt: str, axis: str, language: str
) -> str:
    """Bars by outcome, limits as whiskers, numbers at the right."""
    left = min(max(text_width(r.label, 12) for r in rows) + 26.0, 260.0)
    right = WIDTH - 96.0
    top = max(max(r.value, r.high if finite(r.high) else 0.0) for r in rows)
    marks = ticks(0.0, top)

    def x(value: float) -> float:
        return left + min(max(value, 0.0), marks[-1]) / marks[-1] * (right - left)

    heights = _rows(rows)
    bottom = heights[-1] + ROW - 4.0
    drawing = Drawing(WIDTH, bottom + 42.0)
    _axis(drawing, marks, x, bottom, axis, (left + right) / 2, language)
    group = ""
    for row, y in zip(rows, heights, strict=True):
        if row.group != group:
            group = row.group
            drawing.text(0, y - ROW + 15, group, size=12, font_weight=600)
        drawing.text(left - 8, y + 15, wrap(row.label, left - 22, 12, lines=1)[0], size=12,
                     anchor="end")  # fmt: skip
        drawing.rect(left, y + 5, x(row.value) - left, 12, fill=POSITIVE, fill_opacity="0.55",
                     stroke=POSITIVE)  # fmt: skip
        if finite(row.low):
            drawing.line(x(row.low), y + 11, x(row.high), y + 11, stroke=INK, stroke_width=1.3)
            for end in (row.low, row.high):
                drawing.line(x(end), y + 7, x(end), y + 15, stroke=INK, stroke_width=1.3)
        shown = numbers.number(row.value, digits=1, language=language) + "%"
        drawing.text(WIDTH, y + 15, shown, size=11.5, anchor="end")
    return drawing.render(title=title, description=alt)


def _rows(rows: Sequence[ShareRow] | Sequence[RangeRow]) -> list[float]:
    """Upper edge of each row; the first of a group leaves room for the group's name."""
    found: list[float] = []
    y, group = 0.0, ""
    for row in rows:
        if row.group != group:
            y += ROW + (8.0 if found else 0.0)
            group = row.group
        found.append(y)
        y += ROW
    return found


def _axis(
    drawing: Drawing,
    marks: Sequence[float],
    x: Callable[[float], float],
    bottom: float,
    words: str,
    middle: float,
    language: str,
) -> None:
    digits = 0 if all(m == int(m) for m in marks) else 1
    for mark in marks:
        drawing.line(x(mark), 18, x(mark), bottom, stroke=RULE if mark == 0 else FAINT)
        label = numbers.number(mark, digits=digits, language=language)
        drawing.text(x(mark), bottom + 15, label, size=11, anchor="middle", fill=MUTED)
    drawing.text(middle, bottom + 34, words, size=11, anchor="middle", fill=MUTED)


def range_figure(
    rows: Sequence[RangeRow], *, title: str, alt: str, heads: tuple[str, str, str], language: str
) -> str:
    """Points with intervals; at the right the number and the rank's range."""
    left = min(max(text_width(r.label, 12) for r in rows) + 26.0, 260.0)
    right = WIDTH - 170.0
    low = min(0.0, *(r.low for r in rows if finite(r.low)), *(r.value for r in rows))
    high = max(*(r.high for r in rows if finite(r.high)), *(r.value for r in rows), 0.1)
    marks = ticks(low, high)

    def x(value: float) -> float:
        share = (min(max(value, marks[0]), marks[-1]) - marks[0]) / (marks[-1] - marks[0])
        return left + share * (right - left)

    heights = _rows(rows)
    bottom = heights[-1] + ROW - 4.0
    drawing = Drawing(WIDTH, bottom + 42.0)
    _axis(drawing, marks, x, bottom, heads[0], (left + right) / 2, language)
    drawing.text(right + 62, 13, heads[1], size=11, anchor="end", fill=MUTED)
    drawing.text(WIDTH, 13, heads[2], size=11, anchor="end", fill=MUTED)
    group = ""
    for row, y in zip(rows, heights, strict=True):
        if row.group != group:
            group = row.group
            drawing.text(0, y - ROW + 15, group, size=12, font_weight=600)
        drawing.text(left - 8, y + 15, wrap(row.label, left - 22, 12, lines=1)[0], size=12,
                     anchor="end")  # fmt: skip
        middle = y + 11
        if finite(row.low):
            drawing.line(x(row.low), middle, x(row.high), middle, stroke=POSITIVE,
                         stroke_width=1.6)  # fmt: skip
            for end in (row.low, row.high):
                drawing.line(x(end), middle - 3, x(end), middle + 3, stroke=POSITIVE,
                             stroke_width=1.2)  # fmt: skip
        drawing.add("circle", None, cx=x(row.value), cy=middle, r=4.2, fill=POSITIVE,
                    stroke=POSITIVE)  # fmt: skip
        value = numbers.number(row.value, digits=1, language=language)
        drawing.text(right + 62, y + 15, value, size=11.5, anchor="end")
        drawing.text(WIDTH, y + 15, row.note, size=11.5, anchor="end")
    return drawing.render(title=title, description=alt)


def map_figure(
    points: Sequence[MapPoint],
    *,
    title: str,
    alt: str,
    x_axis: str,
    y_axis: str,
    corner: str,
    language: str,
) -> str:
    """Importance against performance; dashed lines at the means, the weak strong corner named."""
    left, right, top, bottom = 52.0, WIDTH - 14.0, 26.0, 400.0
    across = ticks(min(0.0, *(p.x for p in points)), max(p.x for p in points) * 1.06)
    span = max(p.y for p in points) - min(p.y for p in points)
    margin = max(0.12 * span, 1.5)
    upward = ticks(max(min(p.y for p in points) - margin, 0.0),
                   min(max(p.y for p in points) + margin, 100.0))  # fmt: skip

    def place(px: float, py: float) -> tuple[float, float]:
        x = left + (px - across[0]) / (across[-1] - across[0]) * (right - left)
        y = bottom - (py - upward[0]) / (upward[-1] - upward[0]) * (bottom - top)
        return x, y

    drawing = Drawing(WIDTH, bottom + 46.0)
    _map_axes(drawing, across, upward, place, (left, right, top, bottom), language)
    drawing.text((left + right) / 2, bottom + 40, x_axis, size=11.5, anchor="middle", fill=MUTED)
    drawing.text(0, 13, y_axis, size=11.5, fill=MUTED)
    mean_x, mean_y = place(sum(p.x for p in points) / len(points),
                           sum(p.y for p in points) / len(points))  # fmt: skip
    drawing.rect(mean_x, mean_y, right - mean_x, bottom - mean_y, fill=INK, fill_opacity="0.045")
    drawing.line(mean_x, top, mean_x, bottom, stroke=MUTED, stroke_dasharray="4 3")
    drawing.line(left, mean_y, right, mean_y, stroke=MUTED, stroke_dasharray="4 3")
    drawing.text(right - 6, bottom - 8, corner, size=11, anchor="end", fill=MUTED,
                 font_style="italic")  # fmt: skip
    width = text_width(corner, 11)
    taken: list[Box] = [(right - 6 - width, bottom - 20, right, bottom)]
    spots = [place(p.x, p.y) for p in points]
    taken += [(x - 5, y - 5, x + 5, y + 5) for x, y in spots]
    for point, (x, y) in zip(points, spots, strict=True):
        shown = (f"{point.hint}: {numbers.number(point.x, digits=2, language=language)}; "
                 f"{numbers.number(point.y, digits=1, language=language)}")  # fmt: skip
        drawing.add("circle", tooltip(shown), cx=x, cy=y, r=4.4,
                    fill=PAPER if point.hollow else POSITIVE, stroke=POSITIVE,
                    stroke_width=1.6)  # fmt: skip
        if point.named:
            _map_label(drawing, point.label, (x, y), taken, (left, right, top, bottom))
    return drawing.render(title=title, description=alt)


def _map_axes(
    drawing: Drawing,
    across: Sequence[float],
    upward: Sequence[float],
    place: Place,
    frame: Box,
    language: str,
) -> None:
    left, right, top, bottom = frame
    for mark in across:
        x, _ = place(mark, upward[0])
        drawing.line(x, top, x, bottom, stroke=FAINT)
        label = numbers.number(mark, digits=2, language=language)
        drawing.text(x, bottom + 17, label, size=11, anchor="middle", fill=MUTED)
    digits = 0 if all(m == int(m) for m in upward) else 1
    for mark in upward:
        _, y = place(across[0], mark)
        drawing.line(left, y, right, y, stroke=FAINT)
        label = numbers.number(mark, digits=digits, language=language)
        drawing.text(left - 7, y + 4, label, size=11, anchor="end", fill=MUTED)
    drawing.line(left, bottom, right, bottom, stroke=RULE)
    drawing.line(left, top, left, bottom, stroke=RULE)


def _map_label(
    drawing: Drawing, label: str, at: tuple[float, float], taken: list[Box], frame: Box
) -> None:
    """The label at the first free place around its point, far ones with a thin line to it."""
    (x, y), width = at, text_width(label, 11)
    left, right, top, bottom = frame
    for anchor, dx, dy in PLACES:
        tx, ty = x + dx, y + dy
        start = tx - (0 if anchor == "start" else width if anchor == "end" else width / 2)
        box = (start, ty - 10, start + width, ty + 3)
        inside = box[0] >= left and box[2] <= right and box[1] >= top - 4 and box[3] <= bottom
        own = (x - 5, y - 5)
        if inside and not any(_meet(box, other) for other in taken if other[:2] != own):
            taken.append(box)
            if max(abs(dx), abs(dy)) > NEAR:
                drawing.line(x, y, tx, ty - 4 if dy < 0 else ty - 8, stroke=MUTED,
                             stroke_width=0.8)  # fmt: skip
            drawing.rect(box[0], box[1], width, 13, fill=PAPER, fill_opacity="0.8")
            drawing.text(tx, ty, label, size=11, anchor=anchor)
            return


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
