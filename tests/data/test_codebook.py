"""The codebook: the documented example loads, every mistake is named with its key."""

from __future__ import annotations

import re
import string
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from data.samples import CODEBOOK, pick
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data import Codebook, load_codebook
from analysis.data.codebook_file import build_codebook
from analysis.errors import AnalysisError, InputError


def example(root: Path) -> str:
    page = (root / "docs" / "codebook.md").read_text("utf-8")
    found = re.search(r"```toml\n(format.*?)```", page, re.DOTALL)
    assert found
    return found[1]


def build(text: str) -> Codebook:
    return build_codebook(tomllib.loads(text), "test")


def problems(text: str) -> tuple[object, ...]:
    with pytest.raises(InputError) as caught:
        build(text)
    return caught.value.messages


def test_documented_example_loads(root: Path) -> None:
    codebook = build(example(root))
    assert codebook.title["zh"] == "全渠道零售" and codebook.simulated
    assert codebook.construct("tangibles").items == ("tan1",)
    assert codebook.construct("tangibles").expectation_items == ("tan1_e",)
    assert codebook.children("quality") == ("tangibles",)
    sat2 = codebook.item("sat2")
    assert (sat2.minimum, sat2.maximum, sat2.reversed, sat2.scale) == (1, 7, True, "agree7")
    assert set(sat2.missing) == {98, 99} and set(codebook.item("app1").missing) == {0, 98, 99}
    assert sat2.words["非常满意"] == 7 and sat2.words["非常不同意"] == 1
    assert list(codebook.group("wave").levels) == ["1", "2"]
    assert codebook.with_role("satisfaction") == ("satisfaction",)
    assert codebook.variable("spend_after").currency == "CNY"
    assert codebook.label("channel", "zh") == "渠道" and codebook.label("nothing") == "nothing"
    assert codebook.models["core"].hypotheses[0].sign == "+"
    assert codebook.tables[0].columns["date"] == "order_date"


MISTAKES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "unknown key": ("[items.q1]", "[items.q1]\nrevered = true", "key_unknown",
                    ("items.q1.revered", "reversed")),
    "unknown section": ("[study]", "[itms]\n[study]", "key_unknown", ("itms", "items")),
    "unknown scale": ('[constructs.sat]\nscale = "agree7"', '[constructs.sat]\nscale = "agre7"',
                      "key_choice", ("constructs.sat.scale", "agre7", "agree7")),
    "unknown construct": ('construct = "loy"', 'construct = "loi"', "key_choice",
                          ("items.q4.construct", "loi", "loy")),
    "unknown role": ("[constructs.sat]", '[constructs.sat]\nrole = "loyality"', "key_choice",
                     ("constructs.sat.role", "loyalty")),
    "no source": ('source = "made for a test"', "", "key_missing", ("study.source",)),
    "no citation": ("simulated = true", "", "key_missing", ("study.citation",)),
    "no minimum": ("minimum = 1", "", "key_missing", ("scales.agree7.minimum",)),
    "wrong type": ("minimum = 1", 'minimum = "one"', "key_type",
                   ("scales.agree7.minimum", "number")),
    "infinite": ("minimum = 1", "minimum = -inf", "key_type", ("scales.agree7.minimum",)),
    "wrong flag": ("simulated = true", 'simulated = "yes"', "key_type", ("true / false",)),
    "table wanted": ("[items.q1]\n", "[items]\nq1 = 1\n", "key_type", ("items.q1",)),
    "turned range": ("minimum = 1", "minimum = 9", "scale_range", ("9", "7")),
    "anchor outside": ("maximum = 7", 'maximum = 7\nanchors = { 8 = "x" }', "outside_scale",
                       ("scales.agree7.anchors.8",)),
    "word outside": ("maximum = 7", 'maximum = 7\nwords = { "x" = 8 }', "outside_scale",
                     ("words.x",)),
    "code in range": ("maximum = 7", "maximum = 7\nmissing = [7]", "missing_in_range",
                      ("items.q1.missing", "missing = [7]")),
    "encoding": ("[study]", '[data]\nencoding = "utf-9"\n[study]', "encoding_unknown", ("utf-9",)),
    "codec that is none": ("[study]", '[data]\nencoding = "zip"\n[study]', "encoding_unknown",
                           ("zip",)),
    "path": ("[study]", '[data]\nfile = "../answers.csv"\n[study]', "file_name",
             ("data.file", "../answers.csv")),
    "separator": ("[study]", '[data]\nseparator = ";;"\n[study]', "key_type", ("separator",)),
    "rule": ("[study]", '[data]\nduplicate_ids = "lst"\n[study]', "key_choice", ("last",)),
    "construct and item": ("[items.q1]", "[items.sat]", "name_twice",
                           ("items.sat", "constructs.sat")),
    "twins": ("[items.q1]", '[items."ｑ2"]', "name_twins", ("ｑ2", "U+FF51")),
    "two jobs": ("[items.q1]", '[items.q1]\ncolumn = "q2"', "column_two_jobs",
                 ("items.q1", "items.q2")),
    "personal item": ("[study]", '[roles]\npersonal = ["q1"]\n[study]', "column_two_jobs",
                      ("roles.personal", "items.q1")),
    "pair": ("[items.q1]", '[items.q1]\npair = "q7"', "unknown_name", ("items.q1.pair", "q7")),
    "same block": ("[items.q1]", '[items.q1]\npair = "q2"', "pair_block", ("q1", "q2")),
    "asked of nobody": ("[items.q1]", '[items.q1]\nasked_of = { chanel = ["a"] }',
                        "unknown_name", ("items.q1.asked_of",)),
    "parent": ("[constructs.sat]", '[constructs.sat]\nparent = "loj"', "unknown_name",
               ("constructs.sat.parent", "loy")),
    "own parent": ("[constructs.sat]", '[constructs.sat]\nparent = "sat"', "parent_cycle",
                   ("sat",)),
    "empty construct": ("[constructs.sat]", "[constructs.new]\n[constructs.sat]",
                        "construct_empty", ("constructs.new", 'construct = "new"')),
    "start alone": ("[study]", '[roles]\nstart = "s"\n[study]', "start_without_end",
                    ("roles.start",)),
    "amount": ("[study]", '[outcomes.v]\ntype = "amount"\n[study]', "key_missing",
               ("outcomes.v.currency",)),
    "three levels": ("[study]", '[outcomes.v]\ntype = "binary"\nlevels = { 0 = "a" }\n[study]',
                     "binary_levels", ("outcomes.v.levels",)),
    "attention": ("[study]", "[attention.a]\n[study]", "key_missing", ("attention.a.answer",)),
    "hypothesis": ("[study]", "[models.core]\nhypotheses = [{ id = 'H1' }]\n[study]",
                   "key_missing", ("models.core.hypotheses[0].path",)),
    "control character": ('title = "Test"', 'title = "a\\u0000b"', "key_type", ("study.title",)),
    "format": ("[study]", "format = 2\n[study]", "key_choice", ("format",)),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake(case: str) -> None:
    old, new, code, words = MISTAKES[case]
    assert old in CODEBOOK
    pick(problems(CODEBOOK.replace(old, new, 1)), code, words)  # type: ignore[arg-type]


