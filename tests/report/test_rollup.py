"""The page over many runs: complete, safe, quick, and readable on a phone."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from analysis.report.rollup import render_rollup
from analysis.report.rollup_records import RolledDifference, RolledRun, RolledValue, Rollup
from analysis.report.rollup_tables import sheets, write_sheets

EVIL = '<img src=x onerror="document.title=1">'
FIT = {"chisq": 240.5, "df": 113.0, "cfi": 0.97, "tli": 0.96, "rmsea": 0.04, "srmr": 0.03}
PATHS = ("Quality \u2192 Image", "Image \u2192 Loyalty", "Quality \u2192 Loyalty")


def make_run(number: int, brand: str, channel: str, **more: object) -> RolledRun:
    values = tuple(
        RolledValue("path", name, 0.4 + 0.1 * i, 0.2, 0.6, 0.1, 0.001, 0.3 - 0.2 * i, 0.1, 0.5)
        for i, name in enumerate(PATHS)
    )
    values += (RolledValue("r2", "Loyalty", 0.42), RolledValue("reliability", "Image, omega", 0.9))
    run = RolledRun(
        number, f"20_structure-core-{number}", "ok", "demo", "20_structure", "core", "en",
        settings={"model": "core", "brand": brand, "channel": channel, "language": "en"},
        n=1000 + number, outcome="converged", measures=FIT, values=values,
        path=f"../../demo/20_structure-core-{number}", simulated=True,
    )  # fmt: skip
    return replace(run, **more)  # type: ignore[arg-type]


def make_rollup(n: int = 12) -> Rollup:
    runs = [make_run(i, f"brand {i % 4}", ("", "web", "app")[i % 3]) for i in range(1, n - 1)]
    refused = {"status": "refused", "values": (), "measures": {}, "n": 12, "path": ""}
    runs.append(make_run(n - 1, EVIL, "=1+1", reason="12 are too few", **refused))
    failed = {"status": "failed", "values": (), "measures": {}, "kind": "dead"}
    runs.append(make_run(n, "brand 1", "web", reason=f"Kernel died {EVIL}", **failed))
    gap = RolledDifference("brand", "web", PATHS[0], "a", "b", 0.2, 0.1, 0.3, 1e-5, 2e-4, 1e-4)
    return Rollup("some", "Some batch", tuple(runs), (gap,))


class Rows(HTMLParser):
    """Counts rows by table and collects links and scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[int] = []
        self.links: list[str] = []
        self.scripts = self.images = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(-1)
        elif tag == "tr":
            self.tables[-1] += 1
        elif tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        self.scripts += tag == "script"
        self.images += tag == "img"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_run_is_on_the_page_with_its_report_or_its_reason(language: str) -> None:
    rollup = make_rollup()
    page = render_rollup(rollup, language, downloads=("runs.csv",))
    rows = Rows(page)
    # Runs; paths, explained variance and reliability; differences; failed and refused.
    assert rows.tables == [12, 10, 10, 10, 1, 2]
    reports = [link for link in rows.links if link.endswith("/report.html")]
    assert "../../demo/20_structure-core-1/report.html" in reports
    assert len(set(reports)) == 11
    assert "12 are too few" in page
    assert page.count('<circle r="') + page.count("<circle ") >= 10
    assert page == render_rollup(rollup, language, downloads=("runs.csv",))


def test_names_cannot_become_markup_and_the_only_script_is_ours() -> None:
    page = render_rollup(make_rollup(), "en")
    rows = Rows(page)
    assert rows.images == 0
    assert rows.scripts == 1
    assert "script-src 'sha256-" in unescape(page)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    bad = make_run(1, "a", "b", path="../../../etc")
    assert "etc" not in render_rollup(Rollup("x", "x", (bad,)), "en")


def test_files_hold_the_same_and_cannot_run(tmp_path: Path) -> None:
    rollup = make_rollup()
    names = write_sheets(tmp_path, rollup)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    text = (tmp_path / "runs.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["status"] for row in rows].count("ok") == 10
    assert float(rows[0]["cfi"]) == 0.97
    assert rows[10]["channel"] == "'=1+1"
    book = openpyxl.load_workbook(tmp_path / "batch.xlsx")
    assert book.sheetnames == ["runs", "values", "differences"]
    assert all(c.data_type != "f" for sheet in book for row in sheet.rows for c in row)
    assert book["values"].max_row == 1 + 10 * 5
    assert [len(sheet.rows) for sheet in sheets(rollup)] == [12, 50, 1]
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    write_sheets(tmp_path, rollup)
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_parquet_equals_the_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is optional")
    write_sheets(tmp_path, make_rollup())
    found = parquet.read_table(tmp_path / "values.parquet").to_pydict()
    assert found["est"][:3] == [0.4, 0.5, pytest.approx(0.6)]
    assert found["low"][3] is None
    assert found["number"][:2] == [1, 1]


PROBE = """
<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe id="f" src="page.html"
 style="width:390px;height:800px;border:0"></iframe><pre id="out"></pre><script>
const frame = document.getElementById("f");
frame.onload = () => { const d = frame.contentDocument, w = frame.contentWindow;
  const ready = w.performance.now();
  const visible = () => [...d.querySelectorAll("#runs tbody tr")].filter(r => !r.hidden).length;
  const all = visible();
  const pick = d.querySelector("select[name=channel]"); pick.value = "web";
  pick.dispatchEvent(new w.Event("input", { bubbles: true }));
  const some = visible();
  const header = [...d.querySelectorAll("#runs thead th")].find(h => h.textContent.includes("N"));
  header.querySelector("button").click(); header.querySelector("button").click();
  const first = d.querySelector("#runs tbody tr th").textContent;
  const wide = d.documentElement.scrollWidth;
  const small = [...d.querySelectorAll("#runs td, p, li")].filter(
    e => parseFloat(w.getComputedStyle(e).fontSize) < 11).length;
  document.getElementById("out").textContent =
    JSON.stringify({ ready, all, some, first, wide, small, title: d.title }); };
</script>
"""


def opened(browser: str, folder: Path) -> dict[str, Any]:
    """What a browser says about the page on a screen of 390 pixels."""
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}",
         "--dump-dom", (folder / "probe.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return dict(json.loads(done.stdout.partition('<pre id="out">')[2].partition("</pre>")[0]))


def test_500_runs_open_at_once_and_fit_a_phone(chromium: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(render_rollup(make_rollup(500), "en"), encoding="utf-8")
    (tmp_path / "probe.html").write_text(PROBE, encoding="utf-8")
    found = min((opened(chromium, tmp_path) for _ in range(2)), key=lambda one: one["ready"])
    assert found["title"] == "Some batch"
    assert found["all"] == 500
    assert found["some"] == 167
    assert found["first"] == "500"
    assert found["wide"] <= 390
    assert found["small"] == 0
    assert found["ready"] < 2000, found
