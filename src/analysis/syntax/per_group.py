"""One model text for several groups: labels and defined parameters of each group its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from analysis.syntax.expression import Expression, parse_expression
from analysis.syntax.statements import (
    Constraint,
    Definition,
    Formula,
    ModelSyntax,
    Modifier,
    Statement,
    Term,
)

_WORD = re.compile(r"(?<![\w.])(?:[^\W\d]|\.(?!\d))[\w.]*")


def shared_labels(syntax: ModelSyntax) -> tuple[str, ...]:
    """Labels that stand for a parameter of all groups at once, and so hold it equal in them."""
    return tuple(
        dict.fromkeys(
            str(modifier.values[0])
            for formula in syntax.formulas
            for term in formula.terms
            for modifier in term.modifiers
            if _is_shared(modifier)
        )
    )


def labels_per_group(syntax: ModelSyntax, n_groups: int) -> ModelSyntax:
    """The model with a label of its own for each group, ``a.g1``, ``a.g2`` ... in place of ``a``.

    Definitions and constraints that use such labels, directly or by other definitions, are
    repeated for each group; ``x := a*b`` becomes ``x.g1 := a.g1*b.g1`` and so on.
    """
    own = set(shared_labels(syntax))
    for definition in syntax.definitions:
        if definition.expression.names & own:
            own.add(definition.name)
    statements: list[Statement] = []
    for statement in syntax.statements:
        if isinstance(statement, Formula):
            statements.append(_relabelled(statement, n_groups))
        else:
            statements.extend(_repeated(statement, own, n_groups))
    text = "".join(f"{s}\n" for s in statements)
    return ModelSyntax(tuple(statements), source=syntax.source, text=text)


def group_suffix(group: int) -> str:
    """What sets a label of one group (1-based) apart."""
    return f".g{group}"


def _is_shared(modifier: Modifier) -> bool:
    return modifier.kind == "label" and len(modifier.values) == 1 and bool(modifier.values[0])


def _relabelled(formula: Formula, n_groups: int) -> Formula:
    return replace(formula, terms=tuple(_term(term, n_groups) for term in formula.terms))


def _term(term: Term, n_groups: int) -> Term:
    modifiers = tuple(
        replace(m, values=tuple(f"{m.values[0]}{group_suffix(g + 1)}" for g in range(n_groups)))
        if _is_shared(m)
        else m
        for m in term.modifiers
    )
    return replace(term, modifiers=modifiers)


def _repeated(
    statement: Constraint | Definition, own: set[str], n_groups: int
) -> Iterator[Statement]:
    used = (
        statement.expression.names
        if isinstance(statement, Definition)
        else statement.lhs.names | statement.rhs.names
    )
    if not used & own:
        yield statement
        return
    for group in range(1, n_groups + 1):
        names = {name: name + group_suffix(group) for name in own}
        if isinstance(statement, Definition):
            expression = _renamed(statement.expression, names)
            yield replace(statement, name=names[statement.name], expression=expression)
        else:
            left, right = (_renamed(e, names) for e in (statement.lhs, statement.rhs))
            yield replace(statement, lhs=left, rhs=right)


def _renamed(expression: Expression, names: Mapping[str, str]) -> Expression:
    text = _WORD.sub(lambda word: names.get(word[0], word[0]), expression.text)
    return parse_expression(text)
