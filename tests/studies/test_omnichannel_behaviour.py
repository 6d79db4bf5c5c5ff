"""Purchases, programme, churn and baskets of the simulated study recover their parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from analysis.methods.omnichannel import load_population

FOLDER = Path(__file__).resolve().parents[2] / "data" / "raw" / "omnichannel"
POPULATION = load_population(FOLDER / "population.toml")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    answers = pd.read_csv(FOLDER / "answers.csv", encoding="utf-8")
    truth = pd.read_csv(FOLDER / "truth.csv", encoding="utf-8")
    return answers.join(truth.drop(columns=["respondent", "wave"]))


@pytest.fixture(scope="module")
def persons(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("respondent").set_index("respondent")


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "purchases.csv", parse_dates=["date"])


def bgnbd(theta: np.ndarray, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> float:
    """Negative log-likelihood of Fader, Hardie & Lee (2005)."""
    r, alpha, a, b = np.exp(theta)
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    gone = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)
    return -float(np.sum(shared + np.logaddexp(alive, np.where(x > 0, gone, -np.inf))))


def test_bgnbd_parameters_come_back(persons: pd.DataFrame) -> None:
    columns = ("repeat_orders", "weeks_to_last", "weeks_observed")
    x, last, age = (persons[k].to_numpy(dtype=float) for k in columns)
    table = POPULATION["purchases"]
    start = np.log([1.0, 10.0, 1.0, 10.0])
    options = {"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-6}
    fit = minimize(bgnbd, start, args=(x, last, age), method="Nelder-Mead", options=options)
    r, alpha, a, b = np.exp(fit.x)
    assert r == pytest.approx(table["rate"]["r"], rel=0.15)
    assert alpha == pytest.approx(table["rate"]["alpha"], rel=0.15)
    # Rate and dropout are both tied to loyalty, which BG/NBD does not know.
    mean = table["dropout"]["a"] / (table["dropout"]["a"] + table["dropout"]["b"])
    assert a / (a + b) == pytest.approx(mean, rel=0.20)


def test_answers_agree_with_the_purchases(persons: pd.DataFrame, purchases: pd.DataFrame) -> None:
    day = pd.to_datetime(persons["started"]).dt.normalize()
    gap = (purchases["respondent"].map(day) - purchases["date"]).dt.days
    before = purchases[(gap > 0) & (gap <= 364)].groupby("respondent")["amount"]
    after = purchases[(gap <= 0) & (gap > -364)].groupby("respondent")["amount"]
    for name, group in (("before", before), ("after", after)):
        spend = group.sum().reindex(persons.index, fill_value=0.0)
        assert np.allclose(spend, persons[f"spend_{name}"], atol=0.006)
        assert (
            group.size().reindex(persons.index, fill_value=0) == persons[f"orders_{name}"]
        ).all()
    recency = gap[gap > 0].groupby(purchases["respondent"]).min()
    assert (recency.reindex(persons.index) == persons["recency_days"]).all()


def test_programme_effect_comes_back(persons: pd.DataFrame, purchases: pd.DataFrame) -> None:
    day = pd.to_datetime(persons["started"]).dt.normalize()
    mapped = purchases.assign(
        after=purchases["date"] >= purchases["respondent"].map(day),
        log_value=np.log(purchases["amount"]),
    )
    mean = mapped.groupby(["respondent", "after"])["log_value"].mean().unstack().dropna()
    change = mean[True] - mean[False]
    joined = persons.loc[change.index, "programme"] == 1
    effect = change[joined].mean() - change[~joined].mean()
    assert effect == pytest.approx(np.log(POPULATION["programme"]["effect"]), abs=0.05)


def test_naive_comparison_of_members_overstates_the_effect(persons: pd.DataFrame) -> None:
    mean = persons.groupby("programme")["spend_after"].mean()
    assert mean[1] / mean[0] > 1.3


def test_churn_coefficients_come_back(rows: pd.DataFrame) -> None:
    known = rows[rows["churn"].notna()]
    table = POPULATION["churn"]
    design = np.column_stack(
        [
            np.ones(len(known)),
            known["loyalty"],
            np.log1p(known["recency_days"] / 30),
            known["complained"],
            known["complained"] * known["handling"],
            known["price"],
            known["weeks_observed"] / 52,
        ]
    )
    y = known["churn"].to_numpy()
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, design.T @ (y - p))
    order = ("constant", "loyalty", "recency", "complained", "handling", "price", "tenure")
    expected = np.array([table[k] for k in order])
    z = (beta - expected) / np.sqrt(np.diag(np.linalg.inv(information)))
    assert np.abs(z).max() < 3.0
    assert 0.1 < y.mean() < 0.3


def test_closed_accounts_are_not_at_risk_in_wave_two(rows: pd.DataFrame) -> None:
    closed = rows[(rows["wave"] == 1) & (rows["churn"] == 1)]["respondent"]
    again = rows[(rows["wave"] == 2) & rows["respondent"].isin(closed)]
    assert len(again) > 0
    assert again["churn"].isna().all()
    assert rows["churn_month"].dropna().between(1, 12).all()


def test_basket_rules_come_back() -> None:
    lines = pd.read_csv(FOLDER / "orders.csv")
    basket = pd.crosstab(lines["order"], lines["product"]) > 0
    for rule in POPULATION["baskets"]["rules"]:
        given, added = basket[rule["given"]], basket[rule["add"]]
        base = POPULATION["baskets"]["products"][rule["add"]]
        assert added[given].mean() == pytest.approx(base + (1 - base) * rule["rate"], abs=0.05)
        assert added[given].mean() / added.mean() > 2.0
    assert basket["rice"][basket["tea"]].mean() / basket["rice"].mean() == pytest.approx(1, abs=0.1)


def test_lines_add_up_to_the_orders(purchases: pd.DataFrame) -> None:
    lines = pd.read_csv(FOLDER / "orders.csv", parse_dates=["date"])
    total = lines.groupby(["respondent", "date"])["amount"].sum().round(2)
    bought = purchases.groupby(["respondent", "date"])["amount"].sum().round(2)
    assert np.allclose(total, bought.loc[total.index], atol=0.006)
