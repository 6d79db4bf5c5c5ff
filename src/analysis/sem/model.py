"""A parameter table as positions in the matrices of the reticular action model (RAM).

All variables of a group, observed first, stand in one vector v = A v + u with Cov(u) = S and
E(u) = m. With T = (I - A)^-1 and F the rows of the observed ones,
``Sigma = F T S T' F'`` and ``mu = F T m`` (McArdle & McDonald 1984). Loadings, regressions,
second-order factors and observed-variable paths are then all alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtri

from analysis.errors import ModelError, message
from analysis.sem.algebra import inverse
from analysis.sem.cached import by_identity, frozen
from analysis.sem.layout import Cells as Cells
from analysis.sem.layout import Index, Layout, layout
from analysis.sem.moments import Moments
from analysis.sem.ordinal_stats import OrdinalMoments
from analysis.syntax import Parameter, ParTable

Array = NDArray[np.float64]


def diagonal(matrix: NDArray[Any]) -> NDArray[Any]:
    """Diagonal (k,) of (k, k), or (k, b) of a stack (b, k, k)."""
    return np.diagonal(matrix, axis1=-2, axis2=-1).T


def filled(constant: Array, at: Index, values: NDArray[Any]) -> NDArray[Any]:
    """``constant`` (n,) with ``values`` (c,) or (c, b) at some places: (n,) or (n, b)."""
    batch = values.shape[1:]
    full = np.empty((len(constant), *batch), dtype=np.result_type(constant, values))
    full[...] = constant.reshape(-1, *(1 for _ in batch))
    full[at] = values
    return full


@dataclass(frozen=True)
class Ordinal:
    """Thresholds and scale factors of one group's ordered items.

    ``items`` are their positions among the observed variables; ``variable`` (r1,) the variable of
    each leading statistic; ``tau0`` (r1,) fixed thresholds, ``tau`` the free ones; ``delta0`` (p,)
    fixed scale factors, ``delta`` the free ones. With ``by_delta`` residual variances follow from
    delta; otherwise delta follows from the implied variances.
    """

    items: Index
    variable: Index
    tau0: Array
    tau: Cells
    delta0: Array
    delta: Cells
    by_delta: bool

    def thresholds(self, theta: NDArray[np.generic]) -> Array:
        """Thresholds (r1,), 0 for means of numeric items."""
        return filled(self.tau0, self.tau.row, theta[self.tau.par])

    def deltas(self, theta: NDArray[np.generic]) -> Array:
        """Scale factors (p,) as parameters."""
        return filled(self.delta0, self.delta.row, theta[self.delta.par])

    def scales(self, theta: NDArray[np.generic], Sigma: Array) -> Array:
        """Scale factors (p,), 1 for numeric items."""
        if self.by_delta:
            return self.deltas(theta)
        own = diagonal(Sigma)[self.items]
        return filled(np.ones(Sigma.shape[-1]), self.items, 1.0 / np.sqrt(own))

    def scales_jacobian(self, Sigma: Array, dSigma: Array) -> Array:
        """Derivative (q, p) of the scale factors."""
        slopes = np.zeros(dSigma.shape[:2])
        if self.by_delta:
            slopes[self.delta.par, self.delta.row] = 1.0
        else:
            own = np.diag(Sigma)[self.items]
            slopes[:, self.items] = -0.5 * own**-1.5 * dSigma[:, self.items, self.items]
        return slopes


@dataclass(frozen=True, eq=False)
class GroupModel:
    """One group's matrices: constants, and which cells are free.

    ``variables`` (k) = observed (p) then latent. ``A0``, ``S0`` (k, k) and ``m0`` (k,) hold the
    fixed values; ``S`` cells are given once, for row >= col. Two are equal if they are the same.
    """

    observed: tuple[str, ...]
    variables: tuple[str, ...]
    A0: Array
    S0: Array
    m0: Array
    A: Cells
    S: Cells
    m: Cells
    ordinal: Ordinal | None = None

    @property
    def p(self) -> int:
        """Number of observed variables."""
        return len(self.observed)

    @cached_property
    def layout(self) -> Layout:
        """Where the free parameters stand."""
        return layout(self.A, self.S, self.m, len(self.variables))

    @cached_property
    def means(self) -> bool:
        """Whether any variable has a mean other than 0."""
        return bool(len(self.m.par) or self.m0.any())

    @cached_property
    def eye(self) -> Array:
        """The identity (k, k)."""
        return frozen(np.eye(len(self.variables)))

    def total_effects(self, A: Array) -> Array:
        """(I - A)^-1 (k, k), or a stack of them.

        Raises ``LinAlgError`` where a loop makes that impossible.
        """
        order = _recursive(self.A0, self.A)
        if order is None or A.ndim > 2 or A.dtype != np.float64:
            return inverse(self.eye - A)
        forth, back = order
        lower = (self.eye - A).take(forth)
        inverted: Array = dtrtri(lower.T, lower=0, unitdiag=1, overwrite_c=1)[0].T
        return inverted.take(back)

    @cached_property
    def _constants(self) -> Array:
        """A0, S0 and m0 in one row."""
        return frozen(np.concatenate([self.A0.ravel(), self.S0.ravel(), self.m0]))

    def matrices(self, theta: NDArray[np.generic]) -> tuple[Array, Array, Array]:
        """A, S (k, k) and m (k,) filled with ``theta`` (q,), which may be complex.

        For points ``theta`` (q, b) they are (b, k, k) and (b, k).
        """
        k, places = len(self.variables), self.layout
        batch = theta.shape[1:]
        if batch:
            flat = np.empty((*batch, len(self._constants)), np.result_type(float, theta))
            flat[...] = self._constants
        else:
            flat = self._constants.astype(np.result_type(float, theta))
        flat[..., places.put] = theta[places.take].T
        A = flat[..., : k * k].reshape(*batch, k, k)
        S = flat[..., k * k : 2 * k * k].reshape(*batch, k, k)
        m = flat[..., 2 * k * k :]
        if self.ordinal is not None and self.ordinal.by_delta:
            self._complete_residuals(A, S, theta)
        return A, S, m

    def _complete_residuals(self, A: Array, S: Array, theta: NDArray[np.generic]) -> None:
        """Residual variances of ordered items: what brings the latent response to 1 / delta^2."""
        assert self.ordinal is not None
        items = self.ordinal.items
        S[..., items, items] = 0.0
        T = np.linalg.inv(np.eye(A.shape[-1]) - A)[..., items, :]
        explained = np.einsum("...ij,...jk,...ik->...i", T, S, T)
        delta = self.ordinal.deltas(theta)[items]
        S[..., items, items] = 1.0 / delta.T**2 - explained


@by_identity
def _recursive(A0: Array, A: Cells) -> tuple[Index, Index] | None:
    """Places (k, k) that make I - A lower triangular, and that undo it; None with a loop."""
    k = len(A0)
    there = A0 != 0
    there[A.row, A.col] = True
    left, order = list(range(k)), list[int]()
    while left:
        ready = [i for i in left if not there[i, left].any()]
        if not ready:
            return None
        order += ready
        left = [i for i in left if i not in ready]
    forth, back = np.array(order, dtype=np.intp), np.argsort(order)
    return forth[:, None] * k + forth, back[:, None] * k + back


@dataclass(frozen=True, eq=False)
class Model:
    """A compiled model: ``groups`` share the parameter vector theta (q,).

    Two are equal if they are the same.
    """

    partable: ParTable
    groups: tuple[GroupModel, ...]
    meanstructure: bool

    @property
    def q(self) -> int:
        """Number of free parameters before constraints."""
        return self.partable.n_free

    @cached_property
    def free(self) -> tuple[Parameter, ...]:
        """The free rows of the parameter table, in the order of theta."""
        rows = [r for r in self.partable.rows if r.free > 0]
        return tuple(sorted(rows, key=lambda r: r.free))

    @cached_property
    def taken(self) -> int:
        """Moments of covariates that are taken as given."""
        return sum(1 for r in self.partable.rows if r.exo and r.free == 0)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters as lavaan's ``coef()`` prints them."""
        return tuple(parameter_name(r, len(self.groups)) for r in self.free)


