"""Moderated mediation: how an indirect effect changes with a moderator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.methods.moderation.probing import LEVELS, free_position
from analysis.methods.moderation.products import Interaction
from analysis.rng import generator
from analysis.sem import Solution
from analysis.sem.resampling import limits

Array = NDArray[np.float64]
Stage = Literal["first", "second"]


@dataclass(frozen=True, slots=True)
class ModeratedMediation:
    """The indirect effect ``source -> mediator -> target`` with one moderated path.

    ``index`` is the change of the indirect effect by one unit of the moderator (Hayes 2015);
    ``conditional`` are (SD of the moderator, effect, lower, upper). Raw units; limits are
    percentiles of draws from the estimates' normal distribution.
    """

    source: str
    mediator: str
    target: str
    moderator: str
    stage: Stage
    index: float
    ci_lower: float
    ci_upper: float
    conditional: tuple[tuple[float, float, float, float], ...]


def moderated_mediation(
    solution: Solution,
    interaction: Interaction,
    *,
    seed: int,
    at: Sequence[float] = LEVELS,
    draws: int = 20000,
    level: float = 0.95,
) -> tuple[ModeratedMediation, ...]:
    """Every two-step indirect effect of which the interaction moderates one step.

    Second stage: what works through the predictor. First stage: what the outcome passes on.
    Quadratic effects have no moderator and give none.
    """
    i, vcov = interaction, solution.inference.vcov
    if i.quadratic or vcov is None:
        return ()
    chains: list[tuple[str, str, str, Stage, int]] = []
    for row in solution.partable.rows:
        if row.op != "~" or row.free == 0:
            continue
        if row.lhs == i.predictor:
            chains.append((row.rhs, i.predictor, i.outcome, "second", row.free - 1))
        elif row.rhs == i.outcome:
            chains.append((i.predictor, i.outcome, row.lhs, "first", row.free - 1))
    b, b3 = (free_position(solution, i.outcome, name) for name in (i.predictor, i.factor))
    C, variables = solution.implied[0].C, solution.fit.model.groups[0].variables
    w = variables.index(i.moderator)
    values = np.asarray(at) * (np.sqrt(C[w, w]) if C[w, w] > 0 else nan)
    theta = solution.fit.theta
    drawn = _draws(theta, vcov, draws, seed)
    found = []
    for source, mediator, target, stage, other in chains:

        def effects(t: Array, other: int = other) -> Array:
            index = t[..., other] * t[..., b3]
            parts = [t[..., other] * (t[..., b] + t[..., b3] * v) for v in values]
            return np.stack([index, *parts], axis=-1)

        point = effects(theta)
        low, high = limits("percentile", effects(drawn), point, level=level)
        rows = zip(at, point[1:], low[1:], high[1:], strict=True)
        found.append(
            ModeratedMediation(
                source, mediator, target, i.moderator, stage, float(point[0]), float(low[0]),
                float(high[0]), tuple((float(k), float(e), float(a), float(z))
                                      for k, e, a, z in rows),
            )
        )  # fmt: skip
    return tuple(found)


def _draws(theta: Array, vcov: Array, draws: int, seed: int) -> Array:
    """Points (draws, q) from N(theta, vcov)."""
    values, vectors = np.linalg.eigh(vcov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = generator(seed, "moderated mediation").standard_normal((draws, len(theta)))
    found: Array = theta + z @ root.T
    return found
