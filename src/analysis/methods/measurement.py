"""Reliability and validity of the measurement model, from a fitted solution.

Every number names its formula: the same factor has several correct reliabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.sem import Solution

Array = NDArray[np.float64]

ALPHA = "alpha [Cronbach 1951, sample covariances]"
ORDINAL_ALPHA = "alpha [Cronbach 1951, polychoric correlations]"
CR = "CR [Fornell & Larcker 1981, standardized]"
AVE = "AVE [Fornell & Larcker 1981, standardized]"
OMEGA = "omega [model-implied covariances]"
HTMT = "HTMT [Henseler et al. 2015, |r|]"
HTMT2 = "HTMT2 [Roemer et al. 2021, |r|]"


@dataclass(frozen=True)
class Loading:
    """One indicator of one factor; ``std`` on the std.all scale with its interval."""

    construct: str
    item: str
    est: float
    se: float
    p: float
    std: float
    std_se: float
    std_ci_lower: float
    std_ci_upper: float
    r2: float


@dataclass(frozen=True)
class Reliability:
    """Internal consistency and convergent validity of one factor; NaN where not defined.

    ``cr`` (sum l)^2 / [(sum l)^2 + sum(1 - l^2)] and ``ave`` mean l^2 take std.all loadings and
    are not defined where an item loads on two factors, ``alpha`` takes sample covariances,
    ``omega`` model-implied ones (residual covariances count as error).
    """

    construct: str
    n_items: int
    alpha: float
    omega: float
    cr: float
    ave: float
    group: int = 1


def loadings(solution: Solution, *, group: int = 1) -> tuple[Loading, ...]:
    """Loadings of all factors in one group (1-based), in the order of the model."""
    found = []
    explained = solution.r2_of(group - 1)
    for e in solution.estimates:
        if e.op == "=~" and e.group == group:
            r2 = explained.get(e.rhs, nan)
            found.append(
                Loading(
                    e.lhs,
                    e.rhs,
                    e.est,
                    e.se,
                    e.p,
                    e.std_all,
                    e.std_all_se,
                    e.std_all_ci_lower,
                    e.std_all_ci_upper,
                    r2,
                )
            )
    return tuple(found)


def reliability(solution: Solution) -> tuple[Reliability, ...]:
    """Reliability of every factor with at least two indicators, group after group."""
    return tuple(
        record
        for group in range(1, len(solution.partable.groups) + 1)
        for record in _reliability(solution, group)
    )


def _reliability(solution: Solution, group: int) -> list[Reliability]:
    table = loadings(solution, group=group)
    counts: dict[str, int] = {}
    for row in table:
        counts[row.item] = counts.get(row.item, 0) + 1
    found = []
    for construct in dict.fromkeys(row.construct for row in table):
        rows = [row for row in table if row.construct == construct]
        if len(rows) < 2:
            continue
        clean = all(counts[row.item] == 1 for row in rows)
        std = np.array([row.std for row in rows])
        items = [row.item for row in rows]
        observed = all(item in solution.names for item in items)
        found.append(
            Reliability(
                construct,
                len(rows),
                cronbach_alpha(_sample_block(solution, items, group)) if observed else nan,
                _omega(solution, construct, items, group) if observed else nan,
                composite_reliability(std) if clean else nan,
                average_variance_extracted(std) if clean else nan,
                group,
            )
        )
    return found


def composite_reliability(std: Array) -> float:
    """CR of standardized loadings (k,) with uncorrelated residuals."""
    common = float(std.sum()) ** 2
    return common / (common + float((1.0 - std**2).sum()))


def average_variance_extracted(std: Array) -> float:
    """Mean squared standardized loading."""
    return float(np.mean(std**2))


def cronbach_alpha(cov: Array) -> float:
    """Coefficient alpha of an item covariance matrix (k, k)."""
    k = len(cov)
    return k / (k - 1) * (1.0 - float(np.trace(cov)) / float(cov.sum()))


def _sample_block(solution: Solution, items: Sequence[str], group: int) -> Array:
    at = [solution.names.index(item) for item in items]
    return solution.fit.moments.groups[group - 1].cov[np.ix_(at, at)]


def _omega(solution: Solution, construct: str, items: Sequence[str], number: int) -> float:
    """Share of the composite's implied variance that the factor gives."""
    group, implied = solution.fit.model.groups[number - 1], solution.implied[number - 1]
    A, _, _ = group.matrices(solution.fit.theta)
    at = [solution.names.index(item) for item in items]
    factor = group.variables.index(construct)
    weight = float(A[at, factor].sum())
    common = weight**2 * float(implied.C[factor, factor])
    total = float(implied.Sigma[np.ix_(at, at)].sum())
    return common / total


@dataclass(frozen=True)
class DiscriminantValidity:
    """Square matrices (m, m) over ``constructs``.

    ``fornell_larcker`` holds sqrt(AVE) on the diagonal and latent correlations below;
    ``htmt`` and ``htmt2`` hold ratios below the diagonal; NaN elsewhere.
    """

    constructs: tuple[str, ...]
    fornell_larcker: Array
    htmt: Array
    htmt2: Array


def discriminant_validity(solution: Solution, *, group: int = 1) -> DiscriminantValidity:
    """Fornell-Larcker, HTMT and HTMT2 of one group's factors (1-based) with two or more items."""
    blocks: dict[str, list[str]] = {}
    for row in loadings(solution, group=group):
        if row.item in solution.names:
            blocks.setdefault(row.construct, []).append(row.item)
    blocks = {name: items for name, items in blocks.items() if len(items) > 1}
    names = tuple(blocks)
    table = {r.construct: r.ave for r in _reliability(solution, group)}
    m = len(names)
    criterion = np.full((m, m), nan)
    at = [solution.latent.index(name) for name in names]
    R = solution.latent_correlation[group - 1]
    for i, name in enumerate(names):
        criterion[i, i] = np.sqrt(table[name])
        criterion[i, :i] = R[at[i], [at[j] for j in range(i)]]
    cov = solution.fit.moments.groups[group - 1].cov
    sd = np.sqrt(np.diag(cov))
    ratios = [
        htmt(cov / np.outer(sd, sd), solution.names, blocks, geometric=g) for g in (False, True)
    ]
    return DiscriminantValidity(names, criterion, *ratios)


def htmt(
    R: Array, names: Sequence[str], blocks: Mapping[str, Sequence[str]], *, geometric: bool = False
) -> Array:
    """Heterotrait-monotrait ratios (m, m) below the diagonal, NaN elsewhere.

    ``R`` (p, p) are item correlations over ``names``; absolute values enter. ``geometric`` gives
    HTMT2. Blocks of one item have no ratio.
    """
    at = {name: i for i, name in enumerate(names)}
    index = [[at[item] for item in items] for items in blocks.values()]
    magnitude = np.abs(R)

    def mean(values: Array) -> float:
        return float(np.exp(np.log(values).mean()) if geometric else values.mean())

    def within(block: list[int]) -> float:
        inner = magnitude[np.ix_(block, block)]
        return mean(inner[np.tril_indices(len(block), -1)]) if len(block) > 1 else nan

    mono = [within(block) for block in index]
    ratios = np.full((len(index), len(index)), nan)
    for i, first in enumerate(index):
        for j, second in enumerate(index[:i]):
            hetero = mean(magnitude[np.ix_(first, second)].ravel())
            ratios[i, j] = hetero / np.sqrt(mono[i] * mono[j])
    return ratios
