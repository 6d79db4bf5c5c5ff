"""Bootstrap intervals of fit indices, and the bootstrap p-value of the chi-square.

A plain bootstrap inflates the noncentrality: every draw has the sample's misfit and its own on
top. Draws for intervals therefore come from a population that the model misses by the estimated
misfit, no more (Yuan, Hayashi & Yanagihara 2007; Zhang & Savalei 2016). They recommend it for
RMSEA and CFI and warn of intervals for SRMR, which has none here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from analysis.sem import Solution
from analysis.sem.fit import Fit, given
from analysis.sem.resampling import CONVERGED, FAILED, IMPROPER, Batch, bootstrap, limits, refit
from analysis.sem.resampling.draws import Normal, Resampler, bollen_stine, units_of
from analysis.sem.resampling.paths import wishart
from analysis.sem.resampling.plan import Plan, compilable
from analysis.sem.resampling.refit import Prepared, prepare

Array = NDArray[np.float64]
Index = Literal["rmsea", "cfi", "tli"]
Source = Literal["respondents", "normal"]
LEVEL = 0.90
"""Of the intervals, as is usual for RMSEA."""

INTERVAL = "90% CI [Yuan, Hayashi & Yanagihara 2007, percentile]"
P_VALUE = "p [Bollen & Stine 1992]"
P_PARAMETRIC = "p [parametric bootstrap of chi2]"


@dataclass(frozen=True)
class Counts:
    """How the refits of one set of draws ended."""

    draws: int
    converged: int
    improper: int
    failed: int

    @classmethod
    def of(cls, status: NDArray[np.int8]) -> Counts:
        """From the refits' status (D,)."""
        found = [int((status == code).sum()) for code in (CONVERGED, IMPROPER, FAILED)]
        return cls(len(status), *found)


@dataclass(frozen=True)
class IndexInterval:
    """A fit index with its percentile interval."""

    name: Index
    est: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True)
class FitBootstrap:
    """Intervals of fit indices and the bootstrap p of the chi-square.

    ``source`` says whether respondents were drawn (Bollen & Stine's p) or normal samples (a
    parametric p). ``misfit`` is the estimated F of the population that the intervals' draws come
    from; ``counts`` and ``p_counts`` are of the two sets of draws.
    """

    source: Source
    p: float
    chisq: float
    df: int
    indices: tuple[IndexInterval, ...]
    misfit: float
    counts: Counts
    p_counts: Counts


def fit_bootstrap(solution: Solution, *, draws: int, seed: int) -> FitBootstrap | None:
    """Intervals of RMSEA, CFI and TLI, and the bootstrap p of the chi-square.

    None for other losses than complete-data maximum likelihood, models without degrees of freedom
    or without a proper minimum, and fewer draws than one. Under corrected tests there is a p but
    no interval, because the noncentrality is then not T - df.

    Parameters
    ----------
    solution : an admissible solution; respondents are drawn where there are any, else normal
        samples from the implied moments.
    draws, seed : number of draws of either set, and where random numbers start.
    """
    fit, test = solution.fit, solution.inference.test
    if not (draws and solution.outcome.admissible and compilable(fit) and test.df > 0):
        return None
    rows = all(g.answers is not None for g in fit.moments.groups)
    exact = bootstrap(
        solution, draws=draws, seed=seed, kind="bollen-stine" if rows else "parametric",
        progress=False,
    )  # fmt: skip
    reached = int((exact.chisq >= test.stat).sum())
    target = max(fit.value - test.df / solution.inference.n_scale, 0.0)
    found: tuple[IndexInterval, ...] = ()
    counts = exact.refits.status[:0]
    if solution.inference.correction is None and not given(fit.model):
        prepared = prepare(fit)
        values, counts = _drawn(
            solution, prepared, missed_share(fit, prepared, target), draws, seed
        )
        found = _intervals(solution, values[counts != FAILED])
    return FitBootstrap(
        "respondents" if rows else "normal",
        (reached + 1.0) / (len(exact.chisq) + 1.0),
        test.stat,
        int(test.df),
        found,
        target,
        Counts.of(counts),
        Counts.of(exact.refits.status),
    )


def missed_share(fit: Fit, prepared: Prepared, target: float) -> float:
    """How much of the sample's moments leaves a minimum of F at ``target``: 0 none, 1 all."""
    if target <= 0.0:
        return 0.0

    def beyond(share: float) -> float:
        return float(refit(fit, _mixed(fit, share), prepared=prepared).value[0]) - target

    return float(brentq(beyond, 0.0, 1.0, xtol=1e-10))


def _mixed(fit: Fit, share: float) -> Batch:
    """Moments between the implied ones (share 0) and the sample's (share 1)."""
    own = Batch.of_moments(fit.moments)
    at = fit.objective.implied(fit.theta)
    groups = tuple(
        replace(g, cov=state.Sigma, mean=state.mu if fit.model.meanstructure else g.mean)
        for g, state in zip(fit.moments.groups, at, strict=True)
    )
    implied = Batch.of_moments(replace(fit.moments, groups=groups))
    return Batch(share * own.stats + (1.0 - share) * implied.stats, own.p)


def _drawn(
    solution: Solution, prepared: Prepared, share: float, draws: int, seed: int
) -> tuple[Array, NDArray[np.int8]]:
    """Indices (draws, 3) in the order RMSEA, CFI, TLI, and how each refit ended (draws,)."""
    fit = solution.fit
    unbiased = wishart(solution)
    source: Resampler | Normal
    if all(g.answers is not None for g in fit.moments.groups):
        source = Resampler(units_of(bollen_stine(fit, share), wishart=unbiased), seed)
    else:
        source = Normal.of(fit, seed, wishart=unbiased, share=share)
    parts, ends = [], []
    for batch in _blocks(source, draws):
        found = refit(fit, batch, prepared=prepared)
        parts.append(_indices(solution, prepared.plan, found.value, batch))
        ends.append(found.status)
    return np.concatenate(parts), np.concatenate(ends)


def _blocks(source: Resampler | Normal, draws: int) -> Iterator[Batch]:
    for number, first in enumerate(range(0, draws, source.block)):
        yield source(number)[: min(source.block, draws - first)]


def _indices(solution: Solution, plan: Plan, value: Array, batch: Batch) -> Array:
    """RMSEA, CFI and TLI (D, 3) of refits with minima ``value`` (D,)."""
    n, df = solution.inference.n_scale, solution.inference.test.df
    S = batch.covariances
    variances = np.diagonal(S, axis1=-2, axis2=-1)
    apart = np.log(variances).sum(axis=-1) - np.linalg.slogdet(S)[1]
    null = n * (apart @ plan.weight)
    df_null = solution.measures["baseline.df"].value
    T = n * value
    excess = np.maximum(T - df, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rmsea = np.sqrt(solution.inference.groups * excess / (n * df))
        worst = np.maximum(excess, np.maximum(null - df_null, 0.0))
        cfi = np.where(worst > 0, 1.0 - excess / worst, 1.0)
        tli = 1.0 - (T - df) / df * df_null / (null - df_null)
    return np.stack([rmsea, cfi, tli], axis=1)


def _intervals(solution: Solution, found: Array) -> tuple[IndexInterval, ...]:
    names: tuple[Index, ...] = ("rmsea", "cfi", "tli")
    own = np.array([solution.measures[name].value for name in names])
    low, high = limits("percentile", found, own, level=LEVEL)
    return tuple(
        IndexInterval(name, float(own[i]), float(low[i]), float(high[i]))
        for i, name in enumerate(names)
    )
