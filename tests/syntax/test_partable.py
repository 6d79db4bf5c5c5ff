"""Parameter tables against lavaan's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.syntax import ParTable, PartableOptions, parse_model, partable

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, dict[str, Any]] = json.loads((GOLDEN / "cases.json").read_text("utf-8"))
TABLES: dict[str, dict[str, Any]] = json.loads((GOLDEN / "partables.json").read_text("utf-8"))
COLUMNS = ("lhs", "op", "rhs", "user", "group", "free", "ustart", "exo", "label", "plabel")
BOUNDS = ("lower", "upper")
ROLES = {
    "ov": "observed",
    "lv": "latent",
    "ov.x": "observed_x",
    "lv.x": "latent_x",
    "lv.y": "latent_y",
    "ov.y": "observed_y",
    "ov.ord": "with_thresholds",
}


def build(case: dict[str, Any]) -> ParTable:
    """The table of a case; keys of a case are names of options, but for a few."""
    settings = {k: v for k, v in case.items() if k not in ("model", "function", "n_groups")}
    if case.get("function") == "growth":
        settings |= {"int_ov_free": False, "int_lv_free": True, "meanstructure": True}
    groups = tuple(f"g{i}" for i in range(1, case.get("n_groups", 1) + 1))
    for key in ("group_equal", "group_partial"):
        settings[key] = tuple(settings.get(key, ()))
    options = PartableOptions(groups=groups, **settings)
    return partable(parse_model(case["model"]), options=options)


@pytest.mark.parametrize("key", CASES)
def test_rows_equal_lavaan(key: str) -> None:
    got = [
        [getattr(row, column) for column in (*COLUMNS, *BOUNDS)] for row in build(CASES[key]).rows
    ]
    assert got == TABLES[key]["rows"]


@pytest.mark.parametrize("key", CASES)
def test_roles_of_variables_equal_lavaan(key: str) -> None:
    names = build(CASES[key]).names
    assert {r: list(getattr(names, a)) for r, a in ROLES.items()} == TABLES[key]["names"]


def simple(text: str, **settings: Any) -> ParTable:
    return partable(parse_model(text), options=PartableOptions(**settings))


def test_definitions_come_after_what_they_use() -> None:
    table = simple("y ~ a*x\ntotal := twice + a\ntwice := 2*a")
    assert [row.lhs for row in table.defined] == ["total", "twice"]
    assert [row.lhs for row in table.definition_order] == ["twice", "total"]


def test_constraint_rows_hold_left_minus_right() -> None:
    table = simple("y ~ a*x + b*z\na == 2*b\na > 1", groups=("g1", "g2"))
    values = {"a": 5.0, "b": 2.0} | {row.plabel: 3.0 for row in table.parameters}
    found = [row.expression.evaluate(values) for row in table.constraints if row.expression]
    assert found == [1.0, 4.0, 0.0, 0.0]


def test_effect_coding_rows_are_zero_at_an_average_of_one() -> None:
    table = simple("f =~ x1 + x2 + x3", effect_coding=True)
    values = {".p1.": 0.5, ".p2.": 1.0, ".p3.": 1.5}
    assert [r.expression.evaluate(values) for r in table.constraints if r.expression] == [0.0]


def test_roles_and_lookups() -> None:
    table = simple("f =~ x1 + x2 + l3*x3\ng =~ y1 + y2\ng ~ f + z", groups=("a", "b"))
    assert table.indicators("f") == ("x1", "x2", "x3")
    assert table.exogenous_observed == ("z",)
    assert table.exogenous_latent == ("f",)
    assert table.endogenous == ("g",)
    assert table.by_name["l3"] is table.by_name[".p3."]
    assert {row.group for row in table.in_group(2)} == {2}
    assert table.n_free == max(row.free for row in table.rows)
    assert [row.line for row in table.rows[:5]] == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, False),
        ({"groups": ("a", "b")}, True),
        ({"groups": ("a", "b"), "meanstructure": False}, False),
        ({"thresholds": {"x1": 2}}, True),
        ({"groups": ("a", "b"), "meanstructure": False, "group_equal": ("intercepts",)}, True),
    ],
)
def test_mean_structure_follows_from_the_model(settings: dict[str, Any], expected: bool) -> None:
    assert simple("f =~ x1 + x2 + x3", **settings).options.meanstructure is expected


def test_ordered_names_outside_the_model_or_exogenous_are_passed_over() -> None:
    table = simple("y ~ x", ordered=("x", "other"))
    assert table.options.ordered == ()
    assert table.options.meanstructure is False


def test_equal_thresholds_release_the_scale_of_later_groups() -> None:
    settings = {"thresholds": {f"u{i}": 2 for i in (1, 2, 3)}, "groups": ("a", "b")}
    table = simple("f =~ u1 + u2 + u3", group_equal=("thresholds", "loadings"), **settings)
    scales = {(row.group, row.free > 0) for row in table.rows if row.op == "~*~"}
    assert scales == {(1, False), (2, True)}
    means = {(row.group, row.free > 0) for row in table.rows if row.op == "~1" and row.lhs == "f"}
    assert means == {(1, False), (2, True)}
