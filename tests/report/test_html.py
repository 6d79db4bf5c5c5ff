from __future__ import annotations

import re
from typing import Any

import pytest
from report.pages import Page, code, error, markdown, notebook, result, shown

from analysis import report
from analysis.data import Study
from analysis.report import Column, Evidence, Table, render_report
from analysis.report.labels import Labels
from analysis.sem import Solution

META = {
    "study": "spanish_bank",
    "study_title": "Customers of a Spanish bank",
    "model": "core",
    "notebook": "20_structure",
    "run": "abc",
    "status": "ok",
    "versions": {"loyalty-sem": "1.2.3"},
}


def table(name: str, **options: Any) -> Evidence:
    found = Table(name, f"Table {name}", (Column("a", "A"),), (("x",),))
    return Evidence(name, f"Table {name}", table=found, **options)


@pytest.fixture(scope="module")
def html(solution: Solution, study: Study) -> str:
    del study
    cells = [
        markdown("# Structural model\n\nA *lead*."),
        code("study = 'x'", tags=["parameters"]),
        code("a", shown(report.paths_table(solution))),
        markdown("## Fit\n\nWords."),
        code("b", shown(report.fit_table(solution))),
        code("c", shown(report.fit_figure(solution))),
        markdown("### Fit\n\nMore."),
        code("d", shown(report.path_diagram(solution))),
        code("print(1)", {"output_type": "stream", "name": "stdout", "text": "1\n"}),
    ]
    return render_report(notebook(*cells), language="en", title="Run", meta=META)


def test_page_is_complete_and_well_nested(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.open == [] and page.unclosed == []
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert "Structural model" in page.text and "Customers of a Spanish bank" in page.text


def test_policy_forbids_scripts_and_network(html: str) -> None:
    page = Page(html)
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert not page.all("script")


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    page = Page(html)
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "data", "action", "poster"):
            assert attributes.get(name, "data:").startswith("data:")
        link = attributes.get("href", "#")
        assert link.startswith(("#", "https://doi.org/", "data:,")), (tag, link)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_tables_and_figures_are_numbered_in_order(html: str) -> None:
    assert re.findall(r"(Table \d|Figure \d)</span>", html) == [
        "Table 1", "Table 2", "Figure 1", "Figure 2",
    ]  # fmt: skip


def test_contents_lead_to_headings(html: str) -> None:
    page = Page(html)
    anchors = [a["id"] for _, a in page.tags if "id" in a]
    assert len(anchors) == len(set(anchors))
    assert {"fit", "fit-2", "references"} <= set(anchors)
    for link in page.all("a"):
        if link["href"].startswith("#"):
            assert link["href"][1:] in anchors


def test_references_list_what_was_cited(html: str) -> None:
    text = Page(html).text
    for part in ("Hu, L.", "Browne, M. W.", "Kline, R. B.", "https://doi.org/10.1080/"):
        assert part in text
    assert "Fornell" not in text


def test_code_is_folded_and_parameters_are_left_out(html: str) -> None:
    page = Page(html)
    assert "study = 'x'" not in page.text
    details = [a for a in page.all("details") if a.get("class") == "code"]
    assert details and all("open" not in a for a in details)


def test_figures_have_a_name_and_a_description(html: str) -> None:
    page = Page(html)
    assert len(page.all("svg")) == 2
    assert len(page.all("desc")) == 2
    assert all(svg["role"] == "img" for svg in page.all("svg"))


def test_tables_have_captions_and_scopes(html: str) -> None:
    page = Page(html)
    assert len(page.all("caption")) == 2
    assert all("scope" in th for th in page.all("th"))


def test_same_input_gives_the_same_bytes(solution: Solution) -> None:
    cells = notebook(code("a", shown(report.fit_table(solution))))
    first, second = (render_report(cells, language="zh", title="R", meta=META) for _ in range(2))
    assert first == second


def test_chinese_page(solution: Solution, chinese: Labels) -> None:
    piece = report.paths_table(solution, language="zh", labels=chinese)
    cells = notebook(markdown("## 路径"), code("a", shown(piece)))
    html = render_report(cells, language="zh", title="结构模型", meta=META)
    page = Page(html)
    assert page.all("html")[0]["lang"] == "zh-Hans"
    for part in ("表 1", "结构路径", "感知服务质量", "目录"):
        assert part in page.text


