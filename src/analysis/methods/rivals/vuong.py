"""Vuong's tests of two models that need not be nested, from the log-likelihood of every case."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr

from analysis.errors import ModelError, message
from analysis.sem import Solution
from analysis.sem.missing import FullInformation
from analysis.sem.objective import MomentTerm
from analysis.sem.stacked import blocks
from analysis.sem.weights import contributions, normal_weight

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Vuong:
    """Comparison of a first with a second model (Vuong 1989; Merkle, You & Preacher 2016).

    ``variance`` is that of the cases' log-likelihood ratios; ``p_distinct`` tests that the models
    can be told apart at all (NaN with constraints). ``z`` and the two-sided ``p`` test equal
    closeness to the truth, positive z being for the first model; ``ratio`` is the sum.
    """

    n: int
    ratio: float
    variance: float
    p_distinct: float
    z: float
    p: float


def vuong_test(first: Solution, second: Solution) -> Vuong:
    """Compare two solutions on the same respondents.

    Raises
    ------
    ModelError
        Without a likelihood, without the respondents' answers, or on different respondents.
    """
    for s in (first, second):
        if s.fit.loss != "ML" or not s.outcome.estimated:
            raise ModelError(message("rival_models.vuong_likelihood", estimator=s.estimator))
        if any(g.answers is None for g in s.fit.moments.groups):
            raise ModelError(message("sem.rows_needed"))
        if s.fit.moments.design:
            raise ModelError(message("rival_models.vuong_design"))
    if first.n != second.n or set(first.names) != set(second.names):
        raise ModelError(message("compare.data", restricted=first.n, general=second.n))
    difference = case_log_likelihood(first) - case_log_likelihood(second)
    n = len(difference)
    variance = float(difference.var())
    ratio = float(difference.sum())
    z = ratio / float(np.sqrt(n * variance)) if variance > 0 else 0.0
    weights = _distinction_weights(first, second)
    p_distinct = np.nan if weights is None else weighted_chi2_sf(n * variance, weights)
    return Vuong(n, ratio, variance, p_distinct, z, float(2.0 * ndtr(-abs(z))))


def case_log_likelihood(solution: Solution) -> Array:
    """Log-likelihood (n,) of every respondent, group after group; 0 for no answer."""
    found = []
    means = solution.fit.model.meanstructure
    for g, at in zip(solution.fit.moments.groups, solution.implied, strict=True):
        assert g.answers is not None and g.mean is not None
        mu = at.mu if means else g.mean
        rows = g.answers.rows if g.patterns is not None else g.answers.take(g.answers.complete).rows
        found.append(log_density(rows, mu, at.Sigma))
    return np.concatenate(found)


def log_density(rows: Array, mu: Array, Sigma: Array) -> Array:
    """Normal log density (n,) of ``rows`` (n, p), of the answers that are there."""
    answered = ~np.isnan(rows)
    found = np.zeros(len(rows))
    shapes, member = np.unique(answered, axis=0, return_inverse=True)
    for j, shape in enumerate(shapes):
        at = np.flatnonzero(member.reshape(-1) == j)
        x = (rows[at] - mu)[:, shape]
        block = Sigma[np.ix_(shape, shape)]
        sign, logdet = np.linalg.slogdet(block)
        square = np.einsum("na,na->n", x, np.linalg.solve(block, x.T).T)
        found[at] = -0.5 * (square + logdet + shape.sum() * log(2.0 * pi)) if sign > 0 else np.nan
    return found


def case_scores(solution: Solution) -> Array:
    """Derivatives (n, q) of every respondent's log-likelihood, group after group."""
    fit = solution.fit
    means = fit.model.meanstructure
    found = []
    parts = zip(fit.objective.terms, solution.implied, fit.moments.groups, blocks(fit), strict=True)
    for term, at, sample, block in parts:
        if isinstance(term, MomentTerm) and isinstance(term.loss, FullInformation):
            found.append(term.loss.scores(at) @ block.Delta.T)
            continue
        D = contributions(sample, means=means, mu=at.mu if means else None, Sigma=at.Sigma)
        found.append(D @ normal_weight(at.Sigma, means=means) @ block.Delta.T)
    return np.concatenate(found)


def _distinction_weights(first: Solution, second: Solution) -> Array | None:
    """Weights of the chi-squares that n times the variance is a sum of, if all is alike."""
    if any(s.fit.constraints.any for s in (first, second)):
        return None
    n = first.n
    scores = [case_scores(s) for s in (first, second)]
    inverses = [np.linalg.inv(s.inference.information) for s in (first, second)]
    own = [s.T @ s / n for s in scores]
    cross = scores[0].T @ scores[1] / n
    W = np.block([
        [-own[0] @ inverses[0], -cross @ inverses[1]],
        [cross.T @ inverses[0], own[1] @ inverses[1]],
    ])  # fmt: skip
    found: Array = np.real(np.linalg.eigvals(W)) ** 2
    return found


def weighted_chi2_sf(value: float, weights: Array) -> float:
    """P(sum of weights times independent chi-squares of 1 df > value) (Imhof 1961).

    The characteristic function is inverted; beyond its first swing the integrand oscillates with a
    fixed frequency, which QUADPACK's Fourier integrator wants told.
    """
    scale = float(weights.max())
    if scale <= 0.0 or value <= 0.0:
        return 1.0 if value <= 0.0 else 0.0
    lam = weights[weights > 1e-10 * scale] / scale
    x = value / scale

    def angle(u: float) -> float:
        return 0.5 * float(np.arctan(lam * u).sum())

    def size(u: float) -> float:
        return 1.0 / (u * float(np.exp(0.25 * np.log1p((lam * u) ** 2).sum())))

    start = pi / x
    area, _ = quad(lambda u: np.sin(angle(u) - 0.5 * x * u) * size(u), 0.0, start, epsabs=1e-10)
    for shape, weight, sign in ((np.sin, "cos", 1.0), (np.cos, "sin", -1.0)):
        part, _ = quad(
            lambda u, shape=shape: shape(angle(u)) * size(u), start, np.inf,
            weight=weight, wvar=0.5 * x, epsabs=1e-9, limlst=200,
        )  # fmt: skip
        area += sign * part
    return float(np.clip(0.5 + area / pi, 0.0, 1.0))
