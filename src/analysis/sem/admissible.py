"""Is the solution one that means anything? Identification, Heywood cases, latent covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf

from analysis.errors import Message, message
from analysis.sem.constraints import Constraints
from analysis.sem.model import Model
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
    diagonal = H.diagonal()
    dead = diagonal <= 0
    if dead.any():
        listed = ", ".join(n for n, d in zip(model.names, dead, strict=True) if d)
        return (*found, message("sem.not_identified", parameters=listed))
    inverse = objective.expected_inverse(theta) if Z is None else None
    if inverse is not None and float(diagonal @ inverse.diagonal()) < 1e-4 / RANK_TOLERANCE:
        return found  # the trace of the scaled inverse bounds its largest eigenvalue
    scale = 1.0 / np.sqrt(diagonal)
    scaled = H * (scale[:, None] * scale)
    basis = np.linalg.qr((np.eye(model.q) if Z is None else Z) / scale[:, None])[0]
    values, vectors = np.linalg.eigh(basis.T @ scaled @ basis)
    null = vectors[:, values < RANK_TOLERANCE]
    if null.shape[1] == 0:
        return found
    involved = np.linalg.norm(basis @ null, axis=1)
    order = np.argsort(-involved, kind="stable")
    worst = [model.names[i] for i in order if involved[i] > 0.1][:8]
    return (*found, message("sem.not_identified", parameters=", ".join(worst)))


def at_bounds(model: Model, constraints: Constraints, theta: Array) -> tuple[Message, ...]:
    """Parameters that a bound holds back: without it they would go further."""
    held = [model.names[i] for i, bound in constraints.lower if theta[i] - bound < BOUNDARY]
    return (message("sem.at_bound", names=", ".join(held)),) if held else ()


def admissibility(model: Model, objective: Objective, theta: Array) -> tuple[Message, ...]:
    """Negative variances and latent covariance matrices that are not positive definite."""
    found: list[Message] = []
    at = objective.implied(theta)
    labels = model.partable.groups
    for group, state, label in zip(model.groups, at, labels, strict=True):
        S = group.matrices(theta)[1]
        p, variance = group.p, S.diagonal()
        where = f" ({label})" if label else ""
        for i in (variance < -BOUNDARY).nonzero()[0]:
            kind = "negative_residual" if i < p else "negative_latent_variance"
            name, value = group.variables[i], f"{S[i, i]:.3f}"
            found.append(message(f"sem.{kind}", name=name, value=value, group=where))
        residual = S[:p, :p]
        if np.count_nonzero(residual) > np.count_nonzero(variance[:p]):
            observed = variance[:p] > 0
            block = residual[np.ix_(observed, observed)]
            if np.linalg.eigvalsh(block)[0] < -BOUNDARY:
                found.append(message("sem.residual_not_positive", group=where))
        found += _latent_correlations(group.variables[p:], state.C[p:, p:], where)
    return tuple(found)


def _latent_correlations(names: tuple[str, ...], C: Array, where: str) -> list[Message]:
    found: list[Message] = []
    variance = C.diagonal()
    if len(names) == 0 or (variance <= 0).any():
        return found
    scale = 1.0 / np.sqrt(variance)
    R = C * (scale[:, None] * scale)
    beyond = np.abs(R) > 1.0 + BOUNDARY
    for i, j in np.argwhere(np.triu(beyond, 1)) if beyond.any() else ():
        pair = f"{names[i]} ~~ {names[j]}"
        found.append(
            message("sem.latent_correlation", pair=pair, value=f"{R[i, j]:.3f}", group=where)
        )
    if not found and dpotrf(R)[1] != 0 and np.linalg.eigvalsh(R)[0] < -BOUNDARY:
        found.append(message("sem.latent_not_positive", names=", ".join(names), group=where))
    return found
