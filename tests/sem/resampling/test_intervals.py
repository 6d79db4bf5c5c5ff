"""Interval formulas against hand calculation and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from analysis.errors import ModelError
from analysis.sem.resampling import limits
from analysis.sem.resampling.intervals import acceleration, quantile


def test_percentile_equals_hand_calculation() -> None:
    draws = np.arange(1.0, 20.0)[:, None]  # 19 draws: 5% has rank 1, 95% rank 19
    np.testing.assert_allclose(limits("percentile", draws, np.array([9.0]), level=0.9), [[1], [19]])
    np.testing.assert_allclose(limits("basic", draws, np.array([9.0]), level=0.9), [[-1], [17]])
    middle, se = 2 * 9.0 - 10.0, np.std(draws, ddof=1)
    np.testing.assert_allclose(
        limits("normal", draws, np.array([9.0]), level=0.95)[:, 0],
        [middle - norm.ppf(0.975) * se, middle + norm.ppf(0.975) * se],
    )


def test_quantile_equals_numpy() -> None:
    x = np.sort(np.random.default_rng(1).standard_normal(237))
    levels = np.array([0.0001, 0.025, 0.31, 0.5, 0.975, 0.9999])
    np.testing.assert_allclose(quantile(x, levels), np.quantile(x, levels, method="weibull"))


def test_quantile_on_normal_scale_equals_hand_calculation() -> None:
    x = np.array([1.0, 2.0, 4.0])
    left, at, right = norm.ppf([0.25, 0.3, 0.5])
    np.testing.assert_allclose(
        quantile(x, np.array([0.3]), "lavaan"), 1 + (at - left) / (right - left)
    )
    np.testing.assert_allclose(quantile(x, np.array([0.01, 0.5, 0.99]), "lavaan"), [1, 2, 4])


def test_bca_equals_brute_force() -> None:
    rng = np.random.default_rng(3)
    x = rng.exponential(size=40)
    draws = np.array([np.mean(rng.choice(x, 40)) ** 2 for _ in range(999)])
    jack = np.array([np.delete(x, i).mean() ** 2 for i in range(40)])
    a = acceleration(jack[:, None])
    d = jack.mean() - jack
    assert a[0] == pytest.approx(sum(d**3) / (6 * sum(d**2) ** 1.5))
    z0 = norm.ppf((draws < x.mean() ** 2).mean())
    expected = []
    for z in norm.ppf([0.025, 0.975]):
        level = norm.cdf(z0 + (z0 + z) / (1 - a[0] * (z0 + z)))
        rank = level * 1000
        k = int(rank)
        t = np.sort(draws)
        expected.append(t[k - 1] + (rank - k) * (t[k] - t[k - 1]))
    found = limits("bca", draws[:, None], np.array([x.mean() ** 2]), acceleration=a)
    np.testing.assert_allclose(found[:, 0], expected)


def test_bca_without_bias_and_acceleration_collapses_to_percentile() -> None:
    draws = np.random.default_rng(2).standard_normal((1000, 3))
    estimate = np.median(draws, axis=0)
    np.testing.assert_allclose(
        limits("bca", draws, estimate), limits("percentile", draws, estimate), atol=1e-12
    )


def test_missing_draws_are_left_out() -> None:
    draws = np.random.default_rng(2).standard_normal((50, 2))
    holes = np.vstack([draws, np.full((3, 2), np.nan)])
    np.testing.assert_array_equal(
        limits("percentile", holes, np.zeros(2)), limits("percentile", draws, np.zeros(2))
    )


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="percentile, bca, basic, normal"):
        limits("student", np.zeros((3, 1)), np.zeros(1))  # type: ignore[arg-type]
