"""dMACS of ordered items: differences of expected answers, over the factor's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.methods.invariance.groups import prepare
from analysis.methods.invariance.records import Ladder, Noninvariance
from analysis.methods.invariance.steps import equal_sets, ordinal_text
from analysis.sem import Moments, Solution, sem
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]

NODES = 61


@dataclass(frozen=True)
class Response:
    """What one group answers to an item at a factor score.

    An ordered item cuts intercept + loading * f + noise of standard deviation ``sd`` at
    ``thresholds`` into categories with ``codes``; a numeric one has no thresholds.
    """

    intercept: float
    loading: float
    sd: float = 1.0
    thresholds: Array | None = None
    codes: Array | None = None

    def expected(self, factor: Array) -> Array:
        """Expected answers at factor scores: category codes weighted by their chances."""
        line = self.intercept + self.loading * factor
        if self.thresholds is None or self.codes is None:
            return line
        beyond = ndtr((line[:, None] - self.thresholds) / self.sd)
        found: Array = self.codes[0] + beyond @ np.diff(self.codes)
        return found


def expected_difference(
    reference: Response, group: Response, *, mean: float, variance: float
) -> tuple[float, float]:
    """Root mean squared and mean difference of expected answers over a normal factor.

    Group less reference, in units of the codes, by Gauss-Hermite quadrature.
    """
    x, weight = np.polynomial.hermite_e.hermegauss(NODES)
    factor = mean + sqrt(max(variance, 0.0)) * x
    gap = group.expected(factor) - reference.expected(factor)
    weight = weight / weight.sum()
    return float(np.sqrt(weight @ gap**2)), float(weight @ gap)


def ordinal_effects(
    ladder: Ladder, syntax: ModelSyntax, moments: Moments, loose: Sequence[str]
) -> list[Noninvariance]:
    """dMACS of the items in question, where some items are ordered.

    The curves compared are expected item scores (Meade 2010). Loadings and intercepts are free in
    every group, and the thresholds that were released; a two-category item can only differ by
    what the ladder released.
    """
    items = tuple(dict.fromkeys(i for members in ladder.factors.values() for i in members))
    kept = {label for label, _ in ladder.groups}
    used = Moments(moments.names, tuple(g for g in moments.groups if g.label in kept))
    ready = prepare(used, items, ordered=ladder.ordered).moments
    if ready is None:
        return []
    ready = ready.complete()
    codes = {item: _codes(ready, item) for item in ladder.ordered}
    released = {r.element for r in ladder.releases}
    for factor, members in ladder.factors.items():
        for item in set(members) & set(loose):
            if len(codes.get(item, (0, 1, 2))) > 2:
                released |= {f"{factor}=~{item}", f"{item}~1"}
    text = ordinal_text(
        syntax, thresholds={i: len(c) - 1 for i, c in codes.items()}, n_groups=len(ready.groups),
        equal=equal_sets(("thresholds", "metric", "scalar"), ordinal=True), released=released,
        parameterization="theta",
    )  # fmt: skip
    solution = sem(
        text, ready, estimator=ladder.rungs[0].solution.estimator, ordered=ladder.ordered,
        missing="listwise", parameterization="theta",
    )  # fmt: skip
    if not solution.outcome.admissible:
        return []
    return [
        _effect(solution, ready, factor, item, g, codes.get(item))
        for factor, members in ladder.factors.items()
        for item in members
        if item in loose
        for g in range(1, len(ready.groups))
    ]


def _codes(moments: Moments, item: str) -> Array:
    at = moments.names.index(item)
    return np.unique(np.concatenate([g.rows[:, at] for g in moments.groups if g.rows is not None]))


def _effect(
    solution: Solution, data: Moments, factor: str, item: str, g: int, codes: Array | None
) -> Noninvariance:
    one, other = (_response(solution, factor, item, k, codes) for k in (1, g + 1))
    group = solution.fit.model.groups[g]
    at = group.variables.index(factor)
    mean, variance = float(solution.implied[g].t[at]), float(solution.implied[g].C[at, at])
    size, bias = expected_difference(one, other, mean=mean, variance=variance)
    labels = solution.partable.groups
    return Noninvariance(
        factor, item, labels[g], labels[0], size / _pooled_sd(data, item, (0, g)), bias,
        (one.loading, other.loading), (one.intercept, other.intercept),
    )  # fmt: skip


def _response(
    solution: Solution, factor: str, item: str, group: int, codes: Array | None
) -> Response:
    loading = solution.estimate(factor, "=~", item, group=group).est
    intercept = solution.estimate(item, "~1", group=group).est
    if codes is None:
        return Response(intercept, loading)
    sd = sqrt(solution.estimate(item, "~~", item, group=group).est)
    cuts = [solution.estimate(item, "|", f"t{t}", group=group).est for t in range(1, len(codes))]
    return Response(intercept, loading, sd, np.array(cuts), codes)


def _pooled_sd(moments: Moments, item: str, groups: Sequence[int]) -> float:
    """Standard deviations of the codes (divisor n - 1), averaged by n - 1."""
    at = moments.names.index(item)
    found = [g.rows[:, at] for g in (moments.groups[i] for i in groups) if g.rows is not None]
    weights = [len(x) - 1.0 for x in found]
    return float(np.average([x.std(ddof=1) for x in found], weights=weights))
