"""The index over waves, such that a change of weights is not read as a change of loyalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.methods.loyalty_index.indicators import Indicators
from analysis.methods.loyalty_index.levels import Levels
from analysis.methods.loyalty_index.weights import Method, index_weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """Index of T waves.

    ``fixed`` (T,) uses the first wave's weights throughout; ``renewed`` (T,) each wave's own
    ``weights`` (T, k); ``chained`` (T,) links neighbours by the geometric mean of the changes
    under the weights of either (Fisher's link). ``n`` (T,); ``low`` and ``high`` (T,) are 95%
    limits of ``fixed``, and ``change`` holds fixed changes from the wave before with limits
    (T - 1, 3).
    """

    waves: tuple[str, ...]
    n: tuple[int, ...]
    fixed: Array
    low: Array
    high: Array
    renewed: Array
    chained: Array
    weights: Array
    change: Array


def trend(
    data: Indicators, found: Levels, wave: Sequence[str | None], *, method: Method, weights: Array
) -> Trend:
    """Fixed, renewed and chain-linked index.

    ``found`` are the levels by wave under the first wave's ``weights`` (k,); ``method`` is how
    weights are renewed. Where a wave's own weights cannot be had, the ones before stay.
    """
    cells = [cell for cell in found.cells if not cell.held]
    shown = [i for i, cell in enumerate(found.cells) if not cell.held]
    level = np.array([w if w is not None else "" for w in wave], dtype=object)
    own, last = [], weights
    for cell in cells:
        renewed = index_weights(data.rows(level == cell.labels[0]), method)
        last = renewed.weights if renewed.known and method != "experts" else last
        own.append(last)
    W, M = np.array(own), np.array([cell.means for cell in cells])
    chained = [float(M[0] @ W[0])]
    for t in range(1, len(cells)):
        before, after = (float(M[t] @ W[s] / (M[t - 1] @ W[s])) for s in (t - 1, t))
        chained.append(chained[-1] * float(np.sqrt(before * after)))
    drawn = found.draws[:, shown]
    steps = np.diff(drawn, axis=1)
    limits = np.nanpercentile(steps, (2.5, 97.5), axis=0) if steps.size else np.zeros((2, 0))
    fixed = np.array([cell.index for cell in cells])
    return Trend(
        tuple(cell.labels[0] for cell in cells),
        tuple(cell.n for cell in cells),
        fixed,
        np.array([cell.low for cell in cells]),
        np.array([cell.high for cell in cells]),
        (M * W).sum(axis=1),
        np.array(chained),
        W,
        np.column_stack([np.diff(fixed), limits[0], limits[1]]),
    )
