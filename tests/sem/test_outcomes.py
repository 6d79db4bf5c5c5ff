"""Inputs that have no good answer: the outcome, the code of the message, and whom it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sem.reference import read_shared

from analysis.errors import AnalysisError, ModelError, ModelSyntaxError
from analysis.sem import Moments, Outcome, Solution, sem

HEYWOOD = [[1.0, 0.8, 0.8], [0.8, 1.0, 0.5], [0.8, 0.5, 1.0]]
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = [f"x{i}" for i in range(1, 10)]


def heywood(bounds: str = "none") -> Solution:
    moments = Moments.from_published(names=["v1", "v2", "v3"], n=100, correlations=HEYWOOD)
    return sem("f =~ v1 + v2 + v3", moments, bounds=bounds)  # type: ignore[arg-type]


def of(frame: pd.DataFrame, *names: str) -> Moments:
    return Moments.from_data(frame[list(names)].to_numpy(float), names)


def codes(solution: Solution) -> list[str]:
    return [finding.code for finding in solution.findings]


def said(solution: Solution, language: str = "en") -> str:
    return "\n".join(finding.text(language) for finding in solution.findings)


def test_heywood_case_is_estimated_but_not_admissible_equals_lavaan() -> None:
    """lavaan: 1, .625, .625; residual -.2772, .495, .495; SE .078125 (twelve digits by hand)."""
    solution = heywood()
    assert solution.outcome is Outcome.IMPROPER
    assert solution.outcome.estimated and not solution.outcome.admissible
    assert codes(solution) == ["sem.negative_residual"]
    assert "v1" in said(solution) and "-0.277" in said(solution) and "v1" in said(solution, "zh")
    assert solution.estimate("f", "=~", "v2").est == pytest.approx(0.625, abs=1e-8)
    assert solution.estimate("f", "=~", "v2").se == pytest.approx(0.078125, abs=1e-8)
    assert solution.estimate("v1", "~~", "v1").est == pytest.approx(-0.28 * 0.99, abs=1e-8)
    assert solution.estimate("f", "~~", "f").est == pytest.approx(1.28 * 0.99, abs=1e-8)


def test_bounded_heywood_case_ends_at_zero_equals_lavaan() -> None:
    """lavaan's bounds = "pos.var": chi-square 16.3972418126 with the variance at 0."""
    solution = heywood("pos.var")
    assert solution.outcome is Outcome.CONVERGED
    assert codes(solution) == ["sem.at_bound"] and "v1" in said(solution)
    assert solution.estimate("v1", "~~", "v1").est == pytest.approx(0.0, abs=1e-10)
    assert solution.measures["chisq"].value == pytest.approx(16.3972418126, rel=1e-9)
    for item in ("v2", "v3"):
        assert solution.estimate("f", "=~", item).est == pytest.approx(0.8, abs=1e-7)
        assert solution.estimate(item, "~~", item).est == pytest.approx(0.3564, abs=1e-7)


def test_bounds_that_do_not_bind_change_nothing(holzinger: pd.DataFrame) -> None:
    moments = of(holzinger, *ITEMS)
    free, bounded = sem(THREE, moments), sem(THREE, moments, bounds="pos.var")
    for a, b in zip(free.estimates, bounded.estimates, strict=True):
        assert b.est == pytest.approx(a.est, abs=1e-8)
        assert b.se == pytest.approx(a.se, abs=1e-8, nan_ok=True)


def test_two_indicators_are_not_identified_and_named(holzinger: pd.DataFrame) -> None:
    solution = sem("f =~ x1 + x2", of(holzinger, "x1", "x2"))
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    assert codes(solution) == ["sem.too_many_parameters", "sem.not_identified"]
    assert "4 free" in said(solution) and "3 moments" in said(solution)
    assert all(p in said(solution) for p in ("f=~x2", "f~~f", "x1~~x1", "x2~~x2"))
    assert all(np.isnan(e.se) for e in solution.estimates if e.free)


