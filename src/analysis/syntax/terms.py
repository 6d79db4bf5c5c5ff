"""The right-hand side of a formula: terms, modifiers, names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.syntax.diagnostics import Diagnostics, ParseError
from analysis.syntax.expression import FUNCTIONS, read_expression, unknown_function
from analysis.syntax.grammar import (
    LABEL_MODIFIERS,
    MODIFIERS,
    NUMERIC_MODIFIERS,
    UNSUPPORTED_MODIFIERS,
    VECTOR,
)
from analysis.syntax.statements import Modifier, ModifierKind, Term
from analysis.syntax.tokens import Token

_KINDS: dict[str, ModifierKind] = {"start": "start", "lower": "lower", "upper": "upper"}


def split_tokens(tokens: Sequence[Token], symbols: str) -> list[tuple[list[Token], Token | None]]:
    """Split at operators outside brackets: pieces with the operator that ends each."""
    pieces: list[tuple[list[Token], Token | None]] = []
    piece: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            if token.value in symbols and depth == 0:
                pieces.append((piece, token))
                piece = []
                continue
            depth += (token.value == "(") - (token.value == ")")
        piece.append(token)
    pieces.append((piece, None))
    return pieces


def read_terms(
    tokens: Sequence[Token], operator: Token, diagnostics: Diagnostics
) -> tuple[Term, ...]:
    """All terms of a right-hand side; problems of single terms are collected."""
    if tokens and tokens[0].value == "+" and tokens[0].kind == "operator":
        tokens = tokens[1:]
    if not tokens:
        diagnostics.add("nothing_after", operator, found=operator.text)
        return ()
    found: dict[str, Term] = {}
    before = operator
    for piece, plus in split_tokens(tokens, "+"):
        try:
            if not piece:
                raise _empty_piece(before, plus)
            _merge(found, _read_term(piece, operator))
        except ParseError as fault:
            diagnostics.fault(fault)
        before = plus or before
    return tuple(found.values())


def _empty_piece(before: Token, plus: Token | None) -> ParseError:
    if plus is None:
        return ParseError("dangling", before, found=before.text)
    return ParseError("doubled", plus, found=plus.text)


def _merge(found: dict[str, Term], term: Term) -> None:
    """Join repeated mentions of a name, such as ``NA*x + a*x``, into one term."""
    earlier = found.get(term.name)
    if earlier is None:
        found[term.name] = term
        return
    kinds = {modifier.kind for modifier in earlier.modifiers}
    if not term.modifiers or any(modifier.kind in kinds for modifier in term.modifiers):
        raise ParseError("repeated_term", term.token, name=term.token.text)
    found[term.name] = Term(term.name, earlier.modifiers + term.modifiers, earlier.token)


def _read_term(tokens: list[Token], operator: Token) -> Term:
    pieces = split_tokens(tokens, "*?")
    modifiers: list[Modifier] = []
    numbers: list[Token] = []
    for piece, mark in pieces[:-1]:
        assert mark is not None
        if not piece:
            raise ParseError("doubled", mark, found=mark.text)
        if mark.value == "*" and _is_number(piece):
            numbers += [*piece, mark]
            continue
        modifiers.append(_read_modifier(piece, start=mark.value == "?"))
    if numbers:
        modifiers.insert(0, _number_modifier("fixed", numbers[:-1]))
    kinds = [modifier.kind for modifier in modifiers]
    if len(set(kinds)) < len(kinds):
        raise ParseError("repeated_modifier", tokens[0], name="".join(t.text for t in tokens))
    name_tokens, mark = pieces[-1][0], pieces[-2][1] if len(pieces) > 1 else None
    if not name_tokens:
        assert mark is not None
        raise ParseError("dangling", mark, found=mark.text)
    return _read_name(name_tokens, operator, tuple(modifiers))


def _read_name(tokens: list[Token], operator: Token, modifiers: tuple[Modifier, ...]) -> Term:
    first = tokens[0]
    if first.kind == "number" and len(tokens) == 1:
        return _read_constant(first, operator, modifiers)
    if first.kind == "number" and len(tokens) == 2 and tokens[1].kind == "name":
        raise ParseError("digit_name", _span(tokens), name=first.text + tokens[1].text)
    if first.kind == "name" and len(tokens) > 1 and tokens[1].value == "(":
        raise _function_as_name(first)
    if first.kind == "operator":
        code = "minus_term" if first.value == "-" else "expected_name"
        raise ParseError(code, first, found=first.text)
    if len(tokens) == 1:
        return Term(read_name(first), modifiers, first)
    if tokens[1].value != ":":
        code = "minus_term" if tokens[1].value == "-" else "missing_plus"
        raise ParseError(code, tokens[1], found=tokens[1].text, before=first.text)
    if len(tokens) > 3:
        raise ParseError("long_interaction", _span(tokens), found="".join(t.text for t in tokens))
    if len(tokens) < 3 or tokens[2].kind not in ("name", "string"):
        raise ParseError("dangling", tokens[1], found=tokens[1].text)
    return Term(f"{read_name(first)}:{read_name(tokens[2])}", modifiers, _span(tokens))


def _span(tokens: Sequence[Token]) -> Token:
    """One token over several of the same line."""
    first, last = tokens[0], tokens[-1]
    if first.line != last.line:
        return first
    width = last.column + len(last.text) - first.column
    return Token(first.kind, first.text.ljust(width, "_"), first.value, first.line, first.column)


def _read_constant(token: Token, operator: Token, modifiers: tuple[Modifier, ...]) -> Term:
    number = float(token.value)
    if operator.value == "~" and number == 1:
        return Term("", modifiers, token)
    if operator.value in ("~", "=~") and number == 0 and not modifiers:
        return Term("", (Modifier("fixed", (0.0,), token),), token)
    code = "constant_intercept" if operator.value == "~" else "constant_term"
    raise ParseError(code, token, found=token.text, operator=operator.value)


def _function_as_name(token: Token) -> ParseError:
    if token.value in FUNCTIONS:
        return ParseError("transformed_variable", token, found=token.value)
    return ParseError("modifier_without_name", token, found=token.value)


def read_name(token: Token) -> str:
    """The variable name of a token. Raises ``ParseError``."""
    if token.kind not in ("name", "string"):
        raise ParseError("expected_name", token, found=token.text)
    if token.value == "NA" or not token.value.strip():
        raise ParseError("reserved_name", token, found=token.text)
    return token.value


def _is_number(tokens: Sequence[Token]) -> bool:
    """Whether tokens are arithmetic on numbers only."""
    return all(
        token.kind in ("number", "operator") or (token.kind == "name" and token.value in FUNCTIONS)
        for token in tokens
    ) and any(token.kind == "number" for token in tokens)


def _number(tokens: Sequence[Token]) -> float | None:
    if len(tokens) == 1 and tokens[0].kind == "number":
        return float(tokens[0].value)
    if len(tokens) == 1 and tokens[0].value == "NA" and tokens[0].kind == "name":
        return None
    expression = read_expression(tokens, tokens[0])
    if expression.names:
        name = next(t for t in tokens if t.value in expression.names)
        raise ParseError("name_in_number", name, name=name.value)
    value = float(np.real(expression.evaluate({})))
    if np.isnan(value):
        raise ParseError("not_a_number", _span(tokens), found=expression.text)
    return value


def _number_modifier(kind: ModifierKind, tokens: Sequence[Token]) -> Modifier:
    return Modifier(kind, (_number(tokens),), _span(tokens))


def _read_modifier(tokens: list[Token], *, start: bool = False) -> Modifier:
    first = tokens[0]
    if start:
        return _number_modifier("start", tokens)
    if len(tokens) == 1:
        if first.kind == "number" or (first.value == "NA" and first.kind == "name"):
            return _number_modifier("fixed", tokens)
        if first.kind in ("name", "string"):
            return Modifier("label", (_label(first),), first)
        raise ParseError("expected_modifier", first, found=first.text)
    if first.kind == "number" and tokens[1].kind == "name":
        raise ParseError("digit_name", _span(tokens[:2]), name=first.text + tokens[1].text)
    is_call = first.kind == "name" and tokens[1].value == "(" and first.value not in FUNCTIONS
    if not is_call:
        return _number_modifier("fixed", tokens)
    if tokens[-1].value != ")":
        raise ParseError("open_bracket", tokens[1])
    return _read_call(first, tokens[2:-1])


def _read_call(function: Token, inner: list[Token]) -> Modifier:
    name = function.value
    if name in UNSUPPORTED_MODIFIERS:
        raise ParseError(f"unsupported_{name}", function)
    if name not in MODIFIERS:
        raise unknown_function(function, (*MODIFIERS, *FUNCTIONS))
    if not inner:
        raise ParseError("no_argument", function, found=name)
    if inner[0].value == VECTOR and len(inner) > 2 and inner[1].value == "(" and name != VECTOR:
        if inner[-1].value != ")":
            raise ParseError("open_bracket", inner[1])
        inner = inner[2:-1]
    arguments = _arguments(function, inner)
    if name in NUMERIC_MODIFIERS:
        return Modifier(_KINDS[name], tuple(_number(argument) for argument in arguments), function)
    if name in LABEL_MODIFIERS:
        return Modifier("label", tuple(_label_argument(a) for a in arguments), function)
    return _vector(function, arguments)


def _arguments(function: Token, tokens: list[Token]) -> list[list[Token]]:
    pieces = [piece for piece, _ in split_tokens(tokens, ",")]
    if any(not piece for piece in pieces):
        raise ParseError("no_argument", function, found=function.value)
    return pieces


def _vector(function: Token, arguments: list[list[Token]]) -> Modifier:
    """``c(...)``: one value per group, numbers or labels, ``NA`` among either."""
    missing = [_is_missing(argument) for argument in arguments]
    labels = [len(a) == 1 and a[0].kind in ("name", "string") for a in arguments]
    if any(label and not gap for label, gap in zip(labels, missing, strict=True)):
        if not all(labels):
            raise ParseError("mixed_vector", function)
        values = ("" if gap else _label(a[0]) for a, gap in zip(arguments, missing, strict=True))
        return Modifier("label", tuple(values), function)
    return Modifier("fixed", tuple(_number(argument) for argument in arguments), function)


def _is_missing(argument: list[Token]) -> bool:
    return len(argument) == 1 and argument[0].kind == "name" and argument[0].value == "NA"


def _label(token: Token) -> str:
    return "".join(token.value.split())


def _label_argument(tokens: list[Token]) -> str:
    if _is_missing(tokens):
        return ""
    return "".join(_label(token) for token in tokens)
