"""Constructs on a scale from 0 to 100, as weighted means of their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem import Solution
from analysis.sem.model import GroupModel

Array = NDArray[np.float64]
LEAST_UNIQUE = 0.01
CHUNK = 200


@dataclass(frozen=True, slots=True)
class Unit:
    """How a variable's answers become points: ``scale * (answer - origin)``."""

    scale: float
    origin: float

    @classmethod
    def of_range(cls, low: float, high: float) -> Unit:
        """From a scale's lowest and highest answer to 0 and 100."""
        return cls(100.0 / (high - low), low)


AS_IT_IS = Unit(1.0, 0.0)


@dataclass(frozen=True)
class Points:
    """Effects and levels in points, at D parameter vectors.

    ``total`` (D, k, k) is the total effect of the variable in the column on that in the row, by
    one point; ``level`` (D, k) the mean. Variables are the constructs and the observed ones in
    the structural part. ``weights`` give each construct's indicators their share (D, m), sum 1;
    ``item_level`` (D, p) are the items' means in points. NaN where a range or a mean is unknown.
    """

    variables: tuple[str, ...]
    total: Array
    level: Array
    indicators: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, Array]
    item_level: Mapping[str, Array]

    def at(self, name: str) -> int:
        """Position of a variable."""
        return self.variables.index(name)

    def effect(self, source: str, target: str) -> Array:
        """Effect (D,) of a construct, or through its construct of a dimension or an item.

        An indicator counts with its weight in its construct (Ringle & Sarstedt 2016).
        """
        parent = self.parent(source)
        if parent is None:
            return self.total[:, self.at(target), self.at(source)]
        share = self.weights[parent][:, self.indicators[parent].index(source)]
        found: Array = share * self.effect(parent, target)
        return found

    def parent(self, name: str) -> str | None:
        """The construct that a dimension or an item belongs to."""
        for construct, indicators in self.indicators.items():
            if name in indicators:
                return construct
        return None

    def performance(self, name: str) -> Array:
        """Mean (D,) in points of a construct or an item."""
        if name in self.variables:
            return self.level[:, self.at(name)]
        return self.item_level[name]


def points(
    solution: Solution, units: Mapping[str, Unit], theta: Array, means: Array | None = None
) -> Points:
    """Effects and levels at parameter vectors ``theta`` (D, q) of a single-group model.

    ``means`` (D, p) are those of the observed variables; without them the model's own are taken,
    which it has with a mean structure only.

    A construct's score is the mean of its indicators, each with weight loading / unique variance
    (Bartlett's factor score weights for one factor), all in points and scaled to sum 1. The
    construct itself gets the unit in which one point more raises that score by one point.
    Unique variances below 1% of an indicator's variance count as 1%.
    """
    group = solution.fit.model.groups[0]
    indicators = _indicators(solution)
    structural = {n for r in solution.partable.rows if r.op == "~" for n in (r.lhs, r.rhs)}
    nodes = [v for v in group.variables if v in indicators or v in structural]
    parts = [
        _at(group, units, indicators, nodes, theta[i : i + CHUNK].T,
            None if means is None else means[i : i + CHUNK])
        for i in range(0, max(len(theta), 1), CHUNK)
    ]  # fmt: skip
    items = [name for name in group.observed if name not in nodes]
    return Points(
        tuple(nodes),
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        indicators,
        {name: np.concatenate([p[2][name] for p in parts]) for name in indicators},
        {name: np.concatenate([p[3][name] for p in parts]) for name in items},
    )


def _indicators(solution: Solution) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in solution.partable.rows:
        if row.op == "=~" and row.group == 1:
            found[row.lhs] = (*found.get(row.lhs, ()), row.rhs)
    return found


def _at(
    group: GroupModel,
    units: Mapping[str, Unit],
    indicators: Mapping[str, Sequence[str]],
    nodes: Sequence[str],
    theta: Array,
    means: Array | None,
) -> tuple[Array, Array, dict[str, Array], dict[str, Array]]:
    A, S, m = group.matrices(theta)
    place = {name: i for i, name in enumerate(group.variables)}
    T = np.linalg.inv(np.eye(A.shape[-1]) - A)
    C = T @ S @ T.swapaxes(-1, -2)
    mean = (T @ m[..., None])[..., 0]
    known = means is not None or bool(len(group.m0.nonzero()[0]) or len(group.m.row))
    if means is not None:
        mean[:, : group.p] = means
    unit, level = np.full(m.shape, np.nan), np.full(m.shape, np.nan)
    for name in group.observed:
        if name in units:
            i = place[name]
            unit[:, i] = units[name].scale
            if known:
                level[:, i] = units[name].scale * (mean[:, i] - units[name].origin)
    weights: dict[str, Array] = {}
    for name in _inside_out(indicators):
        own, i = [place[x] for x in indicators[name]], place[name]
        loading = A[:, own, i] * unit[:, own]
        variance = C[:, own, own] * unit[:, own] ** 2
        unique = np.maximum(S[:, own, own] * unit[:, own] ** 2, LEAST_UNIQUE * variance)
        share = loading / unique
        with np.errstate(invalid="ignore", divide="ignore"):
            weights[name] = share / share.sum(axis=1, keepdims=True)
        unit[:, i] = (weights[name] * loading).sum(axis=1)
        level[:, i] = (weights[name] * level[:, own]).sum(axis=1)
    at = [place[name] for name in nodes]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = T[:, at][:, :, at] * unit[:, at, None] / unit[:, None, at]
    items = {name: level[:, place[name]] for name in group.observed if name not in nodes}
    return total, level[:, at], weights, items


def _inside_out(indicators: Mapping[str, Sequence[str]]) -> list[str]:
    """Constructs, those that measure another one first."""
    order: list[str] = []

    def visit(name: str) -> None:
        for inner in indicators[name]:
            if inner in indicators and inner not in order:
                visit(inner)
        if name not in order:
            order.append(name)

    for name in indicators:
        visit(name)
    return order


def drivers_of(solution: Solution, target: str) -> tuple[str, ...]:
    """Variables with a directed way to the target, in the order of the model's variables.

    A dimension is driven by its construct, and by what drives that.
    """
    rows, latent = solution.partable.rows, set(solution.latent)
    arrows = [(r.rhs, r.lhs) for r in rows if r.op == "~"]
    arrows += [(r.lhs, r.rhs) for r in rows if r.op == "=~" and r.rhs in latent]
    found: set[str] = set()
    for _ in range(len(arrows) + 1):
        found |= {source for source, end in arrows if end == target or end in found}
    return tuple(v for v in solution.fit.model.groups[0].variables if v in found - {target})
