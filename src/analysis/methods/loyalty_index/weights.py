"""Weights of indicators: equal, entropy, CRITIC, principal component, measurement model, experts.

All weights are for indicators on 0-100, positive, with sum 1. Statistics that a weighting needs
are sums over respondents, so that thousands of resamples are matrix products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.methods.loyalty_index.indicators import Indicators
from analysis.rng import generator
from analysis.sem import Moments, Solution, sem

Array = NDArray[np.float64]
Method = Literal["model", "equal", "entropy", "critic", "pca", "experts"]
METHODS: tuple[Method, ...] = get_args(Method)

# Mean consistency index of random matrices of order 1-15 (Saaty 1980, table 1-3).
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57,
                1.59)  # fmt: skip


@dataclass(frozen=True)
class Weighting:
    """Weights (k,) of one method with 95% percentile limits (k,), NaN where it has none.

    ``findings`` say what went wrong; without a remedy ``weights`` are NaN. An indicator that runs
    against the others gets no weight. ``solution`` is the measurement model's, for that method.
    """

    method: Method
    weights: Array
    low: Array
    high: Array
    findings: tuple[Message, ...] = ()
    solution: Solution | None = None

    @property
    def known(self) -> bool:
        """Whether there are weights."""
        return bool(np.isfinite(self.weights).all())


@dataclass(frozen=True)
class Judgement:
    """Weights from pairwise comparisons: ``consistency`` is the ratio that should be below .10."""

    weights: Array
    eigenvalue: float
    index: float
    consistency: float


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over complete respondents, for D resamples at once: (D,), (D, k), (D, k, k)."""

    n: Array
    x: Array
    xlogx: Array
    xx: Array

    @property
    def covariance(self) -> Array:
        mean = self.x / self.n[:, None]
        return self.xx / self.n[:, None, None] - mean[:, :, None] * mean[:, None, :]


def index_weights(
    data: Indicators, method: Method, *, counts: Array | None = None, experts: Array | None = None
) -> Weighting:
    """Weights of the indicators by one method, from complete respondents.

    Parameters
    ----------
    counts : (D, n) how often each respondent is in each resample, for the limits; none without.
    experts : pairwise comparisons (e, k, k) of e experts, for ``experts``.
    """
    if method not in METHODS:
        good = ", ".join(METHODS)
        raise ModelError(message("sem.unknown_option", option="method", value=method, good=good))
    k = len(data.columns)
    if method == "equal":
        return _fixed(method, np.full(k, 1.0 / k))
    if method == "experts":
        if experts is None:
            return _missing(method, k, message("loyalty_index.no_experts"))
        judged = expert_weights(experts)
        doubt: tuple[Message, ...] = ()
        if judged.consistency > 0.10:
            doubt = (message("loyalty_index.inconsistent", ratio=f"{judged.consistency:.3f}"),)
        return _fixed(method, judged.weights, doubt)
    complete = ~np.isnan(data.values).any(axis=1)
    if complete.sum() < 10 * k:
        return _missing(method, k, message("loyalty_index.few_complete", n=int(complete.sum())))
    X, w = data.values[complete], data.weight[complete]
    if (X.std(axis=0) == 0).any():
        same = ", ".join(n for n, s in zip(data.names, X.std(axis=0)) if s == 0)
        return _missing(method, k, message("loyalty_index.constant", names=same))
    names = list(data.names)
    left_out: list[str] = []
    while len(names) >= 2:
        at = [data.names.index(n) for n in names]
        if method == "model":
            found, raw = _by_model(X[:, at], k)
        else:
            rows = (
                w[None, :]
                if counts is None
                else np.concatenate([w[None, :], counts[:, complete] * w])
            )
            found, raw = _computed(method, _sums(X[:, at], rows))
        against = [n for n, r in zip(names, raw, strict=True) if r <= 0]
        if not against:
            return _spread(found, at, k, left_out)
        left_out += against
        names = [n for n in names if n not in against]
    return _missing(method, k, message("loyalty_index.against", names=", ".join(left_out)))


def _spread(found: Weighting, at: list[int], k: int, left_out: list[str]) -> Weighting:
    """Weights of the kept indicators among all k; those left out weigh nothing."""
    if not left_out or not found.known:
        return found
    full = [np.zeros(k) for _ in range(3)]
    for whole, part in zip(full, (found.weights, found.low, found.high), strict=True):
        whole[at] = part
    why = message("loyalty_index.against", names=", ".join(left_out))
    return replace(
        found, weights=full[0], low=full[1], high=full[2], findings=(*found.findings, why)
    )


def _fixed(method: Method, weights: Array, findings: tuple[Message, ...] = ()) -> Weighting:
    none = np.full(len(weights), np.nan)
    return Weighting(method, weights, none, none, findings)


def _missing(method: Method, k: int, why: Message) -> Weighting:
    none = np.full(k, np.nan)
    return Weighting(method, none, none, none, (why,))


def _sums(X: Array, counts: Array) -> _Sums:
    k = X.shape[1]
    logs = np.where(X > 0, X * np.log(np.maximum(X, 1e-300)), 0.0)
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), k * k)
    found = counts @ np.concatenate([np.ones((len(X), 1)), X, logs, products], axis=1)
    return _Sums(
        found[:, 0], found[:, 1 : k + 1], found[:, k + 1 : 2 * k + 1],
        found[:, 2 * k + 1 :].reshape(-1, k, k),
    )  # fmt: skip


