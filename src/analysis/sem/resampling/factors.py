"""What the kernels of factor models read, and where in their one array things stand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import kernel
from analysis.sem.resampling.plan import Index, Plan, factor_order
from analysis.sem.resampling.vectors import LANES, spread, store

Array = NDArray[np.float64]
BLOCK = 4  # sums made side by side, as each waits for its last addition


class Factors(NamedTuple):
    """What the low-rank kernels need to know of a model.

    Of the ``m`` latent variables the first ``f`` have items. Of the ``n`` cells the first p are the
    residual variances of the items, whose inverse at the estimates is ``precision`` (p,) and whose
    logarithms sum to ``shift``; then come the loadings (item, factor), those of item i from
    ``loads[i]`` to ``loads[i + 1]``; then from ``b`` regressions among latent variables in a
    recursive order; then from ``s`` their (residual) covariances. ``order`` lists the loadings by
    factor, those of factor j from ``by[j]`` to ``by[j + 1]``. Parameter i is the value of cell
    ``parameter[i]``; variable i of the plan, if latent, is the ``variable[i]``-th here.

    ``place`` (p, p) is where a covariance stands in a lower triangle by columns; its last column
    is repeated up to a whole ``BLOCK``.

    ``start`` (n,), ``C`` (n, r) and ``Ct`` as in ``Plan``, padded with zeros to whole ``BLOCK``s of
    rows and columns; ``spans`` and ``Ct_spans`` (blocks, 2) are from where to where their blocks of
    rows are not zero. ``none`` (r,) is zero.
    """

    p: int
    m: int
    f: int
    b: int
    s: int
    n: int
    parameter: Index
    variable: Index
    loads: Index
    row: Index
    col: Index
    order: Index
    by: Index
    place: Index
    precision: Array
    shift: float
    start: Array
    none: Array
    C: Array
    Ct: Array
    spans: Index
    Ct_spans: Index


def make_factors(plan: Plan) -> Factors | None:
    """The low-rank form of a plan; None for models that have none."""
    p, k = plan.p, plan.k
    if plan.groups > 1 or plan.means or plan.covariates or not plan.recursive:
        return None
    cells, ends = factor_order(plan.p, plan.row, plan.col, plan.at)
    if ends[0] < p or ends[-1] < len(cells) or not (plan.start[cells[:p]] > 0).all():
        return None
    _, b, s, n = ends
    measured = np.unique(plan.col[cells[p:b]])
    place = np.arange(k)
    place[np.r_[measured, np.setdiff1d(np.arange(p, k), measured)]] = np.arange(k - p)
    row, col = place[plan.row[cells]], place[plan.col[cells]]
    order = p + np.argsort(col[p:b], kind="stable")
    C = _padded(plan.C[cells])
    Ct = np.ascontiguousarray(C.T)
    return Factors(
        p, k - p, len(measured), b, s, n, np.argsort(cells)[plan.place], place,
        p + np.searchsorted(row[p:b], np.arange(p + 1)), row, col,
        order, np.searchsorted(col[order], np.arange(len(measured) + 1)), _triangle(p),
        1.0 / plan.start[cells[:p]], float(np.log(plan.start[cells[:p]]).sum()),
        _padded(plan.start[cells][None])[0], np.zeros(len(Ct)), C, Ct, _spans(C), _spans(Ct),
    )  # fmt: skip


def _padded(M: Array) -> Array:
    rows, columns = (-(-n // BLOCK) * BLOCK for n in M.shape)
    out = np.zeros((rows, columns))
    out[: len(M), : M.shape[1]] = M
    return out


def _triangle(p: int) -> Index:
    i, j = np.arange(p)[:, None], np.minimum(np.arange(-(-p // BLOCK) * BLOCK), p - 1)
    a, b = np.maximum(i, j), np.minimum(i, j)
    place: Index = b * p - b * (b - 1) // 2 + a - b
    return place


def _spans(M: Array) -> Index:
    some = (M != 0.0).reshape(-1, BLOCK, M.shape[1]).any(axis=1)
    first, last = some.argmax(axis=1), M.shape[1] - some[:, ::-1].argmax(axis=1)
    return np.stack([first, np.where(some.any(axis=1), last, first)], axis=1)


class Rows(NamedTuple):
    """Where things begin in the one array (rows, LANES) that the kernels work in.

    Cell (i, j) of a matrix with n columns is row i n + j from its beginning. One array keeps
    calls cheap, to run and to compile.
    """

    S: int
    x: int
    slope: int
    u: int
    pull: int
    value: int
    least: int
    trace: int
    inverse: int
    w: int
    M: int
    V: int
    K: int
    T: int
    X: int
    Phi: int
    L: int
    U: int
    D: int
    Y: int
    G: int
    N: int
    P: int
    J: int
    JT: int
    zero: int
    one: int
    end: int


def make_rows(model: Factors) -> Rows:
    """Rows one after the other; u (r,) is the point, ``pull`` (r,) the slope by it."""
    p, m, f = model.p, model.m, model.f
    n, r = model.C.shape
    sizes = [p * (p + 1) // 2, n, n, r, r, 1, 1, 1, p, model.b]
    sizes += [f * f, model.place.shape[1] * f, f * f, m * m, m * m, m * m]
    sizes += [f * f] * 8 + [m * f, m * m, f * f]
    assert len(sizes) == len(Rows._fields) - 1
    return Rows(*np.cumsum([0, *sizes]).tolist())


@kernel
def make_lanes(model: Factors, at: Rows, rows: int) -> Array:
    """The array that kernels work in, with ``rows`` more, from a multiple of 64 bytes on."""
    size = (at.end + rows) * LANES
    room = np.zeros(size + LANES)
    shift = (-room.ctypes.data // 8) % LANES
    A = room[shift : shift + size].reshape(-1, LANES)
    for i in range(model.f):
        store(A, at.one + i * model.f + i, spread(1.0))
    return A
