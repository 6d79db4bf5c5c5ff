"""Segments: mixtures against mclust, brute force, recovery of what was planted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

from analysis.errors import ModelError
from analysis.methods import segments as sg
from analysis.methods.segments.mixture import Structure

GOLDEN = Path(__file__).parent / "golden"
FITS = json.loads((GOLDEN / "segments.json").read_text("utf-8"))["fits"]


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    return pd.read_csv(GOLDEN / "segments.csv").to_numpy(float)


@pytest.mark.parametrize("fit", FITS, ids=lambda f: f"{f['model']}{f['k']}")
def test_mixtures_equal_mclust(X: np.ndarray, fit: dict[str, object]) -> None:
    """The same likelihood, or a better one that mclust's single start missed."""
    found = sg.fit_mixture(X, int(fit["k"]), structure=fit["model"])  # type: ignore[arg-type,call-overload]
    assert found.parameters == fit["df"]
    assert found.converged
    gain = found.loglik - float(fit["loglik"])  # type: ignore[arg-type]
    assert gain > -1e-4
    if gain < 1e-2:
        assert found.bic == pytest.approx(fit["bic"], abs=3e-2)
        weights = np.atleast_1d(fit["weights"])  # type: ignore[call-overload]
        np.testing.assert_allclose(found.weights, weights, atol=2e-3)
    else:
        assert fit["model"] == "VVV"


@pytest.mark.parametrize("structure", sg.STRUCTURES)
def test_likelihood_brute_force(X: np.ndarray, structure: Structure) -> None:
    found = sg.fit_mixture(X, 2, structure=structure)
    density = sum(
        w * multivariate_normal(m, C).pdf(X)
        for w, m, C in zip(found.weights, found.means, found.covariances, strict=True)
    )
    assert found.loglik == pytest.approx(np.log(density).sum(), rel=1e-9)
    np.testing.assert_allclose(found.classify(X), found.posterior, atol=1e-6)


def test_one_class_collapses_to_sample_moments(X: np.ndarray) -> None:
    found = sg.fit_mixture(X, 1, structure="VVV")
    np.testing.assert_allclose(found.means[0], X.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.covariances[0], np.cov(X.T, bias=True), atol=1e-6)
    assert np.isnan(found.entropy)


def test_structures_are_nested(X: np.ndarray) -> None:
    value = {s: sg.fit_mixture(X, 3, structure=s).loglik for s in sg.STRUCTURES}
    assert value["EEI"] <= value["VVI"] + 1e-6 <= value["VVV"] + 2e-6
    assert value["EEI"] <= value["EEE"] + 1e-6 <= value["VVV"] + 2e-6


def test_scale_of_an_indicator_changes_the_likelihood_only_by_its_jacobian(X: np.ndarray) -> None:
    scale = np.array([100.0, 1.0, 0.01])
    one, two = (sg.fit_mixture(x, 3, structure="VVI") for x in (X, X * scale))
    assert two.loglik == pytest.approx(one.loglik - len(X) * np.log(scale).sum(), abs=1e-4)
    np.testing.assert_array_equal(one.labels, two.labels)


def test_entropy_is_one_without_doubt_and_zero_with_nothing_but() -> None:
    far = np.concatenate([np.random.default_rng(1).normal(m, 1, (80, 2)) for m in (0, 60)])
    assert sg.fit_mixture(far, 2, structure="EEI").entropy == pytest.approx(1.0, abs=1e-9)


def test_three_planted_classes_are_chosen(X: np.ndarray) -> None:
    found = sg.profiles(X, most=4)
    assert found.best.k == 3
    truth = np.repeat([0, 1, 2], [140, 90, 70])
    cross = np.zeros((3, 3))
    np.add.at(cross, (truth, found.best.labels), 1)
    assert cross.max(axis=1).sum() / len(X) > 0.9


def test_a_number_of_classes_can_be_asked_for(X: np.ndarray) -> None:
    assert sg.profiles(X, most=4, classes=2, structures=("EEI",)).best.k == 2


def test_normal_data_hold_one_class() -> None:
    Z = np.random.default_rng(4).normal(size=(400, 3))
    assert sg.profiles(Z, most=3).best.k == 1


def test_bootstrap_ratio_tells_planted_classes_from_none(X: np.ndarray) -> None:
    one, two = (sg.fit_mixture(X, k, structure="EEI") for k in (1, 2))
    assert sg.bootstrap_ratio(X, one, two, draws=19).p == pytest.approx(0.05)
    Z = np.random.default_rng(5).normal(size=(200, 2))
    one, two = (sg.fit_mixture(Z, k, structure="EEI") for k in (1, 2))
    assert sg.bootstrap_ratio(Z, one, two, draws=19).p > 0.1


