"""SERVQUAL gap scores against paired tests by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, ttest_rel

from analysis.methods.servqual_gap import Pair, difference_reliability, gap_scores

PAIRS = (
    Pair("tangibles", "t1", "t1e"),
    Pair("tangibles", "t2", "t2e"),
    Pair("empathy", "e1", "e1e"),
)


def answers(n: int = 60, seed: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = ("t1", "t2", "e1")
    rows = {}
    for name in names:
        rows[f"{name}e"] = rng.integers(4, 8, n).astype(float)
        rows[name] = np.clip(rows[f"{name}e"] - rng.integers(0, 3, n), 1, 7).astype(float)
    return rows


def test_gaps_equal_paired_t_tests() -> None:
    rows = answers()
    found = gap_scores(rows, PAIRS)
    perceived, expected = rows["t1"] + rows["t2"], rows["t1e"] + rows["t2e"]
    t = ttest_rel(perceived / 2, expected / 2)
    (tangibles, empathy) = found.constructs
    assert tangibles.gap == pytest.approx((perceived - expected).mean() / 2)
    assert (tangibles.t, tangibles.p) == pytest.approx((t.statistic, t.pvalue))
    low, high = t.confidence_interval()
    assert (tangibles.ci_lower, tangibles.ci_upper) == pytest.approx((low, high))
    assert tangibles.correlation == pytest.approx(pearsonr(perceived, expected).statistic)
    d = (perceived - expected) / 2
    assert tangibles.size == pytest.approx(d.mean() / d.std(ddof=1))
    assert empathy.gap == pytest.approx((rows["e1"] - rows["e1e"]).mean())
    assert found.overall.gap == pytest.approx((tangibles.gap + empathy.gap) / 2)


def test_only_pairs_with_both_answers_count() -> None:
    rows = answers()
    rows["t1"][:10] = np.nan
    rows["t1e"][5:20] = np.nan
    found = gap_scores(rows, PAIRS)
    assert found.items[0].n == 40
    assert found.constructs[0].n == 60
    one = rows["t2"][0] - rows["t2e"][0]
    both = [(rows["t1"][i] - rows["t1e"][i] + rows["t2"][i] - rows["t2e"][i]) / 2
            for i in range(20, 60)]  # fmt: skip
    alone = [rows["t2"][i] - rows["t2e"][i] for i in range(20)]
    assert alone[0] == one
    assert found.constructs[0].gap == pytest.approx(np.mean([*alone, *both]))


def test_weights_collapse_to_repeated_rows() -> None:
    rows = answers(30)
    weights = np.array([1.0, 2.0] * 15)
    repeated = {k: np.repeat(v, weights.astype(int)) for k, v in rows.items()}
    a = gap_scores(rows, PAIRS, weights=weights).constructs[0]
    b = gap_scores(repeated, PAIRS).constructs[0]
    assert (a.gap, a.perception, a.expectation) == pytest.approx(
        (b.gap, b.perception, b.expectation)
    )
    equal = gap_scores(rows, PAIRS, weights=np.full(30, 3.0))
    assert equal.constructs[0].se == pytest.approx(gap_scores(rows, PAIRS).constructs[0].se)


def test_reliability_of_a_difference_equals_alpha_of_item_gaps_by_brute_force() -> None:
    """For parallel sides the formula gives alpha of the item differences."""
    rng = np.random.default_rng(8)
    n = 200_000
    true = rng.standard_normal((2, n)) * 0.8
    true[1] = 0.6 * true[0] + 0.8 * true[1]
    block = true[None] + 0.5 * rng.standard_normal((3, 2, n))
    d = block[:, 0] - block[:, 1]
    C = np.cov(d)
    alpha = 3 / 2 * (1 - np.trace(C) / C.sum())
    assert difference_reliability(block) == pytest.approx(alpha, abs=0.01)


def test_too_few_answers_give_no_numbers() -> None:
    rows = {k: v[:2] for k, v in answers().items()}
    found = gap_scores(rows, PAIRS)
    assert found.overall.n == 2
    assert np.isnan(found.overall.gap)
    assert np.isnan(gap_scores(answers(), PAIRS).items[0].reliability)
