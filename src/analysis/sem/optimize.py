"""Minimize an objective under constraints: damped scoring first, Newton's method to the end.

Steps and the stopping rule are invariant to the scale of the parameters: the rule is the Newton
decrement sqrt(g' H^-1 g), whose square is twice the decrease of F still to be had.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from analysis.sem.constraints import Constraints, null_space
from analysis.sem.objective import Objective

Array = NDArray[np.float64]

MAX_ITERATIONS = 400
DECREMENT_GOAL = 1e-10
DECREMENT_ENOUGH = 1e-6
FEASIBLE = 1e-9
NEWTON_FROM = 0.3
SETTLED = 1e-3  # from here the Hessian of the step before may serve once more
PENALTY = 10.0
_LENGTHS = (1.0, 0.5, 0.25, 0.1, 0.03, 0.01)


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    ``theta`` (q,); ``value`` F; ``decrement`` as above, foreseen where the last step was sure to
    end the search; ``converged`` whether it is a minimum to working precision (and feasible).
    """

    theta: Array
    value: float
    decrement: float
    iterations: int
    converged: bool


class _Step(NamedTuple):
    direction: Array
    decrement: float
    violation: float


class _Trial(NamedTuple):
    step: _Step | None
    point: Array | None
    value: float
    damping: float


def minimize(objective: Objective, start: Array, constraints: Constraints) -> Optimum:
    """Search from ``start`` (q,); F must be finite there.

    Levenberg's rule: a step that gains less than its quadratic model promised is damped more.
    """
    theta = _feasible_start(start, constraints)
    value = objective.value(theta)
    damping, decrement, violation = 0.0, inf, inf
    quadratic = _Quadratic(np.zeros((len(theta), len(theta))), constraints)
    for iteration in range(1, MAX_ITERATIONS + 1):
        gradient = objective.gradient(theta)
        if decrement < SETTLED and damping == 0.0:
            last = quadratic.step(gradient, theta)
            ended = _ended(objective, theta, value, last, decrement)
            if ended is not None:
                return Optimum(*ended, iteration, True)
        newton = decrement < NEWTON_FROM or damping > 0.0
        H = objective.hessian(theta) if newton else objective.expected_hessian(theta)
        quadratic = _Quadratic(H, constraints)
        tried = _descend(objective, theta, value, gradient, quadratic, damping)
        if tried.step is None and newton:
            quadratic = _Quadratic(objective.expected_hessian(theta), constraints)
            tried = _descend(objective, theta, value, gradient, quadratic, damping)
        if tried.step is not None:
            decrement, violation = tried.step.decrement, tried.step.violation
            if decrement < DECREMENT_GOAL and violation < FEASIBLE and tried.damping < 1e-6:
                return Optimum(theta, value, decrement, iteration, True)
        if tried.point is None:
            break
        theta, value, damping = tried.point, tried.value, tried.damping
    good = decrement < DECREMENT_ENOUGH and violation < 1e-6
    return Optimum(theta, value, decrement, iteration, good)


def _ended(
    objective: Objective, theta: Array, value: float, step: _Step | None, before: float
) -> tuple[Array, float, float] | None:
    """Point, value and decrement at the minimum, where ``step`` is or reaches it.

    The Hessian behind ``step`` is that of the point before, where the decrement was ``before``.
    With it the error shrinks by about the factor by which the decrement just did, which tells
    whether one more step is enough, or Newton's method has to go on.
    """
    if step is None or step.violation >= FEASIBLE:
        return None
    if step.decrement < DECREMENT_GOAL:
        return theta, value, step.decrement
    left = step.decrement**2 / before
    if left > 0.1 * DECREMENT_GOAL:
        return None
    point = theta + step.direction
    reached = objective.value(point)
    settled = reached <= value + 1e-12 * (1.0 + abs(value))
    return (point, reached, left) if settled else None


def _descend(
    objective: Objective,
    theta: Array,
    value: float,
    gradient: Array,
    quadratic: _Quadratic,
    damping: float,
) -> _Trial:
    """One accepted step, damped as much as it takes; without a point where none is found."""
    constraints = quadratic.constraints
    merit = _merit(value, theta, constraints)
    step: _Step | None = None
    while damping < 1e9:
        step = quadratic.step(gradient, theta, damping)
        if step is not None:
            noise = 1e-12 * (1.0 + abs(merit)) if step.decrement < 1e-4 else 0.0
            for length in (1.0,) if step.violation < FEASIBLE else _LENGTHS:
                s = length * step.direction
                new = objective.value(theta + s)
                gained = merit - _merit(new, theta + s, constraints)
                promised = -float(gradient @ s + 0.5 * (s @ quadratic.H @ s))
                promised += PENALTY * length * step.violation
                if gained >= 0.05 * promised - noise:
                    eased = 0.1 * damping if gained > 0.7 * promised - noise else damping
                    return _Trial(step, theta + s, new, eased if eased > 1e-7 else 0.0)
        damping = max(4.0 * damping, 1e-3)
    return _Trial(step, None, value, damping)


