"""Direct, indirect and total effects between the variables of the structural model."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.sem import Solution
from analysis.sem.constraints import complex_step
from analysis.sem.implied import implied

Array = NDArray[np.float64]
Vector = NDArray[np.generic]


@dataclass(frozen=True)
class Effect:
    """The effect of ``source`` on ``target``, raw with its standard error and std.all.

    ``kind`` is direct, indirect (all ways round the direct path) or total; groups count from 1.
    """

    source: str
    target: str
    kind: str
    est: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    std_all: float
    group: int = 1


def effects(solution: Solution, *, level: float = 0.95) -> tuple[Effect, ...]:
    """All effects along regressions, group after group, standard errors by the delta method.

    Total effects are the cells of (I - B)^-1 - I (Bollen 1987).
    """
    count = len(solution.partable.groups)
    return tuple(e for g in range(1, count + 1) for e in _effects(solution, g, level))


def _effects(solution: Solution, number: int, level: float) -> list[Effect]:
    group = solution.fit.model.groups[number - 1]
    rows = [e for e in solution.estimates if e.op == "~" and e.group == number]
    if not rows:
        return []
    used = {e.lhs for e in rows} | {e.rhs for e in rows}
    nodes = [i for i, name in enumerate(group.variables) if name in used]
    k = len(nodes)

    def stacked(theta: Vector) -> Vector:
        A, _, _ = group.matrices(theta)
        B = A[..., nodes, :][..., nodes]
        total = np.linalg.inv(np.eye(k) - B) - np.eye(k)
        cells = np.stack([B, total - B, total], axis=-3)
        return cells.reshape(*cells.shape[:-3], -1).T

    theta = solution.fit.theta
    values = np.real(stacked(theta)).reshape(3, k, k)
    se = _standard_errors(solution, stacked, theta).reshape(3, k, k)
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(np.diag(implied(group, theta).C))[nodes]
    reach = np.linalg.matrix_power(np.eye(k) + (np.abs(values[0]) > 0), k) > 0
    longer = np.linalg.matrix_power((np.abs(values[0]) > 0).astype(float) + np.eye(k), k - 1)
    via = ((np.abs(values[0]) > 0) @ (longer - np.eye(k) > 0)) if k > 1 else np.zeros((k, k))
    present = (np.abs(values[0]) > 0, via > 0, reach)
    names = [group.variables[i] for i in nodes]
    quantile = float(ndtri(0.5 + level / 2.0))
    found = []
    for target in range(k):
        for source in range(k):
            for kind, name in enumerate(("direct", "indirect", "total")):
                if source == target or not present[kind][target, source]:
                    continue
                est, error = float(values[kind, target, source]), float(se[kind, target, source])
                z = est / error if error > 0 else nan
                found.append(
                    Effect(
                        names[source],
                        names[target],
                        name,
                        est,
                        error,
                        z,
                        float(2.0 * ndtr(-abs(z))),
                        est - quantile * error,
                        est + quantile * error,
                        est * float(sd[source] / sd[target]),
                        number,
                    )
                )
    return found


def _standard_errors(solution: Solution, function, theta: Array) -> Array:  # type: ignore[no-untyped-def]
    vcov = solution.inference.vcov
    size = len(function(theta))
    if vcov is None or not solution.outcome.estimated:
        return np.full(size, nan)
    J = complex_step(function, theta)
    variance = np.einsum("ri,ij,rj->r", J, vcov, J, optimize=True)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
