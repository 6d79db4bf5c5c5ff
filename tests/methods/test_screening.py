"""Sample screening by hand, by brute force and against psych and lavaan."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.methods import missingness, normality, screening

Array = np.ndarray

GOLDEN = json.loads((Path(__file__).parent / "golden" / "screening.json").read_text("utf-8"))
ITEMS = [f"x{i}" for i in range(1, 10)]
CLOSE = 1e-9


@pytest.fixture(name="X")
def fixture_X(holzinger: pd.DataFrame) -> Array:
    return holzinger[ITEMS].to_numpy(float)


def holes(X: Array) -> Array:
    i, j = np.indices(X.shape) + 1
    return np.where((7 * i + 11 * j) % 13 == 0, np.nan, X)


def test_shape_equals_psych(X: Array) -> None:
    found = normality.item_normality(X, ITEMS)
    assert [f.skew for f in found] == pytest.approx(GOLDEN["shape"]["skew"], rel=CLOSE)
    assert [f.kurtosis for f in found] == pytest.approx(GOLDEN["shape"]["kurtosis"], rel=CLOSE)
    rows = [screening.distribution(x, "x", minimum=0, maximum=10, categories=False) for x in X.T]
    assert [r.mean for r in rows] == pytest.approx(GOLDEN["shape"]["mean"], rel=CLOSE)
    assert [r.sd for r in rows] == pytest.approx(GOLDEN["shape"]["sd"], rel=CLOSE)


def test_mardia_equals_psych(X: Array) -> None:
    found, wanted = normality.mardia(X), GOLDEN["mardia"]
    assert found is not None
    got = [found.b1, found.b2, found.skew_chi2, found.skew_p, found.kurtosis_z, found.kurtosis_p]
    names = ("b1p", "b2p", "skew", "p.skew", "kurtosis", "p.kurt")
    assert got == pytest.approx([wanted[n] for n in names], rel=1e-7)


def test_mardia_of_one_variable_collapses_to_skewness_and_kurtosis() -> None:
    x = np.random.default_rng(3).gamma(2.0, size=(200, 1))
    z = (x - x.mean()) / x.std(ddof=1)
    found = normality.mardia(x)
    assert found is not None
    assert found.b1 == pytest.approx(float((z**3).mean()) ** 2)
    assert found.b2 == pytest.approx(float((z**4).mean()))


def test_mardia_of_copies_is_refused() -> None:
    x = np.random.default_rng(3).normal(size=(50, 1))
    assert normality.mardia(np.hstack([x, x])) is None
    assert normality.mardia(x[:2]) is None


def test_mardia_rejects_as_often_as_it_says_monte_carlo() -> None:
    rng = np.random.default_rng(11)
    found = [normality.mardia(rng.normal(size=(400, 4))) for _ in range(200)]
    assert 0.01 <= np.mean([m is not None and m.skew_p < 0.05 for m in found]) <= 0.10


def test_little_equals_lavaans_em(X: Array) -> None:
    found, wanted = missingness.little_test(holes(X)), GOLDEN["little"]
    assert found is not None and found.converged
    assert (found.df, found.patterns) == (wanted["df"], wanted["patterns"])
    assert found.statistic == pytest.approx(wanted["d2"], rel=1e-5)
    assert found.p == pytest.approx(wanted["p"], abs=1e-5)


def test_little_of_one_gappy_item_collapses_to_regression_scores() -> None:
    """Two patterns: d2 is that of the mean difference, which the complete item alone decides."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(300, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    X[:90, 1] = np.nan
    found = missingness.little_test(X)
    assert found is not None and found.df == 1
    x = X[:, 0]
    gap, share = x[:90].mean() - x[90:].mean(), 0.3
    assert found.statistic == pytest.approx(300 * share * (1 - share) * gap**2 / x.var(), rel=1e-6)


def test_little_sees_what_is_not_at_random() -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(400, 3)) + rng.normal(size=(400, 1))
    X[X[:, 0] > 1.0, 2] = np.nan
    found = missingness.little_test(X)
    assert found is not None and found.p < 1e-6
    assert missingness.little_test(X[:, :2]) is None


