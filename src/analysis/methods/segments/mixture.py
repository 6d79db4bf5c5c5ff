"""Gaussian mixtures by EM, several starts or samples at once (Dempster, Laird & Rubin 1977)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.rng import generator

Array = NDArray[np.float64]
Structure = Literal["EEI", "VVI", "EEE", "VVV"]
STRUCTURES: tuple[Structure, ...] = get_args(Structure)

FLOOR = 1e-3  # least eigenvalue of a class's covariance, of standardized indicators
SHORT, LONG = 25, 2000  # steps of all starts, on a part of the respondents; of the best ones
PART = 1000


@dataclass(frozen=True)
class Mixture:
    """k classes of n respondents on p indicators.

    ``structure`` names the covariances within classes as mclust does: diagonal and equal (EEI, the
    classic latent profile model), diagonal (VVI), equal (EEE), free (VVV). ``weights`` (k,),
    ``means`` (k, p) and ``covariances`` (k, p, p) are on the raw scale, largest class first;
    ``posterior`` (n, k). ``replicated`` of ``starts`` ended at the best likelihood: one alone
    means that a better one may exist. ``degenerate`` marks a class that shrank to a point.
    """

    structure: Structure
    weights: Array
    means: Array
    covariances: Array
    posterior: Array
    loglik: float
    parameters: int
    converged: bool
    replicated: int
    starts: int
    degenerate: bool

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.weights)

    @property
    def bic(self) -> float:
        """-2 logL + parameters ln n; smaller is better."""
        return -2.0 * self.loglik + self.parameters * log(len(self.posterior))

    @property
    def aic(self) -> float:
        """-2 logL + 2 parameters."""
        return -2.0 * self.loglik + 2.0 * self.parameters

    @property
    def entropy(self) -> float:
        """1 - sum p ln(1/p) / (n ln k): 1 if classes are told apart without doubt, NaN for one."""
        if self.k == 1:
            return float("nan")
        p = self.posterior
        doubt = -np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0.0).sum()
        return 1.0 - float(doubt) / (len(p) * log(self.k))

    @property
    def labels(self) -> NDArray[np.intp]:
        """Most likely class of every respondent (n,)."""
        found: NDArray[np.intp] = self.posterior.argmax(axis=1)
        return found

    def classify(self, X: Array) -> Array:
        """Posterior probabilities (m, k) of other respondents (m, p)."""
        state = _State(self.weights[None], self.means[None], self.covariances[None])
        return np.asarray(_responsibilities(X[None], state)[0][0])


@dataclass
class _State:
    """B mixtures: weights (B, k), means (B, k, p), covariances (B, k, p, p)."""

    weights: Array
    means: Array
    covariances: Array

    def take(self, rows: Array | NDArray[np.intp]) -> _State:
        return _State(self.weights[rows], self.means[rows], self.covariances[rows])


def fit_mixture(
    X: Array, k: int, *, structure: Structure = "EEI", starts: int = 15, seed: int = 1
) -> Mixture:
    """Maximum likelihood from several starts, of which the best third is followed to the end.

    ``X`` (n, p) without missing values. ``ModelError`` for a constant indicator, or where there
    are fewer than ten respondents a class.
    """
    if structure not in STRUCTURES:
        good = ", ".join(STRUCTURES)
        raise ModelError(
            message("sem.unknown_option", option="structure", value=structure, good=good)
        )
    n, p = X.shape
    if n < 10 * k:
        raise ModelError(message("segments.too_few", n=n, k=k))
    centre, scale = X.mean(axis=0), X.std(axis=0)
    if (scale == 0).any():
        raise ModelError(message("segments.constant"))
    Z = ((X - centre) / scale)[None]
    count = 1 if k == 1 else starts
    part = Z[:, generator(seed, "part", k).permutation(n)[:PART]]
    state, value = _em(part, _starts(part[0], k, count, structure, seed), structure, SHORT, 1e-5)[
        :2
    ]
    best = np.argsort(-value, kind="stable")[: max(count // 3, 1)]
    state, value, converged = _em(Z, state.take(best), structure, LONG, 1e-9)
    top = int(value.argmax())
    order = np.argsort(-state.weights[top], kind="stable")
    weights, means = state.weights[top][order], state.means[top][order]
    covariances = state.covariances[top][order]
    posterior = _responsibilities(Z, _State(weights[None], means[None], covariances[None]))[0][0]
    return Mixture(
        structure, weights, means * scale + centre, covariances * np.outer(scale, scale),
        posterior, float(value[top]) * n - n * float(np.log(scale).sum()),
        parameters(k, p, structure), bool(converged[top]),
        int((value > value[top] - 1e-6).sum()), count,
        bool(np.linalg.eigvalsh(covariances)[:, 0].min() < 1.5 * FLOOR),
    )  # fmt: skip


def parameters(k: int, p: int, structure: Structure) -> int:
    """Number of free parameters."""
    within = {"EEI": p, "VVI": k * p, "EEE": p * (p + 1) // 2, "VVV": k * p * (p + 1) // 2}
    return k - 1 + k * p + within[structure]


def refit(X: Array, mixture: Mixture, *, steps: int = 200) -> tuple[Array, _State]:
    """Mean log-likelihoods (B,) of samples X (B, n, p), each started from ``mixture``."""
    state = _State(
        *(np.repeat(x[None], len(X), axis=0)
          for x in (mixture.weights, mixture.means, mixture.covariances))
    )  # fmt: skip
    state, value, _ = _em(X, state, mixture.structure, steps, 1e-7)
    return value, state


def _starts(Z: Array, k: int, count: int, structure: Structure, seed: int) -> _State:
    """Distant respondents as first means (k-means++; Arthur & Vassilvitskii 2007)."""
    n, p = Z.shape
    means = np.empty((count, k, p))
    for b in range(count):
        random = generator(seed, "mixture", structure, k, b)
        chosen = [int(random.integers(n))]
        while len(chosen) < k:
            distance = ((Z[:, None] - Z[chosen][None]) ** 2).sum(axis=2).min(axis=1)
            chosen.append(int(random.choice(n, p=distance / distance.sum())))
        means[b] = Z[chosen]
    pooled = np.cov(Z.T, bias=True).reshape(p, p)
    spread = pooled * (1.0 if k == 1 else 0.5)
    if structure in ("EEI", "VVI"):
        spread = np.diag(np.diag(spread))
    return _State(
        np.full((count, k), 1.0 / k), means, np.broadcast_to(spread, (count, k, p, p)).copy()
    )


def _responsibilities(X: Array, state: _State) -> tuple[Array, Array]:
    """Posterior (B, n, k) and mean log-likelihood (B,) of samples X (B or 1, n, p)."""
    p = X.shape[2]
    K = np.linalg.inv(np.linalg.cholesky(state.covariances))
    logdet = -np.log(np.diagonal(K, axis1=2, axis2=3)).sum(axis=2)
    z = (X[:, None] - state.means[:, :, None]) @ K.swapaxes(2, 3)  # (B, k, n, p)
    with np.errstate(divide="ignore"):
        constant = np.log(state.weights) - logdet - 0.5 * p * log(2 * pi)
    logs = constant[:, :, None] - 0.5 * np.einsum("bknp,bknp->bkn", z, z)
    top = logs.max(axis=1, keepdims=True)
    shares = np.exp(logs - top)
    total = shares.sum(axis=1, keepdims=True)
    return (shares / total).swapaxes(1, 2), (top + np.log(total))[:, 0].mean(axis=1)


def _em(
    X: Array, state: _State, structure: Structure, steps: int, tolerance: float
) -> tuple[_State, Array, NDArray[np.bool_]]:
    """EM until the mean log-likelihood gains less than ``tolerance``; B mixtures side by side."""
    count = len(state.weights)
    value, done = np.full(count, -np.inf), np.zeros(count, dtype=bool)
    for _ in range(steps):
        live = np.flatnonzero(~done)
        if not len(live):
            break
        here = X if len(X) == 1 else X[live]
        posterior, found = _responsibilities(here, state.take(live))
        done[live] = found - value[live] < tolerance
        value[live] = found
        moved = _maximum(here, posterior, structure)
        state.weights[live], state.means[live] = moved.weights, moved.means
        state.covariances[live] = moved.covariances
    return state, value, done


def _maximum(X: Array, posterior: Array, structure: Structure) -> _State:
    p, n = X.shape[2], X.shape[1]
    P = posterior.swapaxes(1, 2)  # (B, k, n)
    size = np.maximum(P.sum(axis=2), 1e-9)
    means = P @ X / size[..., None]
    d = X[:, None] - means[:, :, None]
    if structure in ("EEI", "VVI"):
        within = np.einsum("bkn,bknp->bkp", P, d**2, optimize=True)
        covariances = within[..., None] * np.eye(p)
    else:
        covariances = (d * P[..., None]).swapaxes(2, 3) @ d
    if structure in ("EEI", "EEE"):
        pooled = covariances.sum(axis=1, keepdims=True) / n
        covariances = np.broadcast_to(pooled, covariances.shape).copy()
    else:
        covariances = covariances / size[..., None, None]
    return _State(size / n, means, covariances + FLOOR * _weak(covariances) * np.eye(p))


def _weak(covariances: Array) -> Array:
    """1 where a class is about to shrink to a point or a plane, else 0, (B, k, 1, 1)."""
    return (np.linalg.eigvalsh(covariances)[..., 0] < FLOOR).astype(float)[..., None, None]
