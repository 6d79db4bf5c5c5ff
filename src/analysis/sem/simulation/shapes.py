"""Nonnormal variables with given correlations, after Vale and Maurelli (1983).

Each variable is a cubic of a standard normal one, ``y = -c + b z + c z^2 + d z^3``, with b, c and
d such that y has mean 0, variance 1 and the wanted skewness and excess kurtosis (Fleishman 1978).
The normal ones are drawn with the intermediate correlations that give the wanted ones of y.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message

Array = NDArray[np.float64]
STEPS = 200
SOLVED = 1e-10
STRICT = 1e-8


def fleishman(skewness: float, kurtosis: float, *, name: str = "y") -> tuple[float, float, float]:
    """Coefficients b, c, d of a cubic with this skewness and excess kurtosis.

    Raises
    ------
    ModelError
        For shapes that no cubic of a normal variable has; the message names the variable.
    """
    x = np.array([1.0, 0.0, 0.0])
    wanted = np.array([1.0, skewness, kurtosis])
    damping, (found, J) = 1e-3, _shape(x)
    for _ in range(STEPS):
        gap = wanted - found
        if np.abs(gap).max() < SOLVED:
            return float(x[0]), float(x[1]), float(x[2])
        step = np.linalg.solve(J.T @ J + damping * np.eye(3), J.T @ gap)
        new, new_J = _shape(x + step)
        if np.sum((wanted - new) ** 2) < np.sum(gap**2):
            x, found, J, damping = x + step, new, new_J, 0.1 * damping
        else:
            damping *= 10.0
    raise ModelError(
        message(
            "simulation.shape",
            name=name,
            skewness=f"{skewness:g}",
            kurtosis=f"{kurtosis:g}",
            least=f"{1.5887 * skewness**2 - 1.1317:.2f}",
        )
    )


def _shape(x: Array) -> tuple[Array, Array]:
    """Variance, skewness and kurtosis (3,) of the cubic, and their slopes (3, 3) by b, c, d."""
    b, c, d = x
    even = 1.0 + b * b + 28.0 * b * d
    odd = 12.0 + 48.0 * b * d + 141.0 * c * c + 225.0 * d * d
    inner = b * b + 24.0 * b * d + 105.0 * d * d + 2.0
    values = np.array(
        [
            b * b + 6.0 * b * d + 2.0 * c * c + 15.0 * d * d,
            2.0 * c * inner,
            24.0 * (b * d + c * c * even + d * d * odd),
        ]
    )
    slopes = np.array(
        [
            [2.0 * b + 6.0 * d, 4.0 * c, 6.0 * b + 30.0 * d],
            [2.0 * c * (2.0 * b + 24.0 * d), 2.0 * inner, 2.0 * c * (24.0 * b + 210.0 * d)],
            [
                24.0 * (d + c * c * (2.0 * b + 28.0 * d) + 48.0 * d**3),
                24.0 * (2.0 * c * even + 282.0 * c * d * d),
                24.0 * (b + 28.0 * b * c * c + 2.0 * d * odd + d * d * (48.0 * b + 450.0 * d)),
            ],
        ]
    )
    return values, slopes


def intermediate_correlations(
    correlations: Array, coefficients: Array, *, names: Sequence[str] = ()
) -> Array:
    """Correlations (p, p) of the normal variables behind cubics with given ``correlations``.

    ``coefficients`` (p, 3) are b, c and d of each variable.

    Raises
    ------
    ModelError
        Where a pair cannot correlate that much in these shapes, or no normal variables have
        the resulting correlations.
    """
    p = len(correlations)
    names = names or [str(i + 1) for i in range(p)]
    R, problems = np.eye(p), []
    for i in range(p):
        for j in range(i):
            found = _intermediate(correlations[i, j], coefficients[i], coefficients[j])
            if found is None:
                r = f"{correlations[i, j]:.3f}"
                problems.append(message("simulation.pair", pair=f"{names[j]}, {names[i]}", r=r))
            else:
                R[i, j] = R[j, i] = found
    if problems:
        raise ModelError(problems)
    least = float(np.linalg.eigvalsh(R)[0])
    if least <= STRICT:
        raise ModelError(message("simulation.intermediate", least=f"{least:.4f}"))
    return R


def _intermediate(r: float, one: Array, other: Array) -> float | None:
    (b, c, d), (b_, c_, d_) = one, other
    linear = b * b_ + 3.0 * (b * d_ + d * b_) + 9.0 * d * d_
    roots = np.roots([6.0 * d * d_, 2.0 * c * c_, linear, -r])
    real = roots.real[(np.abs(roots.imag) < STRICT) & (np.abs(roots.real) <= 1.0)]
    return float(real[np.argmin(np.abs(real - r))]) if len(real) else None
