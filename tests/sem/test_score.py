"""Score tests of equality constraints against lavaan, their special cases, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.compared import GOLDEN, THREE, fitted, moments_for
from sem.reference import read_shared

from analysis.errors import ModelError
from analysis.sem import sem
from analysis.sem.difference import difference_test
from analysis.sem.score import ScoreTest, score_test

SCORES: list[dict[str, Any]] = GOLDEN["scores"]


def near(value: float, rel: float = 1e-5) -> Any:
    return pytest.approx(value, rel=rel, abs=1e-9)


def case_id(case: Mapping[str, Any]) -> str:
    return f"{case['fit']}-{case['release'] or 'all'}"


def released(case: Mapping[str, Any]) -> list[int]:
    release = case["release"] or []
    return [release] if isinstance(release, int) else release


@pytest.mark.parametrize("case", SCORES, ids=case_id)
def test_score_equals_lavaan(case: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    solution = fitted(case["fit"], request)
    test = score_test(solution, release=released(case))
    rel = 1e-4 if solution.fit.moments.groups[0].ordinal else 1e-5
    assert test.stat == near(case["stat"], rel)
    # lavaan counts the constraints, whether or not the model without them is identified.
    lost = [m.fields["lost"] for m in test.findings if m.code == "compare.unidentified_release"]
    assert test.df + sum(int(str(n)) for n in lost) == case["df"]
    assert len(test.univariate) == len(case["uni"])
    for one, (lhs, rhs, stat) in zip(test.univariate, case["uni"], strict=True):
        assert (one.lhs, one.rhs, one.df) == (lhs, rhs, 1)
        assert one.stat == near(stat, rel)
    if not lost:
        # lavaan turns the slope of least squares into a score without its minus sign; see
        # test_expected_changes_point_to_the_free_model.
        sign = 1.0 if solution.preset.loss == "ML" else -1.0
        assert_changes_equal(test, case["changes"], rel, sign)


def assert_changes_equal(test: ScoreTest, rows: list[list[Any]], rel: float, sign: float) -> None:
    """All expected changes; lavaan gives standardized values of variances, not their changes."""
    ours = {(c.lhs, c.op, c.rhs, c.group): c for c in test.changes}
    assert len(ours) == len(rows) > 0
    for lhs, op, rhs, group, epc, epv, sepc_lv, sepc_all in rows:
        change = ours[(lhs, op, rhs, group)]
        assert change.epc == pytest.approx(sign * epc, rel=rel, abs=1e-7)
        assert change.epv == near(epv - epc + sign * epc, rel)
        if not (op == "~~" and lhs == rhs) and op not in ("|", "~*~"):
            assert change.sepc_lv == pytest.approx(sign * sepc_lv, rel=rel, abs=1e-7)
            assert change.sepc_all == pytest.approx(sign * sepc_all, rel=rel, abs=1e-7)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "GLS"])
def test_expected_changes_point_to_the_free_model(
    estimator: str, request: pytest.FixtureRequest
) -> None:
    """One scoring step from the constrained estimates leads towards the free ones."""
    metric, free = (fitted(f"{estimator} {k}", request) for k in ("metric", "configural"))
    test = score_test(metric)
    loadings = [c for c in test.changes if c.op == "=~"]
    expected = [c.epv for c in loadings]
    actual = [free.estimate(c.lhs, c.op, c.rhs, c.group).est for c in loadings]
    before = [metric.estimate(c.lhs, c.op, c.rhs, c.group).est for c in loadings]
    left, way = np.subtract(actual, expected), np.subtract(actual, before)
    assert left @ left < 0.3 * (way @ way)
    assert test.df == difference_test(metric, free, method="standard").df


def test_scalar_ladder_score_equals_lavaan(shared_dir: Path) -> None:
    frame = pd.read_csv(shared_dir / "golden" / "data" / "HS39.csv")
    data = moments_for(THREE, frame, "school")
    for estimator in ("ML", "MLR"):
        solution = sem(THREE, data, estimator=estimator, group_equal=("loadings", "intercepts"))
        test = score_test(solution)
        file = shared_dir / "golden" / f"e_HS39_school_{estimator}_LRT.json"
        theirs = pd.read_json(file, typ="series")["lavTestScore_scalar"]
        assert test.stat == near(theirs["test"][0]["X2"])
        ours = [(one.lhs, one.rhs) for one in test.univariate]
        assert ours == [(row["lhs"], row["rhs"]) for row in theirs["uni"]]
        stats = [row["X2"] for row in theirs["uni"]]
        np.testing.assert_allclose([one.stat for one in test.univariate], stats, rtol=1e-5)
        pvalues = [row["p.value"] for row in theirs["uni"]]
        np.testing.assert_allclose([one.p for one in test.univariate], pvalues, rtol=1e-4)
        codes = {m.code for m in test.findings}
        assert ("compare.score_not_robust" in codes) is (estimator == "MLR")


def test_equal_loadings_score_equals_lavaan(shared_dir: Path) -> None:
    reference = read_shared(shared_dir / "golden" / "i_PolDem_equal_loadings_ML.json")
    frame = pd.read_csv(shared_dir / "golden" / "data" / "PoliticalDemocracy.csv")
    test = score_test(sem(reference.model, moments_for(reference.model, frame)))
    (total,) = reference.raw["score"]["test"]
    assert (test.stat, test.df, test.p) == (near(total["X2"]), total["df"], near(total["p.value"]))
    for one, row in zip(test.univariate, reference.raw["score"]["uni"], strict=True):
        assert (one.lhs, one.rhs, one.df) == (row["lhs"], row["rhs"], row["df"])
        assert (one.stat, one.p) == (near(row["X2"]), near(row["p.value"]))


def test_change_of_one_constraint_is_the_change_of_its_parameters(
    request: pytest.FixtureRequest,
) -> None:
    solution = fitted("ML democracy equal", request)
    for one in score_test(solution).univariate:
        alone = score_test(solution, release=[one.number])
        left, right = one.text.split(" == ")
        change = {f"{c.lhs} {c.op} {c.rhs}": c.epc for c in alone.changes}
        assert one.epc == near(change[left] - change[right], 1e-9)
        assert alone.stat == near(one.stat, 1e-12)


def test_untestable_directions_do_not_count(request: pytest.FixtureRequest) -> None:
    """Fifteen equalities of the scalar model: three of them only place the factor means.

    The configural model is what is left without them, 12 degrees of freedom away.
    """
    scalar, configural = (fitted(f"ML {k}", request) for k in ("scalar", "configural"))
    test = score_test(scalar)
    assert test.df == difference_test(scalar, configural).df == 12
    unknown = {(c.lhs, c.op) for c in test.changes if np.isnan(c.epc)}
    means = {(name, "~1") for name in ("visual", "textual", "speed")}
    assert means <= unknown and all(op == "~1" for _, op in unknown)


def test_scale_constraint_cannot_be_tested(holzinger: pd.DataFrame) -> None:
    """Loadings that average 1 give the factor its scale: releasing that changes nothing."""
    coded = sem(THREE, moments_for(THREE, holzinger), effect_coding=True)
    test = score_test(coded)
    assert (test.df, len(test.univariate)) == (0, 3)
    assert np.isnan([test.stat, test.p, *(one.stat for one in test.univariate)]).all()
    assert all(one.df == 0 for one in test.univariate)


def test_score_of_redundant_constraints_collapses(political_democracy: pd.DataFrame) -> None:
    """A constraint that follows from others cannot be released alone, and adds nothing."""
    model = "dem60 =~ y1 + a*y2 + b*y3 + c*y4"
    data = moments_for(model, political_democracy)
    twice = score_test(sem(model + "\na == b\nb == c\na == c", data))
    once = score_test(sem(model + "\na == b\nb == c", data))
    assert (twice.stat, twice.df) == (near(once.stat, 1e-8), once.df)
    assert [one.df for one in twice.univariate] == [0, 0, 0]
    assert [one.text for one in once.univariate] == ["a == b", "b == c"]


def test_nonlinear_constraint_brute_force(holzinger: pd.DataFrame) -> None:
    """n s' I^-1 s with the score and the information of the model without the constraint."""
    model = "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6"
    data = moments_for(model, holzinger)
    solution, free = sem(model + "\na == b^2", data), sem(model, data)
    objective, theta = free.fit.objective, solution.fit.theta
    step = 1e-5 * np.eye(len(theta))
    slopes = [(objective.value(theta + h) - objective.value(theta - h)) / 2e-5 for h in step]
    s = -0.5 * np.array(slopes)
    information = 0.5 * objective.expected_hessian(theta)
    expected = solution.n * s @ np.linalg.solve(information, s)
    assert score_test(solution).stat == near(expected, 1e-4)
    assert score_test(solution).univariate[0].text == "a == b^2"


def test_refusals(holzinger: pd.DataFrame, request: pytest.FixtureRequest) -> None:
    data = moments_for(THREE, holzinger)
    cases = (
        (sem(THREE, data), (), "compare.no_equalities"),
        (sem(THREE.replace("x2", "a*x2") + "\na > 0.2", data), (), "compare.inequalities"),
        (sem(THREE, data, bounds="pos.var"), (), "compare.inequalities"),
        (fitted("ML metric", request), (7, 0), "compare.unknown_constraint"),
        (sem("f =~ NA*x1 + a*x2 + a*x3", data), (), "compare.not_estimated"),
    )
    for solution, release, code in cases:
        with pytest.raises(ModelError) as error:
            score_test(solution, release=release)
        assert [m.code for m in error.value.messages] == [code]
        assert error.value.text("zh")
