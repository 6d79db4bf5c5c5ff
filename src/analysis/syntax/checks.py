"""Checks of meaning that need no data: duplicates, labels, cycles, roles of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.syntax.diagnostics import Diagnostics, nearest
from analysis.syntax.statements import Constraint, Definition, Formula, Statement, Term
from analysis.syntax.tokens import Token


def check_statements(statements: Sequence[Statement], diagnostics: Diagnostics) -> None:
    """Record every problem of meaning; unknown labels only where all text could be read."""
    readable = len(diagnostics) == 0
    formulas = [s for s in statements if isinstance(s, Formula)]
    definitions = [s for s in statements if isinstance(s, Definition)]
    constraints = [s for s in statements if isinstance(s, Constraint)]
    latent = {name for f in formulas if f.op == "=~" for name in f.lhs}
    _check_elements(formulas, diagnostics)
    _check_roles(formulas, latent, diagnostics)
    _check_measurement_cycles(formulas, diagnostics)
    if readable and statements and not formulas:
        diagnostics.add("no_formula", statements[0].token)
        return
    labels = _check_labels(formulas, diagnostics)
    names = _check_definitions(definitions, labels, diagnostics)
    uses = _unknown_uses([*definitions, *constraints], {*labels, *names})
    _report_uses(uses, {*labels, *names}, formulas, diagnostics, readable=readable)
    _check_definition_cycles(definitions, diagnostics)


def _elements(formulas: Sequence[Formula]) -> Iterator[tuple[Formula, str, Term]]:
    for formula in formulas:
        for name in formula.lhs:
            for term in formula.terms:
                yield formula, name, term


def _check_elements(formulas: Sequence[Formula], diagnostics: Diagnostics) -> None:
    """Duplicates and statements about a variable and itself."""
    seen: dict[tuple[str, str, str], int] = {}
    for formula, name, term in _elements(formulas):
        left, right = name, term.name
        if formula.op == "~~" and right < left:
            left, right = right, left
        key = (left, formula.op, right)
        shown = f"{name} {formula.op} {term.name or '1'}"
        if key in seen:
            diagnostics.add("duplicate", term.token, element=shown, first=seen[key])
        else:
            seen[key] = term.token.line
        if name == term.name and formula.op in ("=~", "~"):
            code = "measures_itself" if formula.op == "=~" else "self_regression"
            diagnostics.add(code, term.token, name=name)


def _check_roles(formulas: Sequence[Formula], latent: set[str], diagnostics: Diagnostics) -> None:
    for formula in formulas:
        if formula.op == "|":
            _check_thresholds(formula, latent, diagnostics)
        elif formula.op == "~*~":
            for name, term in ((n, t) for n in formula.lhs for t in formula.terms):
                if term.name != name or name in latent:
                    diagnostics.add("scaling", term.token, name=name)
        for term in formula.terms:
            parts = term.name.split(":") if ":" in term.name else []
            factor = next((part for part in parts if part in latent), "")
            if factor:
                diagnostics.add("latent_interaction", term.token, name=factor, found=term.name)


def _check_thresholds(formula: Formula, latent: set[str], diagnostics: Diagnostics) -> None:
    for name, token in zip(formula.lhs, formula.lhs_tokens, strict=False):
        if name in latent:
            diagnostics.add("latent_threshold", token, name=name)
    for term in formula.terms:
        if not (term.name[:1] == "t" and term.name[1:].isdigit() and int(term.name[1:]) > 0):
            diagnostics.add("threshold_name", term.token, found=term.name)


def _check_measurement_cycles(formulas: Sequence[Formula], diagnostics: Diagnostics) -> None:
    """A factor cannot be an indicator of one of its own indicators."""
    edges: dict[str, dict[str, Token]] = {}
    for formula, name, term in _elements(formulas):
        if formula.op == "=~" and term.name and term.name != name:
            edges.setdefault(name, {})[term.name] = term.token
    cycle = _find_cycle({name: tuple(targets) for name, targets in edges.items()})
    if cycle:
        token = edges[cycle[-2]][cycle[-1]]
        diagnostics.add("measurement_cycle", token, cycle=" =~ ".join(cycle))


def _find_cycle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of the first cycle found, closed, or an empty list."""
    done: set[str] = set()
    for root in edges:
        path: list[str] = [root]
        stack = [iter(edges[root])] if root not in done else []
        while stack:
            following = next(stack[-1], None)
            if following is None:
                done.add(path.pop())
                stack.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following in edges and following not in done:
                path.append(following)
                stack.append(iter(edges[following]))
    return []


def _check_labels(formulas: Sequence[Formula], diagnostics: Diagnostics) -> dict[str, Token]:
    """Labels with their first place; a label must not be the name of a variable."""
    variables = {name for f in formulas for name in f.lhs}
    variables |= {term.name for f in formulas if f.op != "|" for term in f.terms}
    labels: dict[str, Token] = {}
    for term, label, token in _labels(formulas):
        if label in variables and label not in labels:
            diagnostics.add("label_is_variable", token, label=label, name=term.name or "1")
        labels.setdefault(label, token)
    return labels


def _labels(formulas: Sequence[Formula]) -> Iterator[tuple[Term, str, Token]]:
    for formula in formulas:
        for term in formula.terms:
            for modifier in term.modifiers:
                if modifier.kind == "label":
                    yield from ((term, str(v), modifier.token) for v in modifier.values if v)


def _check_definitions(
    definitions: Sequence[Definition],
    labels: Mapping[str, Token],
    diagnostics: Diagnostics,
) -> dict[str, int]:
    names: dict[str, int] = {}
    for definition in definitions:
        name = definition.name
        if name in names:
            diagnostics.add("defined_twice", definition.token, name=name, first=names[name])
        elif name in labels:
            diagnostics.add("defined_label", definition.token, name=name, first=labels[name].line)
        names.setdefault(name, definition.line)
    return names


def _unknown_uses(
    statements: Sequence[Definition | Constraint], known: set[str]
) -> Iterator[Token]:
    """Names in expressions that no parameter or definition has, once per statement."""
    for statement in statements:
        used = _used_names(statement)
        for token in {t.value: t for t in reversed(statement.name_tokens)}.values():
            name = token.value
            if name in used and name not in known and not is_plabel(name):
                yield token


def _report_uses(
    uses: Iterator[Token],
    known: set[str],
    formulas: Sequence[Formula],
    diagnostics: Diagnostics,
    *,
    readable: bool,
) -> None:
    variables = {name for f in formulas for name in f.lhs}
    variables |= {term.name for f in formulas for term in f.terms}
    for token in uses:
        name = token.value
        close = nearest(name, known)
        if name in variables:
            diagnostics.add("variable_as_label", token, name=name)
        elif readable and close:
            diagnostics.add("unknown_label_near", token, name=name, nearest=close)
        elif readable:
            diagnostics.add("unknown_label", token, name=name)


def is_plabel(name: str) -> bool:
    """Whether a name is a parameter's own label, such as ``.p12.``."""
    return name[:2] == ".p" and name[-1:] == "." and name[2:-1].isdigit()


def _used_names(statement: Definition | Constraint) -> frozenset[str]:
    if isinstance(statement, Definition):
        return statement.expression.names
    return statement.lhs.names | statement.rhs.names


def _check_definition_cycles(definitions: Sequence[Definition], diagnostics: Diagnostics) -> None:
    edges = {d.name: tuple(sorted(d.expression.names)) for d in definitions}
    cycle = _find_cycle(edges)
    if cycle:
        place = next(d.token for d in definitions if d.name == cycle[0])
        diagnostics.add("definition_cycle", place, cycle=" → ".join(cycle))
