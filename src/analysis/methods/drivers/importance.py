"""Importance-performance map, priorities and elasticities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.methods.drivers.draws import DrawKind, Draws, Estimated, estimated_columns
from analysis.methods.drivers.scale import Points, Unit, drivers_of, points
from analysis.sem import Solution

Array = NDArray[np.float64]
Level = Literal["construct", "dimension", "item"]


@dataclass(frozen=True, slots=True)
class Importance:
    """One driver of the target.

    ``importance`` is the change of the target, in points, by one point of the driver;
    ``performance`` its level on 0-100; ``gain`` what the target would win if the driver rose to
    100. ``rank`` counts from the largest gain, among drivers of the same kind.
    """

    name: str
    parent: str
    kind: Level
    importance: Estimated
    performance: Estimated
    gain: Estimated
    rank: Estimated


@dataclass(frozen=True)
class ImportanceMap:
    """All drivers of ``target``, constructs first, then dimensions and items; largest gain first.

    ``level`` is the target's own performance; ``kind`` and ``draws`` say what the limits rest on.
    """

    target: str
    level: Estimated
    drivers: tuple[Importance, ...]
    kind: DrawKind
    draws: int

    def of(self, *kinds: Level) -> tuple[Importance, ...]:
        """Drivers of some kinds."""
        return tuple(d for d in self.drivers if d.kind in kinds)


@dataclass(frozen=True, slots=True)
class Elasticity:
    """Relative change of ``target`` in per cent when ``driver`` rises by ``change`` per cent.

    At the means, both measured from the scales' zero points.
    """

    driver: str
    parent: str
    target: str
    change: float
    percent: Estimated


@dataclass(frozen=True)
class Indexed:
    """A solution's effects in points, at the estimates and at every draw."""

    solution: Solution
    point: Points
    drawn: Points
    draws: Draws

    @property
    def has_levels(self) -> bool:
        """Whether means are known, so that performance exists."""
        return bool(np.isfinite(self.point.level).any())


def indexed(solution: Solution, units: Mapping[str, Unit], draws: Draws) -> Indexed:
    """Effects and levels in points; ``units`` bring the observed variables to points."""
    mean = solution.fit.moments.groups[0].mean
    own = None if draws.means is None or mean is None else mean[None]
    return Indexed(
        solution,
        points(solution, units, solution.fit.theta[None], own),
        points(solution, units, draws.theta, draws.means),
        draws,
    )


def importance_map(index: Indexed, target: str) -> ImportanceMap:
    """Importance and performance of every driver, dimension and item for ``target``."""
    names = _named(index, target)
    rows: list[Importance] = []
    kinds: tuple[Level, ...] = ("construct", "dimension", "item")
    for kind in kinds:
        own = [name for name, found in names.items() if found == kind]
        rows += _ranked(index, target, own, kind) if own else []
    level = _estimated(index.point.performance(target), index.drawn.performance(target))
    return ImportanceMap(target, level, tuple(rows), index.draws.kind, len(index.draws.theta))


def _named(index: Indexed, target: str) -> dict[str, Level]:
    """Drivers of the target and what they are made of."""
    found: dict[str, Level] = {}

    def below(name: str) -> None:
        for inner in index.point.indicators.get(name, ()):
            found[inner] = "dimension" if inner in index.point.indicators else "item"
            below(inner)

    for name in drivers_of(index.solution, target):
        found[name] = "construct"
        below(name)
    return found


def _ranked(index: Indexed, target: str, names: Sequence[str], kind: Level) -> list[Importance]:
    effect, level, gain = (
        tuple(np.stack([f(side, name) for name in names], axis=1) for side in
              (index.point, index.drawn))
        for f in (lambda s, n: s.effect(n, target), Points.performance,
                  lambda s, n: s.effect(n, target) * (100.0 - s.performance(n)))
    )  # fmt: skip
    shown = gain if np.isfinite(gain[0]).any() else effect
    ranks = tuple(_ranks(side) for side in shown)
    pieces = [estimated_columns(*pair) for pair in (effect, level, gain, ranks)]
    rows = [
        Importance(name, index.point.parent(name) or "", kind, *(p[j] for p in pieces))
        for j, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: row.rank.value)


def _ranks(values: Array) -> Array:
    """Ranks (D, m) from 1, the largest value first."""
    order = np.argsort(-values, axis=1, kind="stable")
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, np.arange(1.0, values.shape[1] + 1.0)[None], axis=1)
    return ranks


def _estimated(point: Array, drawn: Array) -> Estimated:
    return estimated_columns(point[:, None], drawn[:, None])[0]


def elasticities(
    index: Indexed, targets: Sequence[str], *, change: float = 10.0
) -> tuple[Elasticity, ...]:
    """By how many per cent each target moves when a driver's level rises by ``change`` per cent.

    Drivers are constructs and their dimensions, those of the targets aside; targets whose level is
    not positive are left out.
    """
    found = []
    for target in targets:
        if not index.point.performance(target)[0] > 0:
            continue
        for name, kind in _named(index, target).items():
            if kind == "item" or index.point.parent(name) in targets:
                continue
            sides = [
                change * s.effect(name, target) * s.performance(name) / s.performance(target)
                for s in (index.point, index.drawn)
            ]
            parent = index.point.parent(name) or ""
            found.append(Elasticity(name, parent, target, change, _estimated(*sides)))
    return tuple(found)
