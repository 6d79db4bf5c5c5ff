"""Path diagrams as SVG: ellipses, indicator boxes, arrows with standardized coefficients."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.report.labels import Labels
from analysis.report.path_labels import draw_labels
from analysis.report.path_layout import COLUMN_GAP, Link, Placement, Size, place, ranks
from analysis.report.path_model import Arrow, Picture, picture
from analysis.report.path_scene import Point, Scene, node_boxes, port, size
from analysis.report.path_shapes import draw_curves, draw_node, head, swing
from analysis.report.prose import finite
from analysis.report.svg import ALARM, INK, MUTED, NEGATIVE, Drawing, px, tooltip
from analysis.sem import Solution

MARGIN = 8.0
HEAD = 8.0
FEW_CURVES = 3


def draw(
    solution: Solution,
    labels: Labels,
    *,
    language: str,
    title: str,
    description: str,
    indicators: bool = True,
    intervals: bool = False,
    group: int = 1,
) -> tuple[str, Picture]:
    """The diagram of a group (from 1) as SVG text, and what it shows."""
    shown = picture(
        solution, labels, language, indicators=indicators, intervals=intervals, group=group
    )
    gap = COLUMN_GAP + (26.0 if intervals else 0.0)
    return paint(shown, title=title, description=description, gap=gap)


def paint(
    shown: Picture, *, title: str, description: str, gap: float = COLUMN_GAP
) -> tuple[str, Picture]:
    """A picture as SVG text, and the picture less what would have cluttered it."""
    columns = _columns(shown)
    shown = _without_clutter(shown, columns)
    trays = _trays(shown, columns)
    sizes = {n.name: size(n, trays[n.name]) for n in shown.nodes}
    links, ends = _links(shown, columns)
    placement = place([n.name for n in shown.nodes], columns, sizes, links, gap=gap)
    bulge = _bulge_room(shown, placement, sizes)
    drawing = Drawing(placement.width + bulge + 2 * MARGIN, placement.height + 2 * MARGIN)
    scene = Scene(drawing, shown, placement, trays, (bulge + MARGIN, MARGIN))
    for node in shown.nodes:
        scene.taken.extend(node_boxes(scene, node))
    draw_curves(scene)
    _draw_arrows(scene, links, ends)
    for node in shown.nodes:
        draw_node(scene, node)
    draw_labels(scene)
    return drawing.render(title=title, description=description), shown


def _columns(shown: Picture) -> dict[str, int]:
    """Columns by longest path; first-order factors stand beside their second-order factor."""
    names = [n.name for n in shown.nodes]
    parent = {a.target: a.source for a in shown.arrows if a.loading}
    paths = [(a.source, a.target) for a in shown.arrows if not a.loading]
    busy = {n for pair in paths for n in pair}
    free = [n for n in names if n not in parent or n in busy]
    columns = ranks(free, [p for p in paths if p[0] in free and p[1] in free])
    targets = {t for _, t in paths}
    sources = {s for s, _ in paths}
    pending = [n for n in names if n not in columns]
    for _ in names:
        for name in [n for n in pending if parent.get(n) in columns]:
            top = parent[name]
            terminal = top in targets and top not in sources
            outward = terminal or (top in parent and columns[top] > columns.get(parent[top], 0))
            columns[name] = columns[top] + (1 if outward else -1)
            pending.remove(name)
    columns.update(dict.fromkeys(pending, 0))
    return columns


def _without_clutter(shown: Picture, columns: Mapping[str, int]) -> Picture:
    """Without curves that would run through a column to the left, unless they are few."""
    low = min(columns.values())
    blocked = [c for c in shown.curves if min(columns[c.first], columns[c.second]) > low]
    if len(blocked) <= FEW_CURVES:
        return shown
    kept = tuple(c for c in shown.curves if c not in blocked)
    return replace(shown, curves=kept, hidden_curves=shown.hidden_curves + len(blocked))


def _trays(shown: Picture, columns: Mapping[str, int]) -> dict[str, str]:
    """Where each node's indicators stand: beside it at the outer edges, else below."""
    low, high = min(columns.values()), max(columns.values())
    curved = {n for c in shown.curves for n in (c.first, c.second)}
    narrow = high - low <= 2
    counts = [sum(1 for c in columns.values() if c == side) for side in (low, high)]
    trays = {}
    for node in shown.nodes:
        column = columns[node.name]
        if low == high:
            trays[node.name] = "right"
        elif column == low and node.name not in curved and (narrow or counts[0] > 2):
            trays[node.name] = "left"
        elif column == high and (narrow or counts[1] > 2):
            trays[node.name] = "right"
        else:
            trays[node.name] = "below"
    return trays


def _links(
    shown: Picture, columns: Mapping[str, int]
) -> tuple[list[Link], dict[int, tuple[Arrow, bool]]]:
    """Links from left to right with the arrow each stands for, and whether it points right."""
    links: list[Link] = []
    ends: dict[int, tuple[Arrow, bool]] = {}
    for arrow in shown.arrows:
        a, b = columns[arrow.source], columns[arrow.target]
        if a == b:
            continue
        ends[len(links)] = (arrow, a < b)
        links.append(
            Link(arrow.source, arrow.target) if a < b else Link(arrow.target, arrow.source)
        )
    return links, ends


