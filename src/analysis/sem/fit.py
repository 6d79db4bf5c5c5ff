"""Estimation: from a model and moments to the minimum of the loss, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize as bfgs

from analysis.errors import Message, ModelError, message
from analysis.sem.admissible import admissibility, at_bounds, missing_rank
from analysis.sem.algebra import inverse
from analysis.sem.cached import SIZE
from analysis.sem.categorical import CategoricalTerm
from analysis.sem.constraints import Constraints
from analysis.sem.estimators import LossName
from analysis.sem.losses import LeastSquares, Loss, MaximumLikelihood
from analysis.sem.missing import full_information
from analysis.sem.model import Model
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.objective import MomentTerm, Objective, Term
from analysis.sem.optimize import Optimum, minimize
from analysis.sem.outcome import Outcome
from analysis.sem.starts import start_points
from analysis.sem.weights import gamma, masked_weight, within

Array = NDArray[np.float64]
_BFGS = {"maxiter": 500, "gtol": 1e-4}
Bounds = Literal["none", "pos.var"]


@dataclass(frozen=True)
class Fit:
    """A minimum of the loss, with everything that inference needs.

    ``theta`` (q,) in the order of ``model.free``; ``value`` is F (twice lavaan's ``fmin``).
    """

    model: Model
    moments: Moments
    loss: LossName
    objective: Objective
    constraints: Constraints
    theta: Array
    value: float
    optimum: Optimum
    outcome: Outcome
    findings: tuple[Message, ...]


def fit(model: Model, moments: Moments, *, loss: LossName = "ML", bounds: Bounds = "none") -> Fit:
    """Estimate ``model`` on ``moments`` (already with the divisor that the likelihood wants)."""
    constraints = Constraints.of(model, _bounds(model) if bounds == "pos.var" else ())
    objective = make_objective(model, moments, loss)
    starts = [*start_points(model, moments)]
    if any(g.patterns is not None for g in moments.groups):
        starts.insert(0, _two_stage_start(model, moments, constraints, starts))
    singular = _singular(moments) if loss != "ULS" else ()
    if singular:
        start = starts[-1]
        blank = Optimum(start, float("nan"), float("inf"), 0, False)
        return Fit(
            model, moments, loss, objective, constraints, start, float("nan"), blank,
            Outcome.SINGULAR_INPUT, singular,
        )  # fmt: skip
    optimum = _search(objective, starts, constraints)
    outcome, findings = _judge(model, moments, objective, constraints, optimum)
    findings += at_bounds(model, constraints, optimum.theta)
    return Fit(
        model, moments, loss, objective, constraints, optimum.theta, optimum.value, optimum,
        outcome, findings,
    )  # fmt: skip


def make_objective(model: Model, moments: Moments, loss: LossName) -> Objective:
    """The weighted sum of one loss per group."""
    less = 0 if loss == "ML" else 1
    terms: list[Term] = []
    for group, sample in zip(model.groups, moments.groups, strict=True):
        share, weight = sample.size / moments.n, (sample.size - less) / moments.n
        if sample.ordinal is not None and loss in ("ULS", "DWLS", "WLS"):
            V = sample.ordinal.weight(loss)
            terms.append(CategoricalTerm(group, sample.ordinal, V, share, weight))
        else:
            part = make_loss(loss, sample, model.meanstructure, given(model))
            terms.append(MomentTerm(group, part, share, weight, model.meanstructure))
    return Objective(tuple(terms), model.q)


def given(model: Model) -> list[int]:
    """Positions of the covariates whose moments are fixed at their sample values."""
    return list(_given(model))


@lru_cache(maxsize=SIZE)
def _given(model: Model) -> tuple[int, ...]:
    fixed = {r.lhs for r in model.partable.rows if r.exo and r.free == 0 and r.op == "~~"}
    return tuple(i for i, name in enumerate(model.partable.observed) if name in fixed)


def make_loss(name: LossName, sample: GroupMoments, means: bool, x: Sequence[int]) -> Loss:
    """One group's loss by name, given the covariates ``x``."""
    mean = sample.mean if means else None
    if name == "ML" and sample.patterns is not None and mean is not None:
        return full_information(sample.patterns, (mean, sample.cov))
    if name == "ML":
        return MaximumLikelihood(sample.cov, mean, sample.logdet)
    p = len(sample.cov)
    if name == "ULS":
        size = p * (p + 1) // 2 + (0 if mean is None else p)
        return LeastSquares(sample.cov, mean, np.ones(size))
    if name == "GLS":
        V = masked_weight(sample.cov, x, means=means)
        return LeastSquares(sample.cov, mean, V)
    Gamma = gamma(sample, means=means, x=x)
    free = ~within(x, p, means=means)
    if name == "DWLS":
        diagonal = np.zeros(len(Gamma))
        diagonal[free] = 1.0 / np.diag(Gamma)[free]
        return LeastSquares(sample.cov, mean, diagonal)
    if sample.n <= len(Gamma):
        raise ModelError(
            message("sem.wls_sample", n=sample.n, moments=len(Gamma), group=sample.label)
        )
    V = np.zeros(Gamma.shape)
    V[np.ix_(free, free)] = inverse(Gamma[np.ix_(free, free)])
    return LeastSquares(sample.cov, mean, V)


def _bounds(model: Model) -> tuple[tuple[int, float], ...]:
    return tuple((r.free - 1, 0.0) for r in model.free if r.op == "~~" and r.lhs == r.rhs)


def _singular(moments: Moments) -> tuple[Message, ...]:
    found: list[Message] = []
    for g in moments.groups:
        if g.least_eigenvalue > 1e-9:
            continue
        sd = np.sqrt(np.diag(g.cov))
        constant = [n for n, s in zip(moments.names, sd, strict=True) if not s > 0]
        if constant:
            found.append(message("sem.constant_variable", name=", ".join(constant), group=g.label))
            continue
        values, vectors = np.linalg.eigh(g.cov / np.outer(sd, sd))
        if values[0] < 1e-10:
            heavy = np.abs(vectors[:, 0]) > 0.2
            names = ", ".join(n for n, h in zip(moments.names, heavy, strict=True) if h)
            found.append(
                message(
                    "sem.singular_input",
                    names=names,
                    n=g.n,
                    p=len(sd),
                    smallest=f"{values[0]:.2g}",
                    group=g.label,
                )
            )
    return tuple(found)


def _search(objective: Objective, starts: Sequence[Array], constraints: Constraints) -> Optimum:
    """Scoring from each start; from the last also after quasi-Newton steps, and from flatter ones.

    The first minimum is it; without one, the lowest point that was reached.
    """
    best: Optimum | None = None
    for point in _points(objective, starts, constraints):
        if not np.isfinite(objective.value(point)):
            continue
        found = minimize(objective, point, constraints)
        if found.converged:
            return found
        if best is None or found.value < best.value:
            best = found
    return best or Optimum(starts[-1], float("inf"), float("inf"), 0, False)


def _points(
    objective: Objective, starts: Sequence[Array], constraints: Constraints
) -> Iterator[Array]:
    yield from starts
    last = starts[-1]
    if not constraints.any and np.isfinite(objective.value(last)):
        yield _quasi_newton(objective, last)
    off = _off_diagonal(objective)
    for flatter in (0.5, 0.2):
        point = last.copy()
        point[off] *= flatter
        yield point


def _quasi_newton(objective: Objective, point: Array) -> Array:
    """Where BFGS ends: its short first steps find minima that scoring jumps over."""
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(objective.expected_hessian(point))), 1e-12))

    def value(x: Array) -> float:
        return objective.value(point + x * scale)

    def slope(x: Array) -> Array:
        return objective.gradient(point + x * scale) * scale

    with np.errstate(all="ignore"):
        try:
            end = bfgs(value, np.zeros_like(point), jac=slope, method="BFGS", options=_BFGS).x
        except np.linalg.LinAlgError:
            return point
    found: Array = point + end * scale
    return found


