"""Permutation tests of the ladder: each step's change of fit, and each parameter's score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, message
from analysis.methods.invariance.causes import causes
from analysis.methods.invariance.groups import complete_among
from analysis.methods.invariance.permuted import (
    Refitted,
    coverable,
    permutation_p,
    permuted_moments,
    refitted,
)
from analysis.methods.invariance.records import FitChange, Ladder, Rung
from analysis.methods.invariance.steps import ADDS, StepName, measurement_text
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.plan import compilable
from analysis.syntax import ModelSyntax, parse_model

Array = NDArray[np.float64]

SCORED: tuple[StepName, ...] = ("metric", "scalar", "strict")


@dataclass(frozen=True, slots=True)
class PermutedStep:
    """Permutation test of one step: the statistic observed, and the p of each.

    ``chisq`` and ``change`` are the difference from the step before (of the configural step:
    chi-square and fit themselves); ``p_chisq`` and ``p_change`` are shares of permutations at
    least as bad; ``draws`` counts those in which both models have a solution.
    """

    step: StepName
    released: tuple[str, ...]
    partial: bool
    chisq: float
    change: FitChange
    p_chisq: float
    p_change: FitChange
    draws: int


@dataclass(frozen=True, slots=True)
class PermutedCause:
    """Score test of one equality, and its p over the largest score of each permutation."""

    step: StepName
    element: str
    stat: float
    p: float


@dataclass(frozen=True)
class PermutedLadder:
    """Permutation tests of a ladder on ``n`` complete respondents; empty where ``findings`` say so.

    ``causes`` belong to the steps that failed.
    """

    n: int
    total: int
    permutations: int
    steps: tuple[PermutedStep, ...]
    causes: tuple[PermutedCause, ...]
    findings: tuple[Message, ...] = ()


def permuted_ladder(
    ladder: Ladder,
    model: str | ModelSyntax,
    moments: Moments,
    *,
    permutations: int = 500,
    seed: int = 1,
) -> PermutedLadder:
    """Deal the respondents anew to the groups, and see how much fit each step loses by chance.

    Parameters
    ----------
    ladder, model, moments : the ladder with what it was made of.
    permutations : how many; none for 0.
    seed : of the random numbers.

    Notes
    -----
    After Jorgensen, Kite, Chen & Short (2018). Works on complete answers by maximum likelihood,
    whose estimates the robust estimators share; steps with missing answers are fitted again to
    the complete respondents. Score tests are judged by the largest one of all equalities of the
    step in every permutation, which allows for their number.
    """
    rungs = [r for r in ladder.rungs if r.status != "undecided"]
    if not permutations or not rungs:
        return _nothing()
    if ladder.ordered:
        return _nothing(message("invariance.permute_ordered"))
    if moments.design:
        return _nothing(message("invariance.permute_design", design=", ".join(moments.design)))
    data = complete_groups(ladder, moments)
    if data is None:
        return _nothing(message("invariance.permute_groups"))
    syntax = parse_model(model) if isinstance(model, str) else model
    work = _Work(measurement_text(syntax), data, permutations, seed)
    steps, found, scored = [], list[PermutedCause](), set[StepName]()
    for rung, before in _pairs(rungs):
        solution = work.solution(rung)
        general = work.solution(before) if before else None
        if not _usable(solution) or (general is not None and not _usable(general)):
            return _nothing(message("invariance.permute_unsolved", step=rung.step))
        if before is not None and before.status == "equivalent":
            continue
        steps.append(_step(rung, work.refits(rung), work.refits(before) if before else None))
        if rung.status == "fails" and rung.step in SCORED and rung.step not in scored:
            scored.add(rung.step)
            found += _causes(rung.step, work.refits(rung))
    total = sum(n for _, n in ladder.groups)
    return PermutedLadder(data.n, total, permutations, tuple(steps), tuple(found))


def _nothing(*findings: Message) -> PermutedLadder:
    return PermutedLadder(0, 0, 0, (), (), findings)


def complete_groups(ladder: Ladder, moments: Moments) -> Moments | None:
    """Complete respondents of the ladder's groups; None where a group does not stand that."""
    items = tuple(dict.fromkeys(i for members in ladder.factors.values() for i in members))
    names = tuple(name for name in items if name not in ladder.factors)
    return complete_among(moments, names, [label for label, _ in ladder.groups])


def _pairs(rungs: Sequence[Rung]) -> Iterator[tuple[Rung, Rung | None]]:
    """Every step with the one that it was tested against."""
    before: Rung | None = None
    for rung in rungs:
        yield rung, before
        if rung.status in ("start", "holds", "equivalent"):
            before = rung


