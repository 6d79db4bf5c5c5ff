"""Customer value: discounted purchases of the next weeks, by group, at stake, per point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.methods.customer_value.amounts import expected_amount
from analysis.methods.customer_value.fitting import Estimates
from analysis.methods.customer_value.history import History
from analysis.methods.customer_value.purchases import alive, expected
from analysis.rng import generator

Array = NDArray[np.float64]
Index = NDArray[np.intp]
STEP = 13.0
YEAR = 52.0


@dataclass(frozen=True)
class Values:
    """Value (n,) of each customer over ``weeks``; ``draws`` (D, n) with uncertain parameters.

    ``purchases`` (n,) are those expected, ``alive`` (n,) the chance to be active, ``amount`` (n,)
    the value expected of a purchase.
    """

    value: Array
    purchases: Array
    alive: Array
    amount: Array
    draws: Array
    weeks: float


@dataclass(frozen=True)
class Group:
    """Value of one group: mean and total by customer, and what is at stake, with 95% limits.

    ``stake`` is the sum of value x chance of leaving over the group. A group below the minimum is
    ``held`` back and has no numbers; so is the stake where no chances are known (NaN).
    """

    label: str
    n: int
    alive: float
    mean: tuple[float, float, float]
    total: tuple[float, float, float]
    chance: float
    stake: tuple[float, float, float]
    held: bool = False


@dataclass(frozen=True)
class Check:
    """Holdout: purchases (classes,) expected and made by number of repeat purchases before.

    ``total`` are all expected and made, ``correlation`` that of customers, ``error`` the mean
    absolute error of a customer, ``naive`` that of simply repeating the past rate. ``held`` classes
    are below the minimum and left out.
    """

    labels: tuple[str, ...]
    n: Array
    expected: Array
    actual: Array
    total: tuple[float, float]
    spend: tuple[float, float]
    correlation: float
    error: float
    naive: float
    weeks: float
    held: int = 0


@dataclass(frozen=True)
class Worth:
    """What one point (0-100) of a score goes with: ``slope`` in money with 95% limits."""

    outcome: str
    controls: str
    n: int
    slope: float
    low: float
    high: float
    pvalue: float
    mean: float


def customer_values(
    orders: Estimates,
    amounts: Estimates,
    data: History,
    *,
    weeks: float,
    discount: float,
    margin: float,
    draws: int,
    seed: int,
) -> Values:
    """Value of the purchases of the next ``weeks``, discounted by quarter at ``discount`` a year.

    ``margin`` is the share of revenue that counts. ``draws`` renew both models' parameters from
    their estimates' covariance (Monte Carlo).
    """
    random = generator(seed, "customer value")
    first = orders.drawn(draws, random)
    second = amounts.drawn(draws, random)
    known = np.empty((draws, len(data.x)))
    for d in range(draws):
        known[d] = _value(first[d], second[d], data, weeks, discount, margin)
    return Values(
        value=_value(orders.values, amounts.values, data, weeks, discount, margin),
        purchases=expected(orders.values, data, weeks), alive=alive(orders.values, data),
        amount=expected_amount(amounts.values, data), draws=known, weeks=weeks,
    )  # fmt: skip


def _value(
    first: Array, second: Array, data: History, weeks: float, discount: float, margin: float
) -> Array:
    ends = np.append(np.arange(STEP, weeks, STEP), weeks)
    before, found = np.zeros(len(data.x)), np.zeros(len(data.x))
    start = 0.0
    for end in ends:
        now = expected(first, data, float(end))
        found += (now - before) / (1.0 + discount) ** ((start + end) / 2.0 / YEAR)
        before, start = now, float(end)
    money: Array = margin * found * expected_amount(second, data)
    return money


def groups(
    values: Values,
    member: Index,
    labels: Sequence[str],
    chances: Array,
    *,
    least: int,
    seed: int,
) -> tuple[Group, ...]:
    """Value and stake of everybody (first) and of each group.

    ``member`` (n,) indexes ``labels``, -1 is in no group; ``chances`` (n,) of leaving, NaN where
    not known. Limits come from resampled customers and renewed parameters together.
    """
    random = generator(seed, "customer value", "groups")
    draws, n = values.draws.shape
    counts = random.multinomial(n, np.full(n, 1.0 / n), size=draws) if draws else np.empty((0, n))
    found = []
    for g, label in enumerate(("", *labels), start=-1):
        inside = np.ones(n, dtype=bool) if g < 0 else member == g
        found.append(_group(label, values, inside, chances, counts.astype(float), least))
    return tuple(found)


def _group(
    label: str, values: Values, inside: NDArray[np.bool_], chances: Array, counts: Array, least: int
) -> Group:
    n = int(inside.sum())
    none = (np.nan, np.nan, np.nan)
    if n < least:
        return Group(label, n, np.nan, none, none, np.nan, none, True)
    v, c, w = values.value[inside], chances[inside], counts[:, inside]
    drawn = values.draws[:, inside]
    judged = np.isfinite(c)
    totals = (w * drawn).sum(axis=1)
    means = totals / np.maximum(w.sum(axis=1), 1.0)
    stake, chance = none, float("nan")
    if judged.sum() >= least:
        at_stake = (w * drawn)[:, judged] @ c[judged]
        stake = _limits(float(v[judged] @ c[judged]), at_stake)
        chance = float(c[judged].mean())
    return Group(
        label, n, float(values.alive[inside].mean()), _limits(float(v.mean()), means),
        _limits(float(v.sum()), totals), chance, stake,
    )  # fmt: skip


def _limits(value: float, draws: Array) -> tuple[float, float, float]:
    if len(draws) < 2:
        return value, float("nan"), float("nan")
    low, high = np.percentile(draws, (2.5, 97.5))
    return value, float(low), float(high)


def holdout(
    orders: Estimates, amounts: Estimates, data: History, made: Array, *, weeks: float, least: int
) -> Check:
    """Compare expectation with the purchases ``made`` (2, n) in the ``weeks`` after the cut-off."""
    hoped = expected(orders.values, data, weeks)
    spend = hoped * expected_amount(amounts.values, data)
    edges = (0, 1, 2, 3, 4, 6, 9, 14)
    place = np.searchsorted(edges, data.x, side="right") - 1
    sizes = np.bincount(place, minlength=len(edges))
    kept = [k for k in range(len(edges)) if sizes[k] >= max(least, 1)]
    naive = weeks * data.x / np.maximum(data.age, 1e-9)
    return Check(
        labels=tuple(_range(edges, k) for k in kept),
        n=np.array([(place == k).sum() for k in kept], dtype=float),
        expected=np.array([hoped[place == k].mean() for k in kept]),
        actual=np.array([made[0][place == k].mean() for k in kept]),
        total=(float(hoped.sum()), float(made[0].sum())),
        spend=(float(spend.sum()), float(made[1].sum())),
        correlation=float(np.corrcoef(hoped, made[0])[0, 1]),
        error=float(np.abs(hoped - made[0]).mean()),
        naive=float(np.abs(naive - made[0]).mean()), weeks=weeks,
        held=int(((sizes > 0) & (sizes < least)).sum()),
    )  # fmt: skip


def _range(edges: Sequence[int], k: int) -> str:
    if k + 1 == len(edges):
        return f"{edges[k]}+"
    last = edges[k + 1] - 1
    return str(edges[k]) if last == edges[k] else f"{edges[k]}\u2013{last}"


def worth(
    money: Array, score: Array, controls: Array, person: Index, *, outcome: str, label: str
) -> Worth:
    """Regression of money (n,) on a score (n,) on 0-100 and controls (n, k), complete rows.

    Least squares with errors robust to heteroskedasticity and to several rows of a person.

    Raises
    ------
    ModelError
        With fewer than 50 complete rows, or where the score does not vary.
    """
    import statsmodels.api as sm

    X = np.column_stack([np.ones(len(score)), score, controls])
    known = np.isfinite(X).all(axis=1) & np.isfinite(money)
    X, y = X[known], money[known]
    if len(y) < 50 or np.ptp(X[:, 1]) == 0:
        raise ModelError(message("customer_value.few_scores", n=len(y), outcome=outcome))
    kept = [0, 1, *(j for j in range(2, X.shape[1]) if np.ptp(X[:, j]) > 0)]
    who = np.unique(person[known], return_inverse=True)[1]
    repeated = int(who.max()) + 1 < len(who)
    fit = sm.OLS(y, X[:, kept]).fit(
        cov_type="cluster" if repeated else "HC1", cov_kwds={"groups": who} if repeated else {}
    )
    low, high = fit.conf_int()[1]
    return Worth(outcome, label, len(y), float(fit.params[1]), float(low), float(high),
                 float(fit.pvalues[1]), float(y.mean()))  # fmt: skip
