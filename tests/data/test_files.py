"""Encodings, separators and file kinds: the same answers whatever the file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data.samples import ITEMS, Table, pick
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.data import ReadOptions, Survey, draft_codebook, load_codebook, read_table
from analysis.data.decoding import decode
from analysis.data.text_reader import read_text
from analysis.errors import AnalysisError, InputError

Study = Callable[..., Survey]
CITY = '\n[covariates."城市"]\ntype = "category"\n'

ENCODINGS = {
    "utf-8": ("utf-8", None),
    "utf-8 with mark": ("utf-8-sig", "byte_order_mark"),
    "utf-16": ("utf-16", "byte_order_mark"),
    "utf-16 without mark": ("utf-16-le", "encoding_used"),
    "utf-32": ("utf-32", "byte_order_mark"),
    "gbk": ("gbk", "encoding_used"),
    "gb18030": ("gb18030", "encoding_used"),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_encoding_is_found(case: str, table: Table, study: Study) -> None:
    encoding, code = ENCODINGS[case]
    table.fill("城市", ["北京", "上海", "广州, 深圳"] * 20)
    survey = study(table.text().encode(encoding), CITY)
    assert survey.frame["城市"].tolist() == ["北京", "上海", "广州, 深圳"] * 20
    assert survey.n_used == 60
    if code:
        pick(survey.fixes, code)


@pytest.mark.parametrize("encoding", ["gbk", "GB2312", "gb18030", "big5"])
def test_encoding_as_stated(encoding: str, table: Table, study: Study) -> None:
    name = "编号" if encoding != "big5" else "編號"
    table.fill("城市", ["北京"] * 60).fill(name, ["满意" if encoding != "big5" else "滿意"] * 60)
    extra = f'\n[data]\nencoding = "{encoding}"\n[covariates."{name}"]\ntype = "category"\n'
    assert study(table.text().encode(encoding), extra).frame[name][2][1] == "意"


def test_rare_gb18030_characters(table: Table, study: Study) -> None:
    table.fill("城市", ["北京", "上海", "䶮城"] * 20)
    assert study(table.text().encode("gb18030"), CITY).frame["城市"][4] == "䶮城"


def test_byte_order_mark_before_quotes(table: Table, study: Study) -> None:
    text = table.text().replace("q1,", '"q1",', 1)
    assert study(text.encode("utf-8-sig")).n_used == 60


@pytest.mark.parametrize("separator", [";", "\t", "，", "|"])
def test_separator_is_found(separator: str, table: Table, study: Study) -> None:
    table.fill("城市", ["北京, 海淀"] * 60)
    survey = study(table.text(separator), CITY)
    assert survey.frame["城市"][2] == "北京, 海淀"
    pick(survey.fixes, "separator_used")


def test_decimal_comma(table: Table, study: Study) -> None:
    table.fill("v", ["1,5"] * 60)
    extra = '\n[data]\ndecimal = ","\n[covariates.v]\ntype = "number"\n'
    assert study(table.text(";"), extra).frame["v"].eq(1.5).all()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_and_line_breaks_in_text(ending: str, table: Table, study: Study) -> None:
    table.fill("note", ["two\nlines, one comma"] * 60)
    text = table.text().replace("\n", ending).replace(f"two{ending}", "two\n")
    survey = study(text, '\n[roles]\ntext = ["note"]\n')
    assert survey.frame["note"][2].startswith("two") and survey.n_used == 60
    assert survey.frame.index.tolist() == list(range(2, 62))


def test_blank_lines_are_counted(table: Table, study: Study) -> None:
    lines = table.text().split("\n")
    lines.insert(5, "")
    survey = study("\n".join(lines))
    assert (survey.n_read, survey.n_used, survey.dropped) == (61, 60, {"empty": 1})


def test_nameless_empty_column_is_dropped(table: Table, study: Study) -> None:
    assert study(table.fill("", [""] * 60)).n_used == 60


def numeric(table: Table) -> pd.DataFrame:
    return pd.DataFrame([[float(v) for v in row] for row in table.rows], columns=table.names)


def test_parquet_equals_csv(table: Table, study: Study, tmp_path: Path) -> None:
    numeric(table).to_parquet(tmp_path / "x.parquet")
    data = (tmp_path / "x.parquet").read_bytes()
    same = study(data, name="answers.parquet").items(ITEMS)
    np.testing.assert_array_equal(same, study(table).items(ITEMS))


def test_parquet_without_its_library(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numeric(table).to_parquet(tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "x.parquet")
    pick(caught.value.messages, "library_missing", ("pyarrow", "CSV"))


def test_stata_equals_csv(table: Table, study: Study, tmp_path: Path) -> None:
    numeric(table).to_stata(tmp_path / "x.dta", write_index=False)
    data = (tmp_path / "x.dta").read_bytes()
    same = study(data, name="answers.dta").items(ITEMS)
    np.testing.assert_array_equal(same, study(table).items(ITEMS))


def test_spss_with_labels_and_user_missing(table: Table, study: Study, tmp_path: Path) -> None:
    import pyreadstat

    frame = numeric(table.set("q3", "99", 4))
    frame["城市"] = "北京"
    pyreadstat.write_sav(
        frame, tmp_path / "x.sav", missing_ranges={"q3": [99]},
        column_labels={"q1": "服务令我满意"},
        variable_value_labels={"q1": {1: "非常不同意", 7: "非常同意", 99: "不知道"}},
    )  # fmt: skip
    survey = study((tmp_path / "x.sav").read_bytes(), CITY, name="answers.sav")
    assert np.isnan(survey.frame["q3"][4]) and survey.frame["城市"][2] == "北京"
    pick(survey.fixes, "user_missing", ("1 cells",))
    (tmp_path / "codebook.toml").write_text(draft_codebook(tmp_path / "x.sav", "x"), "utf-8")
    item = load_codebook(tmp_path).item("q1")
    assert item.wording["zh"] == "服务令我满意"
    assert item.anchors[7]["zh"] == "非常同意" and item.maximum == 7


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda s: s.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused_in_words(raw: bytes) -> None:
    try:
        table = read_text(raw, "answers.csv", ReadOptions())
    except AnalysisError as error:
        assert error.text("en") and error.text("zh")
    else:
        assert table.frame.shape[1] == len(set(table.frame.columns))


_CELL = st.sampled_from(
    ["1", "7", "", "99", "x", "５", "inf", "NA", '"', '"a', ",", "\n", "\0", "=1+1", "2-Jan"]
) | st.text(max_size=4)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(_CELL, min_size=6, max_size=7), max_size=8))
def test_any_table_is_read_or_refused_in_words(study: Study, rows: list[list[str]]) -> None:
    text = "\n".join([",".join(ITEMS), *(",".join(row) for row in rows)])
    try:
        survey = study(text.encode("utf-8", "replace"))
    except AnalysisError as error:
        assert error.text("en") and error.text("zh")
    else:
        values = survey.items(ITEMS, check=False)
        seen = values[~np.isnan(values)]
        assert ((seen >= 1) & (seen <= 7)).all()


@given(
    st.text(alphabet="满意度服务质量品牌形象忠诚顾客渠道，。（）很好一般", min_size=4, max_size=60)
)
def test_chinese_survives_both_encodings(text: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        try:
            assert decode(text.encode(encoding), "x.csv").text == text
        except InputError as error:
            # A few short texts are valid in the other encoding too; then nobody can tell.
            assert error.messages
