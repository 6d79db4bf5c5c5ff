"""``mediation``: specific, total indirect, direct and total effects, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.methods.mediation.intervals import IntervalMethod, Source, Spread
from analysis.methods.mediation.structure import Cell, Kind, Structure
from analysis.sem import Solution
from analysis.sem.resampling import limits

Array = NDArray[np.float64]
MediationType = Literal[
    "complementary", "competitive", "indirect_only", "direct_only", "none", "unknown"
]
Withheld = Literal["", "no_direct", "total_unclear", "inconsistent", "loops", "unknown"]


@dataclass(frozen=True)
class MediatedEffect:
    """One effect, raw with standard error, p and interval, and std.all with its interval.

    ``route`` names the constructs passed, source and target included, of a specific effect.
    """

    kind: Kind
    route: tuple[str, ...]
    est: float
    se: float
    p: float
    ci_lower: float
    ci_upper: float
    std_all: float
    std_all_ci_lower: float
    std_all_ci_upper: float

    @property
    def clear(self) -> bool:
        """Whether the interval of the raw effect excludes 0."""
        return self.ci_lower > 0.0 or self.ci_upper < 0.0


@dataclass(frozen=True)
class MediatedPair:
    """All effects of ``source`` on ``target`` where others stand between them.

    ``type`` is that of Zhao, Lynch & Chen (2010). ``proportion`` is indirect / total with its
    interval, NaN where it would mislead; ``withheld`` says why.
    """

    source: str
    target: str
    group: int
    effects: tuple[MediatedEffect, ...]
    type: MediationType
    proportion: float
    proportion_lower: float
    proportion_upper: float
    withheld: Withheld

    def effect(self, kind: Kind) -> MediatedEffect | None:
        """The effect of a kind (the first specific one); None without a direct path."""
        return next((e for e in self.effects if e.kind == kind), None)


@dataclass(frozen=True)
class Mediation:
    """Mediated pairs of all groups, with how the intervals came about.

    ``draws`` counts the draws behind the intervals, 0 with the delta method; ``loops`` says that
    feedback makes total effects more than the sum of their routes; ``cut`` that there are more
    routes than are followed.
    """

    pairs: tuple[MediatedPair, ...]
    method: IntervalMethod
    draws: int
    loops: bool
    cut: bool


def mediation(source: Source) -> Mediation:
    """Effects between all pairs of variables that a route of two steps or more connects.

    A specific effect is the product of the paths along one route; total effects are the cells of
    (I - B)^-1 (Bollen 1987), so that total indirect ones include what feedback adds.
    """
    solution = source.solution
    count = len(solution.partable.groups)
    parts = [Structure.of(solution, g + 1) for g in range(count)]
    pairs = tuple(pair for part in parts if part.cells for pair in _pairs(source, part))
    return Mediation(
        pairs,
        source.method,
        source.used,
        any(part.loops for part in parts),
        any(part.cut for part in parts),
    )


def _pairs(source: Source, part: Structure) -> list[MediatedPair]:
    solution = source.solution
    raw, std = (_point(solution, part, std_all=scale) for scale in (False, True))
    of_raw = source.spread(part, raw, std_all=False)
    of_std = source.spread(part, std, std_all=True)
    effects = [
        _effect(part, cell, i, raw, of_raw, std, of_std) for i, cell in enumerate(part.cells)
    ]
    found = []
    for (s, t), members in groupby(range(len(effects)), lambda i: _ends(part.cells[i])):
        at = list(members)
        own = tuple(effects[i] for i in at)
        withheld = _withheld(part, own)
        share = _share(part, at, raw, of_raw, source.level) if not withheld else (np.nan,) * 3
        found.append(
            MediatedPair(
                part.nodes[s], part.nodes[t], part.group, own, _type(own), *share, withheld
            )
        )
    return found


def _ends(cell: Cell) -> tuple[int, int]:
    return cell.source, cell.target


def _point(solution: Solution, part: Structure, *, std_all: bool) -> Array:
    found = part.effects_at(solution, solution.fit.theta, std_all=std_all)
    return np.asarray(found, dtype=float)


def _effect(
    part: Structure, cell: Cell, i: int, raw: Array, of_raw: Spread, std: Array, of_std: Spread
) -> MediatedEffect:
    est, se = float(raw[i]), float(of_raw.se[i])
    p = float(2.0 * ndtr(-abs(est / se))) if of_raw.draws is None and se > 0 else np.nan
    return MediatedEffect(
        cell.kind, tuple(part.nodes[n] for n in cell.route), est, se, p,
        float(of_raw.lower[i]), float(of_raw.upper[i]),
        float(std[i]), float(of_std.lower[i]), float(of_std.upper[i]),
    )  # fmt: skip


def _of_kind(effects: Sequence[MediatedEffect], kind: Kind) -> MediatedEffect | None:
    return next((e for e in effects if e.kind == kind), None)


def _type(effects: Sequence[MediatedEffect]) -> MediationType:
    """By which of the two, indirect and direct effect, differ from 0, and their signs."""
    indirect, direct = _of_kind(effects, "indirect"), _of_kind(effects, "direct")
    assert indirect is not None
    if not isfinite(indirect.ci_lower):
        return "unknown"
    if direct is None or not direct.clear:
        return "indirect_only" if indirect.clear else "none"
    if not indirect.clear:
        return "direct_only"
    return "complementary" if indirect.est * direct.est > 0 else "competitive"


def _withheld(part: Structure, effects: Sequence[MediatedEffect]) -> Withheld:
    """Why the proportion mediated is not shown, if it is not."""
    indirect, direct, total = (_of_kind(effects, k) for k in ("indirect", "direct", "total"))
    assert indirect is not None and total is not None
    if not isfinite(total.ci_lower):
        return "unknown"
    if direct is None:
        return "no_direct"
    if part.loops:
        return "loops"
    specific = [e.est for e in effects if e.kind == "specific"]
    if indirect.est * direct.est < 0 or (min(specific) < 0 < max(specific)):
        return "inconsistent"
    return "" if total.clear else "total_unclear"


def _share(
    part: Structure, at: Sequence[int], raw: Array, spread: Spread, level: float
) -> tuple[float, float, float]:
    """Indirect / total with percentile limits where there are draws."""
    where = {part.cells[i].kind: i for i in at}
    i, t = where["indirect"], where["total"]
    point = float(raw[i] / raw[t])
    if spread.draws is None:
        return point, np.nan, np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = spread.draws[:, [i]] / spread.draws[:, [t]]
    low, high = limits("percentile", ratio, np.array([point]), level=level)
    return point, float(low[0]), float(high[0])
