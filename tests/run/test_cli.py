"""The command line: output, exit codes, and nothing run on bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.run import notebook
from analysis.run.cli import main
from analysis.run.fit_document import FitDocument

ATOL = 5e-4  # published figures have three decimals
BANK = {
    ("satisfaction", "quality"): 0.558,
    ("satisfaction", "image"): 0.356,
    ("image", "quality"): 0.671,
    ("loyalty", "satisfaction"): 0.443,
    ("loyalty", "image"): 0.199,
    ("loyalty", "quality"): 0.237,
}


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_fit_json_equals_lavaan(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fit", "spanish_bank", "--model", "core", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    FitDocument.model_validate(found)
    measures = {name: m["value"] for name, m in found["measures"].items()}
    assert measures["chisq"] == pytest.approx(295.382, abs=ATOL)
    assert measures["df"] == 129
    assert measures["cfi"] == pytest.approx(0.940, abs=ATOL)
    assert measures["tli"] == pytest.approx(0.928, abs=ATOL)
    assert measures["rmsea"] == pytest.approx(0.072, abs=ATOL)
    assert measures["srmr"] == pytest.approx(0.063, abs=ATOL)
    paths = {(e["lhs"], e["rhs"]): e["std_all"] for e in found["estimates"] if e["op"] == "~"}
    assert paths == pytest.approx(BANK, abs=ATOL)


def test_fit_says_that_an_improper_solution_supports_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("fit", "ecsi_mobile", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "improper"
    assert found["admissible"] is False
    assert found["findings"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_fit_prints_aligned_tables(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--language", language, "fit", "spanish_bank") == 0
    out = capsys.readouterr().out
    assert "295.38" in out
    assert "{" not in out


def test_the_schema_is_printed_without_a_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fit", "--json-schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["schema"]["const"] == "loyalty.fit/1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "spanish_bnak"), "spanish_bank"),
        (("fit", "spanish_bank", "--model", "cor"), "Did you mean 'core'"),
        (("fit", "spanish_bank", "--estimator", "WLSMV"), "Choose one of: ML"),
        (("run", "spanish_bank", "-p", "bramd=x"), "Did you mean 'brand'"),
        (("run", "spanish_bank", "-n", "20_struct"), "20_structure"),
        (("run", "spanish_bank", "-p", "brand=A"), "published matrix without rows"),
        (("run", "spanish_bank", "-p", "language"), "NAME=VALUE"),
        (("check", "nowhere"), "nowhere"),
        (("new", "../x", "--from", __file__), "cannot be the name"),
    ],
)
def test_bad_input_exits_with_2_and_a_short_message(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    extra = ("--output", str(tmp_path / "reports")) if arguments[0] == "run" else ()
    assert call(*arguments, *extra) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not (tmp_path / "reports").exists()


def test_messages_follow_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--language", "zh", "fit", "spanish_bank", "--model", "cor") == 2
    assert "是否想写“core”" in capsys.readouterr().err


def test_studies_lists_the_default_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("studies") == 0
    lines = capsys.readouterr().out.splitlines()
    bank = next(line for line in lines if line.startswith("spanish_bank"))
    assert "250" in bank
    assert "core" in bank


def test_check_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "spanish_bank") == 0
    out = capsys.readouterr().out
    assert "model core: 42 free parameters, 4 latent variables" in out
    assert "spanish_bank: ready" in out


def test_version_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith("loyalty, version ")
    assert call("fit") == 2
    assert call("frobnicate") == 2


def test_unexpected_errors_are_short_without_debug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("analysis.run.commands.studies", fail)
    assert call("studies") == 1
    assert "Traceback" not in capsys.readouterr().err
    assert call("--debug", "studies") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_no_report(
    blow: signal.Signals, code: int, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    command = (
        sys.executable,
        "-m",
        "analysis.run",
        "run",
        "spanish_bank",
        "--output",
        str(reports),
    )
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(reports.glob("*/.making-*/run.log")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1.0)
    process.send_signal(blow)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in said
    assert [p for p in reports.rglob("*") if not p.name.startswith(".") and p.is_file()] == []
    assert not [p for p in Path("/proc").glob("[0-9]*") if _belongs_to(p, process.pid)]


def _belongs_to(process: Path, session: int) -> bool:
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(state[1]) == session and state[0] != "Z" and int(process.name) != os.getpid()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with a data file beside it."""
    (tmp_path / "project/data/raw").mkdir(parents=True)
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path / "project"))
    rng = np.random.default_rng(5)
    quality = rng.normal(size=200)
    satisfaction = 0.6 * quality + 0.8 * rng.normal(size=200)
    lines = ["q1,q2,q3,s1,s2,s3"]
    for q, s in zip(quality, satisfaction, strict=True):
        answers = 4 + 1.2 * (np.repeat([q, s], 3) + 0.6 * rng.normal(size=6))
        lines.append(",".join(str(int(a)) for a in np.clip(np.round(answers), 1, 7)))
    (tmp_path / "answers.csv").write_text("\n".join(lines))
    return tmp_path / "project"