def _feasible_start(start: Array, constraints: Constraints) -> Array:
    theta = start.copy()
    if not constraints.any:
        return theta
    for _ in range(5):
        h, J = constraints.equality(theta)
        if len(h) == 0 or np.abs(h).max() < FEASIBLE:
            break
        theta = theta - np.linalg.pinv(J) @ h
    for i, bound in constraints.lower:
        theta[i] = max(theta[i], bound)
    return theta


class _Quadratic:
    """The quadratic model of F with Hessian ``H`` (q, q), under constraints."""

    def __init__(self, H: Array, constraints: Constraints) -> None:
        self.H, self.constraints = H, constraints
        self._factor: Array | None = None

    def step(self, gradient: Array, theta: Array, damping: float = 0.0) -> _Step | None:
        """To its minimum from ``theta``; None where H is not positive on the working set."""
        if self.constraints.any:
            return _constrained_step(self.H, gradient, theta, self.constraints, damping)
        if damping > 0.0:
            scale = _scale(self.H)
            free = _newton_step(_damped(self.H, scale, damping), gradient * scale)
            return None if free is None else _Step(free[0] * scale, free[1], 0.0)
        if self._factor is None:
            factor, info = dpotrf(self.H, lower=1)
            if info != 0:
                return None
            self._factor = factor
        s = -dpotrs(self._factor, gradient, lower=1)[0]
        return _Step(s, sqrt(max(-float(gradient @ s), 0.0)), 0.0)


def _scale(H: Array) -> Array:
    """What brings the diagonal of ``H`` to 1."""
    size = np.abs(np.diag(H))
    scaled: Array = 1.0 / np.sqrt(np.maximum(size, 1e-12 * max(size.max(), 1e-300)))
    return scaled


def _damped(H: Array, scale: Array, damping: float) -> Array:
    Hs = H * (scale[:, None] * scale)
    Hs.flat[:: len(scale) + 1] += damping
    return Hs


def _constrained_step(
    H: Array, gradient: Array, theta: Array, constraints: Constraints, damping: float
) -> _Step | None:
    """Minimize the quadratic model on the working set; None where H is not positive there."""
    scale = _scale(H)
    Hs, gs = _damped(H, scale, damping), gradient * scale
    h, J = constraints.equality(theta)
    g, Jg = constraints.inequality(theta)
    J, Jg = J * scale, Jg * scale
    working: list[int] = []
    for _ in range(3 * len(g) + 3):
        solved = _equality_step(Hs, gs, np.r_[h, g[working]], np.r_[J, Jg[working]])
        if solved is None:
            return None
        s, decrement, multipliers = solved
        push = multipliers[len(h) :]
        if len(working) and push.min() < -1e-12:
            working.pop(int(push.argmin()))
            continue
        slack = g + Jg @ s
        slack[working] = 0.0
        if len(g) and slack.min() < -1e-12:
            working.append(int(slack.argmin()))
            continue
        break
    violation = max(np.abs(h).max(initial=0.0), -min(g.min(initial=0.0), 0.0))
    return _Step(s * scale, decrement, float(violation))


def _newton_step(H: Array, g: Array) -> tuple[Array, float] | None:
    """Minimizer of g's + s'Hs/2 and the decrement; None where H is not positive."""
    factor, info = dpotrf(H, lower=1)
    if info != 0:
        return None
    s = -dpotrs(factor, g, lower=1)[0]
    return s, float(np.sqrt(max(-(g @ s), 0.0)))


def _equality_step(H: Array, g: Array, h: Array, J: Array) -> tuple[Array, float, Array] | None:
    """Step, decrement, and multipliers of min g's + s'Hs/2 subject to J s = -h."""
    Z = null_space(J, len(g))
    s_range = -np.linalg.pinv(J) @ h if len(J) else np.zeros_like(g)
    free = _newton_step(Z.T @ H @ Z, Z.T @ (g + H @ s_range))
    if free is None:
        return None
    s = s_range + Z @ free[0]
    return s, free[1], np.linalg.pinv(J.T) @ (g + H @ s) if len(J) else np.zeros(0)


def _merit(value: float, theta: Array, constraints: Constraints) -> float:
    if not constraints.any:
        return value
    h, _ = constraints.equality(theta)
    g, _ = constraints.inequality(theta)
    return value + PENALTY * float(np.abs(h).sum() - np.minimum(g, 0.0).sum())
