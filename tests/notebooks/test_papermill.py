"""Plain papermill, without this project's runner."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis.run import notebook

PAPERMILL = """
from analysis.run.stub import skip_rfc3987
skip_rfc3987()
from papermill.cli import papermill
papermill()
"""
ROOT = Path(__file__).parents[2]


def papermill(cwd: Path, source: str, target: Path, *arguments: str) -> tuple[int, str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PAPERMILL, source, str(target), "-k", "python3",
         "--no-progress-bar", *arguments],
        cwd=cwd, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stderr, notebook.read(target) if target.exists() else None


def test_from_the_root(tmp_path: Path) -> None:
    code, said, executed = papermill(
        ROOT, "notebooks/20_structure.ipynb", tmp_path / "out.ipynb", "-p", "study", "ecsi_mobile"
    )
    assert code == 0, said
    assert notebook.problems(executed) == ()
    left = notebook.record(executed)
    assert left is not None
    assert left["outcome"] == "improper"
    assert left["verdict"] == "none"


def test_from_another_folder_with_a_copy(tmp_path: Path) -> None:
    shutil.copy(ROOT / "notebooks/10_measurement.ipynb", tmp_path)
    code, said, executed = papermill(
        tmp_path, "10_measurement.ipynb", tmp_path / "out.ipynb", "-p", "language", "zh"
    )
    assert code == 0, said
    assert notebook.problems(executed) == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "bramd", "x"), "Did you mean 'brand'?"),
        (("-p", "channel", "True"), "yes/no value"),
        (("-p", "language", "zh", "-p", "model", "cor"), "是否想写“core”"),
    ],
)
def test_bad_parameters_stop_the_first_cell(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, said, executed = papermill(
        ROOT, "notebooks/20_structure.ipynb", tmp_path / "out.ipynb", *arguments
    )
    assert code == 1
    assert words in said
    assert notebook.step(executed, notebook.failing_cell(executed) or 0) == "Structural model"
    assert not list(notebook.payloads(executed, notebook.EVIDENCE_MIME))
