"""Chi-square difference tests of nested models, scaled where the statistics are.

Two scaled statistics are never subtracted: their difference has no chi-square distribution.
Satorra & Bentler (2001, 2010) divide the difference of the unscaled ones by a factor made from
those of both models; Satorra (2000) derives it from the restriction itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import nan
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.sem import indices
from analysis.sem.algebra import from_half_vector, half_index
from analysis.sem.categorical import CategoricalTerm
from analysis.sem.constraints import null_space
from analysis.sem.estimators import TestName
from analysis.sem.inference import ChiSquare, Inference, constrained_inverse, infer
from analysis.sem.losses import LeastSquares, MaximumLikelihood
from analysis.sem.model import GroupModel
from analysis.sem.objective import MomentTerm, Objective, Term
from analysis.sem.optimize import minimize
from analysis.sem.robust import Correction, meat, moment_correction
from analysis.sem.solution import Solution
from analysis.sem.stacked import blocks, exogenous, gammas, stacked_moments
from analysis.syntax import Parameter

Array = NDArray[np.float64]
Index = NDArray[np.intp]

Method = Literal[
    "default", "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"
]
Restriction = Literal["delta", "exact"]

MEAN_SCALED = ("satorra.bentler", "yuan.bentler.mplus")
NESTED = 1e-8  # more than this between two models' moments is no rounding
RANK = 1e-7


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """Test of a restriction: ``stat = unscaled / factor + shift`` on ``df`` degrees of freedom.

    ``unscaled`` is the difference of the standard chi-squares; ``df`` may be fractional where
    they are adjusted. ``rmsea`` is that of the restriction alone, NaN for scaled tests.
    ``findings`` say what to mind; ``stat`` and ``p`` are NaN where the method fails.
    """

    method: Method
    stat: float
    df: float
    p: float
    unscaled: float
    factor: float
    shift: float
    rmsea: float
    findings: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """One model of a comparison and its ``difference`` from the next less restricted one.

    ``chisq`` is the standard statistic; ``aic`` and ``bic`` are NaN without a likelihood.
    """

    name: str
    df: int
    chisq: float
    aic: float
    bic: float
    difference: DifferenceTest | None


def compare(
    *solutions: Solution, names: Sequence[str] = (), method: Method = "default"
) -> tuple[ComparedModel, ...]:
    """Nested models from the least to the most restricted, each tested against the one before.

    ``names`` are theirs in the order given, numbers by default. Raises as ``difference_test``.
    """
    called = names or [str(i + 1) for i in range(len(solutions))]
    given = zip(called, solutions, strict=True)
    ordered = sorted(given, key=lambda pair: pair[1].inference.test.df)
    tests: list[DifferenceTest | None] = [
        difference_test(restricted, general, method=method)
        for (_, general), (_, restricted) in pairwise(ordered)
    ]
    return tuple(
        ComparedModel(
            name,
            int(s.inference.test.df),
            s.inference.test.stat,
            s.measures["aic"].value if "aic" in s.measures else nan,
            s.measures["bic"].value if "bic" in s.measures else nan,
            test,
        )
        for (name, s), test in zip(ordered, [None, *tests], strict=True)
    )


def difference_test(
    restricted: Solution,
    general: Solution,
    *,
    method: Method = "default",
    restriction: Restriction = "delta",
    scaled_shifted: bool = True,
) -> DifferenceTest:
    """Test the restrictions that lead from the ``general`` to the ``restricted`` model.

    Parameters
    ----------
    restricted, general : solutions of nested models on the same data by the same estimator.
    method : by default lavaan's choice: the plain difference for standard tests,
        ``satorra.bentler.2001`` for mean-scaled ones (MLM, MLR, WLSM), ``satorra.2000`` for mean
        and variance adjusted ones (WLSMV, MLMV).
    restriction : how ``satorra.2000`` finds the restriction: from the moments' derivatives
        (``delta``), or from the parameter tables (``exact``), which needs a restricted model that
        frees nothing that the general one fixes.
    scaled_shifted : for ``satorra.2000``. Otherwise the statistic is scaled by its mean alone
        (mean-scaled estimators) or its df are adjusted.

    Raises
    ------
    ModelError
        Where the models cannot be compared so.

    Notes
    -----
    Models are nested if the general one, fitted to the moments that the restricted one implies,
    reproduces them (Bentler & Satorra 2010). There ``satorra.bentler.2010`` takes the general
    model's scaling. lavaan 0.6 takes it where all parameters of the same name agree, which is
    another point if the restricted model frees what the general one fixes.
    """
    _check_option("method", method, get_args(Method))
    _check_option("restriction", restriction, get_args(Restriction))
    _check_comparable(restricted, general)
    chosen = _method(general, method)
    nested_at = _general_at_restricted(restricted, general)
    T = restricted.inference.test.stat - general.inference.test.stat
    df = int(restricted.inference.test.df - general.inference.test.df)
    factor, shift, adjusted, size = 1.0, 0.0, float(df), nan
    if chosen == "standard":
        groups = general.inference.groups
        size = indices.rmsea(chi2=T, df=df, n=general.n, groups=groups)
    elif chosen == "satorra.2000":
        how = _satorra_2000(restricted, general, df, restriction, scaled_shifted)
        factor, shift, adjusted = how.factor, how.shift, how.df
    else:
        old = chosen == "satorra.bentler.2001"
        at = general.inference if old else inference_at(general, nested_at)
        factor = (_mean(restricted.inference) - _mean(at)) / df
    findings = _remarks(restricted, general, chosen, T, factor)
    exists = factor > 0.0
    test = ChiSquare.of(T / factor + shift if exists else nan, adjusted)
    return DifferenceTest(chosen, test.stat, test.df, test.p, T, factor, shift, size, findings)


def _mean(inference: Inference) -> float:
    """Mean of the unscaled statistic, c df; NaN where the scaling could not be computed."""
    if inference.test.df == 0:
        return 0.0
    how = inference.correction
    return nan if how is None else how.factor * inference.test.df


def _method(general: Solution, asked: Method) -> Method:
    test = general.preset.test
    good: tuple[Method, ...] = ("standard",)
    if test in MEAN_SCALED:
        good = ("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000", "standard")
    elif test != "standard":
        good = ("satorra.2000", "standard")
    if asked != "default" and asked not in good:
        fields = {"method": asked, "estimator": general.estimator, "good": ", ".join(good)}
        raise ModelError(message("compare.method", **fields))
    return good[0] if asked == "default" else asked


def _check_option(option: str, value: object, good: tuple[str, ...]) -> None:
    if value not in good:
        raise ModelError(
            message("sem.unknown_option", option=option, value=value, good=", ".join(good))
        )


def _check_comparable(restricted: Solution, general: Solution) -> None:
    """Same respondents and variables, same estimator, and fewer free parameters."""
    both = (restricted, general)
    for s in both:
        if not s.outcome.estimated:
            raise ModelError(message("compare.not_estimated", outcome=s.outcome.value))
    problems = []
    names, other = (set(s.names) for s in both)
    if names != other:
        problems.append(message("compare.variables", names=", ".join(sorted(names ^ other))))
    elif not _same_data(restricted, general):
        problems.append(message("compare.data", restricted=restricted.n, general=general.n))
    scales = {s.inference.n_scale for s in both}
    if restricted.preset != general.preset or len(scales) > 1:
        fields = {"restricted": restricted.estimator, "general": general.estimator}
        problems.append(message("compare.estimator", **fields))
    if restricted.fit.model.meanstructure != general.fit.model.meanstructure:
        problems.append(message("compare.means"))
    x, other = ({s.names[i] for i in exogenous(s.fit)} for s in both)
    if x != other:
        problems.append(message("compare.covariates", names=", ".join(sorted(x ^ other))))
    df, less = (int(s.inference.test.df) for s in both)
    if df <= less:
        problems.append(message("compare.order", restricted=df, general=less))
    if problems:
        raise ModelError(problems)


def _same_data(one: Solution, other: Solution) -> bool:
    a, b = one.fit.moments, other.fit.moments
    if [(g.label, g.n) for g in a.groups] != [(g.label, g.n) for g in b.groups]:
        return False
    order = [a.names.index(name) for name in b.names]
    return all(
        np.allclose(g.cov[np.ix_(order, order)], h.cov, rtol=1e-8)
        and (g.mean is None or h.mean is None or np.allclose(g.mean[order], h.mean, rtol=1e-8))
        for g, h in zip(a.groups, b.groups, strict=True)
    )


def _remarks(
    restricted: Solution, general: Solution, method: Method, T: float, factor: float
) -> tuple[Message, ...]:
    found = []
    if not (restricted.outcome.admissible and general.outcome.admissible):
        found.append(message("compare.improper"))
    if -1e-6 * (1.0 + restricted.inference.test.stat) > T:
        found.append(message("compare.negative_difference", value=f"{T:.4g}"))
    if method == "standard" and general.preset.loss in ("ULS", "DWLS"):
        found.append(message("compare.not_chi_square", estimator=general.estimator))
    if not factor > 0.0:
        other = "satorra.bentler.2010" if method == "satorra.bentler.2001" else "satorra.2000"
        value = f"{factor:.3g}"
        found.append(message("compare.factor", method=method, factor=value, other=other))
    return tuple(found)


# Both models in the same coordinates


def _key(row: Parameter) -> Hashable:
    sides = sorted((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)
    return (*sides, row.op, row.group)


def parameters_by_name(source: Solution, target: Solution) -> Array:
    """The target's parameters (q,) with the values of their namesakes, 0 without one."""
    values = {_key(r): r.ustart or 0.0 for r in source.partable.parameters}
    values.update((_key(r), source.fit.theta[r.free - 1]) for r in source.fit.model.free)
    return np.array([values.get(_key(r), 0.0) for r in target.fit.model.free], dtype=float)


