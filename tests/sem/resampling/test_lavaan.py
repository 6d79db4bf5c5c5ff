"""Draws and intervals against lavaan 0.6-14, given the same resampled rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import FAILED, Batch, bootstrap, limits, refit
from analysis.sem.resampling.draws import bollen_stine, resampled, units_of
from analysis.sem.resampling.intervals import IntervalKind
from analysis.sem.resampling.quantities import quantities

GOLDEN = Path(__file__).parent / "golden" / "holzinger.json"
KINDS: dict[str, IntervalKind] = {"perc": "percentile", "norm": "normal", "basic": "basic"}
DATA = {"b2_mobi": "data/mobi.csv", "b3_sim500": "golden/data/sim500.csv"}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    return loaded


@pytest.fixture
def solution(golden: dict[str, Any], holzinger: pd.DataFrame) -> Solution:
    names = [f"x{i}" for i in range(1, 10)]
    return sem(golden["model"], Moments.from_data(holzinger[names].to_numpy(), names))


def test_polished_draws_equal_lavaan(golden: dict[str, Any], solution: Solution) -> None:
    found = refit(solution.fit, resampled(solution.fit.moments, np.array(golden["rows"]) - 1))
    theirs = np.array(golden["draws"])
    assert list(solution.fit.model.names) == golden["names"]
    np.testing.assert_allclose(found.theta, theirs[:, :-1], rtol=0, atol=1e-7)
    np.testing.assert_allclose(solution.n * found.value, theirs[:, -1], rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_from_the_same_draws_equal_lavaan(
    golden: dict[str, Any], solution: Solution, kind: str
) -> None:
    theta = np.array(golden["boot"])
    fit = solution.fit
    batch = resampled(fit.moments, np.zeros((len(theta), solution.n), dtype=int))
    blank = np.ones((len(theta), 1, 2, len(fit.model.groups[0].variables)))
    values = quantities(fit, batch, theta, blank)
    at = np.append(np.array(golden["estimates"]), [0.0, 0.0])
    a, b, c = (golden["names"].index(x) for x in "abc")
    at[-2:] = at[a] * at[b], at[c] + at[a] * at[b]
    keep = [i for i, row in enumerate(values.rows) if row.free or row.op == ":="]
    order = [row.free - 1 if row.free else len(at) - 2 + (row.lhs == "total") for row in
             (values.rows[i] for i in keep)]  # fmt: skip
    found = limits(KINDS[kind], values.raw[:, keep], at[order], definition="lavaan")
    if kind == "norm":
        # lavaan takes the bias of a defined parameter at the mean of the draws, and divisor D - 1.
        mean = theta.mean(axis=0)
        centre = 2.0 * at[-2:] - [mean[a] * mean[b], mean[c] + mean[a] * mean[b]]
        defined = np.stack([theta[:, a] * theta[:, b], theta[:, c] + theta[:, a] * theta[:, b]])
        half = ndtri(0.975) * defined.std(axis=1, ddof=1)
        found[:, -2:] = np.stack([centre - half, centre + half])
    theirs = np.array(golden["limits"][kind])
    # With "norm", lavaan's standard errors of effects are the delta method's from the draws' vcov.
    rows = slice(None, -2) if kind == "norm" else slice(None)
    np.testing.assert_allclose(found.T[rows], theirs[rows], rtol=0, atol=1e-9)


def _shared(shared_dir: Path, name: str) -> tuple[Solution, np.ndarray[Any, Any], dict[str, Any]]:
    stored = json.loads((shared_dir / "golden" / f"k_boot_{name}_ci.json").read_text("utf-8"))
    frame = pd.read_csv(shared_dir / DATA[name])
    solution = sem(stored["model"], Moments.from_data(frame.to_numpy(float), list(frame.columns)))
    path = shared_dir / "golden" / f"k_boot_{name}_idx_1based.csv.gz"
    rows = pd.read_csv(path, header=None).to_numpy() - 1
    return solution, rows, stored


@pytest.mark.parametrize("name", DATA)
def test_shared_polished_draws_equal_lavaan(shared_dir: Path, name: str) -> None:
    solution, rows, _ = _shared(shared_dir, name)
    path = shared_dir / "golden" / f"k_boot_{name}_lavaan_polished40.csv"
    theirs = pd.read_csv(path)
    found = refit(solution.fit, resampled(solution.fit.moments, rows[:40]))
    polished = theirs["grad"].to_numpy() < 1e-9
    assert polished.sum() >= 39
    names = list(solution.fit.model.names)
    np.testing.assert_allclose(
        found.theta[polished], theirs[names].to_numpy()[polished], rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("name", DATA)
def test_shared_default_draws_equal_lavaan_to_its_tolerance(shared_dir: Path, name: str) -> None:
    solution, rows, _ = _shared(shared_dir, name)
    path = shared_dir / "golden" / f"k_boot_{name}_lavaan_draws.csv.gz"
    theirs = pd.read_csv(path)[list(solution.fit.model.names)].to_numpy()
    found = refit(solution.fit, resampled(solution.fit.moments, rows))
    both = np.isfinite(theirs[:, 0]) & (found.status != FAILED)
    assert (found.status == FAILED).sum() <= np.isnan(theirs[:, 0]).sum()
    error = np.abs(found.theta[both] - theirs[both]).max(axis=1)
    assert np.median(error) < 1e-4
    assert (error > 1e-3).mean() < 0.01  # lavaan stopped short of flat minima


def test_shared_bca_equals_brute_force_with_jackknife(shared_dir: Path) -> None:
    solution, _, stored = _shared(shared_dir, "b3_sim500")
    boot = bootstrap(solution, draws=1, seed=1)
    a = boot.accelerations("raw")
    names = [row.label or f"{row.lhs}{row.op}{row.rhs}" for row in boot.point.rows]
    ours = {n: x for n, x, row in zip(names, a, boot.point.rows, strict=True) if row.op != ":="}
    ours |= {row.lhs: x for x, row in zip(a, boot.point.rows, strict=True) if row.op == ":="}
    theirs = stored["acc"]
    assert max(abs(ours[name] - theirs[name]) for name in theirs) < 1e-4
    path = shared_dir / "golden" / "k_boot_b3_sim500_lavaan_draws.csv.gz"
    draws = pd.read_csv(path)[list(theirs)].to_numpy()
    found = limits(
        "bca", draws, np.array([stored["est"][n] for n in theirs]),
        acceleration=np.array([theirs[n] for n in theirs]),
    )  # fmt: skip
    table = {row["par"]: (row["lo_type6"], row["hi_type6"]) for row in stored["bca_full"]}
    np.testing.assert_allclose(found.T, [table[n] for n in theirs], rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", DATA)
def test_shared_bollen_stine_equals_lavaan(shared_dir: Path, name: str) -> None:
    solution, rows, _ = _shared(shared_dir, name)
    stored = json.loads((shared_dir / "golden" / f"k_bollenstine_{name}.json").read_text("utf-8"))
    (units,) = units_of(bollen_stine(solution.fit))
    counts = np.stack([np.bincount(r, minlength=solution.n) for r in rows]).astype(float)
    found = refit(solution.fit, Batch(units.stats(counts)[:, None], len(solution.names)))
    reached = np.nanmean(solution.n * found.value >= stored["stat"])
    assert reached == pytest.approx(stored["pvalue"], abs=0.003)
