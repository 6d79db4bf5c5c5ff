"""Robust, least-squares, multi-group, missing-data and ordinal fits: all shared references."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from sem.cases import ELSEWHERE, ESTIMATORS, SHARED, UNREPORTED, Case, solve
from sem.reference import Array, assert_equal_lavaan


@pytest.mark.parametrize("case", ESTIMATORS, ids=lambda c: c.name)
def test_fit_equals_lavaan(case: Case, shared_dir: Path) -> None:
    solution, reference = solve(case, shared_dir)
    assert reference.raw["converged"]
    assert_equal_lavaan(solution, reference, bars=case.bars, skip=case.skip)
    assert solution.outcome.admissible is reference.raw["post.check"]
    silent = set(reference.measures) - set(solution.measures)
    assert silent <= set(UNREPORTED), "lavaan reports more than the product says it does"


WITH_COVARIANCE = [c for c in ESTIMATORS if not fnmatch(c.name, "*datCat_g_WLSMV_[dt]*")]


@pytest.mark.parametrize("case", WITH_COVARIANCE, ids=lambda c: c.name)
def test_covariance_of_estimates_equals_lavaan(case: Case, shared_dir: Path) -> None:
    solution, reference = solve(case, shared_dir)
    theirs = np.array(reference.raw["vcov"]["values"])
    vcov = solution.inference.vcov
    assert vcov is not None and vcov.shape == theirs.shape
    scale = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
    rtol = 1e-4 if case.feature in ("ordinal", "listwise") else 1e-5
    np.testing.assert_allclose(vcov / scale, theirs / scale, rtol=0, atol=rtol)


def test_test_statistics_of_groups_add_up(shared_dir: Path) -> None:
    """The sum over groups of what lavaan prints for each is the chi-square here."""
    case = next(c for c in ESTIMATORS if c.name == "e_HS39_school_ML_scalar")
    solution, reference = solve(case, shared_dir)
    of_groups: Array = np.array(reference.raw["test"]["standard"]["stat.group"])
    assert solution.measures["chisq"].value == pytest.approx(of_groups.sum(), rel=1e-9)


def test_every_shared_file_is_compared_or_accounted_for(shared_dir: Path) -> None:
    files = {path.stem for path in (shared_dir / "golden").glob("*.json")}
    listed = {case.name for case in SHARED}
    assert len(listed) == len(SHARED)
    assert listed <= files
    forgotten = {f for f in files - listed if not any(fnmatch(f, p) for p in ELSEWHERE)}
    assert not forgotten
    assert not {f for f in listed if any(fnmatch(f, p) for p in ELSEWHERE)}
    unused = {p for p in ELSEWHERE if not any(fnmatch(f, p) for f in files)}
    assert not unused


def test_cases_that_leave_something_out_say_why() -> None:
    assert all(case.reason for case in SHARED if case.skip)
