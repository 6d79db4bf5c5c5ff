"""Where a group's free parameters stand: places in flat matrices, for gathers in one call.

With Z = [E, F C] (p, 2k) a parameter moves Sigma by w (x y' + y x'), x and y columns of Z: a cell
(r, c) of A by x = r, y = k + c; of S by x = r, y = c, w = 1/2 on the diagonal; of m not at all.
It moves mu by f E_r, with f = t_c for A, 0 for S and 1 for m.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.cached import SIZE

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Block = tuple[slice, slice] | tuple[Index, Index]


@dataclass(frozen=True, eq=False)
class Cells:
    """Free cells of one matrix: cell (row[i], col[i]) holds parameter par[i]."""

    row: Index
    col: Index
    par: Index


class Pairs(NamedTuple):
    """Places of second derivatives in matrices with 2k columns; rows of each are cells of A.

    A place is named by the matrix's row and column: ``r`` and ``c`` of the first parameter,
    ``R`` and ``C`` of the second one. Their block of the Hessian is ``into``, and ``mirrored``.
    """

    rR: Index
    rC: Index
    cR: Index
    cC: Index
    into: Block
    mirrored: Block


@dataclass(frozen=True, eq=False)
class Layout:
    """A group's free cells by rising parameter, n in all.

    ``par`` (n,) parameters; ``x`` (n,) as above, ``xy`` and ``half`` (2n,) x and y, w and 1 one
    after another, ``twice`` (n,) is 2 w; ``carrier`` (n,) where f stands in [t, 0, 1]; ``flat``
    (n,) is the place of (x, y) in a matrix with 2k columns. ``put`` and ``take`` tell where in
    [A, S, m] which parameters go. ``arrows`` and ``others`` are places of pairs of cells of A,
    and of cells of A and of S; ``double`` (cells of S,) is 1 on the diagonal and 2 beside it.
    """

    par: Index
    x: Index
    xy: Index
    half: Array
    twice: Array
    carrier: Index
    flat: Index
    put: Index
    take: Index
    arrows: Pairs
    others: Pairs
    double: Array


@lru_cache(maxsize=SIZE)
def layout(A: Cells, S: Cells, m: Cells, k: int) -> Layout:
    """Places for ``k`` variables; kept, as the cells of a compiled model never change."""
    blank = np.zeros(len(m.par), dtype=np.intp)
    par = np.concatenate([A.par, S.par, m.par])
    order = np.argsort(par, kind="stable")
    x = np.concatenate([A.row, S.row, m.row])[order]
    y = np.concatenate([k + A.col, S.col, blank])[order]
    half = np.concatenate([np.ones(len(A.par)), np.where(S.row == S.col, 0.5, 1.0), blank])[order]
    carrier = np.concatenate([A.col, np.full(len(S.par), k), blank + k + 1])[order]
    lower, upper = k * k + S.row * k + S.col, k * k + S.col * k + S.row
    put = np.concatenate([A.row * k + A.col, lower, upper, 2 * k * k + m.row])
    take = np.concatenate([A.par, S.par, S.par, m.par])
    double = np.where(S.row == S.col, 1.0, 2.0)
    arrows, others = _pairs(A, A.par, A.row, k + A.col, k), _pairs(A, S.par, S.row, S.col, k)
    return Layout(
        par[order], x, np.concatenate([x, y]), np.concatenate([half, np.ones(len(x))]),
        2.0 * half, carrier, x * 2 * k + y, put, take, arrows, others, double,
    )  # fmt: skip


def _pairs(A: Cells, par: Index, row: Index, col: Index, k: int) -> Pairs:
    r, c = A.row[:, None] * 2 * k, A.col[:, None] * 2 * k
    into, mirrored = _block(A.par, par), _block(par, A.par)
    return Pairs(r + row, r + col, c + row, c + col, into, mirrored)


def _block(rows: Index, columns: Index) -> Block:
    """Indices of a block of a matrix, as slices where rows and columns stand side by side."""
    spans = tuple(
        slice(int(x[0]), int(x[0]) + len(x)) if len(x) else slice(0) for x in (rows, columns)
    )
    together = [np.array_equal(np.arange(len(x)) + x[:1], x) for x in (rows, columns)]
    if all(together):
        return spans[0], spans[1]
    return rows[:, None], columns
