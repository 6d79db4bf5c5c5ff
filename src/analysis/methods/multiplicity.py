"""Many differences between independent estimates, with p-values that allow for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import erfc, hypot, isfinite, sqrt

import numpy as np

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimated:
    """One estimate of a quantity in one group; ``context`` says what else it was made under."""

    name: str
    context: tuple[str, ...]
    level: str
    est: float
    se: float


@dataclass(frozen=True)
class Difference:
    """``first`` less ``second`` level, with normal-theory interval (95 %) and p-values.

    ``p_holm`` bounds the chance of any false finding in the family, ``p_bh`` the expected share
    of false ones among the findings.
    """

    name: str
    context: tuple[str, ...]
    first: str
    second: str
    est: float
    se: float
    low: float
    high: float
    p: float
    p_holm: float = 1.0
    p_bh: float = 1.0


def differences(estimates: Sequence[Estimated]) -> tuple[Difference, ...]:
    """Every pair of levels of every quantity in every context; all of them are one family.

    The standard error is that of independent groups, sqrt(se1^2 + se2^2) (Clogg, Petkova &
    Haritou, 1995). Estimates without a positive standard error are left out.
    """
    found: dict[tuple[str, tuple[str, ...]], list[Estimated]] = {}
    for one in estimates:
        if isfinite(one.est) and isfinite(one.se) and one.se > 0:
            found.setdefault((one.name, one.context), []).append(one)
    raw = [_difference(a, b) for same in found.values() for a, b in combinations(same, 2)]
    p = [d.p for d in raw]
    adjusted = zip(raw, holm(p), benjamini_hochberg(p), strict=True)
    return tuple(_with(d, p_holm, p_bh) for d, p_holm, p_bh in adjusted)


def _difference(a: Estimated, b: Estimated) -> Difference:
    est, se = a.est - b.est, hypot(a.se, b.se)
    p = erfc(abs(est / se) / sqrt(2.0))
    return Difference(a.name, a.context, a.level, b.level, est, se,
                      est - Z95 * se, est + Z95 * se, p)  # fmt: skip


def _with(d: Difference, p_holm: float, p_bh: float) -> Difference:
    return Difference(d.name, d.context, d.first, d.second, d.est, d.se, d.low, d.high, d.p,
                      p_holm, p_bh)  # fmt: skip


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Step-down p-values (Holm, 1979), in the order given."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate((len(values) - np.arange(len(values))) * values[order])
    result = np.empty_like(values)
    result[order] = np.minimum(steps, 1.0)
    return tuple(result.tolist())


def benjamini_hochberg(p: Sequence[float]) -> tuple[float, ...]:
    """Step-up p-values for the false discovery rate (Benjamini & Hochberg, 1995)."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")[::-1]
    ranks = len(values) - np.arange(len(values))
    steps = np.minimum.accumulate(len(values) / ranks * values[order])
    result = np.empty_like(values)
    result[order] = np.minimum(steps, 1.0)
    return tuple(result.tolist())


def families(
    by_factor: Mapping[str, Sequence[Estimated]],
) -> dict[str, tuple[Difference, ...]]:
    """The differences of each factor, a family each; factors without any are left out."""
    found = {factor: differences(estimates) for factor, estimates in by_factor.items()}
    return {factor: some for factor, some in found.items() if some}
