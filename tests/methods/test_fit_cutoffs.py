"""Dynamic cut-offs: the planted misfit, the simulated indices, and what has no cut-offs."""

from __future__ import annotations

import json
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.methods.fit_cutoffs import (
    INDICES,
    DynamicCutoffs,
    coefficient_h,
    cutoff,
    dynamic_cutoffs,
    fit_indices,
    misspecifications,
    misspecified,
    most_loading,
)
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.refit import refit
from analysis.syntax import parse_model

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("fit_cutoffs.json").read_text())
ITEMS = tuple(f"x{i}" for i in range(1, 10))
MODELS = {
    "three": "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9",
    "one": "f =~ x1 + x2 + x3 + x4 + x5 + x6",
}
# What the program of the method's authors prints for the three-factor model (its vignette),
# at the first level.
PUBLISHED = {"srmr": 0.040, "rmsea": 0.044, "cfi": 0.984}


@pytest.fixture
def pupils(holzinger: pd.DataFrame) -> Moments:
    return Moments.from_data(holzinger[list(ITEMS)].to_numpy(float), ITEMS)


def cutoffs(text: str, moments: Moments, **options: int) -> DynamicCutoffs:
    syntax = parse_model(text)
    return dynamic_cutoffs(sem(syntax, moments), syntax, **options)


def noise(golden: dict[str, float], point: str, reps: float) -> float:
    """Standard error of the difference of a quantile between two simulations, nearly normal."""
    sd = (golden["p95"] - golden["p05"]) / 3.29
    factor = 1.253 if point == "p50" else 2.113
    return factor * sd * sqrt(1 / reps + 1 / GOLDEN["replications"])


@pytest.mark.parametrize("name", MODELS)
def test_spread_of_indices_equals_lavaan_simulation(pupils: Moments, name: str) -> None:
    found = cutoffs(MODELS[name], pupils, replications=2000)
    spreads = [found.correct, *(level.spread for level in found.levels)]
    assert len(spreads) == len(GOLDEN[name])
    for spread, golden in zip(spreads, GOLDEN[name], strict=True):
        for index in INDICES:
            for own, point in zip(spread[index], ("p05", "p50", "p95"), strict=True):
                error = noise(golden[index], point, 2000)
                expected = golden[index][point]
                assert own == pytest.approx(expected, abs=4 * error), (index, point)


def test_first_level_is_that_of_the_published_program(pupils: Moments) -> None:
    found = cutoffs(MODELS["three"], pupils, replications=2000, seed=3)
    for index, value in PUBLISHED.items():
        limit = found.levels[0].cutoffs[index].value
        low, _, high = found.correct[index]
        assert abs(limit - value) < 0.15 * (high - low) + 0.002


def test_planted_misfit_follows_the_rules(pupils: Moments) -> None:
    three, one = (misspecifications(sem(text, pupils)) for text in MODELS.values())
    # Weakest items of visual (.424) and speed (.570), onto the factor of the highest H.
    assert [(m.item, m.other) for m in three] == [("x2", "textual"), ("x7", "textual")]
    assert [m.size for m in three] == pytest.approx([0.424, 0.570], abs=5e-4)
    assert [(m.item, m.other) for m in one] == [("x3", "x2"), ("x1", "x6"), ("x5", "x4")]
    assert all(m.size == 0.30 for m in one)


def test_levels_of_one_factor_take_thirds_of_the_pairs() -> None:
    loadings = np.linspace(0.5, 0.8, 10)
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    names = [f"y{i}" for i in range(10)]
    moments = Moments.from_published(names=names, n=300, correlations=R)
    found = cutoffs("f =~ " + " + ".join(names), moments, replications=50)
    assert [len(level.added) for level in found.levels] == [1, 3, 5]


def test_population_by_brute_force(pupils: Moments) -> None:
    solution = sem(MODELS["three"], pupils)
    (first, _) = misspecifications(solution)
    Sigma = misspecified(solution, (first,))
    sd = np.sqrt(np.diag(solution.implied[0].Sigma))
    R = Sigma / np.outer(sd, sd)
    rho = solution.latent_correlation[0]
    loading = {e.rhs: e.std_all for e in solution.estimates if e.op == "=~"}
    plain = loading["x2"] * loading["x4"] * rho[0, 1]
    assert R[1, 3] == pytest.approx(plain + first.size * loading["x4"], abs=1e-9)
    assert R[1, 0] == pytest.approx(
        loading["x1"] * (loading["x2"] + first.size * rho[0, 1]), abs=1e-9
    )
    assert np.diag(R) == pytest.approx(np.ones(9))


