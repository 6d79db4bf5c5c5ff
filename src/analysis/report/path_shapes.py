"""Shapes of a path diagram: nodes with their indicators, and curved covariances."""

from __future__ import annotations

import math

from analysis.report.path_model import NAME_SIZE, Curve, Node
from analysis.report.path_scene import (
    BOX,
    HALF_HEIGHT,
    HALF_WIDTH,
    Point,
    Scene,
    height,
    item_places,
)
from analysis.report.svg import (
    ALARM,
    INK,
    MUTED,
    PAPER,
    RULE,
    Drawing,
    at,
    px,
    text_width,
    tooltip,
    wrap,
)


def swing(distance: float) -> float:
    """How far a curve between nodes of one column swings out."""
    return min(26.0 + 0.2 * distance, 190.0)


def draw_node(scene: Scene, node: Node) -> None:
    """A node with its name, its note and its indicators."""
    x, y = scene.centre(node.name)
    half = height(node)
    _draw_items(scene, node)
    stroke = ALARM if node.alarm else INK
    shape = {"fill": PAPER, "stroke": stroke, "stroke_width": 2.4 if node.alarm else 1.4}
    if node.latent:
        scene.drawing.add("ellipse", cx=x, cy=y, rx=HALF_WIDTH, ry=half, **shape)
    else:
        scene.drawing.rect(x - HALF_WIDTH, y - half, 2 * HALF_WIDTH, 2 * half, **shape)
    rows = len(node.lines) + (1 if node.note else 0)
    top = y - 8.0 * (rows - 1) + 4.5
    for index, line in enumerate(node.lines):
        scene.drawing.text(x, top + 16 * index, line, size=NAME_SIZE, anchor="middle",
                           font_weight=600)  # fmt: skip
    if node.note:
        scene.drawing.text(x, top + 16 * len(node.lines), node.note, size=11.5, anchor="middle",
                           fill=ALARM if node.alarm else MUTED)  # fmt: skip


def _draw_items(scene: Scene, node: Node) -> None:
    x, y = scene.centre(node.name)
    tray = scene.trays[node.name]
    places = item_places(scene, node)
    if places and tray == "below":
        spine = x - HALF_WIDTH + 8.0
        dx = (spine - x) / HALF_WIDTH
        start = y + height(node) * math.sqrt(max(1 - dx * dx, 0.0)) if node.latent else y
        scene.drawing.line(spine, start, spine, places[-1][1] + BOX / 2, stroke=MUTED)
    for item, (left, top, width, hit) in zip(node.items, places, strict=True):
        if tray == "below":
            scene.drawing.line(x - HALF_WIDTH + 8.0, hit[1], hit[0] - 4, hit[1], stroke=MUTED)
        else:
            sign = 1.0 if tray == "right" else -1.0
            scene.drawing.line(x + sign * HALF_WIDTH, y, hit[0] - 5 * sign, hit[1], stroke=MUTED)
        head(scene.drawing, hit, -1.0 if tray == "left" else 1.0, MUTED, 5.0)
        scene.drawing.rect(left, top + 1.5, width, BOX - 3, fill=PAPER,
                           stroke=ALARM if item.alarm else RULE,
                           stroke_width=1.8 if item.alarm else 1)  # fmt: skip
        room = width - text_width(item.loading, 11) - 14
        name = ("! " if item.alarm else "") + wrap(item.name, room, 11, lines=1)[0]
        scene.drawing.text(left + 5, top + 13.5, name, size=11)
        scene.drawing.text(left + width - 5, top + 13.5, item.loading, size=11, anchor="end",
                           fill=MUTED)  # fmt: skip


def head(drawing: Drawing, tip: Point, sign: float, colour: str, size: float) -> None:
    """An arrow head that points right (``sign`` 1) or left."""
    x, y = tip
    back, half = x - sign * size, size * 0.46
    drawing.add("path", d=f"M{px(x)} {px(y)}L{px(back)} {px(y - half)}L{px(back)} {px(y + half)}Z",
                fill=colour)  # fmt: skip


def draw_curves(scene: Scene) -> None:
    """All covariances; their courses are kept for placing labels."""
    for curve in scene.shown.curves:
        samples = _draw_curve(scene, curve)
        scene.samples.append(samples)


def _draw_curve(scene: Scene, curve: Curve) -> list[Point]:
    (x1, y1), (x2, y2) = scene.centre(curve.first), scene.centre(curve.second)
    if y1 > y2 or (y1 == y2 and x1 > x2):
        (x1, y1), (x2, y2) = (x2, y2), (x1, y1)
    if abs(x1 - x2) < 1.0:
        bulge = swing(y2 - y1) * 4 / 3
        reach = HALF_WIDTH * 0.9
        a, b = (x1 - reach, y1 + 12.0), (x2 - reach, y2 - 12.0)
        c, d = (a[0] - bulge, a[1] + 10.0), (b[0] - bulge, b[1] - 10.0)
    else:
        a, b = (x1 + 20.0, y1 - HALF_HEIGHT * 0.95), (x2 - 20.0, y2 - HALF_HEIGHT * 0.95)
        lift = 30.0 + 0.1 * abs(x2 - x1)
        c, d = (a[0] + 20.0, a[1] - lift), (b[0] - 20.0, b[1] - lift)
    colour = ALARM if curve.alarm else MUTED
    scene.drawing.add(
        "path", tooltip(f"{curve.first} \u2194 {curve.second} {curve.words}"),
        d=f"M{at(a)}C{at(c)} {at(d)} {at(b)}",
        fill="none", stroke=colour, stroke_width=1.2,
        stroke_dasharray=None if curve.clear else "5 4",
    )  # fmt: skip
    _slanted_head(scene.drawing, a, c, colour)
    _slanted_head(scene.drawing, b, d, colour)
    return [_bezier(a, c, d, b, k / 24.0) for k in range(25)]


def _bezier(a: Point, c: Point, d: Point, b: Point, t: float) -> Point:
    u = 1.0 - t
    weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
    return (
        sum(w * p[0] for w, p in zip(weights, (a, c, d, b), strict=True)),
        sum(w * p[1] for w, p in zip(weights, (a, c, d, b), strict=True)),
    )


def _slanted_head(drawing: Drawing, tip: Point, towards: Point, colour: str) -> None:
    dx, dy = tip[0] - towards[0], tip[1] - towards[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length * 7.0, dy / length * 7.0
    left = (tip[0] - ux - uy * 0.42, tip[1] - uy + ux * 0.42)
    right = (tip[0] - ux + uy * 0.42, tip[1] - uy - ux * 0.42)
    drawing.add("path", fill=colour, d="M" + "L".join(f"{px(p[0])} {px(p[1])}" for p in
                                                      (tip, left, right)) + "Z")  # fmt: skip
