"""Figures of segments: BIC by number of classes, profiles, moves between waves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.methods.segments import Migration, Mixture, Profiles
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.plots import WIDTH, ticks
from analysis.report.prose import finite, join
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.segments import names_of, say
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

Array = NDArray[np.float64]
LOOKS = (
    (POSITIVE, None), (NEGATIVE, "7 4"), (INK, "2 4"), (MUTED, "10 3 2 3"), (POSITIVE, "2 3"),
    (NEGATIVE, "2 3"), (INK, "7 4"), (MUTED, None),
)  # fmt: skip


def _mark(drawing: Drawing, kind: int, x: float, y: float, colour: str, hint: str) -> None:
    """Circle, square, triangle, diamond: told apart without colour."""
    corners = (
        (), ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)), ((0, -5.5), (5, 4), (-5, 4)),
        ((0, -6), (6, 0), (0, 6), (-6, 0)),
    )[kind % 4]  # fmt: skip
    if not corners:
        drawing.add("circle", tooltip(hint), cx=x, cy=y, r=4.6, fill=colour, stroke=PAPER,
                    stroke_width=1)  # fmt: skip
        return
    path = "M" + "L".join(f"{px(x + a)} {px(y + b)}" for a, b in corners) + "Z"
    drawing.add("path", tooltip(hint), d=path, fill=colour, stroke=PAPER, stroke_width=1)


def selection_figure(
    found: Profiles, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """BIC by number of classes, one line a structure, the chosen point ringed."""
    title = say("selection.figure", language)
    structures = list(dict.fromkeys(m.structure for m in found.tried))
    ks = sorted({m.k for m in found.tried})
    values = [m.bic for m in found.tried]
    left, right, top, bottom = 70.0, WIDTH - 190.0, 28.0, 250.0
    grid = ticks(min(values), max(values))
    drawing = Drawing(WIDTH, bottom + 44.0)

    def x(k: int) -> float:
        return left + (k - ks[0]) / max(ks[-1] - ks[0], 1) * (right - left)

    def y(v: float) -> float:
        return bottom - (v - grid[0]) / (grid[-1] - grid[0]) * (bottom - top)

    for mark in grid:
        drawing.line(left, y(mark), right, y(mark), stroke=FAINT)
        drawing.text(left - 8, y(mark) + 4, numbers.integer(mark, language=language), size=11,
                     anchor="end", fill=MUTED)  # fmt: skip
    for k in ks:
        drawing.text(x(k), bottom + 17, str(k), size=11, anchor="middle", fill=MUTED)
    drawing.text((left + right) / 2, bottom + 36, say("column.classes", language), size=11,
                 anchor="middle", fill=MUTED)  # fmt: skip
    drawing.text(left - 8, 12, "BIC", size=11, anchor="end", fill=MUTED)
    for i, structure in enumerate(structures):
        colour, dash = LOOKS[i]
        points = [(x(m.k), y(m.bic), m) for m in found.tried if m.structure == structure]
        d = "M" + "L".join(f"{px(a)} {px(b)}" for a, b, _ in points)
        drawing.add("path", d=d, fill="none", stroke=colour, stroke_width=1.7,
                    stroke_dasharray=dash)  # fmt: skip
        for a, b, m in points:
            _mark(drawing, i, a, b, colour, f"{m.structure}, {m.k}: {m.bic:.1f}")
        name = say(f"structure.{structure}", language)
        place = top + 10 + 36 * i
        drawing.line(right + 18, place, right + 42, place, stroke=colour, stroke_width=1.7,
                     stroke_dasharray=dash)  # fmt: skip
        _mark(drawing, i, right + 30, place, colour, name)
        for part, line in enumerate(wrap(name, 140, 11.5, lines=2)):
            drawing.text(right + 50, place + 4 + 14 * part, line, size=11.5)
    best = found.best
    drawing.add("circle", cx=x(best.k), cy=y(best.bic), r=9, fill="none", stroke=INK,
                stroke_width=1.6)  # fmt: skip
    alt = say("selection.alt", language, k=best.k,
              structure=say(f"structure.{best.structure}", language))  # fmt: skip
    data = Table(
        "segment-bic", title,
        (Column("structure", say("column.method", language)),
         Column("k", say("column.classes", language), "int"), Column("bic", "BIC", "number", 1)),
        tuple((say(f"structure.{m.structure}", language), m.k, m.bic) for m in found.tried),
    )  # fmt: skip
    svg = drawing.render(title=title, description=alt)
    note = say("selection.figure_note", language)
    return Evidence(
        "segment-selection-figure", title,
        figure=Figure("segment-bic", title, svg, alt, data, (note,)),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def profile_figure(
    best: Mixture,
    names: Sequence[str],
    scores: Array,
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Means of the segments over the constructs, with 95% intervals."""
    title = say("profiles.figure", language)
    shown = names_of(best.k, language)
    member = best.labels
    size = np.array([max(int((member == s).sum()), 1) for s in range(best.k)])
    se = np.sqrt(np.diagonal(best.covariances, axis1=1, axis2=2) / size[:, None])
    left, right, top, bottom = 44.0, WIDTH - 24.0, 34.0, 284.0
    ends = np.concatenate([(best.means - 2 * se).ravel(), (best.means + 2 * se).ravel()])
    grid = ticks(max(float(ends.min()), 0.0), min(float(ends.max()), 100.0))
    step = (right - left - 40) / max(len(names) - 1, 1)
    xs = [left + 20 + step * j for j in range(len(names))]
    drawing = Drawing(WIDTH, bottom + 44.0)

    def y(v: float) -> float:
        return bottom - (v - grid[0]) / (grid[-1] - grid[0]) * (bottom - top)

    for mark in grid:
        drawing.line(left, y(mark), right, y(mark), stroke=FAINT)
        drawing.text(left - 8, y(mark) + 4, numbers.number(mark, digits=0, language=language),
                     size=11, anchor="end", fill=MUTED)  # fmt: skip
    for j, name in enumerate(names):
        for i, word in enumerate(wrap(labels.of(name), min(step, 120.0) - 6, 11.5, lines=2)):
            drawing.text(xs[j], bottom + 18 + 14 * i, word, size=11.5, anchor="middle")
        mean = float(scores[:, j].mean())
        drawing.line(xs[j] - 14, y(mean), xs[j] + 14, y(mean), stroke=RULE, stroke_width=3)
    place = left
    for s in range(best.k):
        colour, dash = LOOKS[s % len(LOOKS)]
        line = [(a, y(float(v))) for a, v in zip(xs, best.means[s], strict=True)]
        drawing.add("path", d="M" + "L".join(f"{px(a)} {px(b)}" for a, b in line), fill="none",
                    stroke=colour, stroke_width=2, stroke_dasharray=dash)  # fmt: skip
        for j, (a, b) in enumerate(line):
            half = 1.96 * float(se[s, j])
            value = float(best.means[s, j])
            drawing.line(a, y(value - half), a, y(value + half), stroke=colour, stroke_width=1.4)
            number = numbers.number(value, digits=1, language=language)
            _mark(drawing, s, a, b, colour, f"{shown[s]}, {labels.of(names[j])}: {number}")
        share = numbers.percent(float(best.weights[s]), digits=0, language=language)
        lead = f"{shown[s]} ({share})"
        drawing.line(
            place, 12, place + 26, 12, stroke=colour, stroke_width=2, stroke_dasharray=dash
        )
        _mark(drawing, s, place + 13, 12, colour, lead)
        drawing.text(place + 32, 16, lead, size=12)
        place += text_width(lead, 12) + 56
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (shown[s], *(float(v) for v in best.means[s])) for s in range(best.k)
    )
    columns = (Column("segment", say("column.segment", language)),
               *(Column(n, labels.of(n), "number", 1) for n in names))  # fmt: skip
    first = (numbers.number(float(v), digits=0, language=language) for v in best.means[:, 0])
    values = join((f"{n} {v}" for n, v in zip(shown, first, strict=True)), language)
    alt = say("profiles.alt", language, k=best.k, count=len(names), values=values,
              first=labels.of(names[0]))  # fmt: skip
    svg = drawing.render(title=title, description=alt)
    data = Table("segment-profile", title, columns, rows)
    return Evidence(
        "segment-profiles-figure", title,
        figure=Figure("segment-profile", title, svg, alt, data,
                      (say("profiles.figure_note", language),)),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def migration_figure(
    found: Migration,
    names: Sequence[str],
    waves: tuple[str, str],
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Shares of each segment that are where they were, or elsewhere, one wave later."""
    title = say("migration.title", language)
    k = len(names)
    left = min(max(text_width(n, 12) for n in names) + 24, 190.0)
    wide, high = min(150.0, (WIDTH - left - 60) / k), 42.0
    drawing = Drawing(left + wide * k + 60, 46.0 + high * k + 10)
    drawing.text(left, 14, f"{waves[1]} \u2192", size=11.5, fill=MUTED)
    drawing.text(0, 14, f"{waves[0]} \u2193", size=11.5, fill=MUTED)
    for j, name in enumerate(names):
        drawing.text(left + wide * (j + 0.5), 36, name, size=12, anchor="middle")
    for i, name in enumerate(names):
        y = 46.0 + high * i
        drawing.text(0, y + high / 2 + 4, name, size=12)
        for j in range(k):
            share = float(found.shares[i, j])
            drawing.rect(left + wide * j + 1, y + 1, wide - 2, high - 2, fill=POSITIVE,
                         fill_opacity=f"{0.55 * share if finite(share) else 0:.3f}",
                         stroke=INK if i == j else RULE)  # fmt: skip
            drawing.text(left + wide * (j + 0.5), y + high / 2 + 1,
                         numbers.percent(share, digits=0, language=language), size=13,
                         anchor="middle", font_weight=600 if i == j else None)  # fmt: skip
            if finite(share):
                span = (numbers.percent(float(v[i, j]), digits=0, language=language)
                        for v in (found.low, found.high))  # fmt: skip
                drawing.text(left + wide * (j + 0.5), y + high / 2 + 15, "\u2013".join(span),
                             size=10, anchor="middle", fill=MUTED)  # fmt: skip
        n = numbers.integer(float(found.counts[i].sum()), language=language)
        drawing.text(left + wide * k + 10, y + high / 2 + 4, f"n = {n}", size=11, fill=MUTED)
    stay = numbers.percent(found.stay, digits=0, language=language)
    kappa = numbers.number(found.kappa, digits=2, bounded=True, language=language)
    words = say("migration.words", language, n=found.n, stay=stay, kappa=kappa)
    alt = say("migration.alt", language, stay=stay)
    columns = (Column("before", waves[0]), *(Column(f"to{j}", n, "percent", 0, group=waves[1])
                                             for j, n in enumerate(names)))  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(float(v) for v in found.shares[i])) for i, name in enumerate(names)
    )
    notes = [say("migration.note", language)]
    if found.held:
        notes.append(say("migration.held", language, count=found.held))
    data = Table("segment-migration", title, columns, rows, notes=tuple(notes))
    svg = drawing.render(title=title, description=alt)
    return Evidence(
        "segment-migration", title,
        figure=Figure("segment-migration", title, svg, alt, data, tuple(notes)),
        paragraphs=(words,), language=language, stamps=tuple(stamps),
    )  # fmt: skip
