"""Coefficients of reliability and validity as formulas, for stacks of matrices at once.

Every function works on the last axes: ``(..., k)`` loadings, ``(..., k, k)`` covariances. Each
number names its formula, because the same factor has several correct reliabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal_normal import bivariate_cdf

Array = NDArray[np.float64]

ALPHA = "alpha [Cronbach 1951, sample covariances]"
ORDINAL_ALPHA = "alpha [Cronbach 1951, polychoric correlations]"
OMEGA = "omega [model-implied covariances]"
OMEGA_TOTAL = "omega total [all factors, model-implied covariances]"
OMEGA_OBSERVED = "omega [observed covariances, semTools]"
ORDINAL_OMEGA = "omega [Green & Yang 2009, model-implied correlations]"
ORDINAL_OMEGA_TOTAL = "omega total [Green & Yang 2009, model-implied correlations]"
ORDINAL_OMEGA_OBSERVED = "omega [Green & Yang 2009, polychoric correlations, semTools]"
CR = "CR [Fornell & Larcker 1981, standardized]"
RHO_A = "rho_A [Dijkstra & Henseler 2015, PLS mode A, factorial scheme]"
MAXIMAL = "H [Hancock & Mueller 2001, standardized]"
AVE = "AVE [Fornell & Larcker 1981, standardized]"
HTMT = "HTMT [Henseler et al. 2015, |r|]"
HTMT2 = "HTMT2 [Roemer et al. 2021, |r|]"

PLS_TOLERANCE = 1e-10
PLS_MOST = 500


def cronbach_alpha(cov: Array) -> Any:
    """Coefficient alpha (...) of item covariances (..., k, k)."""
    k = cov.shape[-1]
    trace = np.trace(cov, axis1=-2, axis2=-1)
    return k / (k - 1) * (1.0 - trace / cov.sum(axis=(-2, -1)))


def composite_reliability(std: Array) -> Any:
    """CR (...) of standardized loadings (..., k) with uncorrelated residuals."""
    common = std.sum(axis=-1) ** 2
    return common / (common + (1.0 - std**2).sum(axis=-1))


def average_variance_extracted(std: Array) -> Any:
    """Mean squared standardized loading (...) of loadings (..., k)."""
    return (std**2).mean(axis=-1)


def maximal_reliability(std: Array) -> Any:
    """H (...), of the best weighted sum of items; NaN where a loading reaches 1 in size."""
    squares = np.where(np.abs(std) < 1.0, std**2, np.nan)
    information = (squares / (1.0 - squares)).sum(axis=-1)
    return information / (1.0 + information)


def dijkstra_henseler(weights: Array, R: Array) -> Any:
    """rho_A (...) of a block's weights (..., k) and correlations (..., k, k).

    The weights may have any scale; they are brought to a composite of variance 1.
    """
    variance = np.einsum("...i,...ij,...j->...", weights, R, weights)
    w = weights / np.sqrt(variance)[..., None]
    own = np.diagonal(R, axis1=-2, axis2=-1)
    size, fourth = (w**2).sum(axis=-1), (w**4).sum(axis=-1)
    off = 1.0 - (w**2 * own).sum(axis=-1)
    return size**2 * off / (size**2 - fourth)


def pls_weights(R: Array, blocks: Sequence[NDArray[np.intp]]) -> Array:
    """Weights (D, p, m) of partial least squares in mode A, all blocks joined (factorial scheme).

    ``R`` (D, p, p) are item correlations; ``blocks`` (m) hold the items of each construct. NaN
    where they do not settle within ``PLS_MOST`` rounds, or with fewer than two blocks.
    """
    D, p = R.shape[:2]
    m = len(blocks)
    member = np.zeros((p, m))
    for j, items in enumerate(blocks):
        member[items, j] = 1.0
    found = np.full((D, p, m), np.nan)
    W = _unit_variance(np.broadcast_to(member, (D, p, m)).copy(), R)
    left = np.flatnonzero(np.isfinite(R).all(axis=(1, 2))) if m > 1 else np.zeros(0, dtype=int)
    for _ in range(PLS_MOST):
        if not len(left):
            break
        now, old = R[left], W[left]
        inner = old.transpose(0, 2, 1) @ now @ old
        inner[:, np.arange(m), np.arange(m)] = 0.0
        new = _unit_variance((now @ old @ inner) * member, now)
        W[left] = new
        settled = np.abs(np.abs(new) - np.abs(old)).max(axis=(1, 2)) < PLS_TOLERANCE
        found[left[settled]] = new[settled]
        left = left[~settled]
    return found


def _unit_variance(W: Array, R: Array) -> Array:
    """Weights whose composites have variance 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled: Array = W / np.sqrt(np.einsum("dpm,dpq,dqm->dm", W, R, W))[:, None, :]
    return scaled


def sum_score_covariance(thresholds: Sequence[Array], R: Array) -> Array:
    """Covariances (D, k, k) of ordered answers 0, 1, 2 ... (Green & Yang 2009).

    ``thresholds`` are those of k items, (D, c) each, standardized; ``R`` (D, k, k) are the
    correlations of the latent responses, or of what they share.
    """
    k = len(thresholds)
    found = np.empty(R.shape)
    below = [ndtr(t) for t in thresholds]
    for i in range(k):
        for j in range(i + 1):
            h, v = thresholds[i][:, :, None], thresholds[j][:, None, :]
            rho = np.broadcast_to(R[:, i, j, None, None], np.broadcast_shapes(h.shape, v.shape))
            joint = bivariate_cdf(h, v, np.clip(rho, -1 + 1e-12, 1 - 1e-12))
            one = rho >= 1.0 - 1e-12
            joint = np.where(one, ndtr(np.minimum(h, v)), joint)
            product = below[i].sum(axis=1) * below[j].sum(axis=1)
            found[:, i, j] = found[:, j, i] = joint.sum(axis=(1, 2)) - product
    return found


def htmt(
    R: Array, names: Sequence[str], blocks: Mapping[str, Sequence[str]], *, geometric: bool = False
) -> Array:
    """Heterotrait-monotrait ratios (..., m, m) below the diagonal, NaN elsewhere.

    ``R`` (..., p, p) are item correlations over ``names``; absolute values enter. ``geometric``
    gives HTMT2. Blocks of one item have no ratio.
    """
    at = {name: i for i, name in enumerate(names)}
    index = [[at[item] for item in items] for items in blocks.values()]
    with np.errstate(divide="ignore"):
        size = np.log(np.abs(R)) if geometric else np.abs(R)

    def mean(values: Array) -> Array:
        middle: Array = values.mean(axis=-1)
        return np.exp(middle) if geometric else middle

    def within(block: list[int]) -> Array:
        row, col = np.tril_indices(len(block), -1)
        if not len(row):
            return np.full(R.shape[:-2], np.nan)
        return mean(size[..., np.array(block)[row], np.array(block)[col]])

    mono = [within(block) for block in index]
    ratios = np.full((*R.shape[:-2], len(index), len(index)), np.nan)
    for i, first in enumerate(index):
        for j, second in enumerate(index[:i]):
            pairs = size[..., first, :][..., second].reshape(*R.shape[:-2], -1)
            ratios[..., i, j] = mean(pairs) / np.sqrt(mono[i] * mono[j])
    return ratios
