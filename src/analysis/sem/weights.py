"""Weights and asymptotic covariances of stacked sample moments.

The order is means (where modelled), then the covariances' lower triangle by columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.algebra import half_index, half_vector, inverse
from analysis.sem.moments import GroupMoments

Array = NDArray[np.float64]


def normal_weight(Sigma: Array, *, means: bool) -> Array:
    """Normal-theory weight at ``Sigma``: inverse of n times the covariance of (mean, vech S)."""
    p = len(Sigma)
    W = inverse(Sigma)
    row, col = half_index(p)
    pairs = W[np.ix_(row, row)] * W[np.ix_(col, col)]
    pairs = pairs + W[np.ix_(row, col)] * W[np.ix_(col, row)]
    double = np.where(row == col, 0.5, 1.0)
    V: Array = pairs * np.outer(double, double)
    if not means:
        return V
    full = np.zeros((len(V) + p, len(V) + p))
    full[:p, :p] = W
    full[p:, p:] = V
    return full


def masked_weight(Sigma: Array, x: Sequence[int], *, means: bool) -> Array:
    """Normal-theory weight at ``Sigma``, zero for moments of fixed covariates alone."""
    V = normal_weight(Sigma, means=means)
    if len(x):
        given = within(x, len(Sigma), means=means)
        V[given] = 0.0
        V[:, given] = 0.0
    return V


def within(x: Sequence[int], p: int, *, means: bool) -> NDArray[np.bool_]:
    """Which stacked moments (r,) concern the variables ``x`` alone."""
    row, col = half_index(p)
    both = np.isin(row, x) & np.isin(col, x)
    return np.concatenate([np.isin(np.arange(p), x), both]) if means else both


def contributions(
    sample: GroupMoments, *, means: bool, mu: Array | None = None, Sigma: Array | None = None
) -> Array:
    """What each respondent adds to the stacked moments, less their expectation: (n, r).

    Around the sample's own moments, or around ``mu`` and ``Sigma`` where given.
    """
    if sample.rows is None or sample.mean is None:
        raise ModelError(message("sem.rows_needed"))
    centre = sample.mean if mu is None else mu
    z = sample.rows - centre
    row, col = half_index(z.shape[1])
    products = z[:, row] * z[:, col]
    if Sigma is None:
        weights = None if sample.answers is None else sample.answers.weights
        products -= np.average(products, axis=0, weights=weights)
    else:
        products -= half_vector(Sigma)
    return np.concatenate([z, products], axis=1) if means else products


def gamma(sample: GroupMoments, *, means: bool, x: Sequence[int] = ()) -> Array:
    """Asymptotic covariance (r, r) of the stacked sample moments (Browne 1984), divisor n.

    Covariates ``x`` are taken as given: what they explain does not vary between samples.
    """
    if sample.answers is None:
        raise ModelError(message("sem.rows_needed"))
    D = contributions(sample, means=means)
    if len(x):
        answers = replace(sample.answers, rows=_explained(sample, x))
        D -= contributions(replace(sample, answers=answers), means=means)
    return sample.answers.covariance(D)


def _explained(sample: GroupMoments, x: Sequence[int]) -> Array:
    """Answers (n, p) as the covariates ``x`` predict them, by linear regression."""
    assert sample.rows is not None and sample.mean is not None
    centred = sample.rows[:, x] - sample.mean[x]
    slopes = np.linalg.solve(sample.cov[np.ix_(x, x)], sample.cov[x])
    fitted: Array = sample.mean + centred @ slopes
    return fitted
