"""What the model implies when drivers move: a linear map with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.methods.drivers.importance import Indexed
from analysis.methods.drivers.scale import drivers_of

Array = NDArray[np.float64]
OutcomeKind = Literal["index", "nps", "mean"]
REACH = 20.0


@dataclass(frozen=True, slots=True)
class Lever:
    """A driver that can be moved from its ``level`` by ``lowest`` to ``highest`` points."""

    name: str
    level: float
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Response:
    """One outcome: its ``level`` now, the effect of one point of each lever, and its unit.

    ``covariance`` (levers, levers) is that of the effects. ``index`` outcomes live on 0-100,
    ``nps`` ones on -100-100, ``mean`` ones in the outcome's own unit.
    """

    name: str
    kind: OutcomeKind
    level: float
    effects: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Change:
    """The implied change of an outcome with its confidence limits."""

    est: float
    low: float
    high: float


@dataclass(frozen=True)
class WhatIf:
    """Levers and responses; ``quantile`` turns a standard error into half an interval."""

    levers: tuple[Lever, ...]
    responses: tuple[Response, ...]
    quantile: float

    def change(self, outcome: str, shifts: Mapping[str, float]) -> Change:
        """The outcome's change when levers move by ``shifts`` points, those not named by none.

        Levers add up; a lever moves by itself, and all that follows from it moves along.
        """
        response = next(r for r in self.responses if r.name == outcome)
        d = np.array([float(shifts.get(lever.name, 0.0)) for lever in self.levers])
        est = float(d @ np.array(response.effects))
        variance = float(d @ np.array(response.covariance) @ d)
        half = self.quantile * float(np.sqrt(max(variance, 0.0)))
        return Change(est, est - half, est + half)


def what_if(
    index: Indexed,
    outcomes: Mapping[str, OutcomeKind],
    *,
    focal: Sequence[str],
    level: float = 0.95,
) -> WhatIf:
    """Levers are all drivers of the ``focal`` outcomes that are not focal themselves.

    Parameters
    ----------
    outcomes : variables of the model and what they are.
    focal : the constructs whose drivers can be moved, such as satisfaction and loyalty.
    level : of confidence; the covariances are those of the draws.
    """
    names = dict.fromkeys(n for target in focal for n in drivers_of(index.solution, target))
    movable = [n for n in names if n not in outcomes]
    levers = tuple(_lever(name, index.point.performance(name)[0]) for name in movable)
    responses = []
    for name, kind in outcomes.items():
        effects = [float(index.point.effect(lever, name)[0]) for lever in movable]
        drawn = np.stack([index.drawn.effect(lever, name) for lever in movable], axis=1)
        good = drawn[np.isfinite(drawn).all(axis=1)]
        V = np.atleast_2d(np.cov(good, rowvar=False)) if len(good) > 1 else None
        shape = (len(movable), len(movable))
        table = np.full(shape, np.nan) if V is None else V
        responses.append(
            Response(
                name, kind, float(index.point.performance(name)[0]), tuple(effects),
                tuple(tuple(map(float, row)) for row in table),
            )
        )  # fmt: skip
    return WhatIf(levers, tuple(responses), float(ndtri(0.5 + level / 2.0)))


def _lever(name: str, level: float) -> Lever:
    """A lever keeps its driver on the scale, as far as the level is known."""
    down, up = (level, 100.0 - level) if np.isfinite(level) else (REACH, REACH)
    return Lever(name, float(level), -int(min(REACH, down)), int(min(REACH, up)))