def test_all_mistakes_are_reported_at_once() -> None:
    text = CODEBOOK.replace("minimum = 1", "minimun = 1").replace("[items.q2]", "[items.sat]")
    codes = sorted(m.code for m in problems(text))  # type: ignore[attr-defined]
    assert codes == ["data.key_missing", "data.key_unknown", "data.name_twice"]


BROKEN: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "syntax": (b"[study\n", "toml_syntax", ("codebook.toml", "line 1")),
    "same key twice": (b"a = 1\na = 2\n", "toml_syntax", ("codebook.toml",)),
    "gbk": ("[study]\ntitle = '满意'\n".encode("gbk"), "toml_encoding", ("line 2",)),
    "deep": (b"a = " + b"[" * 5000, "toml_syntax", ()),
    "long number": (b"a = " + b"9" * 5000, "toml_syntax", ()),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file(case: str, tmp_path: Path) -> None:
    raw, code, words = BROKEN[case]
    (tmp_path / "codebook.toml").write_bytes(raw)
    with pytest.raises(InputError) as caught:
        load_codebook(tmp_path)
    pick(caught.value.messages, code, words)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_codebook(tmp_path / "codebook.toml")
    pick(caught.value.messages, "file_unreadable", ("codebook.toml",))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["en", "zh", "minimum", "maximum", "scale", "items", "q1", "x", "levels"]),
        inner, max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip
_SECTIONS = st.sampled_from(
    ["study", "data", "scales", "constructs", "items", "groups", "roles", "attention", "outcomes",
     "covariates", "tables", "models", "format", "other"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_SECTIONS, _JSON, max_size=6))
def test_any_tables_load_or_are_refused_in_words(tables: dict[str, object]) -> None:
    try:
        build_codebook(tables, "fuzz")
    except AnalysisError as error:
        assert error.text("en") and error.text("zh")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_damage_to_a_good_codebook_is_refused_in_words(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(CODEBOOK) - 1))
    cut = data.draw(st.integers(0, 12))
    text = CODEBOOK[:at] + data.draw(st.text(max_size=6)) + CODEBOOK[at + cut :]
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    try:
        build_codebook(tables, "fuzz")
    except AnalysisError as error:
        assert error.text("en") and error.text("zh")


def _slots(text: str) -> set[str | None]:
    return {slot for _, slot, _, _ in string.Formatter().parse(text) if slot}


def test_sentences_have_the_same_keys_and_slots_in_both_languages() -> None:
    en, zh = (
        tomllib.loads(files("analysis").joinpath(f"locale/{code}/data.toml").read_text("utf-8"))
        for code in ("en", "zh")
    )
    assert set(en) == set(zh)
    for code, parts in en.items():
        assert set(parts) == set(zh[code]), code
        for part, text in parts.items():
            assert _slots(text) == _slots(zh[code][part]), (code, part)


def test_every_code_used_has_a_sentence(root: Path) -> None:
    sentences = set(
        tomllib.loads(files("analysis").joinpath("locale/en/data.toml").read_text("utf-8"))
    )
    source = "".join(p.read_text("utf-8") for p in (root / "src/analysis/data").glob("*.py"))
    used = set(re.findall(r'"data\.([a-z_0-9]+)"', source))
    used |= set(re.findall(r'notes\.(?:error|warn|fix)\(\s*"([a-z_0-9]+)"', source))
    used |= set(re.findall(r'\.problem\(\s*"([a-z_0-9]+)"', source))
    built = {f"cell_{kind}" for kind in ("text", "infinite", "date", "excel_error")}
    assert used <= sentences
    assert sentences - used - built == {"drop"}