def test_a_problem_of_several_notebooks_is_said_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("run", "survey", "-p", "language=fr") == 2
    assert capsys.readouterr().err.count("language = 'fr'") == 1


def test_new_drafts_a_study_that_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (project.parent / "answers.csv").rename(project.parent / "调查 2026.csv")
    assert call("new", "mine", "--from", str(source)) == 0
    folder = project / "data/raw/mine"
    assert (folder / "answers.csv").read_bytes() == source.read_bytes()
    assert "s =~ s1 + s2 + s3" in (folder / "models/core.lav").read_text()
    assert call("new", "mine", "--from", str(source)) == 2
    assert call("check", "mine") == 0
    assert call("run", "mine", "-n", "20_structure") == 0
    assert "converged" in capsys.readouterr().out
    records = json.loads((project / "reports/index.json").read_text())
    assert [(r["study"], r["status"], r["outcome"]) for r in records] == [
        ("mine", "ok", "converged")
    ]
    (folder / "models/core.lav").unlink()
    assert call("run", "mine") == 2
    assert "models/core.lav" in capsys.readouterr().err


def test_a_run_is_repeated_to_the_byte_in_either_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language in ("en", "zh"):
        seen = []
        for number in (1, 2):
            reports = tmp_path / f"{language}{number}"
            arguments = ("-p", f"language={language}", "-n", "10_measurement")
            assert call("run", "ecsi_mobile", *arguments, "--output", str(reports)) == 0
            (folder,) = (p.parent for p in reports.glob("*/*/run.json"))
            timed = ("run.json", "run.log")
            names = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in timed)
            seen.append({str(p.relative_to(reports)): p.read_bytes() for p in names})
        assert seen[0] == seen[1]
        assert len(seen[0]) > 20
        report = next(v for k, v in seen[0].items() if k.endswith("report.html")).decode()
        assert f'lang="{language}' in report
        assert "http-equiv" in report
        assert str(tmp_path) not in report
    assert "不当解" in capsys.readouterr().out


def test_a_failed_run_exits_with_1_and_names_the_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = notebook.read(Path(__file__).parents[2] / "notebooks/20_structure.ipynb")
    broken.cells[6].source = "1 / 0"
    path = tmp_path / "broken.ipynb"
    notebook.write(broken, path)
    monkeypatch.setattr("analysis.run.jobs.notebook_path", lambda name, root: path)
    assert call("run", "spanish_bank", "-n", "20_structure", "--output", str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "The step 'The model' stopped: division by zero" in out
    (folder,) = (p.parent for p in tmp_path.glob("*/*/run.json"))
    assert folder.name.endswith("-failed")
    assert "division by zero" in (folder / "report.html").read_text()
