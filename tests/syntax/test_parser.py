"""Text to statements and back."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.syntax import (
    Constraint,
    Definition,
    Formula,
    ModelSyntax,
    Modifier,
    Term,
    parse_expression,
    parse_model,
)

# text -> printed form
PRINTED = {
    "f=~x1+x2": "f =~ x1 + x2",
    "f =~ NA*x1 + a*x1": "f =~ NA*x1 + a*x1",
    "f =~ start(0.5)*a*x1": "f =~ start(0.5)*x1 + a*x1",
    "f =~ 0.5?x1 + (-1)?x2 + .5*x3": "f =~ start(0.5)*x1 + start(-1)*x2 + 0.5*x3",
    "f =~ 1e-3*x1 + -2*x2 + (1/4)*x3 + 2*3*x4": "f =~ 0.001*x1 + -2*x2 + 0.25*x3 + 6*x4",
    "f =~ sqrt(4)*x1 + exp(0)*x2": "f =~ 2*x1 + 1*x2",
    'f =~ "lab"*x1 + equal("lab")*x2': "f =~ lab*x1 + lab*x2",
    'f =~ x1 + equal("f =~ x1")*x2': 'f =~ x1 + "f=~x1"*x2',
    "f =~ x1 + equal(f=~x1)*x2": 'f =~ x1 + "f=~x1"*x2',
    "f =~ c(a,b)*x1 + c(1,NA)*x2": 'f =~ c("a", "b")*x1 + c(1, NA)*x2',
    'f =~ c("a", NA)*x1 + label(c("b", "c"))*x2': 'f =~ c("a", "")*x1 + c("b", "c")*x2',
    "f =~ lower(0)*x1 + upper(c(1, Inf))*x2": "f =~ lower(0)*x1 + upper(c(1, Inf))*x2",
    'f =~ equal("a", NA)*x1': 'f =~ c("a", "")*x1',
    "f =~ 'a*b'*x1\nd := 'a*b'*2": "f =~ \"a*b\"*x1\nd := 'a*b'*2",
    "y ~ x # 全角（注释）；可以": "y ~ x",
    "y ~ '题（一）'": 'y ~ "题（一）"',
    "y ~ 1 + x:z": "y ~ 1 + x:z",
    "y ~ 0": "y ~ 0",
    "y ~ 0*1 + x": "y ~ 0 + x",
    "y ~1": "y ~ 1",
    "f =~ 0": "f =~ 0",
    "f1 + f2 =~ x1": "f1 + f2 =~ x1",
    "x1 ~~ x1": "x1 ~~ x1",
    "u1 | t1 + c(a, a)*t2": 'u1 | t1 + c("a", "a")*t2',
    "u1 ~*~ c(1, NA)*u1": "u1 ~*~ c(1, NA)*u1",
    "质量 =~ 题项_一 + q.2 + .x": "质量 =~ 题项_一 + q.2 + .x",
    '"顾客 满意" ~ \'1st\' + "x"': '"顾客 满意" ~ "1st" + x',
    "f =~ x1 +\n\n  x2\n + x3 # end": "f =~ x1 + x2 + x3",
    "f =~\n x1": "f =~ x1",
    "f\n=~ x1": "f =~ x1",
    "f =~ x1; g =~ x2 ! note": "f =~ x1\ng =~ x2",
    "f =~ + x1": "f =~ x1",
    "y\u3000~\u00a0x\r\nz ~ y": "y ~ x\nz ~ y",
    "y ~ a*x\nb := 2 *\n a": "y ~ a*x\nb := 2*a",
    "y ~ a*x + b*z\na == (b+1)^2\na > -b": "y ~ a*x + b*z\na == (b+1)^2\na > -b",
}


@pytest.mark.parametrize("text", PRINTED)
def test_prints_as(text: str) -> None:
    assert str(parse_model(text)) == PRINTED[text] + "\n"


@pytest.mark.parametrize("text", PRINTED)
def test_printed_text_is_the_same_model(text: str) -> None:
    model = parse_model(text)
    assert parse_model(str(model)) == model


def test_statements_hold_place_and_parts() -> None:
    model = parse_model("# title\nf =~ x1 + a*x2\nd := 2*a\na == 1", source="core.lav")
    formula, definition, constraint = model.statements
    assert isinstance(formula, Formula)
    assert (formula.lhs, formula.op, formula.line) == (("f",), "=~", 2)
    assert formula.terms == (Term("x1"), Term("x2", (Modifier("label", ("a",)),)))
    assert isinstance(definition, Definition)
    assert (definition.name, definition.expression.names) == ("d", {"a"})
    assert isinstance(constraint, Constraint)
    assert (model.latent, model.labels, model.variables) == (("f",), ("a",), ("f", "x1", "x2"))


NAMES = st.one_of(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.]{0,6}", fullmatch=True),
    st.text("质量满意忠诚价值é", min_size=1, max_size=4),
    st.sampled_from(["1st", "q 3", "a-b", "x~y", "x #1", "NA", "c", "Inf", "it's", ".p1"]),
).filter(lambda name: name != "NA")
NUMBERS = st.one_of(st.integers(-9, 9).map(float), st.floats(-1e6, 1e6, allow_nan=False, width=32))


def _values(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, min_size=1, max_size=3).map(tuple)


@st.composite
def modifiers(draw: st.DrawFn, labels: list[str]) -> tuple[Modifier, ...]:
    kinds = draw(st.sets(st.sampled_from(["fixed", "start", "lower", "upper", "label"])))
    found = []
    for kind in sorted(kinds):
        if kind == "label":
            values = draw(_values(st.sampled_from(labels)))
        elif kind == "fixed":
            values = draw(_values(st.one_of(st.none(), NUMBERS)))
        else:
            values = draw(_values(NUMBERS))
        found.append(Modifier(kind, values))  # type: ignore[arg-type]
    return tuple(found)


@st.composite
def models(draw: st.DrawFn) -> ModelSyntax:
    names = draw(st.lists(NAMES, min_size=6, max_size=9, unique=True))
    labels = [f"l{i}" for i in range(3)]
    labels = [label for label in labels if label not in names] or ["label.1"]
    statements: list[Formula | Constraint | Definition] = []
    factor, rest = names[0], names[1:]
    terms = tuple(Term(name, draw(modifiers(labels))) for name in rest)
    statements.append(Formula((factor,), "=~", terms))
    for left, right in pairwise(rest):
        op = draw(st.sampled_from(["~", "~~", ""]))
        if op:
            statements.append(Formula((left,), op, (Term(right, draw(modifiers(labels))),)))
    if draw(st.booleans()):
        statements.append(Formula((rest[0], rest[-1]), "~", (Term("", draw(modifiers(labels))),)))
    used = ModelSyntax(tuple(statements)).labels
    if used:
        text = draw(st.sampled_from(["{0}*2", "-{0}^2/3", "exp({0}-1)", "({0}+1)*{0}"]))
        statements.append(Definition("defined", parse_expression(text.format(used[0]))))
        left, right = parse_expression(used[0]), parse_expression("0.25")
        op = draw(st.sampled_from(["==", "<", ">"]))
        statements.append(Constraint(left, op, right))
    return ModelSyntax(tuple(statements))


@given(models())
def test_printing_and_parsing_return_the_model(model: ModelSyntax) -> None:
    assert parse_model(str(model)) == model


def test_parsing_is_fast() -> None:
    lines = [f"f{i} =~ x{i}1 + x{i}2 + a{i}*x{i}3 + x{i}4 + x{i}5" for i in range(10)]
    text = "\n".join(lines)
    durations = []
    for _ in range(20):
        begin = time.perf_counter()
        parse_model(text)
        durations.append(time.perf_counter() - begin)
    assert min(durations) < 0.01
