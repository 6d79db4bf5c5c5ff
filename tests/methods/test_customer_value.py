"""Customer value: the published CDNOW figures, brute force by integration and by simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from analysis.errors import ModelError
from analysis.methods import customer_value as cv
from analysis.methods.customer_value import amounts, purchases
from analysis.methods.customer_value.fitting import Estimates
from analysis.methods.customer_value.history import History

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def cdnow() -> History:
    found = pd.read_csv(GOLDEN / "cdnow.csv")
    found = found.loc[found.index.repeat(found["count"])]
    x, recency, age = (found[k].to_numpy(float) for k in ("x", "t_x", "T"))
    return History(
        np.arange(len(found)),
        x,
        recency,
        age,
        np.where(x > 0, found["zbar"].to_numpy(float), np.nan),
    )


def customer(x: float, recency: float, age: float, mean: float = 20.0) -> History:
    return History(np.array([0]), *(np.array([v]) for v in (x, recency, age, mean)))


def test_purchases_equal_the_published_cdnow_figures(cdnow: History) -> None:
    """Fader, Hardie & Lee (2005), table 2."""
    found = cv.fit_purchases(cdnow)
    np.testing.assert_allclose(found.values, [0.243, 4.414, 0.793, 2.426], atol=6e-4)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert found.n == 2357


def test_amounts_equal_the_published_cdnow_figures(cdnow: History) -> None:
    """Fader & Hardie (2013): p 6.25, q 3.74, gamma 15.44 from 946 customers."""
    found = cv.fit_amounts(cdnow)
    np.testing.assert_allclose(found.values, [6.25, 3.74, 15.44], atol=0.011)
    assert found.n == 946


def test_likelihood_of_purchases_brute_force() -> None:
    """Integral over rates and dropout chances: alive throughout, or gone after the last."""
    r, alpha, a, b = 1.1, 9.0, 0.6, 8.0
    x, recency, age = 3.0, 20.0, 30.0

    u, w = np.polynomial.legendre.leggauss(400)
    root = (u[None, :] + 1.0) / 2.0
    rate, p = 1.5 * (u[:, None] + 1.0), root**4
    alive = (1 - p) ** x * rate**x * np.exp(-rate * age)
    gone = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * recency)
    density = stats.gamma.pdf(rate, r, scale=1 / alpha) * stats.beta.pdf(p, a, b)
    value = 0.75 * w @ ((alive + gone) * density * 4 * root**3) @ w
    found = purchases.log_likelihood(
        np.array([r, alpha, a, b]), *(np.array([v]) for v in (x, recency, age))
    )
    assert found[0] == pytest.approx(np.log(value), abs=1e-4)


def test_expectation_and_chance_of_being_active_brute_force() -> None:
    """Customers simulated with the same history, followed for a year."""
    p = np.array([1.5, 10.0, 0.8, 6.0])
    random = np.random.default_rng(2)
    n = 400_000
    rate, stop = random.gamma(p[0], 1 / p[1], n), random.beta(p[2], p[3], n)
    age, weeks = 20.0, 26.0
    now, active = np.zeros(n), np.ones(n, dtype=bool)
    before, after, last = np.zeros(n), np.zeros(n), np.zeros(n)
    alive = np.ones(n, dtype=bool)
    for _ in range(60):
        now = now + random.exponential(1 / rate)
        hit = active & (now <= age + weeks)
        early = hit & (now <= age)
        before += early
        last = np.where(early, now, last)
        after += hit & ~early
        ends = hit & (random.random(n) < stop)
        alive &= ~(ends & early)
        active &= ~ends & hit
    same = (before == 2) & (np.abs(last - 12.0) < 1.0)
    one = customer(2.0, 12.0, age)
    assert same.sum() > 3000
    assert cv.alive(p, one)[0] == pytest.approx(alive[same].mean(), abs=0.025)
    assert cv.expected(p, one, weeks)[0] == pytest.approx(after[same].mean(), rel=0.05)


def test_a_customer_who_bought_once_is_active_and_no_time_brings_nothing() -> None:
    p = np.array([0.24, 4.4, 0.79, 2.43])
    assert cv.alive(p, customer(0, 0, 30))[0] == 1.0
    assert cv.expected(p, customer(2, 20, 30), 1e-9)[0] == pytest.approx(0.0, abs=1e-8)


def test_expected_amount_brute_force() -> None:
    """Posterior mean of a customer's mean amount p / nu by integration over nu."""
    p, q, gamma = 6.25, 3.74, 15.44
    x, mean = 3.0, 40.0

    def weight(nu: float) -> float:
        own = stats.gamma.pdf(mean, p * x, scale=1 / (nu * x))
        return float(own * stats.gamma.pdf(nu, q, scale=1 / gamma))

    whole = integrate.quad(weight, 0, 3, epsabs=1e-14)[0]
    above = integrate.quad(lambda nu: p / nu * weight(nu), 1e-9, 3, epsabs=1e-14)[0]
    found = cv.expected_amount(np.array([p, q, gamma]), customer(x, 10, 20, mean))
    assert found[0] == pytest.approx(above / whole, rel=1e-6)
    likelihood = amounts.log_likelihood(np.array([p, q, gamma]), np.array([x]), np.array([mean]))
    assert likelihood[0] == pytest.approx(np.log(whole), abs=1e-6)


