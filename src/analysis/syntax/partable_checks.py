"""Checks of a model against the data's columns and its own parameters."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.syntax.checks import is_plabel
from analysis.syntax.diagnostics import Diagnostics, nearest
from analysis.syntax.groups import element_label
from analysis.syntax.names import VariableNames
from analysis.syntax.rows import Row
from analysis.syntax.statements import ModelSyntax
from analysis.syntax.tokens import Token


def _first_tokens(syntax: ModelSyntax) -> dict[str, Token]:
    places: dict[str, Token] = {}
    for formula in syntax.formulas:
        for name, token in zip(formula.lhs, formula.lhs_tokens, strict=False):
            places.setdefault(name, token)
        if formula.op != "|":
            for term in formula.terms:
                places.setdefault(term.name, term.token)
    return places


def check_observed(syntax: ModelSyntax, names: VariableNames, columns: Sequence[str]) -> None:
    """Raise ``ModelSyntaxError`` where names and columns do not fit."""
    known = set(columns)
    places = _first_tokens(syntax)
    diagnostics = Diagnostics(syntax.text, syntax.source)
    for name in names.observed:
        if name in known or (":" in name and all(part in known for part in name.split(":"))):
            continue
        close = nearest(name, known)
        code = "unknown_column_near" if close else "unknown_column"
        diagnostics.add(code, places[name], name=name, nearest=close, count=len(known))
    for name in names.latent:
        if name in known:
            diagnostics.add("latent_is_column", places[name], name=name)
    diagnostics.raise_if_any()


def check_modifiers(syntax: ModelSyntax, flat: Sequence[Row], n_groups: int) -> None:
    """Raise ``ModelSyntaxError`` where ``c()`` does not hold one value per group."""
    diagnostics = Diagnostics(syntax.text, syntax.source)
    for row in flat:
        for modifier in row.modifiers:
            if len(modifier.values) not in (1, n_groups):
                element = f"{row.lhs} {row.op} {row.rhs}".rstrip()
                found = len(modifier.values)
                fields = {"element": element, "found": found, "groups": n_groups}
                diagnostics.add("modifier_length", modifier.token, **fields)
    diagnostics.raise_if_any()


def check_labels(syntax: ModelSyntax, rows: Sequence[Row], constraints: Sequence[Row]) -> None:
    """Raise ``ModelSyntaxError`` for ``equal()`` and ``.p1.`` names that fit no parameter."""
    diagnostics = Diagnostics(syntax.text, syntax.source)
    elements: set[str] | None = None
    for row in rows:
        if row.token is not None and "~" in row.label:
            elements = elements or {element_label(other) for other in rows}
            if row.label not in elements:
                close = nearest(row.label, elements) or min(elements)
                diagnostics.add("unknown_element", row.token, found=row.label, nearest=close)
    plabels = {row.plabel for row in rows}
    for row in constraints:
        used = row.expression.names if row.expression else frozenset()
        for name in sorted(used):
            if is_plabel(name) and name not in plabels and row.token is not None:
                last = rows[-1].plabel if rows else ""
                diagnostics.add("unknown_plabel", row.token, name=name, last=last)
    diagnostics.raise_if_any()
