"""Draws that kernels do not cover: a whole estimation each, in processes.

Full information ML, ordered items, least squares, inequalities and bounds take this path. Each
draw is prepared as ``sem()`` prepares data, and searched from the solution's estimates first.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.admissible import admissibility
from analysis.sem.constraints import Bindings
from analysis.sem.fit import Bounds, Fit, fit, make_objective
from analysis.sem.model import Model, compile_model
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.optimize import minimize
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.draws import Normal, fill_counts, stream_key
from analysis.sem.resampling.refit import CONVERGED, FAILED, IMPROPER
from analysis.sem.resampling.runner import Done, Progress, cores, run
from analysis.sem.standardize import Standardizer, fixed_values, row_values

Array = NDArray[np.float64]
TASK = 4
FEW = 16


@dataclass(frozen=True)
class Redraw:
    """Moments of respondents drawn again: ``units`` (n,) number what is drawn, by group."""

    moments: Moments
    fit: Fit
    seed: int
    wishart: bool
    units: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, fitted: Fit, groups: tuple[GroupMoments, ...], seed: int, wishart: bool) -> Redraw:
        """From the answers of ``groups``; clusters are drawn whole."""
        units = []
        for g in groups:
            if g.answers is None:
                raise ModelError(message("sem.rows_needed"))
            cluster = g.answers.cluster
            n = len(g.answers.rows)
            found = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
            units.append(found.astype(np.intp))
        return cls(Moments(fitted.moments.names, groups), fitted, seed, wishart, tuple(units))

    def __call__(self, draw: int) -> Moments:
        """Moments of one draw, prepared as the fit's own were."""
        rows, labels, weights = [], list[str](), []
        for g, (sample, units) in enumerate(zip(self.moments.groups, self.units, strict=True)):
            assert sample.answers is not None
            counts = np.empty((1, units.max() + 1))
            fill_counts(stream_key(self.seed, g), draw, counts)
            taken = np.repeat(np.arange(len(units)), counts[0, units].astype(int))
            rows.append(sample.answers.rows[taken])
            labels += [sample.label] * len(taken)
            if sample.answers.weights is not None:
                weights.append(sample.answers.weights[taken])
        drawn = Moments.from_data(
            np.concatenate(rows),
            self.moments.names,
            group=labels,
            weights=np.concatenate(weights) if weights else None,
        )
        return self._prepared(drawn)

    def _prepared(self, drawn: Moments) -> Moments:
        table, own = self.fit.model.partable, self.fit.moments.groups[0]
        if own.patterns is not None:
            covariates = table.exogenous_observed if table.options.fixed_x else ()
            return drawn.full_information(covariates)
        if own.ordinal is not None:
            return drawn.categorical(table.options.ordered)
        unbiased = self.wishart or self.fit.loss != "ML"
        return drawn.complete().rescaled("wishart" if unbiased else "normal")


@dataclass(frozen=True)
class ParametricRedraw:
    """Moments of normal samples, for losses that need no answers."""

    fit: Fit
    source: Normal

    def __call__(self, draw: int) -> Moments:
        """Moments of one draw."""
        number, at = divmod(draw, self.source.block)
        batch = self.source(number)
        groups = [
            replace(g, cov=S, mean=mean, answers=None)
            for g, S, mean in zip(
                self.fit.moments.groups, batch.covariances[at], batch.means[at], strict=True
            )
        ]
        return Moments(self.fit.moments.names, tuple(groups))


@dataclass(frozen=True)
class Draw:
    """One draw's estimates; ``raw`` and ``std_all`` (rows,) are all rows of the parameter table.

    ``stats`` (groups, p + p (p + 1) / 2) are the sample moments as ``Batch`` holds them.
    """

    theta: Array
    value: float
    status: int
    iterations: int
    raw: Array
    std_all: Array
    stats: Array


def estimate(fitted: Fit, moments: Moments) -> Draw | None:
    """The model estimated on one draw, from the solution's estimates first; None without."""
    model = compile_model(fitted.model.partable, moments)
    objective = make_objective(model, moments, fitted.loss)
    best = minimize(objective, fitted.theta, fitted.constraints)
    if not best.converged:
        bounds: Bounds = "pos.var" if fitted.constraints.lower else "none"
        best = fit(model, moments, loss=fitted.loss, bounds=bounds).optimum
    if not best.converged:
        return None
    improper = admissibility(model, objective, best.theta)
    raw, std_all = table_rows(model, fitted.constraints.bindings, best.theta)
    status = IMPROPER if improper else CONVERGED
    stats = Batch.of_moments(moments).stats[0]
    return Draw(best.theta, best.value, status, best.iterations, raw, std_all, stats)


def table_rows(model: Model, bindings: Bindings, theta: Array) -> tuple[Array, Array]:
    """Raw and std.all values of all rows of the parameter table."""
    raw = np.real(row_values(model, theta, fixed_values(model))).astype(float)
    definitions = iter(np.real(bindings.definitions(theta)))
    for i, row in enumerate(model.partable.rows):
        if row.op == ":=":
            raw[i] = next(definitions)
    std = np.real(Standardizer(model, latent_only=False)(theta)).astype(float)
    return raw, std


@dataclass(frozen=True)
class Job:
    """The draws of a bootstrap, ``TASK`` at a time, in this process or another."""

    redraw: Callable[[int], Moments]
    fit: Fit
    draws: int

    def __call__(self, number: int) -> list[Draw]:
        """One task's draws, or those of them until told to stop."""
        found = []
        for draw in range(number * TASK, min((number + 1) * TASK, self.draws)):
            if _halted():
                break
            found.append(self._one(draw))
        return found

    def _one(self, draw: int) -> Draw:
        with suppress(ModelError, np.linalg.LinAlgError):  # such as an item without variance
            found = estimate(self.fit, self.redraw(draw))
            if found is not None:
                return found
        rows = np.full(len(self.fit.model.partable.rows), np.nan)
        stats = np.full_like(Batch.of_moments(self.fit.moments).stats[0], np.nan)
        return Draw(np.full(self.fit.model.q, np.nan), np.nan, FAILED, 0, rows, rows, stats)


_state: dict[str, Any] = {}


def _begin(job: Job, halt: Any) -> None:
    """In each worker process: the job it works on, and Ctrl-C left to the main process."""
    _state.update(job=job, halt=halt)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _halted() -> bool:
    return bool(_state["halt"].is_set()) if "halt" in _state else False


def _work(number: int) -> list[Draw]:
    found: list[Draw] = _state["job"](number)
    return found


def run_general(job: Job, *, workers: int | None, bar: Progress | None) -> Done[list[Draw]]:
    """All draws of a job, over processes where that is worth their start."""
    tasks = -(-job.draws // TASK)
    workers = min(workers or cores(), tasks)
    alone = job.draws <= FEW or workers == 1 or multiprocessing.current_process().daemon
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    halt = threading.Event() if alone else context.Event()
    executor: Executor
    if alone:
        _state.update(job=job, halt=halt)
        executor = ThreadPoolExecutor(max_workers=1)
    else:
        executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin, initargs=(job, halt)
        )
    try:
        return run(executor, _work, tasks, size=len, halt=halt.set, bar=bar)
    finally:
        _state.clear()