def _statistics(group: GroupModel, *, means: bool) -> Iterator[Hashable]:
    """Names of a group's stacked moments."""
    names = group.observed
    row, col = half_index(group.p)
    if group.ordinal is not None:
        seen = dict.fromkeys(names, 0)
        for v in group.ordinal.variable:
            seen[names[v]] += 1
            yield names[v], seen[names[v]]
        ordered = {names[i] for i in group.ordinal.items}
        yield from ((name, name) for name in names if name not in ordered)
        col, row = np.triu_indices(group.p, 1)
    elif means:
        yield from names
    yield from (tuple(sorted((names[i], names[j]))) for i, j in zip(row, col, strict=True))


def _alignments(restricted: Solution, general: Solution) -> list[Index]:
    """Of every group, where the general model's stacked moments are among the restricted's."""
    means = general.fit.model.meanstructure
    found = []
    for a, b in zip(restricted.fit.model.groups, general.fit.model.groups, strict=True):
        at = {name: i for i, name in enumerate(_statistics(a, means=means))}
        found.append(np.array([at[name] for name in _statistics(b, means=means)], dtype=np.intp))
    return found


def _general_at_restricted(restricted: Solution, general: Solution) -> Array:
    """Parameters (q,) with which the general model implies what the restricted one does."""
    implied = [
        moments[ix]
        for (_, moments), ix in zip(
            stacked_moments(restricted.fit), _alignments(restricted, general), strict=True
        )
    ]
    terms = general.fit.objective.terms
    aimed = tuple(_aimed(term, moments) for term, moments in zip(terms, implied, strict=True))
    aim = Objective(aimed, general.fit.model.q)
    size = sum(_size(term, moments) for term, moments in zip(terms, implied, strict=True))
    least = np.inf
    for start in (parameters_by_name(restricted, general), general.fit.theta):
        if np.isfinite(aim.value(start)):
            end = minimize(aim, start, general.fit.constraints)
            least = min(least, end.value / size)
            if least < NESTED:
                return end.theta
    raise ModelError(message("compare.not_nested", distance=f"{least:.2g}"))