def parameter_name(row: Parameter, n_groups: int = 1) -> str:
    """lavaan's name: the user's label, else ``lhs op rhs`` with ``.g2`` for the second group."""
    if row.label and not row.label.startswith(".p"):
        return row.label
    suffix = f".g{row.group}" if n_groups > 1 and row.group > 1 else ""
    return f"{row.lhs}{row.op}{row.rhs}{suffix}"


def compile_model(partable: ParTable, moments: Moments) -> Model:
    """Turn a parameter table into matrix positions.

    ``moments`` must hold exactly the observed variables; they give the values of exogenous
    covariates that are fixed at their sample moments (``fixed.x``). What does not depend on them
    is made once for a table.
    """
    model = _plain(partable)
    if model.taken == 0 and all(g.ordinal is None for g in moments.groups):
        return model
    groups = tuple(
        _with_sample(partable, g + 1, group, moments) for g, group in enumerate(model.groups)
    )
    return replace(model, groups=groups)


@by_identity
def _plain(partable: ParTable) -> Model:
    """The model with zeros for the moments of covariates."""
    meanstructure = any(r.op == "~1" for r in partable.rows)
    groups = tuple(_compile_group(partable, g + 1) for g in range(len(partable.groups)))
    return Model(partable, groups, meanstructure)


