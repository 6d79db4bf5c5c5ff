"""Missing answers by item, person and pattern, and Little's test that they are random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.sem.missing import patterns, saturated_moments

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_ROWS = 2
LITTLE = "Little's d2 [Little 1988, ML moments by EM]"


@dataclass(frozen=True)
class ItemMissing:
    """Answers to one item: ``asked`` respondents saw it, ``missing`` of them gave none."""

    name: str
    asked: int
    missing: int

    @property
    def share(self) -> float:
        """Missing answers among those asked."""
        return self.missing / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class Pattern:
    """Respondents who left out the same items."""

    missing: tuple[str, ...]
    n: int


@dataclass(frozen=True)
class Missingness:
    """Where answers are missing among n respondents and p items.

    ``answers`` counts the cells that were asked for; ``persons`` maps a number of missing answers
    to the respondents who have it; ``patterns`` are sorted by size; ``complete`` respondents
    answered all they were asked.
    """

    n: int
    answers: int
    missing: int
    complete: int
    items: tuple[ItemMissing, ...]
    persons: tuple[tuple[int, int], ...]
    patterns: tuple[Pattern, ...]

    @property
    def share(self) -> float:
        """Missing cells among those asked for."""
        return self.missing / self.answers if self.answers else 0.0


@dataclass(frozen=True)
class Little:
    """Little's test that answers are missing completely at random.

    ``n`` respondents in ``patterns`` patterns; ``converged`` says whether EM did.
    """

    statistic: float
    df: int
    p: float
    n: int
    patterns: int
    converged: bool


def missingness(X: Array, names: Sequence[str], *, asked: Mask | None = None) -> Missingness:
    """Counts of missing answers.

    Parameters
    ----------
    X
        Answers (n, p), NaN where missing.
    names
        Items (p,).
    asked
        Whether a respondent saw an item (n, p); all by default. Cells not asked for do not count
        as missing.
    """
    seen = np.ones(X.shape, dtype=bool) if asked is None else asked
    gone = np.isnan(X) & seen
    items = tuple(
        ItemMissing(name, int(seen[:, j].sum()), int(gone[:, j].sum()))
        for j, name in enumerate(names)
    )
    each = gone.sum(axis=1)
    values, counts = np.unique(each, return_counts=True)
    masks, sizes = np.unique(gone, axis=0, return_counts=True)
    order = np.lexsort((masks.sum(axis=1), -sizes))
    shapes = tuple(
        Pattern(tuple(names[int(k)] for k in np.flatnonzero(masks[i])), int(sizes[i]))
        for i in order
    )
    persons = tuple((int(v), int(c)) for v, c in zip(values, counts, strict=True))
    return Missingness(len(X), int(seen.sum()), int(gone.sum()), int((each == 0).sum()), items,
                       persons, shapes)  # fmt: skip


def little_test(X: Array) -> Little | None:
    """Little's (1988) test on the columns of ``X`` (n, p); None where nothing is missing.

    None as well with fewer than two respondents for each item, or where no respondent answered
    some pair of items.

    d2 = sum over patterns of n_j (mean_j - mu_j)' Sigma_jj^-1 (mean_j - mu_j) with maximum
    likelihood mu and Sigma of the saturated model, on sum of p_j - p degrees of freedom. Rows
    without any answer are left out.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where items are constant or copies of each other.
    """
    rows = X[~np.isnan(X).all(axis=1)]
    if not np.isnan(rows).any() or len(rows) < LEAST_ROWS * X.shape[1]:
        return None
    data = patterns(rows)
    if float(data.coverage.min()) == 0.0:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        mu, Sigma, _, converged = saturated_moments(data)
    if not np.isfinite(Sigma).all():
        return None
    total, df = 0.0, -X.shape[1]
    for mask, share, mean in zip(data.mask.astype(bool), data.share, data.mean, strict=True):
        gap = (mean - mu)[mask]
        total += share * data.size * float(gap @ np.linalg.solve(Sigma[np.ix_(mask, mask)], gap))
        df += int(mask.sum())
    if df <= 0:
        return None
    return Little(total, df, float(stats.chi2.sf(total, df)), len(rows), len(data.mask), converged)
