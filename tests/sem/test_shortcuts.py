"""Closed forms, bounds, starting values and caches against the long way round."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import chndtr

from analysis.sem import GroupMoments, Moments, sem
from analysis.sem.baseline import independence, independence_test
from analysis.sem.constraints import Constraints
from analysis.sem.fit import make_objective
from analysis.sem.indices import noncentrality
from analysis.sem.inference import infer
from analysis.sem.losses import MaximumLikelihood
from analysis.sem.model import compile_model
from analysis.sem.objective import MomentTerm
from analysis.sem.optimize import minimize
from analysis.sem.starts import start_points, starting_values
from analysis.syntax import PartableOptions, parse_model, partable

Array = np.ndarray
NAMES = tuple("abcdefgh")
MODELS = {
    "factors": "x =~ a + b + c\ny =~ d + e + f\ny ~ x",
    "covariates": "x =~ a + b + c\nx ~ d + e\nf ~ x + e",
    "paths": "a ~ b + c\nd ~ a + c",
    "feedback": "x =~ a + b + c + h\ny =~ d + e + f\ny ~ x + g\nx ~ 0.2*y",
}


def sample(seed: int, n: int = 300, groups: int = 1) -> Moments:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n * groups, 8)) @ random.normal(size=(8, 8)) / 3
    rows += random.normal(size=(n * groups, 1)) + np.arange(8)
    labels = [f"g{i % groups}" for i in range(len(rows))] if groups > 1 else None
    return Moments.from_data(rows, NAMES, group=labels)


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("options", "groups"),
    [({}, 1), ({"fixed_x": False}, 1), ({"meanstructure": True}, 1), ({}, 3),
     ({"likelihood": "wishart"}, 2)],
)  # fmt: skip
def test_independence_test_collapses_to_its_fit(
    text: str, options: dict[str, Any], groups: int
) -> None:
    solution = sem(text, sample(1, groups=groups), **options)
    wishart = options.get("likelihood") == "wishart"
    fitted = infer(independence(solution.fit), wishart=wishart)
    ours = independence_test(solution.fit, solution.inference.n_scale)
    assert ours.df == fitted.test.df
    assert ours.stat == pytest.approx(fitted.test.stat, rel=1e-11)
    assert ours.p == pytest.approx(fitted.test.p, rel=1e-9, abs=1e-300)


def test_noncentrality_brute_force() -> None:
    """The probability at what is found, over every scale that a chi-square can have."""
    for df in (1, 2, 7, 40, 300, 2000):
        for ratio in (0.3, 0.9, 1.0, 1.1, 2.0, 10.0):
            for tail in (0.01, 0.05, 0.5, 0.95, 0.99):
                found = noncentrality(chi2=ratio * df, df=df, upper_tail=tail)
                if found > 0:
                    assert 1.0 - chndtr(ratio * df, df, found) == pytest.approx(tail, abs=1e-9)
                else:
                    assert 1.0 - chndtr(ratio * df, df, 0.0) >= tail


def test_least_eigenvalue_is_a_bound_brute_force() -> None:
    random = np.random.default_rng(3)
    for size in (1, 2, 9, 20):
        scale = 10.0 ** random.uniform(-6, 6, size)
        rows = random.normal(size=(size + 3, size)) * scale
        cov = rows.T @ rows
        sd = np.sqrt(np.diag(cov))
        smallest = np.linalg.eigvalsh(cov / np.outer(sd, sd))[0]
        bound = GroupMoments("", 9, cov).least_eigenvalue
        assert smallest / size * (1 - 1e-9) <= bound <= smallest * (1 + 1e-9)
    assert GroupMoments("", 9, np.ones((2, 2))).least_eigenvalue == 0.0
    assert GroupMoments("", 9, np.zeros((2, 2))).least_eigenvalue == 0.0


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_total_effects_collapse_to_the_inverse(text: str) -> None:
    moments = sample(2)
    table = partable(parse_model(text), observed=NAMES, options=PartableOptions())
    group = compile_model(table, moments.select(table.observed)).groups[0]
    A = group.matrices(np.random.default_rng(4).uniform(-0.4, 0.4, table.n_free))[0]
    T = group.total_effects(A)
    assert T @ (np.eye(len(A)) - A) == pytest.approx(np.eye(len(A)), abs=1e-14)
    assert group.total_effects(A.astype(complex)) == pytest.approx(T, abs=1e-14)


def test_start_points_collapse_to_the_solution_of_parallel_items() -> None:
    """Items of one factor with equal loadings: their centroid is the factor, paths are exact."""
    structural = np.array([[1.0, 0.5, 0.4], [0.5, 1.3, 0.6], [0.4, 0.6, 1.5]])  # x, y, g
    loading = np.zeros((7, 3))
    loading[:3, 0] = loading[3:6, 1] = loading[6, 2] = 1.0
    cov = loading @ structural @ loading.T
    cov += np.diag([*np.repeat(structural[0, 0], 3), *np.repeat(structural[1, 1], 3), 0.0])
    moments = Moments(tuple("abcdefg"), (GroupMoments("", 200, cov),))
    text = "x =~ a + b + c\ny =~ d + e + f\ny ~ x + g\nx ~~ g"
    table = partable(parse_model(text), observed=moments.names, options=PartableOptions())
    used = moments.select(table.observed)
    model = compile_model(table, used)
    objective = make_objective(model, used, "ML")
    start, plain = start_points(model, used)
    assert objective.value(start) == pytest.approx(0.0, abs=1e-12)
    assert objective.value(plain) > 0.1
    slopes = np.linalg.solve(structural[np.ix_([0, 2], [0, 2])], structural[[0, 2], 1])
    at = dict(zip(model.names, start, strict=True))
    assert [at["y~x"], at["y~g"]] == pytest.approx(slopes)
    assert plain == pytest.approx(starting_values(model, used))


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("means", [False, True])
def test_searches_end_alike_from_both_starting_points(text: str, means: bool) -> None:
    options = PartableOptions(meanstructure=means)
    table = partable(parse_model(text), observed=NAMES, options=options)
    used = sample(5).select(table.observed)
    model = compile_model(table, used)
    objective = make_objective(model, used, "ML")
    ends = [minimize(objective, x, Constraints.of(model)) for x in start_points(model, used)]
    assert all(end.converged for end in ends)
    assert ends[0].value == pytest.approx(ends[1].value, abs=1e-12)
    assert ends[0].theta == pytest.approx(ends[1].theta, rel=1e-7, abs=1e-8)


def test_a_text_is_compiled_once_and_its_results_do_not_depend_on_that() -> None:
    one, other = sample(6), sample(7)
    for text in MODELS.values():
        first = sem(text, one)
        between = sem(text, other)
        for options in ({"std_lv": True}, {"fixed_x": False}, {"meanstructure": True}):
            sem(text, one, **options)
        again = sem(f"{text}\n", one), sem(text, one)
        assert again[1].fit.theta.tobytes() == first.fit.theta.tobytes()
        assert again[0].fit.theta.tobytes() == first.fit.theta.tobytes()
        assert again[1].partable is first.partable
        assert between.fit.theta.tobytes() != first.fit.theta.tobytes()
        for group, data in zip(between.fit.model.groups, other.groups, strict=True):
            at = {name: i for i, name in enumerate(group.observed)}
            for row in between.partable.rows:
                if row.exo and row.op == "~~":
                    i, j = NAMES.index(row.lhs), NAMES.index(row.rhs)
                    assert group.S0[at[row.lhs], at[row.rhs]] == pytest.approx(
                        data.cov[i, j], rel=1e-13
                    )


def test_compiled_matrices_cannot_be_changed() -> None:
    group = sem(MODELS["factors"], sample(8)).fit.model.groups[0]
    with pytest.raises(ValueError, match="read-only"):
        group.A0[0, 0] = 1.0


def test_kept_values_do_not_follow_to_other_data() -> None:
    one, other = sem(MODELS["factors"], sample(9)), sem(MODELS["factors"], sample(10))
    term, theta = one.fit.objective.terms[0], one.fit.theta
    assert isinstance(term, MomentTerm)
    value, gradient = term.value(theta), term.gradient(theta)
    g = other.fit.moments.groups[0]
    moved = replace(term, loss=MaximumLikelihood(g.cov, None, g.logdet))
    assert moved.value(theta) != value
    assert not np.array_equal(moved.gradient(theta), gradient)
    objective = replace(one.fit.objective, terms=(moved,))
    information = one.fit.objective.expected_hessian(theta), objective.expected_hessian(theta + 0.1)
    assert not np.array_equal(*information)
