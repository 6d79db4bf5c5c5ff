"""Hostile text in every place that users fill: nothing of it may run or load anything."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from report.pages import Page, code, error, markdown, notebook, result, shown

from analysis import report
from analysis.report import (
    Column,
    Evidence,
    Figure,
    Labels,
    Notice,
    Table,
    Verdict,
    render_index,
    render_report,
)
from analysis.report.payload import MIME
from analysis.sem import Solution

HIT = "document.title='HIT'"
PAYLOADS = (
    f"<script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f"<ScRiPt>{HIT}</sCrIpT>",
    f"<img src=x onerror={HIT}>",
    f"<img src=x onerror=\"{HIT}\">",
    f"<svg onload={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"<body onload={HIT}>",
    f"<iframe srcdoc=\"<script>parent.{HIT}</script>\">",
    f"<iframe src=javascript:{HIT}>",
    f"<a href=\"javascript:{HIT}\">x</a>",
    f"[x](javascript:{HIT})",
    f"![x](javascript:{HIT})",
    "![x](https://tracker.invalid/pixel.png)",
    "[x]: javascript:alert(1)\n[x]",
    f"<details open ontoggle={HIT}>",
    f"<video><source onerror={HIT}></video>",
    f"<audio src=x onerror={HIT}>",
    f"<input autofocus onfocus={HIT}>",
    f"<select autofocus onfocus={HIT}>",
    f"<textarea autofocus onfocus={HIT}>",
    f"<marquee onstart={HIT}>",
    f"<object data=javascript:{HIT}>",
    f"<embed src=javascript:{HIT}>",
    f"<form action=javascript:{HIT}><button>x",
    f"<math><mtext><script>{HIT}</script>",
    "<style>@import 'https://tracker.invalid/a.css';</style>",
    "<link rel=stylesheet href=https://tracker.invalid/a.css>",
    "<meta http-equiv=refresh content='0;url=https://tracker.invalid/'>",
    "<base href=https://tracker.invalid/>",
    f"\" onmouseover=\"{HIT}",
    f"' onmouseover='{HIT}",
    f"\"><script>{HIT}</script>",
    f"'><script>{HIT}</script>",
    f"`><script>{HIT}</script>",
    f"--><script>{HIT}</script>",
    f"]]><script>{HIT}</script>",
    f"</title><script>{HIT}</script>",
    f"</style><script>{HIT}</script>",
    f"</textarea><script>{HIT}</script>",
    f"</svg><script>{HIT}</script>",
    f"</desc></title><script>{HIT}</script>",
    f"<!--<img src=\"--><img src=x onerror={HIT}//\">",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"&#60;script&#62;{HIT}&#60;/script&#62;",
    f"{{{{{HIT}}}}}",
    "{% raw %}{{ 7*7 }}{% endraw %}",
    f"${{{HIT}}}",
    f"\u2028<script>{HIT}</script>\u2029",
    f"⟦<script>{HIT}</script>⟧",
    f"\uff1cscript\uff1e{HIT}\uff1c/script\uff1e",
    f"<scr\0ipt>{HIT}</script>",
)  # fmt: skip
ALLOWED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "div",
        "header",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "dl",
        "dt",
        "dd",
        "pre",
        "nav",
        "ul",
        "ol",
        "li",
        "main",
        "section",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
        "sup",
        "i",
        "b",
        "em",
        "strong",
        "code",
        "br",
        "figure",
        "figcaption",
        "details",
        "summary",
        "footer",
        "img",
        "blockquote",
        "hr",
        "svg",
        "desc",
        "g",
        "path",
        "line",
        "rect",
        "circle",
        "ellipse",
        "text",
        "tspan",
        "defs",
        "use",
    ]
)


@dataclass(frozen=True)
class Parameter:
    name: str
    value: str
    given: bool
    description: str = ""


def evidence(payload: str) -> list[Evidence]:
    """One hostile text as cell, column, group, note, label, figure, notice, verdict, parameter."""
    table = Table(
        key=payload,
        title=payload,
        columns=(
            Column(payload, payload, note=payload, group=payload),
            Column("b", payload, "code"),
        ),
        rows=((payload, payload),),
        groups=((0, payload),),
        notes=(payload, f"a|{payload}"),
        formulas=(payload,),
        marks=((0, 0, payload),),
    )
    inside = f'<text onload="{HIT}">x</text><script>{HIT}</script>'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    figure = Figure(payload, payload, drawing, payload, data=table, notes=(payload,))
    full = Evidence(
        id=payload,
        title=payload,
        table=table,
        figure=figure,
        verdict=Verdict("mixed", (payload,), (payload,)),
        paragraphs=(payload,),
        citations=(payload,),
        stamps=(payload,),
        notices=(Notice("error", payload, payload, payload),),
    )
    plain = Evidence(id="x", title=payload, heading=2, paragraphs=(payload,))
    parameter = report.run_parameters([Parameter(payload, payload, True, payload)])
    return [full, plain, parameter]


def cells(payload: str) -> list[dict[str, Any]]:
    found = [code(payload, shown(piece)) for piece in evidence(payload)]
    raw = {"text/html": payload, "text/plain": payload, "image/svg+xml": payload,
           "application/javascript": payload, "text/markdown": payload}  # fmt: skip
    found.append(code("x", result(raw)))
    forged = {"schema": 1, "id": payload, "figure": {"svg": payload}}
    found.append(code("x", result({MIME: forged})))
    found.append(code("x", result({"image/png": payload}, {"image/png": {"alt": payload}})))
    found.append(code("x", {"output_type": "stream", "name": "stdout", "text": payload}))
    found.append(markdown(payload))
    places = ("# {}", "## {}", "- {}", "> {}", "`{}`", "| a |\n|---|\n| {} |")
    found += [markdown(place.replace("{}", payload)) for place in places]
    return found


def page(solution: Solution) -> str:
    """All payloads in all places, in one report."""
    book = [cell for payload in PAYLOADS for cell in cells(payload)]
    for payload in PAYLOADS[::6]:
        labels = Labels(
            names=dict.fromkeys((*solution.latent, *solution.names), payload),
            wordings=dict.fromkeys(solution.names, payload),
        )
        builders = (report.path_diagram, report.loadings_table, report.effects_figure,
                    report.model_specification)  # fmt: skip
        book += [code("x", shown(build(solution, labels=labels))) for build in builders]
    book.append(code("x", *(error(p, p) for p in PAYLOADS), analysis={"failed": True}))
    every = "".join(PAYLOADS)
    meta = {
        "study": every,
        "study_title": every,
        "model": every,
        "notebook": every,
        "run": every,
        "status": "failed",
        "versions": {every: every},
        "failure": {"kind": "error", "step": every, "name": every, "text": every},
    }
    return render_report(notebook(*book), language="en", title=every, meta=meta)


@pytest.fixture(scope="module")
def hostile(solution: Solution) -> str:
    return page(solution)


def check(html: str) -> None:
    parsed = Page(html)
    assert {tag for tag, _ in parsed.tags} <= ALLOWED
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert attributes.get("src", "data:image/").startswith("data:image/")
        link = attributes.get("href", "#")
        good = link.startswith(("#", "https://doi.org/", "data:,")) or link.endswith("/report.html")
        assert good, (tag, link)
        assert "url(" not in attributes.get("style", "")
    assert len(parsed.all("style")) == 1
    assert len([m for m in parsed.all("meta") if "http-equiv" in m]) == 1


def test_there_are_fifty_payloads() -> None:
    assert len(set(PAYLOADS)) >= 50


def test_no_payload_becomes_markup(hostile: str) -> None:
    check(hostile)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_evidence_fragments_in_notebooks_are_harmless(payload: str) -> None:
    for piece in evidence(payload):
        fragment = piece._repr_mimebundle_()["text/html"].split("</style>", 1)[1]
        parsed = Page(fragment)
        assert {tag for tag, _ in parsed.tags} <= ALLOWED
        assert not [n for _, a in parsed.tags for n in a if n.startswith("on")]


def records() -> list[dict[str, Any]]:
    return [
        {
            "run": p, "status": "failed", "outcome": p, "study": p, "study_title": p, "notebook": p,
            "model": p, "language": p, "parameters": {"estimator": p}, "path": f"x/{p}",
            "failure": {"step": p, "text": p}, "n": p, "measures": {"cfi": p}, "simulated": True,
        }
        for p in PAYLOADS
    ]  # fmt: skip


def test_index_is_harmless() -> None:
    check(render_index(records(), "en"))


def dumped(chromium: str, page_file: Path, profile: Path) -> tuple[str, str]:
    """The page after its scripts (if any) ran, and what the browser logged."""
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=2000",
        "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run(
        [chromium, *flags, page_file.as_uri()], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


def test_the_browser_check_notices_a_script_that_runs(chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(f"<title>x</title><script>{HIT};console.error('seen')</script>", "utf-8")
    dom, log = dumped(chromium, file, tmp_path / "profile")
    assert "</html>" in dom
    assert "<title>HIT</title>" in dom
    assert "CONSOLE" in log


@pytest.mark.parametrize("policy", [True, False], ids=["with policy", "policy removed"])
def test_nothing_runs_in_a_browser(
    policy: bool, hostile: str, chromium: str, tmp_path: Path
) -> None:
    html = hostile if policy else hostile.replace("Content-Security-Policy", "X-None", 1)
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    dom, log = dumped(chromium, file, tmp_path / "profile")
    assert "</html>" in dom
    assert "<title>HIT</title>" not in dom
    assert "CONSOLE" not in log
    assert "tracker.invalid" not in log
