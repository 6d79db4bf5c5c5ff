"""Every message of the area is reached, in both languages, at the right place."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.errors import AnalysisError, ModelError, ModelSyntaxError
from analysis.i18n import catalogue
from analysis.syntax import PartableOptions, parse_model, partable

# text -> (code, line, column) of every message
SYNTAX: dict[str, list[tuple[str, int, int]]] = {
    "f =~ x1+x2+x3 +": [("dangling", 1, 15)],
    "f =~ x1 +\ny ~ x": [("dangling", 1, 9)],
    "f =~ 2*": [("dangling", 1, 7)],
    "f = x1 + x2": [("unknown_operator", 1, 3)],
    "f ~~~ x1": [("unknown_operator", 1, 3)],
    "f == x1+x2+x3\n f ~~~ x1": [
        ("variable_as_label", 1, 1),
        ("variable_as_label", 1, 6),
        ("unknown_operator", 2, 4),
    ],
    "f == x1+x2+x3": [("no_formula", 1, 1)],
    "L ~ L": [("self_regression", 1, 5)],
    "f =~ x1 + f": [("measures_itself", 1, 11)],
    "f =~ g\ng =~ f + x": [("measurement_cycle", 2, 6)],
    "f =~ strt(3)*x1": [("unknown_function_near", 1, 6)],
    "f =~ qqq(3)*x1": [("unknown_function", 1, 6)],
    "y ~ alpha*x\nb := Alpha*2": [("unknown_label_near", 2, 6)],
    "y ~ x\nb := qq*2": [("unknown_label", 2, 6)],
    "y ~ x\nb := x*2": [("variable_as_label", 2, 6)],
    "y ~ c*x\na := b\nb := a*c": [("definition_cycle", 2, 1)],
    "y ~ c*x\na := a + c": [("definition_cycle", 2, 1)],
    "y ~ c*x\na := c\na := 2*c": [("defined_twice", 3, 1)],
    "y ~ c*x\nc := 2": [("defined_label", 2, 1)],
    "y ~ x*w + x": [("label_is_variable", 1, 5)],
    "y ~ x\ny ~ x": [("duplicate", 2, 5)],
    "x ~~ y\ny ~~ x": [("duplicate", 2, 6)],
    "f =~ x1 + x1": [("repeated_term", 1, 11)],
    "f =~ a*x1 + b*x1": [("repeated_term", 1, 15)],
    "f =~ a*b*x1": [("repeated_modifier", 1, 6)],
    "f =~ x1 x2": [("missing_plus", 1, 9)],
    "f g =~ x1": [("missing_plus", 1, 3)],
    "f =~ x1\nx2": [("no_operator", 2, 1)],
    "x1 + x2": [("no_operator", 1, 1)],
    "f =~ x1 + + x2": [("doubled", 1, 11)],
    "f =~ *x1": [("doubled", 1, 6)],
    "y ~ x:": [("dangling", 1, 6)],
    "(f) =~ x1": [("expected_name", 1, 1)],
    "f =~ start(1)2*x1": [("open_bracket", 1, 11)],
    "f =~ start(c(1)2)*x1": [("open_bracket", 1, 13)],
    "y ~ a*x\nb := (a a)": [("expression_operator", 2, 9)],
    "y =>~ x": [("unknown_operator", 1, 3)],
    "y ~ x ＃ note": [("full_width", 1, 7)],
    "y ~ “x”": [("full_width", 1, 5), ("full_width", 1, 7)],
    "e\u0301 ~ e\u0301": [("self_regression", 1, 6)],
    "f + =~ x1": [("nothing_before", 1, 5)],
    "=~ x1": [("nothing_before", 1, 1)],
    "y ~": [("nothing_after", 1, 3)],
    "y ~ x\nb :=": [("nothing_after", 2, 3)],
    "y ~ x ~ z": [("second_operator", 1, 7)],
    "f =~ x1 - x2": [("minus_term", 1, 9)],
    "f =~ ,x1": [("expected_name", 1, 6)],
    "f =~ 'a'('b')*x1": [("expression_operator", 1, 9)],
    "f =~ (a+1)*x1": [("name_in_number", 1, 7)],
    "f =~ log(-1)*x1": [("not_a_number", 1, 6)],
    "f =~ /*x1": [("expected_modifier", 1, 6)],
    "f =~ 1x": [("digit_name", 1, 6)],
    "1x =~ y": [("digit_name", 1, 1)],
    "y ~ 3a*x": [("digit_name", 1, 5)],
    "y ~ NA": [("reserved_name", 1, 5)],
    "y ~ 2": [("constant_intercept", 1, 5)],
    "f =~ 1": [("constant_term", 1, 6)],
    "y ~ x:z:w": [("long_interaction", 1, 5)],
    "f =~ x1\ny ~ f:x": [("latent_interaction", 2, 5)],
    "y ~ log(x)": [("transformed_variable", 1, 5)],
    "y ~ start(1)": [("modifier_without_name", 1, 5)],
    "y ~ start()*x": [("no_argument", 1, 5)],
    "y ~ c(1,)*x": [("no_argument", 1, 5)],
    "y ~ c(a, 1)*x": [("mixed_vector", 1, 5)],
    'efa("b")*f1 =~ x1': [("unsupported_efa", 1, 1)],
    'y ~ rv("s")*x': [("unsupported_rv", 1, 5)],
    'y ~ prior("n")*x': [("unsupported_prior", 1, 5)],
    "a*y ~ x": [("left_modifier", 1, 1)],
    "f <~ x1 + x2": [("composite", 1, 3)],
    "group: 1\nf =~ x1": [("group_block", 1, 1)],
    "level: 1\nf =~ x1": [("level_block", 1, 1)],
    "y ~ (x": [("open_bracket", 1, 5)],
    "y ~ x)": [("closed_bracket", 1, 6)],
    'y ~ "x': [
        ("open_quote", 1, 5),
    ],
    "y ~ a*x\nb := a +": [("expression_ends", 2, 8)],
    "y ~ a*x\nb := *a": [("expression_operand", 2, 6)],
    "y ~ a*x\nb := a a": [("expression_operator", 2, 8)],
    "y ~ a*x\nb c := a": [("definition_name", 2, 3)],
    "y～x＋z": [("full_width", 1, 2), ("full_width", 1, 4)],
    "y ~ x\u200b1": [("invisible_character", 1, 5)],
    "y ~ \u200bx": [("invisible_character", 1, 5)],
    "y ~ x$": [("unknown_character", 1, 6)],
    "u | a1": [("threshold_name", 1, 5)],
    "f =~ x\nf | t1": [("latent_threshold", 2, 1)],
    "u ~*~ v": [("scaling", 1, 7)],
    "": [("empty", 1, 1)],
    " \n# only a comment\n;": [("empty", 1, 1)],
}


def found(error: AnalysisError) -> list[tuple[Any, ...]]:
    """Code, line and column of all messages of an error."""
    return [
        (m.code.removeprefix("syntax."), m.fields.get("line"), m.fields.get("column"))
        for m in error.messages
    ]


@pytest.mark.parametrize("text", SYNTAX)
def test_bad_text_says_what_and_where(text: str) -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model(text)
    assert found(caught.value) == SYNTAX[text]
    for language in ("en", "zh"):
        assert all(all(m.parts(language)[::2]) for m in caught.value.messages)


# code -> model, columns of the data, options
TABLES: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {
    "unknown_column_near": ("f =~ x1 + X2", ["x1", "x2"], {}),
    "unknown_column": ("f =~ x1 + zzz", ["x1"], {}),
    "latent_is_column": ("f =~ x1 + x2", ["x1", "x2", "f"], {}),
    "modifier_length": ("f =~ c(1, 2, 3)*x1", None, {"groups": ("a", "b")}),
    "unknown_element": ('f =~ x1 + equal("f =~ x9")*x2', None, {}),
    "unknown_plabel": ("f =~ x1 + x2\n.p99. == 1", None, {}),
    "unknown_partial": (
        "f =~ x1 + x2",
        None,
        {"groups": ("a", "b"), "group_equal": ("loadings",), "group_partial": ("f =~ x9",)},
    ),
    "no_thresholds": ("f =~ x1 + x2", None, {"ordered": ("x1",)}),
    "unknown_choice": ("f =~ x1", None, {"parameterization": "zzz"}),
    "unknown_choice_near": ("f =~ x1", None, {"group_equal": ("loading",)}),
    "std_lv_and_effect_coding": ("f =~ x1", None, {"std_lv": True, "effect_coding": True}),
    "conditional_x_needs_fixed_x": ("f =~ x1", None, {"conditional_x": True, "fixed_x": False}),
    "groups": ("f =~ x1", None, {"groups": ("a", "a")}),
}


@pytest.mark.parametrize("code", TABLES)
def test_bad_table_says_why(code: str) -> None:
    text, columns, settings = TABLES[code]
    with pytest.raises((ModelSyntaxError, ModelError)) as caught:
        partable(parse_model(text), observed=columns, options=PartableOptions(**settings))
    assert [entry[0] for entry in found(caught.value)] == [code]
    assert caught.value.text("en") and caught.value.text("zh")


# code -> model, options
WARNINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "single_label": ("f =~ x1 + a*x2 + x3", {"groups": ("a", "b")}),
    "random_exogenous": ("y ~ x1 + x2\nx1 ~~ x1", {}),
    "equal_fixed_values": ("f =~ 1*x1 + a*x1 + 2*x2 + a*x2", {}),
    "thresholds_without_ordered": (
        "f =~ x1 + x2",
        {"groups": ("a", "b"), "group_equal": ("loadings", "thresholds")},
    ),
}


@pytest.mark.parametrize("code", WARNINGS)
def test_surprising_choices_are_noted(code: str) -> None:
    text, settings = WARNINGS[code]
    table = partable(parse_model(text), options=PartableOptions(**settings))
    assert [m.code for m in table.warnings] == [f"syntax.{code}"]
    assert all(m.text("en") and m.text("zh") for m in table.warnings)


def test_every_message_has_a_test() -> None:
    tested = {code for entries in SYNTAX.values() for code, _, _ in entries}
    tested |= {*TABLES, *WARNINGS}
    keys = {key.split(".")[1] for key in catalogue("en") if key.startswith("syntax.")}
    assert keys == tested


def test_caret_stands_under_wide_characters() -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model("质量 =~ 题项一 题项二")
    shown, carets = str(caught.value.messages[0].fields["excerpt"]).split("\n")
    assert shown == "    质量 =~ 题项一 题项二"
    assert carets == " " * (4 + 4 + 4 + 6 + 1) + "^" * 6


def test_all_problems_are_collected_in_order() -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model("y ~ x x2\nq ~ r +\nf =~ g - h\nz ~ z")
    assert [line for _, line, _ in found(caught.value)] == [1, 2, 3, 4]


def test_long_lines_are_cut_around_the_place() -> None:
    text = "f =~ " + " + ".join(f"item{i}" for i in range(60)) + " item60"
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model(text)
    shown, carets = str(caught.value.messages[0].fields["excerpt"]).split("\n")
    assert len(shown) <= 100
    assert shown[carets.index("^") :].startswith("item60")


def test_columns_of_interactions_may_be_their_parts() -> None:
    table = partable(
        parse_model("y ~ x + z + x:z"), observed=["x", "y", "z"], options=PartableOptions()
    )
    assert table.observed == ("y", "x", "z", "x:z")
