"""Which equalities a failed step fails by: score tests of each parameter over all groups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from analysis.sem import Solution
from analysis.sem.constraints import null_space
from analysis.syntax import Parameter

Array = NDArray[np.float64]
SINGULAR = 1e-9
UNIDENTIFIED = 1e-7


@dataclass(frozen=True, slots=True)
class Cause:
    """Score test of releasing one parameter in all groups.

    ``group`` is the one whose release alone gains most (``group_stat``, 1 df); ``epc`` is the
    expected difference of its value from the common one of the others. ``sepc`` divides it: a
    loading's and an intercept's by the item's standard deviation in the first group.
    """

    lhs: str
    op: str
    rhs: str
    stat: float
    df: int
    p: float
    group: str
    group_stat: float
    epc: float
    sepc: float

    @property
    def element(self) -> str:
        """The parameter as releases name it, for example ``f=~x2``."""
        return element(self.lhs, self.op, self.rhs)


def element(lhs: str, op: str, rhs: str) -> str:
    """A parameter's name without blanks; intercepts are ``x~1``."""
    return f"{lhs}{op}{rhs}"


def causes(solution: Solution, kinds: Collection[str]) -> tuple[Cause, ...]:
    """Score tests of the equalities of some ``kinds`` (lavaan's names), largest first.

    Expected information and normal theory, as lavaan's ``lavTestScore()``. Parameters whose
    release would leave the model unidentified are left out.
    """
    fit = solution.fit
    _, J = fit.constraints.equality(fit.theta)
    scorer = _Scorer(
        -0.5 * fit.objective.gradient(fit.theta),
        0.5 * fit.objective.expected_hessian(fit.theta),
        J,
        solution.n,
    )
    labels = solution.partable.groups
    found = []
    for key, members in _by_parameter(solution, kinds).items():
        columns = {r.group - 1: r.free - 1 for r in members}
        touched = [i for i, row in enumerate(J) if np.any(row[list(columns.values())])]
        if not touched:
            continue
        stat, df, _ = scorer.gain(touched, np.zeros((0, fit.model.q)))
        if df < 1:
            continue
        group, single, epc = _deviant(scorer, touched, columns, len(labels))
        sd = _sd(solution, key)
        sepc = epc / sd if sd > 0 else nan
        p = float(chi2.sf(stat, df))
        found.append(Cause(*key, stat, df, p, labels[group], single, epc, sepc))
    return tuple(sorted(found, key=lambda c: (-c.stat / c.df, c.element)))


def _by_parameter(
    solution: Solution, kinds: Collection[str]
) -> dict[tuple[str, str, str], list[Parameter]]:
    table = solution.partable
    latent = set(table.latent)
    found: dict[tuple[str, str, str], list[Parameter]] = {}
    for row in solution.fit.model.free:
        if _kind(row, latent) in kinds:
            found.setdefault((row.lhs, row.op, row.rhs), []).append(row)
    return found


def _kind(row: Parameter, latent: set[str]) -> str:
    if row.op == "=~":
        return "loadings"
    if row.op == "|":
        return "thresholds"
    if row.op == "~*~":
        return "residuals"
    if row.op == "~1":
        return "means" if row.lhs in latent else "intercepts"
    if row.op == "~~":
        own = row.lhs == row.rhs
        if row.lhs in latent:
            return "lv.variances" if own else "lv.covariances"
        return "residuals" if own else "residual.covariances"
    return "regressions"


def _sd(solution: Solution, key: tuple[str, str, str]) -> float:
    lhs, op, rhs = key
    item = rhs if op == "=~" else lhs
    if op not in ("=~", "~1") or item not in solution.names:
        return nan
    at = solution.names.index(item)
    return float(np.sqrt(solution.implied[0].Sigma[at, at]))


class _Scorer:
    """One scoring step from the estimates within other constraints than those in force.

    Directions that constraints leave are those of the constraints in force, worked out once, and
    a few more in the row space of ``J``.
    """

    def __init__(self, score: Array, information: Array, J: Array, n: int) -> None:
        self.J, self.n, self.score = J, n, score
        Z = null_space(J, len(score))
        self.rows = null_space(Z.T, len(score))
        self.closed = _Inverse(Z.T @ information @ Z, SINGULAR)
        self.step = Z @ self.closed(Z.T @ score)
        self.drag = Z @ self.closed(Z.T @ information @ self.rows)
        inner = self.rows.T @ information
        self.whole = inner @ self.rows
        self.inner = self.whole - inner @ self.drag
        self.pull = self.rows.T @ score - inner @ self.step
        self.base = self.n * float(score @ self.step)

    def gain(self, without: Sequence[int], added: Array) -> tuple[float, int, Array]:
        """Statistic, gained directions and step (q,) without some rows and with others."""
        kept = np.concatenate([np.delete(self.J, without, axis=0), added]) @ self.rows
        D = null_space(kept, self.rows.shape[1])
        opened = _Inverse(D.T @ self.inner @ D, UNIDENTIFIED, D.T @ self.whole @ D)
        b = D @ opened(D.T @ self.pull)
        step = self.step + self.rows @ b - self.drag @ b
        return self.base + self.n * float(self.pull @ b), opened.rank, step


class _Inverse:
    """Inverse of a symmetric matrix on the directions in which it is not singular.

    Eigenvalues count from ``least`` on, in the units of ``scaled_by`` (the matrix itself).
    """

    def __init__(self, M: Array, least: float, scaled_by: Array | None = None) -> None:
        units = np.diag(M if scaled_by is None else scaled_by)
        self.scale = 1.0 / np.sqrt(np.maximum(units, 1e-300))
        values, vectors = np.linalg.eigh(M * np.outer(self.scale, self.scale))
        keep = values > least
        self.rank = int(keep.sum())
        self.values, self.vectors = values[keep], vectors[:, keep]

    def __call__(self, x: Array) -> Array:
        scale = self.scale if x.ndim == 1 else self.scale[:, None]
        inner = self.vectors.T @ (scale * x)
        values = self.values if x.ndim == 1 else self.values[:, None]
        found: Array = scale * (self.vectors @ (inner / values))
        return found


def _deviant(
    scorer: _Scorer, touched: Sequence[int], columns: dict[int, int], n_groups: int
) -> tuple[int, float, float]:
    """The group that gains most when it alone is released: index, statistic, change."""
    best = (0, -1.0, nan)
    q = len(scorer.score)
    for g in range(n_groups):
        others = [columns[h] for h in columns if h != g]
        fixed = len(columns) < n_groups  # the first group's value is a number
        rows = np.zeros((max(len(others) - 1, 0), q))
        for i, column in enumerate(others[1:]):
            rows[i, others[0]], rows[i, column] = 1.0, -1.0
        if fixed and g in columns and others:
            rows = np.zeros((len(others), q))
            rows[range(len(others)), others] = 1.0
        stat, df, step = scorer.gain(touched, rows)
        if df < 1 or stat <= best[1] * (1.0 + 1e-9):
            continue
        own = step[columns[g]] if g in columns else 0.0
        common = step[others[0]] if others and not (fixed and g in columns) else 0.0
        best = (g, stat, float(own - common))
    if n_groups == 2 and best[0] == 0 and best[1] >= 0:
        return 1, best[1], -best[2]
    return best
