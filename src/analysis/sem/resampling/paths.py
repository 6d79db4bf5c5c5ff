"""The two ways from a solution to its refits: compiled kernels, or a whole estimation a draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from analysis.errors import ModelError, message
from analysis.sem.constraints import Bindings
from analysis.sem.fit import Fit
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.draws import Normal, Resampler, bollen_stine, units_of
from analysis.sem.resampling.general import Job, ParametricRedraw, Redraw, run_general, table_rows
from analysis.sem.resampling.quantities import Quantities, quantities, shown_rows
from analysis.sem.resampling.refit import Refits, prepare, refit
from analysis.sem.resampling.runner import Progress, run, threads
from analysis.sem.solution import Solution

BootstrapKind = Literal["nonparametric", "parametric", "normal", "bollen-stine"]
BLOCKS = 5  # a task; larger samples have smaller blocks
KEPT = 256
Found = tuple[Refits, Quantities, bool]


def fast(
    solution: Solution,
    draws: int,
    kind: BootstrapKind,
    seed: int,
    workers: int | None,
    bar: Progress | None,
) -> Found:
    """Compiled kernels over threads, a fixed number of blocks of draws a task."""
    fit, prepared, stop = solution.fit, prepare(solution.fit), np.zeros(1, dtype=np.bool_)
    source = _source(solution, kind, seed)

    rows = tuple(fit.model.partable.rows[i] for i in shown_rows(fit))
    refits, values = Refits.room(prepared.plan, draws), Quantities.room(rows, draws)

    def task(number: int) -> slice:
        first = number * BLOCKS
        left = draws - first * source.block
        batch = source(first, min(BLOCKS, -(-left // source.block)))[:left]
        found = refit(fit, batch, prepared=prepared, stop=stop)
        begin = first * source.block
        part = slice(begin, begin + len(found))
        refits.put(part, found)
        values.put(part, quantities(fit, batch[: len(found)], found.theta, found.variances))
        return part

    def halt() -> None:
        stop[0] = True

    tasks = -(-draws // (BLOCKS * source.block))
    done = run(
        threads(workers), task, tasks, size=lambda part: part.stop - part.start, halt=halt, bar=bar
    )
    if not done.interrupted:
        return refits, values, False
    kept = np.concatenate([[], *(np.arange(p.start, p.stop) for p in done.results)]).astype(int)
    return refits[kept], values[kept], True


def general(
    solution: Solution,
    draws: int,
    kind: BootstrapKind,
    seed: int,
    workers: int | None,
    bar: Progress | None,
) -> Found:
    """One whole estimation a draw."""
    fit = solution.fit
    plain = all(g.patterns is None and g.ordinal is None for g in fit.moments.groups)
    if kind != "nonparametric" and not plain:
        raise ModelError(message("resampling.complete_only", kind=kind))
    redraw: Redraw | ParametricRedraw
    if kind in ("parametric", "normal"):
        share = float(kind == "normal")
        source = Normal.of(fit, seed, wishart=_unbiased(solution), share=share)
        redraw = ParametricRedraw(fit, source)
    else:
        groups = bollen_stine(fit) if kind == "bollen-stine" else fit.moments.groups
        redraw = Redraw.of(fit, groups, seed, wishart(solution))
    done = run_general(Job(redraw, fit, draws), workers=workers, bar=bar)
    found = [draw for task in done.results for draw in task]
    q, rows = fit.model.q, len(fit.model.partable.rows)
    keep, own = shown_rows(fit), Batch.of_moments(fit.moments)
    refits = Refits(
        np.array([d.theta for d in found]).reshape(-1, q),
        np.array([d.value for d in found], dtype=float),
        np.array([d.status for d in found], dtype=np.int8),
        np.array([d.iterations for d in found], dtype=np.int32),
        np.empty((len(found), 0, 2, 0)),
        np.array([d.stats for d in found]).reshape(len(found), *own.stats.shape[1:]),
    )
    values = Quantities(
        tuple(fit.model.partable.rows[i] for i in keep),
        np.array([d.raw for d in found]).reshape(-1, rows)[:, keep],
        np.array([d.std_all for d in found]).reshape(-1, rows)[:, keep],
    )
    return refits, values, done.interrupted


def samples(
    solution: Solution, refits: Refits, kind: BootstrapKind, seed: int
) -> Iterator[tuple[slice, Batch]]:
    """Sample moments of all draws, block by block; made again from the seed where not kept."""
    if refits.stats is not None:
        for first in range(0, len(refits), KEPT):
            part = slice(first, min(first + KEPT, len(refits)))
            yield part, Batch(refits.stats[part], len(solution.names))
        return
    source = _source(solution, kind, seed)
    for number, first in enumerate(range(0, len(refits), source.block)):
        part = slice(first, min(first + source.block, len(refits)))
        yield part, source(number)[: part.stop - part.start]


def _source(solution: Solution, kind: BootstrapKind, seed: int) -> Resampler | Normal:
    fit, unbiased = solution.fit, wishart(solution)
    if kind in ("parametric", "normal"):
        return Normal.of(fit, seed, wishart=unbiased, share=float(kind == "normal"))
    groups = bollen_stine(fit) if kind == "bollen-stine" else fit.moments.groups
    return Resampler(units_of(groups, wishart=unbiased), seed)


def wishart(solution: Solution) -> bool:
    """Whether the fit is ML with divisor n - 1."""
    return solution.fit.loss == "ML" and _unbiased(solution)


def _unbiased(solution: Solution) -> bool:
    return solution.inference.n_scale < solution.fit.moments.n


def point(fit: Fit) -> Quantities:
    """The solution's own rows, as one draw."""
    raw, std = table_rows(fit.model, Bindings.of(fit.model), fit.theta)
    keep = shown_rows(fit)
    rows = tuple(fit.model.partable.rows[i] for i in keep)
    return Quantities(rows, raw[None, keep], std[None, keep])