def _usable(solution: Solution) -> bool:
    return solution.outcome.admissible and compilable(solution.fit)


@dataclass
class _Work:
    """Solutions and refits of the steps, each made once."""

    text: str
    data: Moments
    permutations: int
    seed: int

    def __post_init__(self) -> None:
        self.solutions: dict[tuple[tuple[str, ...], tuple[str, ...]], Solution] = {}
        self.found: dict[tuple[tuple[str, ...], tuple[str, ...]], Refitted] = {}
        self.batch: Batch | None = None

    def solution(self, rung: Rung) -> Solution:
        """The step on the complete respondents."""
        key = rung.equal, rung.released
        if key not in self.solutions:
            own = rung.solution
            if not coverable(own):
                own = sem(
                    self.text, self.data, estimator="ML", std_lv=True, group_equal=rung.equal,
                    group_partial=rung.released,
                )  # fmt: skip
            self.solutions[key] = own
        return self.solutions[key]

    def refits(self, rung: Rung) -> Refitted:
        """The step refitted: draw 0 is the sample itself, the others are permutations."""
        key = rung.equal, rung.released
        if key not in self.found:
            solution = self.solution(rung)
            if self.batch is None:
                own = Batch.of_moments(solution.fit.moments)
                drawn = permuted_moments(solution.fit.moments, self.permutations, self.seed)
                self.batch = Batch(np.concatenate([own.stats, drawn.stats]), own.p)
            self.found[key] = refitted(solution, self.batch)
        return self.found[key]


def _step(rung: Rung, restricted: Refitted, general: Refitted | None) -> PermutedStep:
    def values(name: str) -> Array:
        own: Array = getattr(restricted, name)
        return own if general is None else own - getattr(general, name)

    def p(name: str, *, upper: bool = True) -> float:
        drawn = values(name)
        return permutation_p(float(drawn[0]), drawn[1:], upper=upper)

    names = ("cfi", "rmsea", "srmr")
    return PermutedStep(
        rung.step, rung.released, rung.partial, float(values("chisq")[0]),
        FitChange(*(float(values(name)[0]) for name in names)),
        p("chisq"),
        FitChange(p("cfi", upper=False), p("rmsea"), p("srmr")),
        int(np.isfinite(values("chisq")[1:]).sum()),
    )  # fmt: skip


def _causes(step: StepName, refits: Refitted) -> list[PermutedCause]:
    """Score tests of the step's equalities, with the largest of each permutation beside them."""
    elements, columns = _equalities(refits.solution, step)
    if not elements:
        return []
    q, n = refits.solution.fit.model.q, refits.solution.inference.n_scale
    width = len(columns[0]) - 1
    added = np.zeros((q, len(elements) * width))
    for i, places in enumerate(columns):
        added[places[1:], i * width + np.arange(width)] = 1.0
    scores = np.array(
        [_scores(slope, H, (len(elements), width), n) for slope, H in refits.expansions(added)]
    )
    largest = scores[1:].max(axis=1)
    rows = [
        PermutedCause(step, element, float(score), permutation_p(float(score), largest))
        for element, score in zip(elements, scores[0], strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.stat, row.element))


def _equalities(solution: Solution, step: StepName) -> tuple[list[str], list[list[int]]]:
    """Parameters that the step holds equal in all groups, and their places in theta by group."""
    wanted = {cause.element for cause in causes(solution, ADDS[step])}
    count = len(solution.partable.groups)
    places: dict[str, list[int]] = {}
    for row in solution.fit.model.free:
        places.setdefault(f"{row.lhs}{row.op}{row.rhs}", []).append(row.free - 1)
    found = {k: v for k, v in places.items() if k in wanted and len(v) == count}
    return list(found), list(found.values())


def _scores(slope: Array, H: Array, blocks: tuple[int, int], n: float) -> Array:
    """Score statistics of ``blocks`` (how many, width) of directions, the others staying closed."""
    count, width = blocks
    if not np.isfinite(slope).all():
        return np.full(count, nan)
    r = len(slope) - count * width
    both = np.concatenate([H[:r, r:], slope[:r, None]], axis=1)
    within = np.linalg.solve(H[:r, :r], both)
    inner = (H[r:, r:] - H[r:, :r] @ within[:, :-1]).reshape(count, width, count, width)
    pull = (slope[r:] - H[r:, :r] @ within[:, -1]).reshape(count, width)
    own = inner[np.arange(count), :, np.arange(count)]
    gain: Array = np.einsum("ci,ci->c", pull, np.linalg.solve(own, pull[..., None])[..., 0])
    return 0.5 * n * gain
