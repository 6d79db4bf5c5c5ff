"""Logistic regression of leaving: odds ratios with standard errors robust to repeated persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.errors import ModelError, message
from analysis.methods.retention.guards import Cases

Array = NDArray[np.float64]
Covariance = Literal["HC1", "cluster"]
Z = 1.959963984540054


@dataclass(frozen=True)
class Coefficient:
    """A column's effect on the log odds (or log hazard): per standard deviation, ``unit``, of a
    number; from 0 to 1 of a binary one. ``ratio`` is its exponential with 95% limits.
    """

    column: str
    source: str
    block: str
    unit: float
    estimate: float
    se: float
    ratio: float
    low: float
    high: float
    pvalue: float


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression of ``n`` cases, ``events`` of which left.

    ``pseudo_r2`` is McFadden's; ``covariance`` says whether errors are robust to
    heteroskedasticity (HC1) or also to several rows of a person (cluster).
    """

    coefficients: tuple[Coefficient, ...]
    intercept: float
    n: int
    events: int
    persons: int
    log_likelihood: float
    pseudo_r2: float
    covariance: Covariance
    center: Array
    unit: Array

    def chances(self, X: Array) -> Array:
        """Fitted chances (n,) of rows ``X`` (n, p)."""
        beta = np.array([c.estimate for c in self.coefficients])
        found: Array = 1.0 / (
            1.0 + np.exp(-(self.intercept + (X - self.center) / self.unit @ beta))
        )
        return found


def units(data: Cases) -> tuple[Array, Array]:
    """Centers and units (p,): mean and standard deviation of numbers, 0 and 1 of binary columns."""
    center = np.where(data.binary, 0.0, data.X.mean(axis=0))
    return center, np.where(data.binary, 1.0, data.X.std(axis=0, ddof=1))


def coefficients(data: Cases, unit: Array, estimates: Array, se: Array) -> tuple[Coefficient, ...]:
    """Effects of the columns per ``unit`` (p,) with 95% limits and p values from the normal."""
    pvalues = 2.0 * stats.norm.sf(np.abs(estimates / se))
    low, high = np.exp(estimates - Z * se), np.exp(estimates + Z * se)
    return tuple(
        Coefficient(
            column, data.sources[j], data.blocks[j], float(unit[j]), float(estimates[j]),
            float(se[j]), float(np.exp(estimates[j])), float(low[j]), float(high[j]),
            float(pvalues[j]),
        )
        for j, column in enumerate(data.columns)
    )  # fmt: skip


def logistic(data: Cases) -> Logistic:
    """Fit by maximum likelihood.

    Raises
    ------
    ModelError
        Where a column tells leavers and stayers apart without error, or columns repeat each other.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    center, unit = units(data)
    Z = np.column_stack([np.ones(len(data.y)), (data.X - center) / unit])
    if np.linalg.matrix_rank(Z) < Z.shape[1]:
        raise ModelError(message("retention.collinear", columns=", ".join(data.columns)))
    persons = int(data.person.max()) + 1
    repeated = persons < len(data.y)
    kind: Covariance = "cluster" if repeated else "HC1"
    options = {"cov_kwds": {"groups": data.person}} if repeated else {}
    with catch_warnings():
        simplefilter("error", PerfectSeparationWarning)
        try:
            fit = sm.Logit(data.y, Z).fit(disp=0, maxiter=100, cov_type=kind, **options)
        except (PerfectSeparationError, PerfectSeparationWarning, np.linalg.LinAlgError) as error:
            raise ModelError(message("retention.separated")) from error
    if not fit.mle_retvals["converged"]:
        raise ModelError(message("retention.separated"))
    found = coefficients(data, unit, fit.params[1:], fit.bse[1:])
    return Logistic(
        coefficients=found, intercept=float(fit.params[0]), n=len(data.y),
        events=int(data.y.sum()), persons=persons, log_likelihood=float(fit.llf),
        pseudo_r2=float(fit.prsquared), covariance=kind, center=center, unit=unit,
    )  # fmt: skip
