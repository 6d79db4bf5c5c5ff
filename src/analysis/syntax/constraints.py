"""Rows after the parameters: definitions, the user's constraints, equalities, effect coding."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.errors import Message, message
from analysis.syntax.expression import Expression, Node
from analysis.syntax.options import PartableOptions
from analysis.syntax.rows import Row
from analysis.syntax.statements import Definition, Formula, ModelSyntax


def user_constraints(syntax: ModelSyntax) -> list[Row]:
    """Rows of ``:=``, ``==``, ``<`` and ``>`` in the order of the text."""
    rows = []
    for statement in syntax.statements:
        if isinstance(statement, Formula):
            continue
        if isinstance(statement, Definition):
            row = _constraint(statement.name, ":=", statement.expression.text, user=1)
            row.label, row.expression = statement.name, statement.expression
        else:
            row = _constraint(statement.lhs.text, statement.op, statement.rhs.text, user=1)
            row.expression = statement.lhs.minus(statement.rhs)
        row.token = statement.token
        rows.append(row)
    return rows


def _constraint(lhs: str, op: str, rhs: str, *, user: int) -> Row:
    return Row(lhs, op, rhs, user=user, group=0, free=0)


def _name(name: str) -> Node:
    return Node("name", name)


def _minus(left: Node, right: Node) -> Node:
    return Node("binary", "-", children=(left, right))


def equalities(rows: list[Row], labels: Sequence[str]) -> tuple[list[Row], list[Message]]:
    """Equality rows for shared labels; parameters equal to a fixed one become fixed.

    Notes
    -----
    Labels are taken in the order in which their second mention appears, as in lavaan.
    """
    places: dict[str, list[int]] = {}
    order: dict[str, None] = {}
    for place, label in enumerate(labels):
        if label in places:
            order[label] = None
        places.setdefault(label, []).append(place)
    constraints: list[Row] = []
    notes: list[Message] = []
    for label in order:
        same = [rows[place] for place in places[label]]
        _share_bounds(same)
        fixed = [row for row in same if not row.free]
        if fixed:
            if any(row.ustart != fixed[0].ustart for row in fixed):
                notes.append(message("syntax.equal_fixed_values", label=label))
            for row in same:
                row.fix(fixed[0].ustart)
            continue
        for row in same[1:]:
            equal = _constraint(same[0].plabel, "==", row.plabel, user=2)
            node = _minus(_name(same[0].plabel), _name(row.plabel))
            equal.expression = Expression(node, f"{same[0].plabel}-({row.plabel})")
            constraints.append(equal)
        for row in same:
            row.label = row.label or same[0].plabel
    return constraints, notes


def _share_bounds(rows: list[Row]) -> None:
    """Rows held equal take the widest finite bounds among them."""
    finite = (float("-inf"), float("inf"))
    lower = [row.lower for row in rows if row.lower is not None and row.lower not in finite]
    upper = [row.upper for row in rows if row.upper is not None and row.upper not in finite]
    for row in rows:
        row.lower = min(lower) if lower else row.lower
        row.upper = max(upper) if upper else row.upper


def effect_coding(rows: list[Row], options: PartableOptions) -> list[Row]:
    """Constraints that loadings average 1 and intercepts sum to 0 within each factor."""
    constraints: list[Row] = []
    for group in range(1, options.n_groups + 1):
        own = [row for row in rows if row.group == group]
        for factor in dict.fromkeys(row.lhs for row in own if row.op == "=~"):
            loadings = [row for row in own if row.op == "=~" and row.lhs == factor]
            if "loadings" in options.effect_parts and all(row.free for row in loadings):
                constraints.append(_sum_constraint(loadings, len(loadings)))
            if "intercepts" in options.effect_parts:
                constraints += _intercepts(own, factor, {row.rhs for row in loadings})
    return constraints


def _intercepts(rows: list[Row], factor: str, items: set[str]) -> list[Row]:
    intercepts = [row for row in rows if row.op == "~1" and row.lhs in items]
    if not intercepts or not all(row.free for row in intercepts):
        return []
    for row in rows:
        if row.op == "~1" and row.lhs == factor and not row.user:
            row.free = 1
    return [_sum_constraint(intercepts, 0)]


def _sum_constraint(rows: list[Row], total: int) -> Row:
    """``first == total - second - third ...`` over the rows' own labels."""
    text, node = str(total), Node("number", number=float(total))
    for row in rows[1:]:
        text, node = f"{text}-{row.plabel}", _minus(node, _name(row.plabel))
    result = _constraint(rows[0].plabel, "==", text, user=2)
    result.expression = Expression(
        _minus(_name(rows[0].plabel), node), f"{rows[0].plabel}-({text})"
    )
    return result
