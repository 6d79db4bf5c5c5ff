"""Retention: R's survival, sklearn's measures, statsmodels' odds, guards, hand-worked decisions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ModelError
from analysis.methods import retention as rt
from analysis.methods.retention import Candidate, Cases

GOLDEN = Path(__file__).parent / "golden"
SURVIVAL = json.loads((GOLDEN / "survival.json").read_text("utf-8"))
DATA = pd.read_csv(GOLDEN / "survival.csv")
TIME, EVENT = DATA["time"].to_numpy(float), DATA["event"].to_numpy(float)


def cases(n: int = 600, seed: int = 1, persons: int | None = None) -> Cases:
    """Leaving depends on x1 (1 on the log odds) and the binary x2 (-1)."""
    random = np.random.default_rng(seed)
    x1, x2 = random.normal(size=n), (random.random(n) < 0.5).astype(float)
    y = (random.random(n) < 1 / (1 + np.exp(1.0 - x1 + x2))).astype(float)
    person = np.arange(n) if persons is None else np.arange(n) % persons
    return Cases(
        X=np.column_stack([x1, x2]), y=y, person=person, rows=np.arange(n), columns=("x1", "x2"),
        sources=("x1", "x2"), blocks=("behaviour", "survey"), binary=np.array([False, True]),
        spread=np.zeros(2),
    )  # fmt: skip


def test_cox_equals_r_survival() -> None:
    person = np.unique(DATA["person"], return_inverse=True)[1]
    found = rt.cox(TIME, EVENT, DATA[["x1", "x2"]].to_numpy(float), person)
    np.testing.assert_allclose(found.estimates, SURVIVAL["coef"], atol=1e-10)
    np.testing.assert_allclose(found.se, SURVIVAL["se"], atol=1e-10)
    np.testing.assert_allclose(found.robust_se, SURVIVAL["robust"], atol=1e-10)
    np.testing.assert_allclose(found.log_likelihood, SURVIVAL["loglik"], atol=1e-8)
    assert found.concordance == pytest.approx(SURVIVAL["concordance"][0], abs=1e-12)


def test_kaplan_meier_equals_r_survival() -> None:
    curves = rt.kaplan_meier(TIME, EVENT, DATA["group"].to_numpy(), ["a", "b", "c"], least=30)
    keys = ("strata", "times", "surv", "lower", "upper")
    for group, time, *expected in zip(*(SURVIVAL[k] for k in keys), strict=True):
        curve = curves[int(group)]
        k = int(np.searchsorted(curve.times, time, side="right")) - 1
        np.testing.assert_allclose(
            [curve.share[k], curve.low[k], curve.high[k]], expected, atol=1e-12
        )


def test_log_rank_equals_r_survival() -> None:
    found = rt.log_rank(TIME, EVENT, DATA["group"].to_numpy())
    assert found.statistic == pytest.approx(SURVIVAL["chisq"][0], abs=1e-10)
    assert found.df == 2


def test_small_groups_have_no_curve() -> None:
    group = np.where(np.arange(len(TIME)) < 20, 0, 1)
    small, large = rt.kaplan_meier(TIME, EVENT, group, ["a", "b"], least=30)
    assert small.held
    assert small.share.size == 0
    assert not large.held


def test_measures_equal_sklearn_under_every_resample() -> None:
    from sklearn import metrics

    random = np.random.default_rng(4)
    y = (random.random(200) < 0.3).astype(float)
    p = np.round(np.clip(0.3 * y + 0.5 * random.random(200), 0.01, 0.99), 2)
    counts = rt.resampled(np.arange(200), 20, seed=1)
    found = rt.scores(y, p, counts)
    for d, w in enumerate(counts):
        assert found["auc"][d] == pytest.approx(metrics.roc_auc_score(y, p, sample_weight=w))
        assert found["pr_auc"][d] == pytest.approx(
            metrics.average_precision_score(y, p, sample_weight=w)
        )
        assert found["brier"][d] == pytest.approx(np.average((y - p) ** 2, weights=w))
        assert found["log_loss"][d] == pytest.approx(metrics.log_loss(y, p, sample_weight=w))


def test_resamples_draw_persons_with_all_their_rows() -> None:
    counts = rt.resampled(np.array([0, 1, 0, 2]), 300, seed=1)
    assert (counts[:, 0] == counts[:, 2]).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.2)


def test_odds_ratios_brute_force() -> None:
    """Per standard deviation of x1: the coefficient on raw columns times its spread."""
    data = cases()
    found = rt.logistic(data)
    Z = np.column_stack([np.ones(600), data.X])
    beta = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-Z @ beta))
        beta += np.linalg.solve(Z.T @ (Z * (p * (1 - p))[:, None]), Z.T @ (data.y - p))
    x1, x2 = found.coefficients
    assert x1.estimate == pytest.approx(beta[1] * data.X[:, 0].std(ddof=1), abs=1e-6)
    assert x2.estimate == pytest.approx(beta[2], abs=1e-6)
    assert x1.ratio == pytest.approx(np.exp(x1.estimate))
    np.testing.assert_allclose(found.chances(data.X), 1 / (1 + np.exp(-Z @ beta)), atol=1e-6)


def test_robust_errors_of_repeated_rows_collapse_to_those_of_persons() -> None:
    """Every person twice: errors by cluster stay those of the single rows."""
    one = cases()
    two = Cases(
        X=np.tile(one.X, (2, 1)), y=np.tile(one.y, 2), person=np.tile(one.person, 2),
        rows=np.arange(1200), columns=one.columns, sources=one.sources, blocks=one.blocks,
        binary=one.binary, spread=one.spread,
    )  # fmt: skip
    single, double = rt.logistic(one), rt.logistic(two)
    assert (single.covariance, double.covariance) == ("HC1", "cluster")
    for a, b in zip(single.coefficients, double.coefficients, strict=True):
        assert b.se / b.unit == pytest.approx(a.se / a.unit, rel=5e-3)


def test_a_column_that_decides_is_refused_by_the_regression() -> None:
    data = cases()
    data.X[:, 1] = data.y
    with pytest.raises(ModelError, match="without error"):
        rt.logistic(data)


def candidate(values: np.ndarray, timing: str = "before") -> Candidate:
    return Candidate("x", "behaviour", timing, ("x",), values[:, None])


def test_guards_refuse_leaks_by_declaration_and_by_their_power() -> None:
    random = np.random.default_rng(5)
    y = (random.random(1000) < 0.2).astype(float)
    noise = random.normal(size=1000)
    leak = np.where(random.random(1000) < np.where(y == 1, 0.8, 0.02), 1.0, 0.0)
    told = {
        "used": candidate(noise),
        "after": candidate(noise, "after"),
        "undeclared": candidate(noise, ""),
        "too_good": candidate(leak),
        "constant": candidate(np.ones(1000)),
        "incomplete": candidate(np.where(random.random(1000) < 0.3, np.nan, noise)),
    }
    for status, entry in told.items():
        assert rt.guard(entry, y, too_good=0.85).status == status


def test_gaps_that_give_the_outcome_away_are_refused() -> None:
    """A month of leaving that is blank for all who stayed."""
    random = np.random.default_rng(6)
    y = (random.random(500) < 0.2).astype(float)
    month = np.where(y == 1, random.integers(1, 13, 500), np.nan)
    found = rt.guard(candidate(month), y, too_good=0.85)
    assert found.status == "too_good"
    assert found.gaps_auc == 1.0


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.zeros(100), "0 left, 100 stayed"),
        (np.ones(100), "100 left, 0 stayed"),
        (np.r_[np.ones(12), np.zeros(100)], "12 left and 100 stayed"),
        (np.full(100, np.nan), "blank"),
    ],
)
def test_a_horizon_without_two_ends_is_named(y: np.ndarray, words: str) -> None:
    entry = candidate(np.random.default_rng(1).normal(size=len(y)))
    passed = rt.guard(entry, y, too_good=0.85)
    with pytest.raises(ModelError, match=words):
        rt.cases([entry], [passed], y, np.arange(len(y)))


def test_imbalance_is_named_below_five_per_cent() -> None:
    y = np.r_[np.ones(40), np.zeros(960)]
    assert "4.0%" in rt.imbalance(y)[0].text()
    assert rt.imbalance(np.r_[np.ones(60), np.zeros(940)]) == ()


def test_nobody_is_predicted_by_a_model_that_saw_them() -> None:
    data = cases(n=400, persons=150)
    found = rt.nested(data, "logistic", seed=1)
    for person in range(150):
        assert len(set(found.fold[data.person == person])) == 1
    part = found.fold == 0
    again = found.fitted[0].predict_proba(data.X[part])[:, 1]
    np.testing.assert_allclose(found.chances[part], again)


def test_later_persons_of_both_waves_are_left_out() -> None:
    data = cases(n=400, persons=300)
    first = np.arange(400) < 250
    test, chances = rt.later(data, "logistic", first, ~first, seed=1)
    assert set(data.person[test]).isdisjoint(data.person[first])
    assert len(test) == len(chances) == 50


def test_calibration_of_true_chances_has_slope_one() -> None:
    random = np.random.default_rng(8)
    p = random.beta(1.5, 6, size=20000)
    y = (random.random(20000) < p).astype(float)
    found = rt.calibration(y, p, np.ones((2, 20000)))
    assert found.slope.value == pytest.approx(1.0, abs=0.05)
    assert found.intercept.value == pytest.approx(0.0, abs=0.08)
    assert ((found.low <= found.predicted) & (found.predicted <= found.high)).mean() >= 0.8
    halved = 1 / (1 + np.exp(-0.5 * np.log(p / (1 - p))))
    timid = rt.calibration(y, halved, np.ones((2, 20000)))
    assert timid.slope.value == pytest.approx(2 * found.slope.value, abs=1e-6)


def test_net_benefit_by_hand() -> None:
    """Ten customers, three leave; at .25 five are acted on, two of them leave: .2 - .3 / 3."""
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0.0])
    p = np.array([0.9, 0.4, 0.1, 0.6, 0.5, 0.3, 0.2, 0.1, 0.1, 0.05])
    found = rt.decision(y, p, np.ones((2, 10)), threshold=0.25)
    assert found.benefit.value == pytest.approx(0.2 - 0.3 / 3)
    assert found.acted.value == 0.5
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.precision.value == pytest.approx(0.4)
    assert found.specificity.value == pytest.approx(4 / 7)
    at = int(np.flatnonzero(found.thresholds == 0.25)[0])
    assert found.model[at] == pytest.approx(found.benefit.value)
    assert found.everybody[at] == pytest.approx(0.3 - 0.7 / 3)
    assert found.advantage.value == pytest.approx(0.1 - (0.3 - 0.7 / 3))


def test_importance_and_dependence_see_what_matters() -> None:
    data = cases(n=1500)
    noise = np.random.default_rng(3).normal(size=1500)
    data = Cases(
        X=np.column_stack([data.X, noise]), y=data.y, person=data.person, rows=data.rows,
        columns=("x1", "x2", "noise"), sources=("x1", "x2", "noise"),
        blocks=("behaviour", "survey", "person"), binary=np.array([False, True, False]),
        spread=np.zeros(3),
    )  # fmt: skip
    found = rt.nested(data, "logistic", seed=1)
    losses = rt.importance(data, found, repeats=3, seed=1)
    assert losses["x1"].mean() > losses["x2"].mean() > abs(losses["noise"].mean())
    (curve,) = rt.dependence(data, {"logistic": found.fitted}, ["x1"])
    X = data.X.copy()
    X[:, 0] = curve.grid[4]
    expected = np.mean([m.predict_proba(X)[:, 1].mean() for m in found.fitted])
    assert curve.curves["logistic"][4] == pytest.approx(expected)
    assert (np.diff(curve.curves["logistic"]) > 0).all()


def test_the_gain_of_a_better_model_is_measured_in_the_same_resamples() -> None:
    data = cases(n=800)
    counts = rt.resampled(data.person, 200, seed=1)
    one = rt.performance("a", data.y, np.full(800, 0.3), counts)
    other = rt.performance("b", data.y, rt.logistic(data).chances(data.X), counts)
    gain = rt.difference(one, other, "auc")
    assert one.measures["auc"].value == 0.5
    assert gain.value == pytest.approx(other.measures["auc"].value - 0.5)
    assert 0 < gain.low < gain.value < gain.high
