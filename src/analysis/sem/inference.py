"""Covariance of the estimates and the test of the model: what follows estimation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from analysis.sem.algebra import inverse_and_logdet
from analysis.sem.estimators import SE, Information, TestName
from analysis.sem.fit import Fit, modelled_moments
from analysis.sem.outcome import Outcome
from analysis.sem.robust import (
    Correction,
    meat,
    moment_correction,
    ugamma_traces,
    yuan_bentler_mplus,
)
from analysis.sem.stacked import Block, blocks, gammas, score_meat

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChiSquare:
    """A chi-square test: ``stat``, ``df`` (fractional where adjusted) and upper-tail ``p``."""

    stat: float
    df: float
    p: float

    @classmethod
    def of(cls, stat: float, df: float) -> ChiSquare:
        """The test with its tail probability, NaN without degrees of freedom."""
        return cls(stat, df, float(chdtrc(df, stat)) if df > 0 else nan)


@dataclass(frozen=True)
class Inference:
    """What the data say about the estimates of a fit.

    ``vcov`` (q, q) is the covariance of theta (raw scale), None where the information is
    singular; ``information`` (q, q) is that of one respondent; ``test`` is the model's
    chi-square and ``robust`` the corrected one with its ``correction``, where asked for.
    ``n_scale`` is the sample size of standard errors and RMSEA: n - 1 a group with the Wishart
    likelihood and with least squares.
    """

    information: Array
    vcov: Array | None
    test: ChiSquare
    n_scale: float
    groups: int = 1
    robust: ChiSquare | None = None
    correction: Correction | None = None

    @property
    def se(self) -> Array | None:
        """Standard errors (q,); NaN where a variance is negative."""
        if self.vcov is None:
            return None
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.diag(self.vcov))


def infer(
    fit: Fit,
    *,
    information: Information = "expected",
    se: SE = "standard",
    test: TestName = "standard",
    wishart: bool = False,
) -> Inference:
    """Standard errors and chi-squares of a fit, by the pieces of an estimator's preset.

    ``wishart`` counts n - 1 respondents a group (lavaan's ``likelihood = "wishart"``).
    Robust standard errors and tests need the answers themselves (``ModelError`` without).
    """
    n, groups = float(fit.moments.n), len(fit.moments.groups)
    n_scale = n - groups if wishart or fit.loss != "ML" else n
    df = degrees_of_freedom(fit)
    standard = ChiSquare.of(max((n_scale if wishart else n) * fit.value, 0.0), df)
    robust = se != "standard" or test != "standard" or information == "first.order"
    if not np.isfinite(fit.value):
        return Inference(np.zeros((fit.model.q,) * 2), None, standard, n_scale, groups)
    stack = blocks(fit) if robust else ()
    unit = _information(fit, information)
    bread = None if fit.outcome is Outcome.NOT_IDENTIFIED else _bread(fit, unit, information)
    if bread is None:
        return Inference(unit, None, standard, n_scale, groups)
    middle = _meat(fit, se, stack)
    vcov = (bread if middle is None else bread @ middle @ bread) / n_scale
    if test == "standard" or df == 0:
        return Inference(unit, vcov, standard, n_scale, groups)
    if test == "yuan.bentler.mplus":
        meat_of_scores = middle if se == "robust.huber.white" else score_meat(fit)
        assert meat_of_scores is not None
        correction = yuan_bentler_mplus(fit, df, bread, meat_of_scores)
    else:
        expected = _information(fit, "expected")
        inverse = bread if information == "expected" else constrained_inverse(fit, expected)
        assert inverse is not None
        correction = moment_correction(test, df, *ugamma_traces(stack, gammas(fit), inverse))
    corrected = ChiSquare.of(standard.stat / correction.factor + correction.shift, correction.df)
    return Inference(unit, vcov, standard, n_scale, groups, corrected, correction)


def _bread(fit: Fit, unit: Array, kind: Information) -> Array | None:
    """Inverse of the information; that of the expected one is known from the fit."""
    if kind == "expected" and not fit.constraints.any:
        inverse = fit.objective.expected_inverse(fit.theta)
        return None if inverse is None else 2.0 * inverse
    return constrained_inverse(fit, unit)


def _information(fit: Fit, kind: Information) -> Array:
    if kind == "expected":
        return 0.5 * fit.objective.expected_hessian(fit.theta)
    if kind == "observed":
        return 0.5 * fit.objective.hessian(fit.theta)
    return score_meat(fit)


def _meat(fit: Fit, se: SE, stack: Sequence[Block]) -> Array | None:
    if se == "standard":
        return None
    return score_meat(fit) if se == "robust.huber.white" else meat(stack, gammas(fit))


def degrees_of_freedom(fit: Fit) -> int:
    """Sample moments that are modelled less parameters that are free to move."""
    moments = sum(modelled_moments(fit.model, fit.moments))
    return moments - fit.model.taken - free_directions(fit)


def free_directions(fit: Fit) -> int:
    """Number of parameters less the rank of the equality constraints (lavaan's ``npar``)."""
    _, J = fit.constraints.equality(fit.theta)
    return fit.model.q - (int(np.linalg.matrix_rank(J)) if len(J) else 0)


def constrained_inverse(fit: Fit, unit: Array) -> Array | None:
    """Inverse (q, q) of an information matrix within the constraints; None where singular."""
    Z = fit.constraints.basis(fit.theta) if fit.constraints.any else None
    inner = unit if Z is None else Z.T @ unit @ Z
    scale = 1.0 / np.sqrt(np.abs(np.diag(inner)) + 1e-300)
    solved = inverse_and_logdet(inner * (scale[:, None] * scale))
    if solved is None:
        return None
    inverse: Array = solved[0] * (scale[:, None] * scale)
    return inverse if Z is None else Z @ inverse @ Z.T
