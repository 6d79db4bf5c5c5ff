"""How completely a model's items were answered, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Coverage:
    """Answers of n respondents to the model's p items.

    ``incomplete`` respondents lack an answer, in ``patterns`` different patterns of answered and
    missing items (the complete one counts); ``missing_share`` of all n * p answers are missing,
    most of them of ``worst_item``, ``worst_share`` of its n answers. ``groups`` holds label and n
    of each group; empty without groups. ``effective_n`` (Kish 1965) and ``weight_range`` are None
    without weights, ``clusters`` (number, smallest and largest size) without clusters.
    """

    n: int
    items: int
    incomplete: int
    patterns: int
    missing_share: float
    worst_item: str
    worst_share: float
    groups: tuple[tuple[str, int], ...] = ()
    effective_n: float | None = None
    weight_range: tuple[float, float] | None = None
    clusters: tuple[int, int, int] | None = None


def coverage(
    rows: ArrayLike,
    names: Sequence[str],
    *,
    groups: Sequence[tuple[str, int]] = (),
    weights: ArrayLike | None = None,
    cluster: Sequence[object] | None = None,
) -> Coverage:
    """Count answers ``rows`` (n, p), NaN where missing, to the items ``names``."""
    x = np.asarray(rows, dtype=float)
    absent = np.isnan(x)
    share = absent.mean(axis=0) if len(x) else np.zeros(len(names))
    worst = int(np.argmax(share)) if len(names) else 0
    w = None if weights is None else np.asarray(weights, dtype=float)
    return Coverage(
        n=len(x),
        items=len(names),
        incomplete=int(absent.any(axis=1).sum()),
        patterns=len(np.unique(absent, axis=0)),
        missing_share=float(absent.mean()) if absent.size else 0.0,
        worst_item=names[worst] if len(names) and share[worst] > 0 else "",
        worst_share=float(share[worst]) if len(names) else 0.0,
        groups=tuple(groups),
        effective_n=None if w is None else effective_n(w),
        weight_range=None if w is None else _range(w),
        clusters=None if cluster is None else _sizes(cluster),
    )


def effective_n(weights: NDArray[np.float64]) -> float:
    """Size of the simple random sample with the same precision, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / np.sum(weights**2))


def _range(weights: NDArray[np.float64]) -> tuple[float, float]:
    scaled = weights / weights.mean()
    return float(scaled.min()), float(scaled.max())


def _sizes(cluster: Sequence[object]) -> tuple[int, int, int]:
    count: dict[object, int] = {}
    for name in cluster:
        count[name] = count.get(name, 0) + 1
    return len(count), min(count.values()), max(count.values())
