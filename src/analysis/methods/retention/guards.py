"""Which columns may predict: only what was known before the horizon began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.methods.retention.metrics import areas

Array = NDArray[np.float64]
Block = Literal["behaviour", "survey", "person"]
Status = Literal["used", "after", "undeclared", "too_good", "incomplete", "constant"]

LEAST_CASES = 30
COMPLETE = 0.8
RARE = 0.05


@dataclass(frozen=True)
class Candidate:
    """A variable that may predict: ``values`` (n, m), several columns for a category's levels.

    ``columns`` names them (the variable itself, or ``variable=level``); ``timing`` is the
    codebook's: before, survey, after or empty. ``spread`` says that values were taken to
    ``log(1 + x / spread)``; 0 for values as they are.
    """

    name: str
    block: Block
    timing: str
    columns: tuple[str, ...]
    values: Array
    binary: bool = False
    spread: float = 0.0


@dataclass(frozen=True)
class Guard:
    """What was found out about a candidate.

    ``known`` is its share of answers; ``auc`` how well it alone tells leavers from stayers, and
    ``gaps_auc`` how well its gaps do (a column filled in only for leavers gives them away).
    """

    name: str
    block: Block
    timing: str
    known: float
    auc: float
    gaps_auc: float
    status: Status


@dataclass(frozen=True)
class Cases:
    """Complete rows for prediction: ``X`` (n, p), ``y`` (n,) with 1 for those who left.

    ``person`` (n,) numbers people so that one who answered twice stays in one fold; ``rows``
    (n,) are places in the survey. ``sources`` (p,) name the variable that each column belongs to,
    ``binary`` (p,) columns of 0 and 1, ``spread`` (p,) those on a logarithmic scale.
    """

    X: Array
    y: Array
    person: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: tuple[str, ...]
    sources: tuple[str, ...]
    blocks: tuple[Block, ...]
    binary: NDArray[np.bool_]
    spread: Array

    def part(self, blocks: Sequence[Block]) -> NDArray[np.intp]:
        """Places of the columns of some blocks."""
        return np.array([j for j, b in enumerate(self.blocks) if b in blocks], dtype=np.intp)


def guard(candidate: Candidate, y: Array, *, too_good: float) -> Guard:
    """Whether a candidate may predict ``y`` (n,; NaN rows are left aside).

    Refused are columns that are declared to be known afterwards, columns without a declared time,
    columns that are mostly empty or constant, and columns that alone reach an area under the ROC
    curve of ``too_good``, as nothing does that was honestly known beforehand.
    """
    judged = ~np.isnan(y)
    X, y = candidate.values[judged], y[judged]
    known: NDArray[np.bool_] = np.asarray(~np.isnan(X).any(axis=1))
    share = float(known.mean()) if len(known) else 0.0
    single = max((_apart(X[known, j], y[known]) for j in range(X.shape[1])), default=0.5)
    gaps = _apart(known.astype(float), y)
    status: Status = "used"
    if candidate.timing == "after":
        status = "after"
    elif max(single, gaps) >= too_good:
        status = "too_good"
    elif candidate.timing not in ("before", "survey"):
        status = "undeclared"
    elif share < COMPLETE:
        status = "incomplete"
    elif not (np.ptp(X[known], axis=0) > 0).any():
        status = "constant"
    return Guard(candidate.name, candidate.block, candidate.timing, share, single, gaps, status)


def _apart(x: Array, y: Array) -> float:
    """Area under the ROC curve in the better direction; .5 where there is nothing to tell."""
    if not len(y) or y.min() == y.max():
        return 0.5
    area = float(areas(y, x, np.ones((1, len(y))))[0][0])
    return max(area, 1.0 - area)


def cases(
    candidates: Sequence[Candidate],
    guards: Sequence[Guard],
    y: Array,
    person: NDArray[np.intp],
) -> Cases:
    """Complete rows of the candidates that passed.

    Raises
    ------
    ModelError
        Where everybody left or stayed, where one of the two is rarer than 30, and where no
        predictor is left.
    """
    used = [c for c, g in zip(candidates, guards, strict=True) if g.status == "used"]
    outcome_problems(y)
    if not used:
        raise ModelError(message("retention.no_predictors"))
    X = np.column_stack([c.values for c in used])
    varied = [bool(np.nanmin(x) < np.nanmax(x)) for x in X.T]
    rows = np.flatnonzero(~np.isnan(X).any(axis=1) & ~np.isnan(y))
    outcome_problems(y[rows])
    pairs = [(c, name) for c in used for name in c.columns]
    pairs = [pair for pair, keep in zip(pairs, varied, strict=True) if keep]
    return Cases(
        X=X[np.ix_(rows, np.flatnonzero(varied))],
        y=y[rows],
        person=np.unique(person[rows], return_inverse=True)[1].astype(np.intp),
        rows=rows.astype(np.intp),
        columns=tuple(name for _, name in pairs),
        sources=tuple(c.name for c, _ in pairs),
        blocks=tuple(c.block for c, _ in pairs),
        binary=np.array([c.binary for c, _ in pairs], dtype=bool),
        spread=np.array([c.spread for c, _ in pairs], dtype=float),
    )


def outcome_problems(y: Array) -> None:
    """Refuse an outcome that nothing can be learnt from.

    Raises
    ------
    ModelError
        Naming the one class, or the numbers of the two.
    """
    known = y[~np.isnan(y)]
    left, stayed = int((known == 1).sum()), int((known == 0).sum())
    if not left or not stayed:
        code = "retention.one_class" if len(known) else "retention.no_outcome"
        raise ModelError(message(code, n=len(known), left=left, stayed=stayed))
    if min(left, stayed) < LEAST_CASES:
        raise ModelError(
            message("retention.few_events", left=left, stayed=stayed, least=LEAST_CASES)
        )


def imbalance(y: Array) -> tuple[Message, ...]:
    """A caution where leavers or stayers are rare."""
    share = float(min(y.mean(), 1.0 - y.mean()))
    if share >= RARE:
        return ()
    return (message("retention.imbalance", share=f"{100 * share:.1f}%", n=len(y)),)
