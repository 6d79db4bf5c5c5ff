"""A fitted model as flat arrays, the form in which kernels read it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.fit import Fit
from analysis.sem.inference import constrained_inverse
from analysis.sem.model import Cells, GroupModel
from analysis.sem.starts import starting_values

Array = NDArray[np.float64]
Index = NDArray[np.intp]
FIXED, FREE, SAMPLE = 0, 1, 2
FACTOR_CELLS = 4
Cell = tuple[int, int, int, float]  # row, column, parameter, value
_FIXED, _SAMPLE = -1, -2


class Plan(NamedTuple):
    """What kernels need to know of a model.

    The cells of the RAM matrices stand in one list: group g has those of A from ``at[g, 0]`` to
    ``at[g, 1]``, of S to ``at[g, 2]`` and of m to ``at[g, 3]``. Cells of A come in an order in
    which each variable follows those it depends on, if ``recursive``. A cell is ``FIXED``,
    ``FREE`` or ``SAMPLE`` (a moment of covariates, taken from each sample anew; ``covariates``
    says whether there are any); parameter i is the value of cell ``place[i]``.

    Searches run in u (r,), with ``cells = start + C u``: C holds the directions that equality
    constraints leave, scaled such that F is round, with curvature 1, at the estimates. ``Ct`` is
    its transpose; ``restart`` (r,) is where an estimation usually starts. ``weight`` (groups,) are
    the factors of the groups' losses in F.
    """

    p: int
    k: int
    groups: int
    means: bool
    recursive: bool
    covariates: bool
    weight: Array
    at: Index
    row: Index
    col: Index
    kind: Index
    place: Index
    start: Array
    C: Array
    Ct: Array
    restart: Array


def compilable(fit: Fit) -> bool:
    """Whether kernels cover the fit: complete-data ML, at most linear equality constraints."""
    plain = all(g.patterns is None and g.ordinal is None for g in fit.moments.groups)
    constraints = fit.constraints
    if fit.loss != "ML" or not plain or constraints.inequalities or constraints.lower:
        return False
    _, here = constraints.equality(fit.theta)
    _, there = constraints.equality(1.3 * fit.theta + 0.1)
    return fit.outcome.estimated and np.array_equal(here, there)


def make_plan(fit: Fit) -> Plan:
    """The arrays of a fit that ``compilable`` accepts."""
    models = fit.model.groups
    orders = [_order(g) for g in models]
    exo = _covariates(fit)
    cells: list[Cell] = []
    at = np.zeros((len(models), 4), dtype=np.intp)
    for g, (model, order) in enumerate(zip(models, orders, strict=True)):
        at[g, 0] = len(cells)
        for n, part in enumerate(
            (_arrows(model, order), _symmetric(model, exo), _means(model, exo))
        ):
            cells += part
            at[g, n + 1] = len(cells)
    row, col, par = (np.array([cell[i] for cell in cells], dtype=np.intp) for i in range(3))
    free = par >= 0
    start = np.array([cell[3] for cell in cells])
    start[free] = fit.theta[par[free]]
    p = models[0].p
    B = _triangular(coordinates(fit), par[factor_order(p, row, col, at)[0]])
    C = np.where(free[:, None], B[par], 0.0)
    usual = starting_values(fit.model, fit.moments)
    return Plan(
        p, len(models[0].variables), len(models), fit.model.meanstructure,
        all(order is not None for order in orders), bool(exo),
        np.array([t.weight for t in fit.objective.terms]), at, row, col,
        np.where(free, FREE, np.where(par == _SAMPLE, SAMPLE, FIXED)).astype(np.intp),
        np.flatnonzero(free)[np.argsort(par[free])], start, C, np.ascontiguousarray(C.T),
        np.linalg.lstsq(B, usual - fit.theta, rcond=None)[0].astype(np.float64),
    )  # fmt: skip


def coordinates(fit: Fit) -> Array:
    """B (q, r): B B' is the inverse Hessian of F within the constraints."""
    H = fit.objective.hessian(fit.theta)
    inverse = constrained_inverse(fit, H)
    if inverse is None:
        inverse = constrained_inverse(fit, fit.objective.expected_hessian(fit.theta))
    assert inverse is not None
    K = fit.constraints.basis(fit.theta)
    inner = K.T @ inverse @ K
    return np.ascontiguousarray(K @ np.linalg.cholesky(0.5 * (inner + inner.T)))


