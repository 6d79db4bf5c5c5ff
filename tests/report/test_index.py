from __future__ import annotations

from typing import Any

from report.pages import Page

from analysis.report import render_index

RECORD: dict[str, Any] = {
    "run": "20_structure-core",
    "status": "ok",
    "outcome": "converged",
    "study": "spanish_bank",
    "study_title": "Spanish bank",
    "notebook": "20_structure",
    "model": "core",
    "language": "en",
    "parameters": {"estimator": "ML"},
    "measures": {"chisq": 295.382, "df": 129, "cfi": 0.94, "rmsea": 0.0719, "srmr": 0.0631},
    "n": 250,
    "path": "spanish_bank/20_structure-core",
    "superseded": False,
}


def text(*records: dict[str, Any], language: str = "en") -> str:
    return " ".join(Page(render_index(records, language)).text.split())


def test_a_run_with_its_fit() -> None:
    shown = text(RECORD)
    for part in ("Spanish bank", "20_structure", "core", "ML", "English", "250", "2.29", ".940",
                 ".072", ".063", "admissible"):  # fmt: skip
        assert part in shown


def test_links_are_relative() -> None:
    page = Page(render_index([RECORD], "en"))
    assert {"href": "spanish_bank/20_structure-core/report.html"} in page.all("a")


def test_failed_runs_show_their_reason() -> None:
    failure = {"kind": "error", "step": "Sample", "name": "InputError", "text": "no such column"}
    record = {**RECORD, "status": "failed", "outcome": "", "measures": {}, "failure": failure}
    shown = text(record)
    assert "failed" in shown and "Sample · no such column" in shown
    assert "—" in shown


def test_improper_solutions_do_not_look_like_success() -> None:
    html = render_index([{**RECORD, "outcome": "improper"}], "zh")
    assert "不当解" in html
    assert "badge bad" in html


def test_superseded_runs_come_last() -> None:
    old = {**RECORD, "superseded": True, "model": "a"}
    html = render_index([old, RECORD], "en")
    assert html.index("<td>core</td>") < html.index("<td>a</td>")
    assert "superseded" in html


def test_links_cannot_leave_the_folder() -> None:
    for path in ("../x", "/etc", "a/../b", "javascript:x", "a//b", ""):
        assert not Page(render_index([{**RECORD, "path": path}], "en")).all("a")


def test_empty_and_broken_records() -> None:
    assert "No runs yet" in text()
    assert "尚无运行" in text(language="zh")
    render_index([{}, {"measures": {"cfi": "x", "chisq": None}, "n": "many", "failure": 3}], "en")


def test_screening_runs_say_what_was_done() -> None:
    html = render_index([{**RECORD, "outcome": "", "measures": {}}], "en")
    assert "finished" in html
    assert "badge bad" not in html
