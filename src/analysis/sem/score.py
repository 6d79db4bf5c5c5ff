"""Score (Lagrange multiplier) tests of equality constraints: what releasing them would gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.sem.constraints import null_space
from analysis.sem.inference import ChiSquare
from analysis.sem.solution import Estimate, Solution
from analysis.syntax import Parameter, ParTable

Array = NDArray[np.float64]

SINGULAR = 1e-9


@dataclass(frozen=True, slots=True)
class ReleasedConstraint:
    """Score test of one constraint.

    ``number`` counts the model's equality constraints from 1; ``lhs`` and ``rhs`` are lavaan's,
    ``text`` names parameters in place of ``.p1.``. ``epc`` is how much lhs - rhs would change if
    this constraint alone were released. NaN where it cannot be tested (``df`` 0): releasing it
    would leave the model unidentified.
    """

    number: int
    lhs: str
    rhs: str
    text: str
    stat: float
    df: int
    p: float
    epc: float


@dataclass(frozen=True, slots=True)
class ExpectedChange:
    """Expected change ``epc`` of a free parameter when all tested constraints are released.

    ``epv`` = estimate + epc is the expected value; ``sepc_lv`` and ``sepc_all`` are the change
    standardized by latent, and by all, standard deviations. NaN where it is not identified.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    label: str
    epc: float
    epv: float
    sepc_lv: float
    sepc_all: float


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """Test of several equality constraints together, and of each alone.

    ``df`` is the number of directions that become free and identified: fewer than the released
    constraints where some of them set an origin or a scale (lavaan counts the constraints).
    """

    stat: float
    df: int
    p: float
    univariate: tuple[ReleasedConstraint, ...]
    changes: tuple[ExpectedChange, ...]
    findings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Release:
    """Gain of the constraints that are left: ``step`` (q,) of theta, ``known`` where unique."""

    stat: float
    rank: int
    step: Array
    known: NDArray[np.bool_]


def score_test(solution: Solution, *, release: Sequence[int] = ()) -> ScoreTest:
    """lavaan's ``lavTestScore()``: expected information, normal theory.

    Parameters
    ----------
    solution : a fitted model with equality constraints (equal labels, ``group_equal``, ``==``).
    release : numbers (from 1, as in ``univariate``) of the constraints to test together; all by
        default. The others stay in force.

    Raises
    ------
    ModelError
        Without equality constraints, with inequalities, or for numbers that do not exist.
    """
    fit = solution.fit
    rows = [r for r in solution.partable.constraints if r.op == "=="]
    numbers = _checked(solution, release, len(rows))
    _, J = fit.constraints.equality(fit.theta)
    score = -0.5 * fit.objective.gradient(fit.theta)
    information = 0.5 * fit.objective.expected_hessian(fit.theta)
    base = _released(score, information, J, solution.n).rank
    tested = [i for i in range(len(rows)) if i + 1 in numbers]
    together = _released(score, information, np.delete(J, tested, axis=0), solution.n)
    single = [_released(score, information, np.delete(J, i, axis=0), solution.n) for i in tested]
    univariate = tuple(
        _univariate(i + 1, rows[i], solution.partable, one, one.rank - base, J[i])
        for i, one in zip(tested, single, strict=True)
    )
    total = ChiSquare.of(together.stat, together.rank - base)
    df = int(total.df)
    free = null_space(np.delete(J, tested, axis=0), fit.model.q).shape[1]
    findings = []
    if solution.preset.se != "standard":
        findings.append(message("compare.score_not_robust", estimator=solution.estimator))
    if free > together.rank:
        lost, count = free - together.rank, len(tested)
        findings.append(
            message("compare.unidentified_release", constraints=count, lost=lost, df=df)
        )
    changes = _changes(solution, together)
    stat = total.stat if df > 0 else nan
    return ScoreTest(stat, df, total.p, univariate, changes, tuple(findings))


def _checked(solution: Solution, release: Sequence[int], count: int) -> frozenset[int]:
    if not solution.outcome.estimated:
        raise ModelError(message("compare.not_estimated", outcome=solution.outcome.value))
    if solution.fit.constraints.inequalities or solution.fit.constraints.lower:
        raise ModelError(message("compare.inequalities"))
    if count == 0:
        raise ModelError(message("compare.no_equalities"))
    unknown = [i for i in release if not 1 <= i <= count]
    if unknown:
        found = ", ".join(map(str, unknown))
        raise ModelError(message("compare.unknown_constraint", found=found, count=count))
    return frozenset(release or range(1, count + 1))


def _released(score: Array, information: Array, J: Array, n: int) -> _Release:
    """One scoring step within the constraints ``J`` (m, q): n s' I^- s and I^- s."""
    Z = null_space(J, len(score))
    inner = Z.T @ information @ Z
    scale = 1.0 / np.sqrt(np.maximum(np.diag(inner), 1e-300))
    values, vectors = np.linalg.eigh(inner * np.outer(scale, scale))
    keep = values > SINGULAR * values.max()
    directions = Z @ (scale[:, None] * vectors)
    slope = directions[:, keep].T @ score
    step = directions[:, keep] @ (slope / values[keep])
    lost = directions[:, ~keep]
    unit = lost / np.linalg.norm(lost, axis=0)
    known = np.abs(unit).max(axis=1, initial=0.0) < 1e-6
    return _Release(n * float(score @ step), int(keep.sum()), step, known)


def _univariate(
    number: int, row: Parameter, table: ParTable, one: _Release, df: int, slope: Array
) -> ReleasedConstraint:
    text = f"{_readable(row.lhs, table)} == {_readable(row.rhs, table)}"
    if df < 1:
        return ReleasedConstraint(number, row.lhs, row.rhs, text, nan, 0, nan, nan)
    test = ChiSquare.of(one.stat, df)
    epc = float(slope @ one.step)
    return ReleasedConstraint(number, row.lhs, row.rhs, text, test.stat, df, test.p, epc)


def _readable(side: str, table: ParTable) -> str:
    row = table.by_name.get(side)
    if row is None or not side.startswith(".p"):
        return side
    group = f" [{table.groups[row.group - 1]}]" if table.n_groups > 1 else ""
    return f"{row.lhs} {row.op} {row.rhs}".strip() + group


def _changes(solution: Solution, release: _Release) -> tuple[ExpectedChange, ...]:
    free = iter(solution.fit.model.free)
    found = []
    for e in solution.estimates:
        if e.free:
            i = next(free).free - 1
            found.append(_change(e, float(release.step[i]) if release.known[i] else nan))
    return tuple(found)


def _change(e: Estimate, epc: float) -> ExpectedChange:
    # Standardized values are the raw ones times a factor, except scale factors.
    per_unit = epc / e.est if e.est != 0.0 and e.op != "~*~" else nan
    return ExpectedChange(
        e.lhs, e.op, e.rhs, e.group, e.label,
        epc, e.est + epc, per_unit * e.std_lv, per_unit * e.std_all,
    )  # fmt: skip
