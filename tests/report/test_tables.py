from __future__ import annotations

from xml.etree import ElementTree

import pytest

from analysis.report.export import table_csv
from analysis.report.records import Column, Figure, Notice, Table, Verdict
from analysis.report.tables import table_html

TABLE = Table(
    key="demo",
    title="A ⟦p⟧ table",
    columns=(
        Column("name", "Name"),
        Column("est", "⟦B⟧", "number", group="Raw"),
        Column("p", "⟦p⟧", "p", group="Raw"),
        Column("beta", "⟦β⟧", "unit"),
    ),
    rows=(("a", 1.5, 0.0001, -0.5), ("b", 3, None, 0.25), ("<b>", None, 0.5, 1.01)),
    groups=((0, "First"), (2, "Second")),
    marks=((1, 3, "a"),),
    notes=("General.", "a|Specific."),
    formulas=("X [Y 1999]",),
)


def html(language: str = "en") -> str:
    return table_html(TABLE, language=language, number=3)


def test_is_well_formed_with_caption_and_scopes() -> None:
    root = ElementTree.fromstring(html().replace("<br>", "<br/>"))
    caption = root.find(".//caption")
    assert caption is not None
    assert "".join(caption.itertext()) == "Table 3 A p table"
    scopes = [th.get("scope") for th in root.iter("th")]
    assert None not in scopes
    assert {"col", "row", "colgroup", "rowgroup"} == set(scopes)


def test_numbers_are_right_aligned_and_integers_keep_the_point_aligned() -> None:
    text = html()
    assert '<td class="n">1.500</td>' in text
    assert '<td class="n">3<span class="pad" aria-hidden="true">.000</span></td>' in text
    assert '<td class="n">−.500</td>' in text
    assert '<td class="n">−0.500</td>' in html("zh")


def test_marks_and_specific_notes() -> None:
    assert '.250<sup class="mk">a</sup>' in html()
    assert "<p><sup>a</sup> Specific.</p>" in html()
    assert "General. Formulas: X [Y 1999]." in html()


def test_text_is_escaped() -> None:
    assert "<b>" not in html()
    assert "&lt;b&gt;" in html()


def test_chinese_caption() -> None:
    assert "表 3" in html("zh")


def test_csv_keeps_numbers_and_groups() -> None:
    assert table_csv(TABLE).splitlines() == [
        "group,name,est,p,beta",
        "First,a,1.5,0.0001,-0.5",
        "First,b,3,,0.25",
        "Second,<b>,,0.5,1.01",
    ]


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1", "＠x", "\0=1",
     "|x", "\ufeff=1", "\u3000=1"],
)  # fmt: skip
def test_formulas_do_not_run_in_spreadsheets(value: str) -> None:
    table = Table("k", "t", (Column(value, "c"),), ((value,),), groups=((0, value),))
    for line in table_csv(table).splitlines()[1:]:
        for cell in line.split(","):
            assert cell.lstrip('"').startswith("'")


def test_uneven_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="row 0 has 2 cells"):
        Table("k", "t", (Column("a", "a"),), (("x", "y"),))


def test_bad_options_list_the_good_ones() -> None:
    with pytest.raises(ValueError, match="unit"):
        Column("a", "a", "money")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mixed"):
        Verdict("great")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="warning"):
        Notice("loud", "x")  # type: ignore[arg-type]


def test_a_figure_needs_an_alternative_text() -> None:
    with pytest.raises(ValueError, match="alternative text"):
        Figure("k", "t", "<svg/>", " ")
