"""Full information maximum likelihood: each respondent counts with the answers that are there.

Respondents with the same items answered form a pattern; all patterns are handled at once, their
inverses embedded in (p, p) with zeros where an item is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from analysis.sem.algebra import half_index
from analysis.sem.state import Implied, Jacobian

Array = NDArray[np.float64]

EM_ITERATIONS = 2000
EM_TOLERANCE = 1e-11


@dataclass(frozen=True)
class Patterns:
    """Statistics of the J missing patterns of n respondents.

    ``mask`` (J, p) is 1 where answered; ``share`` (J,) of ``size``, the respondents or the sum
    of their weights; ``mean`` (J, p) and ``cov`` (J, p, p) are weighted, and 0 where missing;
    ``rows`` (n, p) has 0 for missing and ``member`` (n,) gives each respondent's pattern.
    """

    mask: Array
    share: Array
    mean: Array
    cov: Array
    rows: Array
    member: NDArray[np.intp]
    size: float
    cache: dict[str, Array] = field(default_factory=dict, compare=False, repr=False)

    @property
    def shared(self) -> NDArray[np.intp]:
        """Patterns of several respondents: the others have no covariance."""
        return np.flatnonzero(np.einsum("jaa->j", self.cov) > 0)

    @property
    def coverage(self) -> Array:
        """Share (p, p) of respondents who answered both items."""
        return (self.mask * self.share[:, None]).T @ self.mask


def patterns(rows: Array, weights: Array | None = None) -> Patterns:
    """Group ``rows`` (n, p), NaN where missing, by pattern; no row may be wholly missing.

    ``weights`` (n,) weigh the respondents in all statistics.
    """
    answered = ~np.isnan(rows)
    mask, member = np.unique(answered, axis=0, return_inverse=True)
    member = member.reshape(-1)
    filled = np.where(answered, rows, 0.0)
    w = np.ones(len(rows)) if weights is None else weights
    totals = np.bincount(member, weights=w, minlength=len(mask))
    mean = np.zeros(mask.shape)
    np.add.at(mean, member, filled * w[:, None])
    mean /= totals[:, None]
    centred = np.where(answered, filled - mean[member], 0.0) * np.sqrt(w)[:, None]
    order = np.argsort(member, kind="stable")
    starts = np.searchsorted(member[order], np.arange(len(mask)))
    p = rows.shape[1]
    cov = np.zeros((len(mask), p, p))
    for j, part in enumerate(np.split(centred[order], starts[1:])):
        if len(part) > 1:
            cov[j] = part.T @ part / totals[j]
    size = float(totals.sum())
    share = totals / size
    return Patterns(mask.astype(float), share, mean, cov, filled, member, size)


@dataclass(frozen=True)
class FullInformation:
    """-2 log-likelihood per respondent, less that of the saturated model (``floor``)."""

    data: Patterns
    floor: float
    _recent: dict[bytes, tuple[Array, Array]] = field(default_factory=dict, repr=False)

    def _inverses(self, Sigma: Array) -> tuple[Array, Array] | None:
        """W (J, p, p) and log-determinants (J,); those of the last Sigma are kept."""
        key = Sigma.tobytes()
        if key not in self._recent:
            mask = self.data.mask
            padded = Sigma * mask[:, :, None] * mask[:, None, :]
            diagonal = np.arange(Sigma.shape[0])
            padded[:, diagonal, diagonal] += 1.0 - mask
            try:
                factor = np.linalg.cholesky(padded)
            except np.linalg.LinAlgError:
                return None
            logdet = 2.0 * np.log(factor[:, diagonal, diagonal]).sum(axis=1)
            inverse = np.linalg.inv(padded)
            inverse[:, diagonal, diagonal] -= 1.0 - mask
            self._recent.clear()
            self._recent[key] = 0.5 * (inverse + inverse.transpose(0, 2, 1)), logdet
        return self._recent[key]

    def _parts(self, at: Implied) -> tuple[Array, Array, Array]:
        """W (J, p, p), W - W M W (J, p, p) and W d (J, p) of every pattern."""
        solved = self._inverses(at.Sigma)
        if solved is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        W = solved[0]
        d = (self.data.mean - at.mu) * self.data.mask
        e = np.einsum("jab,jb->ja", W, d)
        Q = W - e[:, :, None] * e[:, None, :]
        many = self.data.shared
        Q[many] -= W[many] @ self.data.cov[many] @ W[many]
        return W, Q, e

    def deviance(self, at: Implied) -> float:
        """-2 log-likelihood per respondent without the constant in pi."""
        solved = self._inverses(at.Sigma)
        if solved is None:
            return float("inf")
        W, logdet = solved
        d = (self.data.mean - at.mu) * self.data.mask
        fit = logdet + np.einsum("ja,jab,jb->j", d, W, d, optimize=True)
        many = self.data.shared
        fit[many] += np.einsum("jab,jab->j", W[many], self.data.cov[many])
        return float(self.data.share @ fit)

    def log_likelihood(self, deviance: float) -> float:
        """Log-likelihood of all respondents from ``deviance``."""
        answers = float(self.data.share @ self.data.mask.sum(axis=1))
        return -0.5 * self.data.size * (deviance + answers * log(2.0 * pi))

    def value(self, at: Implied) -> float:
        """F; ``inf`` where Sigma is not positive definite."""
        return self.deviance(at) - self.floor

    def slopes(self, at: Implied) -> tuple[Array, Array]:
        """Q (p, p) and c (p,)."""
        _, Q, e = self._parts(at)
        share = self.data.share
        return np.tensordot(share, Q, axes=1), -2.0 * share @ e

    def expected(self, at: Implied, slope: Jacobian) -> Array:
        """Expected second derivative given the patterns (missing completely at random)."""
        W, _, _ = self._parts(at)
        mean = np.tensordot(self.data.share, W, axes=1)
        return self._pairs(W, W, slope.dSigma) + 2.0 * slope.dmu @ mean @ slope.dmu.T

    def observed(self, at: Implied, slope: Jacobian, slopes: tuple[Array, Array]) -> Array:
        """First-order part of the Hessian."""
        W, Q, e = self._parts(at)
        p, dSigma, dmu = W.shape[1], slope.dSigma, slope.dmu
        share = self.data.share
        mean = np.tensordot(share, W, axes=1)
        L = ((W * share[:, None, None]).reshape(len(W), -1).T @ e).reshape(p, p, p)
        cross = 2.0 * dmu @ np.einsum("abc,lbc->al", L, dSigma, optimize=True)
        H = self._pairs(W, W - 2.0 * Q, dSigma)
        H = H + 2.0 * dmu @ mean @ dmu.T + cross + cross.T
        symmetric: Array = 0.5 * (H + H.T)
        return symmetric

    def _pairs(self, X: Array, Y: Array, dSigma: Array) -> Array:
        """sum_j share_j tr(X_j dSigma_k Y_j dSigma_l), (q, q), for symmetric X and Y.

        Summed over the patterns first, one row of X at a time: no (q, p, p) per pattern.
        """
        p, q = X.shape[1], len(dSigma)
        row, col = half_index(p)
        weighted = X * self.data.share[:, None, None]
        halves = Y[:, row, col]
        flat = dSigma.reshape(q, p * p)
        total = np.zeros((q, q))
        full = np.zeros((p, p, p))
        for a in range(p):
            summed = weighted[:, a].T @ halves
            full[:, row, col] = summed
            full[:, col, row] = summed
            total += (flat @ full.reshape(p * p, p)) @ dSigma[:, :, a].T
        return 0.5 * (total + total.T)

    def saturated_information(self, at: Implied) -> Array:
        """Observed information (r, r) of the stacked moments themselves at ``at``."""
        W, Q, e = self._parts(at)
        p = len(at.mu)
        row, col = half_index(p)
        r = len(row)
        weighted = W * self.data.share[:, None, None]
        H = np.zeros((p + r, p + r))
        H[:p, :p] = weighted.sum(axis=0)
        L = (weighted.reshape(len(W), -1).T @ e).reshape(p, p, p)
        half = np.where(row == col, 0.5, 1.0)
        H[:p, p:] = (L[:, row, col] + L[:, col, row]) * half
        H[p:, :p] = H[:p, p:].T
        H[p:, p:] = 0.5 * self._unit_pairs(weighted, W - 2.0 * Q)
        return H

    @staticmethod
    def _unit_pairs(X: Array, Y: Array) -> Array:
        """sum_j tr(X_j E_k Y_j E_l), (r, r), where E_k moves the k-th element of vech Sigma."""
        J, p, _ = X.shape
        row, col = half_index(p)
        K = (X.reshape(J, -1).T @ Y[:, row, col]).reshape(p, p, len(row))
        place = np.zeros((p, p), dtype=np.intp)
        place[row, col] = place[col, row] = np.arange(len(row))
        k, l, m, n = row[:, None], col[:, None], row[None, :], col[None, :]
        total = K[n, k, place[l, m]] + K[m, k, place[l, n]]
        total += K[n, l, place[k, m]]
        total += K[m, l, place[k, n]]
        half = np.where(row == col, 0.5, 1.0)
        total *= half[:, None] * half[None, :]
        return 0.5 * (total + total.T)

    def scores(self, at: Implied) -> Array:
        """Scores (n, r) of the respondents by the stacked moments (mu, vech Sigma)."""
        solved = self._inverses(at.Sigma)
        if solved is None:
            raise np.linalg.LinAlgError("Sigma is not positive definite")
        W = solved[0][self.data.member]
        z = (self.data.rows - at.mu) * self.data.mask[self.data.member]
        g = np.einsum("nab,nb->na", W, z)
        row, col = half_index(g.shape[1])
        products = g[:, row] * g[:, col] - W[:, row, col]
        return np.concatenate([g, products * np.where(row == col, 0.5, 1.0)], axis=1)


def full_information(data: Patterns, saturated: tuple[Array, Array]) -> FullInformation:
    """The loss, with the saturated mean (p,) and covariance (p, p) as its floor."""
    bare = FullInformation(data, 0.0)
    return FullInformation(data, bare.deviance(moments_only(*saturated)))


def moments_only(mu: Array, Sigma: Array) -> Implied:
    """Implied moments that belong to no model."""
    return Implied(np.zeros((0, 0)), np.zeros(0), Sigma, mu)


def saturated_moments(data: Patterns) -> tuple[Array, Array, int, bool]:
    """Mean and covariance of the saturated model by EM (Dempster, Laird & Rubin 1977).

    Returns mean (p,), covariance (p, p), iterations and whether the last change, in standard
    deviations, was below 1e-11.
    """
    loss = FullInformation(data, 0.0)
    weight = data.share[:, None] * data.mask
    mu = (weight * data.mean).sum(axis=0) / weight.sum(axis=0)
    d = (data.mean - mu) * data.mask
    variance = np.einsum("jaa->ja", data.cov) + d**2
    Sigma = np.diag((weight * variance).sum(axis=0) / weight.sum(axis=0))
    for iteration in range(1, EM_ITERATIONS + 1):
        Q, c = loss.slopes(moments_only(mu, Sigma))
        shift = -0.5 * Sigma @ c
        change = -Sigma @ Q @ Sigma - np.outer(shift, shift)
        mu, Sigma = mu + shift, Sigma + 0.5 * (change + change.T)
        sd = np.sqrt(np.diag(Sigma))
        moved = max(np.abs(shift / sd).max(), np.abs(change / np.outer(sd, sd)).max())
        if moved < EM_TOLERANCE:
            return mu, Sigma, iteration, True
    return mu, Sigma, EM_ITERATIONS, False
