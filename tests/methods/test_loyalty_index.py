"""The loyalty index: hand-worked figures, brute force over resamples, cases that must collapse."""

from __future__ import annotations

from math import comb, log, sqrt

import numpy as np
import pytest

from analysis.errors import ModelError
from analysis.methods import loyalty_index as li
from analysis.methods.loyalty_index import Indicator, Indicators


def data(X: np.ndarray, person: np.ndarray | None = None) -> Indicators:
    columns = tuple(Indicator(f"i{j}", "attitudinal") for j in range(X.shape[1]))
    who = np.arange(len(X)) if person is None else person
    return Indicators(columns, X, who, np.ones(len(X)))


def answers(n: int = 200, k: int = 4, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    common = random.normal(size=(n, 1))
    return np.clip(55 + 12 * (common + 0.8 * random.normal(size=(n, k))), 0, 100)


def test_acsi_formula_by_hand() -> None:
    """(0.5 (7 - 1) + 0.3 (9 - 1) + 0.2 (10 - 1)) / 9 x 100 on scales from 1 to 10."""
    score = li.construct_score(
        np.array([[7.0, 9.0, 10.0], [1.0, 1.0, 1.0], [10.0, 10.0, 10.0]]),
        [1, 1, 1], [10, 10, 10], [0.5, 0.3, 0.2],
    )  # fmt: skip
    np.testing.assert_allclose(score, [100 * (3.0 + 2.4 + 1.8) / 9, 0.0, 100.0])


def test_a_missing_item_gives_its_weight_to_the_others_and_most_missing_gives_none() -> None:
    nan = np.nan
    X = np.array([[4.0, nan, 7.0, 1.0], [4.0, nan, nan, nan]])
    score = li.construct_score(X, [1] * 4, [7] * 4, [0.4, 0.2, 0.2, 0.2])
    assert score[0] == pytest.approx(100 * (0.4 * 3 + 0.2 * 6) / (0.8 * 6))
    assert np.isnan(score[1])


def test_entropy_weights_by_hand() -> None:
    """Shares .4, .6 and .25, .75, twenty copies each: entropy (ln 20 + H) / ln 40."""
    X = np.repeat(np.array([[4.0, 2.0], [6.0, 6.0]]), 20, axis=0)
    H = [-sum(p * log(p) for p in shares) for shares in ((0.4, 0.6), (0.25, 0.75))]
    spread = [1.0 - (log(20) + h) / log(40) for h in H]
    found = li.index_weights(data(X), "entropy")
    np.testing.assert_allclose(found.weights, np.array(spread) / sum(spread), atol=1e-12)


def test_critic_weights_brute_force() -> None:
    X = answers()
    sd, R = X.std(axis=0), np.corrcoef(X.T)
    raw = [sd[j] * sum(1 - R[j, k] for k in range(4)) for j in range(4)]
    np.testing.assert_allclose(li.index_weights(data(X), "critic").weights, raw / np.sum(raw))


def test_component_weights_brute_force() -> None:
    X = answers()
    axis = np.linalg.svd((X - X.mean(0)) / X.std(0), full_matrices=False)[2][0]
    raw = np.abs(axis) / X.std(0)
    np.testing.assert_allclose(li.index_weights(data(X), "pca").weights, raw / raw.sum())


@pytest.mark.parametrize("method", ["entropy", "critic", "pca"])
def test_limits_of_weights_brute_force(method: li.Method) -> None:
    X = answers(n=60)
    whole = data(X)
    counts = li.resampled(whole, 40, seed=3)
    found = li.index_weights(whole, method, counts=counts)
    drawn = [
        li.index_weights(data(np.repeat(X, c.astype(int), axis=0)), method).weights for c in counts
    ]
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    np.testing.assert_allclose(found.low, low, atol=1e-10)
    np.testing.assert_allclose(found.high, high, atol=1e-10)


def test_model_weights_follow_loadings_and_residuals() -> None:
    """With equal reliabilities the better measured indicator weighs more."""
    random = np.random.default_rng(2)
    common = random.normal(size=4000)
    noise = np.array([0.5, 0.5, 1.0, 1.0])
    X = 50 + 5 * (common[:, None] + noise * random.normal(size=(4000, 4)))
    found = li.index_weights(data(X), "model")
    expected = noise**-2 / (noise**-2).sum()
    np.testing.assert_allclose(found.weights, expected, atol=0.03)
    assert ((found.low < expected) & (expected < found.high)).all()


def test_an_indicator_against_the_others_gets_no_weight_and_is_named() -> None:
    X = answers(k=5)
    X[:, 2] = 100 - X[:, 2]
    for method in ("model", "pca"):
        found = li.index_weights(data(X), method)  # type: ignore[arg-type]
        assert found.weights[2] == 0.0
        assert found.weights.sum() == pytest.approx(1.0)
        assert "i2" in found.findings[-1].text()


def test_expert_weights_published_example() -> None:
    """Three criteria with comparisons 3, 5, 3: lambda 3.0385, ratio .033 (Saaty's tables)."""
    A = np.array([[[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]])
    found = li.expert_weights(A)
    np.testing.assert_allclose(found.weights, [0.637, 0.258, 0.105], atol=5e-4)
    assert found.eigenvalue == pytest.approx(3.0385, abs=1e-4)
    assert found.consistency == pytest.approx(0.0193 / 0.58, abs=5e-4)


def test_consistent_experts_collapse_to_their_ratios() -> None:
    w = np.array([0.5, 0.3, 0.15, 0.05])
    found = li.expert_weights(np.array([w[:, None] / w[None, :]] * 2))
    np.testing.assert_allclose(found.weights, w, atol=1e-12)
    assert abs(found.consistency) < 1e-12


def test_unknown_method_lists_the_good_ones() -> None:
    with pytest.raises(ModelError, match="critic"):
        li.index_weights(data(answers()), "magic")  # type: ignore[arg-type]


def test_levels_are_sums_of_means_and_intervals_brute_force() -> None:
    X = answers(n=120)
    X[::7, 1] = np.nan
    person = np.repeat(np.arange(60), 2)
    group = ["a", "b", "a", None] * 30
    w = np.array([0.4, 0.3, 0.2, 0.1])
    counts = li.resampled(data(X, person), 50, seed=5)
    assert (counts[:, 0::2] == counts[:, 1::2]).all()
    found = li.levels(data(X, person), w, {"g": group}, counts=counts, least=30)
    assert [c.labels for c in found.cells] == [("a",), ("b",)]
    part = np.array([g == "a" for g in group])
    assert found.cells[0].index == pytest.approx(np.nanmean(X[part], axis=0) @ w)
    drawn = [
        np.nanmean(np.repeat(X[part], c[part].astype(int), axis=0), axis=0) @ w for c in counts
    ]
    low, high = np.percentile(drawn, (2.5, 97.5))
    assert (found.cells[0].low, found.cells[0].high) == pytest.approx((low, high), abs=1e-9)


def test_small_groups_are_held_back() -> None:
    X = answers(n=100)
    group = ["large"] * 75 + ["small"] * 25
    counts = li.resampled(data(X), 10, seed=1)
    found = li.levels(data(X), np.full(4, 0.25), {"g": group}, counts=counts, least=30)
    assert found.held == 1
    assert np.isnan(found.cells[1].index) and np.isnan(found.cells[1].means).all()
    assert li.ranks(found, {"equal": np.full(4, 0.25)}).labels == (("large",),)


def test_draws_do_not_depend_on_how_many_there_are() -> None:
    whole = data(answers(n=50))
    few, many = (li.resampled(whole, n, seed=9) for n in (30, 600))
    np.testing.assert_array_equal(few, many[:30])


def test_kendalls_concordance_by_hand() -> None:
    """Two rankings of four groups, 1234 and 1243: W = 12 x 18 / (4 x 60)."""
    means = np.array([[4.0, 40.0], [3.0, 30.0], [2.0, 1.0], [1.0, 2.0]])
    cells = tuple(li.Cell((f"g{i}",), 50, 0.0, 0.0, 0.0, m) for i, m in enumerate(means))
    levels = li.Levels(("g",), cells, np.tile(means[:, 0], (8, 1)))
    found = li.ranks(levels, {"x": np.array([1.0, 0.0]), "y": np.array([0.0, 1.0])})
    sums = np.array([2, 4, 7, 7])
    W = 12 * ((sums - 5.0) ** 2).sum() / (4 * (64 - 4))
    assert found.concordance == pytest.approx(W)
    np.testing.assert_array_equal(found.ranks, [[1, 2, 3, 4], [1, 2, 4, 3]])
    np.testing.assert_array_equal(found.first, [1.0, 0.0, 0.0, 0.0])


def test_chain_linked_index_collapses_to_the_fixed_one_under_constant_weights() -> None:
    X = answers(n=300)
    X[150:] += 4.0
    wave = ["1"] * 150 + ["2"] * 150
    counts = li.resampled(data(X), 20, seed=1)
    w = np.full(4, 0.25)
    found = li.levels(data(X), w, {"wave": wave}, counts=counts, least=30)
    trend = li.trend(data(X), found, wave, method="equal", weights=w)
    np.testing.assert_allclose(trend.chained, trend.fixed, atol=1e-10)
    np.testing.assert_allclose(trend.renewed, trend.fixed, atol=1e-10)
    assert trend.change[0, 0] == pytest.approx(trend.fixed[1] - trend.fixed[0])


def test_a_change_of_weights_alone_moves_the_renewed_index_but_not_the_chained() -> None:
    """Both waves hold the same means; only the spread of the first indicator grows."""
    first = answers(n=400, seed=4)
    second = first.copy()
    second[:, 0] = second[:, 0].mean() + 1.8 * (second[:, 0] - second[:, 0].mean())
    first[:, 0] += 25
    second[:, 0] += 25
    X = np.concatenate([first, second])
    wave = ["1"] * 400 + ["2"] * 400
    w = li.index_weights(data(first), "critic").weights
    counts = li.resampled(data(X), 20, seed=1)
    found = li.levels(data(X), w, {"wave": wave}, counts=counts, least=30)
    trend = li.trend(data(X), found, wave, method="critic", weights=w)
    assert abs(trend.renewed[1] - trend.renewed[0]) > 1.0
    np.testing.assert_allclose(trend.chained[1], trend.chained[0], atol=1e-9)


def nps_answers(promoters: int, passives: int, detractors: int) -> np.ndarray:
    return np.repeat([10.0, 8.0, 3.0], [promoters, passives, detractors])


def test_net_promoter_margin_by_hand() -> None:
    """p .5, d .2, n 400: 30 with a margin of 1.96 x 100 sqrt(.61 / 400) = 7.65."""
    found = li.net_promoter(nps_answers(200, 120, 80))
    assert found.score == pytest.approx(30.0)
    assert 1.96 * found.se == pytest.approx(7.65, abs=5e-3)
    assert (found.low, found.high) == pytest.approx((22.35, 37.65), abs=5e-3)
    assert not found.adjusted


def test_net_promoter_boundaries_of_the_scale() -> None:
    found = li.net_promoter(np.array([6.0, 7.0, 8.0, 9.0, 0.0, np.nan]))
    assert (found.n, found.promoters, found.detractors) == (5, 0.2, 0.4)


def test_weights_shrink_the_effective_number() -> None:
    x = nps_answers(200, 120, 80)
    plain, weighted = li.net_promoter(x), li.net_promoter(x, weight=np.tile([0.5, 1.5], 200))
    assert weighted.n_eff == pytest.approx(400**2 / (200 * 0.25 + 200 * 2.25))
    assert weighted.se > plain.se
    doubled = li.net_promoter(x, weight=np.full(400, 2.0))
    assert doubled.se == pytest.approx(plain.se)


def test_adjusted_limits_cover_by_exact_enumeration() -> None:
    """Twenty answers, p .5, d .1: the plain interval covers too rarely, the adjusted one enough."""
    n, p, d, truth = 20, 0.5, 0.1, 40.0
    plain = adjusted = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            chance = comb(n, a) * comb(n - a, b) * p**a * d**b * (1 - p - d) ** (n - a - b)
            found = li.net_promoter(nps_answers(a, n - a - b, b))
            assert found.adjusted
            adjusted += chance * (found.low <= truth <= found.high)
            half = 1.96 * 100 * sqrt((a + b) / n - ((a - b) / n) ** 2) / sqrt(n)
            plain += chance * (abs(100 * (a - b) / n - truth) <= half)
    assert 0.94 <= adjusted <= 0.98
    assert plain < adjusted


def test_differences_of_separate_people_collapse_to_the_root_of_summed_squares() -> None:
    x = np.concatenate([nps_answers(200, 120, 80), nps_answers(90, 60, 50)])
    group = ["a"] * 400 + ["b"] * 200
    (found,) = li.net_promoter_differences(x, group, np.arange(600), order=["a", "b"])
    one, two = li.net_promoter(x[:400]), li.net_promoter(x[400:])
    assert found.difference == pytest.approx(two.score - one.score)
    assert found.se == pytest.approx(sqrt(one.se**2 + two.se**2))


def test_the_same_people_with_the_same_answers_do_not_differ() -> None:
    x = np.tile(nps_answers(50, 30, 20), 2)
    (found,) = li.net_promoter_differences(
        x, ["1"] * 100 + ["2"] * 100, np.tile(np.arange(100), 2), order=["1", "2"]
    )
    assert (found.difference, found.se) == (0.0, 0.0)


def test_groups_below_the_minimum_have_no_score() -> None:
    found = li.net_promoter(nps_answers(5, 5, 5), least=30)
    assert found.held and np.isnan(found.score)


def test_loyalty_matrix_by_hand() -> None:
    attitude = np.array([80, 80, 20, 20, 90, np.nan])
    behaviour = np.array([80, 20, 80, 20, 90, 50.0])
    found = li.loyalty_matrix(attitude, behaviour, attitude_cut=50, behaviour_cut=50)
    np.testing.assert_array_equal(found.kind, [0, 1, 2, 3, 0, -1])
    assert found.n == 5
    assert found.shares == (0.4, 0.2, 0.2, 0.2)
    # Wilson's limits of 2 in 5.
    assert (found.low[0], found.high[0]) == pytest.approx((0.1176, 0.7693), abs=1e-4)
