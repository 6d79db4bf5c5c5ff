"""Blocks, importance, elasticities and what if: by hand, by brute force, and known truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from analysis.data import Survey, load_study
from analysis.methods.drivers import (
    Draws,
    Indexed,
    Unit,
    WhatIf,
    draws_of,
    driver_blocks,
    drivers_of,
    elasticities,
    importance_map,
    indexed,
    percentile_limits,
    points,
    what_if,
    with_means,
    without_paths,
)
from analysis.rng import generator
from analysis.sem import Moments, Solution, sem
from analysis.syntax import parse_model

MODEL = """
quality =~ q1 + q2 + q3
image =~ i1 + i2 + i3
price =~ p1 + p2 + p3
satisfaction =~ s1 + s2 + s3
loyalty =~ l1 + l2 + l3
image ~ quality
satisfaction ~ sq*quality + image + price
loyalty ~ satisfaction + image
total := sq
"""
ITEMS = [f"{f}{k}" for f in "qipsl" for k in (1, 2, 3)]
OUTCOMES = ("satisfaction", "loyalty")
UNITS = {name: Unit.of_range(1.0, 7.0) for name in ITEMS}


def answers(n: int = 600, *, seed: int = 5) -> np.ndarray:
    rng = generator(seed, "drivers")
    quality, price = rng.multivariate_normal((0, 0), [[1, 0.4], [0.4, 1]], n).T
    image = 0.6 * quality + 0.8 * rng.standard_normal(n)
    satisfaction = 0.4 * quality + 0.3 * image + 0.2 * price + 0.6 * rng.standard_normal(n)
    loyalty = 0.6 * satisfaction + 0.2 * image + 0.6 * rng.standard_normal(n)
    factors = (quality, image, price, satisfaction, loyalty)
    columns = [
        4.2 + 0.1 * k + (0.9 - 0.1 * k) * f + (0.4 + 0.1 * k) * rng.standard_normal(n)
        for f in factors for k in range(3)
    ]  # fmt: skip
    return np.column_stack(columns)


@pytest.fixture(scope="module")
def data() -> Moments:
    return Moments.from_data(answers(), ITEMS)


@pytest.fixture(scope="module")
def solution(data: Moments) -> Solution:
    return sem(MODEL, data, estimator="MLR", meanstructure=True)


@pytest.fixture(scope="module")
def draws(solution: Solution) -> Draws:
    return draws_of(solution, draws=200, seed=3)


@pytest.fixture(scope="module")
def index(solution: Solution, draws: Draws) -> Indexed:
    return indexed(solution, UNITS, draws)


@pytest.fixture(scope="module")
def found(solution: Solution, data: Moments, draws: Draws):  # type: ignore[no-untyped-def]
    return driver_blocks(
        solution, OUTCOMES, draws, refit=lambda m: sem(m, data), syntax=parse_model(MODEL)
    )


def latent_r2(solution: Solution, outcome: str, predictors: list[str]) -> float:
    C, names = solution.latent_covariance[0], solution.latent
    y, x = names.index(outcome), [names.index(p) for p in predictors]
    if not x:
        return 0.0
    return float(C[y, x] @ np.linalg.solve(C[np.ix_(x, x)], C[x, y]) / C[y, y])


def test_r2_of_an_equation_collapses_to_that_of_the_model(found, solution: Solution) -> None:  # type: ignore[no-untyped-def]
    for outcome in found:
        assert outcome.r2.value == pytest.approx(solution.r2[outcome.name], abs=1e-10)
        assert outcome.r2.low < outcome.r2.value < outcome.r2.high


def test_f2_is_the_share_lost_by_hand(found, solution: Solution) -> None:  # type: ignore[no-untyped-def]
    block = next(b for b in found[0].blocks if b.name == "image")
    full = latent_r2(solution, "satisfaction", ["quality", "image", "price"])
    less = latent_r2(solution, "satisfaction", ["quality", "price"])
    assert block.f2.value == pytest.approx((full - less) / (1 - full))


def test_dominance_equals_brute_force_over_all_orders(found, solution: Solution) -> None:  # type: ignore[no-untyped-def]
    names = ["quality", "image", "price"]
    gains = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for k, name in enumerate(order):
            after = latent_r2(solution, "loyalty", list(order[: k + 1]))
            gains[name] += (after - latent_r2(solution, "loyalty", list(order[:k]))) / len(orders)
    whole = latent_r2(solution, "loyalty", names)
    loyalty = found[1]
    assert loyalty.r2_drivers.value == pytest.approx(whole)
    for block in loyalty.blocks:
        assert block.dominance.value == pytest.approx(gains[block.name] / whole)
    assert sum(b.dominance.value for b in loyalty.blocks) == pytest.approx(1.0)
    assert [b.rank for b in loyalty.blocks] == [1, 2, 3]


def test_change_of_r2_is_that_of_a_refit(found, solution: Solution, data: Moments) -> None:  # type: ignore[no-untyped-def]
    smaller = sem(MODEL.replace("+ price", "+ 0*price"), data)
    block = next(b for b in found[0].blocks if b.name == "price")
    expected = solution.r2["satisfaction"] - smaller.r2["satisfaction"]
    assert block.r2_change == pytest.approx(expected, abs=1e-7)
    assert block.df == 1 and block.p < 0.05


def test_wald_test_of_one_path_collapses_to_its_z(found, solution: Solution) -> None:  # type: ignore[no-untyped-def]
    block = next(b for b in found[1].blocks if b.name == "image")
    assert block.stat == pytest.approx(solution.estimate("loyalty", "~", "image").z ** 2)
    absent = next(b for b in found[1].blocks if b.name == "price")
    assert absent.df == 0 and np.isnan(absent.stat) and np.isnan(absent.f2.value)


def test_paths_are_dropped_and_definitions_left_out() -> None:
    smaller = without_paths(parse_model(MODEL), "image", ["loyalty"])
    assert "loyalty ~ satisfaction + 0*image" in str(smaller)
    assert "satisfaction ~ sq*quality + image + price" in str(smaller)
    assert ":=" not in str(smaller)


def test_drivers_are_everything_upstream(solution: Solution) -> None:
    assert drivers_of(solution, "loyalty") == ("quality", "image", "price", "satisfaction")
    assert drivers_of(solution, "image") == ("quality",)


def test_performance_is_the_weighted_mean_of_rescaled_answers(
    index: Indexed, solution: Solution
) -> None:
    rescaled = (answers() - 1.0) / 6.0 * 100.0
    weights = index.point.weights["image"][0]
    loading = [solution.estimate("image", "=~", f"i{k}").est for k in (1, 2, 3)]
    unique = [solution.estimate(f"i{k}", "~~", f"i{k}").est for k in (1, 2, 3)]
    expected = np.array(loading) / np.array(unique)
    assert weights == pytest.approx(expected / expected.sum())
    assert index.point.performance("image")[0] == pytest.approx(
        float(rescaled[:, 3:6].mean(axis=0) @ weights)
    )


def test_total_effect_in_points_is_that_of_a_solution_scaled_by_hand(
    solution: Solution, index: Indexed
) -> None:
    """A construct one point higher raises its score by one point."""
    unit = {}
    for name, letter in (("quality", "q"), ("loyalty", "l")):
        weights = index.point.weights[name][0]
        loading = [solution.estimate(name, "=~", f"{letter}{k}").est for k in (1, 2, 3)]
        unit[name] = float(weights @ np.array(loading)) * 100.0 / 6.0
    e = {(r.lhs, r.rhs): r.est for r in solution.estimates if r.op == "~"}
    sq = e["satisfaction", "quality"] + e["satisfaction", "image"] * e["image", "quality"]
    raw = sq * e["loyalty", "satisfaction"] + e["loyalty", "image"] * e["image", "quality"]
    assert index.point.effect("quality", "loyalty")[0] == pytest.approx(
        raw * unit["loyalty"] / unit["quality"]
    )


def test_points_do_not_depend_on_scaling_or_the_scale_of_items(
    data: Moments, index: Indexed
) -> None:
    std = sem(MODEL, data, estimator="MLR", meanstructure=True, std_lv=True)
    wide = Moments.from_data(answers() * 10.0, ITEMS)
    stretched = sem(MODEL, wide, estimator="MLR", meanstructure=True)
    units = {name: Unit.of_range(10.0, 70.0) for name in ITEMS}
    for other, own in ((std, UNITS), (stretched, units)):
        theta = other.fit.theta[None]
        again = points(other, own, theta)
        assert again.total == pytest.approx(index.point.total, abs=1e-5)
        assert again.level == pytest.approx(index.point.level, abs=1e-3)


def test_items_share_the_importance_of_their_construct(index: Indexed) -> None:
    found = importance_map(index, "loyalty")
    items = [d.importance.value for d in found.of("item") if d.parent == "price"]
    whole = next(d for d in found.of("construct") if d.name == "price")
    assert sum(items) == pytest.approx(whole.importance.value)
    assert whole.gain.value == pytest.approx(
        whole.importance.value * (100.0 - whole.performance.value)
    )
    order = [d.gain.value for d in found.of("construct")]
    assert order == sorted(order, reverse=True)
    assert all(d.rank.low <= d.rank.value <= d.rank.high for d in found.of("construct"))


def test_elasticity_is_the_effect_at_the_means(index: Indexed) -> None:
    e = next(e for e in elasticities(index, ["loyalty"]) if e.driver == "quality")
    expected = (
        10.0 * index.point.effect("quality", "loyalty")[0]
        * index.point.performance("quality")[0] / index.point.performance("loyalty")[0]
    )  # fmt: skip
    assert e.percent.value == pytest.approx(float(expected))
    assert e.percent.low < e.percent.value < e.percent.high


@pytest.fixture(scope="module")
def levers(index: Indexed) -> WhatIf:
    return what_if(index, {"satisfaction": "index", "loyalty": "index"}, focal=OUTCOMES)


def test_a_change_equals_the_model_with_a_shifted_intercept(
    levers: WhatIf, solution: Solution, index: Indexed
) -> None:
    """Brute force: raise quality's mean, and read the implied means of all items."""
    group = solution.fit.model.groups[0]
    A, _, m = group.matrices(solution.fit.theta)
    at = {name: i for i, name in enumerate(group.variables)}
    weights, items = index.point.weights, {"quality": "q", "loyalty": "l"}

    def score(means: np.ndarray, name: str) -> float:
        x = [means[at[f"{items[name]}{k}"]] for k in (1, 2, 3)]
        return float(weights[name][0] @ (np.array(x) - 1.0)) / 6.0 * 100.0

    inverse = np.linalg.inv(np.eye(len(A)) - A)
    before, moved = inverse @ m, m.copy()
    moved[at["quality"]] += 0.3
    after = inverse @ moved
    points_up = score(after, "quality") - score(before, "quality")
    change = levers.change("loyalty", {"quality": points_up})
    assert change.est == pytest.approx(score(after, "loyalty") - score(before, "loyalty"))
    assert change.low < change.est < change.high


