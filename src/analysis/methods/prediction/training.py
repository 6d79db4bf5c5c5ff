"""A model trained on parts of the respondents: all parts at once, by compiled refits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.rng import generator
from analysis.sem import Moments, Solution, sem
from analysis.sem.implied import implied
from analysis.sem.resampling import FAILED, refit
from analysis.sem.resampling.plan import compilable
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Trained:
    """Moments that a model implies after each of D trainings: ``mu`` (D, p), ``Sigma`` (D, p, p).

    ``usable`` (D,) says which trainings ended with a minimum; the others hold NaN.
    """

    mu: Array
    Sigma: Array
    usable: Flags


def whole(syntax: ModelSyntax, rows: Array, names: Sequence[str]) -> Solution:
    """The model on all complete answers ``rows`` (n, p), by maximum likelihood with means.

    Raises
    ------
    ModelError
        Where it cannot be estimated so, or holds constraints that refits do not cover.
    """
    found = sem(syntax, Moments.from_data(rows, names), estimator="ML", meanstructure=True,
                fixed_x=False)  # fmt: skip
    if not found.outcome.estimated:
        raise ModelError(message("compare.not_estimated", outcome=found.outcome.value))
    if not compilable(found.fit):
        raise ModelError(message("resampling.not_compilable"))
    return found


def folds(n: int, count: int, repeats: int, seed: int) -> NDArray[np.intp]:
    """The fold (repeats, n) of every respondent: ``count`` parts of like size, drawn anew."""
    found = np.empty((repeats, n), dtype=np.intp)
    for repeat in range(repeats):
        order = generator(seed, "folds", repeat).permutation(n)
        found[repeat, order] = np.arange(n) % count
    return found


def moments_of(rows: Array, members: Flags) -> tuple[Array, Array]:
    """Means (D, p) and covariances (D, p, p), divisor n, of the respondents in ``members`` (D, n).

    Sums are taken about the mean of all rows, so that nothing is lost to large means.
    """
    centre = rows.mean(axis=0)
    x = rows - centre
    p = x.shape[1]
    counts = members.astype(float)
    size = counts.sum(axis=1)
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), p * p)
    mean = counts @ x / size[:, None]
    square = (counts @ products / size[:, None]).reshape(-1, p, p)
    return centre + mean, square - mean[:, :, None] * mean[:, None, :]


def trained(solution: Solution, names: Sequence[str], mean: Array, cov: Array) -> Trained:
    """The model of ``solution`` on each of D sets of moments, which are in the order of ``names``.

    What comes back is in the order of the model's observed variables.
    """
    model = solution.fit.model.groups[0]
    order = [list(names).index(name) for name in model.observed]
    found = refit(solution.fit, cov[:, order][:, :, order], mean[:, order])
    usable = found.status != FAILED
    at = implied(model, np.ascontiguousarray(np.where(usable[:, None], found.theta, 0.0).T))
    mu, Sigma = np.array(at.mu, dtype=float), np.array(at.Sigma, dtype=float)
    mu[~usable], Sigma[~usable] = np.nan, np.nan
    return Trained(mu, Sigma, np.asarray(usable))


def deviance(rows: Array, mu: Array, Sigma: Array) -> Array:
    """-2 log density (n,) of complete ``rows`` (n, p)."""
    sign, logdet = np.linalg.slogdet(Sigma)
    if not sign > 0:
        return np.full(len(rows), np.nan)
    x = rows - mu
    square = np.einsum("na,na->n", x, np.linalg.solve(Sigma, x.T).T)
    found: Array = square + logdet + rows.shape[1] * np.log(2.0 * np.pi)
    return found
