"""The smallest sample for a wanted power, from simulated power at several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite, log, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.methods.power.montecarlo import Replications, replicate, wilson
from analysis.methods.power.scenario import Scenario
from analysis.methods.power.targets import Target

Array = NDArray[np.float64]
STEPS = (0.6, 1.0, 1.5)
APART = 1.12
LARGEST = 100_000
REACH = 4.0
Bound = Literal["", "below", "above"]


@dataclass(frozen=True)
class Point:
    """Simulated power at one size with its Wilson limits."""

    n: int
    power: float
    low: float
    high: float
    trials: int


@dataclass(frozen=True)
class Curve:
    """Power by sample size: ``Phi(a + b sqrt(n))``, fitted to the simulated shares by ML.

    ``needed`` is the smallest n with the wanted power, with limits ``low`` and ``high`` from the
    simulation's error. ``bound`` says that it lies ``below`` or ``above`` all sizes tried; needed
    is NaN then, and where there is no curve (an effect of zero). ``covariance`` (2, 2) is that of
    a and b.
    """

    target: Target
    points: tuple[Point, ...]
    a: float
    b: float
    covariance: Array
    needed: float
    low: float
    high: float
    bound: Bound = ""

    def at(self, n: Array) -> tuple[Array, Array, Array]:
        """Fitted power at sizes ``n`` with pointwise 95 % limits."""
        x = np.stack([np.ones_like(n), np.sqrt(n)], axis=1)
        eta = x @ np.array([self.a, self.b])
        half = 1.959963984540054 * np.sqrt(np.einsum("ni,ij,nj->n", x, self.covariance, x))
        return ndtr(eta), ndtr(eta - half), ndtr(eta + half)


def sizes_for(targets: Sequence[Target], *, power: float, alpha: float, least: int) -> list[int]:
    """Sizes around what standard errors alone suggest for each target, no two too close."""
    wanted = []
    for target in targets:
        guess = target.needed(power, alpha)
        if isfinite(guess):
            wanted += [min(max(step * guess, float(least)), float(LARGEST)) for step in STEPS]
    found: list[int] = []
    for size in sorted(wanted):
        if not found or size >= APART * found[-1]:
            found.append(ceil(size))
    return found


def curves(
    scenario: Scenario,
    sizes: Sequence[int],
    replications: int,
    *,
    power: float,
    workers: int | None = None,
) -> tuple[tuple[Curve, ...], tuple[Replications, ...]]:
    """Simulated power of every target at every size, and a curve through it."""
    runs = tuple(replicate(scenario, n, replications, workers=workers) for n in sizes)
    return tuple(_curve(scenario, j, runs, power) for j in range(len(scenario.targets))), runs


def _curve(scenario: Scenario, j: int, runs: Sequence[Replications], power: float) -> Curve:
    target, points = scenario.targets[j], []
    for done in runs:
        hits = done.significant(j)
        if len(hits):
            k = int(hits.sum())
            points.append(Point(done.n, k / len(hits), *wilson(k, len(hits)), len(hits)))
    none = Curve(target, tuple(points), nan, nan, np.full((2, 2), nan), nan, nan, nan)
    if target.null or not points:
        return none
    if points[0].low > power:
        return replace(none, bound="below")
    if points[-1].high < power:
        return replace(none, bound="above")
    guess = target.needed(power, scenario.alpha)
    near = [p for p in points if abs(log(p.n / guess)) <= log(REACH)] or points
    fitted = probit([p.n for p in near], [p.power for p in near], [p.trials for p in near])
    if fitted is None or fitted[0][1] <= 0.0:
        return none
    (a, b), covariance = fitted
    return Curve(target, tuple(points), a, b, covariance, *_solve(a, b, covariance, power))


def probit(
    n: Sequence[float], share: Sequence[float], trials: Sequence[float]
) -> tuple[tuple[float, float], Array] | None:
    """a, b of ``Phi(a + b sqrt(n))`` by Fisher scoring, and their covariance (2, 2).

    Half a success and half a failure are added to each size, so that sizes at which all or none
    succeeded have a place. None where the sizes do not tell the slope (fewer than two of them).
    """
    size = np.asarray(trials, dtype=float) + 1.0
    y = (np.asarray(share) * np.asarray(trials, dtype=float) + 0.5) / size
    X = np.stack([np.ones(len(y)), np.sqrt(np.asarray(n, dtype=float))], axis=1)
    if len(y) < 2:
        return None
    beta: Array = np.linalg.lstsq(X, ndtri(y), rcond=None)[0]
    inverse = np.full((2, 2), nan)
    for _ in range(100):
        eta = np.clip(X @ beta, -8.0, 8.0)
        mean = ndtr(eta)
        slope = np.exp(-0.5 * eta * eta) / sqrt(2.0 * np.pi)
        weight = size * slope**2 / np.maximum(mean * (1.0 - mean), 1e-12)
        inverse = np.linalg.inv((X * weight[:, None]).T @ X)
        step = inverse @ (X.T @ (weight * (y - mean) / np.maximum(slope, 1e-12)))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return (float(beta[0]), float(beta[1])), inverse


def _solve(a: float, b: float, covariance: Array, power: float) -> tuple[float, float, float]:
    """The size with this power and its limits (delta method on the square root of n)."""
    root = (float(ndtri(power)) - a) / b
    slope = np.array([-1.0 / b, -root / b])
    half = 1.959963984540054 * sqrt(float(slope @ covariance @ slope))
    return max(root, 0.0) ** 2, max(root - half, 0.0) ** 2, (root + half) ** 2
