"""Do paths differ between groups: one test for all, one for each path, and every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import chi2

from analysis.errors import Message, message
from analysis.methods.invariance.groups import prepare
from analysis.methods.invariance.latent_means import holm
from analysis.methods.invariance.steps import blocks
from analysis.sem import Moments, Solution, sem
from analysis.sem.difference import DifferenceTest, difference_test
from analysis.sem.estimate import Missing
from analysis.sem.estimators import Estimator
from analysis.syntax import (
    Formula,
    ModelSyntax,
    Statement,
    labels_per_group,
    parse_model,
    shared_labels,
)
from analysis.syntax.per_group import group_suffix

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathByGroup:
    """One path in one group, raw with its interval and std.all."""

    group: str
    est: float
    se: float
    ci_lower: float
    ci_upper: float
    std_all: float


@dataclass(frozen=True, slots=True)
class PathDifference:
    """Path in ``group`` less that in ``reference``; ``p_holm`` over all pairs of all paths."""

    group: str
    reference: str
    est: float
    se: float
    ci_lower: float
    ci_upper: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class PathComparison:
    """A path over groups, with the Wald test of its equality (``p_holm`` over the paths)."""

    source: str
    target: str
    groups: tuple[PathByGroup, ...]
    wald: float
    df: int
    p: float
    p_holm: float
    pairs: tuple[PathDifference, ...]


@dataclass(frozen=True)
class PathsByGroup:
    """All paths of a model over groups.

    ``omnibus`` tests that all paths are equal at once. ``solution`` has equal loadings (but for
    ``released``) and free paths, ``restricted`` equal ones. Empty where no comparison was
    possible; see ``findings``.
    """

    paths: tuple[PathComparison, ...]
    omnibus: DifferenceTest | None
    solution: Solution | None
    groups: tuple[tuple[str, int], ...]
    released: tuple[str, ...]
    findings: tuple[Message, ...]
    restricted: Solution | None = None


def compare_paths(
    model: str | ModelSyntax,
    moments: Moments,
    *,
    estimator: Estimator | None = None,
    missing: Missing | None = None,
    release: Sequence[str] = (),
    level: float = 0.95,
) -> PathsByGroup:
    """Compare the paths of a structural model between groups.

    Loadings are equal over groups, except those in ``release`` (``f =~ x2``), so that raw paths
    are on the same scale everywhere. Labels of the model hold in each group separately.
    """
    syntax = parse_model(model) if isinstance(model, str) else model
    factors = blocks(syntax)
    items = tuple(name for name in syntax.variables if name not in syntax.latent)
    ready = prepare(moments, items)
    if not any(f.op == "~" for f in syntax.formulas):
        found = (*ready.findings, message("invariance.no_paths"))
        return PathsByGroup((), None, None, ready.sizes, (), found)
    if ready.moments is None:
        return PathsByGroup((), None, None, (), (), ready.findings)
    loose = {"".join(r.split()) for r in release}
    partial = tuple(
        f"{f}=~{i}" for f, items in factors.items() for i in items if f"{f}=~{i}" in loose
    )
    findings = list(ready.findings)
    syntax, moved = _markers(syntax, partial)
    findings += moved
    count = len(ready.moments.groups)
    own = labels_per_group(syntax, count).text
    measured, regressed = (_equal_labels(syntax, op, count) for op in ("=~", "~"))

    def fitted(text: str, *equal: str) -> Solution:
        assert ready.moments is not None
        return sem(
            text, ready.moments, estimator=estimator, missing=missing, group_equal=equal,
            group_partial=partial,
        )  # fmt: skip

    solution = fitted(own + measured, "loadings")
    if not solution.outcome.admissible:
        findings += solution.findings
        return PathsByGroup((), None, solution, ready.sizes, partial, tuple(findings))
    restricted = fitted(own + measured + regressed, "loadings", "regressions")
    omnibus = difference_test(restricted, solution) if restricted.outcome.estimated else None
    paths = _paths(solution, float(ndtri(0.5 + level / 2.0)))
    return PathsByGroup(paths, omnibus, solution, ready.sizes, partial, tuple(findings), restricted)


def _markers(
    syntax: ModelSyntax, released: Sequence[str]
) -> tuple[ModelSyntax, tuple[Message, ...]]:
    """The model with an item first in each factor that is not released: it sets the scale."""
    statements: list[Statement] = []
    moved = []
    seen: set[str] = set()
    for s in syntax.statements:
        if not isinstance(s, Formula) or s.op != "=~" or len(s.lhs) > 1 or s.lhs[0] in seen:
            statements.append(s)
            continue
        factor = s.lhs[0]
        seen.add(factor)
        firm = [t for t in s.terms if f"{factor}=~{t.name}" not in released]
        if firm and s.terms and firm[0] is not s.terms[0]:
            fields = {"names": f"{factor} =~ {s.terms[0].name}", "others": firm[0].name}
            moved.append(message("invariance.marker", **fields))
            s = replace(s, terms=(firm[0], *(t for t in s.terms if t is not firm[0])))
        statements.append(s)
    text = "".join(f"{s}\n" for s in statements)
    return ModelSyntax(tuple(statements), source=syntax.source, text=text), tuple(moved)


def _equal_labels(syntax: ModelSyntax, op: str, count: int) -> str:
    """Equalities over groups of the labelled parameters, which ``group_equal`` does not touch."""
    part = ModelSyntax(tuple(f for f in syntax.formulas if f.op == op), source="", text="")
    return "".join(
        f"{label}{group_suffix(1)} == {label}{group_suffix(g)}\n"
        for label in shared_labels(part)
        for g in range(2, count + 1)
    )


def _paths(solution: Solution, quantile: float) -> tuple[PathComparison, ...]:
    places: dict[tuple[str, str], list[int]] = {}
    for row in solution.fit.model.free:
        if row.op == "~":
            places.setdefault((row.lhs, row.rhs), []).append(row.free - 1)
    labels = solution.partable.groups
    whole = {key: at for key, at in places.items() if len(at) == len(labels)}
    drafts = [_compared(solution, key, at, quantile) for key, at in whole.items()]
    over_paths = holm([d.p for d in drafts])
    over_pairs = iter(holm([pair.p for d in drafts for pair in d.pairs]))
    return tuple(
        PathComparison(
            d.source, d.target, d.groups, d.wald, d.df, d.p, p,
            tuple(
                PathDifference(
                    x.group, x.reference, x.est, x.se, x.ci_lower, x.ci_upper, x.p,
                    next(over_pairs),
                )
                for x in d.pairs
            ),
        )
        for d, p in zip(drafts, over_paths, strict=True)
    )  # fmt: skip


def _compared(
    solution: Solution, key: tuple[str, str], at: list[int], quantile: float
) -> PathComparison:
    labels = solution.partable.groups
    values = solution.fit.theta[at]
    vcov = solution.inference.vcov
    V = np.full((len(at), len(at)), nan) if vcov is None else vcov[np.ix_(at, at)]
    C = np.eye(len(at))[1:] - np.eye(len(at))[0]
    r = C @ values
    stat = float(r @ np.linalg.solve(C @ V @ C.T, r)) if np.isfinite(V).all() else nan
    groups = []
    for g, label in enumerate(labels):
        e = solution.estimate(key[0], "~", key[1], group=g + 1)
        groups.append(PathByGroup(label, e.est, e.se, e.ci_lower, e.ci_upper, e.std_all))
    pairs = []
    for j, i in combinations(range(len(labels)), 2):
        est = float(values[i] - values[j])
        se = sqrt(max(float(V[i, i] + V[j, j] - 2.0 * V[i, j]), 0.0))
        p = float(2.0 * ndtr(-abs(est / se))) if se > 0 else nan
        low, high = est - quantile * se, est + quantile * se
        pairs.append(PathDifference(labels[i], labels[j], est, se, low, high, p, nan))
    p = float(chi2.sf(stat, len(r)))
    return PathComparison(key[1], key[0], tuple(groups), stat, len(r), p, nan, tuple(pairs))
