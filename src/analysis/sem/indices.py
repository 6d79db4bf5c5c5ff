"""Fit indices: scalar formulas to be checked by hand, and the table that lavaan prints.

Every formula takes keyword arguments. N is the number of respondents (n - 1 a group with the
Wishart likelihood); a suffix ``_null`` means the baseline (independence) model.
"""

from __future__ import annotations

from math import exp, inf, log, nan, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, chndtr, chndtrinc, gammaln, ndtri

from analysis.sem.algebra import whitened

Array = NDArray[np.float64]

_NOTHING = 1e-8  # noncentrality that is rounding noise
_NEWTON = 12  # steps that almost always suffice, and cost less than the library's search


def cfi(
    *, chi2: float, df: float, chi2_null: float, df_null: float, c: float = 1.0, c_null: float = 1.0
) -> float:
    """Comparative fit index (Bentler 1990).

    With the scaling factors ``c`` and ``c_null`` of the two models and unscaled statistics it is
    the robust CFI (Brosseau-Liard & Savalei 2014); likewise for TLI and RNI.
    """
    excess = max(chi2 - c * df, 0.0)
    worst = max(excess, chi2_null - c_null * df_null, 0.0)
    return 1.0 if worst < _NOTHING else 1.0 - excess / worst


def rni(
    *, chi2: float, df: float, chi2_null: float, df_null: float, c: float = 1.0, c_null: float = 1.0
) -> float:
    """Relative noncentrality index (McDonald & Marsh 1990): CFI without truncation."""
    null = chi2_null - c_null * df_null
    return _ratio(null - (chi2 - c * df), null)


def tli(
    *, chi2: float, df: float, chi2_null: float, df_null: float, c: float = 1.0, c_null: float = 1.0
) -> float:
    """Tucker-Lewis index (Tucker & Lewis 1973), not truncated."""
    if df <= 0:
        return 1.0
    null = chi2_null - c_null * df_null
    return 1.0 - _ratio((chi2 - c * df) * df_null, null * df)


def nfi(*, chi2: float, chi2_null: float) -> float:
    """Normed fit index (Bentler & Bonett 1980)."""
    return _ratio(chi2_null - chi2, chi2_null)


def ifi(*, chi2: float, df: float, chi2_null: float) -> float:
    """Incremental fit index (Bollen 1989)."""
    return _ratio(chi2_null - chi2, chi2_null - df)


def rfi(*, chi2: float, df: float, chi2_null: float, df_null: float) -> float:
    """Relative fit index (Bollen 1986)."""
    if df == 0:
        return 1.0
    null = chi2_null / df_null
    return _ratio(null - chi2 / df, null)


def pnfi(*, chi2: float, df: float, chi2_null: float, df_null: float) -> float:
    """Parsimonious normed fit index (James, Mulaik & Brett 1982)."""
    return df / df_null * nfi(chi2=chi2, chi2_null=chi2_null)


def rmsea(*, chi2: float, df: float, n: float, groups: int = 1, c: float = 1.0) -> float:
    """Root mean square error of approximation (Steiger & Lind 1980; divisor N).

    With a scaling factor ``c`` and the unscaled statistic: robust (Brosseau-Liard et al. 2012).
    """
    return 0.0 if df <= 0 else sqrt(groups * max(chi2 - c * df, 0.0) / (n * df))


def rmsea_interval(
    *, chi2: float, df: float, n: float, groups: int = 1, level: float = 0.90
) -> tuple[float, float]:
    """Confidence limits of RMSEA, by inverting the noncentral chi-square."""
    if df <= 0:
        return 0.0, 0.0
    tail = (1.0 - level) / 2.0
    return tuple(
        sqrt(groups * noncentrality(chi2=chi2, df=df, upper_tail=p) / (n * df))
        for p in (tail, 1.0 - tail)
    )  # type: ignore[return-value]


def noncentrality(*, chi2: float, df: float, upper_tail: float) -> float:
    """The noncentrality at which a statistic of ``chi2`` or more has probability ``upper_tail``."""
    if chdtrc(df, chi2) >= upper_tail:
        return 0.0
    z = float(ndtri(1.0 - upper_tail))
    spread = 2.0 * (sqrt(max(z**2 + chi2 - df / 2.0, 0.0)) - z)
    found = max((spread**2 / 2.0 - df) / 2.0, 0.0)  # of a normal with equal mean and variance
    for _ in range(_NEWTON):
        below = float(chndtr(chi2, df, found))
        slope = 0.5 * (float(chndtr(chi2, df + 2.0, found)) - below)
        step = (below + upper_tail - 1.0) / slope if slope < 0.0 else inf
        if not 0.0 <= found - step < inf:
            break
        found -= step
        if abs(step) <= 1e-9 * found:
            return found
    return float(chndtrinc(chi2, df, 1.0 - upper_tail))


def rmsea_close(
    *, chi2: float, df: float, n: float, groups: int = 1, h0: float = 0.05, close: bool = True
) -> float:
    """p of the test of close fit (RMSEA <= h0), or of not-close fit (RMSEA >= h0)."""
    if df <= 0:
        return nan
    shift = n * df * h0**2 / groups
    lower = float(chndtr(chi2, df, shift))
    if not close:
        return lower
    return 1.0 - lower if lower < 0.99 else _upper_tail(chi2, df, shift)


def _upper_tail(chi2: float, df: float, shift: float) -> float:
    """P(noncentral chi-square > chi2) to its own digits: chi-squares mixed by Poisson weights."""
    half = shift / 2.0
    first = max(0.0, half - 12.0 * sqrt(half) - 40.0)
    middle = half + chi2 / 2.0
    j = np.arange(int(first), int(middle + 12.0 * sqrt(middle) + 40.0))
    weights = np.exp(j * log(half) - half - gammaln(j + 1.0))
    return float(weights @ chdtrc(df + 2.0 * j, chi2))


