"""A parameter table as positions in the matrices of the reticular action model (RAM).

All variables of a group, observed first, stand in one vector v = A v + u with Cov(u) = S and
E(u) = m. With T = (I - A)^-1 and F the rows of the observed ones,
``Sigma = F T S T' F'`` and ``mu = F T m`` (McArdle & McDonald 1984). Loadings, regressions,
second-order factors and observed-variable paths are then all alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.moments import Moments
from analysis.syntax import Parameter, ParTable

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Cells:
    """Free cells of one matrix: cell (row[i], col[i]) holds parameter par[i]."""

    row: Index
    col: Index
    par: Index


@dataclass(frozen=True)
class GroupModel:
    """One group's matrices: constants, and which cells are free.

    ``variables`` (k) = observed (p) then latent. ``A0``, ``S0`` (k, k) and ``m0`` (k,) hold the
    fixed values; ``S`` cells are given once, for row >= col.
    """

    observed: tuple[str, ...]
    variables: tuple[str, ...]
    A0: Array
    S0: Array
    m0: Array
    A: Cells
    S: Cells
    m: Cells

    @property
    def p(self) -> int:
        """Number of observed variables."""
        return len(self.observed)

    def matrices(self, theta: NDArray[np.generic]) -> tuple[Array, Array, Array]:
        """A, S and m filled with ``theta`` (q,), which may be complex."""
        A, S, m = (x.astype(np.result_type(x, theta)) for x in (self.A0, self.S0, self.m0))
        A[self.A.row, self.A.col] = theta[self.A.par]
        S[self.S.row, self.S.col] = theta[self.S.par]
        S[self.S.col, self.S.row] = theta[self.S.par]
        m[self.m.row] = theta[self.m.par]
        return A, S, m


@dataclass(frozen=True)
class Model:
    """A compiled model: ``groups`` share the parameter vector theta (q,)."""

    partable: ParTable
    groups: tuple[GroupModel, ...]
    meanstructure: bool

    @property
    def q(self) -> int:
        """Number of free parameters before constraints."""
        return self.partable.n_free

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The free rows of the parameter table, in the order of theta."""
        rows = [r for r in self.partable.rows if r.free > 0]
        return tuple(sorted(rows, key=lambda r: r.free))

    @property
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
    covariates that are fixed at their sample moments (``fixed.x``).
    """
    meanstructure = any(r.op == "~1" for r in partable.rows)
    groups = tuple(
        _compile_group(partable, g + 1, moments) for g in range(len(partable.groups))
    )
    return Model(partable, groups, meanstructure)


def _compile_group(partable: ParTable, group: int, moments: Moments) -> GroupModel:
    observed, latent = tuple(partable.observed), tuple(partable.latent)
    variables = observed + latent
    at = {name: i for i, name in enumerate(variables)}
    k = len(variables)
    sample = moments.groups[group - 1]
    const = {"A": np.zeros((k, k)), "S": np.zeros((k, k)), "m": np.zeros((k, 1))}
    cells: dict[str, list[tuple[int, int, int]]] = {"A": [], "S": [], "m": []}
    for row in partable.rows:
        if row.group != group:
            continue
        place = _position(row, at)
        if place is None:
            continue
        matrix, i, j = place
        if row.free > 0:
            cells[matrix].append((i, j, row.free - 1))
        else:
            value = _sample_value(row, moments.names, sample.cov, sample.mean) if row.exo else row.ustart
            const[matrix][i, j] = 0.0 if value is None else value
            if matrix == "S":
                const[matrix][j, i] = const[matrix][i, j]
    return GroupModel(
        observed,
        variables,
        const["A"],
        const["S"],
        const["m"][:, 0],
        *(_cells(cells[name]) for name in ("A", "S", "m")),
    )


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
