"""Quasi-Newton searches of ``LANES`` draws side by side; a lane that is done takes the next draw.

The search is that of ``search.quasi_newton``, so that what a draw ends with does not depend on
its neighbours. Draws that need more than ``limit`` evaluations are left to Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import pure
from analysis.sem.resampling.factors import BLOCK, Factors, Rows, make_lanes, make_rows
from analysis.sem.resampling.finish import finish_lanes
from analysis.sem.resampling.lowrank import evaluate_lanes
from analysis.sem.resampling.newton import NOISE
from analysis.sem.resampling.plan import Index
from analysis.sem.resampling.search import GOAL
from analysis.sem.resampling.vectors import LANES, chosen, fma, load, root, spread, store

Array = NDArray[np.float64]
HISTORY = 8
ARMIJO = 1e-4
HUGE = 1e300


class Search(NamedTuple):
    """Where things of the search begin in the array that kernels work in, behind ``Rows``.

    ``r`` rows each: the point ``u``, the slope there and the step; ``HISTORY`` rows each: what the
    two loops need of the remembered steps; then a row each.
    """

    r: int
    u: int
    slope: int
    step: int
    rho: int
    alpha: int
    value: int
    length: int
    along: int
    size: int
    take: int
    end: int


def make_search(model: Factors, rows: Rows) -> Search:
    """Rows one after the other."""
    r = len(model.Ct)
    sizes = [r, r, r, HISTORY, HISTORY, 1, 1, 1, 1, 1]
    return Search(r, *np.cumsum([rows.end, *sizes]).tolist())


@dataclass(frozen=True)
class Lanes:
    """The low-rank kernels of a model with the arrays that they work in; for one thread.

    ``pairs`` (2 ``HISTORY`` r, ``LANES``): remembered steps, each with the change of the slope.
    """

    model: Factors
    rows: Rows
    at: Search
    A: Array
    pairs: Array

    @classmethod
    def of(cls, model: Factors) -> Lanes:
        """Arrays for a model."""
        rows = make_rows(model)
        at = make_search(model, rows)
        extra = max(at.end - rows.end, 2 * len(model.variable))
        return cls(
            model, rows, at, make_lanes(model, rows, extra), np.zeros((2 * HISTORY * at.r, LANES))
        )

    def search(
        self, stats: Array, limit: int, stop: NDArray[np.bool_],
        u: Array, value: Array, solved: NDArray[np.bool_], iterations: NDArray[np.int32],
    ) -> None:  # fmt: skip
        """``search_lanes``."""
        draw, used = np.full(LANES, -1), np.zeros(LANES, dtype=np.intp)
        search_lanes(
            self.model, self.rows, self.at, self.A, self.pairs, draw, used,
            stats, limit, stop, u, value, solved, iterations,
        )  # fmt: skip

    def finish(
        self, stats: Array, u: Array, solved: NDArray[np.bool_],
        theta: Array, value: Array, variances: Array, improper: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """``finish_lanes``."""
        finish_lanes(
            self.model, self.rows, self.A, stats, u, solved, theta, value, variances, improper
        )


@pure
def _load_draw(A: Array, l: int, stats: Array, p: int, rows: Rows, at: Search) -> None:
    """Lane ``l`` begins with the draw ``stats`` at u = 0."""
    for i in range(at.r):
        A[at.u + i, l] = 0.0
    for h in range(HISTORY):
        A[at.rho + h, l] = 0.0
    for i in range(p * (p + 1) // 2):
        A[rows.S + i, l] = stats[p + i]
    A[at.value, l] = np.inf
    A[at.length, l] = 0.0


@pure
def _judge(A: Array, rows: Rows, at: Search) -> None:
    """``take`` is positive where the trial point is accepted; a step refused is shortened."""
    new, old, length = load(A, rows.value), load(A, at.value), load(A, at.length)
    zero, one, noise = spread(0.0), spread(1.0), spread(NOISE)
    enough = fma(spread(ARMIJO) * length, load(A, at.along), old)
    take = enough + noise * (one + chosen(old, old, zero - old)) - new
    less = chosen(spread(HUGE) - new, spread(0.5), spread(0.25))
    store(A, at.length, chosen(take, one, less * length))
    store(A, at.value, chosen(take, new, old))
    store(A, at.take, take)


@pure
def _accept(A: Array, pairs: Array, rows: Rows, at: Search, slot: int) -> None:
    """Move the lanes that take their trial point, and remember the step in ``slot``."""
    s, zero = 2 * slot * at.r, spread(0.0)
    y = s + at.r
    take, curved, size = load(A, at.take), spread(0.0), spread(0.0)
    for i in range(at.r):
        u, trial = load(A, at.u + i), load(A, rows.u + i)
        slope, new = load(A, at.slope + i), load(A, rows.pull + i)
        step, change = chosen(take, trial - u, zero), chosen(take, new - slope, zero)
        slope = chosen(take, new, slope)
        store(pairs, s + i, step)
        store(pairs, y + i, change)
        store(A, at.u + i, chosen(take, trial, u))
        store(A, at.slope + i, slope)
        store(A, at.step + i, chosen(take, zero - slope, load(A, at.step + i)))
        curved, size = fma(step, change, curved), fma(slope, slope, size)
    store(A, at.size, root(size))
    store(A, at.rho + slot, chosen(curved, spread(1.0) / curved, zero))


@pure
def _dot(A: Array, r: int, x: int, B: Array, y: int) -> Array:
    """x' y of vectors (r,) in A and B."""
    t0 = t1 = t2 = t3 = spread(0.0)
    for i in range(0, r, BLOCK):
        t0 = fma(load(A, x + i), load(B, y + i), t0)
        t1 = fma(load(A, x + i + 1), load(B, y + i + 1), t1)
        t2 = fma(load(A, x + i + 2), load(B, y + i + 2), t2)
        t3 = fma(load(A, x + i + 3), load(B, y + i + 3), t3)
    return (t0 + t1) + (t2 + t3)


