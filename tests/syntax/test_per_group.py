"""One model text for several groups: whose labels they are."""

from __future__ import annotations

import pytest

from analysis.syntax import (
    ModelSyntax,
    PartableOptions,
    labels_per_group,
    parse_model,
    partable,
    shared_labels,
)

TEXT = """
f =~ x1 + a*x2 + a*x3
g =~ x4 + c(p, q)*x5 + 0.8*x6 + start(0.5)*x7
g ~ b*f
twice := 2*a*b
ratio := twice/(1e3 + b)
own := p - q
a > 0
p == q
"""


def names(model: ModelSyntax) -> list[str]:
    return [d.name for d in model.definitions]


def test_only_single_labels_are_shared() -> None:
    assert shared_labels(parse_model(TEXT)) == ("a", "b")


def test_labels_and_what_depends_on_them_are_repeated_for_each_group() -> None:
    model = labels_per_group(parse_model(TEXT), 2)
    assert names(model) == ["twice.g1", "twice.g2", "ratio.g1", "ratio.g2", "own"]
    text = str(model)
    for line in ("twice.g2 := 2*a.g2*b.g2", "ratio.g1 := twice.g1/(1e3+b.g1)", "own := p-q",
                 "a.g1 > 0", "a.g2 > 0", "p == q"):  # fmt: skip
        assert line in text.splitlines(), text
    assert parse_model(text) == model
    assert shared_labels(model) == ()


def test_within_a_group_equal_labels_still_hold_parameters_equal() -> None:
    model = labels_per_group(parse_model("f =~ x1 + a*x2 + a*x3 + x4"), 2)
    table = partable(model, options=PartableOptions(groups=("one", "two")))
    pairs = {(r.lhs, r.rhs) for r in table.rows if r.op == "=="}
    at = {(r.lhs, r.rhs, r.group): r.plabel for r in table.rows if r.op == "=~"}
    assert pairs == {(at["f", "x2", g], at["f", "x3", g]) for g in (1, 2)}


@pytest.mark.parametrize("text", ["f =~ x1 + x2 + x3", "f =~ x1 + 1*x2 + NA*x3\nx1 ~~ x1"])
def test_a_model_without_labels_collapses_to_itself(text: str) -> None:
    model = parse_model(text)
    assert labels_per_group(model, 3) == model
