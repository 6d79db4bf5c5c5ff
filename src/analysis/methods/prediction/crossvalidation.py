"""k-fold cross-validated fit: how well each model foretells respondents it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError, Message, ModelError, message
from analysis.methods.prediction.training import (
    Flags,
    Trained,
    folds,
    moments_of,
    trained,
    whole,
)
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
FOLDS = 10
REPEATS = 10
SATURATED = "saturated"


@dataclass(frozen=True)
class CrossValidated:
    """One model's fit to respondents left out.

    ``deviance`` is -2 log density a respondent, lower is better; ``above`` how much it is above
    the first model's, with the standard error ``above_se`` over respondents; ``discrepancy`` the
    maximum likelihood discrepancy of the moments left out from those implied (Cudeck & Browne
    1983). ``failed`` counts trainings without a minimum. Numbers are NaN where ``finding`` says
    why.
    """

    name: str
    deviance: float
    above: float
    above_se: float
    discrepancy: float
    failed: int
    finding: Message | None = None


@dataclass(frozen=True)
class CrossValidation:
    """All models on the same folds; ``n`` complete respondents of ``total``."""

    models: tuple[CrossValidated, ...]
    n: int
    total: int
    folds: int
    repeats: int


def crossvalidate(
    models: Sequence[tuple[str, ModelSyntax]],
    rows: Array,
    names: Sequence[str],
    *,
    seed: int,
    count: int = FOLDS,
    repeats: int = REPEATS,
) -> CrossValidation:
    """Cross-validate ``models`` of the same variables, and the saturated one last.

    Parameters
    ----------
    rows, names : answers (n, p); respondents with a missing answer are left out.
    count, repeats : parts that take turns in being left out, and how often they are drawn anew.

    Raises
    ------
    ModelError
        Where a training set would be no larger than there are moments to train on.
    """
    kept = complete(rows)
    x = rows[kept]
    check_size(x, count)
    part = folds(len(x), count, repeats, seed)
    members = training_sets(part, count)
    mean, cov = moments_of(x, members)
    tests = _Tests.of(x, ~members)
    found: list[tuple[str, Array, float, int, Message | None]] = []
    for name, syntax in models:
        try:
            solution = whole(syntax, x, names)
            fits = trained(solution, names, mean, cov)
        except AnalysisError as error:
            blank = np.full(len(x), nan)
            found.append((name, blank, nan, 0, error.messages[0]))
            continue
        order = [list(names).index(n) for n in solution.fit.model.groups[0].observed]
        found.append((name, *tests.in_order(order).judge(fits, repeats), None))
    own = Trained(mean, cov, np.ones(len(mean), dtype=bool))
    found.append((SATURATED, *tests.judge(own, repeats), None))
    lead = found[0][1]
    return CrossValidation(
        tuple(_summary(f, lead) for f in found), len(x), len(rows), count, repeats
    )


def complete(rows: Array) -> Flags:
    """Respondents (n,) without a missing answer."""
    return np.asarray(~np.isnan(rows).any(axis=1))


def check_size(rows: Array, count: int) -> None:
    """``ModelError`` where what is left for training is too little."""
    n, p = rows.shape
    least = (p + 2) * count // (count - 1) + 1
    if n < least:
        raise ModelError(message("rival_models.too_few_complete", n=n, least=least))


def training_sets(part: NDArray[np.intp], count: int) -> Flags:
    """Who is trained on (repeats * count, n), each fold left out in turn."""
    return np.concatenate([part != k for k in range(count)]).reshape(count, *part.shape).transpose(
        1, 0, 2
    ).reshape(-1, part.shape[1])  # fmt: skip


@dataclass(frozen=True)
class _Tests:
    """Folds left out: who is in them ``members`` (D, n), of ``rows`` (n, p), and their moments.

    ``log_det`` (D,) belongs to ``cov`` (D, p, p); NaN for folds of too few respondents.
    """

    rows: Array
    members: Flags
    mean: Array
    cov: Array
    log_det: Array

    @classmethod
    def of(cls, rows: Array, members: Flags) -> _Tests:
        mean, cov = moments_of(rows, members)
        log_det = np.full(len(members), nan)
        enough = members.sum(axis=1) > rows.shape[1]
        log_det[enough] = np.linalg.slogdet(cov[enough])[1]
        return cls(rows, members, mean, cov, log_det)

    def in_order(self, at: Sequence[int]) -> _Tests:
        """The same with the variables in another order."""
        part = self.cov[:, at][:, :, at]
        return replace(self, rows=self.rows[:, at], mean=self.mean[:, at], cov=part)

    def judge(self, fits: Trained, repeats: int) -> tuple[Array, float, int]:
        """Mean deviance (n,) of respondents, the mean discrepancy, and trainings that failed."""
        count, p = fits.mu.shape
        log_sigma, inverse = np.full(count, nan), np.full((count, p, p), nan)
        sign, log_det = np.linalg.slogdet(fits.Sigma[fits.usable])
        good = np.flatnonzero(fits.usable)[sign > 0]
        log_sigma[good], inverse[good] = log_det[sign > 0], np.linalg.inv(fits.Sigma[good])
        total = np.zeros(len(self.rows))
        for d, test in enumerate(self.members):
            x = self.rows[test] - fits.mu[d]
            total[test] += ((x @ inverse[d]) * x).sum(axis=1) + log_sigma[d]
        off = self.mean - fits.mu
        traces = np.einsum("dij,dij->d", inverse, self.cov + off[:, :, None] * off[:, None, :])
        discrepancy = float((log_sigma - self.log_det + traces - p).mean())
        return total / repeats + p * np.log(2.0 * np.pi), discrepancy, int((~fits.usable).sum())


def _summary(found: tuple[str, Array, float, int, Message | None], lead: Array) -> CrossValidated:
    name, each, discrepancy, failed, finding = found
    difference = each - lead
    se = float(difference.std(ddof=1)) / sqrt(len(each))
    return CrossValidated(
        name, float(each.mean()), float(difference.mean()), se, discrepancy, failed, finding
    )
