"""Difference tests against lavaan, their special cases, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.compared import FITS, GOLDEN, THREE, fitted, moments_for

from analysis.errors import ModelError
from analysis.sem import difference, sem
from analysis.sem.difference import compare, difference_test
from analysis.sem.stacked import blocks

DIFFERENCES: list[dict[str, Any]] = GOLDEN["differences"]


def near(value: float, rel: float = 1e-5) -> Any:
    return pytest.approx(value, rel=rel, abs=1e-9)


def codes(error: pytest.ExceptionInfo[ModelError]) -> list[str]:
    assert error.value.text("zh") != error.value.text("en")
    return [m.code for m in error.value.messages]


# Against lavaan, on data that the product has


@pytest.mark.parametrize("name", [n for n in FITS if FITS[n]["data"] != "growth"])
def test_compared_statistics_equal_lavaan(name: str, request: pytest.FixtureRequest) -> None:
    theirs, solution = FITS[name], fitted(name, request)
    (row,) = compare(solution, names=[name])
    assert (row.name, row.df, row.difference) == (name, theirs["df"], None)
    assert row.chisq == near(theirs["chisq"])
    if theirs["aic"] is not None:
        assert (row.aic, row.bic) == (near(theirs["aic"], 1e-9), near(theirs["bic"], 1e-9))
    if theirs["scaling"] is not None:
        assert solution.inference.correction is not None
        assert solution.inference.correction.factor == near(theirs["scaling"])


def case_id(case: Mapping[str, Any]) -> str:
    options = "-".join(str(v) for v in (case["options"] or {}).values())
    return f"{case['restricted']} in {case['general']}-{case['method']}-{options}"


@pytest.mark.parametrize("case", DIFFERENCES, ids=case_id)
def test_difference_equals_lavaan(case: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    restricted, general = (fitted(case[key], request) for key in ("restricted", "general"))
    test = difference_test(restricted, general, method=case["method"], **(case["options"] or {}))
    rel = 1e-4 if restricted.fit.moments.groups[0].ordinal else 1e-5
    assert test.stat == near(case["stat"], rel)
    assert test.df == near(case["df"], rel)
    assert test.p == near(case["p"], 10 * rel)
    assert test.findings == () or not general.outcome.admissible
    assert np.isnan(test.rmsea) if case["rmsea"] is None else test.rmsea == near(case["rmsea"])


def test_reference_holds_every_method() -> None:
    """The file lost nothing: all methods, both ways to the restriction, adjusted or not."""
    kinds = {(c["method"], *(c["options"] or {}).values()) for c in DIFFERENCES}
    satorra = {("satorra.2000", r, s) for r in ("delta", "exact") for s in (True, False)}
    assert kinds == {("default",), ("satorra.bentler.2010",)} | satorra


# Special cases


def test_one_restriction_collapses_to_one_scaling(request: pytest.FixtureRequest) -> None:
    """With one degree of freedom the three adjustments of Satorra (2000) are the same."""
    general, restricted = (fitted(f"MLM democracy {k}", request) for k in ("equal", "mediated"))
    shifted = difference_test(restricted, general, method="satorra.2000")
    scaled = difference_test(restricted, general, method="satorra.2000", scaled_shifted=False)
    assert shifted.df == scaled.df == 1
    assert (shifted.stat, shifted.shift) == (near(scaled.stat, 1e-9), near(0.0))


def test_normal_moments_collapse_to_the_plain_difference(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the moments' covariance that normal answers have there is nothing to scale."""
    general, restricted = (fitted(f"MLM {k}", request) for k in ("metric", "scalar"))

    def normal(fit: Any) -> list[Any]:
        return [np.linalg.inv(block.weight_matrix()) for block in blocks(fit)]

    monkeypatch.setattr(difference, "gammas", normal)
    test = difference_test(restricted, general, method="satorra.2000")
    assert (test.factor, test.shift) == (near(1.0, 1e-9), near(0.0))
    plain = difference_test(restricted, general, method="standard")
    assert test.stat == near(plain.stat, 1e-9)


