"""One group's model and sample moments at many points: bootstrap draws, or the solution alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem import Solution
from analysis.sem.implied import implied
from analysis.sem.model import GroupModel

Array = NDArray[np.float64]
Index = NDArray[np.intp]
DEEPEST = 4
"""Most orders of factors above each other that are followed."""


@dataclass(frozen=True)
class Block:
    """A construct's indicators and the items that they come down to.

    ``factor`` and ``parts`` are positions among all variables, ``items`` among the observed ones;
    ``clean`` says that no indicator belongs to another construct as well, ``higher`` that some
    indicators are constructs themselves.
    """

    construct: str
    factor: int
    parts: Index
    items: Index
    clean: bool
    higher: bool


@dataclass(frozen=True)
class Points:
    """Matrices of one group at D points, ordered items on the scale of their latent responses.

    ``A``, ``S``, ``C`` (D, k, k) are loadings and paths, residual covariances and implied
    covariances of all variables, observed first; ``sample`` (D, p, p) are the sample's
    covariances. ``thresholds`` hold (D, c) for each ordered item by its position, standardized.
    """

    A: Array
    S: Array
    C: Array
    sample: Array
    thresholds: dict[int, Array]

    @property
    def p(self) -> int:
        """Number of observed variables."""
        return int(self.sample.shape[-1])

    @property
    def correlation(self) -> Array:
        """Sample correlations (D, p, p)."""
        with np.errstate(invalid="ignore"):
            return correlations(self.sample)

    def latent_correlation(self, factors: Index) -> Array:
        """Correlations (D, m, m) of some factors; NaN beside a negative variance."""
        C = self.C[:, factors[:, None], factors[None, :]]
        with np.errstate(invalid="ignore", divide="ignore"):
            return correlations(C)


def correlations(cov: Array) -> Array:
    """Correlations (..., k, k) of covariances."""
    sd = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    found: Array = cov / (sd[..., :, None] * sd[..., None, :])
    return found


def points(group: GroupModel, theta: Array, sample: Array) -> Points:
    """Matrices at ``theta`` (D, q) beside sample covariances (D, p, p)."""
    columns = np.ascontiguousarray(theta.T)
    with np.errstate(all="ignore"):
        A, S, _ = group.matrices(columns)
        at = implied(group, columns)
    if group.ordinal is None:
        return Points(A, S, at.C, sample, {})
    size = np.ones(A.shape[:2])
    with np.errstate(all="ignore"):
        size[:, : group.p] = group.ordinal.scales(columns, at.Sigma).T
    tau = group.ordinal.thresholds(columns).T
    cuts = {
        int(i): (tau[:, group.ordinal.variable == i] - at.mu[:, i, None]) * size[:, i, None]
        for i in group.ordinal.items
    }
    outer = size[:, :, None] * size[:, None, :]
    return Points(A * size[:, :, None] / size[:, None, :], S * outer, at.C * outer, sample, cuts)


def solved(solution: Solution, group: int) -> Points:
    """The solution's own point, of one group (from 1)."""
    model = solution.fit.model.groups[group - 1]
    cov = solution.fit.moments.groups[group - 1].cov
    return points(model, solution.fit.theta[None], cov[None])


def blocks(solution: Solution, group: int) -> tuple[Block, ...]:
    """Constructs with at least two indicators in one group (from 1), in the order of the model."""
    model = solution.fit.model.groups[group - 1]
    at = {name: i for i, name in enumerate(model.variables)}
    members: dict[str, list[int]] = {}
    for row in solution.partable.rows:
        if row.op == "=~" and row.group == group:
            members.setdefault(row.lhs, []).append(at[row.rhs])
    times: dict[int, int] = {}
    for part in (part for parts in members.values() for part in parts):
        times[part] = times.get(part, 0) + 1
    by_position = {at[name]: parts for name, parts in members.items()}
    return tuple(
        Block(
            name,
            at[name],
            np.array(parts, dtype=np.intp),
            _items(parts, by_position, model.p),
            all(times[part] == 1 for part in parts),
            any(part >= model.p for part in parts),
        )
        for name, parts in members.items()
        if len(parts) > 1
    )


def _items(parts: list[int], members: dict[int, list[int]], p: int) -> Index:
    """Observed items beneath some indicators."""
    found: dict[int, None] = {}
    pending = list(parts)
    for _ in range(DEEPEST):
        found.update(dict.fromkeys(part for part in pending if part < p))
        pending = [child for part in pending if part >= p for child in members.get(part, [])]
    return np.array(sorted(found), dtype=np.intp)


def effects(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    """What a construct's unit change does to its items, (D, items), along loadings alone.

    ``loading`` (k, k) marks the cells of A that are loadings.
    """
    A = at.A * loading
    reach = np.zeros(A.shape[:2])
    step = np.zeros(A.shape[:2])
    step[:, block.factor] = 1.0
    for _ in range(DEEPEST if block.higher else 1):
        step = (A @ step[:, :, None])[:, :, 0]
        reach += step
    return reach[:, block.items]


def loading_cells(solution: Solution, group: int) -> NDArray[np.bool_]:
    """Which cells (k, k) of A are loadings in one group (from 1)."""
    model = solution.fit.model.groups[group - 1]
    at = {name: i for i, name in enumerate(model.variables)}
    marked = np.zeros(model.A0.shape, dtype=np.bool_)
    for row in solution.partable.rows:
        if row.op == "=~" and row.group == group:
            marked[at[row.rhs], at[row.lhs]] = True
    return marked