def test_clear_classes_are_stable_and_arbitrary_cuts_are_not() -> None:
    random = np.random.default_rng(6)
    clear = np.concatenate([random.normal(m, 1, (100, 2)) for m in (0, 8)])
    assert sg.stability(clear, sg.fit_mixture(clear, 2), draws=10).min() > 0.95
    blob = random.normal(size=(200, 2))
    assert sg.stability(blob, sg.fit_mixture(blob, 3), draws=20).min() < 0.75


def test_impossible_requests_say_why(X: np.ndarray) -> None:
    with pytest.raises(ModelError, match="too few"):
        sg.fit_mixture(X[:15], 2)
    with pytest.raises(ModelError, match="same for everybody"):
        sg.fit_mixture(np.column_stack([X, np.ones(len(X))]), 2)
    with pytest.raises(ModelError, match="EEE"):
        sg.fit_mixture(X, 2, structure="EVE")  # type: ignore[arg-type]


def test_rules_describe_segments_that_a_threshold_makes() -> None:
    X = np.random.default_rng(8).uniform(0, 100, size=(400, 2))
    labels = ((X[:, 0] > 60) & (X[:, 1] > 40)).astype(np.intp)
    found = sg.rules(X, ["quality", "price"], labels)
    (rule,) = [r for r in found.rules if r.segment == 1]
    bounds = {c.name: c.low for c in rule.conditions}
    assert bounds["quality"] == pytest.approx(60, abs=2)
    assert bounds["price"] == pytest.approx(40, abs=2)
    assert rule.purity > 0.98 and rule.coverage > 0.98 and found.accuracy > 0.95


def test_rfm_scores_by_hand() -> None:
    """Ten people: fifths of two each; recent buyers score high; ties share a score."""
    x = np.arange(1.0, 11.0)
    scores = sg.rfm_scores(x, x, np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 9.0]))
    np.testing.assert_array_equal(scores[:, 1], [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    np.testing.assert_array_equal(scores[:, 0], scores[::-1, 1])
    np.testing.assert_array_equal(scores[:, 2], [1] * 9 + [5])


def test_tiers_follow_their_written_rule() -> None:
    random = np.random.default_rng(9)
    recency, frequency, spend, attitude = random.uniform(0, 100, size=(4, 500))
    recency[0] = np.nan
    found = sg.tiers(recency, frequency, spend, attitude)
    R, F, M = found.scores.T
    for i in range(1, 500):
        risk = R[i] <= 2 or attitude[i] < found.attitude_cut
        expected = "risk" if risk else "high" if F[i] + M[i] >= 8 else "potential"
        assert sg.TIERS[found.tier[i]] == expected
    assert found.tier[0] == -1


def test_migration_by_hand() -> None:
    before = np.array([0] * 40 + [1] * 60 + [2] * 10 + [-1])
    after = np.array([0] * 30 + [1] * 10 + [1] * 60 + [2] * 10 + [0])
    found = sg.migration(before, after, 3, least=30)
    assert found.n == 110 and found.held == 1
    np.testing.assert_allclose(found.shares[0], [0.75, 0.25, 0.0])
    assert np.isnan(found.shares[2]).all()
    assert found.stay == pytest.approx(100 / 110)
    chance = (40 * 30 + 60 * 70 + 10 * 10) / 110**2
    assert found.kappa == pytest.approx((100 / 110 - chance) / (1 - chance))


def test_outcomes_by_segment_and_the_minimum() -> None:
    member = np.repeat([0, 1, 2], [50, 50, 5])
    x = np.concatenate([np.tile([10.0, 9.0, 3.0, 7.0, 8.0], 10), np.full(50, 5.0), np.ones(5)])
    found = sg.outcome("nps", x, member, 3, kind="promoters", least=30)
    assert found.values[0] == pytest.approx(100 * (0.4 - 0.2))
    assert np.isnan(found.values[2]) and found.n == (50, 50, 5)


def test_difference_of_two_segments_collapses_to_a_squared_z() -> None:
    random = np.random.default_rng(10)
    member = np.repeat([0, 1], [60, 90])
    x = random.normal(size=150) + 0.3 * member
    a, b = x[:60], x[60:]
    z = (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / 60 + b.var(ddof=1) / 90)
    found = sg.outcome("x", x, member, 2, kind="mean")
    assert found.p == pytest.approx(2 * norm.sf(abs(z)))
