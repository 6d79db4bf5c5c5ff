"""Every model of every shipped study against lavaan, where R has it (``make parity``)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data import load_study
from analysis.run.params import StructureParams
from analysis.run.resolve import moments, observed, parse
from analysis.sem import Solution, sem

pytestmark = pytest.mark.parity
STUDIES = sorted({p.parts[-3] for p in Path(__file__).parents[2].glob("data/raw/*/models/*.lav")})
# lavaan's optimizer stops up to 3e-3 from the optimum; chi-square is flat there.
ESTIMATES = {"rtol": 5e-3, "atol": 5e-3}
MEASURES = {"rtol": 1e-5, "atol": 1e-6}
INDICES = ["chisq", "df", "pvalue", "baseline.chisq", "cfi", "tli", "rmsea", "srmr", "aic", "bic"]


@pytest.fixture(scope="module")
def rscript() -> str:
    program = shutil.which("Rscript")
    probe = [program or "", "-e", "library(lavaan)"]
    if program is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("R with the package lavaan is not installed")
    return program


def _solve(study: str, folder: Path) -> dict[str, Solution]:
    """Our solution of each model, after writing what lavaan needs to ``folder``."""
    found = {}
    loaded = load_study(study)
    for name, model in loaded.models.items():
        syntax = parse(model)
        data = moments(loaded.data, observed(syntax), StructureParams(study=study))
        found[name] = sem(syntax, data, meanstructure=False, missing="listwise")
        cov = pd.DataFrame(data.groups[0].cov, data.names, data.names)
        cov.to_csv(folder / f"{name}.csv")
        (folder / f"{name}.n").write_text(f"{data.n}\n", "utf-8")
        (folder / f"{name}.lav").write_text(model.text, "utf-8")
    return found


@pytest.mark.parametrize("study", STUDIES)
def test_study_equals_lavaan(study: str, rscript: str, tmp_path: Path) -> None:
    solutions = _solve(study, tmp_path)
    subprocess.run([rscript, str(Path(__file__).with_name("parity.R")), str(tmp_path)], check=True)
    for name, solution in solutions.items():
        if not (tmp_path / f"{name}.measures").exists():
            continue  # lavaan does not converge
        theirs = pd.read_csv(tmp_path / f"{name}.estimates").set_index(["lhs", "op", "rhs"])
        ours = pd.DataFrame(
            {(e.lhs, e.op, e.rhs): (e.est, e.se, e.std_all) for e in solution.estimates},
            index=["est", "se", "std.all"],
        ).T.loc[theirs.index]
        np.testing.assert_allclose(ours.fillna(0), theirs.fillna(0), **ESTIMATES, err_msg=name)
        values = pd.read_csv(tmp_path / f"{name}.measures", index_col=0)["value"][INDICES]
        measured = [solution.measures[index].value for index in INDICES]
        np.testing.assert_allclose(measured, values, **MEASURES, err_msg=name)
