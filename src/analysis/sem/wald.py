"""Wald tests of constraints on parameters, linear or not, without refitting the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.constraints import Bindings, complex_step, stacked
from analysis.sem.estimators import SE
from analysis.sem.inference import ChiSquare
from analysis.sem.solution import Solution
from analysis.syntax import Expression, parse_expression

Array = NDArray[np.float64]

REDUNDANT = 1e-10


@dataclass(frozen=True, slots=True)
class WaldConstraint:
    """One constraint: its ``text``, the estimate of left minus right, and its standard error."""

    text: str
    value: float
    se: float


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Joint test of constraints, chi-square with as many ``df``.

    ``standard_errors`` says which covariance of the estimates it rests on.
    """

    stat: float
    df: int
    p: float
    constraints: tuple[WaldConstraint, ...]
    standard_errors: SE


def wald_test(solution: Solution, constraints: str) -> WaldTest:
    """lavaan's ``lavTestWald()``: r' (J V J')^-1 r with r the constraints at the estimates.

    Parameters
    ----------
    solution : a fitted model with a covariance matrix of the estimates.
    constraints : such as ``"b1 == b2; b3 == 0"``, one a line or separated by ``;``, over labels,
        ``.p1.`` names and defined parameters; ``#`` starts a comment. Nonlinear ones are tested
        by the delta method, so that equivalent forms give different results.

    Raises
    ------
    ModelSyntaxError
        For arithmetic that cannot be read.
    ModelError
        For unknown labels and constraints that cannot be tested together.
    """
    fit, vcov = solution.fit, solution.inference.vcov
    if not solution.outcome.estimated:
        raise ModelError(message("compare.not_estimated", outcome=solution.outcome.value))
    if vcov is None:
        raise ModelError(message("compare.no_covariance"))
    bindings = fit.constraints.bindings
    texts, expressions = _parsed(constraints, bindings)

    def values(theta: NDArray[np.generic]) -> NDArray[np.generic]:
        at = bindings.at(theta)
        return stacked([e.evaluate(at) for e in expressions], theta)

    r = np.real(values(fit.theta)).astype(float)
    J = complex_step(values, fit.theta)
    V = J @ vcov @ J.T
    _check_rank(V, J**2 @ np.diag(vcov), texts)
    test = ChiSquare.of(float(r @ np.linalg.solve(V, r)), len(r))
    rows = zip(texts, r, np.diag(V), strict=True)
    found = tuple(WaldConstraint(text, float(value), sqrt(v)) for text, value, v in rows)
    return WaldTest(test.stat, len(r), test.p, found, solution.preset.se)


def _parsed(constraints: str, bindings: Bindings) -> tuple[list[str], list[Expression]]:
    statements = re.split("[;\n]", re.sub("[#!][^\n]*", "", constraints))
    texts = [" ".join(text.split()) for text in statements if text.strip()] or [""]
    known = {*bindings.free, *bindings.fixed, *(name for name, _ in bindings.defined)}
    labels = ", ".join(sorted(name for name in known if not name.startswith(".p")))
    problems, expressions = [], []
    for text in texts:
        sides = text.split("==")
        if len(sides) != 2 or not all(side.strip() for side in sides):
            problems.append(message("compare.constraint_form", text=text))
            continue
        left, right = (parse_expression(side, source=text) for side in sides)
        expressions.append(left.minus(right))
        unknown = ", ".join(sorted(expressions[-1].names - known))
        if unknown:
            fields = {"text": text, "names": unknown, "known": labels or "-"}
            problems.append(message("compare.unknown_label", **fields))
    if problems:
        raise ModelError(problems)
    return texts, expressions


def _check_rank(V: Array, apart: Array, texts: list[str]) -> None:
    """``apart`` (r,) are the variances that constraints would have were estimates independent."""
    if (np.diag(V) <= REDUNDANT * apart).any():
        raise ModelError(message("compare.redundant", texts="; ".join(texts)))
    sd = np.sqrt(np.maximum(np.diag(V), 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        R = V / np.outer(sd, sd)
    if not np.isfinite(R).all() or np.linalg.eigvalsh(R)[0] < REDUNDANT:
        raise ModelError(message("compare.redundant", texts="; ".join(texts)))
