"""The what-if widget: hostile payloads, the page's policy, and a browser driven by keys alone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report.pages import Page, code, markdown, notebook, shown
from report.test_injection import ALLOWED, PAYLOADS

from analysis.methods.drivers import Lever, Response, WhatIf
from analysis.report import Evidence, from_payload, render_report
from analysis.report.what_if import what_if_evidence
from analysis.report.what_if_records import WhatIfWidget, WidgetLever, WidgetResponse
from analysis.report.what_if_widget import read_widget, script, script_source, to_payload
from analysis.sem import Solution

FOUND = WhatIf(
    (Lever("quality", 69.6, -20, 20), Lever("image", 97.0, -20, 3)),
    (
        Response("satisfaction", "index", 71.2, (0.61, 0.25), ((2.5e-3, -8e-4), (-8e-4, 1.6e-3))),
        Response("nps", "nps", -3.4, (1.32, 0.84), ((0.0169, -2e-3), (-2e-3, 0.0121))),
        Response("orders", "mean", 3.67, (0.033, 0.0), ((1e-4, 0.0), (0.0, 0.0))),
    ),
    1.959963984540054,
)
ON_PIPES = """
import os, sys
ends = [os.dup(int(fd)) for fd in sys.argv[1:3]]
for end, wanted in zip([os.dup2(end, 20 + k) for k, end in enumerate(ends)], (3, 4)):
    os.dup2(end, wanted)
