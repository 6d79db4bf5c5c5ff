"""Hypotheses: which of a theory's sentences the data support, and how strong each path is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.data import Hypothesis
from analysis.errors import ModelError, message
from analysis.sem import Estimate, Solution
from analysis.sem.resampling import Bootstrap, monte_carlo_intervals

Array = NDArray[np.float64]
Method = Literal["delta", "percentile", "bca", "montecarlo"]
Decision = Literal["supported", "not_supported", "untestable", "not_declared"]
Reason = Literal["", "unclear", "opposite", "absent", "fixed", "inconclusive"]
Key = tuple[str, str, str, int]
Limits = tuple[float, float, float]  # standard error, lower, upper


@dataclass(frozen=True)
class HypothesisResult:
    """A hypothesis with what the data say on its path or defined effect, in one group (from 1).

    ``source`` is empty for a defined effect, whose name is ``target``. ``est``, ``se``, the
    limits and Wald's ``p`` are raw; ``f2`` and ``r2`` are those of the path's regression. Numbers
    are NaN where the model has no such path. ``as_expected`` is None without an expected sign.
    """

    hypothesis: Hypothesis
    source: str
    target: str
    group: int
    est: float
    se: float
    p: float
    ci_lower: float
    ci_upper: float
    std_all: float
    std_all_ci_lower: float
    std_all_ci_upper: float
    f2: float
    r2: float
    as_expected: bool | None
    decision: Decision
    reason: Reason


@dataclass(frozen=True)
class Hypotheses:
    """All hypotheses of a model; ``declared`` says whether the codebook states them.

    ``method`` and ``draws`` say how the intervals were made, ``level`` which.
    """

    rows: tuple[HypothesisResult, ...]
    declared: bool
    method: Method
    draws: int
    level: float


def hypotheses(
    solution: Solution,
    declared: Sequence[Hypothesis] = (),
    *,
    conclusive: bool = True,
    method: Method = "delta",
    bootstrap: Bootstrap | None = None,
    seed: int = 1,
    draws: int = 20000,
    level: float = 0.95,
) -> Hypotheses:
    """Hypotheses with estimates, intervals, effect sizes and a decision each.

    Parameters
    ----------
    declared : sentences of the theory, each tied to a path ``y ~ x`` or the name of a defined
        effect. What the model has beyond these follows without a decision. Without any, every
        path and then every defined effect is one, in the order of the text, without a sign.
    conclusive : whether the solution supports conclusions at all; every decision is otherwise
        ``untestable``.
    method : of the intervals. ``percentile`` and ``bca`` are the ``bootstrap``'s; ``montecarlo``
        takes ``draws`` from the distribution of the estimates, which for single paths is normal.

    Notes
    -----
    Supported: the interval excludes 0, on the expected side where a sign was declared.
    """
    if method in ("percentile", "bca") and bootstrap is None:
        raise ModelError(message("mediation.needs_bootstrap", method=method))
    raw, std = _limits(solution, method, bootstrap, seed, draws, level)
    count = len(solution.partable.groups)
    stated = tuple(declared) or _from_text(solution)
    rows = []
    for group in range(1, count + 1):
        named = [
            _tested(solution, h, group, conclusive, raw, std, level)
            for h in stated
            if group == 1 or "~" in h.path or _row(solution, f"{h.path}.g{group}", "", group)
        ]
        rows += named
        rows += [
            _tested(
                solution, replace(h, id=""), group, conclusive, raw, std, level, undeclared=True
            )
            for h in (_from_text(solution) if declared else ())
            if h.path not in {_plain(s.path) for s in stated} and "~" in h.path
        ]
    used = draws if method == "montecarlo" else 0
    if bootstrap is not None and method in ("percentile", "bca"):
        used = bootstrap.draws - bootstrap.failed
    return Hypotheses(tuple(rows), bool(declared), method, used, level)


def _plain(path: str) -> str:
    """A path written as ``y ~ x``."""
    left, tilde, right = path.partition("~")
    return f"{left.strip()} ~ {right.strip()}" if tilde else path.strip()


def _from_text(solution: Solution) -> tuple[Hypothesis, ...]:
    """Paths, then defined effects, of the model's text; H1, H2 ..."""
    rows = solution.estimates
    paths = dict.fromkeys(f"{e.lhs} ~ {e.rhs}" for e in rows if e.op == "~")
    effects = dict.fromkeys(e.lhs for e in rows if e.op == ":=")
    return tuple(Hypothesis(f"H{i}", path) for i, path in enumerate((*paths, *effects), start=1))