def _aimed(term: Term, moments: Array) -> Term:
    """A group's loss with stacked ``moments`` (r,) in place of the sample's."""
    if isinstance(term, CategoricalTerm):
        return replace(term, data=replace(term.data, stacked=moments))
    assert isinstance(term, MomentTerm)
    p = term.model.p
    mean, lower = (moments[:p], moments[p:]) if term.means else (None, moments)
    S = from_half_vector(lower, p)
    if isinstance(term.loss, LeastSquares):
        return replace(term, loss=replace(term.loss, S=S, mean=mean))
    return replace(term, loss=MaximumLikelihood(S, mean, float(np.linalg.slogdet(S)[1])))


def _size(term: Term, moments: Array) -> float:
    """What a misfit is measured against: 1, or the weighted square of all moments."""
    V = term.fixed_weight
    if V is None:
        return term.share
    return term.share * float(moments @ (V * moments if V.ndim == 1 else V @ moments))


def inference_at(solution: Solution, theta: Array) -> Inference:
    """What ``solution`` would infer if its estimates were ``theta`` (q,)."""
    fit, preset = solution.fit, solution.preset
    moved = replace(fit, theta=theta, value=fit.objective.value(theta))
    return infer(moved, information=preset.information, se=preset.se, test=preset.test)


# Satorra (2000)


