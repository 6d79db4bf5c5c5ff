"""The search for one draw: quasi-Newton steps, then Newton's for hard draws, then retries.

All run in the coordinates u of the plan. There the norm of the slope is, near the estimates, the
Newton decrement, whose square is twice the decrease of F still to be had.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.dense import Work, evaluate, make_work, move
from analysis.sem.resampling.newton import NOISE, newton
from analysis.sem.resampling.plan import Plan

Array = NDArray[np.float64]
HISTORY = 8
GOAL = 1e-8


@kernel
def quasi_newton(
    plan: Plan, stats: Array, limit: int, goal: float, u: Array, work: Work
) -> tuple[bool, float, int]:
    """L-BFGS (Nocedal 1980) from ``u``, which moves; whether it ended, F, and evaluations."""
    r = len(u)
    s, y, rho = np.zeros((HISTORY, r)), np.zeros((HISTORY, r)), np.zeros(HISTORY)
    slope, new_slope, step, new = np.zeros(r), np.zeros(r), np.zeros(r), np.zeros(r)
    value = evaluate(plan, stats, u, slope, work)
    used, at = 1, 0
    if not np.isfinite(value):
        return False, value, used
    while used < limit:
        size = np.sqrt(np.dot(slope, slope))
        _two_loops(s, y, rho, at, slope, step)
        if size < goal:
            u += step  # costs no evaluation, and halves the digits left
            return True, value, used
        along = np.dot(slope, step)
        if not along < 0.0:
            rho[:] = 0.0
            step[:] = -slope
            along = -size * size
        length = 1.0
        while used < limit:
            new[:] = u + length * step
            new_value = evaluate(plan, stats, new, new_slope, work)
            used += 1
            if new_value <= value + 1e-4 * length * along + NOISE * (1.0 + abs(value)):
                break
            length *= 0.5 if np.isfinite(new_value) else 0.25
        else:
            break
        slot = at % HISTORY
        s[slot] = new - u
        y[slot] = new_slope - slope
        curved = np.dot(s[slot], y[slot])
        rho[slot] = 1.0 / curved if curved > 0.0 else 0.0
        at += 1
        u[:] = new
        slope[:] = new_slope
        value = new_value
    return False, value, used


@kernel
def _two_loops(s: Array, y: Array, rho: Array, at: int, slope: Array, step: Array) -> None:
    """step = -(approximate inverse Hessian) slope; the identity without history."""
    alpha = np.zeros(HISTORY)
    step[:] = -slope
    for back in range(min(at, HISTORY)):
        i = (at - 1 - back) % HISTORY
        alpha[i] = rho[i] * np.dot(s[i], step)
        step -= alpha[i] * y[i]
    for back in range(min(at, HISTORY) - 1, -1, -1):
        i = (at - 1 - back) % HISTORY
        step += (alpha[i] - rho[i] * np.dot(y[i], step)) * s[i]


@kernel
def log_determinant(packed: Array, p: int) -> float:
    """log|S| of a lower triangle by columns, which is spoilt; -inf where S is not positive."""
    total, row = 0.0, 0
    for j in range(p):
        pivot = packed[row]
        if not pivot > 0.0:
            return -np.inf
        total += np.log(pivot)
        out, inverse = row + p - j, 1.0 / pivot
        for i in range(j + 1, p):
            x = packed[row + i - j] * inverse
            for l in range(p - i):
                packed[out + l] -= x * packed[row + i - j + l]
            out += p - i
        row += p - j
    return total


@kernel
def finish_draws(
    plan: Plan, stats: Array, u: Array, solved: NDArray[np.bool_], theta: Array, value: Array
) -> None:
    """Parameters theta (D, q) at u, and the constants of F added to ``value``.

    Draws whose S is not positive definite are not solved.
    """
    cell, packed = np.empty(len(plan.row)), np.empty(stats.shape[2] - plan.p)
    for d in range(len(stats)):
        for g in range(plan.groups):
            packed[:] = stats[d, g, plan.p :]
            value[d] -= plan.weight[g] * (log_determinant(packed, plan.p) + plan.p)
        solved[d] = solved[d] and np.isfinite(value[d])
        move(plan, u[d], cell)
        for i in range(theta.shape[1]):
            theta[d, i] = cell[plan.place[i]]


@kernel
def search_draws(
    plan: Plan, stats: Array, draws: NDArray[np.intp], limits: tuple[int, int, int, int],
    stop: NDArray[np.bool_], u: Array, solved: NDArray[np.bool_], value: Array,
    iterations: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Minimize F for some ``draws`` of ``stats`` (D, groups, p + p (p + 1) / 2).

    ``u`` (D, r) is where an earlier search ended, if it did ``iterations``. ``limits`` are
    evaluations of the quasi-Newton search; Newton steps from where it ended; for a draw that both
    leave unsolved, scoring steps from the usual starting values, and Newton steps from where these
    ended. False if stopped.
    """
    work = make_work(plan)
    for d in draws:
        if stop[0]:
            return False
        for attempt in range(1 if iterations[d] > 0 else 0, 4):
            if attempt == 2:
                u[d] = plan.restart
            if attempt == 0:
                done, F, used = quasi_newton(plan, stats[d], limits[0], GOAL, u[d], work)
            else:
                steps, observed = limits[attempt], attempt != 2
                done, F, used = newton(plan, stats[d], steps, observed, u[d], work)
            solved[d], value[d] = done, F
            iterations[d] += used
            if done:
                break
    return True
