"""Statistical drawings: forest plot, fit strip, residual heat map (pure SVG, theme-aware)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.report import numbers
from analysis.report.criteria import Criterion
from analysis.report.prose import finite, say
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
    text_width,
    tooltip,
    wrap,
)

WIDTH = 680.0
ROW = 21.0
CROWDED_LETTERS = 8.0


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One estimate with its interval; ``strong`` ones are filled, others hollow."""

    label: str
    group: str
    value: float
    low: float
    high: float
    strong: bool = True


def ticks(low: float, high: float, *, most: int = 6) -> tuple[float, ...]:
    """Round axis marks that cover ``low`` to ``high``."""
    span = max(high - low, 1e-9)
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw - 1e-12)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(i * step, 10) for i in range(first, last + 1))


def forest(
    rows: Sequence[ForestRow],
    *,
    title: str,
    alt: str,
    axis: str,
    language: str,
    reference: float | None = None,
    cuts: Sequence[float] = (),
    floor: float = 0.0,
) -> str:
    """Estimates as points with interval lines, printed numbers at the right.

    ``cuts`` are dashed lines with their number above; the axis begins at ``floor`` unless a value
    lies below.
    """
    headed = any(r.group for r in rows)
    indent = 12.0 if headed else 0.0
    widest = max((text_width(r.label, 12) for r in rows), default=0.0)
    left = min(max(widest + indent + 14.0, 80.0), 290.0)
    room = left - indent - 12.0
    right = WIDTH - 132.0
    low = min([floor, *(r.low for r in rows if finite(r.low)), *(r.value for r in rows)])
    high = max([1.0, *(r.high for r in rows if finite(r.high)), *(r.value for r in rows)])
    marks = ticks(max(low, -2.0), min(high, 2.0))
    low, high = marks[0], marks[-1]

    def x(v: float) -> float:
        return left + (min(max(v, low), high) - low) / (high - low) * (right - left)

    places, height = _places(rows, room)
    drawing = Drawing(WIDTH, height + 44.0)
    for mark in marks:
        drawing.line(x(mark), 6, x(mark), height, stroke=RULE if mark == 0 else FAINT)
        digits = _digits(marks) if mark else 0
        label = numbers.number(mark, digits=digits, bounded=True, language=language)
        drawing.text(x(mark), height + 16, label, size=11, anchor="middle", fill=MUTED)
    if reference is not None and low < reference < high:
        drawing.line(x(reference), 2, x(reference), height, stroke=MUTED, stroke_dasharray="4 3")
    for cut in (cut for cut in cuts if low <= cut <= high):
        drawing.line(x(cut), 14, x(cut), height, stroke=MUTED, stroke_dasharray="4 3")
        label = numbers.number(cut, digits=2, bounded=cut < 1.0, language=language)
        drawing.text(x(cut), 10, label, size=10.5, anchor="middle", fill=MUTED)
    drawing.line(left, height, right, height, stroke=RULE)
    drawing.text((left + right) / 2, height + 36, axis, size=11, anchor="middle", fill=MUTED)
    for place, heading, row in places:
        if row is None:
            drawing.rect(0, place - 9, text_width(heading, 12.6) + 5, 17, fill=PAPER)
            drawing.text(0, place + 4, heading, size=12, font_weight=600)
        else:
            _forest_row(drawing, row, place, x, (indent, room, right), language)
    return drawing.render(title=title, description=alt)


def _places(
    rows: Sequence[ForestRow], room: float
) -> tuple[list[tuple[float, str, ForestRow | None]], float]:
    """Heights of headings and rows; labels of two lines get half a row more."""
    places: list[tuple[float, str, ForestRow | None]] = []
    y, group = 14.0, ""
    for row in rows:
        if row.group and row.group != group:
            y += 4.0 if places else 0.0
            places.append((y, row.group, None))
            group = row.group
            y += ROW
        extra = 7.0 * (len(wrap(row.label, room, 12, lines=2)) - 1)
        places.append((y + extra, "", row))
        y += ROW + 2 * extra
    return places, y - 4.0


def _digits(marks: Sequence[float]) -> int:
    return 1 if all(abs(m * 10 - round(m * 10)) < 1e-9 for m in marks) else 2


