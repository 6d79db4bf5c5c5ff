"""docs/parity.md, and the command that writes it and compares live."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from sem import cases


@pytest.fixture(scope="module")
def tool(root: Path) -> ModuleType:
    spec = spec_from_file_location("parity_tool", root / "tools" / "parity.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "parity.md").read_text("utf-8")


def names_in_tables(text: str) -> list[str]:
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row[1] for row in rows if len(row) > 8 and row[0] != "| feature"]


def test_every_case_is_in_the_report_once(text: str) -> None:
    named = names_in_tables(text)
    plain = json.loads((cases.GOLDEN / "cases.json").read_text("utf-8"))
    studies = json.loads((cases.GOLDEN / "studies.json").read_text("utf-8"))
    wanted = [c.name for c in (*cases.SHIPPED, *cases.SHARED)] + [*plain, *studies]
    assert sorted(named) == sorted(wanted)


def test_every_exception_and_omission_is_in_the_report(text: str) -> None:
    for case in (*cases.SHIPPED, *cases.SHARED):
        assert not case.reason or f"- {case.reason}" in text
    for name, words in (*cases.ELSEWHERE.items(), *cases.UNREPORTED.items()):
        assert f"- `{name}`: {words}" in text


def test_published_model_is_reported_as_it_is_now(text: str, tool: ModuleType) -> None:
    assert "\n".join(tool._galeries()) in text


def test_report_without_shared_files_keeps_their_section(
    root: Path, tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = root / "docs" / "parity.md"
    monkeypatch.setattr(tool, "SHARED", root / "no such folder")
    kept = "\n".join(tool._kept(target))
    assert all(f" {case.name} " in kept for case in cases.SHARED)
    assert not any(f" {case.name} " in kept for case in cases.SHIPPED)


def test_a_number_beyond_its_bar_is_told(tool: ModuleType) -> None:
    case = next(c for c in cases.SHIPPED if c.name == "hs_MLR")
    solution, reference = cases.solve_shipped(case), cases.shipped_reference(case)
    assert not tool.compared(case, solution, reference, case.bars).beyond
    wrong = dict(reference.measures) | {"cfi": reference.measures["cfi"] * 1.0001}
    row = tool.compared(case, solution, replace(reference, measures=wrong), case.bars)
    assert len(row.beyond) == 1 and row.beyond[0].startswith("measure cfi: ")
    assert 0.9e-4 < row.worst["fit"] < 1.1e-4


def test_live_comparison_is_skipped_without_r(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda program: None)
    assert tool.main([]) == 0
    assert capsys.readouterr().out == "parity: Rscript not found, skipped\n"


def test_live_comparison_fails_beyond_the_bars(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [tool.Row("one", "ML", worst={"est": 1e-9}), tool.Row("two", "ML", beyond=["est x: 1"])]
    monkeypatch.setattr(tool.shutil, "which", lambda program: "Rscript")
    done = tool.subprocess.CompletedProcess([], 0, "0.6.14")
    monkeypatch.setattr(tool.subprocess, "run", lambda *a, **k: done)
    monkeypatch.setattr(tool, "_run", lambda program, folder: folder)
    monkeypatch.setattr(tool, "shipped", lambda results: rows)
    assert tool.main([]) == 1
    said = capsys.readouterr().out
    assert "1 of 2 cases within the bars" in said and "est x: 1" in said


def test_other_arguments_are_refused(tool: ModuleType) -> None:
    with pytest.raises(SystemExit, match="usage"):
        tool.main(["--read"])