os.execv(sys.argv[3], sys.argv[3:])
"""
WIDGET_TAGS = {"script", "fieldset", "legend", "label", "input", "output", "button"}


def evidence(solution: Solution, language: str = "en", **labels: str) -> Evidence:
    return what_if_evidence(
        FOUND, solution, kind="bootstrap", draws=1000, language=language, labels=labels
    )


def page(*pieces: Evidence, language: str = "en") -> str:
    cells = [markdown("# What if\n\nA lead."), *(code("x", shown(piece)) for piece in pieces)]
    return render_report(notebook(*cells), language=language, title="Run")


def policy(html: str) -> str:
    return next(m["content"] for m in Page(html).all("meta") if "http-equiv" in m)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_static_table_says_the_same_without_scripts(solution: Solution, language: str) -> None:
    piece = evidence(solution, language)
    assert piece.table is not None and piece.widget is not None
    change = FOUND.change("nps", {"quality": 10})
    row = piece.table.rows[0]
    assert row[3] == pytest.approx(change.est)
    low, high = (f"{v:.1f}" for v in (change.low, change.high))
    assert row[4] == f"[{low},\u00a0{high}]"
    html = piece._repr_mimebundle_()["text/html"]
    assert "<script" not in html and "<input" not in html


def test_widget_survives_its_payload(solution: Solution) -> None:
    piece = evidence(solution)
    again = from_payload(json.loads(json.dumps(piece.to_payload())))
    assert again.widget == piece.widget
    assert "widget" not in replace(piece, widget=None).to_payload()


def test_only_the_packages_script_runs_and_only_where_it_is_needed(solution: Solution) -> None:
    plain = page(replace(evidence(solution), widget=None))
    assert "script" not in policy(plain) and "<script" not in plain
    html = page(evidence(solution))
    (inline,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert policy(html).endswith(f"; script-src 'sha256-{digest}'") and inline == script()
    assert "unsafe-inline" not in script_source()
    for word in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch", "XMLHttp"):
        assert word not in inline


def test_sliders_are_labelled_and_hidden_until_the_script_is_there(solution: Solution) -> None:
    parsed = Page(page(evidence(solution, quality="Service quality")))
    assert parsed.open == [] and parsed.unclosed == []
    inputs = parsed.all("input")
    assert [i["type"] for i in inputs] == ["range", "range"]
    assert {i["id"] for i in inputs} == {label["for"] for label in parsed.all("label")}
    assert (inputs[1]["min"], inputs[1]["max"], inputs[1]["value"]) == ("-20", "3", "0")
    box = next(d for d in parsed.all("div") if "data-what-if" in d)
    assert "hidden" in box
    assert "Service quality" in parsed.text


@pytest.mark.parametrize("hostile", PAYLOADS)
def test_hostile_labels_stay_words(solution: Solution, hostile: str) -> None:
    names = dict.fromkeys(("quality", "image", "satisfaction", "nps", "orders"), hostile)
    parsed = Page(page(evidence(solution, **names)))
    assert {tag for tag, _ in parsed.tags} <= ALLOWED | WIDGET_TAGS
    assert len(parsed.all("script")) == 1 and parsed.all("script")[0] == {}
    assert not [n for _, a in parsed.tags for n in a if n.startswith("on")]


def payload(**changes: Any) -> dict[str, Any]:
    widget = WhatIfWidget(
        (WidgetLever("a", 50.0, -5, 5),), (WidgetResponse("b", 1.0, 1, (0.5,), ((0.1,),)),), 1.96
    )
    return {**to_payload(widget), **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "script"},
        {"quantile": "1;alert(1)"},
        {"quantile": float("nan")},
        {"levers": []},
        {"levers": [{"label": "a", "level": 1.0, "lowest": -5, "highest": "5"}]},
        {"levers": [{"label": {"x": 1}, "level": 1.0, "lowest": -5, "highest": 5}]},
        {"levers": [{"label": "a", "level": 1.0, "lowest": 1, "highest": 5}]},
        {"responses": [{"label": "b", "level": 1.0, "digits": 1, "effects": [1, 2]}]},
        {"responses": [{"label": "b", "level": 1.0, "digits": 99, "effects": [1]}]},
        {"responses": [{"label": "b", "digits": 1, "effects": ["1"]}]},
        {"responses": [{"label": "b", "digits": 1, "effects": [1.0], "covariance": [["x"]]}]},
        {"responses": [{"label": "b", "digits": 1, "effects": [True]}]},
    ],
)
def test_forged_payloads_are_refused(changes: dict[str, Any], solution: Solution) -> None:
    assert read_widget(payload()) is not None
    with pytest.raises(ValueError):
        read_widget(payload(**changes))
    forged = {**evidence(solution).to_payload(), "widget": payload(**changes)}
    cell = {"output_type": "execute_result", "data": {
        "application/vnd.loyalty.evidence+json": forged}, "metadata": {}}  # fmt: skip
    html = render_report(notebook(code("x", cell)), language="en", title="x")
    assert "<script" not in html and 'class="banner"' in html


def test_no_sliders_on_an_improper_solution(improper: Solution) -> None:
    piece = evidence(improper)
    assert piece.widget is None
    assert piece.verdict is not None and piece.verdict.level == "none"


class Browser:
    """Headless Chromium spoken to through pipes (file descriptors 3 and 4)."""

    def __init__(self, out: Any, back: Any) -> None:
        self.out, self.back, self.number, self.session = out, back, 0, ""
        self.buffer = b""

    def ask(self, method: str, **params: Any) -> Any:
        """Send one command and wait for its answer."""
        self.number += 1
        command: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        self.out.write(json.dumps(command).encode() + b"\0")
        self.out.flush()
        while True:
            while b"\0" not in self.buffer:
                part = os.read(self.back.fileno(), 65536)
                if not part:
                    raise EOFError
                self.buffer += part
            raw, _, self.buffer = self.buffer.partition(b"\0")
            answer = json.loads(raw)
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str) -> None:
        """Attach to a new page and wait until it has loaded."""
        target = self.ask("Target.createTarget", url=url)["targetId"]
        found = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = found["sessionId"]
        for _ in range(400):
            if self.read("document.readyState + ' ' + location.href") == f"complete {url}":
                break
            time.sleep(0.05)
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    def press(self, key: str, code_: int, times: int = 1) -> None:
        """Press and release a key, as a person at the keyboard does."""
        fields = {"key": key, "code": key, "windowsVirtualKeyCode": code_}
        if key == "Enter":
            fields["text"] = "\r"
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", **fields)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **{**fields, "text": ""})

    def read(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")


@contextmanager
def browser(chromium: str, profile: Path) -> Iterator[Browser]:
    (read3, write3), (read4, write4) = os.pipe(), os.pipe()
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    started = subprocess.Popen(
        [sys.executable, "-c", ON_PIPES, str(read3), str(write4), chromium, *flags],
        pass_fds=(read3, write4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(read3)
    os.close(write4)
    with os.fdopen(write3, "wb") as out, os.fdopen(read4, "rb", buffering=0) as back:
        try:
            yield Browser(out, back)
        finally:
            started.terminate()
            started.wait(20)


FOCUSED = "document.activeElement.id || document.activeElement.tagName"
CELLS = (
    "[...document.querySelectorAll('.whatif tbody tr')]"
    ".map(r => [...r.cells].map(c => c.innerText))"
)


def tab_to(found: Browser, element: str) -> None:
    for _ in range(40):
        found.press("Tab", 9)
        if found.read(FOCUSED) == element:
            return
    raise AssertionError(f"{element} is not reached by Tab")


def numbers_of(cell: str) -> list[float]:
    return [float(v) for v in re.findall(r"-?[\d.]+", cell.replace("\u2212", "-"))]


def test_keyboard_alone_moves_sliders_and_shows_pythons_numbers(
    solution: Solution, chromium: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(evidence(solution)), encoding="utf-8")
    with browser(chromium, tmp_path / "profile") as found:
        found.open(file.as_uri())
        assert found.read("document.querySelector('.whatif').hidden") is False
        tab_to(found, "ev-what-if-lever-0")
        found.press("ArrowRight", 39, times=7)
        tab_to(found, "ev-what-if-lever-1")
        found.press("ArrowLeft", 37, times=4)
        check_rows(found, {"quality": 7, "image": -4})
        aria = "document.activeElement.getAttribute('aria-valuetext')"
        assert found.read(aria) == "97.0 \u2192 93.0 (\u22124 points)"
        found.press("End", 35)
        check_rows(found, {"quality": 7, "image": 3})
        found.press("Home", 36)
        check_rows(found, {"quality": 7, "image": -20})
        found.press("Tab", 9)
        assert found.read(FOCUSED) == "BUTTON"
        found.press("Enter", 13)
        check_rows(found, {})
        assert found.read("performance.getEntriesByType('resource').length") == 0


def check_rows(found: Browser, shifts: dict[str, int]) -> None:
    rows = found.read(CELLS)
    assert len(rows) == len(FOUND.responses)
    for row, response in zip(rows, FOUND.responses, strict=True):
        change = FOUND.change(response.name, shifts)
        digits = 2 if response.kind == "mean" else 1
        slack = 0.5 * 10**-digits + 1e-9
        shown_values = [*numbers_of(row[2]), *numbers_of(row[3]), *numbers_of(row[4])]
        expected = [response.level + change.est, change.est, change.low, change.high]
        assert shown_values == pytest.approx(expected, abs=slack)


def test_without_scripts_the_sliders_stay_away(
    solution: Solution, chromium: str, tmp_path: Path
) -> None:
    html = page(evidence(solution)).replace("sha256-", "sha256-A", 1)
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    with browser(chromium, tmp_path / "profile") as found:
        found.open(file.as_uri())
        assert found.read("document.querySelector('.whatif').hidden") is True
        assert found.read("document.querySelectorAll('.ev-table').length") == 1