def test_two_indicators_beside_a_sound_factor_are_named_alone(holzinger: pd.DataFrame) -> None:
    moments = of(holzinger, "x1", "x2", "x4", "x5", "x6")
    solution = sem("f =~ x1 + x2\ng =~ x4 + x5 + x6\nf ~~ 0*g", moments)
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    assert codes(solution) == ["sem.not_identified"]
    assert "f=~x2" in said(solution) and "g=~" not in said(solution)


def test_factor_without_scale_is_not_identified(holzinger: pd.DataFrame) -> None:
    solution = sem("f =~ NA*x1 + x2 + x3", of(holzinger, "x1", "x2", "x3"))
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    assert "f=~x1" in said(solution)


def test_factor_without_scale_among_many_is_named(holzinger: pd.DataFrame) -> None:
    solution = sem(THREE.replace("x4 +", "NA*x4 +"), of(holzinger, *ITEMS))
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    assert "textual=~x4" in said(solution) and "speed=~" not in said(solution)


def test_feedback_without_instruments_is_not_identified(holzinger: pd.DataFrame) -> None:
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ visual\nvisual ~ textual"
    solution = sem(model, of(holzinger, *ITEMS[:6]))
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    assert "textual~visual" in said(solution) and "visual~textual" in said(solution)
    assert "x5" not in said(solution)


def test_sum_of_items_is_singular_and_named(holzinger: pd.DataFrame) -> None:
    frame = holzinger.assign(x10=holzinger["x1"] + holzinger["x2"])
    solution = sem("f =~ x1 + x2 + x10 + x3", of(frame, "x1", "x2", "x10", "x3"))
    assert solution.outcome is Outcome.SINGULAR_INPUT
    assert codes(solution) == ["sem.singular_input"]
    assert "x1, x2, x10" in said(solution) and "x3" not in said(solution)


def test_copied_item_is_named_alone(holzinger: pd.DataFrame) -> None:
    frame = holzinger.assign(copy=3 * holzinger["x5"] - 7)
    solution = sem("f =~ x4 + x5 + x6 + copy", of(frame, "x4", "x5", "x6", "copy"))
    assert solution.outcome is Outcome.SINGULAR_INPUT
    assert "x5, copy" in said(solution) and "x4" not in said(solution)


def test_impossible_published_matrix_is_singular_input() -> None:
    moments = Moments.from_published(
        names=list("abc"), n=100, correlations=[[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]
    )
    solution = sem("f =~ a + b + c", moments)
    assert solution.outcome is Outcome.SINGULAR_INPUT


def test_asymmetric_published_matrix_names_the_cell() -> None:
    with pytest.raises(ModelError) as caught:
        Moments.from_published(
            names=["a", "b", "c"], n=100, correlations=[[1, 0.5, 0.4], [0.3, 1, 0.5], [0.4, 0.5, 1]]
        )
    assert "(b, a)" in str(caught.value)


def test_saturated_model_fits_perfectly(holzinger: pd.DataFrame) -> None:
    measures = sem("f =~ x1 + x2 + x3", of(holzinger, "x1", "x2", "x3")).measures
    assert measures["chisq"].value == 0.0 and measures["df"].value == 0
    assert measures["cfi"].value == 1.0 and measures["rmsea"].value == 0.0


def test_constant_column_is_named(holzinger: pd.DataFrame) -> None:
    frame = holzinger.assign(asked=1.0)
    solution = sem("f =~ x1 + x2 + x3 + asked", of(frame, "x1", "x2", "x3", "asked"))
    assert solution.outcome is Outcome.SINGULAR_INPUT
    assert codes(solution) == ["sem.constant_variable"]
    assert "asked" in said(solution) and "x1" not in said(solution)


def test_no_more_respondents_than_items(holzinger: pd.DataFrame) -> None:
    with pytest.raises(ModelError) as caught:
        sem(THREE, of(holzinger.head(9), *ITEMS))
    assert [m.code for m in caught.value.messages] == ["sem.sample_too_small"]
    assert "9 complete" in str(caught.value)


def test_unknown_item_is_named_with_its_line(holzinger: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError) as caught:
        sem("f =~ x1 + x2\n   + xx3", of(holzinger, "x1", "x2", "x3"))
    assert "xx3" in str(caught.value) and "line 2" in str(caught.value)
    assert "x3" in str(caught.value).replace("xx3", "")


def test_unreadable_model_shows_the_place() -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        sem("f =~ a + b + c +", Moments.from_published(names="abc", n=50, correlations=np.eye(3)))
    assert "^" in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "good"),
    [("estimator", "OLS", "MLR"), ("likelihood", "student", "wishart"),
     ("information", "none", "observed"), ("bounds", "all", "pos.var")],
)  # fmt: skip
def test_unknown_option_lists_the_good_ones(option: str, value: str, good: str) -> None:
    moments = Moments.from_published(names="abc", n=50, correlations=np.eye(3))
    with pytest.raises(ModelError) as caught:
        sem("f =~ a + b + c", moments, **{option: value})  # type: ignore[arg-type]
    assert value in str(caught.value) and good in str(caught.value)


