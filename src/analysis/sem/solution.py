"""A fitted model with everything that is asked of it, computed when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.errors import Message
from analysis.sem import scores
from analysis.sem.constraints import complex_step
from analysis.sem.estimators import Estimator, Preset
from analysis.sem.fit import Fit
from analysis.sem.inference import Inference
from analysis.sem.measures import Measure, fit_measures
from analysis.sem.modification import ModificationIndex, modification_indices
from analysis.sem.outcome import Outcome
from analysis.sem.residuals import Residuals, residuals
from analysis.sem.second_engine import EngineComparison, second_engine
from analysis.sem.standardize import Standardizer, fixed_values, row_values
from analysis.sem.state import Implied
from analysis.syntax import ParTable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """One row of the parameter table.

    ``est`` is raw, with standard error, z, two-sided p and confidence limits; ``std_lv`` and
    ``std_all`` are standardized, the latter with delta-method standard error and limits. NaN
    where a quantity does not exist (a fixed parameter has no p).
    """

    lhs: str
    op: str
    rhs: str
    group: int
    label: str
    free: bool
    user: int
    est: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    std_lv: float
    std_all: float
    std_all_se: float
    std_all_ci_lower: float
    std_all_ci_upper: float


@dataclass(frozen=True)
class Solution:
    """The result of ``sem()``: estimates, tests and diagnostics of one fitted model.

    ``notes`` say what was done with the data, such as respondents dropped.
    """

    fit: Fit
    inference: Inference
    estimator: Estimator
    preset: Preset
    notes: tuple[Message, ...] = ()
    level: float = 0.95

    @property
    def outcome(self) -> Outcome:
        """How the estimation ended; look here before anything else."""
        return self.fit.outcome

    @property
    def findings(self) -> tuple[Message, ...]:
        """What happened, in words, with what to try."""
        return self.fit.findings

    @property
    def partable(self) -> ParTable:
        """lavaan's parameter table."""
        return self.fit.model.partable

    @property
    def n(self) -> int:
        """Respondents used."""
        return self.fit.moments.n

    @property
    def names(self) -> tuple[str, ...]:
        """Observed variables, in the order of all (p, p) matrices."""
        return self.fit.moments.names

    @property
    def latent(self) -> tuple[str, ...]:
        """Latent variables, in the order of all (m, m) matrices."""
        return tuple(self.partable.latent)

    @cached_property
    def implied(self) -> tuple[Implied, ...]:
        """Model-implied moments of every group."""
        return self.fit.objective.implied(self.fit.theta)

    @cached_property
    def latent_covariance(self) -> tuple[Array, ...]:
        """Covariances (m, m) of the latent variables of every group."""
        return tuple(
            at.C[g.p :, g.p :] for g, at in zip(self.fit.model.groups, self.implied, strict=True)
        )

    @cached_property
    def latent_correlation(self) -> tuple[Array, ...]:
        """Correlations (m, m) of the latent variables; NaN beside a negative variance."""
        found = []
        for C in self.latent_covariance:
            with np.errstate(invalid="ignore"):
                sd = np.sqrt(np.diag(C))
                found.append(C / np.outer(sd, sd))
        return tuple(found)

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """All rows of the parameter table but constraints, in lavaan's order."""
        model, theta = self.fit.model, self.fit.theta
        fixed = fixed_values(model)
        raw = np.real(_raw(self.fit, theta, fixed)).astype(float)
        raw_se = self._se(self._raw_jacobian(fixed))
        std_all, J = Standardizer(model, latent_only=False).with_jacobian(theta)
        std_se = self._se(J)
        std_lv = np.real(Standardizer(model, latent_only=True)(theta))
        rows = model.partable.rows
        return tuple(
            self._estimate(i, raw, raw_se, std_lv, std_all, std_se)
            for i, row in enumerate(rows)
            if row.op not in ("==", "<", ">")
        )

    def _raw_jacobian(self, fixed: Array) -> Array:
        """Derivatives (rows, q) of the raw values of all rows."""
        model, theta = self.fit.model, self.fit.theta
        if any(group.ordinal is not None for group in model.groups):
            return complex_step(lambda x: _raw(self.fit, x, fixed), theta)
        J = np.zeros((len(model.partable.rows), len(theta)))
        for i, row in enumerate(model.partable.rows):
            if row.free > 0:
                J[i, row.free - 1] = 1.0
        bindings = self.fit.constraints.bindings
        if bindings.defined:
            defined = [i for i, row in enumerate(model.partable.rows) if row.op == ":="]
            J[defined] = complex_step(bindings.definitions, theta)
        return J

    def _se(self, J: Array) -> Array:
        """Delta-method standard errors (rows,) from derivatives (rows, q)."""
        vcov = self.inference.vcov
        if vcov is None or not self.outcome.estimated:
            return np.full(len(J), nan)
        with np.errstate(invalid="ignore"):
            variance = np.einsum("ri,ri->r", J @ vcov, J)
            return np.sqrt(np.where(variance < 0, np.nan, variance))

    def _estimate(
        self, i: int, raw: Array, raw_se: Array, std_lv: Array, std_all: Array, std_se: Array
    ) -> Estimate:
        row = self.partable.rows[i]
        moves = row.free > 0 or row.op == ":="
        est, se = float(raw[i]), float(raw_se[i]) if moves else 0.0
        quantile = float(ndtri(0.5 + self.level / 2.0))
        z = est / se if se > 0 else nan
        s, s_se = float(std_all[i]), float(std_se[i])
        return Estimate(
            row.lhs, row.op, row.rhs, row.group, row.label, row.free > 0, row.user,
            est, se, z, float(2.0 * ndtr(-abs(z))),
            est - quantile * se, est + quantile * se,
            float(std_lv[i]), s, s_se, s - quantile * s_se, s + quantile * s_se,
        )  # fmt: skip

    def estimate(self, lhs: str, op: str, rhs: str = "", group: int = 1) -> Estimate:
        """One row by name; ``KeyError`` where the model has no such row."""
        for e in self.estimates:
            if (e.lhs, e.op, e.rhs) == (lhs, op, rhs) and e.group in (group, 0):
                return e
        raise KeyError(f"{lhs} {op} {rhs}")

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """Fit measures by lavaan's name; empty where nothing was estimated."""
        if not self.outcome.estimated:
            return {}
        return fit_measures(self.fit, self.inference, self.preset)

    @cached_property
    def r2(self) -> Mapping[str, float]:
        """Explained variance of items and endogenous latents (first group); NaN if negative."""
        return self.r2_of(0)

    def r2_of(self, group: int) -> Mapping[str, float]:
        """Explained variance by variable in one group."""
        model, at = self.fit.model.groups[group], self.implied[group]
        S = model.matrices(self.fit.theta)[1]
        pattern = model.A0 != 0
        pattern[model.A.row, model.A.col] = True
        found = {}
        for i, name in enumerate(model.variables):
            if pattern[i].any():
                improper = S[i, i] < 0 or at.C[i, i] <= 0
                found[name] = nan if improper else float(1.0 - S[i, i] / at.C[i, i])
        return found

    @cached_property
    def residuals(self) -> Residuals:
        """Residual covariances of the first group; NaN where nothing was estimated."""
        if self.residuals_by_group:
            return self.residuals_by_group[0]
        blank = np.full((len(self.names), len(self.names)), nan)
        return Residuals(self.names, self.partable.groups[0], blank, blank, blank)

    @cached_property
    def residuals_by_group(self) -> tuple[Residuals, ...]:
        """Residual covariances of every group; empty where nothing was estimated."""
        if not self.outcome.estimated:
            return ()
        return residuals(self.fit, self.inference)

    @cached_property
    def modification_indices(self) -> tuple[ModificationIndex, ...]:
        """Score tests of parameters fixed to zero, largest first."""
        return modification_indices(self.fit, self.inference) if self.outcome.estimated else ()

    @cached_property
    def second_engine(self) -> EngineComparison | None:
        """Comparison with semopy, None where that is not possible."""
        return second_engine(self.fit) if self.outcome.estimated else None

    def factor_scores(
        self, rows: Array, *, group: int = 0, method: scores.ScoreMethod = "regression"
    ) -> Array:
        """Scores (n, m) of the latent variables for answers ``rows`` (n, p)."""
        return scores.factor_scores(self.fit, rows, group=group, method=method)


def _raw(fit: Fit, theta: NDArray[np.generic], fixed: Array) -> NDArray[np.generic]:
    values = row_values(fit.model, theta, fixed)
    definitions = iter(fit.constraints.bindings.definitions(theta))
    for i, row in enumerate(fit.model.partable.rows):
        if row.op == ":=":
            values[i] = next(definitions)
    return values