@pure
def _push(A: Array, r: int, out: int, a: Array, B: Array, x: int, y: int) -> Array:
    """out (r,) += a x; returns y' out."""
    t0 = t1 = spread(0.0)
    for i in range(0, r, 2):
        o0 = fma(a, load(B, x + i), load(A, out + i))
        o1 = fma(a, load(B, x + i + 1), load(A, out + i + 1))
        store(A, out + i, o0)
        store(A, out + i + 1, o1)
        t0 = fma(load(B, y + i), o0, t0)
        t1 = fma(load(B, y + i + 1), o1, t1)
    return t0 + t1


@pure
def _direct(A: Array, pairs: Array, at: Search, newest: int) -> None:
    """New steps for the lanes that moved: L-BFGS's two loops over the remembered pairs."""
    r, take, zero = at.r, load(A, at.take), spread(0.0)
    moved = chosen(take, spread(1.0), zero)
    pulled = _dot(A, r, at.step, pairs, 2 * newest * r)
    for back in range(HISTORY):
        h = (newest - back) % HISTORY
        alpha = load(A, at.rho + h) * moved * pulled
        store(A, at.alpha + h, alpha)
        y = (2 * h + 1) * r
        before = y if back == HISTORY - 1 else 2 * ((h - 1) % HISTORY) * r
        pulled = _push(A, r, at.step, zero - alpha, pairs, y, before)
    for forth in range(HISTORY):
        h = (newest + 1 + forth) % HISTORY
        weight = load(A, at.alpha + h) - load(A, at.rho + h) * moved * pulled
        after = (2 * ((h + 1) % HISTORY) + 1) * r
        pulled = _push(A, r, at.step, weight, pairs, 2 * h * r, after)
    store(A, at.along, _dot(A, r, at.step, A, at.slope))
    for l in range(LANES):
        if not A[at.along, l] < 0.0:  # steepest descent where the step does not lead down
            A[at.along, l] = -(A[at.size, l] ** 2)
            for i in range(r):
                A[at.step + i, l] = -A[at.slope + i, l]
            for h in range(HISTORY):
                A[at.rho + h, l] = 0.0


@pure
def _try(A: Array, rows: Rows, at: Search) -> None:
    length = load(A, at.length)
    for i in range(at.r):
        store(A, rows.u + i, fma(length, load(A, at.step + i), load(A, at.u + i)))


@pure
def search_lanes(
    model: Factors, rows: Rows, at: Search, A: Array, pairs: Array, draw: Index, used: Index,
    stats: Array, limit: int, stop: NDArray[np.bool_],
    u: Array, value: Array, solved: NDArray[np.bool_], iterations: NDArray[np.int32],
) -> int:  # fmt: skip
    """Minimize F for draws ``stats``; fills u (D, r), F without its constant, and who is solved.

    Returns how many draws had begun until ``stop[0]``; those still at work then are unsolved.
    """
    r, D = u.shape[1], len(stats)
    working = following = min(D, LANES)
    for l in range(LANES):
        _load_draw(A, l, stats[min(l, D - 1), 0], model.p, rows, at)
        draw[l] = l if l < D else -1
    count = 0
    while working > 0 and not stop[0]:
        _try(A, rows, at)
        evaluate_lanes(model, rows, A)
        _judge(A, rows, at)
        _accept(A, pairs, rows, at, count % HISTORY)
        _direct(A, pairs, at, count % HISTORY)
        for l in range(LANES):
            d = draw[l]
            if d < 0:
                continue
            used[l] += 1
            done = A[at.size, l] < GOAL and A[at.value, l] < np.inf
            if done or used[l] >= limit or A[at.value, l] == np.inf:
                for i in range(r):
                    u[d, i] = A[at.u + i, l] + (A[at.step + i, l] if done else 0.0)
                value[d], solved[d], iterations[d] = A[at.value, l], done, used[l]
                draw[l], used[l] = -1, 0
                if following < D:
                    draw[l] = following
                    _load_draw(A, l, stats[following, 0], model.p, rows, at)
                    following += 1
                else:
                    working -= 1
        count += 1
    return following
