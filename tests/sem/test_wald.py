"""Wald tests against lavaan, their special cases, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.compared import GOLDEN, fitted, moments_for
from sem.reference import read_shared

from analysis.errors import ModelError, ModelSyntaxError
from analysis.sem import sem
from analysis.sem.wald import wald_test


def near(value: float, rel: float = 1e-5) -> Any:
    return pytest.approx(value, rel=rel, abs=1e-9)


@pytest.mark.parametrize("case", GOLDEN["walds"], ids=lambda c: f"{c['fit']}-{c['constraints']}")
def test_wald_equals_lavaan(case: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    test = wald_test(fitted(case["fit"], request), case["constraints"])
    assert (test.stat, test.df) == (near(case["stat"]), case["df"])
    assert test.p == near(case["p"], 1e-4)
    assert [c.text for c in test.constraints] == case["constraints"].split("; ")


def test_shared_wald_equals_lavaan(shared_dir: Path) -> None:
    reference = read_shared(shared_dir / "golden" / "i_PolDem_equal_loadings_ML.json")
    frame = pd.read_csv(shared_dir / "golden" / "data" / "PoliticalDemocracy.csv")
    solution = sem(reference.model, moments_for(reference.model, frame))
    test = wald_test(solution, "p1 == p3\np2 == 0  # as in the file; once more")
    theirs = reference.raw["wald2"]
    assert (test.stat, test.df) == (near(theirs["stat"]), theirs["df"])
    assert (test.p, test.standard_errors) == (near(theirs["p.value"]), theirs["se"])


@pytest.mark.parametrize("estimator", ["ML", "MLM", "MLR"])
def test_single_constraint_collapses_to_z_squared(
    estimator: str, request: pytest.FixtureRequest
) -> None:
    solution = fitted(f"{estimator} democracy equal", request)
    for label, row in (("p2", ("dem65", "~", "ind60")), ("ind", ("ind", ":=", "p1*p3"))):
        e = solution.estimate(*row)
        test = wald_test(solution, f"{label} == 0")
        assert (test.stat, test.df, test.p) == (near(e.z**2, 1e-9), 1, near(e.p, 1e-7))
        assert test.constraints[0].value == near(e.est, 1e-12)
        assert test.constraints[0].se == near(e.se, 1e-9)
    expected = {"ML": "standard", "MLM": "robust.sem", "MLR": "robust.huber.white"}
    assert test.standard_errors == expected[estimator]


def test_linear_constraints_brute_force(request: pytest.FixtureRequest) -> None:
    solution = fitted("ML democracy equal", request)
    index = {r.label: r.free - 1 for r in solution.fit.model.free if r.label}
    R = np.zeros((2, solution.fit.model.q))
    R[0, index["a"]], R[0, index["b"]] = 1.0, -2.0
    R[1, index["p1"]] = 3.0
    vcov = solution.inference.vcov
    assert vcov is not None
    r = R @ solution.fit.theta - [0.0, 1.5]
    expected = float(r @ np.linalg.inv(R @ vcov @ R.T) @ r)
    assert wald_test(solution, "a == 2*b; 3*p1 - 1.5 == 0").stat == near(expected, 1e-10)


def test_order_and_scale_of_constraints_do_not_matter(request: pytest.FixtureRequest) -> None:
    solution = fitted("MLR democracy equal", request)
    ours = wald_test(solution, "p1 == p3; a == b")
    other = wald_test(solution, "1000*a - 1000*b == 0\n\np3 - p1 == 0")
    assert other.stat == near(ours.stat, 1e-9)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("p1", "compare.constraint_form"),
        ("p1 ==", "compare.constraint_form"),
        ("p1 == p2 == p3", "compare.constraint_form"),
        ("p1 < p2", "compare.constraint_form"),
        ("", "compare.constraint_form"),
        (" # p1 == 0", "compare.constraint_form"),
        ("p1 == q", "compare.unknown_label"),
        ("p1 == .p999.", "compare.unknown_label"),
        ("p1 == p3; 2*p3 == 2*p1", "compare.redundant"),
        ("p1 == p1", "compare.redundant"),
        ("1 == 2", "compare.redundant"),
        (".p5. == .p9.", "compare.redundant"),
    ],
)
def test_refusals(text: str, code: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ModelError) as error:
        wald_test(fitted("ML democracy equal", request), text)
    assert [m.code for m in error.value.messages] == [code]
    assert error.value.text("zh")


def test_all_faults_are_told_at_once(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ModelError) as error:
        wald_test(fitted("ML democracy equal", request), "p1; q1 == 0; q2 == q3")
    codes = [m.code for m in error.value.messages]
    assert codes == ["compare.constraint_form", "compare.unknown_label", "compare.unknown_label"]
    assert "q2, q3" in error.value.text() and "p1, p2, p3" in error.value.text()


def test_arithmetic_that_cannot_be_read_is_marked(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ModelSyntaxError, match="p1 \\+ == 0"):
        wald_test(fitted("ML democracy equal", request), "p1 + == 0")


def test_unidentified_model_is_refused(holzinger: pd.DataFrame) -> None:
    loose = sem("f =~ NA*x1 + a*x2 + x3", moments_for("x1 x2 x3", holzinger))
    with pytest.raises(ModelError) as error:
        wald_test(loose, "a == 0")
    assert error.value.messages[0].code == "compare.not_estimated"


def test_estimates_without_covariance_are_refused(request: pytest.FixtureRequest) -> None:
    solution = fitted("ML democracy equal", request)
    blank = replace(solution, inference=replace(solution.inference, vcov=None))
    with pytest.raises(ModelError) as error:
        wald_test(blank, "p1 == 0")
    assert error.value.messages[0].code == "compare.no_covariance"
