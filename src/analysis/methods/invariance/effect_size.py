"""How much noninvariance matters: dMACS."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from analysis.methods.invariance.effect_ordinal import ordinal_effects
from analysis.methods.invariance.records import Ladder, Noninvariance
from analysis.methods.invariance.steps import equal_sets, measurement_text
from analysis.sem import Moments, Solution, sem
from analysis.syntax import ModelSyntax, parse_model


def noninvariance(
    ladder: Ladder, model: str | ModelSyntax, moments: Moments
) -> tuple[Noninvariance, ...]:
    """dMACS of every item of which something is released or proposed, largest first.

    The model has equal loadings and intercepts of all other items; those of the items in
    question are free (of ordered items the thresholds stay equal, unless they are released).
    Empty without releases, and where a factor would have less than two invariant items or the
    solution is not admissible.
    """
    loose = released_items(ladder)
    if not loose or not ladder.rungs:
        return ()
    if any(sum(i not in loose for i in items) < 2 for items in ladder.factors.values()):
        return ()
    syntax = parse_model(model) if isinstance(model, str) else model
    if ladder.ordered:
        found = ordinal_effects(ladder, syntax, moments, loose)
        return tuple(sorted(found, key=lambda r: -r.dmacs))
    first = ladder.rungs[0].solution
    kept = {label for label, _ in ladder.groups}
    used = Moments(moments.names, tuple(g for g in moments.groups if g.label in kept))
    partial = [f"{i}~1" for i in loose]
    partial += [f"{f}=~{i}" for f, items in ladder.factors.items() for i in items if i in loose]
    patterned = any(g.patterns is not None for g in first.fit.moments.groups)
    solution = sem(
        measurement_text(syntax), used, estimator=first.estimator,
        missing="fiml" if patterned else "listwise", std_lv=True,
        group_equal=equal_sets(("metric", "scalar")), group_partial=partial,
    )  # fmt: skip
    if not solution.outcome.admissible:
        return ()
    found = [
        _dmacs(solution, factor, item, g)
        for factor, items in ladder.factors.items()
        for item in items
        if item in loose
        for g in range(1, len(ladder.groups))
    ]
    return tuple(sorted(found, key=lambda r: -r.dmacs))


def released_items(ladder: Ladder) -> tuple[str, ...]:
    """Items with a released loading, intercept or threshold."""
    items = {i for members in ladder.factors.values() for i in members}
    named = []
    for release in ladder.releases:
        left, _, right = release.element.partition("=~")
        item = right or left.partition("|")[0].removesuffix("~1")
        if item in items and item not in named:
            named.append(item)
    return tuple(named)


def _dmacs(solution: Solution, factor: str, item: str, g: int) -> Noninvariance:
    loading = _pair(solution, factor, "=~", item, g)
    intercept = _pair(solution, item, "~1", "", g)
    a, b = intercept[1] - intercept[0], loading[1] - loading[0]
    group = solution.fit.model.groups[g]
    at = group.variables.index(factor)
    mean, variance = float(solution.implied[g].t[at]), float(solution.implied[g].C[at, at])
    labels = solution.partable.groups
    return Noninvariance(
        factor, item, labels[g], labels[0],
        dmacs(a, b, mean, variance, _pooled_sd(solution, item, (0, g))),
        a + b * mean, loading, intercept,
    )  # fmt: skip


def dmacs(intercept: float, loading: float, mean: float, variance: float, sd: float) -> float:
    """dMACS of differences in intercept and loading, for a normal factor, in closed form."""
    return sqrt((intercept + loading * mean) ** 2 + loading**2 * variance) / sd


def _pair(solution: Solution, lhs: str, op: str, rhs: str, g: int) -> tuple[float, float]:
    one, other = (solution.estimate(lhs, op, rhs, group=k).est for k in (1, g + 1))
    return one, other


def _pooled_sd(solution: Solution, item: str, groups: Sequence[int]) -> float:
    """Standard deviations (divisor n - 1) averaged by n - 1, as Nye & Drasgow do."""
    moments = solution.fit.moments
    at = moments.names.index(item)
    n = np.array([moments.groups[g].n for g in groups], dtype=float)
    variance = np.array([moments.groups[g].cov[at, at] for g in groups]) * n / (n - 1.0)
    return float(np.average(np.sqrt(variance), weights=n - 1.0))
