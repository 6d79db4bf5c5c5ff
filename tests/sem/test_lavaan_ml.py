"""All reference results of single-group ML that are kept beside the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sem.cases import MEANS, MOBI, PLAIN, Case
from sem.cases import solve as fit_shared
from sem.reference import (
    Array,
    Reference,
    assert_equal_lavaan,
    read_columns,
    read_shared,
    score_differences,
)

from analysis.sem import Moments, Solution, sem


def solve(case: Case, shared: Path) -> tuple[Solution, Reference, Mapping[str, Array]]:
    solution, reference = fit_shared(case, shared)
    return solution, reference, read_columns(shared / "golden" / "data" / case.data)


@pytest.mark.parametrize("case", PLAIN, ids=lambda c: c.name)
def test_fit_equals_lavaan(case: Case, shared_dir: Path) -> None:
    solution, reference, _ = solve(case, shared_dir)
    assert reference.raw["converged"]
    assert_equal_lavaan(solution, reference, skip=case.skip)
    assert_covariance_of_estimates_equals(solution, reference)


def assert_covariance_of_estimates_equals(solution: Solution, reference: Reference) -> None:
    theirs = np.array(reference.raw["vcov"]["values"])
    names, wanted = list(solution.fit.model.names), reference.raw["vcov"]["rows"]
    assert sorted(names) == sorted(wanted)
    # Equal labels repeat, in the same order in both; only growth() has another order.
    order = range(len(names)) if names == wanted else [names.index(name) for name in wanted]
    assert solution.inference.vcov is not None
    ours = solution.inference.vcov[np.ix_(order, order)]
    scale = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", PLAIN, ids=lambda c: c.name)
def test_outcome_agrees_with_lavaan_post_check(case: Case, shared_dir: Path) -> None:
    solution, reference, _ = solve(case, shared_dir)
    assert solution.outcome.estimated
    assert solution.outcome.admissible is reference.raw["post.check"]
    assert bool(solution.findings) is not solution.outcome.admissible


WITH_SCORES = ("a_mobi_cfa_ML", "a_mobi_cfa_ML_stdlv", "b_mobi_sem_ML", "b2_mobi_sem_ML",
               "b3_sim500_sem_ML", "e_HS39_single_ML", "f_PolDem_ML")  # fmt: skip


@pytest.mark.parametrize("case", [c for c in PLAIN if c.name in WITH_SCORES], ids=lambda c: c.name)
def test_factor_scores_equal_lavaan(case: Case, shared_dir: Path) -> None:
    solution, reference, columns = solve(case, shared_dir)
    rows = np.column_stack([columns[name] for name in solution.names])
    found = list(score_differences(solution, rows, reference))
    assert {d.kind for d in found} == {"scores.regression", "scores.Bartlett"}
    assert max(d.excess({}) for d in found) <= 1.0


@pytest.mark.parametrize("name", ["a_mobi_cfa_ML_mean", "e_HS39_single_ML_mean"])
def test_free_means_leave_no_residual(name: str, shared_dir: Path) -> None:
    solution, _, _ = solve(next(c for c in PLAIN if c.name == name), shared_dir)
    mean = solution.residuals.mean
    assert mean is not None and np.abs(mean).max() < 1e-12


def test_residual_means_equal_lavaan(shared_dir: Path) -> None:
    case = next(c for c in PLAIN if c.name == "l_growth_simple_ML")
    solution, reference, _ = solve(case, shared_dir)
    theirs = reference.raw["residuals_raw"]
    residuals = solution.residuals
    assert residuals.mean is not None and residuals.mean_z is not None
    for part, ours in (("mean", residuals.mean), ("mean.z", residuals.mean_z)):
        values = [theirs[part][name] for name in residuals.names]
        np.testing.assert_allclose(ours, values, rtol=1e-5, atol=1e-8)


def covariance_file(path: Path) -> tuple[list[str], Array]:
    columns = read_columns(path)
    names = [name for name in columns if name]
    return names, np.column_stack([columns[name] for name in names])


WHEATON, MOBI_COV = "wheaton_cov.csv", "mobi_cov18.csv"


@pytest.mark.parametrize(
    ("name", "file", "n", "given", "options"),
    [
        ("h_wheaton_cov_ML", WHEATON, 932, {}, {}),
        ("h_wheaton_cov_ML_norescale", WHEATON, 932, {"rescale": False}, {}),
        ("h_wheaton_cov_ML_wishart", WHEATON, 932, {}, {"likelihood": "wishart"}),
        ("h_mobi_sem_cov_ML", MOBI_COV, 250, {}, {}),
        ("h_mobi_sem_covmean_ML", MOBI_COV, 250, {}, {"meanstructure": True}),
    ],
)
def test_fit_of_a_published_matrix_equals_lavaan(
    name: str, file: str, n: int, given: dict[str, Any], options: dict[str, Any], shared_dir: Path
) -> None:
    reference = read_shared(shared_dir / "golden" / f"{name}.json")
    names, covariances = covariance_file(shared_dir / "golden" / "data" / file)
    if options.get("meanstructure"):
        answers = read_columns(shared_dir / "data" / "mobi.csv")
        given = {"means": [answers[item].mean() for item in names]}
    moments = Moments.from_published(names=names, n=n, covariances=covariances, **given)
    assert_equal_lavaan(sem(reference.model, moments, **options), reference)


# Nonlinear constraints: lavaan stops at a gradient of 1e-5, whose distance from the minimum is
# of the order 1e-6 in the estimates.
ESTIMATED = [
    "est",
    "se",
    "std.lv",
    "std.all",
    "std.all.se",
    "r2",
    "implied",
    "residual",
    "residual.cor",
]
UNPOLISHED = dict.fromkeys(ESTIMATED, (1e-4, 1e-5)) | {"measure": (1e-5, 1e-6)}
# Modification indices in the files belong to fixed covariates, z to residuals that are nearly 0.
NO_REFERENCE = frozenset({"residual.se", "mi", "epc", "sepc.lv", "sepc.all"})


@pytest.mark.parametrize("name", ["i_nonlinear_eq_ML", "i_nonlinear_ineq_ML"])
def test_nonlinear_constraints_equal_lavaan(name: str, shared_dir: Path) -> None:
    case = Case(name, "nonlin_con.csv")
    solution, reference, _ = solve(case, shared_dir)
    # The second model is worse than independence, for which lavaan calls the RFI 1.
    measures = {k: v for k, v in reference.measures.items() if k != "rfi"}
    reference = replace(reference, measures=measures)
    assert_equal_lavaan(solution, reference, bars=UNPOLISHED, skip=NO_REFERENCE)


def test_default_tolerance_of_lavaan_is_near(shared_dir: Path) -> None:
    """lavaan as users run it, not polished: the same to five digits, of chi-square to nine."""
    solution, reference, _ = solve(Case("b_mobi_sem_ML_defaulttol", MOBI), shared_dir)
    near = dict.fromkeys(("mi", "epc", "sepc.lv", "sepc.all", "residual.se"), (0.0005, 0.0005))
    near |= dict.fromkeys(UNPOLISHED, (0.0001, 0.0001)) | {"measure": (1e-6, 1e-6)}
    assert_equal_lavaan(solution, reference, bars=near)
    chi2 = solution.measures["chisq"].value
    assert chi2 == pytest.approx(reference.measures["chisq"], rel=1e-9)


def test_modification_never_points_at_fixed_covariates(shared_dir: Path) -> None:
    """lavaan lists ``image ~ loy`` (1.87) under fixed.x, from a likelihood that holds no image.

    Under random x, where all of it is defined, the test is 1.58 and equal for equivalent models.
    """
    fixed, _, _ = solve(Case("l_path_observed_fixedx_ML", MEANS), shared_dir)
    free, _, _ = solve(Case("l_path_observed_randomx_ML", MEANS, {"fixed_x": False}), shared_dir)
    covariates = {"image", "quality"}
    assert not [m for m in fixed.modification_indices if m.op == "~" and m.lhs in covariates]
    assert {round(m.mi, 6) for m in free.modification_indices} == {1.576572}