def test_markdown_in_the_readers_language() -> None:
    cell = markdown("## Sample\n\nEnglish.", analysis={"key": "notebooks.shared.sample"})
    html = render_report(notebook(cell), language="zh", title="t")
    assert "English." not in html
    other = [markdown("only en", tags=["lang-en"]), markdown("只有中文", tags=["lang-zh"])]
    html = render_report(notebook(*other), language="zh", title="t")
    assert "only en" not in html and "只有中文" in html


def test_failure_is_shown_at_the_top_and_at_the_step() -> None:
    cells = [
        markdown("# T"),
        code("ok", shown(table("one"))),
        code("bad", error("InputError", "Column x\nSecond line"), analysis={"failed": True}),
    ]
    failure = {"kind": "error", "step": "The model", "name": "InputError", "text": "Column x"}
    meta = {**META, "status": "failed", "failure": failure}
    html = render_report(notebook(*cells), language="en", title="t", meta=meta)
    page = Page(html)
    assert "This run stopped before its end." in page.text
    assert "The model" in page.text
    assert "InputError: Column x\nSecond line" in page.text
    assert "/var/x" not in html
    assert any(a.get("href") == "#failed" for a in page.all("a"))
    assert html.index("stopped before") < html.index("Table one") < html.index('id="failed"')


def test_an_error_without_a_mark_is_still_shown() -> None:
    html = render_report(notebook(code("x", error("E", "broken"))), language="en", title="t")
    assert "E: broken" in html


def test_html_of_a_cell_is_not_trusted() -> None:
    bundle = {"text/html": "<b>raw</b>", "text/plain": "plain <i>"}
    html = render_report(notebook(code("x", result(bundle))), language="en", title="t")
    assert "<b>raw</b>" not in html
    assert "plain &lt;i&gt;" in html


def test_forged_evidence_is_named_and_left_out() -> None:
    bundle = {"application/vnd.loyalty.evidence+json": {"schema": 1, "id": 5}}
    html = render_report(notebook(code("x", result(bundle))), language="en", title="t")
    assert "could not be read" in html


def test_images_keep_their_alternative_text() -> None:
    png = result({"image/png": "iVBORw0KGgo=\n"}, {"image/png": {"alt": "A plot of x"}})
    page = Page(render_report(notebook(code("x", png)), language="en", title="t"))
    assert page.all("img") == [{"src": "data:image/png;base64,iVBORw0KGgo=", "alt": "A plot of x"}]


def test_evidence_can_open_a_section() -> None:
    cells = notebook(code("x", shown(Evidence("s", "A section", paragraphs=("p",), heading=2))))
    page = Page(render_report(cells, language="en", title="t"))
    assert any(a["href"] == "#a-section" for a in page.all("a"))


def test_repeated_evidence_gets_its_own_anchor() -> None:
    cells = notebook(code("x", shown(table("one"))), code("x", shown(table("one"))))
    html = render_report(cells, language="en", title="t")
    assert 'id="ev-one"' in html and 'id="ev-one-2"' in html


def test_stamps_are_shown_in_the_head_once_and_at_the_piece() -> None:
    cells = notebook(code("x", shown(table("one", stamps=("SIMULATED",), language="zh"))))
    html = render_report(cells, language="zh", title="t", meta={"simulated": True})
    assert html.count('<p class="ribbon">模拟数据</p>') == 1
    assert html.count('<p class="stamp">模拟数据</p>') == 1


COLOURS = ("ink", "muted", "pos", "neg", "alarm", "good", "warn")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_colours_reach_contrast_aa(html: str) -> None:
    blocks = re.findall(r":root\{([^}]*)\}", html)
    assert len(blocks) == 3
    for block in blocks:
        found = dict(re.findall(r"--(\w+):\s*(#[0-9a-f]{3,6})", block))
        palette = {k: v if len(v) == 7 else "#" + "".join(c * 2 for c in v[1:])
                   for k, v in found.items()}  # fmt: skip
        paper = luminance(palette["paper"])
        for name in COLOURS:
            light, dark = sorted((paper, luminance(palette[name])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, palette[name])
