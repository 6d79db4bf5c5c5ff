"""Layered left-to-right placement of a path diagram (after Sugiyama, Tagawa & Toda 1981)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLUMN_GAP = 104.0
ROW_GAP = 26.0
THREAD = 15.0
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Size:
    """Room that a node needs around the centre of its shape."""

    left: float
    right: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class Link:
    """A line to be laid out from a node on the left to a node further right."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything stands: centres of the nodes, their columns, the total size.

    ``ways`` holds the way points of long links by link index, two for each column that a link
    crosses, so that it runs level past the nodes there.
    """

    centres: Mapping[str, tuple[float, float]]
    ways: Mapping[int, tuple[tuple[float, float], ...]]
    ranks: Mapping[str, int]
    width: float
    height: float


def ranks(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest-path column of every node; edges that close a loop do not count."""
    forward = _acyclic(nodes, edges)
    found = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in forward:
            found[target] = max(found[target], found[source] + 1)
    return found


def _acyclic(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    after: dict[str, list[str]] = {n: [] for n in nodes}
    for source, target in edges:
        after[source].append(target)
    state: dict[str, int] = {}
    kept: list[tuple[str, str]] = []

    def visit(node: str) -> None:
        state[node] = 1
        for target in after[node]:
            if state.get(target) == 1:
                continue
            kept.append((node, target))
            if target not in state:
                visit(target)
        state[node] = 2

    targets = {t for _, t in edges}
    for node in sorted(nodes, key=lambda n: n in targets):
        if node not in state:
            visit(node)
    return kept


def place(
    nodes: Sequence[str],
    columns: Mapping[str, int],
    sizes: Mapping[str, Size],
    links: Sequence[Link],
    *,
    gap: float = COLUMN_GAP,
) -> Placement:
    """Positions for nodes in given columns; links over several columns get way points between.

    The order within columns is found by barycentre sweeps, the heights by least squares with
    the spacing as constraints (isotonic regression).
    """
    base = min(columns.values(), default=0)
    rank = {n: columns[n] - base for n in nodes}
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for node in nodes:
        layers[rank[node]].append(node)
    chains, room = _threads(links, rank, layers, sizes)
    neighbours = _neighbours(chains)
    _order(layers, neighbours)
    y = _heights(layers, neighbours, room)
    x, spans, width = _columns(layers, room, gap)
    top = min(y[n] - room[n].above for n in room)
    bottom = max(y[n] + room[n].below for n in room)
    centres = {n: (x[rank[n]], y[n] - top) for n in nodes}
    ways = {}
    for index, chain in chains.items():
        first = rank[links[index].left] + 1
        ways[index] = tuple(
            (edge, y[dummy] - top)
            for k, dummy in enumerate(chain[1:-1])
            for edge in spans[first + k]
        )
    return Placement(centres, ways, rank, width, bottom - top)


def _threads(
    links: Sequence[Link],
    rank: Mapping[str, int],
    layers: list[list[str]],
    sizes: Mapping[str, Size],
) -> tuple[dict[int, list[str]], dict[str, Size]]:
    """Chains of nodes and dummies for every link, and the room that all of them need."""
    room = dict(sizes)
    chains: dict[int, list[str]] = {}
    for index, link in enumerate(links):
        chain = [link.left]
        for column in range(rank[link.left] + 1, rank[link.right]):
            dummy = f"\0{index}.{column}"
            layers[column].append(dummy)
            room[dummy] = Size(0.0, 0.0, THREAD, THREAD)
            chain.append(dummy)
        chains[index] = [*chain, link.right]
    return chains, room


def _neighbours(chains: Mapping[int, list[str]]) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for chain in chains.values():
        for a, b in itertools.pairwise(chain):
            weight = 4.0 if a.startswith("\0") and b.startswith("\0") else 1.0
            found.setdefault(a, []).append((b, weight))
            found.setdefault(b, []).append((a, weight))
    return found


def _order(layers: list[list[str]], neighbours: Mapping[str, list[tuple[str, float]]]) -> None:
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, neighbours)
    for sweep in range(SWEEPS):
        sequence = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        for column in sequence:
            beside = layers[column - 1] if sweep % 2 == 0 else layers[column + 1]
            at = {n: i for i, n in enumerate(beside)}
            keys = {}
            for i, node in enumerate(layers[column]):
                known = [at[m] for m, _ in neighbours.get(node, []) if m in at]
                keys[node] = (sum(known) / len(known) if known else float(i), i)
            layers[column].sort(key=lambda n, k=keys: k[n])  # type: ignore[misc]
        count = _crossings(layers, neighbours)
        if count < fewest:
            fewest, best = count, [list(layer) for layer in layers]
    for column, layer in enumerate(best):
        layers[column] = layer


def _crossings(
    layers: Sequence[Sequence[str]], neighbours: Mapping[str, list[tuple[str, float]]]
) -> int:
    total = 0
    for left, right in itertools.pairwise(layers):
        at = {n: i for i, n in enumerate(right)}
        pairs = [
            (i, at[m]) for i, n in enumerate(left) for m, _ in neighbours.get(n, []) if m in at
        ]
        total += sum(
            (a[0] - b[0]) * (a[1] - b[1]) < 0 for k, a in enumerate(pairs) for b in pairs[:k]
        )
    return total


def _heights(
    layers: Sequence[Sequence[str]],
    neighbours: Mapping[str, list[tuple[str, float]]],
    room: Mapping[str, Size],
) -> dict[str, float]:
    y: dict[str, float] = {}
    for layer in layers:
        heights = [room[n].above + room[n].below + ROW_GAP for n in layer]
        start = -sum(heights) / 2.0
        for node, height in zip(layer, heights, strict=True):
            y[node] = start + room[node].above
            start += height
    order = list(range(len(layers)))
    for sweep in range(2 * SWEEPS):
        for column in order if sweep % 2 == 0 else reversed(order):
            layer = layers[column]
            wanted, weights = [], []
            for node in layer:
                near = neighbours.get(node, [])
                total = sum(w for _, w in near)
                wanted.append(sum(y[m] * w for m, w in near) / total if near else y[node])
                weights.append(max(total, 0.2))
            gaps = [
                room[a].below + room[b].above + (ROW_GAP if "\0" not in (a[0], b[0]) else 6.0)
                for a, b in itertools.pairwise(layer)
            ]
            for node, height in zip(layer, spaced(wanted, weights, gaps), strict=True):
                y[node] = height
    return y


def spaced(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Positions nearest to ``wanted`` (weighted least squares) that keep ``gaps`` between them."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[list[float]] = []
    for value, weight, offset in zip(wanted, weights, offsets, strict=False):
        blocks.append([value - offset, weight, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, w, count = blocks.pop()
            other, v, size = blocks[-1]
            blocks[-1] = [(other * v + mean * w) / (v + w), v + w, size + count]
    flat = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [base + offset for base, offset in zip(flat, offsets, strict=False)]


def _columns(
    layers: Sequence[Sequence[str]], room: Mapping[str, Size], gap: float
) -> tuple[list[float], list[tuple[float, float]], float]:
    """Centre lines and edges of the columns, and the total width."""
    x: list[float] = []
    spans: list[tuple[float, float]] = []
    edge = 0.0
    for layer in layers:
        left = max((room[n].left for n in layer), default=0.0)
        right = max((room[n].right for n in layer), default=0.0)
        x.append(edge + left)
        spans.append((edge, edge + left + right))
        edge += left + right + gap
    return x, spans, edge - gap