def test_history_by_hand() -> None:
    """Days 0, 7 (twice, 30 together) and 21; the cut-off on day 28 leaves out day 30."""
    person = np.array([0, 0, 0, 0, 0, 1, 2])
    day = np.array([0, 7, 7, 21, 30, 5, 40.0])
    amount = np.array([9, 10, 20, 50, 99, 5, 5.0])
    found = cv.history(person, day, amount, np.array([28.0, 28.0, 28.0]))
    assert found.person.tolist() == [0, 1]
    assert found.x.tolist() == [2, 0]
    np.testing.assert_allclose(found.recency, [3.0, 0.0])
    np.testing.assert_allclose(found.age, [4.0, 23 / 7])
    assert found.mean[0] == 40.0
    assert np.isnan(found.mean[1])
    later = cv.later(person, day, amount, np.array([28.0, 28.0, 28.0]), 1.0)
    assert later.tolist() == [[1.0, 0.0, 0.0], [99.0, 0.0, 0.0]]


def estimates(names: tuple[str, ...], values: tuple[float, ...]) -> Estimates:
    v = np.array(values)
    return Estimates(names, v, v, v, 0.0, 100, np.zeros((len(v), len(v))))


ORDERS = estimates(("r", "alpha", "a", "b"), (1.1, 9.0, 0.6, 12.0))
AMOUNTS = estimates(("p", "q", "gamma"), (6.0, 4.0, 75.0))


def population(n: int = 400) -> History:
    random = np.random.default_rng(1)
    age = random.uniform(26, 150, n)
    x = random.poisson(age / 12).astype(float)
    recency = np.where(x > 0, age * random.beta(5, 1, n), 0.0)
    return History(np.arange(n), x, recency, age, np.where(x > 0, random.gamma(4, 40, n), np.nan))


def values(data: History, discount: float = 0.0) -> cv.Values:
    return cv.customer_values(
        ORDERS, AMOUNTS, data, weeks=52, discount=discount, margin=0.5, draws=20, seed=1
    )


def test_value_without_discount_collapses_to_purchases_times_amount() -> None:
    data = population()
    found = values(data)
    np.testing.assert_allclose(found.value, 0.5 * found.purchases * found.amount)
    np.testing.assert_allclose(found.draws, np.tile(found.value, (20, 1)))
    discounted = values(data, discount=0.1)
    ratio = discounted.value / found.value
    assert ((ratio > 1.1**-0.875) & (ratio < 1.1**-0.125)).all()


def test_stake_of_groups_adds_up_and_small_groups_are_held_back() -> None:
    data = population()
    found = values(data)
    member = np.where(np.arange(400) < 25, 0, np.where(np.arange(400) < 200, 1, 2))
    chances = np.full(400, 0.25)
    whole, small, one, two = cv.groups(found, member, ["a", "b", "c"], chances, least=30, seed=1)
    assert small.held
    assert np.isnan(small.total[0])
    assert whole.stake[0] == pytest.approx(0.25 * whole.total[0])
    assert one.total[0] + two.total[0] + found.value[:25].sum() == pytest.approx(whole.total[0])
    assert one.total[1] < one.total[0] < one.total[2]


def test_classes_of_the_holdout_below_the_minimum_are_held_back() -> None:
    data = population()
    made = np.stack([data.x, data.x])
    whole = cv.holdout(ORDERS, AMOUNTS, data, made, weeks=52, least=1)
    found = cv.holdout(ORDERS, AMOUNTS, data, made, weeks=52, least=50)
    assert whole.held == 0
    assert whole.n.sum() == 400
    assert found.held == (whole.n < 50).sum() > 0
    assert (found.n >= 50).all()
    assert found.total == whole.total


def test_without_chances_there_is_no_stake() -> None:
    data = population()
    (whole,) = cv.groups(
        values(data), np.zeros(400, int), [], np.full(400, np.nan), least=30, seed=1
    )
    assert np.isfinite(whole.total[0])
    assert np.isnan(whole.stake[0])


def test_worth_of_a_point_brute_force() -> None:
    random = np.random.default_rng(3)
    score, age = random.uniform(0, 100, 500), random.normal(40, 10, 500)
    money = 100 + 5 * score + 2 * age + random.normal(0, 20, 500)
    found = cv.worth(money, score, age[:, None], np.arange(500), outcome="m", label="plain")
    X = np.column_stack([np.ones(500), score, age])
    beta = np.linalg.lstsq(X, money, rcond=None)[0]
    e, bread = money - X @ beta, np.linalg.inv(X.T @ X)
    se = np.sqrt((bread @ (X.T * e**2) @ X @ bread)[1, 1] * 500 / 497)
    assert found.slope == pytest.approx(beta[1])
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * se, rel=1e-5)


def test_too_few_repeaters_are_named() -> None:
    with pytest.raises(ModelError, match="40 customers bought again"):
        few = np.arange(400) < 40
        cv.fit_purchases(
            History(np.arange(400), few.astype(float), few * 5.0, np.full(400, 20.0), few * 9.0)
        )


def test_a_pattern_without_a_best_model_is_named() -> None:
    """Everybody buys exactly alike: no spread of rates, nobody stops."""
    n = 200
    data = History(
        np.arange(n), np.full(n, 10.0), np.full(n, 50.0), np.full(n, 50.0), np.full(n, 9.0)
    )
    with pytest.raises(ModelError, match="BG/NBD has no best parameters"):
        cv.fit_purchases(data)
