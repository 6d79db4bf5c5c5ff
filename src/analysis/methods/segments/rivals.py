"""K-means and other mixtures beside the chosen one: do they see the same segments?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.methods.segments.profiles import Profiles

Array = NDArray[np.float64]
SAMPLE = 2000


@dataclass(frozen=True)
class Rival:
    """A partition: ``silhouette`` (-1 to 1), and agreement with the chosen one (adjusted Rand)."""

    method: str
    k: int
    silhouette: float
    agreement: float
    shares: tuple[float, ...]


def rivals(X: Array, found: Profiles, *, seed: int = 1) -> tuple[Rival, ...]:
    """The chosen mixture, the best of every other structure with as many classes, and k-means."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    best = found.best
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    partitions: list[tuple[str, NDArray[np.intp]]] = [(best.structure, best.labels)]
    partitions += [
        (m.structure, m.labels)
        for m in found.tried
        if m.k == best.k and m.structure != best.structure
    ]
    if best.k > 1:
        means = KMeans(best.k, n_init=20, random_state=seed).fit(Z)
        partitions.append(("k-means", means.labels_))
    rows = np.linspace(0, len(Z) - 1, min(len(Z), SAMPLE)).astype(int)
    made = []
    for name, labels in partitions:
        several = len(np.unique(labels[rows])) > 1
        made.append(
            Rival(
                name, best.k,
                float(silhouette_score(Z[rows], labels[rows])) if several else float("nan"),
                float(adjusted_rand_score(best.labels, labels)),
                tuple(sorted((np.bincount(labels) / len(labels)).tolist(), reverse=True)),
            )
        )  # fmt: skip
    return tuple(made)
