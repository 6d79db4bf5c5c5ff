"""One test per kind of bad input: the code, the place it names, the advice it gives."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import numpy as np
import openpyxl
import pytest
from data.samples import CODEBOOK, ITEMS, Table, good_table, pick

from analysis.data import Survey, load_codebook
from analysis.errors import InputError, Message

Study = Callable[..., Survey]
Refused = Callable[..., Message]
GROUP = "\n[groups.channel]\n"
LEVELS = GROUP + 'levels = { store = "Store", "门店 A" = "门店 A" }\n'
ID = '\n[roles]\nid = "person"\n'


def constant(t: Table) -> Table:
    return t.fill("q2", ["4"] * len(t.rows))


def nearly_constant(t: Table) -> Table:
    return constant(t).set("q2", "5", 9)


def copy(t: Table) -> Table:
    return t.fill("q5", t.column("q2"))


def reversed_copy(t: Table) -> Table:
    return t.fill("q5", [str(8 - int(v)) for v in t.column("q2")])


def summed(t: Table) -> Table:
    return t.fill(
        "q6", [f"{(int(a) + int(b)) / 2}" for a, b in zip(t.column("q1"), t.column("q4"))]
    )


def apart(t: Table) -> Table:
    for row in range(2, len(t.rows) + 2):
        t.set("q1" if row % 2 else "q4", "", row)
    return t


CELLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "99": ("undeclared_code", ("q3", "missing = [99]", "4")),
    "-1": ("undeclared_code", ("q3", "missing = [-1]")),
    "0": ("undeclared_code", ("q3", "missing = [0]")),
    "8": ("out_of_range", ("q3", "1 to 7", "4: 8")),
    "2.5": ("not_whole", ("q3", "4: 2.5", "averaged = true")),
    "不知道": ("cell_text", ("q3", "row 4", "不知道", "missing_text")),
    "inf": ("cell_infinite", ("q3", "row 4", "inf")),
    "-Infinity": ("cell_infinite", ("q3",)),
    "1e400": ("cell_infinite", ("q3", "1e400")),
    "2-Jan": ("cell_date", ("q3", "row 4", "2-Jan", "dates")),
    "1月2日": ("cell_date", ("q3", "row 4")),
    "2024-01-02 00:00:00": ("cell_date", ("q3", "row 4")),
    "#N/A": ("cell_excel_error", ("q3", "row 4", "#N/A")),
    "1,5": ("cell_text", ("q3", "1,5")),
    "0x10": ("cell_text", ("q3",)),
    "1_0": ("cell_text", ("q3",)),
}


@pytest.mark.parametrize("value", CELLS)
def test_bad_cell(value: str, table: Table, refused: Refused) -> None:
    code, words = CELLS[value]
    refused(code, words, table.set("q3", value, 4))


COLUMNS: dict[str, tuple[Callable[[Table], Table], str, tuple[str, ...]]] = {
    "constant": (constant, "constant_item", ("q2", "4", "60")),
    "nearly constant": (nearly_constant, "near_constant_item", ("q2", "1 of 60", "4")),
    "copy": (copy, "identical_items", ("q2", "q5", "1.000")),
    "reversed copy": (reversed_copy, "identical_items", ("q2", "q5", "-1.000")),
    "no overlap": (apart, "no_overlap", ("q1", "q4")),
    "empty": (lambda t: t.fill("q4", [""] * 60), "column_empty", ("q4", "items.q4")),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_bad_column(case: str, table: Table, refused: Refused) -> None:
    spoil, code, words = COLUMNS[case]
    refused(code, words, spoil(table))


def test_sum_of_others_is_named(table: Table, refused: Refused) -> None:
    averaged = CODEBOOK.replace("[items.q6]", "[items.q6]\naveraged = true")
    words = ("q6", "q6 = 0.5·q1 + 0.5·q4")
    refused("combined_item", words, summed(table), codebook=averaged)


def test_copy_with_noise_is_found(table: Table, refused: Refused) -> None:
    noise = [f"{float(v) + 1e-9 * (i % 5):.12f}" for i, v in enumerate(table.column("q2"))]
    averaged = CODEBOOK.replace("maximum = 7", "maximum = 7.1\naveraged = true")
    refused("identical_items", ("q2", "q5"), table.fill("q5", noise), codebook=averaged)


FILES: dict[str, tuple[str | bytes, str, tuple[str, ...]]] = {
    "longer row": ("q1,q2\n1,2\n1,2,3\n", "row_longer", ("row 3", "3 fields", "2")),
    "trailing comma": ("q1,q2\n1,2,\n3,4,\n", "row_longer", ("row 2", "2 such rows")),
    "shorter row": ("q1,q2\n1,2\n1\n", "row_shorter", ("row 3",)),
    "open quote": ('q1,q2\n1,2\n1,"2\n', "csv_broken", ("row 3",)),
    "text after quote": ('q1,q2\n"1"x,2\n', "csv_broken", ("row 2",)),
    "NUL": ("q1,q2\n1,2\n1,\0\n", "nul", ("row 3",)),
    "empty": ("", "file_empty", ()),
    "blank": (" \n\n", "file_empty", ()),
    "header only": ("q1,q2\n", "no_rows", ()),
    "no header": ("1,2,3\n4,5,6\n", "no_header", ("1, 2, 3",)),
    "one column": ("q1\n1\n", "one_column", ("q1", "separator")),
    "twice": ("q1,q1,q2\n1,2,3\n", "column_twice", ("q1", "1, 2")),
    "full-width twin": ("q1,ｑ1\n1,2\n", "column_twins", ("ｑ1", "U+FF51")),
    "composed twin": ("cafe\u0301x,caféx\n1,2\n", "column_twice", ("caféx",)),
    "nameless": ("q1,,q2\n1,2,3\n", "column_nameless", ("2",)),
    "xlsx as csv": (b"PK\x03\x04aaaa", "file_kind", ("Excel (.xlsx)",)),
    "xls as csv": (b"\xd0\xcf\x11\xe0aaaa", "file_kind", (".xls",)),
    "web page": ("<!DOCTYPE html><html><body>login</body>", "file_kind", ("HTML", "download")),
    "pdf": (b"%PDF-1.4", "file_kind", ("PDF",)),
    "total": ("q1,q2\n1,2\n3,4\n合计,6\n", "total_row", ("Row 4", "合计")),
    "replaced": ("q1,q2,城市\n1,2,北\ufffd\n", "text_damaged", ("row 2",)),
    "mojibake": (
        "编号,姓名,城市\n1,张三,北京\n".encode().decode("gb18030", "ignore"),
        "text_decoded_wrongly", ("编号",),
    ),
    "latin mojibake": ("q1,naÃ¯f\n1,cafÃ©\n", "text_decoded_wrongly", ("ï",)),
    "cp1252": ("q1,café\n1,naïve été\n".encode("cp1252"), "encoding_unknown_file", ("cp1252",)),
    "big5": ("編號,滿意\n1,非常滿意\n".encode("big5"), "encoding_unknown_file", ("big5",)),
    "mixed": (
        "城市,值\n北京,1\n上海,2\n".encode() + "广州,3\n".encode("gbk"), "encoding_mixed", ("4",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_bad_file(case: str, refused: Refused) -> None:
    content, code, words = FILES[case]
    refused(code, words, content)


def test_stated_encoding_that_is_not_true(table: Table, refused: Refused) -> None:
    text = table.fill("城市", ["北京"] * 60).text()
    refused("encoding_is_utf8", ("gb18030",), text, '\n[data]\nencoding = "gb18030"\n')
    gbk = text.encode("gbk")
    refused("encoding_wrong", ("utf-8", "row 1"), gbk, '\n[data]\nencoding = "utf-8"\n')


def test_missing_column_names_the_nearest(table: Table, refused: Refused) -> None:
    table.names[2] = "Q3"
    refused("column_missing", ("q3", "items.q3", "Q3"), table)


def test_unknown_suffix(table: Table, refused: Refused) -> None:
    refused("suffix_unknown", (".xls", ".xlsx"), table, name="answers.xls")


def test_repeated_ids_are_listed(table: Table, refused: Refused) -> None:
    table.fill("person", [f"p{i:03d}" for i in range(60)]).set("person", "p000", 9)
    refused("id_repeated", ("p000 (2)", "2, 9", "duplicate_ids"), table, ID)


def test_repeated_ids_that_are_telephone_numbers_are_not_printed(
    table: Table, refused: Refused
) -> None:
    table.fill("person", [f"138{i:08d}" for i in range(60)]).set("person", "13800000000", 9)
    found = refused("id_repeated", ("2, 9",), table, ID)
    assert "13800000000" not in found.text() + repr(found)


@pytest.mark.parametrize(("rule", "kept"), [("first", 2), ("last", 9)])
def test_repeated_ids_by_declared_rule(table: Table, study: Study, rule: str, kept: int) -> None:
    table.fill("person", [f"p{i:03d}" for i in range(60)]).set("person", "p000", 9)
    survey = study(table, f'{ID}[data]\nduplicate_ids = "{rule}"\n')
    assert (survey.n_read, survey.n_used, survey.dropped) == (60, 59, {"repeated_id": 1})
    assert kept in survey.frame.index
    pick(survey.fixes, "ids_repeated", (rule,))


@pytest.mark.parametrize("value", ["1.1E+17", "4.40524E+17"])
def test_id_rounded_by_a_spreadsheet(table: Table, refused: Refused, value: str) -> None:
    table.fill("person", [str(i) for i in range(60)]).set("person", value, 3)
    refused("id_rounded", ("person", "row 3", value, "text"), table, ID)


def test_leading_zeros_of_ids_count(table: Table, study: Study) -> None:
    survey = study(table.fill("person", ["1", "01", *(str(i) for i in range(2, 60))]), ID)
    assert survey.frame["person"].nunique() == 60


def test_group_that_is_an_id(table: Table, refused: Refused) -> None:
    table.fill("channel", [f"c{i}" for i in range(60)])
    refused("group_is_id", ("channel", "60 different", "60 of them"), table, GROUP)


def test_group_labels_that_look_alike(table: Table, study: Study) -> None:
    table.fill("channel", ["门店A", "门店 A", "web"] * 20)
    survey = study(table, GROUP)
    pick(survey.warnings, "labels_alike", ("门店 A (20)", "门店A (20)"))


def test_group_label_in_declared_spelling(table: Table, study: Study) -> None:
    table.fill("channel", ["门店A", "门店 A", "STORE"] * 20)
    survey = study(table, LEVELS)
    assert survey.levels("channel") == {"store": 20, "门店 A": 40}
    pick(survey.fixes, "label_respelled", ("门店A", "门店 A", "20"))


def test_undeclared_group_label(table: Table, refused: Refused) -> None:
    table.fill("channel", ["store", "stor", "门店 A"] * 20)
    refused("level_unknown", ("channel", "stor", "20 rows", "store"), table, LEVELS)


def test_missing_group_labels_are_counted(table: Table, study: Study) -> None:
    survey = study(table.fill("channel", ["store", "NA", ""] * 20), GROUP)
    pick(survey.warnings, "group_missing", ("channel", "40 of 60"))
    assert survey.levels("channel") == {"store": 20}


def test_small_groups_warn_and_stop_a_comparison(study: Study) -> None:
    table = good_table(200)
    survey = study(table.fill("channel", ["a"] * 120 + ["b"] * 60 + ["c"] * 20), GROUP)
    pick(survey.warnings, "group_small", ("b (60)", "c (20)"))
    with pytest.raises(InputError) as caught:
        survey.comparison("channel", ITEMS)
    pick(caught.value.messages, "group_too_small", ("channel = c", "20", "30"))
    two = survey.filter(channel=["a", "b"])
    pick(two.comparison("channel", ITEMS), "group_below_100", ("channel = b", "60"))


def test_item_constant_in_one_group(study: Study) -> None:
    table = good_table(120)
    table.fill("channel", ["a"] * 60 + ["b"] * 60)
    for row in range(2, 62):
        table.set("q3", "5", row)
    survey = study(table, GROUP)
    with pytest.raises(InputError) as caught:
        survey.comparison("channel", ITEMS)
    pick(caught.value.messages, "group_item_constant", ("channel = a", "q3", "5"))


def test_weights_must_be_positive(table: Table, refused: Refused) -> None:
    table.fill("w", ["1.5"] * 60).set("w", "0", 5).set("w", "", 7)
    refused("weight_not_positive", ("w", "2 weights", "5, 7"), table, '\n[roles]\nweight = "w"\n')


def test_one_stratum(table: Table, study: Study) -> None:
    survey = study(table.fill("s", ["x"] * 60), '\n[roles]\nstrata = "s"\n')
    pick(survey.warnings, "one_stratum", ("s",))


VARIABLES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "nps": ('type = "nps"', "11", "variable_range", ("0 to 10", "4: 11")),
    "count": ('type = "count"', "1.5", "variable_range", ("4: 1.5",)),
    "amount": ('type = "amount"\ncurrency = "CNY"', "-5", "variable_range", ("4: -5",)),
    "share": ('type = "share"', "20", "variable_range", ("0 to 1",)),
    "binary": ('type = "binary"', "2", "variable_range", ("4: 2",)),
    "number": ('type = "number"\nmaximum = 99', "120", "variable_range", ("99", "4: 120")),
    "text": ('type = "number"', "many", "cell_text", ("row 4", "many")),
    "category": ('type = "category"\nlevels = { 1 = "a" }', "b", "level_unknown", ("b",)),
    "date": ('type = "date"', "soon", "date_unreadable", ("row 4", "soon")),
    "ambiguous": ('type = "date"', "01/02/2024", "date_ambiguous", ("date_format", "01/02/2024")),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_bad_variable(case: str, table: Table, refused: Refused) -> None:
    entry, value, code, words = VARIABLES[case]
    good = "" if "date" in entry else ("1" if case != "binary" else "")
    table.fill("v", [good] * 60).set("v", value, 4)
    refused(code, ("v", *words), table, f"\n[outcomes.v]\n{entry}\n")


def test_mixed_date_formats(table: Table, refused: Refused) -> None:
    table.fill("v", ["2024-01-31", "45292"] * 30)
    words = ("v", "2024-01-31", "45292")
    refused("date_mixed", words, table, '\n[outcomes.v]\ntype = "date"\n')


def test_date_format_decides_day_and_month(table: Table, study: Study) -> None:
    extra = '\n[outcomes.v]\ntype = "date"\n[data]\ndate_format = "%d/%m/%Y"\n'
    survey = study(table.fill("v", ["01/02/2024"] * 60), extra)
    assert survey.frame["v"].dt.month.eq(2).all()


def test_dates_after_the_field_work(table: Table, study: Study) -> None:
    codebook = CODEBOOK.replace('title = "Test"', 'title = "Test"\ncollected = "2024-03"')
    table.fill("v", ["2024-03-31"] * 60).set("v", "2024-04-01", 3)
    survey = study(table, '\n[outcomes.v]\ntype = "date"\n', codebook=codebook)
    pick(survey.warnings, "date_late", ("v", "1 dates"))


def test_rare_binary(table: Table, study: Study) -> None:
    table.fill("v", ["0"] * 58 + ["1"] * 2)
    survey = study(table, '\n[outcomes.v]\ntype = "binary"\n')
    pick(survey.warnings, "binary_rare", ("v", "2 of 60"))


def test_copied_rows(table: Table, study: Study) -> None:
    table.rows[10:20] = [list(table.rows[3])] * 10
    pick(study(table).warnings, "rows_duplicated", ("10 rows",))


def test_scales_that_differ_within_a_construct(table: Table, study: Study) -> None:
    codebook = CODEBOOK.replace("[items.q2]", '[items.q2]\nscale = "agree9"')
    survey = study(table, "\n[scales.agree9]\nminimum = 0\nmaximum = 10\n", codebook=codebook)
    pick(survey.warnings, "scales_differ", ("sat", "1–7: q1, q3", "0–10: q2"))


def test_item_named_like_a_construct(table: Table, refused: Refused) -> None:
    extra = '\n[items.sat]\nscale = "agree7"\n'
    refused("name_twice", ("items.sat", "constructs.sat"), table, extra)


def test_little_spread_warns(study: Study) -> None:
    table = good_table(300)
    table.fill("q2", ["4"] * 290 + ["5"] * 10)
    pick(study(table).warnings, "little_spread", ("q2", "10 of 300"))


def test_every_problem_is_reported_at_once(table: Table, study: Study) -> None:
    table.set("q1", "x", 3).set("q2", "99", 4).set("q3", "8", 5)
    with pytest.raises(InputError) as caught:
        study(table)
    codes = {m.code for m in caught.value.messages}
    assert codes == {"data.cell_text", "data.undeclared_code", "data.out_of_range"}


# What is put right, and counted

FIXES: dict[str, tuple[str, str, float]] = {
    "full-width digit": ("５", "fixed_width", 5),
    "no-break space": ("\u00a05", "fixed_space", 5),
    "zero width": ("5\u200b", "fixed_space", 5),
    "ideographic space": ("\u30005", "fixed_space", 5),
}


@pytest.mark.parametrize("case", FIXES)
def test_repaired_cell(case: str, table: Table, study: Study) -> None:
    value, code, number = FIXES[case]
    survey = study(table.set("q3", value, 4))
    assert survey.frame["q3"][4] == number
    pick(survey.fixes, code, ("1 cells", "q3"))


@pytest.mark.parametrize("value", ["", " ", "NA", "n/a", "NaN", "NULL", "."])
def test_usual_words_for_no_answer(value: str, table: Table, study: Study) -> None:
    survey = study(table.set("q3", value, 4))
    assert np.isnan(survey.frame["q3"][4])
    pick(survey.warnings, "answers_missing", ("1 answers", "59 of 60"))


def test_declared_codes_are_counted(table: Table, study: Study) -> None:
    table.set("q3", "99", 4).set("q4", "99", 5).set("q4", "拒答", 6)
    survey = study(table, '\n[data]\nmissing = [99]\nmissing_text = ["拒答"]\n')
    assert survey.frame[["q3", "q4"]].isna().to_numpy().sum() == 3
    pick(survey.fixes, "codes_missing", ("99", "2 cells", "q3, q4"))


def test_answers_in_words(table: Table, study: Study) -> None:
    codebook = CODEBOOK.replace(
        "maximum = 7",
        'maximum = 7\nwords = { "非常满意" = 7 }\n'
        'anchors = { 1 = { en = "Not at all", zh = "完全不" } }',
    )
    table.set("q3", "非常满意", 4).set("q3", "not at ALL", 5).set("q3", "完全不", 6)
    survey = study(table, codebook=codebook)
    assert survey.frame["q3"][[4, 5, 6]].tolist() == [7, 1, 1]
    pick(survey.fixes, "fixed_word", ("3 cells", "q3"))


def test_reversed_items_are_turned_round(table: Table, study: Study) -> None:
    before = [8 - int(v) for v in table.column("q2")]
    survey = study(table, codebook=CODEBOOK.replace("[items.q2]", "[items.q2]\nreversed = true"))
    assert survey.frame["q2"].tolist() == before
    pick(survey.fixes, "reversed", ("q2",))


def test_empty_respondents_are_dropped_and_counted(table: Table, study: Study) -> None:
    table.rows[4] = ["", "NA", "", "", "", ""]
    table.rows[5] = [""] * 6
    survey = study(table)
    assert (survey.n_read, survey.n_used) == (60, 58)
    assert survey.dropped == {"empty": 1, "unanswered": 1}
    assert 6 not in survey.frame.index and 7 not in survey.frame.index


def test_missing_by_design_is_no_problem(table: Table, study: Study) -> None:
    table.fill("channel", ["app", "web"] * 30)
    for row in range(2, 62):
        table.set("q1" if row % 2 else "q4", "", row)
    codebook = CODEBOOK.replace("[items.q1]", '[items.q1]\nasked_of = { channel = ["app"] }')
    codebook = codebook.replace("[items.q4]", '[items.q4]\nasked_of = { channel = ["web"] }')
    assert study(table, GROUP, codebook=codebook).n_used == 60


def test_undeclared_columns_are_left_out(table: Table, study: Study) -> None:
    table.fill("extra", ["1"] * 60).fill("mobile", ["x"] * 60)
    table.fill("contact", ["a@b.cn"] * 60)
    survey = study(table)
    assert list(survey.frame.columns) == list(ITEMS)
    pick(survey.warnings, "columns_undeclared", ("extra",))
    pick(survey.warnings, "columns_personal", ("mobile, contact",))


def test_names_are_kept_as_given(study: Study) -> None:
    names = ("满意 1", "1st", "a-b~c", "q.1", "Q_1", "=x")
    table = good_table(names=names)
    items = "".join(f'[items."{name}"]\nscale = "s"\n' for name in names)
    codebook = f'[study]\nsource = "x"\nsimulated = true\n[scales.s]\nminimum=1\nmaximum=7\n{items}'
    assert tuple(study(table, codebook=codebook).frame.columns) == names


# Spreadsheets


def workbook(table: Table, change: Callable[[object], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(table.names)
    for row in table.rows:
        sheet.append([int(v) if v.isdigit() else v or None for v in row])
    if change:
        change(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _set(cell: str, value: object) -> Callable[[object], None]:
    def change(sheet: object) -> None:
        sheet[cell] = value  # type: ignore[index]

    return change


SHEETS: dict[str, tuple[Callable[[object], None], str, tuple[str, ...]]] = {
    "error value": (_set("C4", "#N/A"), "excel_error", ("C", "row 4", "#N/A")),
    "formula without result": (_set("C4", "=A4+B4"), "formula_empty", ("C4",)),
    "merged": (lambda s: s.merge_cells("B3:C3"), "merged_cells", ("B3:C3",)),  # type: ignore[attr-defined]
    "total": (_set("A61", "合计"), "total_row", ("Row 61",)),
    "date": (_set("C4", dt.datetime(2024, 1, 2)), "cell_date", ("q3", "row 4")),
}


@pytest.mark.parametrize("case", SHEETS)
def test_bad_spreadsheet(case: str, table: Table, refused: Refused) -> None:
    change, code, words = SHEETS[case]
    refused(code, words, workbook(table, change), name="answers.xlsx")


def test_spreadsheet_with_numbers_as_text_and_booleans(table: Table, study: Study) -> None:
    survey = study(workbook(table, _set("C4", "5")), name="answers.xlsx")
    pick(survey.fixes, "fixed_text", ("1 cells", "q3"))
    survey = study(workbook(table, _set("C4", True)), name="answers.xlsx")
    assert survey.frame["q3"][4] == 1
    pick(survey.fixes, "fixed_true_false", ("1 cells", "q3"))


def test_rounded_id_in_a_spreadsheet(table: Table, refused: Refused) -> None:
    table.fill("person", [str(i) for i in range(60)])
    data = workbook(table, _set("G5", 110105199001011234))
    refused("id_rounded", ("person", "row 5"), data, ID, name="answers.xlsx")


def test_wrong_sheet_names_the_nearest(table: Table, refused: Refused) -> None:
    extra = '\n[data]\nsheet = "Sheat"\n'
    refused("sheet_unknown", ("Sheat", "Sheet"), workbook(table), extra, name="answers.xlsx")


def test_csv_renamed_xlsx(table: Table, refused: Refused) -> None:
    refused("file_kind", ("Excel",), table, name="answers.xlsx")
    refused("file_broken", ("Excel",), b"PK\x03\x04broken", name="answers.xlsx")


def test_broken_spss_and_parquet(refused: Refused) -> None:
    refused("file_broken", ("SPSS",), b"$FL2broken", name="answers.sav")
    refused("file_broken", ("Parquet",), b"PAR1broken", name="answers.parquet")


def test_codebook_of_the_study_is_good(tmp_path: object, study: Study, table: Table) -> None:
    survey = study(table)
    assert survey.n_read == survey.n_used == 60 and not survey.warnings and not survey.fixes
    assert load_codebook.__doc__
