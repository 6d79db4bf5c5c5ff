"""Statistics of ordered items from two-way tables, and from the answers one batch at a time.

Thresholds and polychoric correlations need the tables alone. Their asymptotic covariance is a sum
over respondents of what each adds, which a second pass over the answers collects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.errors import ModelError, message
from analysis.sem.ordinal_checks import where_in
from analysis.sem.ordinal_nacov import nacov
from analysis.sem.ordinal_normal import FAR
from analysis.sem.ordinal_pairs import Answers, Pairs, Univariate, polychoric
from analysis.sem.ordinal_stats import OrdinalMoments, assembled

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Tabled:
    """One group's tables: ``n`` complete answers to ordered items; make one with ``of``.

    ``categories`` are the codes of each item, ``correlation`` (m,) the polychoric ones of the
    pairs ``found``.
    """

    names: tuple[str, ...]
    label: str
    n: int
    categories: tuple[tuple[float, ...], ...]
    uni: Univariate
    found: Pairs
    correlation: Array

    @classmethod
    def of(
        cls,
        tables: Array,
        names: Sequence[str],
        lowest: Array,
        *,
        chosen: Sequence[Index] | None = None,
        label: str = "",
    ) -> Tabled:
        """From counts ``tables`` (p, K, p, K) of pairs of categories over the same respondents.

        An item's own frequencies stand on the diagonal; its first category has the code
        ``lowest`` (p,). Categories that nobody chose are passed over; with several groups give
        those that somebody ``chosen`` in any of them, so that all have the same thresholds.

        Raises
        ------
        ModelError
            For items with one category, and categories that nobody in this group chose.
        """
        chosen = chosen or categories_of(tables)
        p, sizes = len(names), np.array([len(c) for c in chosen], dtype=np.intp)
        dense = _dense(tables, chosen)
        codes = tuple(tuple((low + c).tolist()) for low, c in zip(lowest, chosen, strict=True))
        frequencies = np.array([np.diag(dense[j, :, j, :]) for j in range(p)])
        _check(names, codes, frequencies, sizes, label)
        cuts = np.full((p, frequencies.shape[1] - 1), FAR)
        for j, size in enumerate(sizes):
            total = frequencies[j].sum()
            cuts[j, : size - 1] = ndtri(np.cumsum(frequencies[j, : size - 1]) / total)
        none = np.zeros(0)
        uni = Univariate(frequencies, cuts, none, none, np.zeros((0, 0)))
        col, row = np.triu_indices(p, 1)
        nowhere = np.zeros((2, 0), dtype=np.intp)
        found = Pairs(
            row, col, np.arange(len(row)), nowhere[0], nowhere[0], np.array([row, col]), nowhere,
            nowhere, dense[row, :, col, :],
        )  # fmt: skip
        n = int(frequencies[0].sum())
        return cls(tuple(names), label, n, codes, uni, found, polychoric(uni, found, sizes))

    @property
    def thresholds(self) -> tuple[Array, ...]:
        """Thresholds of each item."""
        pairs = zip(self.uni.thresholds, self.categories, strict=True)
        return tuple(cuts[: len(codes) - 1].copy() for cuts, codes in pairs)

    @property
    def matrix(self) -> Array:
        """Polychoric correlations (p, p)."""
        R = np.eye(len(self.names))
        R[self.found.row, self.found.col] = R[self.found.col, self.found.row] = self.correlation
        return R

    def influence(self, rows: Array) -> Array:
        """What complete answers ``rows`` (b, p) add: the sum (r, r) of squared influences."""
        codes = [np.searchsorted(c, x) for c, x in zip(self.categories, rows.T, strict=True)]
        answers = self._answers(len(rows), np.array(codes, dtype=np.intp))
        return nacov(answers, self.uni, self.found, self.correlation) / len(rows)

    def moments(self, influence: Array) -> OrdinalMoments:
        """All statistics, with the ``influence`` (r, r) summed over all ``n`` respondents."""
        levels = dict(zip(self.names, self.categories, strict=True))
        answers = self._answers(self.n, np.zeros((len(self.names), 0), dtype=np.intp))
        return assembled(
            answers, self.uni, self.found, self.correlation, self.n * influence,
            names=self.names, levels=levels, label=self.label,
        )  # fmt: skip

    def _answers(self, n: int, codes: Index) -> Answers:
        p = len(self.names)
        sizes = np.array([len(c) for c in self.categories], dtype=np.intp)
        none = np.zeros(0, dtype=np.intp)
        return Answers(p, n, np.arange(p), none, codes, sizes, np.zeros((0, codes.shape[1])))


def categories_of(tables: Array) -> tuple[Index, ...]:
    """Which categories of each item somebody chose, from tables (p, K, p, K)."""
    return tuple(np.flatnonzero(np.diag(tables[j, :, j, :])) for j in range(len(tables)))


def _dense(tables: Array, chosen: Sequence[Index]) -> Array:
    """Tables over the chosen categories, filled up with zeros to the largest number of them."""
    p, K = len(chosen), max(len(c) for c in chosen)
    dense = np.zeros((p, K, p, K))
    for i, rows in enumerate(chosen):
        for j, cols in enumerate(chosen):
            dense[i, : len(rows), j, : len(cols)] = tables[i, :, j, :][np.ix_(rows, cols)]
    return dense


def _check(
    names: Sequence[str],
    codes: Sequence[tuple[float, ...]],
    frequencies: Array,
    sizes: Index,
    label: str,
) -> None:
    """Refuse items with one category, and categories that are empty in this group."""
    where, problems = where_in(label), []
    for name, values, counts, size in zip(names, codes, frequencies, sizes, strict=True):
        if np.count_nonzero(counts) < 2:
            value = f"{values[int(np.argmax(counts))]:g}" if values else "–"
            problems.append(message("ordinal.constant", item=name, value=value, where=where))
            continue
        empty = [f"{v:g}" for v, k in zip(values, counts[:size], strict=True) if k == 0]
        if empty:
            shown = ", ".join(f"{v:g}: {int(k)}" for v, k in zip(values, counts[:size]))
            fields = {"categories": ", ".join(empty), "counts": shown, "where": where}
            problems.append(message("ordinal.empty_category", item=name, **fields))
    if problems:
        raise ModelError(problems)
