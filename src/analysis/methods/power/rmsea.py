"""Power of tests of model fit by RMSEA (MacCallum, Browne & Sugawara 1996)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, sqrt

from scipy.special import chdtri, chndtr, chndtrix, ndtri

LARGEST = 10_000_000
TESTS = (("close", 0.05, 0.08), ("not_close", 0.05, 0.01), ("exact", 0.0, 0.05))


@dataclass(frozen=True)
class FitPower:
    """The test of one hypothesis about RMSEA: ``null`` against ``true``.

    ``power`` at the sample asked about; ``needed`` is the smallest sample for the wanted power.
    """

    kind: str
    null: float
    true: float
    power: float
    needed: int | None


def fit_power(df: int, n: int, *, power: float = 0.8, alpha: float = 0.05) -> tuple[FitPower, ...]:
    """Tests of close (.05 against .08), not-close (.05 against .01) and exact fit (0 against .05).

    None without degrees of freedom.
    """
    return tuple(
        FitPower(
            kind, null, true,
            rmsea_power(rmsea_null=null, rmsea_true=true, df=df, n=n, alpha=alpha),
            rmsea_sample_size(rmsea_null=null, rmsea_true=true, df=df, power=power, alpha=alpha),
        )
        for kind, null, true in (TESTS if df > 0 else ())
    )  # fmt: skip


def rmsea_power(
    *, rmsea_null: float, rmsea_true: float, df: int, n: int, alpha: float = 0.05, groups: int = 1
) -> float:
    """Power to reject a population RMSEA of ``rmsea_null`` where it is ``rmsea_true``.

    With the true one larger the test looks for misfit, with the smaller one for good fit.
    """
    null = (n - 1) * df * rmsea_null**2 / groups
    true = (n - 1) * df * rmsea_true**2 / groups
    if rmsea_null < rmsea_true:
        critical = _quantile(1.0 - alpha, df, null)
        return 1.0 - float(chndtr(critical, df, true))
    return float(chndtr(_quantile(alpha, df, null), df, true))


def rmsea_sample_size(
    *,
    rmsea_null: float,
    rmsea_true: float,
    df: int,
    power: float = 0.8,
    alpha: float = 0.05,
    groups: int = 1,
) -> int | None:
    """Smallest sample (over all groups) with more than this power; None beyond ten million."""

    def enough(n: int) -> bool:
        found = rmsea_power(
            rmsea_null=rmsea_null, rmsea_true=rmsea_true, df=df, n=n, alpha=alpha, groups=groups
        )
        return isfinite(found) and found > power

    low, high = 4, 8
    while not enough(high):
        low, high = high, 2 * high
        if high > LARGEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def inverse_square_root(effect: float, *, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """Kock and Hadaya's (2018) rule: n > ((z_alpha + z_power) / |standardized path|)^2.

    ``alpha`` is one-sided, as in their 2.486 for 5 % and 80 %; None for an effect of zero.
    """
    if effect == 0.0:
        return None
    needed = float(ndtri(1.0 - alpha) + ndtri(power)) / abs(effect)
    return ceil(needed**2)


def detectable(n: int, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest standardized path that the same rule finds with ``n`` respondents."""
    return float(ndtri(1.0 - alpha) + ndtri(power)) / sqrt(n)


def chi_square_power(ncp: float, *, df: int = 1, alpha: float = 0.05) -> float:
    """Power of a chi-square difference test with noncentrality ``ncp``."""
    return 1.0 - float(chndtr(float(chdtri(df, alpha)), df, ncp))


def _quantile(p: float, df: int, ncp: float) -> float:
    """Quantile of the noncentral chi-square distribution, central without ``ncp``."""
    return float(chndtrix(p, df, ncp)) if ncp > 0.0 else float(chdtri(df, 1.0 - p))
