"""Out-of-sample prediction of single items, against a linear model and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from analysis.errors import ModelError, message
from analysis.methods.prediction.crossvalidation import (
    FOLDS,
    REPEATS,
    check_size,
    complete,
    training_sets,
)
from analysis.methods.prediction.training import folds, moments_of, trained, whole
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
Index = Sequence[int]


@dataclass(frozen=True)
class PredictedItem:
    """One item's prediction error: root mean square and mean absolute, lower is better.

    ``q2`` is 1 - SSE / SSE of the training mean (Shmueli et al. 2019), of the model and of the
    linear model (``lm``).
    """

    item: str
    rmse: float
    mae: float
    q2: float
    lm_rmse: float
    lm_mae: float
    lm_q2: float


@dataclass(frozen=True)
class LossTest:
    """CVPAT: mean difference of squared error a respondent, model less benchmark, with t and p.

    A negative ``difference`` is for the model (Liengaard et al. 2021).
    """

    difference: float
    t: float
    p: float


@dataclass(frozen=True)
class Prediction:
    """Items of ``target`` predicted from those of ``sources``.

    ``against_lm`` and ``against_mean`` test the average over items; ``failed`` counts trainings
    of the model without a minimum, left out for both.
    """

    target: str
    sources: tuple[str, ...]
    items: tuple[PredictedItem, ...]
    against_lm: LossTest
    against_mean: LossTest
    n: int
    total: int
    folds: int
    repeats: int
    failed: int


def predict_items(
    syntax: ModelSyntax,
    rows: Array,
    names: Sequence[str],
    *,
    target: str,
    sources: Sequence[str],
    seed: int,
    count: int = FOLDS,
    repeats: int = REPEATS,
) -> Prediction:
    """Predict the items that measure ``target`` from those that measure ``sources``.

    The model predicts by the expectation of an item given the predictors under its implied
    moments (de Rooij et al. 2023); the linear model regresses each item on the same predictors.
    Both are trained without the respondents predicted, who must have answered everything.

    Raises
    ------
    ModelError
        Where there is nothing to predict or too little to train on.
    """
    y_names, x_names = items_of(syntax, target), all_items(syntax, sources)
    x_names = tuple(n for n in x_names if n not in y_names)
    if not y_names or not x_names:
        raise ModelError(message("rival_models.nothing_to_predict", target=target))
    kept = rows[complete(rows)]
    check_size(kept, count)
    solution = whole(syntax, kept, names)
    members = training_sets(folds(len(kept), count, repeats, seed), count)
    mean, cov = moments_of(kept, members)
    fits = trained(solution, names, mean, cov)
    observed = solution.fit.model.groups[0].observed
    y, x = (tuple(names.index(n) for n in part) for part in (y_names, x_names))
    my, mx = (tuple(observed.index(n) for n in part) for part in (y_names, x_names))
    shape = (len(kept), len(y))
    of_model, of_lm, of_mean = (np.zeros(shape) for _ in range(3))
    absolute, lm_absolute = np.zeros(shape), np.zeros(shape)
    times = np.zeros(len(kept))
    for d in np.flatnonzero(fits.usable):
        test = ~members[d]
        true = kept[test][:, y]
        e = true - expected(kept[test][:, x], fits.mu[d], fits.Sigma[d], my, mx)
        lm = true - expected(kept[test][:, x], mean[d], cov[d], y, x)
        of_model[test] += e**2
        of_lm[test] += lm**2
        of_mean[test] += (true - mean[d][list(y)]) ** 2
        absolute[test] += np.abs(e)
        lm_absolute[test] += np.abs(lm)
        times[test] += 1
    seen = times > 0
    each = [a[seen] / times[seen, None] for a in (of_model, of_lm, of_mean, absolute, lm_absolute)]
    model, linear, average, size, lm_size = each
    items = tuple(
        PredictedItem(
            name, *_errors(model[:, j], size[:, j], average[:, j]),
            *_errors(linear[:, j], lm_size[:, j], average[:, j]),
        )
        for j, name in enumerate(y_names)
    )  # fmt: skip
    return Prediction(
        target, tuple(sources), items,
        loss_test(model.mean(axis=1) - linear.mean(axis=1)),
        loss_test(model.mean(axis=1) - average.mean(axis=1)),
        int(seen.sum()), len(rows), count, repeats, int((~fits.usable).sum()),
    )  # fmt: skip


def _errors(square: Array, size: Array, naive: Array) -> tuple[float, float, float]:
    """RMSE, MAE and Q2."""
    return sqrt(square.mean()), float(size.mean()), float(1.0 - square.sum() / naive.sum())


def expected(x: Array, mu: Array, Sigma: Array, y_at: Index, x_at: Index) -> Array:
    """Expectation (n, items) of the items at ``y_at`` given those at ``x_at``."""
    ys, xs = list(y_at), list(x_at)
    slopes = np.linalg.solve(Sigma[np.ix_(xs, xs)], Sigma[np.ix_(xs, ys)])
    found: Array = mu[ys] + (x - mu[xs]) @ slopes
    return found


def loss_test(difference: Array) -> LossTest:
    """Paired t test of losses (n,) against 0, two-sided."""
    n = len(difference)
    mean, se = float(difference.mean()), float(difference.std(ddof=1)) / sqrt(n)
    t = mean / se if se > 0 else 0.0
    return LossTest(mean, t, float(2.0 * stdtr(n - 1, -abs(t))))


def items_of(syntax: ModelSyntax, construct: str) -> tuple[str, ...]:
    """Observed variables that measure a construct, also through lower-order ones; or itself."""
    if construct not in syntax.latent:
        return (construct,)
    found: dict[str, None] = {}
    left, seen = [construct], set[str]()
    while left:
        name = left.pop(0)
        seen.add(name)
        for f in syntax.formulas:
            if f.op == "=~" and name in f.lhs:
                for term in f.terms:
                    if term.name not in syntax.latent:
                        found[term.name] = None
                    elif term.name not in seen:
                        left.append(term.name)
    return tuple(found)


def all_items(syntax: ModelSyntax, constructs: Sequence[str]) -> tuple[str, ...]:
    """Items of several constructs, each once."""
    return tuple(dict.fromkeys(n for c in constructs for n in items_of(syntax, c)))
