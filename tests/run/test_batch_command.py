"""``loyalty batch``, ``rerun`` and ``prune`` on a real study, from the file to the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from analysis.run import warm
from analysis.run.cli import main
from analysis.run.record import read_records

FILE = """
format = 1
title = { en = "Two ways", zh = "两种方式" }
study = "spanish_bank"
notebooks = ["20_structure"]
[parameters]
draws = 20
[[runs]]
model = "core"
[[runs]]
model = "core"
likelihood = "wishart"
[[runs]]
model = "core"
estimator = "DWLS"
"""


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def reports(fork_server: warm.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the batch above."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "ways.toml").write_text(FILE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(warm.VARIABLE, fork_server.path)
        output = ("--output", str(folder / "reports"))
        assert call("batch", str(folder / "ways.toml"), "--dry-run", *output) == 0
        assert not (folder / "reports").exists()
        assert call("batch", str(folder / "ways.toml"), *output) == 0
    return folder / "reports"


def test_a_batch_leaves_runs_manifest_page_tables_and_index(reports: Path) -> None:
    manifest = json.loads((reports / "batches/ways/manifest.json").read_text())
    assert manifest["counts"] == {"ok": 2, "failed": 0, "refused": 1, "left": 0}
    records = read_records(reports)
    assert [r["kernel"] for r in records] == ["forked", "forked"]
    page = (reports / "batches/ways/index.html").read_text()
    for record in records:
        assert f"../../{record['path']}/report.html" in page
        log = (reports / record["path"] / "run.log").read_text()
        assert "close" in log
    assert "Two ways" in page
    assert "DWLS" in page
    names = {p.name for p in (reports / "batches/ways").iterdir()}
    assert {"runs.csv", "values.csv", "differences.csv", "batch.xlsx", "index.html"} <= names
    assert "spanish_bank" in (reports / "index.html").read_text()
    values = (reports / "batches/ways/values.csv").read_text("utf-8-sig")
    assert values.count(",path,") == 2 * 6


def test_a_done_batch_does_nothing(
    reports: Path, forking: warm.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.stat().st_mtime_ns for p in reports.glob("spanish_bank/*/run.json")}
    file = str(reports.parent / "ways.toml")
    assert call("batch", file, "--output", str(reports)) == 0
    assert "0 to do, 2 done before, 1 refused" in capsys.readouterr().err
    assert before == {p: p.stat().st_mtime_ns for p in reports.glob("spanish_bank/*/run.json")}


def test_a_damaged_run_is_done_again(reports: Path, forking: warm.Server) -> None:
    folder = next(p for p in reports.glob("spanish_bank/*") if p.is_dir())
    piece = sorted((folder / "evidence").glob("*.json"))[0]
    whole = piece.read_bytes()
    piece.write_bytes(whole[:-10])
    file = str(reports.parent / "ways.toml")
    assert call("batch", file, "--output", str(reports)) == 0
    assert piece.read_bytes() == whole


def test_rerun_says_the_same_or_shows_the_difference(
    reports: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record = next(reports.glob("spanish_bank/*/run.json"))
    assert call("rerun", str(record)) == 0
    assert "byte for byte" in capsys.readouterr().out
    copy = tmp_path / "other"
    shutil.copytree(record.parent, copy)
    piece = next((copy / "evidence").glob("*fit-table.csv"))
    piece.write_text(piece.read_text() + "one more line\n", encoding="utf-8")
    content = json.loads((copy / "run.json").read_text())
    content["evidence_digest"] = "0" * 64
    content["digests"]["data"] = "1" * 64
    (copy / "run.json").write_text(json.dumps(content), encoding="utf-8")
    assert call("rerun", str(copy / "run.json")) == 1
    said = capsys.readouterr().out
    assert "data" in said
    assert piece.name in said
    assert "-one more line" in said
    (copy / "run.json").write_text("{}", encoding="utf-8")
    assert call("rerun", str(copy / "run.json")) == 2


def test_prune_removes_what_later_runs_replaced(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "reports"
    shutil.copytree(reports, target)
    folder = next(p for p in target.glob("spanish_bank/*") if p.is_dir())
    old = folder.with_name(folder.name[:-12] + "0" * 12)
    shutil.copytree(folder, old)
    content = json.loads((old / "run.json").read_text())
    content["started"] = "2020-01-01T00:00:00+00:00"
    (old / "run.json").write_text(json.dumps(content), encoding="utf-8")
    assert call("prune", "--dry-run", "--output", str(target)) == 0
    assert old.name in capsys.readouterr().out
    assert old.exists()
    assert call("prune", "--output", str(target)) == 0
    assert not old.exists()
    assert folder.exists()
    assert len(list(target.glob("spanish_bank/*"))) == 2


def test_a_wrong_file_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text(FILE.replace("wishart", "wishhart"), encoding="utf-8")
    reports = tmp_path / "reports"
    assert call("batch", str(tmp_path / "bad.toml"), "--output", str(reports)) == 2
    assert "runs[2].likelihood" in capsys.readouterr().err
    assert not reports.exists()
