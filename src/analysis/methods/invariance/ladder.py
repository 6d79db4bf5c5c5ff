"""The invariance ladder: one restriction after another, until one does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, get_args

from analysis.errors import Message, ModelError, message
from analysis.methods.invariance.causes import Cause, causes
from analysis.methods.invariance.groups import prepare
from analysis.methods.invariance.records import (
    FitChange,
    FitLimits,
    Ladder,
    Origin,
    Release,
    Rung,
    Status,
    Variant,
    best_variant,
    count_anchors,
    fit_change,
)
from analysis.methods.invariance.steps import (
    ADDS,
    STEPS,
    StepName,
    blocks,
    equal_sets,
    measurement_text,
    ordered_steps,
    ordinal_text,
)
from analysis.sem import Moments, Solution, sem
from analysis.sem.difference import DifferenceTest, difference_test
from analysis.sem.estimate import Missing, Parameterization
from analysis.sem.estimators import Estimator
from analysis.syntax import ModelSyntax, parse_model

Partial = Literal["propose", "apply", "none"]
RELEASABLE: tuple[StepName, ...] = ("thresholds", "metric", "scalar", "strict")


def invariance_ladder(
    model: str | ModelSyntax,
    moments: Moments,
    *,
    estimator: Estimator | None = None,
    missing: Missing | None = None,
    ordered: Sequence[str] = (),
    parameterization: Parameterization = "theta",
    steps: Sequence[str] = STEPS,
    release: Sequence[str] = (),
    partial: Partial = "propose",
    most: int = 5,
    alpha: float = 0.05,
    limits: FitLimits | None = None,
) -> Ladder:
    """Test measurement invariance of a model's factors step by step.

    Parameters
    ----------
    model : lavaan syntax; only its measurement part is used, its factors correlate freely.
    moments : one set for each group; the first group is the reference.
    estimator, missing, ordered, parameterization : as in ``sem``. Ordered items follow the order
        and identification of Wu & Estabrook (2016); equal residuals need ``theta``.
    steps : which of configural, thresholds, metric, scalar, strict, variances, covariances, means.
    release : parameters that the analyst sets free beforehand, such as ``f =~ x2`` or ``x3 ~ 1``.
    partial : what to do at a step that fails: ``propose`` releases and stop, ``apply`` them and
        climb on, or ``none``.
    most : the largest number of releases proposed at one step.
    alpha : level of the difference tests and of the score tests that propose releases.
    limits : if given, a step fails where fit worsens by more (Chen 2007) in place of a
        significant difference test.

    Raises
    ------
    ModelError
        For unknown options, and models that do not fit the data.

    Notes
    -----
    Factors have unit variance in the first group, so that every loading can be released. Each
    difference test compares a step with the step before by ``sem.difference``.
    """
    if partial not in get_args(Partial):
        fields = {"option": "partial", "value": partial, "good": ", ".join(get_args(Partial))}
        raise ModelError(message("sem.unknown_option", **fields))
    syntax = parse_model(model) if isinstance(model, str) else model
    factors = blocks(syntax)
    names = tuple(dict.fromkeys(i for items in factors.values() for i in items))
    items = tuple(name for name in names if name not in factors)
    ordered = tuple(item for item in items if item in set(ordered))
    climbed = ordered_steps(steps, ordinal=bool(ordered))
    ready = prepare(moments, items, ordered=ordered)
    data = ready.moments
    if data is not None and ordered:
        data = data.complete().categorical(ordered)
    climb = _Climb(
        syntax, data, estimator, missing, ordered, parameterization, partial, most, alpha,
        limits, factors, _asked(release, factors, items), findings=list(ready.findings),
    )  # fmt: skip
    if ready.moments is not None:
        climb.run(climbed)
    return Ladder(
        ready.sizes, factors, ordered, tuple(climb.rungs), dict(climb.causes),
        tuple(climb.releases), climb.stopped_at, climb.variant, alpha, tuple(climb.findings),
        climb.full_scalar(),
    )  # fmt: skip


def _asked(
    release: Sequence[str], factors: dict[str, tuple[str, ...]], items: Sequence[str]
) -> tuple[str, ...]:
    asked = tuple("".join(entry.split()) for entry in release if entry.strip())
    good = {f"{f}=~{i}" for f, members in factors.items() for i in members}
    good |= {f"{i}~1" for i in items} | {f"{i}~~{i}" for i in items}
    unknown = [a for a in asked if a not in good and a.partition("|")[0] not in items]
    if unknown:
        example = f"{next(iter(factors), 'f')} =~ {items[0]}"
        fields = {"names": ", ".join(unknown), "example": example, "other": f"{items[0]} ~ 1"}
        raise ModelError(message("invariance.unknown_release", **fields))
    return asked


@dataclass
class _Climb:
    """The climb as it stands."""

    syntax: ModelSyntax
    moments: Moments | None
    estimator: Estimator | None
    missing: Missing | None
    ordered: tuple[str, ...]
    parameterization: Parameterization
    partial: Partial
    most: int
    alpha: float
    limits: FitLimits | None
    factors: dict[str, tuple[str, ...]]
    asked: tuple[str, ...]
    findings: list[Message]
    rungs: list[Rung] = field(default_factory=list)
    causes: dict[StepName, tuple[Cause, ...]] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)
    stopped_at: StepName | None = None
    variant: Variant = ""

    def run(self, steps: Sequence[StepName]) -> None:
        """Climb until a step does not hold."""
        taken: list[StepName] = []
        for step in self._possible(steps):
            taken.append(step)
            if not self._climb(step, equal_sets(taken, ordinal=bool(self.ordered))):
                self.stopped_at = step
                return

    def full_scalar(self) -> Solution | None:
        """The scalar model without releases, where the one that holds has some."""
        partial = [r for r in self.rungs if r.step == "scalar" and r.released]
        return self._fit(partial[-1].equal, ()) if partial else None

    def _possible(self, steps: Sequence[StepName]) -> tuple[StepName, ...]:
        """Without the steps that ordered items or the parameterization do not allow."""
        if not self.ordered:
            return tuple(steps)
        counts = self._thresholds()
        left = list(steps)
        if min(counts.values()) < 2:
            self.findings.append(message("invariance.binary"))
            left = [s for s in left if s not in ("thresholds", "metric")]
        if self.parameterization == "delta" and "strict" in left:
            self.findings.append(message("invariance.strict_delta"))
            left.remove("strict")
        return tuple(left)

    def _thresholds(self) -> dict[str, int]:
        assert self.moments is not None
        complete = self.moments.complete()
        found = {}
        for item in self.ordered:
            at = self.moments.names.index(item)
            values = {v for g in complete.groups if g.rows is not None for v in g.rows[:, at]}
            found[item] = len(values) - 1
        return found

    def _fit(self, equal: tuple[str, ...], released: Sequence[str]) -> Solution:
        assert self.moments is not None
        if not self.ordered:
            known = [r for r in released if _covered(r, equal)]
            return sem(
                measurement_text(self.syntax), self.moments, estimator=self.estimator,
                missing=self.missing, std_lv=True, group_equal=equal, group_partial=known,
            )  # fmt: skip
        text = ordinal_text(
            self.syntax, thresholds=self._thresholds(), n_groups=len(self.moments.groups),
            equal=equal, released=released, parameterization=self.parameterization,
        )  # fmt: skip
        return sem(
            text, self.moments, estimator=self.estimator, ordered=self.ordered,
            missing="listwise", parameterization=self.parameterization,
        )  # fmt: skip

    def _climb(self, step: StepName, equal: tuple[str, ...]) -> bool:
        """Add one step; whether the climb may go on."""
        released = tuple(r for r in (*self.asked, *self.proposed) if _covered(r, equal))
        solution = self._fit(equal, released)
        if not self.rungs:
            self.variant = best_variant(solution) if solution.outcome.estimated else ""
        before = self._before()
        rung = self._rung(step, equal, released, solution, before)
        self.rungs.append(rung)
        new = [r for r in self.asked if r in released and before and r not in before.released]
        for entry in new:
            self._record(step, entry, "asked", None, rung)
        if rung.status != "fails":
            return rung.status != "undecided"
        self.causes[step] = causes(solution, ADDS[step])
        if self.partial == "none" or step not in RELEASABLE:
            return False
        assert before is not None
        better = self._search(step, rung, before)
        if self.partial != "apply" or better is None:
            return False
        self.rungs.append(better)
        self.proposed = [r for r in better.released if r not in self.asked]
        return True

    def _before(self) -> Rung | None:
        good = [r for r in self.rungs if r.status in ("start", "holds", "equivalent")]
        return good[-1] if good else None

    def _rung(
        self,
        step: StepName,
        equal: tuple[str, ...],
        released: tuple[str, ...],
        solution: Solution,
        before: Rung | None,
        *,
        partial: bool | None = None,
    ) -> Rung:
        loose = bool(released) if partial is None else partial
        difference: DifferenceTest | None = None
        change: FitChange | None = None
        status: Status
        if not solution.outcome.admissible:
            self.findings += solution.findings
            status = "undecided"
        elif before is None:
            status = "start"
        elif solution.inference.test.df <= before.solution.inference.test.df:
            status = "equivalent"
        else:
            difference = difference_test(solution, before.solution)
            change = fit_change(solution, before.solution, self.variant)
            status = self._judged(step, difference, change)
        return Rung(step, loose, equal, released, solution, difference, change, status)

    def _judged(self, step: StepName, test: DifferenceTest, change: FitChange) -> Status:
        if self.limits is not None:
            return "fails" if self.limits.exceeded(change, step) else "holds"
        if not isfinite(test.p):
            return "undecided"
        return "fails" if test.p < self.alpha else "holds"

    def _search(self, step: StepName, failed: Rung, before: Rung) -> Rung | None:
        """Release one parameter after the other; the first partial step that holds, if any."""
        rung, released = failed, failed.released
        for _ in range(self.most):
            cause = self._next(rung, step, released)
            if cause is None:
                return None
            released = (*released, cause.element)
            solution = self._fit(failed.equal, released)
            rung = self._rung(step, failed.equal, released, solution, before, partial=True)
            self._record(step, cause.element, "proposed", cause, rung)
            if rung.status in ("holds", "equivalent"):
                return rung
            if rung.status == "undecided":
                return None
        return None

    def _next(self, rung: Rung, step: StepName, released: tuple[str, ...]) -> Cause | None:
        """The most telling release that leaves every factor two invariant items."""
        for cause in causes(rung.solution, ADDS[step]):
            if cause.p >= self.alpha:
                continue
            anchors = count_anchors(self.factors, (*released, cause.element))
            if step == "strict" or min(anchors.values()) >= 2:
                return cause
        return None

    def _record(
        self, step: StepName, element: str, origin: Origin, cause: Cause | None, rung: Rung
    ) -> None:
        self.releases.append(Release(step, element, origin, cause, rung.difference, rung.change))


def _covered(entry: str, equal: Sequence[str]) -> bool:
    """Whether a release is an exception from one of the sets held equal."""
    if "=~" in entry:
        return "loadings" in equal
    if "~~" in entry or "~*~" in entry:
        return "residuals" in equal
    if "|" in entry:
        return "thresholds" in equal
    return "intercepts" in equal
