"""Difference tests against the reference results that are kept beside the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.compared import THREE, moments_for

from analysis.errors import ModelError
from analysis.sem import Moments, Solution, sem
from analysis.sem.difference import compare, difference_test, inference_at, parameters_by_name
from analysis.sem.robust import meat, moment_correction
from analysis.sem.stacked import blocks, gammas

LADDER = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
    "strict_means": ("loadings", "intercepts", "residuals", "means"),
}


def near(value: float, rel: float = 1e-5) -> Any:
    return pytest.approx(value, rel=rel, abs=1e-9)


def holzinger_ladder(shared: Path, estimator: str) -> list[Solution]:
    frame = pd.read_csv(shared / "golden" / "data" / "HS39.csv")
    data = moments_for(THREE, frame, "school")
    return [sem(THREE, data, estimator=estimator, group_equal=e) for e in LADDER.values()]  # type: ignore[arg-type]


def shared_json(shared: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "golden" / f"{name}.json").read_text("utf-8"))
    return found


def assert_steps(
    solutions: list[Solution], table: list[dict[str, Any]], *, rel: float = 1e-5, **options: Any
) -> None:
    for i in range(1, len(solutions)):
        test = difference_test(solutions[i], solutions[i - 1], **options)
        assert test.stat == near(table[i]["Chisq diff"], rel)
        assert test.df == near(table[i]["Df diff"])
        assert test.p == near(table[i]["Pr(>Chisq)"], 10 * rel)


def test_ml_ladder_equals_lavaan(shared_dir: Path) -> None:
    solutions = holzinger_ladder(shared_dir, "ML")
    table = shared_json(shared_dir, "e_HS39_school_ML_LRT")["default"]["table"]
    assert_steps(solutions, table)
    for ours, theirs in zip(compare(*reversed(solutions)), table, strict=True):
        assert (ours.df, ours.chisq) == (theirs["Df"], near(theirs["Chisq"]))
        assert (ours.aic, ours.bic) == (near(theirs["AIC"], 1e-9), near(theirs["BIC"], 1e-9))
        assert ours.difference is None or ours.difference.rmsea == near(theirs["RMSEA"])


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("default", {}),
        ("satorra.bentler.2001", {"method": "satorra.bentler.2001"}),
        ("satorra.2000", {"method": "satorra.2000"}),
        ("satorra.2000_scaled.shifted", {"method": "satorra.2000"}),
    ],
)
def test_mlr_ladder_equals_lavaan(key: str, options: dict[str, Any], shared_dir: Path) -> None:
    table = shared_json(shared_dir, "e_HS39_school_MLR_LRT")[key]["table"]
    assert_steps(holzinger_ladder(shared_dir, "MLR"), table, **options)


@pytest.mark.parametrize("key", ["satorra.bentler.2010", "satorra.2000_exact"])
def test_mlr_ladder_equals_lavaan_where_names_suffice(key: str, shared_dir: Path) -> None:
    """All steps but the scalar one, which frees factor means that the metric model fixes.

    There lavaan evaluates the metric model where its means are not the scalar model's (2010), or
    leaves the factor means out of nine equal intercepts to test six (exact). Both of its numbers
    follow from that.
    """
    table = shared_json(shared_dir, "e_HS39_school_MLR_LRT")[key]["table"]
    solutions = holzinger_ladder(shared_dir, "MLR")
    by_satorra = key.startswith("satorra.2000")
    options: dict[str, Any] = {"method": "satorra.2000" if by_satorra else key}
    options |= {"restriction": "exact"} if by_satorra else {}
    assert_steps(solutions[:2], table[:2], **options)
    assert_steps(solutions[2:], table[2:], **options)
    metric, scalar = solutions[1:3]
    theirs = table[2]["Chisq diff"]
    if by_satorra:
        assert lavaan_exact(scalar, metric) == near(theirs)
    else:
        assert lavaan_2010(scalar, metric) == near(theirs)
        assert difference_test(scalar, metric, **options).stat == near(40.048745)


def lavaan_2010(restricted: Solution, general: Solution) -> float:
    """The general model's scaling where all namesakes agree."""
    at = inference_at(general, parameters_by_name(restricted, general))
    assert at.correction is not None and restricted.inference.correction is not None
    T0, T1 = restricted.inference.test, general.inference.test
    mean = T0.df * restricted.inference.correction.factor - T1.df * at.correction.factor
    return (T0.stat - T1.stat) / (mean / (T0.df - T1.df))


