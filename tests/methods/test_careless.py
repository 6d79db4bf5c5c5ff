"""Careless responding by the papers' definitions, one respondent at a time, and on known truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.methods import careless as c

Array = np.ndarray

GOLDEN = json.loads((Path(__file__).parent / "golden" / "screening.json").read_text("utf-8"))
BLOCKS = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def wanted(name: str) -> Array:
    return np.array([np.nan if v is None else v for v in GOLDEN["careless"][name]], float)


@pytest.fixture(name="answers")
def fixture_answers(holzinger: pd.DataFrame) -> tuple[Array, Array]:
    """Answers as presented (x2, x5, x8 reversed) and scored, as in make_screening.R."""
    scored = holzinger[[f"x{i}" for i in range(1, 10)]].to_numpy(float).round().clip(1, 6)
    presented = scored.copy()
    presented[:, [1, 4, 7]] = 7 - presented[:, [1, 4, 7]]
    return presented, scored


def same(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def test_indices_equal_the_papers_definitions_in_r(answers: tuple[Array, Array]) -> None:
    presented, scored = answers
    same(c.longstring(presented), wanted("longstring"))
    same(c.irv(presented), wanted("irv"))
    same(c.even_odd(scored, BLOCKS), wanted("even_odd"))
    alike, opposite = c.item_pairs(presented, 0.30)
    assert [len(alike), len(opposite)] == GOLDEN["careless"]["pairs"]
    for pairs, name in ((alike, "synonyms"), (opposite, "antonyms")):
        same(c.pair_correlation(presented, pairs), wanted(name))


def test_mahalanobis_equals_psych(answers: tuple[Array, Array]) -> None:
    d2, df = c.mahalanobis(answers[1])
    same(d2, wanted("mahalanobis"))
    assert set(df.tolist()) == {9}


def test_indices_with_gaps_brute_force(answers: tuple[Array, Array]) -> None:
    X = answers[0].copy()
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    pairs = np.array([[1, 0], [2, 0], [4, 3], [5, 3], [7, 6]])
    runs, spread, linked = c.longstring(X), c.irv(X), c.pair_correlation(X, pairs)
    d2, df = c.mahalanobis(X)
    mean, cov = c.pairwise_moments(X)
    frame = pd.DataFrame(X)
    same(cov, frame.cov().to_numpy())
    same(c.pairwise_correlation(X), frame.corr().to_numpy())
    for i, row in enumerate(X):
        given = row[~np.isnan(row)].tolist()
        longest = run = 0
        for k, value in enumerate(given):
            run = run + 1 if k and value == given[k - 1] else 1
            longest = max(longest, run)
        assert runs[i] == longest
        assert spread[i] == pytest.approx(np.std(given, ddof=1) if len(given) > 1 else np.nan,
                                          nan_ok=True)  # fmt: skip
        both = [(row[a], row[b]) for a, b in pairs if not np.isnan(row[[a, b]]).any()]
        a, b = np.array(both).T if both else (np.zeros(0), np.zeros(0))
        if len(both) < 3 or not np.ptp(a) or not np.ptp(b):
            assert np.isnan(linked[i])
        else:
            assert linked[i] == pytest.approx(np.corrcoef(a, b)[0, 1])
        on = ~np.isnan(row)
        gap = row[on] - mean[on]
        assert d2[i] == pytest.approx(gap @ np.linalg.inv(cov[np.ix_(on, on)]) @ gap)
        assert df[i] == on.sum()


def test_flags_by_hand() -> None:
    """A straight-liner in a hurry is flagged, a hurry alone is not enough."""
    rng = np.random.default_rng(8)
    X = rng.integers(1, 8, size=(60, 20)).astype(float)
    X[0] = 4.0
    seconds = np.full(60, 120.0)
    seconds[[0, 1]] = 10.0
    failed = np.zeros(60)
    failed[2] = 1.0
    failed[3] = np.nan
    found = c.careless(X, X, blocks=[range(0, 10), range(10, 20)], seconds=seconds, failed=failed)
    assert "even_odd" not in found.indices and "synonyms" not in found.indices
    assert found.flags["longstring"].tolist() == [True] + [False] * 59
    assert found.flags["seconds"].nonzero()[0].tolist() == [0, 1]
    assert found.flags["attention"].nonzero()[0].tolist() == [2]
    assert found.careless[0] and not found.careless[[1, 2, 3]].any()
    assert found.signs[0] >= 3 and found.n == 60


def test_strict_rules_flag_fewer() -> None:
    rng = np.random.default_rng(8)
    X = rng.integers(1, 8, size=(60, 20)).astype(float)
    seconds = rng.uniform(10, 100, size=60)
    loose, strict = (
        c.careless(X, X, blocks=[], seconds=seconds, rules=c.Rules(least=k)).careless.sum()
        for k in (1, 3)
    )
    assert loose > strict


def test_shapes_must_match() -> None:
    with pytest.raises(ValueError, match="do not match"):
        c.careless(np.ones((3, 2)), np.ones((3, 3)), blocks=[])


def test_constant_items_do_not_break_anything() -> None:
    X = np.random.default_rng(0).integers(1, 6, size=(40, 6)).astype(float)
    X[:, 2] = 3.0
    found = c.careless(X, X, blocks=BLOCKS[:2])
    assert np.isfinite(found.indices["mahalanobis"]).all()


def test_curve_brute_force() -> None:
    rng = np.random.default_rng(9)
    truth = rng.random(80) < 0.3
    score = rng.integers(0, 4, size=80) + truth
    wins = [(a > b) + 0.5 * (a == b) for a in score[truth] for b in score[~truth]]
    assert c.area_under_curve(score, truth) == pytest.approx(np.mean(wins))


def test_attentive_normal_answers_are_rarely_flagged_monte_carlo() -> None:
    rng = np.random.default_rng(10)
    factors = rng.normal(size=(500, 6))
    loadings = np.repeat(np.eye(6), 4, axis=0) * 0.8
    X = (factors @ loadings.T + 0.6 * rng.normal(size=(500, 24))) * 1.3 + 4
    X = X.round().clip(1, 7)
    found = c.careless(X, X, blocks=[range(4 * k, 4 * k + 4) for k in range(6)])
    assert found.careless.mean() < 0.05
    p = found.indices["mahalanobis"]
    assert stats.kstest(p, "uniform").statistic < 0.12


def test_fence_collapses_to_tukeys_for_symmetric_values() -> None:
    x = np.arange(101.0)
    low, high = np.quantile(x, [0.25, 0.75])
    assert c.half_fence(x, 1.5) == pytest.approx(high + 1.5 * (high - low))
    assert c.half_fence(np.full(9, 2.0), 3.0, step=1.0) == 9.0
    assert np.isnan(c.half_fence(np.array([np.nan]), 3.0))


def test_many_straight_liners_do_not_hide_each_other() -> None:
    rng = np.random.default_rng(12)
    X = rng.integers(1, 8, size=(100, 30)).astype(float)
    X[:40] = 5.0
    found = c.careless(X, X, blocks=[])
    assert found.careless[:40].all() and found.careless[40:].mean() < 0.05


def test_only_straight_liners_are_all_flagged() -> None:
    X = np.tile(np.random.default_rng(13).integers(1, 8, size=(50, 1)), 20).astype(float)
    assert c.careless(X, X, blocks=[]).careless.all()
    assert c.careless(np.full((50, 20), 4.0), np.full((50, 20), 4.0), blocks=[]).careless.all()
