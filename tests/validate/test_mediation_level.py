"""Monte Carlo: coverage and error rate of indirect effects in the core model's population.

Normal answers of 200 respondents from the population of the simulated study (one channel), raw
scale. Percentile and Monte Carlo intervals are to cover in .93 to .965 of samples and, where
satisfaction does not lead to loyalty, to find an indirect effect in .025 to .075 of them (Bradley
1978), give or take what the number of samples leaves open.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from analysis.methods.mediation import IntervalMethod, Mediation, Source, mediation
from analysis.methods.omnichannel import core_truth, load_population
from analysis.sem import Moments, sem
from analysis.sem.resampling import bootstrap
from analysis.syntax import parse_model

pytestmark = pytest.mark.slow

POPULATION = Path(__file__).parents[2] / "data" / "raw" / "omnichannel" / "population.toml"
N, SAMPLES, DRAWS = 200, 500, 500
ORDER = ("quality", "image", "satisfaction", "loyalty")
ROUTES = {
    "indirect_satisfaction": ("quality", "satisfaction", "loyalty"),
    "indirect_serial": ORDER,
}
MODEL = """image =~ img1 + img2 + img3 + img4
quality =~ tan1 + rel1 + res1 + ass1 + emp1
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ cog1 + aff1 + con1 + act1
image ~ quality
satisfaction ~ quality + image
loyalty ~ satisfaction + image + quality"""
COVERAGE, LEVEL = (0.93, 0.965), (0.025, 0.075)


def population(*, mediated: bool) -> tuple[tuple[str, ...], np.ndarray, dict[str, float]]:
    """Item names, their covariances, and the true effects by route, raw scale."""
    truth = core_truth(load_population(POPULATION))
    paths = {k: v for k, v in truth.standardized.items() if " ~ " in k}
    if not mediated:
        paths["loyalty ~ satisfaction"] = 0.0
    phi = np.eye(4)
    for row, name in enumerate(ORDER[1:], start=1):
        beta = np.array([paths.get(f"{name} ~ {cause}", 0.0) for cause in ORDER[:row]])
        phi[row, :row] = phi[:row, row] = phi[:row, :row] @ beta
    owner = [next(f for f in ORDER if f"{f} =~ {n}" in truth.standardized) for n in truth.names]
    loading = [truth.standardized[f"{f} =~ {n}"] for f, n in zip(owner, truth.names, strict=True)]
    at = [ORDER.index(f) for f in owner]
    Sigma = np.outer(loading, loading) * phi[np.ix_(at, at)]
    np.fill_diagonal(Sigma, 1.0)
    markers = {f: loading[owner.index(f)] for f in ORDER}
    effects = {}
    for label, route in ROUTES.items():
        steps = pairwise(route)
        std = float(np.prod([paths[f"{t} ~ {s}"] for s, t in steps]))
        effects[label] = std * markers["loyalty"] / markers["quality"]
    return truth.names, Sigma, effects


def one(rows: np.ndarray, names: tuple[str, ...], method: IntervalMethod) -> Mediation | None:
    solution = sem(parse_model(MODEL), Moments.from_data(rows, names))
    if not solution.outcome.estimated:
        return None
    if method == "montecarlo":
        return mediation(Source(solution, method, count=2 * DRAWS))
    boot = bootstrap(solution, draws=DRAWS, seed=1, progress=False, workers=1)
    return mediation(Source(solution, method, boot))


@cache
def rates(method: IntervalMethod, mediated: bool) -> dict[str, tuple[float, float]]:
    """Share of samples whose interval covers the truth, and whose interval excludes 0."""
    names, Sigma, effects = population(mediated=mediated)
    L = np.linalg.cholesky(Sigma)
    random = np.random.default_rng(11)
    covered = dict.fromkeys(ROUTES, 0)
    clear = dict.fromkeys(ROUTES, 0)
    done = 0
    for _ in range(SAMPLES):
        found = one(random.standard_normal((N, len(names))) @ L.T, names, method)
        if found is None:
            continue
        done += 1
        pair = next(p for p in found.pairs if (p.source, p.target) == ("quality", "loyalty"))
        for label, route in ROUTES.items():
            e = next(e for e in pair.effects if e.route == route)
            covered[label] += e.ci_lower <= effects[label] <= e.ci_upper
            clear[label] += e.clear
    assert done > 0.99 * SAMPLES
    return {k: (covered[k] / done, clear[k] / done) for k in ROUTES}


def within(rate: float, bars: tuple[float, float]) -> bool:
    """Whether a rate lies within the bars, give or take two standard errors."""
    slack = [2.0 * sqrt(b * (1 - b) / SAMPLES) for b in bars]
    low, high = bars[0] - slack[0], bars[1] + slack[1]
    return low <= rate <= high


@pytest.mark.parametrize("label", sorted(ROUTES))
@pytest.mark.parametrize("method", ["percentile", "montecarlo"])
def test_intervals_cover_the_true_indirect_effect(method: IntervalMethod, label: str) -> None:
    coverage, _ = rates(method, True)[label]
    assert within(coverage, COVERAGE), coverage


@pytest.mark.parametrize("method", ["percentile", "montecarlo"])
def test_an_effect_that_is_not_there_is_found_at_the_nominal_rate(method: IntervalMethod) -> None:
    _, found = rates(method, False)["indirect_satisfaction"]
    assert within(found, LEVEL), found
    _, serial = rates(method, False)["indirect_serial"]
    assert serial <= LEVEL[1] + 2.0 * sqrt(LEVEL[1] / SAMPLES), serial
