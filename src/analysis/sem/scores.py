"""Factor scores: estimates of each respondent's latent variables."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.fit import Fit
from analysis.sem.moments import GroupMoments
from analysis.sem.state import Implied

Array = NDArray[np.float64]
ScoreMethod = Literal["regression", "Bartlett"]


def factor_scores(
    fit: Fit, rows: Array, *, group: int = 0, method: ScoreMethod = "regression"
) -> Array:
    """Scores (n, m) of the latent variables for answers ``rows`` (n, p), raw latent scale.

    ``regression`` (Thurstone 1935) shrinks towards the mean; ``Bartlett`` (1937) is unbiased and
    needs factors measured by items directly. The zero is that of the model's intercepts; without
    a mean structure these are zero, so that covariates alone move the latent means.
    """
    model = fit.model.groups[group]
    at = fit.objective.implied(fit.theta)[group]
    sample = fit.moments.groups[group]
    p = model.p
    centre = at.mu if fit.model.meanstructure or sample.mean is None else sample.mean
    y = rows - centre
    mean = at.t[p:] if fit.model.meanstructure else _means_by_covariates(fit, at, sample)
    if method == "regression":
        scores: Array = mean + y @ np.linalg.solve(at.Sigma, at.C[:p, p:])
        return scores
    A, S, _ = model.matrices(fit.theta)
    Lambda, Theta = A[:p, p:], S[:p, :p]
    weighted = np.linalg.solve(Theta, Lambda)
    information = Lambda.T @ weighted
    if np.linalg.matrix_rank(information) < information.shape[0]:
        raise ModelError(message("sem.bartlett_needs_items"))
    return mean + y @ np.linalg.solve(information, weighted.T).T


def _means_by_covariates(fit: Fit, at: Implied, sample: GroupMoments) -> Array:
    p = len(sample.cov)
    if sample.mean is None:
        return np.zeros(len(at.t) - p)
    exogenous = set(fit.model.partable.exogenous_observed)
    given = np.array([name in exogenous for name in fit.moments.names])
    means: Array = at.T[p:, :p] @ np.where(given, sample.mean, 0.0)
    return means