def _computed(method: Method, sums: _Sums) -> tuple[Weighting, Array]:
    """Weights from the first row of sums, limits from the others, and the raw signs (k,)."""
    if method == "entropy":
        raw = _entropy(sums)
    else:
        covariance = sums.covariance
        sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        R = covariance / (sd[:, :, None] * sd[:, None, :])
        if method == "critic":
            # Spread times conflict (Diakoulaki, Mavrotas & Papayannakis 1995).
            raw = sd * (1.0 - R).sum(axis=2)
        else:
            axis = np.linalg.eigh(R)[1][:, :, -1]
            raw = axis * np.where(axis.sum(axis=1) < 0, -1.0, 1.0)[:, None] / sd
    drawn = raw / raw.sum(axis=1, keepdims=True)
    low = high = np.full(raw.shape[1], np.nan)
    if len(drawn) > 2:
        low, high = np.nanpercentile(drawn[1:], (2.5, 97.5), axis=0)
    return Weighting(method, drawn[0], low, high), raw[0]


def _entropy(sums: _Sums) -> Array:
    """1 - sum p ln p / ln(1/n) of each indicator's shares p_i = x_i / sum x (Shannon 1948)."""
    entropy = (np.log(sums.x) - sums.xlogx / sums.x) / np.log(sums.n)[:, None]
    spread = np.maximum(1.0 - entropy, 0.0)
    found: Array = spread / spread.sum(axis=1, keepdims=True)
    return found


def _by_model(X: Array, k: int) -> tuple[Weighting, Array]:
    """One factor behind all indicators: weights lambda / theta, those of its factor score.

    They are unstandardized as in the ACSI, so that the index stays on the indicators' scale.
    """
    items = tuple(f"x{j}" for j in range(X.shape[1]))
    if len(items) < 3:
        return _missing("model", k, message("loyalty_index.few_indicators")), np.ones(len(items))
    solution = sem(f"index =~ {' + '.join(items)}", Moments.from_data(X, items), std_lv=True)
    if not solution.outcome.admissible:
        why = message("loyalty_index.no_factor", outcome=solution.outcome.value)
        return replace(_missing("model", k, why), solution=solution), np.ones(len(items))
    loading = np.array([solution.estimate("index", "=~", x).est for x in items])
    residual = np.array([solution.estimate(x, "~~", x).est for x in items])
    raw = loading * np.where(loading.sum() < 0, -1.0, 1.0) / residual
    low, high = _model_limits(solution, items)
    return Weighting("model", raw / raw.sum(), low, high, (), solution), raw


def _model_limits(solution: Solution, items: tuple[str, ...]) -> tuple[Array, Array]:
    """Monte Carlo limits of the weights from the estimates' normal distribution."""
    vcov, theta = solution.inference.vcov, solution.fit.theta
    if vcov is None:
        none = np.full(len(items), np.nan)
        return none, none
    values, vectors = np.linalg.eigh(vcov)
    z = generator(1, "index weights").standard_normal((4000, len(theta)))
    drawn = theta + z @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    at = {(r.lhs, r.op, r.rhs): r.free - 1 for r in solution.partable.rows if r.free > 0}
    loading = drawn[:, [at[("index", "=~", x)] for x in items]]
    residual = drawn[:, [at[(x, "~~", x)] for x in items]]
    raw = loading / np.maximum(residual, 1e-12)
    shares = raw / raw.sum(axis=1, keepdims=True)
    low, high = np.percentile(shares, (2.5, 97.5), axis=0)
    return low, high


def item_weights(
    constructs: Mapping[str, Sequence[str]], answers: Mapping[str, Array]
) -> tuple[dict[str, tuple[float, ...]], tuple[Message, ...]]:
    """Unstandardized weights of every construct's items, sum 1, from one joint factor model.

    ``lambda / theta`` of a factor model with correlated constructs, on the items' own scales and
    complete respondents. Constructs of one or two items, and all where the model has no admissible
    solution, get equal weights; the messages say so.
    """
    found = {c: (1.0 / len(items),) * len(items) for c, items in constructs.items()}
    modelled = {c: tuple(items) for c, items in constructs.items() if len(items) > 2}
    names = tuple(name for items in modelled.values() for name in items)
    X = np.column_stack([answers[name] for name in names]) if names else np.zeros((0, 0))
    X = X[~np.isnan(X).any(axis=1)]
    if not names or len(X) < 5 * len(names) or (X.std(axis=0) == 0).any():
        return found, (message("loyalty_index.equal_items", reason="n"),) if names else ()
    text = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in modelled.items())
    solution = sem(text, Moments.from_data(X, names))
    if not solution.outcome.admissible:
        return found, (message("loyalty_index.equal_items", reason=solution.outcome.value),)
    notes = []
    for c, items in modelled.items():
        raw = np.array([
            solution.estimate(c, "=~", x).est / solution.estimate(x, "~~", x).est for x in items
        ])  # fmt: skip
        if (raw > 0).all():
            found[c] = tuple(float(w) for w in raw / raw.sum())
        else:
            notes.append(message("loyalty_index.item_against", construct=c))
    return found, tuple(notes)


def expert_weights(comparisons: Array) -> Judgement:
    """Weights from pairwise comparisons (e, k, k) by the analytic hierarchy process (Saaty 1980).

    The experts' judgements are joined by their geometric mean (Aczel & Saaty 1983). Weights are
    the principal eigenvector; the consistency ratio compares the eigenvalue with random ones.
    """
    joint = np.exp(np.log(comparisons).mean(axis=0))
    values, vectors = np.linalg.eig(joint)
    top = int(np.argmax(values.real))
    weights = np.abs(vectors[:, top].real)
    k, eigenvalue = len(joint), float(values[top].real)
    index = (eigenvalue - k) / (k - 1) if k > 1 else 0.0
    random = RANDOM_INDEX[min(k, len(RANDOM_INDEX)) - 1]
    ratio = index / random if random > 0 else 0.0
    return Judgement(weights / weights.sum(), eigenvalue, index, ratio)
