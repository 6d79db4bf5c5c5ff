"""Index of groups with bootstrap intervals, and how far their order depends on the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.methods.loyalty_index.indicators import Indicators
from analysis.rng import generator

Array = NDArray[np.float64]
BLOCK = 250


@dataclass(frozen=True)
class Cell:
    """One group: ``labels`` by grouping column, its ``n``, the index with 95% limits, the means
    (k,) of its indicators. A group below the minimum is ``held`` back: it has no numbers.
    """

    labels: tuple[str, ...]
    n: int
    index: float
    low: float
    high: float
    means: Array
    held: bool = False


@dataclass(frozen=True)
class Levels:
    """Groups of some grouping ``columns`` crossed; ``draws`` (D, cells) of the index."""

    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    draws: Array

    @property
    def held(self) -> int:
        """Number of groups held back."""
        return sum(cell.held for cell in self.cells)


@dataclass(frozen=True)
class Ranks:
    """Order of the groups under every weighting: ``ranks`` (methods, cells), 1 is best.

    ``concordance`` is Kendall's W over the weightings; ``first`` (cells,) how often each group
    leads among resamples under the weighting in use.
    """

    labels: tuple[tuple[str, ...], ...]
    methods: tuple[str, ...]
    index: Array
    ranks: Array
    concordance: float
    first: Array


def resampled(data: Indicators, draws: int, seed: int) -> Array:
    """How often each respondent is drawn (D, n): persons with replacement, all their waves."""
    persons = int(data.person.max()) + 1 if len(data.person) else 0
    counts = np.empty((draws, len(data.person)))
    for start in range(0, draws, BLOCK):
        random = generator(seed, "loyalty index", start)
        size = min(BLOCK, draws - start)
        drawn = random.multinomial(persons, np.full(persons, 1.0 / persons), size=BLOCK)[:size]
        counts[start : start + size] = drawn[:, data.person]
    return counts


def levels(
    data: Indicators,
    weights: Array,
    groups: Mapping[str, Sequence[str | None]],
    *,
    counts: Array,
    least: int,
) -> Levels:
    """Index of every combination of the grouping columns, in order of their first appearance.

    Parameters
    ----------
    weights : (k,) with sum 1.
    groups : level of every respondent by column; none for everybody.
    counts : resamples (D, n) from ``resampled``.
    least : groups of fewer respondents are held back.

    The index is the weighted sum of the indicators' means, each over those who have it (as the
    ACSI does it), so that nobody is dropped for one missing answer.
    """
    keys = list(zip(*groups.values(), strict=True)) if groups else [()] * len(data.values)
    order = [k for k in dict.fromkeys(keys) if None not in k]
    cells, drawn = [], []
    for labels in order:
        mask = np.array([key == labels for key in keys])
        n = int(mask.sum())
        part = data.rows(mask)
        if n < least:
            none = np.full(len(data.columns), np.nan)
            cells.append(Cell(tuple(map(str, labels)), n, np.nan, np.nan, np.nan, none, True))
            drawn.append(np.full(len(counts), np.nan))
            continue
        means = _means(part, part.weight[None, :])[0]
        values = _means(part, counts[:, mask] * part.weight) @ weights
        known = values[np.isfinite(values)]
        low, high = np.percentile(known, (2.5, 97.5)) if len(known) > 1 else (np.nan, np.nan)
        index = float(means @ weights)
        cells.append(Cell(tuple(map(str, labels)), n, index, float(low), float(high), means))
        drawn.append(values)
    table = np.stack(drawn, axis=1) if drawn else np.zeros((len(counts), 0))
    return Levels(tuple(groups), tuple(cells), table)


def _means(data: Indicators, counts: Array) -> Array:
    """Means (D, k) of the indicators, each over the respondents who have it."""
    known = ~np.isnan(data.values)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = (counts @ np.where(known, data.values, 0.0)) / (counts @ known)
    return found


def ranks(found: Levels, weightings: Mapping[str, Array]) -> Ranks:
    """Order of the groups under each of several weights (k,) of the same indicators."""
    shown = [i for i, cell in enumerate(found.cells) if not cell.held]
    means = np.array([found.cells[i].means for i in shown])
    index = np.array([means @ w for w in weightings.values()])
    order = np.argsort(np.argsort(-index, axis=1, kind="stable"), axis=1) + 1
    m, c = order.shape
    sums = order.sum(axis=0)
    spread = float(((sums - sums.mean()) ** 2).sum())
    concordance = 12.0 * spread / (m**2 * (c**3 - c)) if c > 1 else np.nan
    drawn = found.draws[:, shown]
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    first = np.bincount(drawn.argmax(axis=1), minlength=c) / max(len(drawn), 1) if c else drawn
    labels = tuple(found.cells[i].labels for i in shown)
    return Ranks(
        labels, tuple(weightings), index, order.astype(float), concordance, np.asarray(first, float)
    )
