"""A survey after reading: selections, exclusions, privacy, exports."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from data.samples import ITEMS, Table, good_table, pick

from analysis.data import Survey
from analysis.data.escape import escape_cell, to_csv, write_xlsx
from analysis.data.privacy import looks_personal, pseudonym
from analysis.errors import InputError

Study = Callable[..., Survey]
GROUPS = (
    '\n[groups.channel]\nlevels = { web = "Web", app = "App" }\n[groups.wave]\nordered = true\n'
)
PERSONAL = '\n[roles]\nid = "person"\npersonal = ["手机号", "email"]\n'


@pytest.fixture
def grouped() -> Table:
    table = good_table(240)
    table.fill("channel", ["app", "web", "app"] * 80)
    return table.fill("wave", ["1"] * 120 + ["2"] * 120)


def test_filter_gives_a_new_survey_with_its_counts(grouped: Table, study: Study) -> None:
    survey = study(grouped, GROUPS)
    app = survey.filter(channel="app", wave=["1", "2"])
    assert (survey.n_used, app.n_used, app.n_read) == (240, 160, 240)
    assert app.dropped == {"filter": 80} and survey.dropped == {}
    assert app.filter_text() == "channel = app, wave = 1 | 2"
    assert set(app.frame["channel"]) == {"app"} and app.levels("wave") == {"1": 80, "2": 80}
    assert survey.levels("channel") == {"web": 80, "app": 160}
    assert survey.filter(channel=None).n_used == 240
    assert app.items(["q2", "q1"]).shape == (160, 2)
    few = app.filter(wave="2")
    pick(few.warnings, "few_left", ("80", "channel = app"))
    assert few.dropped == {"filter": 160}


def test_filter_mistakes(grouped: Table, study: Study) -> None:
    survey = study(grouped, GROUPS)
    cases = (
        ({"channel": "ap"}, "level_not_there", ("ap", "app", "web (80)")),
        ({"chanel": "app"}, "unknown_name", ("chanel", "channel")),
    )
    for levels, code, words in cases:
        with pytest.raises(InputError) as caught:
            survey.filter(**levels)  # type: ignore[arg-type]
        pick(caught.value.messages, code, words)
    with pytest.raises(InputError) as caught:
        survey.filter(wave="1").filter(wave="2")
    pick(caught.value.messages, "level_not_there")


def test_nobody_left_names_the_selection(study: Study) -> None:
    table = good_table(120)
    table.fill("channel", ["app"] * 60 + ["web"] * 60).fill("wave", ["1"] * 60 + ["2"] * 60)
    with pytest.raises(InputError) as caught:
        study(table, GROUPS).filter(channel="app", wave="2")
    pick(caught.value.messages, "nobody_left", ("120", "channel = app, wave = 2"))


def test_keep_counts_under_its_reason(grouped: Table, study: Study) -> None:
    survey = study(grouped, GROUPS)
    kept = survey.keep(np.arange(240) % 4 > 0)
    assert kept.n_used == 180 and kept.dropped == {"screening": 60}
    with pytest.raises(ValueError, match="mask"):
        survey.keep([True])
    with pytest.raises(InputError):
        survey.keep(np.zeros(240, dtype=bool))


def test_items_are_checked_among_the_rows_at_hand(study: Study) -> None:
    table = good_table(120)
    table.fill("channel", ["app"] * 60 + ["web"] * 60).fill("wave", ["1"] * 120)
    for row in range(2, 62):
        table.set("q2", "4", row)
        table.set("q3", "", row)
    app = study(table, GROUPS).filter(channel="app")
    with pytest.raises(InputError) as caught:
        app.items(ITEMS)
    pick(caught.value.messages, "constant_item", ("q2", "4"))
    pick(caught.value.messages, "item_empty_here", ("q3", "channel = app"))
    assert app.items(["q1", "q4"]).shape == (60, 2)
    with pytest.raises(InputError) as caught:
        app.items(["q1", "Q2"])
    pick(caught.value.messages, "unknown_name", ("Q2", "q2"))


def personal(table: Table) -> Table:
    table.fill("person", [f"R{i:03d}" for i in range(60)])
    return table.fill("手机号", [f"138{i:08d}" for i in range(60)]).fill("email", ["a@b.cn"] * 60)


def test_personal_columns_never_enter(table: Table, study: Study) -> None:
    survey = study(personal(table), PERSONAL)
    assert survey.personal == {"手机号": 60, "email": 60}
    shown = repr(survey) + survey.frame.to_csv()
    for secret in ("13800000007", "a@b.cn", "R007"):
        assert secret not in shown


def test_pseudonyms_follow_the_key(
    table: Table, study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    personal(table)
    random = study(table, PERSONAL)
    pick(random.fixes, "ids_random", ("person",))
    assert not random.lasting_ids
    monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY", "k" * 32)
    first = study(table, PERSONAL)
    assert first.lasting_ids and first.frame["person"][2] == pseudonym("R000", b"k" * 32)
    assert len(first.frame["person"][2]) == 32
    assert first.frame["person"][2] != random.frame["person"][2]
    monkeypatch.delenv("LOYALTY_PSEUDONYM_KEY")
    (tmp_path / "key").write_text("k" * 32 + "\n")
    monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY_FILE", str(tmp_path / "key"))
    assert study(table, PERSONAL).frame["person"].equals(first.frame["person"])
    monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY", "short")
    with pytest.raises(InputError) as caught:
        study(table, PERSONAL)
    pick(caught.value.messages, "key_short", ("16",))


def test_panel_ids_may_come_back_in_another_wave(study: Study) -> None:
    table = good_table(60)
    table.fill("person", [f"R{i % 30}" for i in range(60)])
    table.fill("wave", ["1"] * 30 + ["2"] * 30)
    extra = '\n[roles]\nid = "person"\n[groups.wave]\nordered = true\n'
    assert study(table, extra).frame["person"].nunique() == 30
    table.set("wave", "1", 33)
    with pytest.raises(InputError) as caught:
        study(table, extra)
    pick(caught.value.messages, "id_repeated", ("R1 (2)", "3, 33"))


def test_times_give_seconds(table: Table, study: Study) -> None:
    table.fill("s", ["2024-03-01 10:00:00"] * 60).fill("e", ["2024-03-01 10:05:30"] * 60)
    table.set("e", "2024-03-01 09:00:00", 4)
    survey = study(table, '\n[roles]\nstart = "s"\nend = "e"\n')
    assert survey.frame["duration_seconds"][2] == 330 and np.isnan(
        survey.frame["duration_seconds"][4]
    )
    pick(survey.warnings, "time_backwards", ("1 respondents", "4"))


def test_binary_levels_in_words(table: Table, study: Study) -> None:
    table.fill("member", ["否", "是", "yes"] * 20)
    levels = 'levels = { no = { en = "no", zh = "否" }, yes = { en = "yes", zh = "是" } }'
    survey = study(table, f'\n[covariates.member]\ntype = "binary"\n{levels}\n')
    assert survey.frame["member"].tolist() == [0, 1, 1] * 20


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("手机号", []), ("E-mail", []), ("full name", []), ("x", ["13812345678"]),
        ("x", ["+8613812345678", None]), ("x", ["11010519491231002X"]), ("x", ["a@b.cn"]),
        ("x", ["192.168.1.20"]),
    ],
)  # fmt: skip
def test_personal_columns_are_recognized(name: str, cells: list[object]) -> None:
    assert looks_personal(name, cells)


@pytest.mark.parametrize("name", ["imag1", "channel", "satisfaction", "满意度", "emailing_cost2"])
def test_other_columns_are_not(name: str) -> None:
    assert not looks_personal(name, ["5", "7", "2024-01-01", "abc"])


DANGEROUS = (
    "=HYPERLINK(1)", "+1+1", "@SUM(A1)", "-2+3", "\t=1", "\r=1", "\n=1", "\0=1", "＝1+1", "|cmd",
    " =1", "\u200b=1", "＠x", "－1",
)  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_are_made_harmless(text: str, tmp_path: Path) -> None:
    escaped = escape_cell(text)
    assert isinstance(escaped, str) and escaped.startswith("'")
    assert to_csv(["a"], [[text]]).split("\n", 1)[1].lstrip('"').startswith("'")
    write_xlsx(tmp_path / "x.xlsx", [text], [[text]])
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("value", [-1.5, 3, None, True, "-1.5", "+86", "满意", "a=b", "1e-5"])
def test_harmless_cells_stay(value: object) -> None:
    assert escape_cell(value) == value


def test_csv_round_trip() -> None:
    import csv

    text = to_csv(["a", "b"], [["x, y", None], ['quo"te', "行\n2"]])
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], ["x, y", ""], ['quo"te', "行\n2"]]


def test_workbook_bytes_do_not_depend_on_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_xlsx(tmp_path / "a.xlsx", ["a"], [["x"], [1.5]])
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_xlsx(tmp_path / "b.xlsx", ["a"], [["x"], [1.5]])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None and sheet["A3"].value == 1.5


def test_surname_na_stays_a_text(table: Table, study: Study) -> None:
    table.fill("note", ["NA", "None", "null"] * 20)
    survey = study(table, '\n[roles]\ntext = ["note"]\n')
    assert survey.frame["note"].tolist() == ["NA", "None", "null"] * 20


def test_no_code_swallows_encoding_errors(root: Path) -> None:
    source = "".join(p.read_text("utf-8") for p in (root / "src/analysis").rglob("*.py"))
    for forbidden in ("encoding_errors", 'errors="replace"', 'errors="ignore"'):
        assert forbidden not in source
