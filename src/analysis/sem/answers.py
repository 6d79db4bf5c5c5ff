"""Answers of a group's respondents, with what a survey's design says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.blas import dgemm

from analysis.errors import ModelError, message

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Answers ``rows`` (n, p) of a group's respondents, NaN where missing.

    ``weights`` (n,) are sampling weights (mean 1 over all groups), ``cluster`` (n,) numbers of
    the clusters in which respondents were sampled; None where there are none.
    """

    rows: Array
    weights: Array | None = None
    cluster: NDArray[np.intp] | None = None

    def take(self, keep: NDArray[np.bool_]) -> Answers:
        """Some respondents."""
        if keep.all():
            return self
        weights, cluster = self.weights, self.cluster
        return Answers(
            self.rows[keep],
            None if weights is None else weights[keep],
            None if cluster is None else cluster[keep],
        )

    def columns(self, ix: NDArray[np.intp]) -> Answers:
        """Some variables."""
        if np.array_equal(ix, np.arange(self.rows.shape[1])):
            return self
        return replace(self, rows=self.rows[:, ix])

    @cached_property
    def totals(self) -> Array:
        """Weighted sums (p,) of the columns; not finite where an answer is missing."""
        weights = np.ones(len(self.rows)) if self.weights is None else self.weights
        return weights @ self.rows

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Which respondents answered everything (n,)."""
        if np.isfinite(self.totals).all():
            return np.ones(len(self.rows), dtype=np.bool_)
        return np.asarray(~np.isnan(self.rows).any(axis=1))

    @cached_property
    def moments(self) -> tuple[int, Array, Array]:
        """How many answered everything, and their mean (p,) and covariances (p, p), divisor n."""
        used = self.take(self.complete)
        n, p = used.rows.shape
        if n == 0:
            return 0, np.full(p, np.nan), np.zeros((p, p))
        total = n if used.weights is None else used.weights.sum()
        mean = used.totals / total
        centred = used.rows - mean
        weighted = centred if used.weights is None else centred * used.weights[:, None]
        # The product of a matrix with itself has a routine of its own, which is slower here.
        cov = dgemm(1.0 / total, centred.T, weighted.T, trans_b=1)
        return n, mean, 0.5 * (cov + cov.T)

    def covariance(self, scores: Array) -> Array:
        """Mean outer product (r, r) of scores (n, r), with weights and summed within clusters."""
        n = float(len(scores))
        if self.weights is not None:
            scores = scores * self.weights[:, None]
            n = float(self.weights.sum())
        if self.cluster is not None:
            sums = np.zeros((int(self.cluster.max()) + 1, scores.shape[1]))
            np.add.at(sums, self.cluster, scores)
            present = np.unique(self.cluster)
            count = len(present)
            scores = sums[present] * np.sqrt(count / (count - 1.0))
        return scores.T @ scores / n


def scaled_weights(weights: ArrayLike | None, n: int) -> Array | None:
    """Sampling weights (n,) brought to mean 1; ``ModelError`` unless all are positive."""
    if weights is None:
        return None
    w = np.asarray(weights, dtype=float)
    if w.shape != (n,) or not (np.isfinite(w) & (w > 0)).all():
        bad = np.flatnonzero(~(np.isfinite(w) & (w > 0)))[:5] + 1 if w.shape == (n,) else ()
        raise ModelError(message("sem.weights", rows=", ".join(str(i) for i in bad), n=n))
    scaled: Array = w / w.mean()
    return scaled


def numbered_clusters(cluster: Sequence[object] | None, n: int) -> NDArray[np.intp] | None:
    """The number (n,) of each respondent's cluster, by first appearance."""
    if cluster is None:
        return None
    number: dict[object, int] = {}
    found = np.array([number.setdefault(c, len(number)) for c in cluster], dtype=np.intp)
    if len(found) != n or len(number) < 2:
        raise ModelError(message("sem.clusters", clusters=len(number), n=n))
    return found