def _two_stage_start(
    model: Model, moments: Moments, constraints: Constraints, starts: Sequence[Array]
) -> Array:
    """The solution for the saturated moments taken as complete: near the one sought, and cheap."""
    complete = replace(moments, groups=tuple(replace(g, patterns=None) for g in moments.groups))
    objective = make_objective(model, complete, "ML")
    found: Array = starts[0]
    for start in starts:
        if np.isfinite(objective.value(start)):
            optimum = minimize(objective, start, constraints)
            if optimum.converged:
                return optimum.theta
    return found


def _off_diagonal(objective: Objective) -> NDArray[np.intp]:
    """Parameters other than variances and means."""
    found: list[NDArray[np.intp]] = []
    for term in objective.terms:
        off = term.model.S.row != term.model.S.col
        found += [term.model.A.par, term.model.S.par[off]]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.intp)


def modelled_moments(model: Model, moments: Moments) -> tuple[int, ...]:
    """Number of stacked moments of every group."""
    found = []
    for group, sample in zip(model.groups, moments.groups, strict=True):
        if sample.ordinal is not None:
            found.append(len(sample.ordinal.stacked))
        else:
            p = group.p
            found.append(p * (p + 1) // 2 + (p if model.meanstructure else 0))
    return tuple(found)


def _judge(
    model: Model,
    moments: Moments,
    objective: Objective,
    constraints: Constraints,
    optimum: Optimum,
) -> tuple[Outcome, tuple[Message, ...]]:
    unidentified = missing_rank(
        model, objective, constraints, optimum.theta, sum(modelled_moments(model, moments))
    )
    if unidentified:
        return Outcome.NOT_IDENTIFIED, unidentified
    if not optimum.converged:
        decrement = f"{optimum.decrement:.2g}"
        return Outcome.NOT_CONVERGED, (
            message("sem.not_converged", iterations=optimum.iterations, decrement=decrement),
        )
    improper = admissibility(model, objective, optimum.theta)
    return (Outcome.IMPROPER, improper) if improper else (Outcome.CONVERGED, ())
