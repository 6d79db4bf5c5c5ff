"""Reliability and validity of the measurement model, from a fitted solution.

Every number names its formula: the same factor has several correct reliabilities.
"""

from analysis.methods.measurement.analysis import discriminant_validity, loadings, reliability
from analysis.methods.measurement.checks import Checks, checks
from analysis.methods.measurement.coefficients import COEFFICIENTS, Coefficient, coefficients
from analysis.methods.measurement.distinct import (
    CHI2,
    CICFA,
    MERGED,
    Pair,
    factor_pairs,
    indistinct,
)
from analysis.methods.measurement.formulas import (
    ALPHA,
    AVE,
    CR,
    HTMT,
    HTMT2,
    MAXIMAL,
    OMEGA,
    OMEGA_OBSERVED,
    OMEGA_TOTAL,
    ORDINAL_ALPHA,
    ORDINAL_OMEGA,
    ORDINAL_OMEGA_OBSERVED,
    ORDINAL_OMEGA_TOTAL,
    RHO_A,
    average_variance_extracted,
    composite_reliability,
    cronbach_alpha,
    dijkstra_henseler,
    htmt,
    maximal_reliability,
    pls_weights,
    sum_score_covariance,
)
from analysis.methods.measurement.records import DiscriminantValidity, Loading, Reliability
from analysis.methods.measurement.resampled import Resampled, resampled

__all__ = [
    "ALPHA",
    "AVE",
    "CHI2",
    "CICFA",
    "COEFFICIENTS",
    "CR",
    "HTMT",
    "HTMT2",
    "MAXIMAL",
    "MERGED",
    "OMEGA",
    "OMEGA_OBSERVED",
    "OMEGA_TOTAL",
    "ORDINAL_ALPHA",
    "ORDINAL_OMEGA",
    "ORDINAL_OMEGA_OBSERVED",
    "ORDINAL_OMEGA_TOTAL",
    "RHO_A",
    "Checks",
    "Coefficient",
    "DiscriminantValidity",
    "Loading",
    "Pair",
    "Reliability",
    "Resampled",
    "average_variance_extracted",
    "checks",
    "coefficients",
    "composite_reliability",
    "cronbach_alpha",
    "dijkstra_henseler",
    "discriminant_validity",
    "factor_pairs",
    "htmt",
    "indistinct",
    "loadings",
    "maximal_reliability",
    "pls_weights",
    "reliability",
    "resampled",
    "sum_score_covariance",
]
