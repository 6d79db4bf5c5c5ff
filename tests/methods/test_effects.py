"""Direct, indirect and total effects against lavaan's defined effects and brute force."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sem.reference import compact, published

from analysis.methods.effects import Effect, effects
from analysis.sem import Moments, Solution, sem

GOLDEN = Path(__file__).parents[1] / "sem" / "golden"
MEASURES = "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8"
# lavaan's defined effects, from its polished optimum.
NUMBERS = 1e-6


def by_pair(solution: Solution) -> dict[tuple[str, str, str], Effect]:
    return {(e.source, e.target, e.kind): e for e in effects(solution)}


def political(frame: pd.DataFrame, paths: str) -> Solution:
    names = [f"x{i}" for i in range(1, 4)] + [f"y{i}" for i in range(1, 9)]
    return sem(f"{MEASURES}\n{paths}", Moments.from_data(frame[names].to_numpy(float), names))


def test_effects_equal_lavaan_defined_effects() -> None:
    """``total_loyalty`` and the other ``:=`` of the default model, estimates, SE and std.all."""
    reference = compact(json.loads((GOLDEN / "spanish_bank_core.json").read_text("utf-8")))
    found = by_pair(sem(reference.model, published("spanish_bank")))
    defined = {row["lhs"]: row for row in reference.estimates if row["op"] == ":="}
    wanted = {
        "total_loyalty": ("quality", "loyalty", "total"),
        "indirect_total": ("quality", "loyalty", "indirect"),
        "total_satisfaction": ("quality", "satisfaction", "total"),
        "image_indirect": ("image", "loyalty", "indirect"),
        "image_total": ("image", "loyalty", "total"),
    }
    for name, key in wanted.items():
        assert found[key].est == pytest.approx(defined[name]["est"], rel=NUMBERS)
        assert found[key].se == pytest.approx(defined[name]["se"], rel=NUMBERS)
        assert found[key].std_all == pytest.approx(defined[name]["std.all"], rel=NUMBERS)
    rows = {(r["rhs"], r["lhs"]): r for r in reference.estimates if r["op"] == "~"}
    for (source, target), row in rows.items():
        direct = found[(source, target, "direct")]
        assert direct.est == pytest.approx(row["est"], rel=NUMBERS)
        assert direct.se == pytest.approx(row["se"], rel=NUMBERS)
        assert direct.std_all == pytest.approx(row["std.all"], rel=NUMBERS)


def test_effects_equal_sums_over_paths_brute_force(political_democracy: pd.DataFrame) -> None:
    """Every way from source to target, walked by hand."""
    solution = political(political_democracy, "dem60 ~ ind60\ndem65 ~ ind60 + dem60")
    path = {(e.rhs, e.lhs): e.est for e in solution.estimates if e.op == "~"}

    def ways(source: str, target: str) -> float:
        total = 0.0
        for (start, end), value in path.items():
            if start == source:
                total += value * (1.0 if end == target else ways(end, target))
        return total

    for (source, target, kind), effect in by_pair(solution).items():
        direct = path.get((source, target), 0.0)
        wanted = {"direct": direct, "total": ways(source, target)}
        wanted["indirect"] = wanted["total"] - direct
        assert effect.est == pytest.approx(wanted[kind], rel=1e-12)


def test_only_effects_that_the_model_has(political_democracy: pd.DataFrame) -> None:
    solution = political(political_democracy, "dem60 ~ ind60\ndem65 ~ dem60")
    assert set(by_pair(solution)) == {
        ("ind60", "dem60", "direct"), ("ind60", "dem60", "total"),
        ("dem60", "dem65", "direct"), ("dem60", "dem65", "total"),
        ("ind60", "dem65", "indirect"), ("ind60", "dem65", "total"),
    }  # fmt: skip
    no_paths = political(political_democracy, "ind60 ~~ dem60")
    assert effects(no_paths) == ()


def test_interval_and_p_follow_from_the_standard_error(political_democracy: pd.DataFrame) -> None:
    solution = political(political_democracy, "dem60 ~ ind60\ndem65 ~ dem60")
    for effect in effects(solution):
        assert effect.z == pytest.approx(effect.est / effect.se)
        half = (effect.ci_upper - effect.ci_lower) / 2
        assert half == pytest.approx(1.959963984540054 * effect.se)
        assert (effect.p < 0.05) == (effect.ci_lower * effect.ci_upper > 0)
    wide = effects(solution, level=0.99)[0]
    assert wide.ci_lower < effects(solution)[0].ci_lower


def test_sobel_formula_for_a_single_mediator(political_democracy: pd.DataFrame) -> None:
    """a, b independent: SE of ab is sqrt(a^2 se_b^2 + b^2 se_a^2 + 2ab cov) (Sobel 1982)."""
    solution = political(political_democracy, "dem60 ~ ind60\ndem65 ~ dem60")
    a, b = solution.estimate("dem60", "~", "ind60"), solution.estimate("dem65", "~", "dem60")
    names = list(solution.fit.model.names)
    vcov = solution.inference.vcov
    assert vcov is not None
    cov = vcov[names.index("dem60~ind60"), names.index("dem65~dem60")]
    wanted = np.sqrt(a.est**2 * b.se**2 + b.est**2 * a.se**2 + 2 * a.est * b.est * cov)
    indirect = by_pair(solution)[("ind60", "dem65", "indirect")]
    assert indirect.se == pytest.approx(wanted, rel=1e-10)


def test_feedback_effects_are_those_of_the_series() -> None:
    """(I - B)^-1 = I + B + B^2 + ...: a loop adds to the effect of its own members."""
    names = ["x1", "x2", "y1", "y5"]
    draws = np.random.default_rng(4).normal(size=(400, 4))
    y1 = (draws[:, 0] + draws[:, 2] + 0.4 * (0.8 * draws[:, 1] + draws[:, 3])) / (1 - 0.4 * 0.3)
    y5 = 0.8 * draws[:, 1] + 0.3 * y1 + draws[:, 3]
    rows = np.column_stack([draws[:, :2], y1, y5])
    solution = sem("y1 ~ x1 + y5\ny5 ~ x2 + y1\ny1 ~~ 0*y5", Moments.from_data(rows, names))
    assert solution.outcome.admissible
    found = by_pair(solution)
    order = ["x1", "x2", "y1", "y5"]
    B = np.zeros((4, 4))
    for e in solution.estimates:
        if e.op == "~":
            B[order.index(e.lhs), order.index(e.rhs)] = e.est
    series = sum(np.linalg.matrix_power(B, k) for k in range(1, 400))
    for (source, target, kind), effect in found.items():
        if kind == "total":
            wanted = series[order.index(target), order.index(source)]
            assert effect.est == pytest.approx(wanted, rel=1e-8)
    assert found[("x1", "y5", "indirect")].est == pytest.approx(found[("x1", "y5", "total")].est)


def test_observed_outcomes_and_covariates_count(political_democracy: pd.DataFrame) -> None:
    names = ["x1", "y1", "y5"]
    rows = political_democracy[names].to_numpy(float)
    solution = sem("y1 ~ a*x1\ny5 ~ b*y1 + c*x1\nind := a*b", Moments.from_data(rows, names))
    defined = solution.estimate("ind", ":=", "a*b")
    indirect = by_pair(solution)[("x1", "y5", "indirect")]
    assert (indirect.est, indirect.se) == pytest.approx((defined.est, defined.se), rel=1e-12)
    assert indirect.std_all == pytest.approx(defined.std_all, rel=1e-12)
