"""Latent profile analysis: which classes, how many, how sure, how stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.methods.segments.mixture import (
    STRUCTURES,
    Mixture,
    Structure,
    fit_mixture,
    refit,
)
from analysis.rng import generator

Array = NDArray[np.float64]
BLOCK = 10


@dataclass(frozen=True)
class LikelihoodRatio:
    """Bootstrap test of k classes against k - 1: ``stat`` is twice the gain in logL."""

    k: int
    stat: float
    p: float
    draws: int


@dataclass(frozen=True)
class Profiles:
    """All mixtures that were tried, in order, and the position of the chosen one.

    The structure is that of the least BIC, among mixtures that converged without a degenerate
    class and whose smallest class holds ``least`` of the respondents or more. Within it the number
    of classes is the smallest that brings ``enough`` of the gain in BIC from one class to the best
    (the elbow; Petras & Masyn 2010): answers with a ceiling are no normal mixtures, and BIC alone
    then asks for more and more classes. ``least_bic`` is the position of the least BIC itself.
    """

    tried: tuple[Mixture, ...]
    chosen: int
    least_bic: int
    least: float
    enough: float

    @property
    def best(self) -> Mixture:
        """The chosen mixture."""
        return self.tried[self.chosen]

    def of(self, structure: Structure, k: int) -> Mixture | None:
        """A mixture that was tried."""
        return next((m for m in self.tried if (m.structure, m.k) == (structure, k)), None)


def profiles(
    X: Array,
    *,
    classes: int = 0,
    most: int = 6,
    structures: Sequence[Structure] = STRUCTURES,
    least: float = 0.05,
    enough: float = 0.9,
    seed: int = 1,
) -> Profiles:
    """Mixtures of 1 to ``most`` classes in every covariance structure.

    ``classes`` fixes the number of classes; 0 lets the elbow of BIC choose.
    """
    tried = [
        fit_mixture(X, k, structure=s, seed=seed)
        for s in structures
        for k in range(1, most + 1)
        if k == 1 or len(X) >= 10 * k
    ]
    usable = [
        i for i, m in enumerate(tried)
        if m.converged and not m.degenerate and m.weights.min() >= least
    ]  # fmt: skip
    usable = usable or list(range(len(tried)))
    top = min(usable, key=lambda i: tried[i].bic)
    same = [i for i in usable if tried[i].structure == tried[top].structure]
    chosen = next((i for i in same if tried[i].k == classes), -1)
    if chosen < 0:
        one = max(tried[i].bic for i in same)
        gain = enough * (one - tried[top].bic)
        chosen = min((i for i in same if one - tried[i].bic >= gain), key=lambda i: tried[i].k)
    return Profiles(tuple(tried), chosen, top, least, enough)


def bootstrap_ratio(
    X: Array, smaller: Mixture, larger: Mixture, *, draws: int = 49, seed: int = 1
) -> LikelihoodRatio:
    """Parametric bootstrap likelihood ratio test (McLachlan 1987; Nylund et al. 2007).

    Samples come from the smaller mixture; the larger one is fitted to each from its own estimates
    and from the smaller one with its largest class split, and the better end counts.
    """
    n = len(X)
    split = _split(smaller)
    gains = np.empty(draws)
    for start in range(0, draws, BLOCK):
        size = min(BLOCK, draws - start)
        random = [generator(seed, "ratio", smaller.k, start + i) for i in range(size)]
        samples = np.stack([_draw(smaller, n, r) for r in random])
        null = refit(samples, smaller)[0]
        gains[start : start + size] = np.maximum(
            refit(samples, larger)[0], refit(samples, split)[0]
        ) - null  # fmt: skip
    stat = 2.0 * (larger.loglik - smaller.loglik)
    p = (1 + int((2.0 * n * gains >= stat).sum())) / (draws + 1)
    return LikelihoodRatio(larger.k, stat, p, draws)


def _draw(mixture: Mixture, n: int, random: np.random.Generator) -> Array:
    member = random.choice(mixture.k, size=n, p=mixture.weights)
    z = random.standard_normal((n, mixture.means.shape[1]))
    L = np.linalg.cholesky(mixture.covariances)
    drawn: Array = mixture.means[member] + np.einsum("npq,nq->np", L[member], z)
    return drawn


def _split(mixture: Mixture) -> Mixture:
    """One class more: the largest, parted along its longest axis."""
    C = mixture.covariances[0]
    values, vectors = np.linalg.eigh(C)
    step = 0.5 * np.sqrt(values[-1]) * vectors[:, -1]
    parted = mixture.means[0]
    return Mixture(
        mixture.structure,
        np.concatenate([[mixture.weights[0] / 2] * 2, mixture.weights[1:]]),
        np.vstack([parted - step, parted + step, mixture.means[1:]]),
        np.concatenate([[C, C], mixture.covariances[1:]]),
        mixture.posterior, mixture.loglik, mixture.parameters, True, 1, 1, False,
    )  # fmt: skip


def stability(X: Array, mixture: Mixture, *, draws: int = 50, seed: int = 1) -> Array:
    """Each class's mean Jaccard similarity (k,) between resamples (Hennig 2007).

    The mixture is refitted to resampled respondents and classifies all of them; .75 or more says
    that the class is found again.
    """
    own = mixture.labels
    found = np.zeros((draws, mixture.k))
    for b in range(draws):
        random = generator(seed, "stability", b)
        rows = random.integers(len(X), size=len(X))
        state = refit(X[rows][None], mixture)[1]
        there = Mixture(
            mixture.structure, state.weights[0], state.means[0], state.covariances[0],
            mixture.posterior, 0.0, 0, True, 1, 1, False,
        ).classify(X).argmax(axis=1)  # fmt: skip
        cross = np.zeros((mixture.k, mixture.k))
        np.add.at(cross, (own, there), 1.0)
        union = cross.sum(axis=1)[:, None] + cross.sum(axis=0)[None] - cross
        found[b] = (cross / np.maximum(union, 1.0)).max(axis=1)
    similarity: Array = found.mean(axis=0)
    return similarity
