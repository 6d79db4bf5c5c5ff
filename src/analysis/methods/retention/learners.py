"""Four ways to predict who leaves, judged on persons that they have not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from analysis.methods.retention.guards import Cases
from analysis.methods.retention.metrics import areas
from analysis.rng import generator

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Learner = Literal["logistic", "forest", "boosting", "network"]
LEARNERS: tuple[Learner, ...] = ("logistic", "forest", "boosting", "network")
OUTER, INNER = 5, 3


@dataclass(frozen=True)
class Predicted:
    """Chances (n,) of each case from a model that saw none of its person's rows.

    ``fold`` (n,) says in which part a case was held out, ``fitted`` are the models by part, and
    ``chosen`` the setting that the inner folds preferred most often.
    """

    model: str
    chances: Array
    fold: Index
    fitted: tuple[Any, ...]
    chosen: str


def _learner(kind: Learner, state: int) -> tuple[Any, Mapping[str, Sequence[float]]]:
    """An estimator and its grid of settings."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind == "logistic":
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        return model, {"logisticregression__C": (0.03, 1.0)}
    if kind == "forest":
        forest = RandomForestClassifier(120, max_features="sqrt", random_state=state, n_jobs=1)
        return forest, {"min_samples_leaf": (10, 30)}
    if kind == "boosting":
        boosting = HistGradientBoostingClassifier(
            learning_rate=0.06, max_iter=80, early_stopping=False, min_samples_leaf=20,
            random_state=state,
        )  # fmt: skip
        return boosting, {"max_leaf_nodes": (3, 8)}
    network = MLPClassifier((6,), solver="lbfgs", max_iter=60, random_state=state)
    return make_pipeline(StandardScaler(), network), {"mlpclassifier__alpha": (3.0, 30.0)}


@contextmanager
def single_thread() -> Iterator[None]:
    """One thread and no warnings about a network that stops early on purpose."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        yield


def tuned(kind: Learner, X: Array, y: Array, person: Index, seed: int) -> Any:
    """A learner with the setting of least log loss over folds of persons, fitted to all rows."""
    from sklearn.model_selection import GridSearchCV

    state = int(generator(seed, "retention", kind).integers(2**31))
    model, grid = _learner(kind, state)
    search = GridSearchCV(
        model, {k: list(v) for k, v in grid.items()}, scoring="neg_log_loss",
        cv=list(_folds(y, person, INNER, seed)),
    )  # fmt: skip
    return search.fit(X, y)


def _folds(y: Array, person: Index, parts: int, seed: int) -> Iterator[tuple[Index, Index]]:
    from sklearn.model_selection import StratifiedGroupKFold

    state = int(generator(seed, "retention", "folds", parts).integers(2**31))
    split = StratifiedGroupKFold(parts, shuffle=True, random_state=state)
    yield from split.split(np.zeros((len(y), 1)), y, person)


def nested(data: Cases, kind: Learner, *, columns: Index | None = None, seed: int) -> Predicted:
    """Chances by nested cross-validation: settings are chosen within each training part.

    ``columns`` are the places of the columns to use, all without.
    """
    X = data.X if columns is None else data.X[:, columns]
    chances, fold = np.empty(len(data.y)), np.empty(len(data.y), dtype=np.intp)
    fitted, settings = [], []
    with single_thread():
        for part, (train, test) in enumerate(_folds(data.y, data.person, OUTER, seed)):
            found = tuned(kind, X[train], data.y[train], data.person[train], seed)
            chances[test] = found.predict_proba(X[test])[:, 1]
            fold[test] = part
            fitted.append(found.best_estimator_)
            settings.append(_setting(found.best_params_))
    chosen = max(dict.fromkeys(settings), key=settings.count)
    return Predicted(kind, chances, fold, tuple(fitted), chosen)


def _setting(best: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.rpartition('__')[2]} = {value:g}" for name, value in best.items())


def later(
    data: Cases, kind: Learner, first: NDArray[np.bool_], last: NDArray[np.bool_], *, seed: int
) -> tuple[Index, Array]:
    """Places and chances of new persons in the last wave, by a model of the first wave.

    ``first`` and ``last`` (n,) mark the waves. Persons who are in both are left out of the test:
    the model has seen them.
    """
    seen = np.isin(data.person, data.person[first])
    test = np.flatnonzero(last & ~seen).astype(np.intp)
    if not len(test):
        return test, np.empty(0)
    with single_thread():
        model = tuned(kind, data.X[first], data.y[first], data.person[first], seed)
        return test, np.asarray(model.predict_proba(data.X[test])[:, 1])


def importance(data: Cases, found: Predicted, *, repeats: int, seed: int) -> dict[str, Array]:
    """Loss of area under the ROC curve (repeats,) by variable when its values are shuffled.

    In the held-out parts only; columns of one category are shuffled together.
    """
    once = np.ones((1, len(data.y)))
    base = float(areas(data.y, found.chances, once)[0][0])
    losses: dict[str, Array] = {}
    with single_thread():
        for source in dict.fromkeys(data.sources):
            places = np.flatnonzero([s == source for s in data.sources])
            drops = np.empty(repeats)
            for r in range(repeats):
                random = generator(seed, "retention", "shuffle", source, r)
                chances = np.empty(len(data.y))
                for part, model in enumerate(found.fitted):
                    test = np.flatnonzero(found.fold == part)
                    X = data.X[test].copy()
                    X[:, places] = X[np.ix_(random.permutation(len(test)), places)]
                    chances[test] = model.predict_proba(X)[:, 1]
                drops[r] = base - float(areas(data.y, chances, once)[0][0])
            losses[source] = drops
    return losses


@dataclass(frozen=True)
class Dependence:
    """Mean chance (points,) of leaving when everybody had the same value of one column.

    ``grid`` (points,) are the values on the column's own scale, 5th to 95th percentile.
    """

    column: str
    grid: Array
    curves: Mapping[str, Array]


def dependence(
    data: Cases, models: Mapping[str, Sequence[Any]], columns: Sequence[str], *, points: int = 11
) -> tuple[Dependence, ...]:
    """Partial dependence (Friedman 2001) of each model, averaged over its fitted folds."""
    found = []
    with single_thread():
        for column in columns:
            j = data.columns.index(column)
            low, high = (float(v) for v in np.percentile(data.X[:, j], (5, 95)))
            grid = np.linspace(low, high, points)
            curves = {name: _curve(data, fitted, j, grid) for name, fitted in models.items()}
            spread = float(data.spread[j])
            shown = spread * np.expm1(grid) if spread else grid
            found.append(Dependence(column, shown, curves))
    return tuple(found)


def _curve(data: Cases, fitted: Sequence[Any], j: int, grid: Array) -> Array:
    X = np.tile(data.X, (len(grid), 1))
    X[:, j] = np.repeat(grid, len(data.X))
    mean = np.mean([m.predict_proba(X)[:, 1] for m in fitted], axis=0)
    found: Array = mean.reshape(len(grid), -1).mean(axis=1)
    return found
