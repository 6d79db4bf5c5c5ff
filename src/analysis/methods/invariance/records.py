"""What the ladder returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from analysis.errors import Message
from analysis.methods.invariance.causes import Cause
from analysis.methods.invariance.steps import StepName
from analysis.sem import Solution
from analysis.sem.difference import DifferenceTest

Status = Literal["start", "holds", "fails", "equivalent", "undecided"]
Origin = Literal["asked", "proposed"]
Variant = Literal["", ".scaled", ".robust"]


@dataclass(frozen=True, slots=True)
class FitChange:
    """Change of fit from the step before; a worse fit lowers CFI and raises the others."""

    cfi: float
    rmsea: float
    srmr: float


@dataclass(frozen=True, slots=True)
class FitLimits:
    """How much fit may worsen; ``srmr_loadings`` for the metric step, ``srmr`` for others."""

    cfi: float
    rmsea: float
    srmr_loadings: float
    srmr: float

    def exceeded(self, change: FitChange, step: StepName) -> bool:
        """Chen's rule: CFI falls by its limit, and RMSEA or SRMR rises by its own."""
        srmr = self.srmr_loadings if step == "metric" else self.srmr
        worse = change.rmsea >= self.rmsea or change.srmr >= srmr
        return change.cfi <= -self.cfi and worse


@dataclass(frozen=True, slots=True)
class Release:
    """One parameter set free in all groups at a failed step, in the order of the releases.

    ``origin`` says whether the analyst asked for it beforehand or the score tests proposed it;
    a proposed one is exploratory. ``difference`` and ``change`` compare the step with all
    releases so far to the step before; ``cause`` is the score test that proposed it.
    """

    step: StepName
    element: str
    origin: Origin
    cause: Cause | None
    difference: DifferenceTest | None
    change: FitChange | None


@dataclass(frozen=True)
class Rung:
    """One fitted step. ``released`` are the exceptions in force, as ``f=~x2`` or ``x3~1``."""

    step: StepName
    partial: bool
    equal: tuple[str, ...]
    released: tuple[str, ...]
    solution: Solution
    difference: DifferenceTest | None
    change: FitChange | None
    status: Status


@dataclass(frozen=True)
class Ladder:
    """All steps that were climbed.

    ``causes`` are the score tests at each failed step. ``stopped_at`` is the step that ended the
    climb, None where all hold. ``variant`` is the kind of CFI and RMSEA compared. Where the
    scalar step holds partly, ``full_scalar`` is the model without releases. Empty ``rungs``: no
    comparison was possible, see ``findings``.
    """

    groups: tuple[tuple[str, int], ...]
    factors: Mapping[str, tuple[str, ...]]
    ordered: tuple[str, ...]
    rungs: tuple[Rung, ...]
    causes: Mapping[StepName, tuple[Cause, ...]]
    releases: tuple[Release, ...]
    stopped_at: StepName | None
    variant: Variant
    alpha: float
    findings: tuple[Message, ...]
    full_scalar: Solution | None = None

    @property
    def standing(self) -> Rung | None:
        """The highest step that holds, partly or in full."""
        good = [r for r in self.rungs if r.status in ("start", "holds", "equivalent")]
        return good[-1] if good else None

    def rung(self, step: StepName) -> Rung | None:
        """A step that holds, fully or partly."""
        found = [r for r in self.rungs if r.step == step and r.status in ("holds", "equivalent")]
        return found[-1] if found else None

    @property
    def scalar(self) -> Rung | None:
        """The step that licenses latent means: full scalar, or partial with enough items left."""
        rung = self.rung("scalar")
        if rung is None or not all(n >= 2 for n in self.anchors(rung).values()):
            return None
        return rung

    def anchors(self, rung: Rung) -> dict[str, int]:
        """How many items of each factor are wholly invariant at a step."""
        return count_anchors(self.factors, rung.released)


@dataclass(frozen=True, slots=True)
class Noninvariance:
    """dMACS of one item between a group and the reference group (Nye & Drasgow 2011).

    ``dmacs`` is the root mean squared difference of the item's expected answers at equal factor
    scores, over the group's factor distribution, in pooled standard deviations; ``mean_bias`` is
    the difference that it makes to the item's mean in that group, in raw units. ``loading`` and
    ``intercept`` are those of the reference and of the group; of ordered items they belong to the
    underlying response.
    """

    factor: str
    item: str
    group: str
    reference: str
    dmacs: float
    mean_bias: float
    loading: tuple[float, float]
    intercept: tuple[float, float]


def count_anchors(
    factors: Mapping[str, tuple[str, ...]], released: tuple[str, ...]
) -> dict[str, int]:
    """Items of each factor of which nothing is released."""
    loose = set(released)
    return {
        factor: sum(
            not any(
                entry in (f"{factor}=~{item}", f"{item}~1") or entry.startswith(f"{item}|")
                for entry in loose
            )
            for item in items
        )
        for factor, items in factors.items()
    }


def fit_change(restricted: Solution, general: Solution, variant: Variant) -> FitChange:
    """Change of CFI, RMSEA and SRMR; NaN where one is not defined."""
    a, b = restricted.measures, general.measures

    def change(name: str) -> float:
        if name not in a or name not in b:
            return nan
        return a[name].value - b[name].value

    return FitChange(change(f"cfi{variant}"), change(f"rmsea{variant}"), change("srmr"))


def best_variant(solution: Solution) -> Variant:
    """Robust indices where they exist, scaled ones of ordered items, else the plain ones."""
    order: tuple[Variant, ...] = (".robust", ".scaled")
    if any(g.ordinal is not None for g in solution.fit.moments.groups):
        order = (".scaled",)
    for variant in order:
        found = [solution.measures.get(f"{name}{variant}") for name in ("cfi", "rmsea")]
        if solution.inference.robust is not None and all(
            m is not None and isfinite(m.value) for m in found
        ):
            return variant
    return ""
