"""The path diagram under construction: where nodes, trays and labels stand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.report.path_layout import Placement, Size
from analysis.report.path_model import Node, Picture, tray_width
from analysis.report.svg import Drawing

HALF_WIDTH = 66.0
HALF_HEIGHT = 31.0
BOX = 19.0
INDENT = 20.0
FAN = 40.0
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass
class Scene:
    """The drawing under construction: where nodes and labels already stand."""

    drawing: Drawing
    shown: Picture
    placement: Placement
    trays: Mapping[str, str]
    shift: Point
    taken: list[Box] = field(default_factory=list)
    samples: list[list[Point]] = field(default_factory=list)

    def centre(self, name: str) -> Point:
        x, y = self.placement.centres[name]
        return x + self.shift[0], y + self.shift[1]


def height(node: Node) -> float:
    """Half the height of a node, more where it holds three lines."""
    return HALF_HEIGHT + (7.0 if len(node.lines) > 1 and node.note else 0.0)


def size(node: Node, tray: str) -> Size:
    """Room that a node with its indicators needs."""
    half = height(node)
    rows = BOX * len(node.items)
    if not node.items:
        return Size(HALF_WIDTH, HALF_WIDTH, half, half)
    width = tray_width(node)
    if tray == "below":
        over = max(INDENT + width - HALF_WIDTH, HALF_WIDTH)
        return Size(HALF_WIDTH, over, half, half + 8.0 + rows)
    side = HALF_WIDTH + FAN + width
    tall = max(half, rows / 2)
    left, right = (side, HALF_WIDTH) if tray == "left" else (HALF_WIDTH, side)
    return Size(left, right, tall, tall)


def node_boxes(scene: Scene, node: Node) -> list[Box]:
    """Boxes that labels must not cover."""
    x, y = scene.centre(node.name)
    half = height(node)
    boxes = [(x - HALF_WIDTH, y - half, x + HALF_WIDTH, y + half)]
    for left, top, width, _ in item_places(scene, node):
        boxes.append((left, top, left + width, top + BOX))
    return boxes


def item_places(scene: Scene, node: Node) -> list[tuple[float, float, float, Point]]:
    """Left, top and width of every indicator box, and the point its arrow hits."""
    x, y = scene.centre(node.name)
    width = tray_width(node)
    tray = scene.trays[node.name]
    found = []
    for index in range(len(node.items)):
        if tray == "below":
            left = x - HALF_WIDTH + INDENT
            top = y + height(node) + 8.0 + BOX * index
            found.append((left, top, width, (left, top + BOX / 2)))
            continue
        top = y + BOX * (index - len(node.items) / 2)
        right = tray == "right"
        left = x + HALF_WIDTH + FAN if right else x - HALF_WIDTH - FAN - width
        found.append((left, top, width, (left if right else left + width, top + BOX / 2)))
    return found


def port(scene: Scene, node: Node, offset: float, sign: float) -> Point:
    """Where a line at a vertical ``offset`` meets the node; ``sign`` 1 is its right side."""
    x, y = scene.centre(node.name)
    if not node.latent:
        return x + sign * HALF_WIDTH, y + offset
    share = min(abs(offset) / height(node), 0.95)
    return x + sign * HALF_WIDTH * math.sqrt(1.0 - share * share), y + offset