def _forest_row(
    drawing: Drawing,
    row: ForestRow,
    y: float,
    x: Callable[[float], float],
    edges: tuple[float, float, float],
    language: str,
) -> None:
    indent, room, right = edges
    lines = wrap(row.label, room, 12, lines=2)
    for index, line in enumerate(lines):
        drawing.text(indent, y + 4 - 7.0 * (len(lines) - 1) + 14.0 * index, line, size=12)
    colour = POSITIVE if row.value >= 0 else NEGATIVE
    span = numbers.interval(row.low, row.high, bounded=True, language=language)
    value = numbers.number(row.value, digits=2, bounded=True, language=language)
    known = finite(row.low) and finite(row.high)
    if known:
        drawing.line(x(row.low), y, x(row.high), y, stroke=colour, stroke_width=1.6)
        for end in (row.low, row.high):
            drawing.line(x(end), y - 3, x(end), y + 3, stroke=colour, stroke_width=1.2)
    drawing.add(
        "circle", tooltip(f"{row.label}: {value} {span if known else ''}".strip()),
        cx=x(row.value), cy=y, r=4.2, fill=colour if row.strong else PAPER, stroke=colour,
        stroke_width=1.6,
    )  # fmt: skip
    drawing.text(right + 44, y + 4, value, size=11.5, anchor="end")
    if known:
        drawing.text(WIDTH, y + 4, span, size=11.5, anchor="end", fill=MUTED)


def forest_data(rows: Sequence[ForestRow], key: str, title: str, language: str) -> Table:
    """The plotted numbers as a table."""
    columns = (
        Column("group", say("column.group", language)),
        Column("label", say("column.item", language)),
        Column("value", say("column.value", language), "number"),
        Column("low", say("column.lower", language), "number"),
        Column("high", say("column.upper", language), "number"),
    )
    cells = tuple((r.group, r.label, r.value, r.low, r.high) for r in rows)
    return Table(key=key, title=title, columns=columns, rows=cells, row_headers=2)


@dataclass(frozen=True, slots=True)
class StripRow:
    """One fit index with its cut-offs; ``low`` and ``high`` where it has an interval."""

    name: str
    value: float
    rule: Criterion
    low: float | None = None
    high: float | None = None


def strip(rows: Sequence[StripRow], *, title: str, alt: str, language: str) -> str:
    """Every index on its own scale, the better end always at the right."""
    left, right, pitch = 70.0, WIDTH - 150.0, 52.0
    drawing = Drawing(WIDTH, pitch * len(rows) + 26.0)
    for index, row in enumerate(rows):
        _strip_row(drawing, row, pitch * index + 8.0, left, right, language)
    y = pitch * len(rows) + 16.0
    drawing.text(left, y, say("fit.strip_worse", language), size=11, fill=MUTED)
    drawing.text(right, y, say("fit.strip_better", language), size=11, anchor="end", fill=MUTED)
    return drawing.render(title=title, description=alt)


def _strip_row(
    drawing: Drawing, row: StripRow, y: float, left: float, right: float, language: str
) -> None:
    worst, best = _strip_range(row)

    def x(v: float) -> float:
        share = (v - worst) / (best - worst)
        return left + min(max(share, 0.0), 1.0) * (right - left)

    loose, good = x(row.rule.acceptable), x(row.rule.good)
    height = 16.0
    for start, end, opacity in (
        (left, loose, "0.05"),
        (loose, good, "0.13"),
        (good, right, "0.30"),
    ):
        drawing.rect(start, y, max(end - start, 0.0), height, fill=INK, fill_opacity=opacity)
    for cut, place in ((row.rule.acceptable, loose), (row.rule.good, good)):
        drawing.line(place, y - 2, place, y + height + 3, stroke=MUTED, stroke_width=1)
        label = numbers.number(cut, digits=2, bounded=True, language=language)
        drawing.text(place, y + height + 14, label, size=10.5, anchor="middle", fill=MUTED)
    drawing.text(0, y + 13, row.name, size=13, font_weight=600)
    middle = y + height / 2
    if row.low is not None and row.high is not None:
        drawing.line(x(row.low), middle, x(row.high), middle, stroke=POSITIVE, stroke_width=2.4)
        for end in (row.low, row.high):
            drawing.line(x(end), middle - 5, x(end), middle + 5, stroke=POSITIVE, stroke_width=2)
    at = x(row.value)
    corners = ((at, middle - 7), (at + 7, middle), (at, middle + 7), (at - 7, middle))
    diamond = "M" + "L".join(f"{px(a)} {px(b)}" for a, b in corners) + "Z"
    value = numbers.number(row.value, bounded=True, language=language)
    drawing.add("path", tooltip(f"{row.name} {value}"), d=diamond, fill=POSITIVE, stroke=PAPER,
                stroke_width=1.5)  # fmt: skip
    drawing.text(right + 50, y + 13, value, size=13, anchor="end", font_weight=600)
    if row.low is not None and row.high is not None:
        span = numbers.interval(row.low, row.high, digits=3, bounded=True, language=language)
        drawing.text(WIDTH, y + 13, span, size=11, anchor="end", fill=MUTED)