def test_missingness_brute_force(X: Array) -> None:
    H = holes(X)
    asked = np.ones(H.shape, dtype=bool)
    asked[:50, 0] = False
    found = missingness.missingness(H, ITEMS, asked=asked)
    gone = [[bool(np.isnan(H[i, j]) and asked[i, j]) for j in range(9)] for i in range(len(H))]
    assert found.missing == sum(map(sum, gone))
    assert found.answers == 301 * 9 - 50
    assert found.complete == sum(not any(row) for row in gone)
    assert sum(p.n for p in found.patterns) == sum(n for _, n in found.persons) == 301
    assert [i.missing for i in found.items] == [sum(r[j] for r in gone) for j in range(9)]
    assert found.items[0].asked == 251
    assert all(a.n >= b.n for a, b in pairwise(found.patterns))


def test_welch_and_holm_equal_r(X: Array) -> None:
    found = screening.early_late(X[:, :1], ["x1"], np.arange(301.0), share=100.5 / 301)
    assert (found[0].n_early, found[0].n_late) == (100, 100)
    got = [found[0].t, found[0].df, found[0].p]
    assert got == pytest.approx([GOLDEN["welch"][k] for k in ("t", "df", "p")], rel=1e-9)
    assert screening.holm([0.03, 0.001, 0.2, 0.02, 0.6]) == pytest.approx(GOLDEN["holm"])
    assert np.isnan(screening.holm([np.nan, 0.5])[0])


def test_early_and_late_are_taken_within_waves() -> None:
    wave = ["1"] * 30 + ["2"] * 30
    scores = np.repeat([[0.0], [9.0]], 30, axis=0) + np.tile(np.arange(30.0), 2)[:, None]
    found = screening.early_late(scores, ["s"], np.arange(60.0), within=wave)[0]
    assert (found.n_early, found.early) == (20, 9.0)
    assert found.late - found.early == pytest.approx(20.0)
    whole = screening.early_late(scores, ["s"], np.arange(60.0))[0]
    assert whole.late - whole.early == pytest.approx(19.0)


def test_funnel_adds_up() -> None:
    found = screening.funnel(100, {"empty": 5, "careless": 10})
    assert [(s.out, s.left) for s in found.steps] == [(5, 95), (10, 85)]
    assert found.kept == 85
    assert screening.funnel(7, {}).kept == 7
    with pytest.raises(ValueError, match="100 received, 101 removed"):
        screening.funnel(100, {"empty": 101})


def test_distribution_by_hand() -> None:
    x = np.array([1, 1, 2, 5, 5, 5, np.nan])
    found = screening.distribution(x, "q", minimum=1, maximum=5)
    assert found.counts == (2, 1, 0, 0, 3)
    assert (found.n, found.missing, found.floor, found.ceiling) == (6, 1, 2 / 6, 0.5)
    assert found.unused == (3.0, 4.0)
    empty = screening.distribution(np.array([np.nan]), "q", minimum=1, maximum=5)
    assert np.isnan(empty.mean) and empty.n == 0


def test_duplicates_keep_the_first() -> None:
    X = np.array([[1, np.nan], [1, np.nan], [1, 2], [1, 2.0], [2, 1]])
    assert screening.duplicates(X).tolist() == [False, True, False, True, False]


def test_an_item_the_wrong_way_round_is_named() -> None:
    rng = np.random.default_rng(2)
    scored = rng.normal(size=(300, 1)) + 0.8 * rng.normal(size=(300, 4))
    scored[:, 2] *= -1
    found = screening.directions(scored, list("abcd"), {"f": list("abcd")}, turned=["c"])
    assert [d.item for d in found if d.suspicious] == ["c"]
    assert [d.reversed for d in found] == [False, False, True, False]
    rest = scored[:, [0, 1, 3]].mean(axis=1)
    assert found[2].r == pytest.approx(np.corrcoef(scored[:, 2], rest)[0, 1])


def test_robust_outliers_are_found_and_not_masked() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 3))
    X[:30] += 8.0
    X[40, 1] = np.nan
    found = screening.robust_outliers(X)
    assert found is not None
    assert found.outlying[:30].all() and found.n == 299
    assert found.outlying[30:].mean() < 0.02
    assert np.isnan(found.d2[40])
    again = screening.robust_outliers(X)
    assert again is not None and np.array_equal(again.d2, found.d2, equal_nan=True)
    assert screening.robust_outliers(np.tile([[1.0, 2.0]], (50, 1))) is None
    assert screening.robust_outliers(X[:10]) is None


def test_weights_by_hand() -> None:
    found = screening.weights(np.array([1.0, 1.0, 2.0, np.nan]))
    assert found.effective == pytest.approx(16 / 6)
    assert found.deff == pytest.approx(3 / (16 / 6))
    assert (found.smallest, found.largest) == pytest.approx((0.75, 1.5))
