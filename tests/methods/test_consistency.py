"""The consistency index: hand values, integrals, special cases, planted differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from analysis.data import load_study
from analysis.methods.consistency import Consistency, consistency, overlap, wider_limits
from analysis.methods.invariance import invariance_ladder
from analysis.sem import Moments, sem

ONE = "f =~ a1 + a2 + a3 + a4"
NAMES = ("a1", "a2", "a3", "a4")


def rows(seed: int, n: int = 400, *, mean: float = 0.0, last: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    factor = mean + rng.standard_normal(n)
    x = factor[:, None] * [0.8, 0.7, 0.9, 0.8] + 0.6 * rng.standard_normal((n, 4))
    x[:, 3] += last
    return x


def made(one: np.ndarray, other: np.ndarray, draws: int = 0, *, loose: bool = False) -> Consistency:
    data = Moments.from_data(
        np.concatenate([one, other]), NAMES, group=["a"] * len(one) + ["b"] * len(other)
    )
    partial = ("a4~1", "f=~a4") if loose else ()
    solution = sem(ONE, data, estimator="ML", std_lv=True, group_equal=("loadings", "intercepts"),
                   group_partial=partial)  # fmt: skip
    return consistency(solution, draws=draws, seed=1)


@pytest.mark.parametrize(
    "case", [(0.0, 1.0, 0.5, 1.0), (0.0, 1.0, 0.5, 2.0), (0.3, 2.0, 0.1, 0.3), (0, 1, 0, 1.0001)]
)
def test_overlap_equals_the_integral_brute_force(case: tuple[float, ...]) -> None:
    m1, v1, m2, v2 = case

    def least(x: float) -> float:
        return min(norm.pdf(x, m1, np.sqrt(v1)), norm.pdf(x, m2, np.sqrt(v2)))

    expected = quad(least, -15, 15, limit=500)[0]
    assert overlap(*case) == pytest.approx(expected, abs=1e-6)
    assert overlap(m2, v2, m1, v1) == pytest.approx(overlap(*case), abs=1e-12)


def test_cohens_steps_by_hand() -> None:
    shares = [100.0 * float(overlap(0.0, 1.0, d, 1.0)) for d in (0.0, 0.2, 0.5, 0.8)]
    assert shares == pytest.approx([100.0, 92.03, 80.26, 68.92], abs=0.01)


def test_equal_groups_collapse_to_one_hundred() -> None:
    x = rows(1)
    pair = made(x, x).pairs[0]
    assert pair.index == pytest.approx(100.0, abs=1e-4)
    assert pair.constructs[0].worst == ""


def test_a_latent_difference_lowers_what_is_felt_alone() -> None:
    pair = made(rows(1, 4000), rows(2, 4000, mean=0.5)).pairs[0]
    assert pair.measured == pytest.approx(1.0, abs=1e-6)
    assert pair.felt == pytest.approx(0.803, abs=0.03)


def test_a_shifted_item_lowers_what_is_measured_alone() -> None:
    pair = made(rows(1, 4000), rows(2, 4000, last=0.5), loose=True).pairs[0]
    assert pair.constructs[0].worst == "a4"
    shift = float(overlap(0.0, 1.0, 0.5, 1.0))
    assert pair.measured == pytest.approx((3.0 + shift) / 4.0, abs=0.02)
    assert pair.felt > 0.97


def test_order_of_groups_does_not_matter() -> None:
    one, other = rows(1), rows(2, mean=0.4, last=0.3)
    a, b = made(one, other, loose=True).pairs[0], made(other, one, loose=True).pairs[0]
    assert a.index == pytest.approx(b.index, abs=1e-4)


def test_interval_holds_the_estimate_and_ends_at_one_hundred() -> None:
    found = made(rows(1), rows(2, mean=0.3), draws=200)
    pair = found.pairs[0]
    assert found.draws == 200
    assert pair.ci_lower < pair.index < pair.ci_upper <= 100.0
    assert made(rows(1), rows(2, mean=0.3), draws=200) == found


def test_wider_limits_by_hand() -> None:
    index = np.concatenate([[98.0], np.full(99, 95.0)])
    assert wider_limits(index, 0.95) == (95.0, 100.0)


def test_planted_items_lower_the_pairs_with_the_app() -> None:
    study = load_study("omnichannel")
    names = "img1 img2 img3 img4 tan1 rel1 res1 ass1 emp1 sat1 sat2 sat3 sat4 cog1 aff1 con1 act1"
    frame, columns = study.data.frame, names.split()
    order = frame["channel"].map({"store": 0, "web": 1, "app": 2}).argsort(kind="stable")
    data = Moments.from_data(
        study.data.items(columns)[order.to_numpy()], columns,
        group=[str(v) for v in frame["channel"].iloc[order]],
    ).complete()  # fmt: skip
    ladder = invariance_ladder(study.models["core"].text, data, estimator="ML", partial="apply",
                               steps=("configural", "metric", "scalar"))  # fmt: skip
    assert ladder.scalar is not None
    pairs = {(p.first, p.second): p for p in consistency(ladder.scalar.solution, draws=0).pairs}
    app = pairs["store", "app"]
    assert pairs["store", "web"].measured > max(app.measured, pairs["web", "app"].measured)
    worst = {c.factor: c.worst for c in app.constructs}
    assert worst["image"] == "img2"
    assert worst["satisfaction"] == "sat3"