def factor_order(p: int, row: Index, col: Index, at: Index) -> tuple[Index, Index]:
    """Cells of a factor model of p items in the order of its parts, and where each part ends.

    Parts are residual variances of items, loadings by item, regressions among latent variables,
    and their covariances; cells of no part stand behind these.
    """
    number = np.arange(len(row))
    arrow, moment = number < at[0, 1], number < at[-1, 2]
    inner, latent = row >= p, col >= p
    part = np.full(len(row), FACTOR_CELLS)
    part[~arrow & moment & (row == col) & ~inner] = 0
    part[arrow & ~inner & latent] = 1
    part[arrow & inner & latent] = 2
    part[~arrow & moment & inner & latent] = 3
    order = np.lexsort((np.where(part == 1, row, 0), part))
    return order, np.searchsorted(part[order], np.arange(FACTOR_CELLS), side="right")


def _triangular(B: Array, order: Index) -> Array:
    """B turned, which leaves B B', until the k-th new parameter in ``order`` takes k columns."""
    _, first = np.unique(order[order >= 0], return_index=True)
    rows = order[order >= 0][np.sort(first)]
    turned = np.zeros_like(B)
    turned[rows] = np.tril(np.asarray(np.linalg.qr(B[rows].T, mode="r")).T)
    return turned


def _order(group: GroupModel) -> list[int] | None:
    """Variables such that each follows those that its equation holds; None with a loop."""
    pattern = group.A0 != 0
    pattern[group.A.row, group.A.col] = True
    left, order = set(range(len(pattern))), list[int]()
    while left:
        ready = [i for i in sorted(left) if not any(pattern[i, j] for j in left)]
        if not ready:
            return None
        order += ready
        left -= set(ready)
    return order


def _arrows(group: GroupModel, order: list[int] | None) -> list[Cell]:
    free = _by_place(group.A)
    cells = sorted({*free, *zip(*(x.tolist() for x in np.nonzero(group.A0)), strict=True)})
    found = [(i, j, free.get((i, j), _FIXED), float(group.A0[i, j])) for i, j in cells]
    if order is not None:
        rank = {v: r for r, v in enumerate(order)}
        found.sort(key=lambda cell: (rank[cell[0]], rank[cell[1]]))
    return found


def _symmetric(group: GroupModel, exo: set[str]) -> list[Cell]:
    free = _by_place(group.S)
    fixed = zip(*(x.tolist() for x in np.nonzero(np.tril(group.S0))), strict=True)
    covariates = [i for i, name in enumerate(group.variables) if name in exo]
    taken = {(i, j) for i in covariates for j in covariates if i >= j}
    found = []
    for i, j in sorted({*free, *fixed, *taken}):
        par = free.get((i, j), _SAMPLE if (i, j) in taken else _FIXED)
        found.append((i, j, par, float(group.S0[i, j])))
    return found


def _means(group: GroupModel, exo: set[str]) -> list[Cell]:
    free = dict(zip(group.m.row.tolist(), group.m.par.tolist(), strict=True))
    taken = {i for i, name in enumerate(group.variables) if name in exo}
    found = []
    for i in sorted({*free, *np.flatnonzero(group.m0).tolist(), *taken}):
        par = free.get(i, _SAMPLE if i in taken else _FIXED)
        found.append((i, 0, par, float(group.m0[i])))
    return found


def _covariates(fit: Fit) -> set[str]:
    """Variables whose moments are fixed at the sample's (``fixed.x``)."""
    rows = fit.model.partable.rows
    return {r.lhs for r in rows if r.exo and r.free == 0 and r.op == "~~" and r.lhs == r.rhs}


def _by_place(cells: Cells) -> dict[tuple[int, int], int]:
    places = zip(cells.row.tolist(), cells.col.tolist(), strict=True)
    return dict(zip(places, cells.par.tolist(), strict=True))