def _strip_range(row: StripRow) -> tuple[float, float]:
    if row.rule.direction == "at_least":
        return min(0.80, row.value - 0.02), 1.0
    top = max(0.15, row.value + 0.01, (row.high or 0.0) + 0.005)
    return top, 0.0


def heat_map(
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    limit: float,
    breaks: Sequence[int],
    title: str,
    alt: str,
    language: str,
) -> str:
    """Lower triangle of residuals; names stand on the diagonal, values in the cells.

    ``breaks`` are the positions at which another construct's items begin. Cells beyond ``limit``
    are outlined and set in bold, so that they stand out in grey print as well. With many items
    cells of small residuals are left blank.
    """
    p = len(names)
    size = 34.0 if p <= 20 else max(20.0, 680.0 / p)
    high = 22.0 if p <= 20 else max(14.0, size * 0.62)
    letters = 10.5 if p <= 20 else max(7.0, size * 0.3)
    side = max((text_width(n, 11) for n in names), default=0.0) + 8.0
    drawing = Drawing(p * size + side, p * high + 44.0)
    scale = max(0.2, 2 * limit)
    for i in range(p):
        for j in range(i):
            _heat_cell(
                drawing,
                (names[i], names[j]),
                float(values[i][j]),
                (i, j),
                (size, high, letters),
                (limit, scale),
                language,
            )
        drawing.text(i * size + 5, i * high + high / 2 + 4, names[i], size=11, font_weight=600)
    for b in breaks:
        drawing.line(0, b * high, b * size, b * high, stroke=MUTED, stroke_width=1.2)
        drawing.line(b * size, b * high, b * size, p * high, stroke=MUTED, stroke_width=1.2)
    _heat_legend(drawing, p * high + 18.0, scale, limit, language)
    return drawing.render(title=title, description=alt)


def _heat_cell(
    drawing: Drawing,
    names: tuple[str, str],
    value: float,
    at: tuple[int, int],
    sizes: tuple[float, float, float],
    bounds: tuple[float, float],
    language: str,
) -> None:
    i, j = at
    limit, scale = bounds
    size, high, letters = sizes
    crowded = letters < CROWDED_LETTERS
    if crowded and abs(value) < limit / 4:
        return
    x, y = j * size, i * high
    shown = numbers.number(value, digits=2, bounded=True, language=language)
    hint = numbers.number(value, digits=3, bounded=True, language=language)
    beyond = abs(value) > limit
    drawing.add(
        "rect", tooltip(f"{names[0]} \u00d7 {names[1]}: {hint}"), x=x + 0.5, y=y + 0.5,
        width=size - 1, height=high - 1, fill=POSITIVE if value >= 0 else NEGATIVE,
        fill_opacity=f"{min(abs(value) / scale, 1.0) * 0.55:.3f}" if finite(value) else "0",
        stroke=INK if beyond else None, stroke_width=1.2 if beyond else None,
    )  # fmt: skip
    if crowded and abs(value) < limit / 2:
        return
    drawing.text(x + size / 2, y + high / 2 + letters * 0.36, shown, size=letters, anchor="middle",
                 font_weight=700 if beyond else None)  # fmt: skip


def _heat_legend(drawing: Drawing, y: float, scale: float, limit: float, language: str) -> None:
    steps = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
    for index, step in enumerate(steps):
        x = index * 44.0
        colour, opacity = POSITIVE if step >= 0 else NEGATIVE, f"{abs(step) * 0.55:.3f}"
        drawing.rect(x, y, 43, 11, fill=colour, fill_opacity=opacity, stroke=RULE)
        label = numbers.number(step * scale, digits=2, bounded=True, language=language)
        drawing.text(x + 21.5, y + 23, label, size=10, anchor="middle", fill=MUTED)
    words = say("residuals.legend", language, limit=numbers.number(limit, digits=2, bounded=True,
                                                                   language=language))  # fmt: skip
    drawing.text(len(steps) * 44.0 + 10, y + 10, words, size=10.5, fill=MUTED)
