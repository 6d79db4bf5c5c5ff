"""Drawings on invariance: change of fit step by step, and pairs of many groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.methods.invariance import Ladder, PairOfGroups
from analysis.report import numbers
from analysis.report.invariance_words import limits_of, say, step_name
from analysis.report.prose import finite, join
from analysis.report.records import Column, Table
from analysis.report.svg import (
    FAINT,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    RULE,
    Drawing,
    text_width,
    wrap,
)

WIDTH = 680.0
ROW = 26.0


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Worsening of three indices at one step, and their limits."""

    step: str
    values: tuple[float, float, float]
    limits: tuple[float, float, float]


def change_rows(ladder: Ladder, language: str) -> tuple[ChangeRow, ...]:
    """The steps that have a change of fit."""
    limits = limits_of(ladder)
    found = []
    for rung in ladder.rungs:
        if rung.change is None:
            continue
        srmr = limits.srmr_loadings if rung.step == "metric" else limits.srmr
        values = (-rung.change.cfi, rung.change.rmsea, rung.change.srmr)
        if all(finite(v) for v in values):
            cuts = (limits.cfi, limits.rmsea, srmr)
            found.append(ChangeRow(step_name(rung, language), values, cuts))
    return tuple(found)


def change_figure(
    rows: Sequence[ChangeRow], *, title: str, language: str
) -> tuple[str, str, Table]:
    """The drawing, its alternative text and its numbers."""
    names = [say(f"figure.{name}", language) for name in ("cfi", "rmsea", "srmr")]
    left = min(max(text_width(r.step, 12) for r in rows) + 14.0, 200.0)
    gap = 26.0
    span = (WIDTH - left - 2 * gap) / 3.0
    height = 34.0 + ROW * len(rows)
    drawing = Drawing(WIDTH, height + 26.0)
    for i, row in enumerate(rows):
        drawing.text(0, 34.0 + ROW * i + 17.0, row.step, size=12)
    for k, name in enumerate(names):
        _panel(drawing, rows, k, (left + k * (span + gap), span, height), name, language)
    values = join(
        (f"{r.step} {join((_n(v, language) for v in r.values), language)}" for r in rows), language
    )
    data = Table(
        key="invariance-change",
        title=title,
        columns=(
            Column("step", say("column.step", language)),
            *(Column(f"v{k}", name, "unit", 4) for k, name in enumerate(names)),
        ),
        rows=tuple((r.step, *r.values) for r in rows),
    )
    alt = say("figure.alt", language, values=values)
    return drawing.render(title=title, description=alt), alt, data


def _panel(
    drawing: Drawing,
    rows: Sequence[ChangeRow],
    k: int,
    place: tuple[float, float, float],
    name: str,
    language: str,
) -> None:
    start, span, height = place
    low = min(0.0, *(r.values[k] for r in rows))
    high = max(0.012, *(r.values[k] for r in rows), *(r.limits[k] for r in rows)) * 1.12

    def x(value: float) -> float:
        return start + (value - low) / (high - low) * span

    drawing.text(start + span / 2, 14, name, size=12, anchor="middle", font_weight=600)
    drawing.line(x(0.0), 26, x(0.0), height, stroke=RULE)
    drawing.text(x(0.0), height + 16, "0", size=11, anchor="middle", fill=MUTED)
    limit = max(r.limits[k] for r in rows)
    text = _n(limit, language)
    drawing.text(x(limit), height + 16, text, size=11, anchor="middle", fill=MUTED)
    for i, row in enumerate(rows):
        y = 34.0 + ROW * i + ROW / 2
        drawing.line(start, y, start + span, y, stroke=FAINT)
        cut = x(row.limits[k])
        top, bottom = y - ROW / 2, y + ROW / 2
        drawing.line(cut, top, cut, bottom, stroke=MUTED, stroke_dasharray="4 3")
        beyond = row.values[k] >= row.limits[k]
        colour = NEGATIVE if beyond else POSITIVE
        drawing.line(x(0.0), y, x(row.values[k]), y, stroke=colour, stroke_width=1.6)
        drawing.add(
            "circle", None, cx=x(row.values[k]), cy=y, r=4.2, fill=colour if beyond else PAPER,
            stroke=colour, stroke_width=1.6,
        )  # fmt: skip


def _n(value: float, language: str) -> str:
    return numbers.number(value, digits=3, bounded=True, language=language)


def pair_matrix(
    pairs: Sequence[PairOfGroups],
    groups: Sequence[str],
    labels: Sequence[str],
    *,
    limit: float,
    title: str,
    alt: str,
    language: str,
) -> str:
    """Lower triangle of CFI losses; the darker, the worse."""
    values = {frozenset((p.first, p.second)): p for p in pairs}
    cell, high = 62.0, 30.0
    left = min(max(text_width(name, 12) for name in labels) + 12.0, 220.0)
    count = len(groups)
    drawing = Drawing(max(left + cell * (count - 1) + 8.0, 320.0), 14.0 + high * count + 6.0)
    worst = max((-p.change.cfi for p in pairs if finite(p.change.cfi)), default=limit)
    for i, group in enumerate(groups):
        y = 8.0 + high * i
        drawing.text(left - 8, y + high / 2 + 4, labels[i], size=12, anchor="end")
        for j in range(i):
            pair = values.get(frozenset((group, groups[j])))
            if pair is not None:
                place = (left + cell * j, y, cell, high)
                _pair_cell(drawing, pair, place, (limit, max(worst, 2 * limit)), language)
        if i < count - 1:
            lines = wrap(labels[i], cell - 4.0, 10, lines=2)
            at, middle = left + cell * i + cell / 2, y + high / 2 + 4
            for k, line in enumerate(lines):
                drop = 12.0 * k - 6.0 * (len(lines) - 1)
                drawing.text(at, middle + drop, line, size=10, anchor="middle", fill=MUTED)
    return drawing.render(title=title, description=alt)


def _pair_cell(
    drawing: Drawing,
    pair: PairOfGroups,
    place: tuple[float, float, float, float],
    scale: tuple[float, float],
    language: str,
) -> None:
    x, y, width, height = place
    limit, worst = scale
    loss = -pair.change.cfi
    if not finite(loss):
        drawing.text(x + width / 2, y + height / 2 + 4, numbers.DASH, anchor="middle", fill=MUTED)
        return
    share = min(max(loss / worst, 0.0), 1.0)
    beyond = loss >= limit
    drawing.rect(
        x + 1, y + 1, width - 2, height - 2, fill=NEGATIVE, fill_opacity=f"{0.75 * share:.2f}",
        stroke=NEGATIVE if beyond else FAINT, stroke_width=1.6 if beyond else 1,
    )  # fmt: skip
    star = "*" if finite(pair.p_holm) and pair.p_holm < 0.05 else ""
    weight = 600 if beyond else 400
    drawing.text(
        x + width / 2, y + height / 2 + 4, _n(loss, language) + star, size=11.5, anchor="middle",
        font_weight=weight,
    )  # fmt: skip
