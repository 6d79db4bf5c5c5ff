"""The published structural model of Galeries Lafayette Berlin, as far as its moments go."""

from __future__ import annotations

import numpy as np
import pytest
from sem import galeries


def test_fit_of_the_complete_rows_equals_lavaan() -> None:
    """lavaan 0.6-14 on the same moments: see the study's SOURCE.md."""
    measures = galeries.refit().measures
    wanted = {"chisq": 697.402, "cfi": 0.955, "tli": 0.944, "rmsea": 0.051, "srmr": 0.052}
    assert {name: round(measures[name].value, 3) for name in wanted} == wanted
    assert galeries.refit().outcome.admissible


def test_degrees_of_freedom_and_parameters_are_those_in_print() -> None:
    solution, printed = galeries.refit(), galeries.printed()
    assert solution.measures["df"].value == printed["fit"]["df"]
    # The printed ones include an intercept per item.
    assert solution.measures["npar"].value + len(solution.names) == printed["npar"]


def test_printed_explained_variances_follow_from_the_printed_paths() -> None:
    followed = galeries.explained_variances()
    for name, value in galeries.printed()["r2"].items():
        assert followed[name] == pytest.approx(value, abs=0.0015)


def test_printed_paths_follow_as_far_as_the_sampling_error() -> None:
    paths = galeries.paths()
    assert len(paths) == 36
    outside = {(p.outcome, p.predictor) for p in paths if not p.agrees}
    assert outside == {("satisfaction", "image_france"), ("commitment", "image_stylish")}
    difference = np.array([p.here - p.printed for p in paths])
    assert np.sqrt(np.mean(difference**2)) < 0.08


@pytest.mark.parametrize(
    ("outcome", "predictors"),
    [
        ("satisfaction", {"image_professional"}),
        ("commitment", {"image_ambiance"}),
        ("loyalty", {"satisfaction", "commitment"}),
        ("cocreation", {"satisfaction", "commitment"}),
    ],
)
def test_strongest_drivers_are_those_in_print(outcome: str, predictors: set[str]) -> None:
    paths = [p for p in galeries.paths() if p.outcome == outcome]
    count = len(predictors)
    printed = sorted(paths, key=lambda p: -abs(p.printed))[:count]
    here = sorted(paths, key=lambda p: -abs(p.here))[:count]
    assert {p.predictor for p in printed} == {p.predictor for p in here} == predictors
    assert all(p.printed * p.here > 0 for p in printed)


def test_printed_loadings_are_near() -> None:
    solution = galeries.refit()
    off = [
        abs(solution.estimate(factor, "=~", item).std_all - value)
        for factor, items in galeries.printed()["loadings"].items()
        for item, value in items.items()
    ]
    assert len(off) == len(solution.names) and max(off) < 0.085 and np.mean(off) < 0.025