def test_changes_add_up_and_their_variance_has_covariances(levers: WhatIf, index: Indexed) -> None:
    both = levers.change("loyalty", {"quality": 5.0, "image": -3.0})
    one, other = (levers.change("loyalty", {k: v}) for k, v in (("quality", 5), ("image", -3)))
    assert both.est == pytest.approx(one.est + other.est)
    drawn = 5 * index.drawn.effect("quality", "loyalty") - 3 * index.drawn.effect(
        "image", "loyalty"
    )
    assert (both.high - both.low) / (2 * levers.quantile) == pytest.approx(drawn.std(ddof=1))
    assert [v.name for v in levers.levers] == ["quality", "image", "price"]
    assert all(v.level + v.lowest >= 0 and v.level + v.highest <= 100 for v in levers.levers)


def test_draws_do_not_depend_on_anything_but_their_seed(solution: Solution) -> None:
    one, two = (draws_of(solution, draws=20, seed=9) for _ in range(2))
    assert np.array_equal(one.theta, two.theta) and one.kind == "bootstrap"
    normal = draws_of(solution, draws=0, seed=9)
    assert normal.kind == "normal"
    se = np.sqrt(np.diag(solution.inference.vcov))  # type: ignore[arg-type]
    assert normal.theta.std(axis=0, ddof=1) == pytest.approx(se, rel=0.1)