def test_tiny_sample_never_ends_in_false_certainty(holzinger: pd.DataFrame) -> None:
    """Ten pupils for nine items: whatever the end, it is not called a good solution."""
    solution = sem(THREE, of(holzinger.head(10), *ITEMS))
    assert not solution.outcome.admissible
    assert solution.findings


def test_lavaan_degenerate_inputs_agree(shared_dir: Path) -> None:
    """The two degenerate references that lavaan estimates: same numbers, same doubts."""
    for name, solution in (
        ("j_heywood_3ind_ML", heywood()),
        ("j_heywood_3ind_ML_bounded", heywood("pos.var")),
    ):
        reference = read_shared(shared_dir / "golden" / f"{name}.json")
        for row in reference.estimates:
            e = solution.estimate(row["lhs"], row["op"], row["rhs"])
            assert e.est == pytest.approx(row["est"], abs=1e-6)


# Whatever the end, a report may ask for everything.
HARD = {
    "not identified": ("f =~ x1 + x2", ("x1", "x2")),
    "no scale": ("f =~ NA*x1 + x2 + x3", ("x1", "x2", "x3")),
    "saturated": ("f =~ x1 + x2 + x3", ("x1", "x2", "x3")),
    "no factors": ("x1 ~ x2 + x3", ("x1", "x2", "x3")),
    "covariances only": ("x1 ~~ x2\nx2 ~~ x3", ("x1", "x2", "x3")),
    "one variable": ("x1 ~~ x1", ("x1",)),
    "singular": ("f =~ x1 + x2 + sum + x3", ("x1", "x2", "sum", "x3")),
    "constant": ("f =~ x1 + x2 + x3 + constant", ("x1", "x2", "x3", "constant")),
    "no variance": ("f =~ x1 + x2 + x3\nf ~~ 0*f", ("x1", "x2", "x3")),
    "impossible": ("x1 ~~ 0*x1\nx1 ~ x2", ("x1", "x2")),
    "definition of numbers": ("f =~ x1 + x2 + x3\nfive := 2 + 3", ("x1", "x2", "x3")),
}


PARTS = [
    "estimates",
    "measures",
    "r2",
    "residuals",
    "modification_indices",
    "latent_covariance",
    "latent_correlation",
    "implied",
    "second_engine",
]


@pytest.mark.parametrize("name", HARD)
def test_every_result_survives_every_outcome(name: str, holzinger: pd.DataFrame) -> None:
    model, used = HARD[name]
    frame = holzinger.assign(sum=holzinger["x1"] + holzinger["x2"], constant=2.0)
    solution = sem(model, of(frame, *used))
    for part in PARTS:
        getattr(solution, part)
    if not solution.outcome.estimated:
        assert solution.findings
        assert all(f.text() and f.text("zh") for f in solution.findings)
        assert all(np.isnan(e.se) for e in solution.estimates if e.free)
