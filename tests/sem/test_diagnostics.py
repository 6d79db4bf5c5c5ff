"""Residuals, modification indices, factor scores and the second engine beyond lavaan's files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sem.reference import published

from analysis.errors import ModelError
from analysis.sem import GroupMoments, Moments, Solution, second_engine, sem

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = [f"x{i}" for i in range(1, 10)]
STUDIES = json.loads((Path(__file__).parent / "golden" / "studies.json").read_text("utf-8"))


def fit(model: str, frame: pd.DataFrame, **options: bool) -> Solution:
    return sem(model, Moments.from_data(frame[ITEMS].to_numpy(float), ITEMS), **options)  # type: ignore[arg-type]


# Modification indices


def test_modification_index_is_the_drop_of_chi_square_near_the_truth(
    holzinger: pd.DataFrame,
) -> None:
    """In a sample as good as infinite the score test, and EPC, are what freeing gives."""
    base = fit(THREE, holzinger)
    Sigma = base.implied[0].Sigma.copy()
    Sigma[0, 8] = Sigma[8, 0] = Sigma[0, 8] + 1e-4
    names = base.names
    moments = Moments(names, (GroupMoments("", 10_000_000, Sigma),))
    wrong, right = sem(THREE, moments), sem(f"{THREE}\n{names[0]} ~~ {names[8]}", moments)
    drop = wrong.measures["chisq"].value - right.measures["chisq"].value
    best = wrong.modification_indices[0]
    assert {best.lhs, best.rhs} == {names[0], names[8]}
    assert best.mi == pytest.approx(drop, rel=1e-3)
    assert best.epc == pytest.approx(1e-4, rel=1e-3)


def test_known_modification_indices_of_the_classical_example(holzinger: pd.DataFrame) -> None:
    first, second = fit(THREE, holzinger).modification_indices[:2]
    assert (first.lhs, first.op, first.rhs) == ("visual", "=~", "x9")
    assert (round(first.mi, 2), round(first.epc, 3)) == (36.41, 0.577)
    assert (second.lhs, second.rhs, round(second.mi, 2)) == ("x7", "x8", 34.15)


def test_modification_index_of_a_parameter_fixed_at_a_value(holzinger: pd.DataFrame) -> None:
    """Freeing a loading fixed at 0.3: EPC leads from 0.3 towards the free estimate."""
    free = fit(THREE, holzinger)
    fixed = fit(THREE.replace("+ x6", "+ 0.3*x6"), holzinger)
    found = {(m.lhs, m.op, m.rhs): m for m in fixed.modification_indices}
    index = found[("textual", "=~", "x6")]
    drop = fixed.measures["chisq"].value - free.measures["chisq"].value
    assert index.epc > 0
    assert index.mi == max(m.mi for m in fixed.modification_indices)
    assert drop > index.mi > 0.3 * drop


def test_no_modification_index_for_what_would_not_be_identified(holzinger: pd.DataFrame) -> None:
    """Neither markers nor the fixed variances of standardized factors are offered."""
    for options in ({}, {"std_lv": True}):
        found = {
            (m.lhs, m.op, m.rhs) for m in fit(THREE, holzinger, **options).modification_indices
        }
        assert ("visual", "=~", "x1") not in found
        assert ("visual", "~~", "visual") not in found
    means = fit(THREE, holzinger, meanstructure=True)
    assert not [m for m in means.modification_indices if m.op == "~1"]


# Measures


def test_swain_is_reported_beside_the_plain_chi_square() -> None:
    """Spanish bank: 18 items, 129 df, 250 respondents; q = (sqrt(1 + 4*18*19 - 1032) - 1)/2."""
    measures = sem(STUDIES["spanish_bank/core"]["model"], published("spanish_bank")).measures
    q = (np.sqrt(337.0) - 1.0) / 2.0
    full, used = 18 * (648 + 54 - 1), q * (2 * q**2 + 3 * q - 1)
    factor = 1.0 - (full - used) / (12 * 129 * 249)
    assert measures["chisq.swain"].value == pytest.approx(factor * measures["chisq"].value)
    assert measures["pvalue.swain"].value > measures["pvalue"].value


# Residuals


def test_standardized_residuals_have_unit_variance_monte_carlo() -> None:
    """z of 300 samples from the model: their standard deviation is 1, unlike residual / SE(S)."""
    random = np.random.default_rng(8)
    loading = np.array([0.8, 0.7, 0.6, 0.7, 0.5])
    Sigma = np.outer(loading, loading)
    np.fill_diagonal(Sigma, 1.0)
    L = np.linalg.cholesky(Sigma)
    draws = []
    for _ in range(300):
        rows = random.standard_normal((250, 5)) @ L.T
        z = sem("f =~ a + b + c + d + e", Moments.from_data(rows, list("abcde"))).residuals.z
        draws.append(z[np.tril_indices(5, -1)])
    spread = np.array(draws).std(axis=0)
    # A standard deviation of 300 draws has a standard error of .041.
    assert (np.abs(spread - 1.0) < 4 * 0.041).all()
    assert abs(spread.mean() - 1.0) < 0.05


def test_residuals_that_are_fixed_at_zero_have_no_z(holzinger: pd.DataFrame) -> None:
    """Variances are reproduced exactly; a saturated model has nothing left."""
    residuals = fit(THREE, holzinger).residuals
    assert np.isnan(np.diag(residuals.z)).all()
    assert np.abs(np.diag(residuals.raw)).max() < 1e-9
    saturated = sem("f =~ x1 + x2 + x3", Moments.from_data(holzinger[ITEMS].to_numpy(float), ITEMS))
    assert np.isnan(saturated.residuals.z).all()


def test_residual_correlations_give_srmr(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger)
    lower = solution.residuals.cor[np.tril_indices(9)]
    assert solution.measures["srmr"].value == pytest.approx(np.sqrt(np.mean(lower**2)))


# Factor scores


def test_regression_scores_are_the_conditional_mean_brute_force(holzinger: pd.DataFrame) -> None:
    """Gaussian conditioning in the joint covariance matrix of factors and items."""
    solution = fit(f"{THREE}\nspeed ~ visual + textual", holzinger, meanstructure=True)
    rows = holzinger[ITEMS].to_numpy(float)
    C = solution.implied[0].C
    joint = np.linalg.inv(C[:9, :9])
    centred = rows - rows.mean(axis=0)
    wanted = centred @ (C[9:, :9] @ joint).T
    np.testing.assert_allclose(solution.factor_scores(rows), wanted, atol=1e-10)


def test_bartlett_scores_reproduce_error_free_answers(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger, meanstructure=True)
    random = np.random.default_rng(1)
    eta = random.normal(size=(20, 3))
    group = solution.fit.model.groups[0]
    A, _, _ = group.matrices(solution.fit.theta)
    rows = solution.implied[0].mu + eta @ A[:9, 9:].T
    np.testing.assert_allclose(solution.factor_scores(rows, method="Bartlett"), eta, atol=1e-9)
    shrunk = solution.factor_scores(rows)
    assert (shrunk.std(axis=0) < eta.std(axis=0)).all()


def test_bartlett_scores_need_items(holzinger: pd.DataFrame) -> None:
    solution = fit(f"{THREE}\ng =~ visual + textual + speed", holzinger)
    rows = holzinger[ITEMS].to_numpy(float)
    with pytest.raises(ModelError, match="Bartlett"):
        solution.factor_scores(rows, method="Bartlett")
    assert solution.factor_scores(rows).shape == (301, 4)


# Second engine

STUDY_MODELS = (
    "spanish_bank/core",
    "servqual_babakus_boller/second_order",
    "yoo_donthu_lee/core",
    "galeries_lafayette_berlin/published",
    "bliemel2004/core",
)


@pytest.mark.parametrize("key", STUDY_MODELS)
def test_second_engine_agrees_on_real_studies(key: str) -> None:
    """Second-order factors, residual covariances of factors, forty items."""
    compared = sem(STUDIES[key]["model"], published(key.split("/")[0])).second_engine
    assert compared is not None
    assert compared.agrees
    assert compared.max_difference_std < 2e-3
    free = [r for r in STUDIES[key]["estimates"]["rows"] if r[4]]
    assert len(compared.rows) == len([r for r in free if r[1] != ":="])


def test_second_engine_sees_through_free_intercepts(holzinger: pd.DataFrame) -> None:
    plain = fit(THREE, holzinger).second_engine
    means = fit(THREE, holzinger, meanstructure=True).second_engine
    assert plain is not None and plain == means


@pytest.mark.parametrize(
    "model",
    [
        "x1 ~ x2 + x3",  # fixed covariates
        f"{THREE}\nvisual ~~ 0.3*textual",  # another fixed value than 0 or 1
        THREE.replace("x2", "a*x2").replace("x3", "a*x3"),  # equality
        f"{THREE}\nx1 ~ 0*1\nvisual ~ 1",  # a mean structure that restricts
        "x1 ~~ x2\nx2 ~~ x3",  # no regression that semopy would read
        f"{THREE}\nx1 ~~ 1*x1",  # a fixed variance, which standardizing would change
        f"{THREE.replace('x1', 'NA*x1')}\nvisual ~~ 1*visual",  # semopy fixes x1 as well
    ],
)
def test_second_engine_keeps_out_of_what_semopy_gets_wrong(
    model: str, holzinger: pd.DataFrame
) -> None:
    solution = fit(model, holzinger)
    assert solution.outcome.estimated
    assert solution.second_engine is None


def test_second_engine_keeps_out_of_unit_variance_factors(holzinger: pd.DataFrame) -> None:
    """semopy would fix a loading besides the variance: not comparable, so no disagreement."""
    assert fit(THREE, holzinger, std_lv=True).second_engine is None


def test_second_engine_accepts_a_residual_variance_of_zero(holzinger: pd.DataFrame) -> None:
    compared = fit(f"{THREE}\nx1 ~~ 0*x1", holzinger).second_engine
    assert compared is not None and compared.agrees


def test_second_engine_notices_another_answer(holzinger: pd.DataFrame) -> None:
    """A comparison with one wrong row, or one that is missing, does not agree."""
    compared = fit(THREE, holzinger).second_engine
    assert compared is not None and compared.agrees
    assert not replace(compared, max_difference_std=0.011).agrees
    assert not replace(compared, max_difference_se=float("inf")).agrees
    assert second_engine._difference(0.5, float("nan")) == float("inf")