def test_published_moments_give_parametric_draws_with_means(data: Moments) -> None:
    group = data.groups[0]
    published = Moments.from_published(
        names=data.names, n=group.n, covariances=group.cov, means=group.mean, rescale=False
    )
    solution = sem(MODEL, published)
    draws = with_means(draws_of(solution, draws=100, seed=1), solution, seed=1)
    assert draws.kind == "parametric" and draws.means is not None
    found = importance_map(indexed(solution, UNITS, draws), "loyalty")
    rows = sem(MODEL, data, meanstructure=True)
    with_rows = importance_map(indexed(rows, UNITS, draws_of(rows, draws=0, seed=1)), "loyalty")
    assert found.level.value == pytest.approx(with_rows.level.value)
    assert found.level.low < found.level.value < found.level.high


def test_without_ranges_there_is_nothing_in_points(solution: Solution, draws: Draws) -> None:
    index = indexed(solution, {}, draws)
    assert not index.has_levels
    found = importance_map(index, "loyalty")
    assert all(np.isnan(d.importance.value) for d in found.drivers)
    assert elasticities(index, ["loyalty"]) == ()


def test_limits_of_no_draws_are_unknown() -> None:
    low, high = percentile_limits(np.empty((0, 3)))
    assert np.isnan(low).all() and np.isnan(high).all()
    low, high = percentile_limits(np.arange(99.0)[:, None], level=0.9)
    assert (low[0], high[0]) == pytest.approx((4.0, 94.0))


def test_blocks_of_omnichannel_find_the_planted_drivers() -> None:
    """The truth holds no path from community to value, and .15 from switching cost to loyalty."""
    study = load_study("omnichannel")
    assert isinstance(study.data, Survey)
    model = study.models["extended"].text
    names = [v for v in parse_model(model).variables if v in study.data.codebook.item_names]
    data = Moments.from_data(study.data.items(names), names)
    solution = sem(model, data, estimator="ML", missing="listwise")
    draws = draws_of(solution, draws=0, seed=1)
    found = driver_blocks(
        solution, ("loyalty",), replace(draws, theta=draws.theta[:200]),
        refit=lambda smaller: solution, syntax=parse_model("other ~ thing"),
    )  # fmt: skip
    total = {b.name: b.total for b in found[0].blocks}
    assert total["switching"].low < 0.149 < total["switching"].high
    assert total["community"].low < 0.119 + 0.049 * 0.461 + 0.09 * 0.117 < total["community"].high