def lavaan_exact(restricted: Solution, general: Solution) -> float:
    """The restriction without the parameters that the general model fixes."""
    keys = [(r.lhs, r.op, r.rhs, r.group) for r in general.fit.model.free]
    own = [(r.lhs, r.op, r.rhs, r.group) for r in restricted.fit.model.free]
    _, J = restricted.fit.constraints.equality(restricted.fit.theta)
    A = np.zeros((len(J), len(keys)))
    for j, key in enumerate(own):
        if key in keys:
            A[:, keys.index(key)] = J[:, j]
    fixed = [i for i, key in enumerate(keys) if key not in own]
    A = np.concatenate([A, np.eye(len(keys))[fixed]])
    Z = general.fit.constraints.basis(general.fit.theta)
    P = Z @ np.linalg.inv(Z.T @ general.inference.information @ Z) @ Z.T
    middle = np.linalg.pinv(A @ P @ A.T, rcond=1e-8)
    U = P @ A.T @ middle @ A @ P @ meat(blocks(general.fit), gammas(general.fit))
    T0, T1 = restricted.inference.test, general.inference.test
    df = int(T0.df - T1.df)
    how = moment_correction("scaled.shifted", df, float(np.trace(U)), float(np.trace(U @ U)))
    return (T0.stat - T1.stat) / how.factor + how.shift


ITEMS = [f"u{i}" for i in range(1, 9)]
STEPS = ("configural", "thresholds", "thr_loadings", "thr_load_int")


def categories(shared: Path) -> Moments:
    frame = pd.read_csv(shared / "golden" / "data" / "datCat.csv")
    return Moments.from_data(frame[ITEMS].to_numpy(float), ITEMS, group=[*frame["g"].astype(str)])


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_ordinal_ladder_equals_lavaan(parameterization: str, shared_dir: Path) -> None:
    """Wu & Estabrook's steps; every one frees what the one before fixes.

    So the exact restriction does not exist; lavaan's numbers for it leave those parameters out.
    """
    data = categories(shared_dir)
    solutions = []
    for step in STEPS:
        name = f"e_datCat_g_WLSMV_{parameterization}_{step}"
        if (shared_dir / "golden" / f"{name}.json").exists():
            model = shared_json(shared_dir, name)["model"]
            options: dict[str, Any] = {"ordered": ITEMS, "parameterization": parameterization}
            solutions.append(sem(model, data, **options))
    tables = shared_json(shared_dir, f"e_datCat_g_WLSMV_{parameterization}_LRT")
    assert len(solutions) >= 3
    assert_steps(solutions, tables["default"]["table"], rel=1e-4)
    for i in range(1, len(solutions)):
        with pytest.raises(ModelError) as error:
            difference_test(solutions[i], solutions[i - 1], restriction="exact")
        assert [m.code for m in error.value.messages] == ["compare.exact"]
        theirs = tables["satorra2000_exact"]["table"][i]["Chisq diff"]
        assert lavaan_exact(solutions[i], solutions[i - 1]) == near(theirs, 1e-4)


def test_ordinal_groups_equal_lavaan(shared_dir: Path) -> None:
    data = categories(shared_dir)
    model = shared_json(shared_dir, "e_datCat_g_WLSMV_native_configural")["model"]
    equal = sem(model, data, ordered=ITEMS, group_equal=("thresholds", "loadings"))
    table = shared_json(shared_dir, "e_datCat_native_LRT")["table"]
    assert_steps([sem(model, data, ordered=ITEMS), equal], table, rel=1e-4)