def _with_sample(partable: ParTable, group: int, model: GroupModel, moments: Moments) -> GroupModel:
    """The group with its covariates' moments, thresholds and scale factors."""
    sample = moments.groups[group - 1]
    at = {name: i for i, name in enumerate(model.variables)}
    S0, m0 = model.S0.copy(), model.m0.copy()
    for row in partable.rows:
        place = _position(row, at) if row.group == group and row.exo and not row.free else None
        if place is None:
            continue
        value = _sample_value(row, moments.names, sample.cov, sample.mean) or 0.0
        _, i, j = place
        if row.op == "~1":
            m0[i] = value
        else:
            S0[i, j] = S0[j, i] = value
    ordinal = None if sample.ordinal is None else _ordinal(partable, group, sample.ordinal)
    return replace(model, S0=S0, m0=m0, ordinal=ordinal)


def _compile_group(partable: ParTable, group: int) -> GroupModel:
    observed, latent = tuple(partable.observed), tuple(partable.latent)
    variables = observed + latent
    at = {name: i for i, name in enumerate(variables)}
    k = len(variables)
    const = {"A": np.zeros((k, k)), "S": np.zeros((k, k)), "m": np.zeros((k, 1))}
    cells: dict[str, list[tuple[int, int, int]]] = {"A": [], "S": [], "m": []}
    for row in partable.rows:
        place = _position(row, at) if row.group == group else None
        if place is None:
            continue
        matrix, i, j = place
        if row.free > 0:
            cells[matrix].append((i, j, row.free - 1))
        elif row.ustart is not None:
            const[matrix][i, j] = row.ustart
            if matrix == "S":
                const[matrix][j, i] = row.ustart
    return GroupModel(
        observed,
        variables,
        frozen(const["A"]),
        frozen(const["S"]),
        frozen(const["m"][:, 0]),
        _cells(cells["A"]),
        _cells(cells["S"]),
        _cells(cells["m"]),
    )


def _ordinal(partable: ParTable, group: int, data: OrdinalMoments) -> Ordinal:
    place: dict[tuple[str, str], int] = {}
    count: dict[str, int] = {}
    for i, v in enumerate(data.threshold_variable):
        if v < 0:
            continue
        name = data.names[v]
        count[name] = count.get(name, 0) + 1
        place[(name, f"t{count[name]}")] = i
    variable = data.threshold_variable.copy()
    numeric = [i for i, name in enumerate(data.names) if name not in data.ordered]
    variable[variable < 0] = numeric
    at = {name: i for i, name in enumerate(data.names)}
    tau0, delta0 = np.zeros(len(variable)), np.ones(len(data.names))
    tau: list[tuple[int, int, int]] = []
    delta: list[tuple[int, int, int]] = []
    for row in partable.rows:
        if row.group != group or row.op not in ("|", "~*~"):
            continue
        cells, const = (tau, tau0) if row.op == "|" else (delta, delta0)
        i = place[(row.lhs, row.rhs)] if row.op == "|" else at[row.lhs]
        if row.free > 0:
            cells.append((i, 0, row.free - 1))
        elif row.ustart is not None:
            const[i] = row.ustart
    items = np.array([at[name] for name in data.ordered], dtype=np.intp)
    by_delta = partable.options.parameterization == "delta"
    return Ordinal(items, variable, tau0, _cells(tau), delta0, _cells(delta), by_delta)


def _position(row: Parameter, at: dict[str, int]) -> tuple[str, int, int] | None:
    try:
        match row.op:
            case "=~":
                return "A", at[row.rhs], at[row.lhs]
            case "~":
                return "A", at[row.lhs], at[row.rhs]
            case "~~":
                i, j = at[row.lhs], at[row.rhs]
                return "S", max(i, j), min(i, j)
            case "~1":
                return "m", at[row.lhs], 0
            case _:
                return None
    except KeyError as error:
        raise ModelError(
            message("sem.unknown_variable", name=str(error.args[0]), known=", ".join(at))
        ) from None


def _sample_value(
    row: Parameter, names: tuple[str, ...], cov: Array, mean: Array | None
) -> float | None:
    i = names.index(row.lhs)
    if row.op == "~1":
        return None if mean is None else float(mean[i])
    return float(cov[i, names.index(row.rhs)])


def _cells(found: list[tuple[int, int, int]]) -> Cells:
    array = np.array(found, dtype=np.intp).reshape(-1, 3)
    return Cells(array[:, 0].copy(), array[:, 1].copy(), array[:, 2].copy())
