"""Coefficients on the lines of a path diagram."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.report.path_model import Arrow, Curve
from analysis.report.path_scene import Box, Point, Scene
from analysis.report.prose import finite
from analysis.report.svg import ALARM, INK, MUTED, NEGATIVE, PAPER, Drawing, text_width

LABEL = 12.0


def draw_labels(scene: Scene) -> None:
    """Coefficients on their lines, where they cover no node, no other label and few lines."""
    arrows = [a for a in scene.shown.arrows if _column(scene, a.source) != _column(scene, a.target)]
    owners: list[Arrow | Curve] = [*scene.shown.curves, *arrows]
    order = sorted(range(len(owners)), key=lambda i: len(scene.samples[i]))
    for index in order:
        owner = owners[index]
        if not owner.words:
            continue
        lines = owner.words.split("\n")
        width = max(text_width(line, LABEL) for line in lines) + 6.0
        height = 15.0 * len(lines) + 1.0
        x, y = _spot(scene, index, width, height)
        scene.taken.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        _label(scene.drawing, owner, lines, (x, y), (width, height))


def _column(scene: Scene, name: str) -> int:
    return scene.placement.ranks[name]


def _spot(scene: Scene, index: int, width: float, height: float) -> Point:
    samples = scene.samples[index]
    middle = (len(samples) - 1) / 2
    boxes = [(x - width / 2, y - height / 2, x + width / 2, y + height / 2) for x, y in samples]
    crossed = _crossed(boxes, [line for j, line in enumerate(scene.samples) if j != index])
    best, lowest = samples[len(samples) // 2], math.inf
    for k, box in enumerate(boxes):
        cost = 2.0 * abs(k - middle) / len(samples)
        cost += sum(60.0 for other in scene.taken if _overlap(box, other))
        cost += 3.0 * crossed[k]
        if cost < lowest:
            best, lowest = samples[k], cost
    return best


def _crossed(boxes: Sequence[Box], lines: Sequence[Sequence[Point]]) -> list[int]:
    """How many of the lines have a point inside each box."""
    lines = [line for line in lines if line]
    if not lines:
        return [0] * len(boxes)
    x, y = np.array([point for line in lines for point in line]).T
    left, top, right, bottom = np.array(boxes).T[..., None]
    inside = (left < x) & (x < right) & (top < y) & (y < bottom)
    starts = np.cumsum([0, *map(len, lines[:-1])])
    counts: list[int] = np.logical_or.reduceat(inside, starts, axis=1).sum(axis=1).tolist()
    return counts


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _label(
    drawing: Drawing, owner: Arrow | Curve, lines: Sequence[str], at: Point, size: Point
) -> None:
    (x, y), (width, height) = at, size
    negative = finite(owner.value) and owner.value < 0
    drawing.rect(x - width / 2, y - height / 2, width, height, rx=3, fill=PAPER,
                 stroke=NEGATIVE if negative else None,
                 stroke_width=1 if negative else None)  # fmt: skip
    colour = ALARM if owner.alarm else NEGATIVE if negative else INK
    heavy = isinstance(owner, Arrow) and not owner.loading and owner.clear
    for k, line in enumerate(lines):
        drawing.text(x, y - height / 2 + 12.0 + 15 * k, line, size=LABEL if k == 0 else 10.5,
                     anchor="middle", fill=colour if k == 0 else MUTED,
                     font_weight=600 if heavy and k == 0 else None)  # fmt: skip
