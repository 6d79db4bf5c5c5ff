"""Sandwich covariances and corrected chi-squares.

Satorra & Bentler (1994), Asparouhov & Muthen (2010), Yuan & Bentler (2000; Mplus variant).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.estimators import TestName
from analysis.sem.fit import Fit
from analysis.sem.missing import FullInformation, moments_only
from analysis.sem.moments import GroupMoments
from analysis.sem.stacked import Block, exogenous
from analysis.sem.weights import gamma, masked_weight, within

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Correction:
    """How a robust test statistic follows from the standard one T: ``T / factor + shift``.

    ``df`` may be fractional (mean and variance adjusted); ``trace`` is tr(U Gamma).
    """

    name: TestName
    factor: float
    shift: float
    df: float
    trace: float


def meat(stack: Sequence[Block], covariances: Sequence[Array]) -> Array:
    """sum_g share Delta V C V Delta' (q, q)."""
    q = len(stack[0].Delta)
    total = np.zeros((q, q))
    for block, C in zip(stack, covariances, strict=True):
        G = block.weighted(block.Delta.T)
        total += block.share * G.T @ C @ G
    return total


def ugamma_traces(
    stack: Sequence[Block], gammas: Sequence[Array], bread: Array
) -> tuple[float, float]:
    """tr(U Gamma) and tr((U Gamma)^2), U = V - V Delta' bread Delta V over all groups.

    ``bread`` (q, q) is the inverse of sum_g share Delta V Delta' within the constraints.
    """
    first = second = 0.0
    q = len(bread)
    inner = np.zeros((q, q))
    crossed = np.zeros((q, q))
    for block, C in zip(stack, gammas, strict=True):
        G = block.weighted(block.Delta.T)
        VC = block.weighted(C)
        CG = C @ G
        first += float(np.trace(VC))
        second += float(np.sum(VC * VC.T))
        inner += block.share * G.T @ CG
        crossed += block.share * CG.T @ block.weighted(CG)
    product = bread @ inner
    first -= float(np.trace(product))
    second += float(np.sum(product * product.T)) - 2.0 * float(np.sum(bread * crossed))
    return first, second


def moment_correction(name: TestName, df: int, first: float, second: float) -> Correction:
    """Scaling from the traces: mean, mean and variance, or scaled and shifted."""
    if name == "satorra.bentler":
        return Correction(name, first / df, 0.0, df, first)
    if name == "mean.var.adjusted":
        return Correction(name, second / first, 0.0, first**2 / second, first)
    factor = float(np.sqrt(second / df))
    return Correction(name, factor, df - first / factor, df, first)


def yuan_bentler_mplus(fit: Fit, df: float, bread: Array, scores: Array) -> Correction:
    """c = [tr(A1^-1 B1) - tr(A0^-1 B0)] / df with A1 and B1 of the saturated model.

    ``scores`` (q, q) is B0, the covariance of the respondents' scores.
    """
    means = fit.model.meanstructure
    x = exogenous(fit)
    saturated = 0.0
    for sample in fit.moments.groups:
        keep = ~within(x, len(sample.cov), means=means)
        if sample.patterns is None:
            A = masked_weight(sample.cov, x, means=means)[np.ix_(keep, keep)]
            C = gamma(sample, means=means, x=x)[np.ix_(keep, keep)]
            saturated += float(np.sum(A * C))
        else:
            A, B = saturated_information(sample), saturated_meat(sample)
            solved = np.linalg.solve(A[np.ix_(keep, keep)], B[np.ix_(keep, keep)])
            saturated += float(np.trace(solved))
    trace = saturated - float(np.sum(bread * scores))
    return Correction("yuan.bentler.mplus", trace / df, 0.0, df, trace)


def saturated_information(sample: GroupMoments) -> Array:
    """Observed information (r, r) of the saturated model under missing data."""
    assert sample.patterns is not None and sample.mean is not None
    cache = sample.patterns.cache
    if "observed" not in cache:
        at = moments_only(sample.mean, sample.cov)
        cache["observed"] = FullInformation(sample.patterns, 0.0).saturated_information(at)
    return cache["observed"]


def saturated_meat(sample: GroupMoments) -> Array:
    """First-order information (r, r) of the same, from the respondents' scores."""
    assert sample.patterns is not None and sample.mean is not None and sample.answers is not None
    cache = sample.patterns.cache
    if "first_order" not in cache:
        scores = FullInformation(sample.patterns, 0.0).scores(moments_only(sample.mean, sample.cov))
        cache["first_order"] = sample.answers.covariance(scores)
    return cache["first_order"]
