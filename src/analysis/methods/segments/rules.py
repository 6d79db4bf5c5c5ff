"""A decision tree that describes each segment in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Condition:
    """An indicator between two bounds, infinite where open."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Rule:
    """Conditions that lead to a segment.

    ``n`` respondents meet them, of whom the share ``purity`` is in the segment; ``coverage`` is the
    share of the segment that they catch.
    """

    segment: int
    conditions: tuple[Condition, ...]
    n: int
    purity: float
    coverage: float


@dataclass(frozen=True)
class Described:
    """Rules of all leaves, largest catch first, and the tree's cross-validated hit rate."""

    rules: tuple[Rule, ...]
    accuracy: float
    chance: float


def rules(
    X: Array, names: Sequence[str], labels: NDArray[np.intp], *, depth: int = 3, least: int = 30
) -> Described:
    """Leaves of a shallow tree (CART; Breiman et al. 1984) on raw indicators X (n, p).

    No leaf holds fewer than ``least`` respondents. The hit rate is that of five-fold
    cross-validation; ``chance`` that of naming the largest segment always.
    """
    from sklearn.model_selection import cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=0)
    smallest = int(np.bincount(labels).min())
    folds = min(5, smallest)
    accuracy = float("nan")
    if folds > 1 and len(np.unique(labels)) > 1:
        accuracy = float(cross_val_score(tree, X, labels, cv=folds).mean())
    tree.fit(X, labels)
    inner = tree.tree_
    leaf = tree.apply(X)
    found = []

    def walk(node: int, bounds: dict[int, tuple[float, float]]) -> None:
        if inner.children_left[node] < 0:
            here = leaf == node
            segment = int(inner.value[node][0].argmax())
            segment = int(tree.classes_[segment])
            inside = int((labels[here] == segment).sum())
            conditions = tuple(Condition(names[j], low, high) for j, (low, high) in bounds.items())
            found.append(
                Rule(
                    segment, conditions, int(here.sum()), inside / int(here.sum()),
                    inside / int((labels == segment).sum()),
                )
            )  # fmt: skip
            return
        j, cut = int(inner.feature[node]), float(inner.threshold[node])
        low, high = bounds.get(j, (-np.inf, np.inf))
        walk(int(inner.children_left[node]), {**bounds, j: (low, min(high, cut))})
        walk(int(inner.children_right[node]), {**bounds, j: (max(low, cut), high)})

    walk(0, {})
    chance = float(np.bincount(labels).max() / len(labels))
    ordered = tuple(sorted(found, key=lambda r: (r.segment, -r.coverage)))
    return Described(ordered, accuracy, chance)
