"""Hypotheses: decisions, numbering, effect sizes against regressions done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.data import Hypothesis
from analysis.errors import ModelError
from analysis.methods.hypotheses import HypothesisResult, f2, hypotheses
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import bootstrap, monte_carlo_intervals

TEXT = "x5 ~ a*x4\nx6 ~ b*x5 + c*x4 + x1\nx9 ~ x1\nab := a*b"
NAMES = ["x1", "x4", "x5", "x6", "x9"]


@pytest.fixture
def solution(holzinger: pd.DataFrame) -> Solution:
    return sem(TEXT, Moments.from_data(holzinger[NAMES].to_numpy(float), NAMES))


def by_id(rows: tuple[HypothesisResult, ...]) -> dict[str, HypothesisResult]:
    return {r.hypothesis.id: r for r in rows}


def r2(y: np.ndarray, X: np.ndarray) -> float:
    A = np.c_[np.ones(len(y)), X]
    e = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    return 1.0 - float(e @ e) / float(((y - y.mean()) ** 2).sum())


def test_f2_equals_regressions_with_and_without_brute_force(
    holzinger: pd.DataFrame, solution: Solution
) -> None:
    data = {n: holzinger[n].to_numpy(float) for n in NAMES}
    model = {"x5": ["x4"], "x6": ["x5", "x4", "x1"], "x9": ["x1"]}
    saturated = sem("x6 ~ x5 + x4 + x1", Moments.from_data(
        holzinger[["x1", "x4", "x5", "x6"]].to_numpy(float), ["x1", "x4", "x5", "x6"]))  # fmt: skip
    for name in ("x5", "x4", "x1"):
        rest = [n for n in model["x6"] if n != name]
        full = r2(data["x6"], np.c_[tuple(data[n] for n in model["x6"])])
        less = r2(data["x6"], np.c_[tuple(data[n] for n in rest)])
        found = f2(saturated, saturated.estimate("x6", "~", name))
        assert found == pytest.approx((full - less) / (1.0 - full), rel=1e-8)
    alone = r2(data["x9"], data["x1"][:, None])
    assert f2(solution, solution.estimate("x9", "~", "x1")) == pytest.approx(
        alone / (1.0 - alone), rel=1e-8
    )


def test_declared_hypotheses_are_decided(solution: Solution) -> None:
    declared = [
        Hypothesis("H1", "x5 ~ x4", "+"),
        Hypothesis("H2", "x6 ~ x5", "-"),
        Hypothesis("H3", "x9 ~ x4", "+"),
        Hypothesis("H4", "ab", "+"),
        Hypothesis("H5", "x6~x1", "+"),
    ]
    found = hypotheses(solution, declared)
    rows = by_id(found.rows)
    assert (rows["H1"].decision, rows["H1"].as_expected) == ("supported", True)
    assert (rows["H2"].decision, rows["H2"].reason) == ("not_supported", "opposite")
    assert (rows["H3"].decision, rows["H3"].reason) == ("untestable", "absent")
    assert np.isnan(rows["H3"].est)
    assert rows["H4"].decision == "supported"
    assert rows["H4"].est == pytest.approx(rows["H1"].est * rows["H2"].est)
    assert rows["H5"].decision == "supported"
    wide = by_id(hypotheses(solution, declared, level=1.0 - 1e-9).rows)["H5"]
    assert (wide.decision, wide.reason) == ("not_supported", "unclear")
    undeclared = [r.hypothesis.path for r in found.rows if r.decision == "not_declared"]
    assert undeclared == ["x6 ~ x4", "x9 ~ x1"]


def test_without_a_codebook_the_text_is_numbered(solution: Solution) -> None:
    found = hypotheses(solution)
    named = [(r.hypothesis.id, r.hypothesis.path, r.as_expected) for r in found.rows]
    assert named == [
        ("H1", "x5 ~ x4", None), ("H2", "x6 ~ x5", None), ("H3", "x6 ~ x4", None),
        ("H4", "x6 ~ x1", None), ("H5", "x9 ~ x1", None), ("H6", "ab", None),
    ]  # fmt: skip
    assert not found.declared


def test_what_supports_no_conclusion_is_untestable(solution: Solution) -> None:
    found = hypotheses(solution, [Hypothesis("H1", "x5 ~ x4", "+")], conclusive=False)
    assert {r.decision for r in found.rows} == {"untestable"}
    assert np.isfinite(found.rows[0].est)


def test_fixed_paths_are_untestable(holzinger: pd.DataFrame) -> None:
    fixed = sem("x5 ~ 1*x4", Moments.from_data(holzinger[["x4", "x5"]].to_numpy(float),
                                               ["x4", "x5"]))  # fmt: skip
    (row,) = hypotheses(fixed).rows
    assert (row.decision, row.reason) == ("untestable", "fixed")
    assert np.isnan(row.p)


def test_intervals_are_those_asked_for(solution: Solution) -> None:
    boot = bootstrap(solution, draws=200, seed=2, progress=False)
    percentile = hypotheses(solution, method="percentile", bootstrap=boot)
    wanted = {(i.lhs, i.rhs): i for i in boot.intervals()}
    for r in percentile.rows:
        key = (r.target, r.source or solution.estimate(r.target, ":=", "a*b").rhs)
        own = wanted[key]
        assert (r.ci_lower, r.ci_upper, r.se) == (own.ci_lower, own.ci_upper, own.se)
    assert percentile.draws == 200
    drawn = hypotheses(solution, method="montecarlo", seed=4, draws=500)
    (effect,) = monte_carlo_intervals(solution, draws=500, seed=4)
    assert by_id(drawn.rows)["H6"].ci_lower == effect.ci_lower
    path = solution.estimate("x5", "~", "x4")
    assert by_id(drawn.rows)["H1"].ci_lower == pytest.approx(path.ci_lower, rel=1e-12)
    with pytest.raises(ModelError):
        hypotheses(solution, method="bca")


def test_groups_are_decided_apart(holzinger: pd.DataFrame) -> None:
    data = Moments.from_data(
        holzinger[NAMES].to_numpy(float), NAMES, group=holzinger["school"].tolist()
    )
    solution = sem("x5 ~ x4\nx6 ~ x5 + x4 + x1\nx9 ~ x1", data)
    found = hypotheses(solution, [Hypothesis("H1", "x9 ~ x1", "+")])
    rows = [r for r in found.rows if r.hypothesis.id == "H1" and r.decision != "not_declared"]
    assert [r.group for r in rows] == [1, 2]
    assert rows[0].est != rows[1].est
