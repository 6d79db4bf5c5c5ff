"""Permutation tests of the ladder and of paths: semTools, brute force, planted differences."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.methods.invariance import (
    Ladder,
    causes,
    compare_paths,
    invariance_ladder,
    permuted_ladder,
    permuted_paths,
)
from analysis.methods.invariance.permuted import permutation_p, permuted_moments, refitted
from analysis.rng import generator
from analysis.sem import GroupMoments, Moments, sem
from analysis.sem.difference import difference_test
from analysis.sem.resampling.batch import Batch

SCHOOL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = tuple(f"x{i}" for i in range(1, 10))
ONE = "f =~ a1 + a2 + a3 + a4"
PATHS = "f =~ a1 + a2 + a3\ng =~ b1 + b2 + b3\ng ~ f"


@pytest.fixture(scope="module")
def golden() -> dict:
    path = Path(__file__).parent / "golden" / "permutation.json"
    return json.loads(path.read_text("utf-8"))


@pytest.fixture
def schools(holzinger: pd.DataFrame) -> Moments:
    return Moments.from_data(
        holzinger[list(ITEMS)].to_numpy(float), ITEMS, group=holzinger["school"].tolist()
    )


def same(found: float, expected: float, draws: int, others: int) -> None:
    """Two Monte Carlo shares of the same thing, within four standard errors."""
    middle = min(max(0.5 * (found + expected), 1.0 / others), 1.0 - 1.0 / others)
    error = sqrt(middle * (1.0 - middle) * (1.0 / draws + 1.0 / others))
    assert abs(found - expected) <= 4.0 * error + 1.0 / draws


def test_steps_equal_semtools(golden: dict, schools: Moments) -> None:
    steps = ("configural", "metric", "scalar")
    ladder = invariance_ladder(SCHOOL, schools, estimator="ML", steps=steps, partial="none")
    found = permuted_ladder(ladder, SCHOOL, schools, permutations=1000, seed=3)
    assert [s.step for s in found.steps] == list(steps)
    for step in found.steps:
        expected = golden[step.step]
        observed = expected["observed"]
        assert step.chisq == pytest.approx(observed["chisq"], abs=1e-5)
        assert step.change.cfi == pytest.approx(observed["cfi"], abs=1e-6)
        assert step.change.rmsea == pytest.approx(observed["rmsea"], abs=1e-6)
        assert step.change.srmr == pytest.approx(observed["srmr"], abs=1e-5)
        assert step.draws == 1000
        ours = (step.p_chisq, step.p_change.cfi, step.p_change.rmsea, step.p_change.srmr)
        for p, name in zip(ours, ("chisq", "cfi", "rmsea", "srmr"), strict=True):
            same(p, expected["p"][name], 1000, golden["permutations"])


@pytest.mark.parametrize("step", ["metric", "scalar"])
def test_scores_equal_semtools(golden: dict, schools: Moments, step: str) -> None:
    ladder = invariance_ladder(
        SCHOOL, schools, estimator="ML", steps=("configural", "metric", "scalar"),
        partial="none", alpha=1.0 if step == "metric" else 0.05,
    )  # fmt: skip
    assert ladder.stopped_at == step
    found = permuted_ladder(ladder, SCHOOL, schools, permutations=1000, seed=4)
    ours = {c.element: c for c in found.causes}
    assert len(golden[step]["scores"]) == len(ours) == 9
    for row in golden[step]["scores"]:
        cause = ours[row["parameter"]]
        assert cause.stat == pytest.approx(row["stat"], rel=1e-4)
        same(cause.p, row["p"], 1000, golden["permutations"])


def test_moments_of_dealt_groups_brute_force(schools: Moments) -> None:
    found = permuted_moments(schools, 3, seed=5)
    rows = np.concatenate([g.rows for g in schools.groups if g.rows is not None])
    labels = np.repeat([0, 1], [g.n for g in schools.groups])
    dealt = generator(5, "permutation", 0).permuted(np.tile(labels, (64, 1)), axis=1)
    for d in range(3):
        for g in range(2):
            own = rows[dealt[d] == g]
            assert len(own) == schools.groups[g].n
            assert np.allclose(found.means[d, g], own.mean(axis=0))
            assert np.allclose(found.covariances[d, g], np.cov(own.T, ddof=0))


def test_refits_and_scores_brute_force(schools: Moments) -> None:
    equal = ("loadings", "intercepts")
    con = sem(SCHOOL, schools, estimator="ML", std_lv=True, group_equal=equal)
    batch = permuted_moments(con.fit.moments, 3, seed=6)
    refits = refitted(con, batch)
    for d in range(3):
        groups = tuple(
            GroupMoments(g.label, g.n, batch.covariances[d, i], batch.means[d, i])
            for i, g in enumerate(schools.groups)
        )
        alone = sem(SCHOOL, Moments(schools.names, groups), estimator="ML", std_lv=True,
                    group_equal=equal)  # fmt: skip
        m = alone.measures
        assert refits.chisq[d] == pytest.approx(m["chisq"].value, abs=1e-6)
        assert refits.cfi[d] == pytest.approx(m["cfi"].value, abs=1e-8)
        assert refits.rmsea[d] == pytest.approx(m["rmsea"].value, abs=1e-8)
        assert refits.srmr[d] == pytest.approx(m["srmr"].value, abs=1e-8)
        q = con.fit.model.q
        slope, H = list(refits.expansions(np.eye(q)))[d]
        r = len(slope) - q
        gradient = alone.fit.objective.gradient(alone.fit.theta)
        assert np.allclose(slope[r:], gradient, atol=1e-6)
        assert np.allclose(H[r:, r:], alone.fit.objective.expected_hessian(alone.fit.theta),
                           atol=1e-5)  # fmt: skip


def two_groups(n: int = 250, *, seed: int = 3, loading: float = 0.8) -> Moments:
    rng = np.random.default_rng(seed)
    rows = []
    for g in range(2):
        factor = rng.standard_normal(n) + 0.3 * g
        slopes = np.array([0.8, 0.7, 0.9, loading if g else 0.8])
        rows.append(factor[:, None] * slopes + rng.standard_normal((n, 4)) * 0.6)
    names = ("a1", "a2", "a3", "a4")
    return Moments.from_data(np.concatenate(rows), names, group=["a"] * n + ["b"] * n)


def climbed(data: Moments, estimator: str = "ML") -> Ladder:
    return invariance_ladder(ONE, data, estimator=estimator, steps=("configural", "metric"))  # type: ignore[arg-type]


def test_planted_loading_is_beyond_chance() -> None:
    data = two_groups(loading=0.3)
    found = permuted_ladder(climbed(data), ONE, data, permutations=199, seed=1)
    assert found.steps[1].p_chisq == pytest.approx(1.0 / 200.0)
    assert found.causes[0].element == "f=~a4"
    assert found.causes[0].p < 0.02
    assert [c.element for c in found.causes] == [
        c.element for c in causes(climbed(data).rungs[1].solution, ("loadings",))
    ]


def test_robust_and_full_information_ladders_use_complete_answers() -> None:
    data = two_groups()
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None]).copy()
    rows[::10, 1] = np.nan
    holed = Moments.from_data(rows, data.names, group=["a"] * 250 + ["b"] * 250)
    found = permuted_ladder(climbed(holed, "MLR"), ONE, holed, permutations=50, seed=1)
    complete = holed.complete()
    again = permuted_ladder(climbed(complete, "MLR"), ONE, complete, permutations=50, seed=1)
    assert (found.n, found.total) == (450, 500)
    assert found.steps[1].chisq == pytest.approx(again.steps[1].chisq, abs=1e-6)
    assert found.steps[1].p_chisq == again.steps[1].p_chisq


def test_same_seed_same_bytes_and_draws_do_not_depend_on_their_number() -> None:
    data = two_groups()
    one, other = (permuted_moments(data, k, seed=8).stats for k in (40, 100))
    assert np.array_equal(one, other[:40])


def test_zero_permutations_and_ordered_items_say_so() -> None:
    data = two_groups(n=300)
    assert permuted_ladder(climbed(data), ONE, data, permutations=0).steps == ()
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None])
    coded = Moments.from_data(np.digitize(rows, [-0.8, 0.0, 0.8]).astype(float), data.names,
                              group=["a"] * 300 + ["b"] * 300)  # fmt: skip
    ladder = invariance_ladder(ONE, coded, ordered=data.names, steps=("thresholds",))
    found = permuted_ladder(ladder, ONE, coded)
    assert [f.code for f in found.findings] == ["invariance.permute_ordered"]
    clustered = Moments.from_data(rows, data.names, group=["a"] * 300 + ["b"] * 300,
                                  cluster=[i // 10 for i in range(600)])  # fmt: skip
    found = permuted_ladder(climbed(clustered, "MLR"), ONE, clustered)
    assert [f.code for f in found.findings] == ["invariance.permute_design"]


def paths_data(slope: float, *, n: int = 250, seed: int = 2) -> Moments:
    rng = np.random.default_rng(seed)
    rows = []
    for g in range(3):
        f = rng.standard_normal(n)
        y = (slope if g == 2 else 0.5) * f + 0.8 * rng.standard_normal(n)
        x = np.concatenate([f[:, None] * [0.8, 0.7, 0.9], y[:, None] * [0.8, 0.7, 0.9]], axis=1)
        rows.append(x + 0.6 * rng.standard_normal(x.shape))
    names = ("a1", "a2", "a3", "b1", "b2", "b3")
    return Moments.from_data(np.concatenate(rows), names, group=np.repeat(list("xyz"), n).tolist())


def test_path_statistics_are_those_of_the_comparison() -> None:
    data = paths_data(0.0)
    compared = compare_paths(PATHS, data, estimator="ML")
    found = permuted_paths(compared, PATHS, data, permutations=99, seed=1)
    assert compared.solution is not None
    assert compared.restricted is not None
    test = difference_test(compared.restricted, compared.solution)
    assert found.chisq == pytest.approx(test.stat, abs=1e-6)
    assert found.p == pytest.approx(0.01)
    assert found.paths[0].wald == pytest.approx(compared.paths[0].wald, rel=1e-6)
    assert found.paths[0].p == pytest.approx(0.01)


def test_equal_paths_are_within_chance() -> None:
    found = [
        permuted_paths(compare_paths(PATHS, data, estimator="ML"), PATHS, data, permutations=60)
        for data in (paths_data(0.5, n=120, seed=s) for s in range(12))
    ]
    assert sum(f.p < 0.05 for f in found) <= 3
    assert 0.2 < np.mean([f.p for f in found]) < 0.8


def test_p_never_is_zero_by_hand() -> None:
    drawn = np.array([1.0, 2.0, 3.0, np.nan])
    assert permutation_p(5.0, drawn) == 0.25
    assert permutation_p(2.0, drawn) == 0.75
    assert permutation_p(2.0, drawn, upper=False) == 0.75
    assert np.isnan(permutation_p(np.nan, drawn))


def test_first_draw_is_the_sample() -> None:
    data = two_groups()
    solution = sem(ONE, data, estimator="ML", std_lv=True)
    refits = refitted(solution, Batch.of_moments(solution.fit.moments))
    assert refits.chisq[0] == pytest.approx(solution.measures["chisq"].value, abs=1e-8)
