"""Known truth found again: the churn model of ``omnichannel``, and drawn purchase processes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.data.study import find_root
from analysis.methods import customer_value as cv
from analysis.methods import retention as rt
from analysis.methods.customer_value.history import History
from analysis.methods.retention import Cases
from analysis.rng import generator

pytestmark = pytest.mark.slow

TRUTH = {
    "loyalty": -0.85, "recency": 0.35, "complained": 0.60, "handling": -0.35, "price": -0.25,
    "tenure": -0.15,
}  # fmt: skip
ORDERS, AMOUNTS = (1.1, 9.0, 0.6, 12.0), (6.0, 4.0, 75.0)
SAMPLES, CUSTOMERS = 60, 1500


def test_churn_model_of_the_simulated_study_is_recovered() -> None:
    """From the true scores: every coefficient within 2.5 standard errors, chances within .02."""
    folder = find_root() / "data" / "raw" / "omnichannel"
    answers, truth = (pd.read_csv(folder / f"{n}.csv") for n in ("answers", "truth"))
    X = np.column_stack([
        truth["loyalty"], np.log1p(answers["recency_days"] / 30.0), answers["complained"],
        answers["complained"] * truth["handling"], truth["price"],
        answers["tenure_months"] / 12.0,
    ]).astype(float)  # fmt: skip
    y = answers["churn"].to_numpy(float)
    rows = np.flatnonzero(~np.isnan(y))
    k = X.shape[1]
    data = Cases(
        X=X[rows], y=y[rows], person=pd.factorize(answers["respondent"].iloc[rows])[0],
        rows=rows, columns=tuple(TRUTH), sources=tuple(TRUTH), blocks=("survey",) * k,
        binary=np.zeros(k, dtype=bool), spread=np.zeros(k),
    )  # fmt: skip
    found = rt.logistic(data)
    for c in found.coefficients:
        error = c.estimate / c.unit - TRUTH[c.column]
        assert abs(error) < 2.5 * c.se / c.unit, (c.column, error)
    gap = found.chances(data.X) - truth["churn_chance"].to_numpy(float)[rows]
    assert np.abs(gap).mean() < 0.02


def drawn(sample: int) -> History:
    """Customers of BG/NBD and Gamma-Gamma with the study's parameters."""
    random = generator(11, "retention recovery", sample)
    r, alpha, a, b = ORDERS
    p, q, gamma = AMOUNTS
    age = random.uniform(26, 156, CUSTOMERS)
    rate, stop = random.gamma(r, 1 / alpha, CUSTOMERS), random.beta(a, b, CUSTOMERS)
    now, x, last = (np.zeros(CUSTOMERS) for _ in range(3))
    active = np.ones(CUSTOMERS, dtype=bool)
    while active.any():
        now = now + random.exponential(1 / rate)
        active &= now <= age
        x += active
        last = np.where(active, now, last)
        active &= random.random(CUSTOMERS) >= stop
    own = random.gamma(q, 1 / gamma, CUSTOMERS)
    mean = random.gamma(np.maximum(p * x, 1.0)) / (np.maximum(x, 1.0) * own)
    return History(np.arange(CUSTOMERS), x, last, age, np.where(x > 0, mean, np.nan))


def test_parameters_of_purchases_and_amounts_are_recovered_with_honest_limits() -> None:
    """Mean estimates within 5% (a, b: 15%, they are skewed); 95% limits cover in 87-100%."""
    orders, amounts = [], []
    for sample in range(SAMPLES):
        data = drawn(sample)
        orders.append(cv.fit_purchases(data))
        amounts.append(cv.fit_amounts(data))
    for fits, true, within in ((orders, ORDERS, (0.05, 0.05, 0.15, 0.15)),
                               (amounts, AMOUNTS, (0.05, 0.05, 0.05))):  # fmt: skip
        middle = np.median([f.values for f in fits], axis=0)
        assert (np.abs(middle / true - 1) < within).all(), middle
        covered = np.mean([(f.low <= true) & (true <= f.high) for f in fits], axis=0)
        assert (covered >= 0.87).all(), covered


def test_expectation_with_estimates_is_that_with_the_truth() -> None:
    """Purchases of the next year, summed over customers, within 5%."""
    data = drawn(0)
    fit = cv.fit_purchases(data)
    found = cv.expected(fit.values, data, 52.0).sum()
    assert found == pytest.approx(cv.expected(np.array(ORDERS), data, 52.0).sum(), rel=0.05)
