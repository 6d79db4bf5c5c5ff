"""Quasi-Newton searches of ``LANES`` draws side by side; a lane that is done takes the next draw.

The search is that of ``search.quasi_newton``, so that what a draw ends with does not depend on
its neighbours. Draws that need more than ``limit`` evaluations are left to Newton's method.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.lowrank import LANES, Factors, Rows, evaluate_lanes
from analysis.sem.resampling.newton import NOISE
from analysis.sem.resampling.search import GOAL

Array = NDArray[np.float64]
HISTORY = 8


class State(NamedTuple):
    """Where each lane's search is; draw -1 is an idle lane, ``used`` counts its evaluations."""

    u: Array
    slope: Array
    value: Array
    trial: Array
    new_slope: Array
    new_value: Array
    step: Array
    length: Array
    along: Array
    size: Array
    take: Array
    s: Array
    y: Array
    rho: Array
    alpha: Array
    draw: NDArray[np.intp]
    used: NDArray[np.intp]


@kernel
def _make_state(r: int) -> State:
    return State(
        np.zeros((r, LANES)), np.zeros((r, LANES)), np.zeros(LANES), np.zeros((r, LANES)),
        np.zeros((r, LANES)), np.zeros(LANES), np.zeros((r, LANES)), np.zeros(LANES),
        np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros((HISTORY, r, LANES)),
        np.zeros((HISTORY, r, LANES)), np.zeros((HISTORY, LANES)), np.zeros((HISTORY, LANES)),
        np.full(LANES, -1), np.zeros(LANES, dtype=np.intp),
    )  # fmt: skip


@kernel
def _load(l: int, draw: int, stats: Array, p: int, state: State, S: Array) -> None:
    """Lane ``l`` begins with ``draw`` at u = 0, or rests on what it has where draw is -1."""
    state.draw[l] = draw
    state.used[l] = 0
    for i in range(len(state.u)):
        state.u[i, l] = 0.0
        state.trial[i, l] = 0.0
        state.step[i, l] = 0.0
    for h in range(HISTORY):
        state.rho[h, l] = 0.0
    if draw >= 0:
        for i in range(len(S)):
            S[i, l] = stats[draw, 0, p + i]


@kernel
def _judge(state: State) -> None:
    """``take``: 1 where the trial point is accepted; a step refused is shortened."""
    for l in range(LANES):
        new, old = state.new_value[l], state.value[l]
        first = state.used[l] == 0
        state.used[l] += 1
        enough = old + 1e-4 * state.length[l] * state.along[l] + NOISE * (1.0 + abs(old))
        good = np.isfinite(new) and (first or new <= enough)
        state.take[l] = 1.0 if good else 0.0
        if not good:
            state.length[l] *= 0.5 if np.isfinite(new) else 0.25


@kernel
def _accept(state: State, slot: int) -> None:
    """Move the lanes that take their trial point, and remember the step in ``slot``."""
    s, y, rho, take = state.s[slot], state.y[slot], state.rho[slot], state.take
    rho[:] = 0.0
    for i in range(len(state.u)):
        si, yi, u, trial = s[i], y[i], state.u[i], state.trial[i]
        slope, new = state.slope[i], state.new_slope[i]
        for l in range(LANES):
            go = take[l] > 0.0
            si[l] = trial[l] - u[l] if go else 0.0
            yi[l] = new[l] - slope[l] if go else 0.0
            u[l] = trial[l] if go else u[l]
            slope[l] = new[l] if go else slope[l]
            rho[l] += si[l] * yi[l]
    for l in range(LANES):
        pair = take[l] > 0.0 and state.used[l] > 1 and rho[l] > 0.0
        rho[l] = 1.0 / rho[l] if pair else 0.0
        if take[l] > 0.0:
            state.value[l] = state.new_value[l]
            state.length[l] = 1.0


@kernel
def _direct(state: State, newest: int) -> None:
    """New steps for the lanes that moved: L-BFGS's two loops over the remembered pairs."""
    r, take, step, size, along = len(state.u), state.take, state.step, state.size, state.along
    size[:] = 0.0
    along[:] = 0.0
    for i in range(r):
        slope, out = state.slope[i], step[i]
        for l in range(LANES):
            out[l] = -slope[l] if take[l] > 0.0 else out[l]
            size[l] += slope[l] * slope[l]
    for back in range(2 * HISTORY):
        forth = back >= HISTORY
        h = (newest - (2 * HISTORY - 1 - back if forth else back)) % HISTORY
        s, y, rho, alpha = state.s[h], state.y[h], state.rho[h], state.alpha[h]
        a, pull, push = state.new_value, y if forth else s, s if forth else y
        a[:] = 0.0
        for i in range(r):
            out, x = step[i], pull[i]
            for l in range(LANES):
                a[l] += x[l] * out[l]
        for l in range(LANES):
            weight = rho[l] * take[l] * a[l]
            a[l] = alpha[l] - weight if forth else -weight
            if not forth:
                alpha[l] = weight
        for i in range(r):
            out, x = step[i], push[i]
            for l in range(LANES):
                out[l] += a[l] * x[l]
    for i in range(r):
        slope, out = state.slope[i], step[i]
        for l in range(LANES):
            along[l] += slope[l] * out[l]
    _secure(state)


@kernel
def _secure(state: State) -> None:
    """Steepest descent where the step does not lead down."""
    for l in range(LANES):
        state.size[l] = np.sqrt(state.size[l])
        if not state.along[l] < 0.0:
            state.along[l] = -(state.size[l] ** 2)
            for i in range(len(state.u)):
                state.step[i, l] = -state.slope[i, l]
            for h in range(HISTORY):
                state.rho[h, l] = 0.0


@kernel
def _try(state: State) -> None:
    for i in range(len(state.u)):
        trial, u, step = state.trial[i], state.u[i], state.step[i]
        for l in range(LANES):
            trial[l] = u[l] + state.length[l] * step[l]


@kernel
def search_lanes(
    model: Factors, at: Rows, stats: Array, limit: int, stop: NDArray[np.bool_],
    u: Array, value: Array, solved: NDArray[np.bool_], iterations: NDArray[np.int32],
) -> int:  # fmt: skip
    """Minimize F for draws ``stats``; fills u (D, r), F without its constant, and who is solved.

    Returns how many draws had begun until ``stop[0]``; those still at work then are unsolved.
    """
    r, D = u.shape[1], len(stats)
    state, A = _make_state(r), np.zeros((at.end, LANES))
    S = A[at.S : at.x]
    following = min(D, LANES)
    for l in range(LANES):
        _load(l, min(l, D - 1), stats, model.p, state, S)
        state.draw[l] = l if l < D else -1
    working, count = following, 0
    while working > 0 and not stop[0]:
        evaluate_lanes(model, at, A, state.trial, state.new_value, state.new_slope)
        _judge(state)
        _accept(state, count % HISTORY)
        _direct(state, count % HISTORY)
        for l in range(LANES):
            d = state.draw[l]
            if d < 0:
                continue
            done = state.size[l] < GOAL and state.value[l] < np.inf
            if done or state.used[l] >= limit or (state.used[l] == 1 and state.take[l] == 0.0):
                for i in range(r):
                    u[d, i] = state.u[i, l] + (state.step[i, l] if done else 0.0)
                value[d], solved[d], iterations[d] = state.value[l], done, state.used[l]
                _load(l, following if following < D else -1, stats, model.p, state, S)
                working -= 1 if following >= D else 0
                following += 1 if following < D else 0
        _try(state)
        count += 1
    return following