def test_saturated_general_model_collapses_to_the_scaled_test(holzinger: pd.DataFrame) -> None:
    """Against a model without degrees of freedom 2001 and 2010 are the model's own scaled test."""
    loose = "visual =~ x1 + x2 + x3\nx4 ~ x1 + x2 + x3"
    saturated = "x1 ~~ x2 + x3 + x4\nx2 ~~ x3 + x4\nx3 ~~ x4"
    data = moments_for(loose, holzinger)
    fixed = "visual =~ x1 + x2 + x3 + x4"
    for estimator in ("MLM", "MLR"):
        general, restricted = (sem(m, data, estimator=estimator) for m in (saturated, fixed))  # type: ignore[arg-type]
        assert general.inference.test.df == 0 and restricted.inference.robust is not None
        for method in ("satorra.bentler.2001", "satorra.bentler.2010"):
            test = difference_test(restricted, general, method=method)  # type: ignore[arg-type]
            assert test.stat == near(restricted.inference.robust.stat, 1e-9)


@pytest.mark.parametrize("method", ["satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"])
def test_difference_does_not_depend_on_how_models_are_written(
    method: Any, holzinger: pd.DataFrame, request: pytest.FixtureRequest
) -> None:
    """Other markers, another order of factors and so of variables: the same test."""
    frame = moments_for(THREE, holzinger, "school")
    turned = "speed =~ x9 + x7 + x8\ntextual =~ x4 + x5 + x6\nvisual =~ x3 + x1 + x2"
    metric, scalar = (fitted(f"MLM {k}", request) for k in ("metric", "scalar"))
    ours = difference_test(scalar, metric, method=method)
    options: dict[str, Any] = {"estimator": "MLM", "group_equal": ["loadings"]}
    general = sem(turned, frame, **options)
    assert general.names != scalar.names
    assert difference_test(scalar, general, method=method).stat == near(ours.stat, 1e-7)


def test_order_of_ordered_items_does_not_matter(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"WLSMV {k}", request) for k in ("configural", "equal"))
    ours = difference_test(restricted, general)
    turned = "g =~ b1 + age + b2\nf =~ o5 + spend + o3"
    fit = FITS["WLSMV configural"]
    frame = pd.read_csv(Path(__file__).parent / "golden" / "ordinal_mixed.csv")
    other = sem(turned, moments_for(turned, frame, "group"), **fit["options"])
    assert other.names != general.names
    assert difference_test(restricted, other).stat == near(ours.stat, 1e-6)


# What is reported and refused


def test_negative_factor_is_reported_with_the_remedy(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"MLR {k}", request) for k in ("configural", "metric"))
    assert general.inference.correction is not None
    how = replace(general.inference.correction, factor=2.0)
    odd = replace(general, inference=replace(general.inference, correction=how))
    test = difference_test(restricted, odd)
    assert np.isnan(test.stat) and np.isnan(test.p) and test.factor < 0
    (finding,) = test.findings
    assert finding.code == "compare.factor"
    assert 'method = "satorra.bentler.2010"' in finding.text()
    assert difference_test(restricted, odd, method="satorra.bentler.2010").stat > 0


def test_worse_general_model_is_reported(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"ML {k}", request) for k in ("configural", "metric"))
    worse = replace(general.inference.test, stat=200.0)
    stuck = replace(general, inference=replace(general.inference, test=worse))
    test = difference_test(restricted, stuck)
    assert [m.code for m in test.findings] == ["compare.negative_difference"]


def test_least_squares_difference_is_no_chi_square(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"delta {k}", request) for k in ("configural", "equal"))
    test = difference_test(restricted, general, method="standard")
    assert [m.code for m in test.findings] == ["compare.not_chi_square"]


def test_improper_solutions_are_reported(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"WLSMV {k}", request) for k in ("configural", "equal"))
    assert not general.outcome.admissible
    test = difference_test(restricted, general)
    assert [m.code for m in test.findings] == ["compare.improper"]


