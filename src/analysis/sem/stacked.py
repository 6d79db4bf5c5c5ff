"""A fit seen through its stacked moments: what sandwich formulas are made of.

The modelled moments of a group stand in one vector sigma (r,): means (where modelled), then the
covariances' lower triangle by columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.fit import Fit
from analysis.sem.implied import Implied, jacobian
from analysis.sem.losses import LeastSquares, half_vector
from analysis.sem.moments import GroupMoments
from analysis.sem.weights import contributions, gamma, masked_weight

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """One group: ``share`` n_g / n, ``Delta`` (q, r), ``V`` the weight (r, r) or (r,)."""

    share: float
    Delta: Array
    V: Array

    def weighted(self, X: Array) -> Array:
        """V X for X (r, c) or (r,)."""
        if self.V.ndim == 1:
            return self.V * X if X.ndim == 1 else self.V[:, None] * X
        return self.V @ X

    def weight_matrix(self) -> Array:
        """V as a matrix (r, r)."""
        return np.diag(self.V) if self.V.ndim == 1 else self.V


def blocks(fit: Fit) -> tuple[Block, ...]:
    """Jacobians and weights of all groups at the solution."""
    found = []
    means = fit.model.meanstructure
    for term, at in zip(fit.objective.terms, fit.objective.implied(fit.theta), strict=True):
        dSigma, dmu = jacobian(term.model, at, fit.model.q)
        lower = half_vector(dSigma)
        Delta = np.concatenate([dmu, lower], axis=1) if means else lower
        if isinstance(term.loss, LeastSquares):
            V = term.loss.V
        else:
            V = masked_weight(at.Sigma, exogenous(fit), means=means)
        found.append(Block(term.share, Delta, V))
    return tuple(found)


def exogenous(fit: Fit) -> list[int]:
    """Positions of the covariates whose moments are fixed at their sample values."""
    fixed = {r.lhs for r in fit.model.partable.rows if r.exo and r.free == 0 and r.op == "~~"}
    return [i for i, name in enumerate(fit.moments.names) if name in fixed]


def gammas(fit: Fit) -> tuple[Array, ...]:
    """``gamma`` of every group."""
    return tuple(gamma(g, means=fit.model.meanstructure) for g in fit.moments.groups)


def score_covariances(fit: Fit) -> tuple[Array, ...]:
    """Covariance (r, r) of the contributions around the model's moments, every group."""
    means = fit.model.meanstructure
    found = []
    for at, sample in zip(fit.objective.implied(fit.theta), fit.moments.groups, strict=True):
        mu = at.mu if means else None
        D = contributions(sample, means=means, mu=mu, Sigma=at.Sigma)
        found.append(D.T @ D / len(D))
    return tuple(found)


def residual_vector(at: Implied, sample: GroupMoments, *, means: bool) -> Array:
    """Sample less implied stacked moments (r,)."""
    lower = half_vector(sample.cov) - half_vector(at.Sigma)
    if not means or sample.mean is None:
        return lower
    return np.concatenate([sample.mean - at.mu, lower])
