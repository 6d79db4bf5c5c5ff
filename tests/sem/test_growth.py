"""Growth models: lavaan's ``growth()`` and what it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.compared import FITS, GOLDEN, fitted, moments_for
from sem.reference import assert_equal_lavaan, read_shared

from analysis.sem import Solution, sem

CURVES = "i =~ 1*y1 + 1*y2 + 1*y3 + 1*y4\ns =~ 0*y1 + 1*y2 + 2*y3 + 3*y4"


@pytest.mark.parametrize("case", GOLDEN["growth"], ids=lambda c: c["fit"])
def test_growth_equals_lavaan(case: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    solution = fitted(case["fit"], request)
    for name, value in case["measures"].items():
        assert solution.measures[name].value == pytest.approx(value, rel=1e-6, abs=1e-8)
    compared = 0
    for lhs, op, rhs, group, est, se, std_all in case["rows"]:
        if op == "==":
            continue
        e = solution.estimate(lhs, op, rhs, group)
        assert e.est == pytest.approx(est, rel=1e-5, abs=1e-8)
        assert (e.se if e.free else 0.0) == pytest.approx(se, rel=1e-5, abs=1e-8)
        if std_all is not None:
            assert e.std_all == pytest.approx(std_all, rel=1e-5, abs=1e-8)
        compared += 1
    assert compared == len(solution.estimates)


def test_simple_growth_equals_lavaan(shared_dir: Path) -> None:
    reference = read_shared(shared_dir / "golden" / "l_growth_simple_ML.json")
    frame = pd.read_csv(shared_dir / "golden" / "data" / "Demo.growth.csv")
    solution = sem(reference.model, moments_for(reference.model, frame), growth=True)
    assert_equal_lavaan(solution, reference)


def same(one: Solution, other: Solution) -> None:
    np.testing.assert_allclose(one.inference.test.stat, other.inference.test.stat, rtol=1e-9)
    for e in one.estimates:
        twin = other.estimate(e.lhs, e.op, e.rhs, e.group)
        np.testing.assert_allclose((e.est, e.se), (twin.est, twin.se), rtol=1e-6, atol=1e-8)


def test_growth_collapses_to_its_intercepts(political_democracy: pd.DataFrame) -> None:
    """The option says no more than intercepts of 0 and free means."""
    data = moments_for(CURVES, political_democracy)
    written = "".join(f"\ny{i} ~ 0*1" for i in range(1, 5)) + "\ni ~ 1\ns ~ 1"
    same(sem(CURVES, data, growth=True), sem(CURVES + written, data))


def test_model_text_goes_before_growth_defaults(political_democracy: pd.DataFrame) -> None:
    data = moments_for(CURVES, political_democracy)
    solution = sem(CURVES + "\ny4 ~ 1\ns ~ 0*1", data, growth=True)
    assert solution.estimate("y4", "~1").free
    assert not solution.estimate("s", "~1").free
    assert solution.estimate("i", "~1").free and not solution.estimate("y1", "~1").free


def test_growth_is_off_by_default(political_democracy: pd.DataFrame) -> None:
    data = moments_for(CURVES, political_democracy)
    assert not any(e.op == "~1" for e in sem(CURVES, data).estimates)
    means = sem(CURVES, data, meanstructure=True)
    assert means.estimate("y1", "~1").free and not means.estimate("i", "~1").free


def test_growth_means_are_those_of_a_line(request: pytest.FixtureRequest) -> None:
    """Implied means lie on a line through the factor means, in every group."""
    solution = fitted("growth groups", request)
    for group, at in enumerate(solution.implied, start=1):
        i, s = (solution.estimate(name, "~1", "", group).est for name in ("i", "s"))
        np.testing.assert_allclose(at.mu, i + s * np.arange(3), rtol=1e-10)


def test_reference_has_groups_and_covariates() -> None:
    names = [case["fit"] for case in GOLDEN["growth"]]
    assert {"growth", "growth covariates", "growth groups", "growth demo"} <= set(names)
    assert all(FITS[name]["options"]["growth"] for name in names)
