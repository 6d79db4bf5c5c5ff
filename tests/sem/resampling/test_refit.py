"""``refit`` against its plain twin, against the engine, and against itself in other blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import CONVERGED, FAILED, Batch, refit
from analysis.sem.resampling.dense import make_work
from analysis.sem.resampling.draws import Resampler, units_of
from analysis.sem.resampling.factors import make_factors
from analysis.sem.resampling.lanes import Lanes
from analysis.sem.resampling.newton import curvature
from analysis.sem.resampling.plan import make_plan
from analysis.sem.resampling.proper import describe
from analysis.sem.resampling.refit import prepare
from analysis.sem.resampling.search import finish_draws
from analysis.sem.resampling.twin import objective_of, refit_numpy

CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
MODELS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "factors": (CFA, {}),
    "regressions": (CFA + "speed ~ visual + textual\ntextual ~ visual\n", {}),
    "second order": (CFA + "g =~ visual + textual + speed\n", {}),
    "cross-loading": (CFA + "visual =~ x9\n", {"std_lv": True}),
    "equal": (CFA + "visual ~~ v*visual\ntextual ~~ v*textual\n", {}),
    "effect coding": (CFA, {"effect_coding": True}),
    "residual covariance": (CFA + "x1 ~~ x2\n", {}),
    "means": (CFA, {"meanstructure": True}),
    "covariate": (CFA + "visual ~ ageyr\ntextual ~ ageyr + grade\n", {}),
    "covariate, means": (CFA + "visual ~ ageyr\n", {"meanstructure": True}),
    "loop": ("x1 ~ x4 + x2 + x3\nx4 ~ x1 + x5 + x6\n", {}),
    "wishart": (CFA, {"likelihood": "wishart"}),
    "groups": (CFA, {"group_equal": ["loadings", "intercepts"]}),
}
SLOW = {"residual covariance", "means", "covariate", "covariate, means", "loop", "groups"}


def solve(holzinger: pd.DataFrame, name: str) -> Solution:
    text, options = MODELS[name]
    frame = holzinger.dropna()
    columns = [f"x{i}" for i in range(1, 10)] + ["ageyr", "grade"]
    group = frame["school"].astype(str).tolist() if name == "groups" else None
    return sem(
        text, Moments.from_data(frame[columns].to_numpy(float), columns, group=group), **options
    )


def draws_of(solution: Solution, number: int = 0) -> Batch:
    return Resampler(units_of(solution.fit.moments.groups), 5)(number)


@pytest.mark.parametrize("name", MODELS)
def test_refits_equal_plain_numpy(holzinger: pd.DataFrame, name: str) -> None:
    fit = solve(holzinger, name).fit
    batch = draws_of(solve(holzinger, name))[:12]
    ours, plain = refit(fit, batch), refit_numpy(fit, batch)
    assert (make_factors(make_plan(fit)) is not None) == (name not in SLOW)
    done = plain.status != FAILED
    assert done.sum() >= 11
    np.testing.assert_array_equal(ours.status[done], plain.status[done])
    np.testing.assert_allclose(ours.theta[done], plain.theta[done], rtol=0, atol=3e-7)
    np.testing.assert_allclose(ours.value[done], plain.value[done], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.variances[done], plain.variances[done], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_refit_to_own_moments_collapses_to_the_solution(holzinger: pd.DataFrame, name: str) -> None:
    solution = solve(holzinger, name)
    found = refit(solution.fit, Batch.of_moments(solution.fit.moments))
    np.testing.assert_allclose(found.theta[0], solution.fit.theta, rtol=0, atol=1e-7)
    assert found.value[0] == pytest.approx(solution.fit.value, abs=1e-12)
    assert found.status[0] == CONVERGED


@pytest.mark.parametrize("name", MODELS)
def test_curvature_equals_the_engine(holzinger: pd.DataFrame, name: str) -> None:
    solution = solve(holzinger, name)
    plan = make_plan(solution.fit)
    B = plan.C[plan.place]
    batch = draws_of(solution)[:2]
    work = make_work(plan)
    for d in range(2):
        objective = objective_of(solution.fit, batch.covariances[d], batch.means[d])
        u = np.random.default_rng(d).uniform(-0.1, 0.1, B.shape[1])
        theta = solution.fit.theta + B @ u
        for observed, H in ((True, objective.hessian), (False, objective.expected_hessian)):
            found = curvature(plan, batch.stats[d], u, observed, work)
            np.testing.assert_allclose(found, B.T @ H(theta) @ B, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["regressions", "second order", "cross-loading"])
def test_what_lanes_finish_equals_the_general_path(holzinger: pd.DataFrame, name: str) -> None:
    solution = solve(holzinger, name)
    prepared = prepare(solution.fit)
    batch = Batch(draws_of(solution).stats[:40].copy(), len(solution.names))
    batch.stats[7, 0, -1] = -1.0  # no covariance matrix
    D, r, q = len(batch), prepared.plan.C.shape[1], len(solution.fit.theta)
    u = np.random.default_rng(1).normal(0.0, 1.0, (D, r)) * np.linspace(0.0, 1.5, D)[:, None]
    sizes = ((D, q), (D,), (D, 1, 2, prepared.plan.k))
    found, wanted = (
        (*(np.zeros(size) for size in sizes), np.zeros(D, dtype=bool), np.ones(D, dtype=bool))
        for _ in range(2)
    )
    theta, value, variances, improper, solved = found
    assert prepared.factors is not None
    Lanes.of(prepared.factors).finish(batch.stats, u, solved, theta, value, variances, improper)
    theta, value, variances, improper, solved = wanted
    finish_draws(prepared.plan, batch.stats, u, solved, theta, value)
    describe(prepared.plan, batch.stats, theta, variances, improper)
    assert 0 < improper.sum() < D and solved.sum() == D - 1
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
