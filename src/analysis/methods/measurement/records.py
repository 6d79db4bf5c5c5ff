"""Results of the measurement model's analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Limits = tuple[float, float]


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
    ``omega`` model-implied ones (residual covariances count as error). What the other fields are
    is said at ``coefficients``. ``intervals`` holds the bootstrap limits of each, ``n_items``
    counts indicators; ``higher`` marks a factor of factors, whose ``omega`` is that of all their
    items. ``ordered`` says that ``omega`` is that of ordered answers.
    """

    construct: str
    n_items: int
    alpha: float
    omega: float
    cr: float
    ave: float
    group: int = 1
    omega_total: float = nan
    omega_observed: float = nan
    rho_a: float = nan
    maximal: float = nan
    higher: bool = False
    clean: bool = True
    ordered: bool = False
    intervals: Mapping[str, Limits] = field(default_factory=dict)


@dataclass(frozen=True)
class DiscriminantValidity:
    """Square matrices (m, m) over ``constructs``.

    ``fornell_larcker`` holds sqrt(AVE) on the diagonal and latent correlations below;
    ``htmt`` and ``htmt2`` hold ratios below the diagonal, ``htmt_upper`` and ``htmt2_upper`` the
    upper limits of their one-sided 95% bootstrap intervals; NaN elsewhere.
    """

    constructs: tuple[str, ...]
    fornell_larcker: Array
    htmt: Array
    htmt2: Array
    htmt_upper: Array
    htmt2_upper: Array
