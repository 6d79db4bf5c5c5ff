"""Are the answers normal: skewness and kurtosis of each item, Mardia's coefficients of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

LEAST_SKEW, LEAST_KURTOSIS = 8, 20
SKEWNESS = "G1 [bias-corrected, type 2]"
KURTOSIS = "G2 [excess, bias-corrected, type 2]"
MARDIA = "b1,p and b2,p [Mardia 1970, covariances with divisor n - 1]"


@dataclass(frozen=True)
class ItemNormality:
    """Shape of one item: bias-corrected skewness and excess kurtosis with their tests.

    ``skew_z`` is D'Agostino's, ``kurtosis_z`` Anscombe and Glynn's test statistic, ``p`` that of
    their sum of squares (chi-square, 2 df). NaN with too few answers or no variance.
    """

    name: str
    n: int
    skew: float
    kurtosis: float
    skew_z: float
    kurtosis_z: float
    p: float


@dataclass(frozen=True)
class Mardia:
    """Multivariate skewness and kurtosis of the complete rows.

    ``skew_chi2`` = n b1 / 6 on p(p+1)(p+2)/6 degrees of freedom, ``kurtosis_z`` standard normal
    under normality; ``kurtosis_excess`` = b2 - p(p+2).
    """

    n: int
    p: int
    b1: float
    b2: float
    skew_chi2: float
    skew_df: int
    skew_p: float
    kurtosis_z: float
    kurtosis_p: float

    @property
    def kurtosis_excess(self) -> float:
        """b2 less its expectation for normal data."""
        return self.b2 - self.p * (self.p + 2)


def item_normality(X: Array, names: Sequence[str]) -> tuple[ItemNormality, ...]:
    """Shape of every column of ``X`` (n, p), NaN left out."""
    return tuple(_item(x[~np.isnan(x)], name) for x, name in zip(X.T, names, strict=True))


def _item(x: Array, name: str) -> ItemNormality:
    n = len(x)
    if n < 4 or not float(np.ptp(x)):
        return ItemNormality(name, n, nan, nan, nan, nan, nan)
    skew = float(stats.skew(x, bias=False))
    kurtosis = float(stats.kurtosis(x, bias=False))
    z1 = float(stats.skewtest(x).statistic) if n >= LEAST_SKEW else nan
    z2 = float(stats.kurtosistest(x).statistic) if n >= LEAST_KURTOSIS else nan
    p = float(stats.chi2.sf(z1**2 + z2**2, 2))
    return ItemNormality(name, n, skew, kurtosis, z1, z2, p)


def mardia(X: Array) -> Mardia | None:
    """Mardia's multivariate skewness and kurtosis; None without enough complete, regular rows."""
    rows = X[~np.isnan(X).any(axis=1)]
    n, p = rows.shape
    if n <= p + 1:
        return None
    centred = rows - rows.mean(axis=0)
    cov = centred.T @ centred / (n - 1)
    try:
        factor = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        return None
    Z = np.linalg.solve(factor, centred.T).T
    b1 = _cubes(Z) / n**2
    b2 = float(((Z**2).sum(axis=1) ** 2).mean())
    df = p * (p + 1) * (p + 2) // 6
    chi2 = n * b1 / 6.0
    z = (b2 - p * (p + 2)) / sqrt(8.0 * p * (p + 2) / n)
    return Mardia(n, p, b1, b2, chi2, df, float(stats.chi2.sf(chi2, df)), z,
                  float(2.0 * stats.norm.sf(abs(z))))  # fmt: skip


def _cubes(Z: Array) -> float:
    """Sum over all pairs of rows of their cubed inner product, a slab at a time."""
    step = max(1, 4_000_000 // max(len(Z), 1))
    slabs = (Z[start : start + step] @ Z.T for start in range(0, len(Z), step))
    return float(sum(float((slab * slab * slab).sum()) for slab in slabs))
