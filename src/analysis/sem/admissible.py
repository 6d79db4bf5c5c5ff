"""Is the solution one that means anything? Identification, Heywood cases, latent covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpocon, dpotrf

from analysis.errors import Message, message
from analysis.sem.constraints import Constraints
from analysis.sem.model import Model, parameter_name
from analysis.sem.objective import Objective

Array = NDArray[np.float64]

RANK_TOLERANCE = 1e-10
BOUNDARY = 1e-8


def missing_rank(
    model: Model, objective: Objective, constraints: Constraints, theta: Array, moments: int
) -> tuple[Message, ...]:
    """Which parameters the ``moments`` (their number) cannot tell apart: the null space of the
    information.
    """
    Z = constraints.basis(theta) if constraints.any else None
    free = model.q if Z is None else Z.shape[1]
    found: tuple[Message, ...] = ()
    if free > moments:
        found = (message("sem.too_many_parameters", free=free, moments=moments),)
    try:
        H = objective.expected_hessian(theta)
    except np.linalg.LinAlgError:
        return found
    diagonal = np.diag(H)
    dead = diagonal <= 0
    names = [parameter_name(r, len(model.groups)) for r in model.free]
    if dead.any():
        listed = ", ".join(n for n, d in zip(names, dead, strict=True) if d)
        return (*found, message("sem.not_identified", parameters=listed))
    scale = 1.0 / np.sqrt(diagonal)
    scaled = H * (scale[:, None] * scale)
    if Z is None and _well_conditioned(scaled):
        return found
    basis = np.linalg.qr((np.eye(model.q) if Z is None else Z) / scale[:, None])[0]
    values, vectors = np.linalg.eigh(basis.T @ scaled @ basis)
    null = vectors[:, values < RANK_TOLERANCE]
    if null.shape[1] == 0:
        return found
    involved = np.linalg.norm(basis @ null, axis=1)
    worst = [names[i] for i in np.argsort(-involved, kind="stable") if involved[i] > 0.1][:8]
    return (*found, message("sem.not_identified", parameters=", ".join(worst)))


def _well_conditioned(H: Array) -> bool:
    """Whether no eigenvalue of ``H`` comes near the tolerance, by a cheap estimate."""
    factor, info = dpotrf(H, lower=1)
    if info != 0:
        return False
    size = float(np.abs(H).sum(axis=0).max())
    return bool(dpocon(factor, size, uplo="L")[0] * size > 1e4 * RANK_TOLERANCE)


def at_bounds(model: Model, constraints: Constraints, theta: Array) -> tuple[Message, ...]:
    """Parameters that a bound holds back: without it they would go further."""
    names = [parameter_name(r, len(model.groups)) for r in model.free]
    held = [names[i] for i, bound in constraints.lower if theta[i] - bound < BOUNDARY]
    return (message("sem.at_bound", names=", ".join(held)),) if held else ()


def admissibility(model: Model, objective: Objective, theta: Array) -> tuple[Message, ...]:
    """Negative variances and latent covariance matrices that are not positive definite."""
    found: list[Message] = []
    at = objective.implied(theta)
    labels = model.partable.groups
    for group, state, label in zip(model.groups, at, labels, strict=True):
        S = group.matrices(theta)[1]
        p = group.p
        where = f" ({label})" if label else ""
        for i, name in enumerate(group.variables):
            if S[i, i] < -BOUNDARY:
                kind = "negative_residual" if i < p else "negative_latent_variance"
                found.append(message(f"sem.{kind}", name=name, value=f"{S[i, i]:.3f}", group=where))
        residual = S[:p, :p]
        if not np.array_equal(residual, np.diag(np.diag(residual))):
            observed = np.diag(residual) > 0
            block = residual[np.ix_(observed, observed)]
            if np.linalg.eigvalsh(block)[0] < -BOUNDARY:
                found.append(message("sem.residual_not_positive", group=where))
        found += _latent_correlations(group.variables[p:], state.C[p:, p:], where)
    return tuple(found)


def _latent_correlations(names: tuple[str, ...], C: Array, where: str) -> list[Message]:
    found: list[Message] = []
    variance = np.diag(C)
    if len(names) == 0:
        return found
    if (variance <= 0).any():
        return found
    R = C / np.sqrt(np.outer(variance, variance))
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        if abs(R[i, j]) > 1.0 + BOUNDARY:
            pair = f"{names[i]} ~~ {names[j]}"
            found.append(
                message("sem.latent_correlation", pair=pair, value=f"{R[i, j]:.3f}", group=where)
            )
    if not found and np.linalg.eigvalsh(R)[0] < -BOUNDARY:
        found.append(message("sem.latent_not_positive", names=", ".join(names), group=where))
    return found