def test_indices_of_refits_equal_those_of_whole_estimations(pupils: Moments) -> None:
    """Brute force: the same samples through ``sem``."""
    solution = sem(MODELS["three"], pupils)
    rng = np.random.default_rng(5)
    L = np.linalg.cholesky(misspecified(solution, misspecifications(solution)[:1]))
    samples = [np.cov(rng.standard_normal((301, 9)) @ L.T, rowvar=False, ddof=0) for _ in range(3)]
    start = Moments.from_published(
        names=ITEMS, n=301, covariances=solution.implied[0].Sigma, rescale=False
    )
    hypothesis = sem(MODELS["three"], start).fit
    batch = Batch.of(np.array(samples))
    refits = refit(hypothesis, batch)
    found = fit_indices(hypothesis, batch, refits.theta, refits.value)
    for d, S in enumerate(samples):
        given = Moments.from_published(names=ITEMS, n=301, covariances=S, rescale=False)
        measures = sem(MODELS["three"], given).measures
        for index in INDICES:
            assert found[index][d] == pytest.approx(measures[index].value, abs=1e-7)


def test_cutoff_by_hand() -> None:
    correct = np.linspace(0.0, 0.1, 101)
    apart, touching = correct + 0.2, correct + 0.085
    assert cutoff("srmr", correct, apart).value == pytest.approx(0.205)
    assert cutoff("srmr", correct, touching).error == 0.10
    assert cutoff("srmr", correct, touching).value == pytest.approx(0.095)
    assert isnan(cutoff("srmr", correct, correct).value)
    assert cutoff("cfi", 1.0 - correct, 1.0 - apart).value == pytest.approx(0.795)


def test_largest_cross_loading_by_hand() -> None:
    assert most_loading(0.8, 0.0) == pytest.approx(0.95 * 0.6)
    size = most_loading(0.9, 0.5) / 0.95
    assert 0.81 + size**2 + 2 * 0.9 * 0.5 * size == pytest.approx(1.0)
    assert coefficient_h([0.6, 0.8]) == pytest.approx(
        (0.36 / 0.64 + 0.64 / 0.36) / (1 + 0.36 / 0.64 + 0.64 / 0.36)
    )


def test_same_seed_same_cutoffs(pupils: Moments) -> None:
    one, two, other = (
        cutoffs(MODELS["three"], pupils, replications=100, seed=s) for s in (1, 1, 2)
    )
    assert one == two
    assert one.levels[0].cutoffs != other.levels[0].cutoffs


def test_correct_model_passes_and_a_wrong_one_does_not(pupils: Moments) -> None:
    solution = sem(MODELS["three"], pupils)
    found = dynamic_cutoffs(solution, parse_model(MODELS["three"]), replications=200)
    assert found.levels[0].passed({"srmr": 0.01, "rmsea": 0.0, "cfi": 1.0})
    values = {name: solution.measures[name].value for name in INDICES}
    assert found.levels[0].passed(values) is False


def heywood(names: tuple[str, ...] = ("a", "b", "c", "d")) -> Solution:
    R = np.full((4, 4), 0.3)
    R[0, 1] = R[1, 0] = R[0, 2] = R[2, 0] = 0.75
    np.fill_diagonal(R, 1.0)
    return sem("f =~ a + b + c + d", Moments.from_published(names=names, n=200, correlations=R))


def test_without_a_proper_solution_there_are_no_cutoffs(pupils: Moments) -> None:
    improper = heywood()
    assert not improper.outcome.admissible
    syntax = parse_model("f =~ a + b + c + d")
    found = dynamic_cutoffs(improper, syntax)
    assert [m.code for m in found.findings] == ["cutoffs.inadmissible"]
    assert found.levels == ()
    three = "f =~ x1 + x2 + x3"
    assert [m.code for m in cutoffs(three, pupils).findings] == ["cutoffs.saturated"]
