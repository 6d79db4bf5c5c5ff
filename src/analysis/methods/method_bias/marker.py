"""The CFA marker technique: a theoretically unrelated construct stands for what method adds.

Williams, Hartman & Cavazotte (2010). All factors have variance 1. In the baseline model the
marker is uncorrelated with the other factors, and its loadings and residual variances are held
at their values from the model in which all factors correlate. Method-C lets the marker load
equally on all substantive items, Method-U freely; Method-R is the better of the two with the
factor correlations held at those of the baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Literal

import numpy as np

from analysis.errors import Message, ModelError, message
from analysis.methods.method_bias.latent_factor import Refit
from analysis.methods.method_bias.texts import added, fixed, item_blocks, unit_factor
from analysis.sem import DifferenceTest, Solution, difference_test
from analysis.syntax import ModelSyntax, parse_model
from analysis.syntax.printing import print_name

Step = Literal["cfa", "baseline", "c", "u", "r"]
ALPHA = 0.05
CALLED: dict[Step, str] = {
    "cfa": "CFA",
    "baseline": "Baseline",
    "c": "Method-C",
    "u": "Method-U",
    "r": "Method-R",
}


@dataclass(frozen=True)
class MarkerModel:
    """One model of the series; ``difference`` tests it against the model ``against``."""

    step: Step
    solution: Solution
    against: Step | None = None
    difference: DifferenceTest | None = None


@dataclass(frozen=True, slots=True)
class CorrelationChange:
    """A correlation of two factors in the baseline and in the chosen method model."""

    first: str
    second: str
    baseline: float
    method: float


@dataclass(frozen=True)
class MarkerAnalysis:
    """The series of models, ended where one fails (see ``findings``).

    ``chosen`` is Method-C or Method-U. ``effect`` says whether the marker's loadings on
    substantive items are needed, ``biased`` whether they change the factor correlations; None
    where that was not reached. ``share`` is the mean squared standardized method loading.
    """

    marker: str
    items: tuple[str, ...]
    models: tuple[MarkerModel, ...] = ()
    chosen: Step | None = None
    effect: bool | None = None
    biased: bool | None = None
    share: float | None = None
    changes: tuple[CorrelationChange, ...] = ()
    findings: tuple[Message, ...] = ()

    def model(self, step: Step) -> MarkerModel | None:
        """One model of the series, if it was reached."""
        return next((m for m in self.models if m.step == step), None)


def marker_analysis(
    syntax: ModelSyntax, marker: str, items: Sequence[str], refit: Refit
) -> MarkerAnalysis:
    """The whole series for one marker construct.

    Parameters
    ----------
    syntax : the measurement model; the marker may be among its factors.
    marker, items : the marker construct and its items.
    refit : fits another model text to the same data by the same estimator.
    """
    blank = MarkerAnalysis(marker, tuple(items))
    substantive = {f: i for f, i in item_blocks(syntax).items() if f != marker}
    if len(items) < 2:
        return _ended(blank, [], message("method_bias.marker_items", marker=marker))
    if set(syntax.latent) - {marker} != set(substantive):
        return _ended(blank, [], message("method_bias.marker_second_order"))
    if len(substantive) < 2:
        return _ended(blank, [], message("method_bias.marker_one_factor"))
    series = _Series(_substantive(syntax, substantive), marker, tuple(items), substantive, refit)
    try:
        return series.run(blank)
    except ModelError as error:
        return _ended(blank, series.models, *error.messages)


def _ended(
    blank: MarkerAnalysis, models: Sequence[MarkerModel], *findings: Message
) -> MarkerAnalysis:
    return MarkerAnalysis(blank.marker, blank.items, tuple(models), findings=tuple(findings))


def _substantive(syntax: ModelSyntax, blocks: dict[str, tuple[str, ...]]) -> ModelSyntax:
    """Unit-variance factors with their items, and the residual covariances of items."""
    kept = [str(f) for f in syntax.formulas if f.op == "~~" and not set(f.lhs) & set(blocks)]
    lines = [line for factor, items in blocks.items() for line in unit_factor(factor, items)]
    return parse_model("\n".join([*lines, *kept]))


@dataclass
class _Series:
    """The models one after the other."""

    substantive: ModelSyntax
    marker: str
    items: tuple[str, ...]
    blocks: dict[str, tuple[str, ...]]
    refit: Refit

    def __post_init__(self) -> None:
        self.models: list[MarkerModel] = []

    def run(self, blank: MarkerAnalysis) -> MarkerAnalysis:
        cfa = self._fit("cfa", added(self.substantive, unit_factor(self.marker, self.items)))
        if cfa is None:
            return self._failed(blank)
        if len(cfa.partable.groups) > 1:
            return _ended(blank, self.models, message("method_bias.groups"))
        apart = added(self.substantive, self._held_marker(cfa))
        baseline = self._fit("baseline", apart)
        c = self._fit("c", added(apart, [self._loadings(equal=True)]))
        u = self._fit("u", added(apart, [self._loadings(equal=False)]))
        if baseline is None or c is None:
            return self._failed(blank)
        effect = self._test("c", baseline, c, "baseline").p < ALPHA
        freely = u is not None and self._test("u", c, u, "c").p < ALPHA
        general = u if freely and u is not None else c
        chosen: Step = "u" if freely else "c"
        held = added(
            apart,
            [self._loadings(equal=chosen == "c"), *fixed(self._correlations(baseline))],
        )
        r = self._fit("r", held)
        biased = None
        if r is not None:
            biased = self._test("r", r, general, chosen).p < ALPHA
        return MarkerAnalysis(
            self.marker,
            self.items,
            tuple(self.models),
            chosen,
            effect,
            biased,
            self._share(general),
            self._changes(baseline, general),
            tuple(self._findings(u, r)),
        )

    def _fit(self, step: Step, syntax: ModelSyntax) -> Solution | None:
        """A model's solution, None where it supports no conclusion."""
        solution = self.refit(syntax)
        self.models.append(MarkerModel(step, solution))
        return solution if solution.outcome.admissible else None

    def _failed(self, blank: MarkerAnalysis) -> MarkerAnalysis:
        bad = next(m for m in self.models if not m.solution.outcome.admissible)
        found = message("method_bias.marker_failed", step=CALLED[bad.step])
        return _ended(blank, self.models, found)

    def _findings(self, u: Solution | None, r: Solution | None) -> list[Message]:
        steps: list[Step] = [
            model.step
            for model, solution in zip(self.models[-2:], (u, r), strict=True)
            if solution is None
        ]
        return [message("method_bias.marker_failed", step=CALLED[step]) for step in steps]

    def _held_marker(self, cfa: Solution) -> list[str]:
        """The marker as in the full model, without correlations."""
        held = {
            (self.marker, "=~", item): cfa.estimate(self.marker, "=~", item).est
            for item in self.items
        }
        held |= {(item, "~~", item): cfa.estimate(item, "~~", item).est for item in self.items}
        name = print_name(self.marker)
        apart = " + ".join(f"0*{print_name(factor)}" for factor in self.blocks)
        return [*fixed(held), f"{name} ~~ 1*{name}", f"{name} ~~ {apart}"]

    def _loadings(self, *, equal: bool) -> str:
        """The marker on all substantive items."""
        names = [print_name(item) for items in self.blocks.values() for item in items]
        names = list(dict.fromkeys(names))
        label = " + ".join(f"NA*{n} + marker.method*{n}" if equal else f"NA*{n}" for n in names)
        return f"{print_name(self.marker)} =~ {label}"

    def _correlations(self, baseline: Solution) -> dict[tuple[str, str, str], float]:
        R = baseline.latent_correlation[0]
        at = {name: i for i, name in enumerate(baseline.latent)}
        return {(a, "~~", b): float(R[at[a], at[b]]) for a, b in combinations(self.blocks, 2)}

    def _test(
        self, step: Step, restricted: Solution, general: Solution, against: Step
    ) -> DifferenceTest:
        """The difference test, kept with the model of ``step``."""
        test = difference_test(restricted, general)
        place = next(i for i, m in enumerate(self.models) if m.step == step)
        self.models[place] = MarkerModel(step, self.models[place].solution, against, test)
        return test

    def _share(self, solution: Solution) -> float:
        items = dict.fromkeys(item for members in self.blocks.values() for item in members)
        loadings = [solution.estimate(self.marker, "=~", item).std_all for item in items]
        share = float(np.mean(np.square(loadings)))
        return share if isfinite(share) else float("nan")

    def _changes(self, baseline: Solution, method: Solution) -> tuple[CorrelationChange, ...]:
        before, after = (self._correlations(s) for s in (baseline, method))
        return tuple(
            CorrelationChange(a, b, value, after[a, op, b]) for (a, op, b), value in before.items()
        )
