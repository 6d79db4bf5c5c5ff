"""Prediction out of sample against estimations one by one, least squares, and special cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, ttest_1samp

from analysis.errors import ModelError
from analysis.methods.prediction import (
    SATURATED,
    crossvalidate,
    holdout,
    items_of,
    loss_test,
    predict_items,
)
from analysis.methods.prediction.crossvalidation import training_sets
from analysis.methods.prediction.training import deviance, folds, moments_of
from analysis.sem import Moments, sem
from analysis.syntax import parse_model

ITEMS = [f"x{i}" for i in range(1, 10)]
FACTORS = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ x7 + x8 + x9\n"
MODEL = FACTORS + "g ~ f\nh ~ g + f"
SHORT = FACTORS + "g ~ f\nh ~ g"
# Kernels and the estimator stop at the same minimum, about 1e-7 apart.
REFITS = 1e-6


@pytest.fixture
def rows(holzinger: pd.DataFrame) -> np.ndarray:
    return holzinger[ITEMS].to_numpy(float)


def test_folds_leave_everybody_out_once() -> None:
    part = folds(103, 10, 4, seed=5)
    sets = training_sets(part, 10)
    assert sets.shape == (40, 103)
    for repeat in range(4):
        left_out = ~sets[repeat * 10 : repeat * 10 + 10]
        assert (left_out.sum(axis=0) == 1).all()
        assert set(left_out.sum(axis=1)) == {10, 11}
    assert (folds(103, 10, 4, seed=5) == part).all()
    assert (folds(103, 10, 2, seed=5) == part[:2]).all()
    assert (folds(103, 10, 4, seed=6) != part).any()


def test_training_moments_equal_numpy_brute_force(rows: np.ndarray) -> None:
    members = np.random.default_rng(1).random((5, len(rows))) < 0.7
    mean, cov = moments_of(rows + 1e6, members)
    for d, chosen in enumerate(members):
        assert mean[d] == pytest.approx(rows[chosen].mean(axis=0) + 1e6, abs=1e-8)
        assert cov[d] == pytest.approx(np.cov(rows[chosen].T, bias=True), abs=1e-8)


def test_deviance_equals_scipy(rows: np.ndarray) -> None:
    mu, Sigma = rows.mean(axis=0), np.cov(rows.T)
    wanted = -2.0 * multivariate_normal(mu, Sigma).logpdf(rows)
    assert deviance(rows, mu, Sigma) == pytest.approx(wanted, rel=1e-10)
    assert np.isnan(deviance(rows, mu, -np.eye(9))).all()


def test_crossvalidation_equals_one_estimation_a_fold_brute_force(rows: np.ndarray) -> None:
    found = crossvalidate([("own", parse_model(MODEL)), ("short", parse_model(SHORT))], rows, ITEMS,
                          seed=2, count=3, repeats=2)  # fmt: skip
    sets = training_sets(folds(len(rows), 3, 2, 2), 3)
    each = {}
    for name, text in (("own", MODEL), ("short", SHORT), (SATURATED, "")):
        total, discrepancy = np.zeros(len(rows)), []
        for chosen in sets:
            train, test = rows[chosen], rows[~chosen]
            mu, Sigma = train.mean(axis=0), np.cov(train.T, bias=True)
            if text:
                Sigma = sem(text, Moments.from_data(train, ITEMS)).implied[0].Sigma
            total[~chosen] += -2.0 * multivariate_normal(mu, Sigma).logpdf(test)
            S, d = np.cov(test.T, bias=True), test.mean(axis=0) - mu
            discrepancy.append(
                np.linalg.slogdet(Sigma)[1] - np.linalg.slogdet(S)[1] - 9
                + np.trace(np.linalg.solve(Sigma, S + np.outer(d, d)))
            )  # fmt: skip
        each[name] = total / 2, np.mean(discrepancy)
    for m in found.models:
        own, discrepancy = each[m.name]
        assert m.deviance == pytest.approx(own.mean(), rel=REFITS)
        assert m.discrepancy == pytest.approx(discrepancy, rel=10 * REFITS)
        difference = own - each["own"][0]
        assert m.above == pytest.approx(difference.mean(), abs=1e-5)
        se = difference.std(ddof=1) / np.sqrt(len(rows))
        assert m.above_se == pytest.approx(se, abs=1e-5)
        assert m.failed == 0


def test_a_model_that_cannot_be_fitted_leaves_the_others(rows: np.ndarray) -> None:
    broken = FACTORS + "g ~ f\nf ~ g\nh ~ f"
    found = crossvalidate([("own", parse_model(MODEL)), ("broken", parse_model(broken))], rows,
                          ITEMS, seed=2, count=4, repeats=1)  # fmt: skip
    by_name = {m.name: m for m in found.models}
    assert by_name["broken"].finding is not None
    assert np.isnan(by_name["broken"].deviance)
    assert np.isfinite(by_name["own"].deviance)


def test_linear_benchmark_equals_least_squares_brute_force(rows: np.ndarray) -> None:
    found = predict_items(parse_model(MODEL), rows, ITEMS, target="h", sources=("f", "g"), seed=3,
                          count=5, repeats=1)  # fmt: skip
    sets = training_sets(folds(len(rows), 5, 1, 3), 5)
    errors, naive = np.zeros((len(rows), 3)), np.zeros((len(rows), 3))
    for chosen in sets:
        A = np.c_[np.ones(chosen.sum()), rows[chosen][:, :6]]
        slopes = np.linalg.lstsq(A, rows[chosen][:, 6:], rcond=None)[0]
        test = rows[~chosen]
        errors[~chosen] = test[:, 6:] - np.c_[np.ones(len(test)), test[:, :6]] @ slopes
        naive[~chosen] = test[:, 6:] - rows[chosen][:, 6:].mean(axis=0)
    for j, item in enumerate(found.items):
        assert item.item == ITEMS[6 + j]
        assert item.lm_rmse == pytest.approx(np.sqrt((errors[:, j] ** 2).mean()), rel=1e-9)
        assert item.lm_mae == pytest.approx(np.abs(errors[:, j]).mean(), rel=1e-9)
        q2 = 1 - (errors[:, j] ** 2).sum() / (naive[:, j] ** 2).sum()
        assert item.lm_q2 == pytest.approx(q2, rel=1e-9)
        assert item.rmse != pytest.approx(item.lm_rmse, rel=1e-6)


def test_saturated_paths_collapse_to_the_linear_model(rows: np.ndarray) -> None:
    text = "x4 ~ x1 + x2 + x3\nx7 ~ x1 + x2 + x3 + x4"
    names = ["x1", "x2", "x3", "x4", "x7"]
    data = rows[:, [0, 1, 2, 3, 6]]
    found = predict_items(parse_model(text), data, names, target="x7",
                          sources=("x1", "x2", "x3", "x4"), seed=1)  # fmt: skip
    (item,) = found.items
    assert (item.rmse, item.mae, item.q2) == pytest.approx(
        (item.lm_rmse, item.lm_mae, item.lm_q2), rel=REFITS
    )
    assert found.against_lm.difference == pytest.approx(0.0, abs=1e-6)
    assert found.against_mean.difference < 0


def test_loss_test_equals_scipy() -> None:
    x = np.random.default_rng(4).standard_normal(60) + 0.2
    wanted = ttest_1samp(x, 0.0)
    found = loss_test(x)
    assert (found.t, found.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-10)
    assert loss_test(np.zeros(5)).p == 1.0


def test_items_are_found_through_lower_order_constructs() -> None:
    syntax = parse_model("a =~ x1 + x2\nb =~ x3 + x4\nq =~ a + b\ny ~ q")
    assert items_of(syntax, "q") == ("x1", "x2", "x3", "x4")
    assert items_of(syntax, "y") == ("y",)


def test_holdout_equals_one_estimation_a_group_brute_force(
    holzinger: pd.DataFrame, rows: np.ndarray
) -> None:
    school = holzinger["school"].tolist()
    found = holdout(parse_model(MODEL), rows, ITEMS, school, target="h", sources=("f", "g"),
                    least=30, order=("Grant-White", "Pasteur"))  # fmt: skip
    assert [(t.trained_on, t.tested_on) for t in found.transfers] == [
        ("Grant-White", "Pasteur"), ("Pasteur", "Grant-White"),
    ]  # fmt: skip
    first = found.transfers[0]
    train, test = (rows[[s == g for s in school]] for g in ("Grant-White", "Pasteur"))
    implied = {
        name: sem(MODEL, Moments.from_data(x, ITEMS)).implied[0].Sigma
        for name, x in (("train", train), ("test", test))
    }
    S = implied["train"]
    slopes = np.linalg.solve(S[:6, :6], S[:6, 6:])
    e = test[:, 6:] - train[:, 6:].mean(axis=0) - (test[:, :6] - train[:, :6].mean(axis=0)) @ slopes
    assert first.rmse == pytest.approx(np.sqrt((e**2).mean(axis=0)).mean(), rel=REFITS)
    naive = ((test[:, 6:] - train[:, 6:].mean(axis=0)) ** 2).mean(axis=0)
    assert first.q2 == pytest.approx((1 - (e**2).mean(axis=0) / naive).mean(), rel=10 * REFITS)
    loss = [
        -2.0 * multivariate_normal(x.mean(axis=0), implied[name]).logpdf(test).mean()
        for name, x in (("train", train), ("test", test))
    ]
    assert first.loss == pytest.approx(loss[0] - loss[1], rel=1e-5)
    assert (first.n_train, first.n_test) == (len(train), len(test))


def test_small_groups_are_held_back(holzinger: pd.DataFrame, rows: np.ndarray) -> None:
    labels = ["small"] * 20 + holzinger["school"].tolist()[20:]
    found = holdout(parse_model(MODEL), rows, ITEMS, labels, target="h", sources=("f",), least=30)
    assert found.small == ("small",)
    assert "small" not in {t.trained_on for t in found.transfers}
    assert "small" not in {t.tested_on for t in found.transfers}
    with pytest.raises(ModelError) as caught:
        holdout(parse_model(MODEL), rows, ITEMS, labels, target="h", sources=("f",), least=200)
    assert caught.value.messages[0].code == "rival_models.few_groups"


def test_too_little_to_train_on_or_to_predict(rows: np.ndarray) -> None:
    syntax = parse_model(MODEL)
    with pytest.raises(ModelError) as caught:
        crossvalidate([("own", syntax)], rows[:11], ITEMS, seed=1)
    assert caught.value.messages[0].code == "rival_models.too_few_complete"
    with pytest.raises(ModelError) as caught:
        predict_items(syntax, rows, ITEMS, target="h", sources=(), seed=1)
    assert caught.value.messages[0].code == "rival_models.nothing_to_predict"
    with pytest.raises(ModelError) as caught:
        holdout(syntax, rows, ITEMS, ["a", "b"] * 150 + ["a"], target="h", sources=(), least=30)
    assert caught.value.messages[0].code == "rival_models.nothing_to_predict"


def test_missing_answers_leave_respondents_out(rows: np.ndarray) -> None:
    gaps = rows.copy()
    gaps[:7, 3] = np.nan
    with_gaps = crossvalidate([("own", parse_model(MODEL))], gaps, ITEMS, seed=2, repeats=1)
    without = crossvalidate([("own", parse_model(MODEL))], rows[7:], ITEMS, seed=2, repeats=1)
    assert (with_gaps.n, with_gaps.total) == (294, 301)
    assert with_gaps.models == without.models
