"""Path coefficients and total effects at many points at once; points come last, so that they lie
side by side in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.sem.model import Cells, GroupModel

Index = NDArray[np.intp]
Stack = NDArray[Any]


def coefficients(model: GroupModel, place: Index, theta: Stack, *, std_all: bool) -> Stack:
    """B (k, k, ...) among the variables at ``place`` (k,), target by source, raw or std.all.

    ``theta`` is (q,) or (q, b), also complex. Only what leads to these variables is computed:
    their variances depend on nothing else. NaN where a variance is negative.
    """
    part, own = _leading_to(model, place)
    A, S, _ = part.matrices(theta)
    A, S = points_last(A), points_last(S)
    B: Stack = A[own][:, own]
    if not std_all:
        return B
    T = total_effects(A)[own]
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(_variances(T, S))
        scaled: Stack = B * sd[None, :] / sd[:, None]
    return scaled


def total_effects(B: Stack) -> Stack:
    """(I - B)^-1 (k, k, ...): by substitution, cause after cause, unless there is feedback."""
    order = _causes_first((B != 0).any(axis=tuple(range(2, B.ndim))))
    if not order:
        inverse = np.linalg.inv(np.eye(len(B)) - np.moveaxis(B, (0, 1), (-2, -1)))
        return points_last(inverse)
    T = np.zeros_like(B)
    for variable, causes in order:
        T[variable, variable] = 1.0
        for cause in causes:
            T[variable] += B[variable, cause] * T[cause]
    return T


def points_last(stack: Stack) -> Stack:
    """(..., k, k) as (k, k, ...), contiguous."""
    return np.ascontiguousarray(np.moveaxis(stack, (-2, -1), (0, 1)))


def _variances(T: Stack, S: Stack) -> Stack:
    """Diagonal (k, ...) of T S T' from T (k, m, ...) and a symmetric S (m, m, ...) of few cells."""
    found = np.zeros_like(T[:, 0])
    for i, j in np.argwhere((S != 0).any(axis=tuple(range(2, S.ndim)))):
        if i >= j:
            found += (1.0 if i == j else 2.0) * S[i, j] * (T[:, i] * T[:, j])
    return found


def _causes_first(pattern: NDArray[np.bool_]) -> list[tuple[int, list[int]]]:
    """Variables (m,) with their causes by ``pattern`` (m, m), causes first; empty in a loop."""
    causes = [np.flatnonzero(row).tolist() for row in pattern]
    left, found = list(range(len(causes))), list[tuple[int, list[int]]]()
    while left:
        ready = [v for v in left if not set(causes[v]) & set(left)]
        if not ready:
            return []
        found += [(v, causes[v]) for v in ready]
        left = [v for v in left if v not in ready]
    return found


def _leading_to(model: GroupModel, place: Index) -> tuple[GroupModel, Index]:
    """The part of a group's model from which the variables at ``place`` come, and their places.

    Models of ordered items stay whole: their residual variances follow from all of it.
    """
    if model.ordinal is not None:
        return model, place
    direct = model.A0 != 0
    direct[model.A.row, model.A.col] = True
    kept = np.zeros(len(direct), dtype=bool)
    kept[place] = True
    while (direct[kept].any(axis=0) & ~kept).any():
        kept |= direct[kept].any(axis=0)
    at = np.flatnonzero(kept)
    where = np.cumsum(kept) - 1
    square = np.ix_(at, at)
    part = GroupModel(
        tuple(v for v in model.observed if kept[model.variables.index(v)]),
        tuple(model.variables[i] for i in at),
        model.A0[square],
        model.S0[square],
        model.m0[at],
        _within(model.A, kept, where),
        _within(model.S, kept, where),
        Cells(*(np.empty(0, dtype=np.intp) for _ in range(3))),
    )
    return part, where[place]


def _within(cells: Cells, kept: NDArray[np.bool_], where: Index) -> Cells:
    """The cells between kept variables, at their new places."""
    inside = kept[cells.row] & kept[cells.col]
    return Cells(where[cells.row[inside]], where[cells.col[inside]], cells.par[inside])
