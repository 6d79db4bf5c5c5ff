"""What one pass over a survey file leaves: statistics by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PatternStats:
    """Statistics of J missing patterns.

    ``mask`` (J, p) is True where answered, ``count`` (J,) respondents; ``mean`` (J, p) and ``cov``
    (J, p, p, divisor count) are 0 where missing.
    """

    mask: npt.NDArray[np.bool_]
    count: npt.NDArray[np.int64]
    mean: Array
    cov: Array


@dataclass(frozen=True)
class StreamedGroup:
    """One group's statistics.

    Attributes
    ----------
    label : empty where there are no groups
    n : complete respondents, of whom ``mean`` (p,) and ``cov`` (p, p, divisor n) are
    answered : respondents with at least one answer to the items
    patterns : of those with at least one answer, where asked for
    tables : counts (p, K, p, K) of pairs of categories among the complete, where asked for;
        categories count from ``lowest`` of the item
    """

    label: str
    n: int
    answered: int
    mean: Array
    cov: Array
    patterns: PatternStats | None = None
    tables: Array | None = None


@dataclass(frozen=True)
class Streamed:
    """Statistics of a survey file.

    Attributes
    ----------
    names : p items, in the order of all arrays
    groups : in the codebook's order of levels
    n_read : rows of the file
    without_group : respondents left out because their group is not known
    filtered : respondents of other levels than those asked for
    lowest, sizes : (p,) code of the first category and number of categories of each item, 0 for
        items that are not counted in tables
    """

    names: tuple[str, ...]
    groups: tuple[StreamedGroup, ...]
    n_read: int
    without_group: int
    filtered: int
    lowest: Array
    sizes: npt.NDArray[np.intp]

    @property
    def n(self) -> int:
        """Complete respondents of all groups."""
        return sum(g.n for g in self.groups)

    def categories(self, name: str) -> tuple[float, ...]:
        """Codes of an ordered item that some complete respondent chose."""
        at = self.names.index(name)
        counts = sum(
            np.diagonal(g.tables[at, :, at, :]) for g in self.groups if g.tables is not None
        )
        chosen = np.flatnonzero(np.asarray(counts)[: self.sizes[at]])
        return tuple((self.lowest[at] + chosen).tolist())
