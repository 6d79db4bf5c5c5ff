"""Longitudinal invariance: are the same respondents measured alike in every wave?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Literal

from analysis.errors import Message, message
from analysis.methods.waves import writing
from analysis.methods.waves.panel import Panel
from analysis.methods.waves.writing import Constructs
from analysis.sem import Solution, score_test, sem
from analysis.sem.difference import DifferenceTest, difference_test
from analysis.sem.estimate import Missing
from analysis.sem.estimators import Estimator
from analysis.sem.indices import cfi

WaveStep = Literal["configural", "metric", "scalar", "strict"]
STEPS: Mapping[WaveStep, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
PREFIX: Mapping[WaveStep, str] = {"metric": "load.", "scalar": "int."}
WaveStatus = Literal["start", "holds", "fails", "undecided"]
MOST = 5


@dataclass(frozen=True, slots=True)
class WaveChange:
    """Change of fit from the step before; a worse fit lowers CFI and raises the others."""

    cfi: float
    rmsea: float
    srmr: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """Score test of letting one item's parameter differ between waves; ``label`` is the model's."""

    step: WaveStep
    label: str
    stat: float
    df: int
    p: float


@dataclass(frozen=True)
class WaveRung:
    """One fitted step with its model text; ``released`` are the labels that differ over waves.

    ``cfi`` is measured against the longitudinal independence model; chi-square, CFI and RMSEA are
    scaled ones where the estimator is robust.
    """

    step: WaveStep
    text: str
    released: tuple[str, ...]
    solution: Solution
    cfi: float
    rmsea: float
    srmr: float
    difference: DifferenceTest | None
    change: WaveChange | None
    status: WaveStatus


@dataclass(frozen=True)
class WaveLadder:
    """All steps that were climbed; empty ``rungs`` where there is no panel (see ``findings``)."""

    panel: Panel
    constructs: Constructs
    rungs: tuple[WaveRung, ...]
    proposals: tuple[Proposal, ...]
    stopped_at: WaveStep | None
    alpha: float
    scaled: bool
    findings: tuple[Message, ...]

    def rung(self, step: WaveStep) -> WaveRung | None:
        """A step that holds, fully or partly."""
        found = [r for r in self.rungs if r.step == step and r.status in ("start", "holds")]
        return found[-1] if found else None


def wave_ladder(
    panel: Panel,
    constructs: Constructs,
    *,
    estimator: Estimator | None = None,
    missing: Missing | None = None,
    release: bool = False,
    alpha: float = 0.05,
) -> WaveLadder:
    """Test invariance over waves step by step, the residuals of an item covarying over waves.

    Parameters
    ----------
    panel : matched respondents over the items of ``constructs``.
    constructs : what is measured in every wave.
    estimator, missing : as in ``sem``.
    release : climb on with single items released, largest score test first, as long as every
        construct keeps two items alike; otherwise releases are only proposed.
    alpha : level of the difference and score tests.

    Notes
    -----
    CFI rests on an independence model whose means and variances do not change over waves
    (Widaman & Thompson 2003; Little, Preacher, Selig & Card 2007).
    """
    climb = _Climb(panel, constructs, estimator, missing, release, alpha)
    if panel.moments is not None:
        if all(len(items) > 1 for items in constructs.items.values()):
            climb.run()
        else:
            climb.findings.append(message("waves.single_item"))
    return WaveLadder(
        panel, constructs, tuple(climb.rungs), tuple(climb.proposals), climb.stopped_at, alpha,
        bool(climb.scaled), (*panel.findings, *climb.findings),
    )  # fmt: skip


@dataclass
class _Climb:
    panel: Panel
    constructs: Constructs
    estimator: Estimator | None
    missing: Missing | None
    release: bool
    alpha: float
    rungs: list[WaveRung] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    findings: list[Message] = field(default_factory=list)
    stopped_at: WaveStep | None = None
    scaled: str = ""
    released: tuple[str, ...] = ()

    def run(self) -> None:
        """Climb until a step does not hold."""
        null = self._fit(writing.null_text(self.constructs, len(self.panel.waves)))
        for step in STEPS:
            rung = self._rung(step, null)
            self.rungs.append(rung)
            while rung.status == "fails" and (proposal := self._propose(rung)):
                self.proposals.append(proposal)
                if not self.release:
                    break
                self.released += (proposal.label,)
                rung = self._rung(step, null)
                self.rungs.append(rung)
            if rung.status not in ("start", "holds"):
                self.stopped_at = step
                return

    def _fit(self, text: str) -> Solution:
        assert self.panel.moments is not None
        return sem(text, self.panel.moments, estimator=self.estimator, missing=self.missing)

    def _rung(self, step: WaveStep, null: Solution) -> WaveRung:
        waves = len(self.panel.waves)
        text = writing.ladder_text(
            self.constructs, waves, equal=STEPS[step], released=self.released
        )
        solution = self._fit(text)
        if not solution.outcome.admissible:
            self.findings += solution.findings
            return WaveRung(step, text, self.released, solution, nan, nan, nan, None, None,
                            "undecided")  # fmt: skip
        if not self.rungs:
            self.scaled = ".scaled" if solution.inference.robust is not None else ""
        fit = self._indices(solution, null)
        good = [r for r in self.rungs if r.status in ("start", "holds")]
        if not good:
            return WaveRung(step, text, (), solution, *fit, None, None, "start")
        before = good[-1]
        test = difference_test(solution, before.solution)
        change = WaveChange(fit[0] - before.cfi, fit[1] - before.rmsea, fit[2] - before.srmr)
        status: WaveStatus = "undecided"
        if isfinite(test.p):
            status = "fails" if test.p < self.alpha else "holds"
        return WaveRung(step, text, self.released, solution, *fit, test, change, status)

    def _indices(self, solution: Solution, null: Solution) -> tuple[float, float, float]:
        """CFI against the longitudinal null model, RMSEA and SRMR."""
        own, base = solution.inference, null.inference
        one, other = own.robust or own.test, base.robust or base.test
        found = cfi(chi2=one.stat, df=one.df, chi2_null=other.stat, df_null=other.df)
        m = solution.measures
        return found, m[f"rmsea{self.scaled}"].value, m["srmr"].value

    def _propose(self, rung: WaveRung) -> Proposal | None:
        """The most telling release that leaves every construct two items alike."""
        prefix = PREFIX.get(rung.step)
        if prefix is None or len(self.released) >= MOST:
            return None
        for proposal in _score_tests(rung, prefix):
            if proposal.p < self.alpha and self._enough((*self.released, proposal.label)):
                return proposal
        return None

    def _enough(self, released: tuple[str, ...]) -> bool:
        return all(
            sum(
                writing.loading(factor, item) not in released
                and writing.intercept(item) not in released
                for item in items
            )
            >= 2
            for factor, items in self.constructs.items.items()
        )


def _score_tests(rung: WaveRung, prefix: str) -> list[Proposal]:
    """Score tests of an item's equalities over all waves at once, largest first."""
    rows = {r.plabel: r.label for r in rung.solution.partable.rows if r.plabel}
    numbers: dict[str, list[int]] = {}
    constraints = [r for r in rung.solution.partable.constraints if r.op == "=="]
    for number, row in enumerate(constraints, start=1):
        label = rows.get(row.lhs, "")
        if label.startswith(prefix):
            numbers.setdefault(label, []).append(number)
    found = []
    for label, own in numbers.items():
        test = score_test(rung.solution, release=own)
        if isfinite(test.stat) and test.df > 0:
            found.append(Proposal(rung.step, label, test.stat, test.df, test.p))
    return sorted(found, key=lambda p: (-p.stat / p.df, p.label))