def test_restrictions_other_than_df_are_refused(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    general, restricted = (fitted(f"MLM {k}", request) for k in ("configural", "metric"))
    one = np.eye(general.fit.model.q)[:1]
    monkeypatch.setattr(difference, "_exact_restriction", lambda *_: one)
    with pytest.raises(ModelError) as error:
        difference_test(restricted, general, method="satorra.2000", restriction="exact")
    assert codes(error) == ["compare.restriction"]


def test_models_in_the_wrong_order_are_refused(request: pytest.FixtureRequest) -> None:
    general, restricted = (fitted(f"ML {k}", request) for k in ("configural", "metric"))
    for pair in ((general, restricted), (general, general)):
        with pytest.raises(ModelError) as error:
            difference_test(*pair)
        assert codes(error) == ["compare.order"]


def test_models_that_are_not_nested_are_refused(holzinger: pd.DataFrame) -> None:
    data = moments_for(THREE, holzinger)
    crossed = "visual =~ x1 + x2 + x3 + x9\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8"
    with pytest.raises(ModelError) as error:
        difference_test(sem(crossed, data), sem(THREE + "\nx1 ~~ x9", data))
    assert codes(error) == ["compare.not_nested"]


def test_nested_models_need_not_look_alike(holzinger: pd.DataFrame) -> None:
    """Two factors are three of which two correlate 1; a second-order factor of three is none."""
    data = moments_for(THREE, holzinger)
    two = "visual =~ x1 + x2 + x3\nother =~ x4 + x5 + x6 + x7 + x8 + x9"
    assert difference_test(sem(two, data), sem(THREE, data)).df == 2
    second = THREE + "\ng =~ visual + textual + speed"
    tight = sem(second + "\ntextual ~~ 0*textual", data)
    assert difference_test(tight, sem(THREE, data)).df == 1


def test_other_data_and_estimators_are_refused(
    holzinger: pd.DataFrame, request: pytest.FixtureRequest
) -> None:
    metric = fitted("ML metric", request)
    half = moments_for(THREE, holzinger.iloc[:200], "school")
    fewer = moments_for("x1 x2 x3 x4 x5 x6", holzinger, "school")
    six = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    robust, least = fitted("MLR configural", request), fitted("GLS configural", request)
    single = sem(THREE, moments_for(THREE, holzinger))
    means = sem(THREE, moments_for(THREE, holzinger), meanstructure=True, std_lv=True)
    mediated = sem(THREE + "\nvisual ~~ 0*speed", moments_for(THREE, holzinger))
    for restricted, general, code in (
        (metric, sem(THREE, half), "compare.data"),
        (metric, sem(six, fewer), "compare.variables"),
        (metric, robust, "compare.estimator"),
        (metric, least, "compare.estimator"),
        (mediated, means, "compare.means"),
        (mediated, sem(THREE, moments_for(THREE, holzinger), likelihood="wishart"), "compare.data"),
        (metric, single, "compare.data"),
    ):
        with pytest.raises(ModelError) as error:
            difference_test(restricted, general)
        assert code in codes(error)


def test_covariates_fixed_in_one_model_are_refused(holzinger: pd.DataFrame) -> None:
    path = "x1 ~ ageyr + sex\nx2 ~ ageyr"
    data = moments_for(path, holzinger)
    with pytest.raises(ModelError) as error:
        difference_test(sem(path + "\nx1 ~~ 0*x2", data), sem(path, data, fixed_x=False))
    assert "compare.covariates" in codes(error)


def test_models_without_estimates_are_refused(holzinger: pd.DataFrame) -> None:
    data = moments_for("x1 x2 x3", holzinger)
    loose, tight = "f =~ NA*x1 + x2 + x3", "f =~ x1 + a*x2 + a*x3"
    with pytest.raises(ModelError) as error:
        difference_test(sem(tight, data), sem(loose, data))
    assert codes(error) == ["compare.not_estimated"]


def test_methods_of_other_estimators_are_refused(request: pytest.FixtureRequest) -> None:
    pairs = {e: [fitted(f"{e} {k}", request) for k in ("metric", "configural")]
             for e in ("ML", "MLMV", "gaps")}  # fmt: skip
    for name, method, code in (
        ("ML", "satorra.bentler.2001", "compare.method"),
        ("MLMV", "satorra.bentler.2001", "compare.method"),
        ("gaps", "satorra.2000", "compare.needs_complete"),
        ("ML", "anova", "sem.unknown_option"),
    ):
        with pytest.raises(ModelError) as error:
            difference_test(*pairs[name], method=method)  # type: ignore[arg-type]
        assert codes(error) == [code]
    with pytest.raises(ModelError) as error:
        difference_test(*pairs["MLMV"], restriction="h1")  # type: ignore[arg-type]
    assert codes(error) == ["sem.unknown_option"]


def test_exact_restriction_needs_the_same_parameters(request: pytest.FixtureRequest) -> None:
    metric, scalar = (fitted(f"MLR {k}", request) for k in ("metric", "scalar"))
    with pytest.raises(ModelError) as error:
        difference_test(scalar, metric, method="satorra.2000", restriction="exact")
    assert codes(error) == ["compare.exact"]
    assert "visual ~1" in error.value.text()
