"""lavaan's results on data that the product ships; made by ``golden/make_golden.R``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sem.cases import (
    SHARED,
    SHIPPED,
    UNREPORTED,
    Case,
    shipped_reference,
    solve_plain,
    solve_shipped,
)
from sem.reference import (
    assert_equal_lavaan,
    compact,
    differences,
    published,
    score_differences,
)

from analysis.sem import sem

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, dict[str, Any]] = json.loads((GOLDEN / "cases.json").read_text("utf-8"))
STUDIES: dict[str, dict[str, Any]] = json.loads((GOLDEN / "studies.json").read_text("utf-8"))

# lavaan's own stopping rule, where nonlinear constraints keep it from being polished.
ESTIMATED = [
    "est",
    "se",
    "std.lv",
    "std.all",
    "std.all.se",
    "r2",
    "implied",
    "latent",
    "residual",
    "residual.se",
]
SCORES = ("scores.regression", "scores.Bartlett")
UNPOLISHED = dict.fromkeys(ESTIMATED, (2e-4, 2e-5)) | dict.fromkeys(SCORES, (1e-4, 1e-4))
UNPOLISHED["measure"] = (1e-5, 1e-5)


def rows_of(name: str, request: pytest.FixtureRequest) -> pd.DataFrame | None:
    return request.getfixturevalue(name) if name in ("holzinger", "political_democracy") else None


@pytest.mark.parametrize("name", CASES)
def test_fit_equals_lavaan(name: str, request: pytest.FixtureRequest) -> None:
    reference = compact(json.loads((GOLDEN / f"{name}.json").read_text("utf-8")))
    frame = rows_of(reference.raw["data"], request)
    solution = solve_plain(reference)
    # See test_lavaan_ml.py for what the observed information does to residuals.
    skip = {"residual.se"} if reference.raw["options"].get("information") == "observed" else set()
    bars = {} if reference.raw["polished"] else UNPOLISHED
    assert_equal_lavaan(solution, reference, bars=bars, skip=frozenset(skip))
    assert solution.outcome.admissible is reference.raw["proper"]
    if frame is not None and reference.scores:
        rows = frame[list(solution.names)].to_numpy(float)
        scores = score_differences(solution, rows, reference)
        assert max(d.excess(bars) for d in scores) <= 1.0


@pytest.mark.parametrize("key", STUDIES)
def test_every_published_study_equals_lavaan(key: str) -> None:
    reference = compact(STUDIES[key])
    solution = sem(reference.model, published(key.split("/")[0]))
    assert_equal_lavaan(solution, reference)
    assert solution.outcome.admissible is reference.raw["proper"]


def test_reference_covers_every_quantity() -> None:
    """No file lost a part: each kind of number is compared somewhere, most of them by thousands."""
    reference = compact(json.loads((GOLDEN / "spanish_bank_core.json").read_text("utf-8")))
    counted: dict[str, int] = {}
    for d in differences(solve_plain(reference), reference):
        counted[d.kind] = counted.get(d.kind, 0) + 1
    per_row = dict.fromkeys(("est", "se", "std.lv", "std.all", "std.all.se"), 54)
    per_index = dict.fromkeys(("mi", "epc", "sepc.lv", "sepc.all"), 20)
    matrices = {"implied": 171, "latent": 10, "residual": 171}
    rest = {"measure": len(MEASURES) - 2, "limit": 2, "r2": 21}
    rest["residual.se"] = counted["residual.se"]
    assert counted == per_row | per_index | matrices | rest
    assert counted["residual.se"] > 130


# What lavaan prints of a single-group ML fit and the product reports under the same name.
MEASURES = [
    "npar",
    "fmin",
    "chisq",
    "df",
    "pvalue",
    "baseline.chisq",
    "baseline.df",
    "baseline.pvalue",
    "cfi",
    "tli",
    "nnfi",
    "rfi",
    "nfi",
    "pnfi",
    "ifi",
    "rni",
    "logl",
    "unrestricted.logl",
    "aic",
    "bic",
    "ntotal",
    "bic2",
    "rmsea",
    "rmsea.ci.lower",
    "rmsea.ci.upper",
    "rmsea.pvalue",
    "rmsea.notclose.pvalue",
    "rmr",
    "srmr",
    "crmr",
    "cn_05",
    "cn_01",
    "gfi",
    "agfi",
    "pgfi",
    "mfi",
    "ecvi",
]


def test_spanish_bank_gives_the_published_figures() -> None:
    reference = compact(json.loads((GOLDEN / "spanish_bank_core.json").read_text("utf-8")))
    solution = solve_plain(reference)
    rounded = {name: round(solution.measures[name].value, 3) for name in MEASURES}
    wanted = {
        "chisq": 295.382,
        "df": 129,
        "cfi": 0.940,
        "tli": 0.928,
        "rmsea": 0.072,
        "srmr": 0.063,
    }
    assert {name: rounded[name] for name in wanted} == wanted
    paths = {
        ("satisfaction", "quality"): 0.558, ("satisfaction", "image"): 0.356,
        ("image", "quality"): 0.671, ("loyalty", "satisfaction"): 0.443,
        ("loyalty", "image"): 0.199, ("loyalty", "quality"): 0.237,
    }  # fmt: skip
    got = {key: round(solution.estimate(key[0], "~", key[1]).std_all, 3) for key in paths}
    assert got == paths
    assert solution.outcome.admissible and not solution.findings


def test_ecsi_mobile_is_called_improper() -> None:
    reference = compact(json.loads((GOLDEN / "ecsi_mobile_core.json").read_text("utf-8")))
    solution = solve_plain(reference)
    assert not solution.outcome.admissible
    assert "sem.negative_latent_variance" in {f.code for f in solution.findings}
    assert any("loyalty" in f.text() for f in solution.findings)


@pytest.mark.parametrize("case", SHIPPED, ids=lambda c: c.name)
def test_estimator_equals_lavaan(case: Case) -> None:
    solution, reference = solve_shipped(case), shipped_reference(case)
    assert reference.raw["polished"] is (case.feature != "nonlinear constraints")
    assert_equal_lavaan(solution, reference, bars=case.bars, skip=case.skip)
    assert solution.outcome.admissible is reference.raw["proper"]
    assert set(reference.measures) - set(solution.measures) <= set(UNREPORTED)


def test_shipped_features_are_those_of_the_shared_files() -> None:
    features = {case.feature for case in SHIPPED}
    shared = {case.feature for case in SHARED} - {"ML", "means", "growth"}
    assert shared <= features
    assert len({case.name for case in SHIPPED}) == len(SHIPPED)
