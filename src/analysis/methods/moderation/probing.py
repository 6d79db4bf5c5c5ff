"""Simple slopes and the Johnson-Neyman region of a latent interaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.methods.moderation.products import Interaction
from analysis.sem import Solution
from analysis.sem.constraints import complex_step
from analysis.sem.implied import implied

Array = NDArray[np.float64]
Region = tuple[float, float]
LEVELS = (-1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SimpleSlope:
    """The predictor's effect where the moderator lies ``at`` SD from its mean.

    ``est`` is raw, ``std`` in standard deviations of predictor and outcome.
    """

    at: float
    est: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    std: float


@dataclass(frozen=True, slots=True)
class JohnsonNeyman:
    """Where the slope differs from zero.

    ``bounds`` are the moderator values, in its SD, at which that changes; ``regions`` the ranges
    in which it does, infinite ends included.
    """

    bounds: tuple[float, ...]
    regions: tuple[Region, ...]

    def significant(self, at: float) -> bool:
        """Whether the slope differs from zero at ``at`` SD."""
        return any(low <= at <= high for low, high in self.regions)


@dataclass(frozen=True)
class Probe:
    """One interaction probed.

    ``est`` is the product's raw coefficient with its robust test; ``std`` the coefficient for
    standardized predictor, moderator and outcome (Wen, Marsh & Hau 2010), with delta-method
    limits; ``sd_moderator`` the moderator's SD in its raw unit. Of a quadratic effect the
    moderator is the predictor, and slopes are derivatives.
    """

    interaction: Interaction
    est: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    std: float
    std_ci_lower: float
    std_ci_upper: float
    sd_moderator: float
    slopes: tuple[SimpleSlope, ...]
    johnson_neyman: JohnsonNeyman


def probe(
    solution: Solution,
    interaction: Interaction,
    *,
    at: Sequence[float] = LEVELS,
    level: float = 0.95,
) -> Probe:
    """Probe the interaction at moderator values ``at`` (SD from the mean).

    Standard errors come from the estimates' covariance; the moderator's SD counts as known, as
    in semTools' ``probe2WayMC``.
    """
    b, V, twice = _coefficients(solution, interaction)
    quantile = float(ndtri(0.5 + level / 2.0))
    sds = _sds(solution, interaction)
    scale = sds["predictor"] / sds["outcome"]
    own = solution.estimate(interaction.outcome, "~", interaction.factor)
    std, std_se = _standardized(solution, interaction)
    slopes = []
    for k in at:
        est, se = _slope(b, V, twice * k * sds["moderator"])
        z = est / se if se > 0 else nan
        slopes.append(
            SimpleSlope(
                float(k), est, se, z, float(2.0 * ndtr(-abs(z))), est - quantile * se,
                est + quantile * se, est * scale,
            )
        )  # fmt: skip
    scaled = np.array([1.0, twice * sds["moderator"]])
    return Probe(
        interaction, own.est, own.se, own.z, own.p, own.ci_lower, own.ci_upper, std,
        std - quantile * std_se, std + quantile * std_se, sds["moderator"], tuple(slopes),
        johnson_neyman(b * scaled, V * np.outer(scaled, scaled), quantile=quantile),
    )  # fmt: skip


def slope_band(
    solution: Solution, interaction: Interaction, at: Array, *, level: float = 0.95
) -> Array:
    """Standardized slope and its limits (3, m) over moderator values ``at`` (m,), in SD."""
    b, V, twice = _coefficients(solution, interaction)
    sds = _sds(solution, interaction)
    w = twice * sds["moderator"] * at
    est = b[0] + b[1] * w
    se = np.sqrt(V[0, 0] + 2.0 * w * V[0, 1] + w**2 * V[1, 1])
    half = float(ndtri(0.5 + level / 2.0)) * se
    band: Array = np.stack([est, est - half, est + half]) * (sds["predictor"] / sds["outcome"])
    return band


def johnson_neyman(b: Array, V: Array, *, quantile: float) -> JohnsonNeyman:
    """Where ``b[0] + b[1] w`` differs from zero, ``V`` (2, 2) the covariance of ``b`` (2,).

    The bounds solve a quadratic equation (Johnson & Neyman 1936; Bauer & Curran 2005).
    """
    square = quantile**2
    a2 = float(b[1] ** 2 - square * V[1, 1])
    a1 = float(2.0 * (b[0] * b[1] - square * V[0, 1]))
    a0 = float(b[0] ** 2 - square * V[0, 0])
    inside = a1**2 - 4.0 * a2 * a0
    if not np.isfinite(inside):
        return JohnsonNeyman((), ())
    if inside < 0 or a2 == 0:
        return JohnsonNeyman((), ((-inf, inf),) if a2 > 0 else ())
    low, high = sorted((-a1 + sign * sqrt(inside)) / (2.0 * a2) for sign in (-1.0, 1.0))
    regions = ((-inf, low), (high, inf)) if a2 > 0 else ((low, high),)
    return JohnsonNeyman((low, high), regions)


def _coefficients(solution: Solution, i: Interaction) -> tuple[Array, Array, float]:
    """Linear and product coefficient, their covariance (2, 2), and 2 for a quadratic effect."""
    at = [free_position(solution, i.outcome, name) for name in (i.predictor, i.factor)]
    vcov = solution.inference.vcov
    V = np.full((2, 2), nan) if vcov is None else vcov[np.ix_(at, at)]
    return solution.fit.theta[at], V, 2.0 if i.quadratic else 1.0


def free_position(solution: Solution, outcome: str, source: str) -> int:
    """Position in theta of a path's coefficient; ``KeyError`` where it is not free."""
    for row in solution.partable.rows:
        if (row.lhs, row.op, row.rhs) == (outcome, "~", source) and row.free > 0:
            return row.free - 1
    raise KeyError(f"{outcome} ~ {source}")


def _slope(b: Array, V: Array, w: float) -> tuple[float, float]:
    variance = V[0, 0] + 2.0 * w * V[0, 1] + w**2 * V[1, 1]
    return float(b[0] + b[1] * w), float(np.sqrt(variance))


def _sds(solution: Solution, i: Interaction) -> dict[str, float]:
    C, variables = solution.implied[0].C, solution.fit.model.groups[0].variables
    with np.errstate(invalid="ignore"):
        return {
            role: float(np.sqrt(C[at, at]))
            for role, at in (
                (role, variables.index(getattr(i, role)))
                for role in ("predictor", "moderator", "outcome")
            )
        }


def _standardized(solution: Solution, i: Interaction) -> tuple[float, float]:
    """The product's coefficient on the scale of standardized variables, with its SE."""
    group, at = solution.fit.model.groups[0], free_position(solution, i.outcome, i.factor)
    x, w, y = (group.variables.index(n) for n in (i.predictor, i.moderator, i.outcome))

    def function(theta: NDArray[np.generic]) -> NDArray[np.generic]:
        C = implied(group, theta).C
        value = theta[at] * np.sqrt(C[..., x, x] * C[..., w, w] / C[..., y, y])
        return np.asarray(value)[None]

    theta, vcov = solution.fit.theta, solution.inference.vcov
    with np.errstate(invalid="ignore"):
        est = float(np.real(function(theta[:, None]))[0, 0])
    if vcov is None:
        return est, nan
    J = complex_step(function, theta)
    return est, float(np.sqrt(J @ vcov @ J.T)[0, 0])