def _limits(
    solution: Solution,
    method: Method,
    bootstrap: Bootstrap | None,
    seed: int,
    draws: int,
    level: float,
) -> tuple[Mapping[Key, Limits], Mapping[Key, Limits]]:
    """Raw and std.all limits of paths and effects that are not the delta method's."""
    if bootstrap is not None and method in ("percentile", "bca"):
        kind: Literal["bca", "percentile"] = "bca" if method == "bca" else "percentile"
        raw, std = (bootstrap.intervals(kind, scale=s, level=level) for s in ("raw", "std.all"))
        return (
            {(i.lhs, i.op, i.rhs, i.group): (i.se, i.ci_lower, i.ci_upper) for i in raw},
            {(i.lhs, i.op, i.rhs, i.group): (i.se, i.ci_lower, i.ci_upper) for i in std},
        )
    if method == "montecarlo":
        found = monte_carlo_intervals(solution, draws=draws, seed=seed, level=level)
        effects = {m.label: (m.se, m.ci_lower, m.ci_upper) for m in found}
        own = {
            (e.lhs, e.op, e.rhs, e.group): effects[e.lhs]
            for e in solution.estimates
            if e.op == ":=" and e.lhs in effects
        }
        return own, {}
    return {}, {}


def _tested(
    solution: Solution,
    hypothesis: Hypothesis,
    group: int,
    conclusive: bool,
    raw: Mapping[Key, Limits],
    std: Mapping[Key, Limits],
    level: float,
    *,
    undeclared: bool = False,
) -> HypothesisResult:
    target, tilde, source = (part.strip() for part in _plain(hypothesis.path).partition("~"))
    e = _row(solution, target, source if tilde else "", group)
    if e is None:
        blank = (nan,) * 10
        return HypothesisResult(
            hypothesis, source, target, group, *blank, None, "untestable", "absent"
        )
    key = (e.lhs, e.op, e.rhs, e.group)
    moves = e.free or e.op == ":="
    se, low, high = raw.get(key, _normal(e.est, e.se, level))
    _, std_low, std_high = std.get(key, _normal(e.std_all, e.std_all_se, level))
    expected = None
    if hypothesis.sign and isfinite(e.est):
        expected = (e.est > 0) == (hypothesis.sign == "+") and e.est != 0
    decision, reason = _decide(moves, conclusive, low, high, expected)
    size = f2(solution, e) if e.op == "~" else nan
    explained = solution.r2_of(group - 1).get(e.lhs, nan) if e.op == "~" else nan
    return HypothesisResult(
        hypothesis, source, target, group,
        e.est, se if moves else nan, e.p if moves else nan,
        low if moves else nan, high if moves else nan,
        e.std_all, std_low, std_high, size, explained, expected,
        "not_declared" if undeclared and decision != "untestable" else decision, reason,
    )  # fmt: skip


def _normal(estimate: float, se: float, level: float) -> Limits:
    half = float(ndtri(0.5 + level / 2.0)) * se
    return se, estimate - half, estimate + half


def _row(solution: Solution, target: str, source: str, group: int) -> Estimate | None:
    op = "~" if source else ":="
    names = {target} if source else {target, f"{target}.g{group}"}
    rows: Iterator[Estimate] = (
        e
        for e in solution.estimates
        if e.op == op
        and e.lhs in names
        and (not source or e.rhs == source)
        and e.group in (0, group)
    )
    return next(rows, None)


def _decide(
    moves: bool, conclusive: bool, low: float, high: float, expected: bool | None
) -> tuple[Decision, Reason]:
    if not moves:
        return "untestable", "fixed"
    if not conclusive or not (isfinite(low) and isfinite(high)):
        return "untestable", "inconclusive"
    if low <= 0.0 <= high:
        return "not_supported", "unclear"
    if expected is False:
        return "not_supported", "opposite"
    return "supported", ""


def f2(solution: Solution, path: Estimate) -> float:
    """Cohen's (1988) f2 of one path: what leaving its predictor out costs, as a ratio.

    ``(R2 with - R2 without) / (1 - R2 with)``, both R2 from the model-implied covariances of the
    outcome and its predictors; NaN where these are not positive definite.
    """
    g = path.group - 1
    C, variables = solution.implied[g].C, solution.fit.model.groups[g].variables
    predictors = [
        r.rhs for r in solution.partable.rows
        if (r.op, r.lhs, r.group) == ("~", path.lhs, path.group)
    ]  # fmt: skip
    at = variables.index(path.lhs)
    every = [variables.index(name) for name in predictors]
    others = [variables.index(name) for name in predictors if name != path.rhs]
    with_it, without = _unexplained(C, at, every), _unexplained(C, at, others)
    return (without - with_it) / with_it if with_it > 0 and isfinite(without) else nan


def _unexplained(C: Array, outcome: int, predictors: Sequence[int]) -> float:
    """Variance of ``outcome`` that a regression on ``predictors`` leaves."""
    if not predictors:
        return float(C[outcome, outcome])
    block, c = C[np.ix_(predictors, predictors)], C[predictors, outcome]
    try:
        np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        return nan
    return float(C[outcome, outcome] - c @ np.linalg.solve(block, c))
