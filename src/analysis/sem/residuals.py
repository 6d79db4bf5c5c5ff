"""What the model leaves unexplained: raw, correlation and standardized residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import from_half_vector
from analysis.sem.fit import Fit
from analysis.sem.inference import Inference
from analysis.sem.stacked import Block, Compared, blocks, compared, exogenous
from analysis.sem.weights import masked_weight, within

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Residuals:
    """Residual covariances of one group, all (p, p) and symmetric.

    ``raw`` in data units; ``cor`` divided by the sample standard deviations (Bentler 1995);
    ``z`` raw over its standard error, NaN where that is zero or not known (ordered items, missing
    data). ``mean`` (p,) and ``mean_z`` are
    the same for means, None without a mean structure.
    """

    names: tuple[str, ...]
    group: str
    raw: Array
    cor: Array
    z: Array
    mean: Array | None = None
    mean_z: Array | None = None


def residuals(fit: Fit, inference: Inference) -> tuple[Residuals, ...]:
    """Residuals of every group; normal-theory standard errors, whatever those of ``inference``."""
    found = []
    means = fit.model.meanstructure
    if any(g.ordinal is not None or g.patterns is not None for g in fit.moments.groups):
        return tuple(
            _without_errors(fit, g.label, one)
            for g, one in zip(fit.moments.groups, compared(fit), strict=True)
        )
    bread = _bread(fit)
    states = zip(fit.objective.implied(fit.theta), fit.moments.groups, blocks(fit), strict=True)
    for at, sample, block in states:
        p = len(sample.cov)
        raw = sample.cov - at.Sigma
        sd = np.sqrt(np.diag(sample.cov))
        unit = np.outer(sd, sd)
        se = _standard_errors(fit, block, sample.cov, bread) / np.sqrt(sample.n)
        z = _ratio(raw, from_half_vector(se[p:] if means else se, p), unit)
        mean = mean_z = None
        if means and sample.mean is not None:
            mean = sample.mean - at.mu
            mean_z = _ratio(mean, se[:p], sd)
        found.append(Residuals(fit.moments.names, sample.label, raw, raw / unit, z, mean, mean_z))
    return tuple(found)


def _without_errors(fit: Fit, label: str, one: Compared) -> Residuals:
    """Residuals of ordered items and under missing data: without standard errors."""
    raw = one.S - one.Sigma
    sd = np.sqrt(np.diag(one.S))
    mean = None if one.mean is None or one.mu is None else one.mean - one.mu
    blank = np.full(raw.shape, np.nan)
    return Residuals(fit.moments.names, label, raw, raw / np.outer(sd, sd), blank, mean)


def _ratio(raw: Array, se: Array, unit: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Array = np.where(se <= 1e-7 * unit, np.nan, raw / se)
    return ratio


def _bread(fit: Fit) -> Array:
    """Inverse unit information (q, q) on the directions that the constraints leave."""
    Z = fit.constraints.basis(fit.theta)
    inner = Z.T @ (0.5 * fit.objective.expected_hessian(fit.theta)) @ Z
    bread: Array = Z @ np.linalg.pinv(inner, hermitian=True) @ Z.T
    return bread


def _standard_errors(fit: Fit, block: Block, S: Array, bread: Array) -> Array:
    """Square roots of diag(Q Gamma Q'), (r,), with Q = I - Delta' bread Delta V (Browne 1984).

    Gamma is that of normal data with covariances ``S``; moments of fixed covariates do not vary.
    """
    means = fit.model.meanstructure
    x = exogenous(fit)
    free = ~within(x, len(S), means=means)
    Gamma = np.linalg.inv(masked_weight(S, x, means=means)[np.ix_(free, free)])
    D = block.Delta[:, free]
    V = block.weight_matrix()[np.ix_(free, free)]
    Q = np.eye(D.shape[1]) - block.share * D.T @ bread @ D @ V
    variance = np.zeros(len(free))
    variance[free] = np.einsum("ij,ij->i", Q @ Gamma, Q)
    return np.sqrt(np.maximum(variance, 0.0))