def mfi(*, chi2: float, df: float, n: float) -> float:
    """McDonald's (1989) index of noncentrality."""
    return exp(-0.5 * (chi2 - df) / n)


def hoelter(*, fmin: float, df: float, alpha: float) -> float:
    """Hoelter's (1983) critical N: the sample at which chi2 would just be significant."""
    return float(chdtri(df, alpha)) / fmin + 1.0 if df > 0 and fmin > 0 else nan


def gfi(*, residual: Array, sample: Array, weight: Array) -> float:
    """Goodness-of-fit index of one group (Joreskog & Sorbom 1984): 1 - e'We / s'Ws.

    ``sample`` (r,) stacks the modelled sample moments, ``residual`` (r,) what the model leaves of
    them, ``weight`` (r, r) or (r,) is the loss's weight at the solution.
    """
    left, total = (
        float(v @ (weight * v if weight.ndim == 1 else weight @ v)) for v in (residual, sample)
    )
    return 1.0 - left / total


def gfi_normal(
    *, S: Array, Sigma: Array, mean: Array | None = None, mu: Array | None = None
) -> float:
    """GFI with the weight of normal theory at Sigma (p, p), which need not be written out."""
    solved = whitened(Sigma)
    if solved is None:
        return nan
    K = solved[0]
    total = K @ S @ K.T
    left = total.copy()
    left.flat[:: len(left) + 1] -= 1.0
    misfit, size = 0.5 * float(np.vdot(left, left)), 0.5 * float(np.vdot(total, total))
    if mean is not None and mu is not None:
        residual, scaled = K @ (mean - mu), K @ mean
        misfit += float(residual @ residual)
        size += float(scaled @ scaled)
    return 1.0 - misfit / size


def agfi(*, gfi: float, df: float, moments: int) -> float:
    """GFI adjusted for degrees of freedom."""
    return 1.0 if df == 0 else 1.0 - moments / df * (1.0 - gfi)


def srmr(*, S: Array, Sigma: Array, first: Array | None = None) -> float:
    """Standardized root mean square residual (Bentler 1995), lavaan's default.

    ``first`` (p,) are residuals of means in standard deviations, where means are modelled.
    """
    scale = 1.0 / np.sqrt(S.diagonal())
    return _root_mean_square((S - Sigma) * (scale[:, None] * scale), first)


def crmr(*, S: Array, Sigma: Array, first: Array | None = None) -> float:
    """Correlation root mean square residual (Bollen 1989): each matrix made a correlation."""
    scale, scale_model = 1.0 / np.sqrt(S.diagonal()), 1.0 / np.sqrt(Sigma.diagonal())
    residual = S * (scale[:, None] * scale) - Sigma * (scale_model[:, None] * scale_model)
    return _root_mean_square(residual, first, diagonal=False)


def rmr(*, S: Array, Sigma: Array, first: Array | None = None) -> float:
    """Root mean square residual, in the units of the data; ``first`` as raw residuals."""
    return _root_mean_square(S - Sigma, first)


def _root_mean_square(residual: Array, first: Array | None, *, diagonal: bool = True) -> float:
    """Over the lower triangle of symmetric residuals (p, p) and ``first``, where there are any."""
    p, own = len(residual), residual.diagonal()
    square = float(own @ own)
    total = 0.5 * (float(np.vdot(residual, residual)) - square) + (square if diagonal else 0.0)
    count = p * (p + 1) // 2 if diagonal else p * (p - 1) // 2
    if first is not None:
        total, count = total + float(first @ first), count + len(first)
    return sqrt(max(total, 0.0) / count) if count else 0.0


def saturated_log_likelihood(*, logdet: float, p: int, n: float) -> float:
    """Normal log-likelihood of n rows at their own p means and covariances (divisor n).

    ``logdet`` is the log-determinant of the covariances.
    """
    return -n / 2.0 * (p * log(2.0 * pi) + logdet + p)


def aic(*, logl: float, npar: int) -> float:
    """Akaike information criterion."""
    return -2.0 * logl + 2.0 * npar


def bic(*, logl: float, npar: int, n: float) -> float:
    """Bayesian information criterion."""
    return -2.0 * logl + npar * log(n)


def sabic(*, logl: float, npar: int, n: float) -> float:
    """Sample-size adjusted BIC (Sclove 1987)."""
    return -2.0 * logl + npar * log((n + 2.0) / 24.0)


def swain(*, p: int, df: int, n: float) -> float:
    """Factor by which Swain (1975) multiplies chi-square in samples of ordinary size.

    ``p`` observed variables, one group, ``n`` the multiplier of F less 1 (N - 1). Keeps the error
    rate where the plain statistic rejects true models too often (Herzog, Boomsma & Reinecke
    2007). 1 without degrees of freedom.
    """
    if df <= 0:
        return 1.0
    q = (sqrt(1.0 + 4.0 * p * (p + 1.0) - 8.0 * df) - 1.0) / 2.0
    full = p * (2.0 * p**2 + 3.0 * p - 1.0)
    used = q * (2.0 * q**2 + 3.0 * q - 1.0)
    return 1.0 - (full - used) / (12.0 * df * n)


def ecvi(*, chi2: float, n: float, npar: int) -> float:
    """Expected cross-validation index (Browne & Cudeck 1993)."""
    return (chi2 + 2.0 * npar) / n


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom != 0.0 else nan