def _bulge_room(shown: Picture, placement: Placement, sizes: Mapping[str, Size]) -> float:
    room = 0.0
    for curve in shown.curves:
        (x1, y1), (x2, y2) = placement.centres[curve.first], placement.centres[curve.second]
        if abs(x1 - x2) < 1.0:
            inner = min(x1 - sizes[curve.first].left, x2 - sizes[curve.second].left)
            room = max(room, swing(abs(y1 - y2)) + 24.0 - inner)
    return max(room, 0.0)


def _ports(scene: Scene, links: Sequence[Link]) -> dict[tuple[int, str], float]:
    """Vertical offset at which each link leaves or enters a node, so that none coincide."""
    sides: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for index, link in enumerate(links):
        way = scene.placement.ways.get(index, ())
        after = way[0][1] if way else scene.placement.centres[link.right][1]
        before = way[-1][1] if way else scene.placement.centres[link.left][1]
        sides.setdefault((link.left, "right"), []).append((after, index))
        sides.setdefault((link.right, "left"), []).append((before, index))
    offsets: dict[tuple[int, str], float] = {}
    for (_, side), members in sides.items():
        members.sort()
        step = min(15.0, 44.0 / max(len(members) - 1, 1))
        for place_, (_, index) in enumerate(members):
            offsets[(index, side)] = (place_ - (len(members) - 1) / 2) * step
    return offsets


def _draw_arrows(
    scene: Scene, links: Sequence[Link], ends: Mapping[int, tuple[Arrow, bool]]
) -> None:
    nodes = {n.name: n for n in scene.shown.nodes}
    offsets = _ports(scene, links)
    reach = {n.name: size(n, scene.trays[n.name]) for n in scene.shown.nodes}
    for index, link in enumerate(links):
        arrow, rightward = ends[index]
        start = port(scene, nodes[link.left], offsets[(index, "right")], 1.0)
        end = port(scene, nodes[link.right], offsets[(index, "left")], -1.0)
        x0 = max(scene.centre(link.left)[0] + reach[link.left].right, start[0])
        x1 = min(scene.centre(link.right)[0] - reach[link.right].left, end[0])
        gap = HEAD + 1.0
        if rightward:
            end = (end[0] - gap, end[1])
        else:
            start = (start[0] + gap, start[1])
        shift = scene.shift
        way = [(x + shift[0], y + shift[1]) for x, y in scene.placement.ways.get(index, ())]
        points = [start, (max(x0, start[0]), start[1]), *way, (min(x1, end[0]), end[1]), end]
        path, samples = _smooth(points)
        colour = _colour(arrow)
        scene.drawing.add(
            "path", tooltip(_hint(arrow)), d=path, fill="none", stroke=colour,
            stroke_width=_thickness(arrow), stroke_dasharray=None if arrow.clear else "6 4",
        )  # fmt: skip
        tip = (end[0] + gap, end[1]) if rightward else (start[0] - gap, start[1])
        head(scene.drawing, tip, 1.0 if rightward else -1.0, colour, HEAD + 1.5)
        scene.samples.append(samples)


def _colour(arrow: Arrow) -> str:
    if arrow.alarm:
        return ALARM
    if arrow.loading:
        return MUTED
    return NEGATIVE if finite(arrow.value) and arrow.value < 0 else INK


def _hint(arrow: Arrow) -> str:
    return f"{arrow.source} \u2192 {arrow.target} {arrow.words}".replace("\n", " ").strip()


def _thickness(arrow: Arrow) -> float:
    if not finite(arrow.value):
        return 1.4
    return 1.0 + 3.4 * min(abs(arrow.value), 1.0) * (0.5 if arrow.loading else 1.0)


def _smooth(points: Sequence[Point]) -> tuple[str, list[Point]]:
    """A path through ``points`` with horizontal tangents, and points along it."""
    x, y = points[0]
    path = [f"M{px(x)} {px(y)}"]
    samples: list[Point] = []
    for (xa, ya), (xb, yb) in itertools.pairwise(points):
        if abs(ya - yb) < 0.5:
            path.append(f"L{px(xb)} {px(yb)}")
        else:
            middle = (xa + xb) / 2
            path.append(f"C{px(middle)} {px(ya)} {px(middle)} {px(yb)} {px(xb)} {px(yb)}")
        samples.extend(_along((xa, ya), (xb, yb)))
    return "".join(path), samples


def _along(a: Point, b: Point) -> list[Point]:
    middle = (a[0] + b[0]) / 2
    found = []
    for k in range(13):
        t = k / 12.0
        u = 1.0 - t
        x = u**3 * a[0] + 3 * u * u * t * middle + 3 * u * t * t * middle + t**3 * b[0]
        y = (u**3 + 3 * u * u * t) * a[1] + (3 * u * t * t + t**3) * b[1]
        found.append((x, y))
    return found