def _satorra_2000(
    restricted: Solution, general: Solution, df: int, how: Restriction, scaled_shifted: bool
) -> Correction:
    """Correction of T by the distribution of the restriction a(theta) = 0 in the general model."""
    fit = general.fit
    if any(g.patterns is not None for g in fit.moments.groups):
        raise ModelError(message("compare.needs_complete"))
    K = fit.constraints.basis(fit.theta)
    if how == "delta":
        rows = _delta_restriction(restricted, general, K)
    else:
        rows = _exact_restriction(restricted, general) @ K
    _, size, right = np.linalg.svd(rows)
    rank = int((size > RANK * size.max(initial=RANK)).sum())
    if rank != df:
        raise ModelError(message("compare.restriction", method=how, found=rank, df=df))
    inverse = constrained_inverse(fit, general.inference.information)
    assert inverse is not None
    A = right[:rank] @ K.T
    AP = A @ inverse
    U = AP.T @ np.linalg.solve(AP @ A.T, AP) @ meat(blocks(fit), gammas(fit))
    name: TestName = "scaled.shifted"
    if not scaled_shifted:
        mean_scaled = general.preset.test in MEAN_SCALED
        name = "satorra.bentler" if mean_scaled else "mean.var.adjusted"
    return moment_correction(name, df, float(np.trace(U)), float(np.sum(U * U.T)))


def _delta_restriction(restricted: Solution, general: Solution, K: Array) -> Array:
    """Directions (m, c) of the general model's coordinates that the restricted one cannot take."""
    alignments = _alignments(restricted, general)
    wide = np.concatenate([b.Delta for b in blocks(general.fit)], axis=1).T @ K
    narrow = np.concatenate(
        [b.Delta[:, ix] for b, ix in zip(blocks(restricted.fit), alignments, strict=True)], axis=1
    ).T @ restricted.fit.constraints.basis(restricted.fit.theta)
    H = np.linalg.pinv(wide) @ narrow
    return null_space(H.T, len(H)).T


def _exact_restriction(restricted: Solution, general: Solution) -> Array:
    """Jacobian (r, q) of what the restricted model fixes or equates, at the general estimates."""
    q = general.fit.model.q
    place = {_key(r): r.free - 1 for r in general.fit.model.free}
    free = restricted.fit.model.free
    new = [f"{r.lhs} {r.op} {r.rhs}".strip() for r in free if _key(r) not in place]
    if new:
        raise ModelError(message("compare.exact", names=", ".join(new)))
    columns = [place[_key(r)] for r in free]
    _, J = restricted.fit.constraints.equality(general.fit.theta[columns])
    equated = np.zeros((len(J), q))
    equated[:, columns] = J
    fixed = [i for i in range(q) if i not in columns]
    return np.concatenate([equated, np.eye(q)[fixed]])
