"""Discriminant validity by factor correlations and nested models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.reference import variables_in

from analysis.methods import measurement as m
from analysis.methods.measurement.distinct import Pair, factor_pairs, indistinct
from analysis.sem import Moments, Solution, difference_test, sem
from analysis.sem.resampling import bootstrap

GOLDEN = json.loads((Path(__file__).parent / "golden" / "reliability.json").read_text("utf-8"))
ORDINAL = Path(__file__).parents[1] / "sem" / "golden" / "ordinal_groups.csv"
OPTIMUM = 5e-5
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def fit(model: str, frame: pd.DataFrame, **options: Any) -> Solution:
    names = variables_in(model, {str(c): np.empty(0) for c in frame.columns})
    return sem(model, Moments.from_data(frame[names].to_numpy(float), names), **options)


def simulated(correlation: float, n: int = 400, seed: int = 5) -> Solution:
    """Two factors of four items each, loadings .8."""
    random = np.random.default_rng(seed)
    shared = random.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], n)
    noise = random.normal(size=(n, 8))
    X = 0.8 * np.repeat(shared, 4, axis=1) + 0.6 * noise
    frame = pd.DataFrame(X, columns=[f"{f}{i}" for f in "ab" for i in range(1, 5)])
    return fit("first =~ a1 + a2 + a3 + a4\nsecond =~ b1 + b2 + b3 + b4", frame)


def compared(pairs: tuple[Pair, ...], golden: Any) -> None:
    for kind in ("cutoff", "merged"):
        table = {(row["lhs"], row["rhs"]): row for row in golden[kind]}
        for pair in pairs:
            row = table[(pair.first, pair.second)]
            test = pair.at_cutoff if kind == "cutoff" else pair.merged
            assert test is not None
            assert pair.est == pytest.approx(row["est"], rel=OPTIMUM)
            assert pair.ci_lower == pytest.approx(row["ci.lower"], rel=OPTIMUM)
            assert pair.ci_upper == pytest.approx(row["ci.upper"], rel=OPTIMUM)
            assert test.df == row["Df diff"]
            if "Chisq diff" not in row:  # a negative scaling factor
                assert np.isnan(test.stat)
                continue
            assert test.stat == pytest.approx(row["Chisq diff"], rel=1e-3)
            assert test.p == pytest.approx(row["Pr(>Chisq)"], rel=0.1, abs=1e-12)


@pytest.mark.parametrize(("case", "estimator"), [("holzinger", "ML"), ("mlm", "MLM")])
@pytest.mark.parametrize("scaling", [{}, {"std_lv": True}])
def test_pairs_equal_semtools(
    case: str, estimator: Any, scaling: dict[str, bool], holzinger: pd.DataFrame
) -> None:
    solution = fit(THREE, holzinger, estimator=estimator, **scaling)
    compared(factor_pairs(solution), GOLDEN[case]["discriminant"])


def test_pairs_of_ordered_items_equal_semtools() -> None:
    model, frame = GOLDEN["ordinal"]["model"], pd.read_csv(ORDINAL)
    names = variables_in(model, dict.fromkeys(map(str, frame.columns)))
    compared(factor_pairs(fit(model, frame, ordered=names)), GOLDEN["ordinal"]["discriminant"])


def test_limits_equal_the_standardized_solution(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger, std_lv=True)
    for pair in factor_pairs(solution, tests=False):
        row = solution.estimate(pair.first, "~~", pair.second)
        assert pair.ci_lower == pytest.approx(row.std_all_ci_lower, rel=1e-9)
        assert pair.ci_upper == pytest.approx(row.std_all_ci_upper, rel=1e-9)
        assert pair.at_cutoff is None


def test_correlations_that_follow_from_paths(holzinger: pd.DataFrame) -> None:
    """A saturated path model has the correlations of the factor model, and no nested tests."""
    paths = fit(f"{THREE}\ntextual ~ visual\nspeed ~ visual + textual", holzinger)
    for path, free in zip(factor_pairs(paths), factor_pairs(fit(THREE, holzinger)), strict=True):
        assert path.est == pytest.approx(free.est, rel=1e-6)
        assert path.ci_upper == pytest.approx(free.ci_upper, rel=1e-5)
        assert path.at_cutoff is None


def test_merged_model_is_the_model_of_one_factor(holzinger: pd.DataFrame) -> None:
    pair_model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    solution = fit(pair_model, holzinger)
    one = fit("all =~ x1 + x2 + x3 + x4 + x5 + x6", holzinger)
    (pair,) = factor_pairs(solution)
    assert pair.merged is not None
    assert pair.merged.stat == pytest.approx(difference_test(one, solution).stat, rel=1e-6)


def test_one_construct_with_two_names_is_named() -> None:
    """Items of one factor sold as two: the interval of their correlation holds 1."""
    solution = simulated(1.0)
    (pair,) = factor_pairs(solution)
    assert pair.beyond
    assert pair.at_cutoff is None
    assert indistinct((pair,)) == (pair,)
    (apart,) = factor_pairs(simulated(0.4))
    assert not apart.beyond
    assert apart.at_cutoff is not None
    assert apart.at_cutoff.p < 1e-6
    assert indistinct((apart,)) == ()


def test_bootstrap_limits_come_first() -> None:
    solution = simulated(0.6)
    found = m.resampled(bootstrap(solution, draws=300, seed=2))
    (pair,) = factor_pairs(solution, resampled=found, tests=False)
    assert pair.boot_lower < pair.est < pair.boot_upper
    assert pair.farthest == pair.boot_upper
    assert pair.boot_upper == pytest.approx(pair.ci_upper, abs=0.03)


def test_negative_correlations_are_judged_by_size() -> None:
    (pair,) = factor_pairs(simulated(-0.85))
    assert pair.farthest == pytest.approx(-pair.ci_lower)
    assert pair.at_cutoff is not None
    assert pair.at_cutoff.stat < 60


def test_constrained_models_have_no_nested_tests(holzinger: pd.DataFrame) -> None:
    labelled = fit(THREE.replace("x2 + x3", "a*x2 + a*x3"), holzinger)
    assert all(p.at_cutoff is None and p.merged is None for p in factor_pairs(labelled))
    assert all(np.isfinite(p.ci_upper) for p in factor_pairs(labelled))
