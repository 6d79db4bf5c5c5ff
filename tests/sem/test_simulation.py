"""Populations from text, the shapes of nonnormal answers, and what samples look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.errors import ModelError
from analysis.sem import Moments, sem
from analysis.sem.resampling import CONVERGED, refit
from analysis.sem.simulation import (
    Design,
    Population,
    Sampler,
    covariances,
    fleishman,
    intermediate_correlations,
    warm,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "simulation.json").read_text("utf-8"))
TEXT = "f =~ .8*x1 + .7*x2 + .6*x3\ng =~ .7*y1 + .9*y2 + .7*y3\ng ~ .5*f"
MODEL = "f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\ng ~ f"


@pytest.fixture(scope="module")
def population() -> Population:
    return Population.of_text(TEXT, standardized=True)


def draw(population: Population, n: int, seed: int = 1, **design: Any) -> np.ndarray:
    return Sampler.of(population, n, seed=seed, design=Design(**design)).rows(0)[0]


@pytest.mark.parametrize("name", GOLDEN["implied"])
def test_population_equals_lavaan(name: str) -> None:
    known = GOLDEN["implied"][name]
    groups = ("",) if len(known["cov"]) == 1 else ("1", "2")
    found = Population.of_text(known["text"], groups=groups, standardized=known["standardized"])
    assert list(found.names) == known["names"]
    for ours, cov, mean in zip(found.groups, known["cov"], known["mean"], strict=True):
        np.testing.assert_allclose(ours.cov, cov, atol=1e-12)
        np.testing.assert_allclose(ours.mean, mean, atol=1e-12)


def test_ordered_population_equals_lavaan() -> None:
    known = GOLDEN["ordered"]
    (group,) = Population.of_text(known["text"]).groups
    np.testing.assert_allclose(group.cov, known["cov"], atol=1e-12)
    cuts = {f"{k}|t{i + 1}": v for k, values in group.cuts.items() for i, v in enumerate(values)}
    assert cuts == known["thresholds"]


def test_standardized_chain_has_unit_variances_collapses_to_path_products() -> None:
    text = "f =~ .8*x1 + .7*x2\ng =~ .8*y1 + .7*y2\nh =~ .8*z1 + .7*z2\ng ~ .5*f\nh ~ .6*g"
    (group,) = Population.of_text(text, standardized=True).groups
    np.testing.assert_allclose(np.diag(group.cov), 1.0, atol=1e-14)
    assert group.cov[0, 4] == pytest.approx(0.8 * 0.5 * 0.6 * 0.8, abs=1e-14)


@pytest.mark.parametrize("name", GOLDEN["shapes"])
def test_vale_maurelli_equals_lavaan(name: str) -> None:
    known = GOLDEN["shapes"][name]
    pairs = zip(known["skewness"], known["kurtosis"], strict=True)
    coefficients = np.array([fleishman(s, k) for s, k in pairs])
    np.testing.assert_allclose(coefficients, known["coefficients"], atol=1e-8)
    found = intermediate_correlations(np.array(known["cor"]), coefficients)
    np.testing.assert_allclose(found, known["intermediate"], atol=1e-8)
    np.testing.assert_allclose(found, known["lavaan"], atol=1e-4)


def test_fleishman_equals_the_published_table() -> None:
    # Fleishman (1978), table 1: skewness 1.75, kurtosis 3.75.
    np.testing.assert_allclose(fleishman(1.75, 3.75), (0.92966052, 0.39949667, -0.03646699), 1e-7)


def test_normal_shape_collapses_to_the_identity() -> None:
    assert fleishman(0.0, 0.0) == (1.0, 0.0, 0.0)


def test_population_of_a_solution_collapses_to_its_own_fit(population: Population) -> None:
    solution = sem(MODEL, population.moments(400))
    again = Population.of_solution(solution)
    np.testing.assert_allclose(again.groups[0].cov, population.groups[0].cov, atol=1e-6)
    assert solution.measures["chisq"].value == pytest.approx(0.0, abs=1e-8)


def test_population_of_an_ordinal_solution_has_its_thresholds(population: Population) -> None:
    sampler = Sampler.of(population, 900, seed=3, design=Design(shares=(0.3, 0.4, 0.3)))
    solution = sem(MODEL, sampler.moments(0), ordered=population.names)
    (group,) = Population.of_solution(solution).groups
    ordinal = solution.fit.moments.groups[0].ordinal
    assert ordinal is not None
    for i, name in enumerate(solution.names):
        assert group.cuts[name] == pytest.approx(ordinal.thresholds[i], abs=1e-6)


def test_samples_have_the_populations_moments(population: Population) -> None:
    rows = draw(population, 200_000)
    np.testing.assert_allclose(np.cov(rows.T), population.groups[0].cov, atol=0.012)
    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=0.01)


def test_nonnormal_samples_have_the_wanted_shape_and_correlations(population: Population) -> None:
    rows = draw(population, 400_000, skewness=1.0, kurtosis=2.0)
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose((z**3).mean(axis=0), 1.0, atol=0.04)
    np.testing.assert_allclose((z**4).mean(axis=0) - 3.0, 2.0, atol=0.2)
    np.testing.assert_allclose(np.cov(rows.T), population.groups[0].cov, atol=0.012)


@pytest.mark.parametrize("shape", [{}, {"skewness": 0.8, "kurtosis": 1.5}])
def test_categories_have_the_wanted_shares(population: Population, shape: dict[str, Any]) -> None:
    shares = (0.1, 0.2, 0.3, 0.4)
    rows = draw(population, 100_000, shares={"x1": shares}, **shape)
    found = np.bincount(rows[:, 0].astype(int), minlength=5)[1:] / len(rows)
    np.testing.assert_allclose(found, shares, atol=0.006)
    assert len(np.unique(rows[:, 1])) == len(rows)


def test_missing_at_random_depends_on_the_observed_item_alone(population: Population) -> None:
    design: dict[str, Any] = {"missing": 0.2, "depends": "x1", "slope": 1.5}
    for shares in ((), {"x1": (0.25, 0.25, 0.25, 0.25)}):
        rows = draw(population, 60_000, shares=shares, **design)
        gone = np.isnan(rows)
        assert not gone[:, 0].any()
        np.testing.assert_allclose(gone[:, 1:].mean(axis=0), 0.2, atol=0.008)
        low, high = np.quantile(rows[:, 0], [0.25, 0.75])
        assert gone[rows[:, 0] >= high, 1:].mean() > 3 * gone[rows[:, 0] <= low, 1:].mean()


def test_missing_completely_at_random_has_the_wanted_rates(population: Population) -> None:
    rows = draw(population, 60_000, missing={"x1": 0.05, "y2": 0.3})
    np.testing.assert_allclose(np.isnan(rows).mean(axis=0), [0.05, 0, 0, 0, 0.3, 0], atol=0.006)
    gone = np.isnan(rows)
    assert np.mean(gone[:, 0] & gone[:, 4]) == pytest.approx(0.015, abs=0.003)


def test_replications_do_not_depend_on_how_many_there_are(population: Population) -> None:
    sampler = Sampler.of(population, 60, seed=9)
    whole = sampler.batch(700)
    np.testing.assert_array_equal(sampler.batch(10, first=250).stats, whole.stats[250:260])
    bent = Sampler.of(population, 60, seed=9, design=Design(skewness=0.5, kurtosis=1.0))
    np.testing.assert_array_equal(bent.batch(3, first=4).stats, bent.batch(8).stats[4:7])
    assert not np.array_equal(bent.rows(0)[0], bent.rows(1)[0])


def test_batch_of_nonnormal_samples_equals_moments_of_their_rows(population: Population) -> None:
    sampler = Sampler.of(population, 60, seed=9, design=Design(skewness=0.5, kurtosis=1.0))
    drawn = sampler.batch(4)
    for d in range(4):
        (group,) = sampler.moments(d).groups
        assert group.mean is not None
        np.testing.assert_allclose(drawn.covariances[d, 0], group.cov, atol=1e-12)
        np.testing.assert_allclose(drawn.means[d, 0], group.mean, atol=1e-12)


def test_direct_moments_have_wishart_mean_and_spread(population: Population) -> None:
    n = 80
    batch = Sampler.of(population, n, seed=2).batch(20_000)
    S, Sigma = batch.covariances[:, 0], population.groups[0].cov
    np.testing.assert_allclose(S.mean(axis=0), Sigma * (n - 1) / n, atol=0.006)
    spread = (Sigma**2 + np.outer(np.diag(Sigma), np.diag(Sigma))) * (n - 1) / n**2
    np.testing.assert_allclose(S.var(axis=0), spread, rtol=0.06)
    np.testing.assert_allclose(batch.means[:, 0].var(axis=0), 1.0 / n, rtol=0.06)


def test_groups_are_drawn_apart_and_refitted() -> None:
    text = "f =~ .8*x1 + .7*x2 + .6*x3 + .7*x4\nf ~ c(0, .5)*1"
    population = Population.of_text(text, groups=("shop", "web"))
    sampler = Sampler.of(population, (300, 200), seed=4)
    moments = sampler.moments(0)
    assert [(g.label, g.n) for g in moments.groups] == [("shop", 300), ("web", 200)]
    base = sem(
        "f =~ x1 + x2 + x3 + x4",
        population.moments((300, 200)),
        group_equal=["loadings", "intercepts"],
    )
    found = refit(base.fit, sampler.batch(400))
    assert (found.status == CONVERGED).mean() > 0.99
    means = [i for i, row in enumerate(base.fit.model.free) if row.op == "~1" and row.lhs == "f"]
    assert found.theta[:, means[0]].mean() == pytest.approx(0.4, abs=0.02)


def test_covariances_of_the_estimates_equal_single_fits(population: Population) -> None:
    warm()
    base = sem(MODEL, population.moments(150))
    batch = Sampler.of(population.select(base.names), 150, seed=6).batch(3)
    found = covariances(base.fit, batch, refit(base.fit, batch), 150.0)
    for d in range(3):
        cov = batch.covariances[d, 0]
        one = sem(MODEL, Moments.from_published(
            names=base.names, n=150, covariances=cov, rescale=False))  # fmt: skip
        np.testing.assert_allclose(found[d], one.inference.vcov, atol=1e-8)


def test_text_and_solution_share_streams_over_selected_names(population: Population) -> None:
    part = population.select(["y1", "x1"])
    assert part.names == ("y1", "x1")
    assert part.groups[0].cov[0, 1] == population.groups[0].cov[0, 3]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("f =~ .8*x1 + .7*x2\ng =~ .8*y1 + .7*y2\ng ~ f", "no_value"),
        ("f =~ 1.2*x1 + .7*x2 + .5*x3", "explained"),
        ("x1 ~~ 2*x2\nx1 ~~ 1*x1", "not_positive"),
        ("f =~ .8*x1 + .7*x2 + .6*x3\nx1 | t1", "no_value"),
    ],
)
def test_impossible_populations_are_refused(text: str, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        Population.of_text(text, standardized="~~ 2" not in text)
    assert [m.code for m in caught.value.messages] == [f"simulation.{code}"]


@pytest.mark.parametrize(
    ("design", "code", "said"),
    [
        (Design(skewness={"x2": 2.0}, kurtosis={"x2": 1.0}), "simulation.shape", "x2"),
        (Design(shares=(0.5, 0.6)), "simulation.shares", "0.5, 0.6"),
        (Design(shares=(1.0,)), "simulation.shares", "1"),
        (Design(missing={"y1": 1.0}), "simulation.missing_rate", "y1"),
        (Design(depends="z9", missing=0.1), "sem.unknown_variable", "z9"),
    ],
)
def test_impossible_designs_are_refused(
    population: Population, design: Design, code: str, said: str
) -> None:
    with pytest.raises(ModelError) as caught:
        Sampler.of(population, 100, seed=1, design=design)
    assert {m.code for m in caught.value.messages} == {code}
    assert said in caught.value.text()


def test_shapes_that_cannot_correlate_are_refused() -> None:
    opposite = Design(skewness={"a": 2.0, "b": -2.0}, kurtosis=6.0)
    with pytest.raises(ModelError, match="a, b cannot correlate at 0"):
        Sampler.of(Population.of_text("a ~~ .9*b"), 100, seed=1, design=opposite)
    close = Population.of_text("a ~~ -.48*b\na ~~ -.48*c\nb ~~ -.48*c")
    with pytest.raises(ModelError, match="least eigenvalue"):
        Sampler.of(close, 100, seed=1, design=Design(skewness=1.5, kurtosis=4.0))


def test_other_refusals(population: Population) -> None:
    with pytest.raises(ModelError, match="6 variables"):
        Sampler.of(population, 6, seed=1)
    with pytest.raises(ModelError, match="no covariances"):
        Sampler.of(population, 50, seed=1, design=Design(missing=0.1)).batch(2)
    with pytest.raises(ModelError, match="nobody"):
        population.select(["nobody"])


def test_own_moments_as_population() -> None:
    moments = Moments.from_published(names=["a", "b"], n=50, covariances=[[1.0, 0.3], [0.3, 1.0]])
    found = Population.of_moments(moments)
    np.testing.assert_array_equal(found.groups[0].cov, moments.groups[0].cov)
    np.testing.assert_array_equal(found.groups[0].mean, 0.0)
