"""Replications of a study: samples drawn from the population, the model fitted to each."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError
from analysis.methods.power.intervals import Found, Reader
from analysis.methods.power.scenario import Scenario
from analysis.methods.power.targets import Target
from analysis.rng import generator
from analysis.sem import sem
from analysis.sem.resampling import CONVERGED, FAILED, IMPROPER, refit
from analysis.sem.resampling.plan import compilable
from analysis.sem.resampling.refit import Prepared, prepare
from analysis.sem.resampling.runner import cores, run, threads
from analysis.sem.simulation import Sampler, covariances

Array = NDArray[np.float64]
BLOCK = 256
SMALL_BLOCK = 8


@dataclass(frozen=True)
class Replications:
    """Replications with ``n`` respondents: ``status`` (D,), and what they found."""

    n: int
    status: NDArray[np.int8]
    found: Found

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which ended in a minimum with standard errors, proper or not."""
        return np.asarray((self.status != FAILED) & np.isfinite(self.found.se).all(axis=1))

    @property
    def converged(self) -> float:
        """Share of replications that ended in a minimum."""
        return float((self.status != FAILED).mean())

    @property
    def improper(self) -> float:
        """Share of replications with a negative variance or the like."""
        return float((self.status == IMPROPER).mean())

    def significant(self, j: int) -> NDArray[np.bool_]:
        """In which of those done the interval of a target leaves out zero."""
        low, high = self.found.low[self.done, j], self.found.high[self.done, j]
        return np.asarray((low > 0.0) | (high < 0.0))


def replicate(
    scenario: Scenario, n: int, replications: int, *, workers: int | None = None
) -> Replications:
    """Draw and fit ``replications`` samples of ``n`` respondents.

    Maximum likelihood of complete answers goes through the compiled refits on all cores, all else
    through one estimation each in processes. The result does not depend on ``workers``.
    """
    sampler = scenario.sampler(n)
    base = scenario.base
    kernels = scenario.estimator in (None, "ML") and sampler.complete and not sampler.ordered
    task: Callable[[int], tuple[NDArray[np.int8], Found]]
    executor: Executor
    if kernels and compilable(base.fit):
        size = BLOCK
        task = partial(_compiled, scenario, sampler, prepare(base.fit), replications)
        executor = threads(workers)
    else:
        size = SMALL_BLOCK
        task = partial(_whole, scenario, sampler, replications)
        executor = _processes(workers, -(-replications // size))
    blocks = -(-replications // size)
    done = run(executor, task, blocks, size=lambda x: len(x[0]), halt=lambda: None, bar=None)
    status = np.concatenate([s for s, _ in done.results])
    parts = [f for _, f in done.results]
    found = Found(
        *(np.concatenate([getattr(f, k) for f in parts]) for k in ("est", "se", "low", "high"))
    )
    return Replications(n, status, found)


def _compiled(
    scenario: Scenario, sampler: Sampler, prepared: Prepared, replications: int, number: int
) -> tuple[NDArray[np.int8], Found]:
    """One block by the compiled kernels."""
    first = number * BLOCK
    batch = sampler.batch(min(BLOCK, replications - first), first=first)
    fit = scenario.base.fit
    refits = refit(fit, batch, prepared=prepared)
    vcov = covariances(fit, batch, refits, float(sum(sampler.n)), plan=prepared.plan)
    reader = Reader.of(fit.model, scenario.targets)
    random = generator(scenario.seed, "power", sum(sampler.n), number)
    return refits.status, reader.read(refits.theta, vcov, scenario.alpha, random)


def _whole(
    scenario: Scenario, sampler: Sampler, replications: int, number: int
) -> tuple[NDArray[np.int8], Found]:
    """One block, an estimation each."""
    found, status = [], []
    for r in range(number * SMALL_BLOCK, min((number + 1) * SMALL_BLOCK, replications)):
        one, how = _one(scenario, sampler, r)
        found.append(one)
        status.append(how)
    joined = Found(
        *(np.concatenate([getattr(f, k) for f in found]) for k in ("est", "se", "low", "high"))
    )
    return np.array(status, dtype=np.int8), joined


def _one(scenario: Scenario, sampler: Sampler, r: int) -> tuple[Found, int]:
    random = generator(scenario.seed, "power", sum(sampler.n), r)
    with suppress(ModelError, np.linalg.LinAlgError):  # such as an item that all answer alike
        solution = sem(
            scenario.syntax,
            sampler.moments(r),
            estimator=scenario.estimator,
            ordered=sampler.ordered,
        )
        vcov = solution.inference.vcov
        if solution.outcome.estimated and vcov is not None:
            reader = Reader.of(solution.fit.model, scenario.targets)
            found = reader.read(solution.fit.theta[None], vcov[None], scenario.alpha, random)
            return found, CONVERGED if solution.outcome.admissible else IMPROPER
    return Found(*(np.full((1, len(scenario.targets)), nan) for _ in range(4))), FAILED


def _processes(workers: int | None, tasks: int) -> Executor:
    workers = min(workers or cores(), tasks)
    if workers == 1 or multiprocessing.current_process().daemon:
        return ThreadPoolExecutor(max_workers=1)
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_deaf)


def _deaf() -> None:
    """Ctrl-C is left to the main process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True)
class Row:
    """One target over the replications at one sample size, as Mplus lists its Monte Carlo runs.

    ``mean`` and ``sd`` of the estimates; ``se`` their average standard error; ``bias`` relative
    to the population value (absolute ``mean - value`` where that is zero); ``se_bias`` of the
    average standard error relative to ``sd``; ``mse``; ``coverage`` of the intervals; ``power``,
    the share that is significant, with its Wilson limits ``low`` and ``high``; ``used``
    replications.
    """

    target: Target
    n: int
    mean: float
    sd: float
    se: float
    bias: float
    se_bias: float
    mse: float
    coverage: float
    power: float
    low: float
    high: float
    used: int


def rows_of(replications: Replications, targets: Sequence[Target]) -> tuple[Row, ...]:
    """The summary of every target; NaN where nothing was found."""
    keep = replications.done
    used, found = int(keep.sum()), replications.found
    rows = []
    for j, t in enumerate(targets):
        if used < 2:
            rows.append(Row(t, replications.n, *(nan,) * 10, used))
            continue
        est, low, high = found.est[keep, j], found.low[keep, j], found.high[keep, j]
        mean, sd, se = float(est.mean()), float(est.std(ddof=1)), float(found.se[keep, j].mean())
        hits = int(replications.significant(j).sum())
        bias = mean - t.value if t.null else (mean - t.value) / t.value
        rows.append(
            Row(
                t, replications.n, mean, sd, se, bias, se / sd - 1.0,
                float(((est - t.value) ** 2).mean()),
                float(((low <= t.value) & (t.value <= high)).mean()),
                hits / used, *wilson(hits, used), used,
            )
        )  # fmt: skip
    return tuple(rows)


def wilson(hits: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's (1927) limits of a share."""
    if trials == 0:
        return nan, nan
    share, square = hits / trials, z * z
    center = (share + square / (2.0 * trials)) / (1.0 + square / trials)
    spread = share * (1.0 - share) / trials + square / (4.0 * trials**2)
    half = z * spread**0.5 / (1.0 + square / trials)
    return max(center - half, 0.0), min(center + half, 1.0)
