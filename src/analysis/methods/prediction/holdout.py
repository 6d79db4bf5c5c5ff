"""Holdout: a model trained on one brand or wave, tested on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.methods.prediction.benchmark import all_items, expected, items_of
from analysis.methods.prediction.crossvalidation import complete
from analysis.methods.prediction.training import deviance, moments_of, trained, whole
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Transfer:
    """The model trained on one group and tested on another, both by label.

    Errors are averages over the target's items: ``rmse`` and ``q2`` (against the training
    group's mean) of the model, ``lm_rmse`` and ``lm_q2`` of the linear model; ``loss`` is the
    mean deviance a respondent above that of the tested group's own training.
    """

    trained_on: str
    tested_on: str
    n_train: int
    n_test: int
    rmse: float
    q2: float
    lm_rmse: float
    lm_q2: float
    loss: float


@dataclass(frozen=True)
class Holdout:
    """All transfers between groups; ``small`` names groups too small to show or to train on."""

    target: str
    transfers: tuple[Transfer, ...]
    groups: tuple[tuple[str, int], ...]
    small: tuple[str, ...]


def holdout(
    syntax: ModelSyntax,
    rows: Array,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    target: str,
    sources: Sequence[str],
    least: int,
    order: Sequence[str] = (),
) -> Holdout:
    """Train on each group in turn, test on every other one.

    Parameters
    ----------
    rows, names, labels : answers (n, p), NaN where missing (respondents with gaps are left out),
        and the group of every respondent.
    order : of the groups, by default that of their first appearance.
    least : groups with fewer complete respondents are held back.

    Raises
    ------
    ModelError
        Where fewer than two groups are large enough, or the model cannot be estimated.
    """
    kept = complete(rows)
    x, group = rows[kept], np.asarray(labels, dtype=object)[kept]
    sizes = {g: int((group == g).sum()) for g in order or dict.fromkeys(labels)}
    least = max(least, x.shape[1] + 2)
    used = tuple((g, n) for g, n in sizes.items() if n >= least)
    small = tuple(g for g, n in sizes.items() if n < least)
    if len(used) < 2:
        raise ModelError(message("rival_models.few_groups", n=len(used), least=least))
    y_names = items_of(syntax, target)
    x_names = tuple(n for n in all_items(syntax, sources) if n not in y_names)
    if not y_names or not x_names:
        raise ModelError(message("rival_models.nothing_to_predict", target=target))
    solution = whole(syntax, x, names)
    members = np.stack([np.asarray(group == g) for g, _ in used])
    mean, cov = moments_of(x, members)
    fits = trained(solution, names, mean, cov)
    observed = solution.fit.model.groups[0].observed
    at = [list(names).index(n) for n in observed]
    y, p = ([observed.index(n) for n in part] for part in (y_names, x_names))
    x, mean, cov = x[:, at], mean[:, at], cov[:, at][:, :, at]
    found = []
    for i, (a, n_a) in enumerate(used):
        for j, (b, n_b) in enumerate(used):
            if i == j or not (fits.usable[i] and fits.usable[j]):
                continue
            test = x[members[j]]
            model = _quality(test, mean[i], fits.mu[i], fits.Sigma[i], y, p)
            linear = _quality(test, mean[i], mean[i], cov[i], y, p)
            loss = deviance(test, fits.mu[i], fits.Sigma[i]).mean()
            loss -= deviance(test, fits.mu[j], fits.Sigma[j]).mean()
            found.append(Transfer(a, b, n_a, n_b, *model, *linear, float(loss)))
    return Holdout(target, tuple(found), used, small)


def _quality(
    test: Array, naive: Array, mu: Array, Sigma: Array, y: Sequence[int], x: Sequence[int]
) -> tuple[float, float]:
    """Mean RMSE and mean Q2 over items."""
    true = test[:, list(y)]
    error = ((true - expected(test[:, list(x)], mu, Sigma, y, x)) ** 2).mean(axis=0)
    base = ((true - naive[list(y)]) ** 2).mean(axis=0)
    return float(np.sqrt(error).mean()), float((1.0 - error / base).mean())
