"""A fit seen through its stacked moments: what sandwich formulas are made of.

The modelled moments of a group stand in one vector sigma (r,): means (where modelled), then the
covariances' lower triangle by columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import half_vector
from analysis.sem.categorical import CategoricalTerm
from analysis.sem.fit import Fit, given
from analysis.sem.missing import FullInformation
from analysis.sem.objective import MomentTerm
from analysis.sem.weights import contributions, gamma, masked_weight, normal_weight

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
        V = term.fixed_weight
        if V is None:
            V = masked_weight(at.Sigma, exogenous(fit), means=means)
        found.append(Block(term.share, term.moments_jacobian(fit.theta), V))
    return tuple(found)


def exogenous(fit: Fit) -> list[int]:
    """Positions of the covariates whose moments are fixed at their sample values."""
    return given(fit.model)


def gammas(fit: Fit) -> tuple[Array, ...]:
    """Asymptotic covariance of the stacked sample moments, every group."""
    means, x = fit.model.meanstructure, exogenous(fit)
    return tuple(
        gamma(g, means=means, x=x) if g.ordinal is None else g.ordinal.gamma
        for g in fit.moments.groups
    )


def score_meat(fit: Fit) -> Array:
    """Covariance (q, q) of the respondents' scores at the solution, ML."""
    total = np.zeros((fit.model.q, fit.model.q))
    means = fit.model.meanstructure
    for term, at, sample, block in zip(
        fit.objective.terms,
        fit.objective.implied(fit.theta),
        fit.moments.groups,
        blocks(fit),
        strict=True,
    ):
        if isinstance(term, MomentTerm) and isinstance(term.loss, FullInformation):
            scores = term.loss.scores(at) @ block.Delta.T
        else:
            D = contributions(sample, means=means, mu=at.mu if means else None, Sigma=at.Sigma)
            # The moments of fixed covariates do vary between respondents: no masked weight.
            scores = D @ normal_weight(at.Sigma, means=means) @ block.Delta.T
        assert sample.answers is not None
        total += block.share * sample.answers.covariance(scores)
    return total


@dataclass(frozen=True)
class Compared:
    """Sample and implied moments of one group in the same metric: S, Sigma (p, p), means (p,).

    Means are None without a mean structure. With ordered items the metric is that of polychoric
    correlations, and ``thresholds`` (r1,) holds sample less implied ones in place of means.
    """

    n: float
    S: Array
    Sigma: Array
    mean: Array | None
    mu: Array | None
    thresholds: Array | None = None

    def first_order(self, *, raw: bool = False) -> Array | None:
        """Residuals of means in sample standard deviations (or raw), or of thresholds."""
        if self.mean is None or self.mu is None:
            return self.thresholds
        residual = self.mean - self.mu
        return residual if raw else residual / np.sqrt(np.diag(self.S))


def compared(fit: Fit) -> tuple[Compared, ...]:
    """What the model is to reproduce and what it makes of it, every group."""
    found = []
    at = fit.objective.implied(fit.theta)
    groups = zip(fit.objective.terms, at, fit.moments.groups, strict=True)
    for term, state, g in groups:
        group = term.model
        if isinstance(term, CategoricalTerm) and group.ordinal is not None:
            variable = group.ordinal.variable
            first = (term.data.stacked - term.statistics(fit.theta))[: len(variable)]
            thresholds = first[np.isin(variable, group.ordinal.items)]
            delta = group.ordinal.scales(fit.theta, state.Sigma)
            Sigma = state.Sigma * np.outer(delta, delta)
            found.append(Compared(g.size, g.cov, Sigma, None, None, thresholds))
        elif fit.model.meanstructure:
            found.append(Compared(g.size, g.cov, state.Sigma, g.mean, state.mu))
        else:
            found.append(Compared(g.size, g.cov, state.Sigma, None, None))
    return tuple(found)


def stacked_moments(fit: Fit) -> tuple[tuple[Array, Array], ...]:
    """Stacked sample and implied moments (r,) of every group."""
    found = []
    for term, one in zip(fit.objective.terms, compared(fit), strict=True):
        if isinstance(term, CategoricalTerm):
            found.append((term.data.stacked, term.statistics(fit.theta)))
            continue
        s, sigma = half_vector(one.S), half_vector(one.Sigma)
        if one.mean is not None and one.mu is not None:
            s, sigma = np.concatenate([one.mean, s]), np.concatenate([one.mu, sigma])
        found.append((s, sigma))
    return tuple(found)
