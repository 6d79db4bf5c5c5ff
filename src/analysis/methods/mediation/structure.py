"""Routes between constructs: every way from a source to a target along regressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.methods.mediation.upstream import coefficients, total_effects
from analysis.sem import Solution
from analysis.sem.resampling.quantities import Quantities

Array = NDArray[np.float64]
Vector = NDArray[Any]
Kind = Literal["specific", "indirect", "direct", "total"]
MOST_ROUTES = 500
CHUNK = 1000


@dataclass(frozen=True)
class Cell:
    """One effect of a pair: which number of the structural part it is; ``route`` by position."""

    source: int
    target: int
    kind: Kind
    route: tuple[int, ...] = ()


@dataclass(frozen=True)
class Structure:
    """The regressions of one group (from 1) among ``nodes``, and the effects they carry.

    ``place`` (k,) are the nodes' positions among the group's variables, ``edges`` (target, source)
    pairs of nodes; ``cells`` are the effects of every pair that some route of two steps or more
    connects. ``loops`` says whether some node depends on itself, ``cut`` that routes were left
    out because there are more than ``MOST_ROUTES``.
    """

    group: int
    nodes: tuple[str, ...]
    place: NDArray[np.intp]
    edges: tuple[tuple[int, int], ...]
    cells: tuple[Cell, ...]
    loops: bool
    cut: bool

    @classmethod
    def of(cls, solution: Solution, group: int) -> Structure:
        """The structural part of one group."""
        variables = solution.fit.model.groups[group - 1].variables
        rows = [r for r in solution.partable.rows if r.op == "~" and r.group == group]
        rows = [r for r in rows if r.free > 0 or r.ustart]
        used = dict.fromkeys(name for r in rows for name in (r.rhs, r.lhs))
        nodes = _in_causal_order(tuple(used), [(r.lhs, r.rhs) for r in rows])
        at = {name: i for i, name in enumerate(nodes)}
        edges = tuple((at[r.lhs], at[r.rhs]) for r in rows)
        routes = _routes(len(nodes), edges)
        kept = routes[:MOST_ROUTES]
        reach = np.linalg.matrix_power(_pattern(len(nodes), edges) + np.eye(len(nodes)), len(nodes))
        loops = any(reach[s, t] > 0 for t, s in edges)
        place = np.array([variables.index(name) for name in nodes], dtype=np.intp)
        cells = tuple(_cells(kept, edges))
        return cls(group, nodes, place, edges, cells, loops, len(kept) < len(routes))

    def effects(self, B: Vector) -> Vector:
        """All effects (cells, ...) from path coefficients ``B`` (k, k, ...), target by source."""
        total = total_effects(B)
        found = np.empty((len(self.cells), *B.shape[2:]), dtype=B.dtype)
        for i, c in enumerate(self.cells):
            if c.kind == "specific":
                steps = zip(c.route[1:], c.route[:-1], strict=True)
                found[i] = reduce(np.multiply, [B[t, s] for t, s in steps])
            elif c.kind == "direct":
                found[i] = B[c.target, c.source]
            elif c.kind == "indirect":
                found[i] = total[c.target, c.source] - B[c.target, c.source]
            else:
                found[i] = total[c.target, c.source]
        return found

    def effects_at(self, solution: Solution, theta: Vector, *, std_all: bool) -> Vector:
        """Effects (cells,) at ``theta`` (q,), or (cells, b) at points (q, b); raw or std.all.

        NaN where a variance is negative.
        """
        model = solution.fit.model.groups[self.group - 1]
        return self._known(coefficients(model, self.place, theta, std_all=std_all))

    def of_rows(self, values: Quantities, *, std_all: bool) -> Array:
        """Effects (D, cells) from draws of the parameter table; NaN where a draw failed."""
        table = values.std_all if std_all else values.raw
        B = np.zeros((len(self.nodes), len(self.nodes), len(table)))
        at = {name: i for i, name in enumerate(self.nodes)}
        for column, row in enumerate(values.rows):
            if row.op == "~" and row.group == self.group and {row.lhs, row.rhs} <= at.keys():
                B[at[row.lhs], at[row.rhs]] = table[:, column]
        return np.ascontiguousarray(self._known(B).T)

    def of_points(self, solution: Solution, points: Array, *, std_all: bool) -> Array:
        """Effects (D, cells) at ``points`` (D, q) of theta; NaN where a variance is negative."""
        found = np.empty((len(points), len(self.cells)))
        for first in range(0, len(points), CHUNK):
            theta = np.ascontiguousarray(points[first : first + CHUNK].T)
            found[first : first + CHUNK] = self.effects_at(solution, theta, std_all=std_all).T
        return found

    def _known(self, B: Vector) -> Vector:
        """Effects (cells, ...) where all of ``B`` (k, k, ...) is finite, elsewhere NaN."""
        bad = ~np.isfinite(B).all(axis=(0, 1))
        found = self.effects(np.where(bad, 0.0, B))
        return np.where(bad, np.nan, found)


def _pattern(k: int, edges: tuple[tuple[int, int], ...]) -> Array:
    found = np.zeros((k, k))
    for target, source in edges:
        found[target, source] = 1.0
    return found


def _in_causal_order(names: tuple[str, ...], edges: list[tuple[str, str]]) -> tuple[str, ...]:
    """Sources before what depends on them; the order of the text within that, and in loops."""
    left, found = list(names), list[str]()
    while left:
        ready = [n for n in left if not any(t == n and s in left and s != n for t, s in edges)]
        found += ready[:1] or left[:1]
        left.remove(found[-1])
    return tuple(found)


def _routes(k: int, edges: tuple[tuple[int, int], ...]) -> list[tuple[int, ...]]:
    """Simple routes of two steps or more, by source and target; at most one too many."""
    after: list[list[int]] = [[] for _ in range(k)]
    for target, source in sorted(edges):
        after[source].append(target)
    found: list[tuple[int, ...]] = []

    def walk(route: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        for step in after[route[-1]]:
            if step not in route:
                yield (*route, step)
                yield from walk((*route, step))

    for source in range(k):
        for route in walk((source,)):
            if len(route) > 2:
                found.append(route)
            if len(found) > MOST_ROUTES:
                return found
    return found


def _cells(routes: list[tuple[int, ...]], edges: tuple[tuple[int, int], ...]) -> Iterator[Cell]:
    pairs: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for route in routes:
        pairs.setdefault((route[0], route[-1]), []).append(route)
    for (source, target), members in sorted(pairs.items()):
        for route in sorted(members, key=lambda r: (len(r), r)):
            yield Cell(source, target, "specific", route)
        yield Cell(source, target, "indirect")
        if (target, source) in edges:
            yield Cell(source, target, "direct")
        yield Cell(source, target, "total")
