"""Model text to statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from analysis.syntax.checks import check_statements
from analysis.syntax.diagnostics import Diagnostics, ParseError
from analysis.syntax.expression import read_expression
from analysis.syntax.grammar import BLOCKS, OPERATORS, UNSUPPORTED_MODIFIERS
from analysis.syntax.statements import Constraint, Definition, Formula, ModelSyntax, Statement
from analysis.syntax.terms import read_name, read_terms, split_tokens
from analysis.syntax.tokens import Token, normalise_newlines, tokenize

_JOINING = frozenset("+-*/^,(?")
_CONTINUING = frozenset("+*/^,)?")


def parse_model(text: str, *, source: str = "model") -> ModelSyntax:
    """Read a model in lavaan syntax.

    Parameters
    ----------
    text : str
        The model. Statements end at a line end or ``;`` and may go on over lines where a line
        ends in an operator or the next begins with one. ``#`` and ``!`` start comments.
    source : str
        The name shown in messages, for example the file's.

    Returns
    -------
    ModelSyntax
        Statements in the order of the text; ``str`` prints equivalent syntax.

    Raises
    ------
    ModelSyntaxError
        With one message per problem: line, column, the line with the culprit marked, remedy.
    """
    return _parsed(normalise_newlines(text), source)


@lru_cache(maxsize=64)
def _parsed(text: str, source: str) -> ModelSyntax:
    """One session fits the same few models over and over: to groups, resamples, waves."""
    diagnostics = Diagnostics(text, source)
    tokens = tokenize(text, diagnostics)
    if all(t.kind == "newline" for t in tokens) and not len(diagnostics):
        diagnostics.add("empty", Token("newline", "", "", 1, 1))
    statements: list[Statement] = []
    for group in _statement_groups(tokens, diagnostics):
        try:
            statement = _read_statement(group, diagnostics)
        except ParseError as fault:
            diagnostics.fault(fault)
            continue
        if statement is not None:
            statements.append(statement)
    check_statements(statements, diagnostics)
    diagnostics.raise_if_any()
    return ModelSyntax(tuple(statements), source, text)


def _lines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in tokens:
        if token.kind == "newline":
            if line:
                yield line
            line = []
        else:
            line.append(token)
    if line:
        yield line


def _statement_groups(tokens: Sequence[Token], diagnostics: Diagnostics) -> Iterator[list[Token]]:
    """Tokens of one statement each: a line with an operator and the lines that continue it."""
    group: list[Token] = []
    depth = 0
    for line in _lines(tokens):
        inside = depth > 0
        has_relation, depth = _scan(line, depth)
        if has_relation and not _opens_with_relation(line, group):
            if group:
                yield group
            group = list(line)
            _, depth = _scan(line, 0)
        elif inside or not group or _joins(group[-1], line[0]):
            group += line
        else:
            diagnostics.add("no_operator", line[0], found=line[0].text)
    if group:
        yield group


def _scan(line: Sequence[Token], depth: int) -> tuple[bool, int]:
    found = False
    for position, token in enumerate(line):
        if token.kind == "relation":
            if depth <= 0 and not _is_interaction(line, position):
                found = True
        elif token.value == "(" and token.kind == "operator":
            depth += 1
        elif token.value == ")" and token.kind == "operator":
            depth -= 1
    return found, max(0, depth)


def _is_interaction(tokens: Sequence[Token], position: int) -> bool:
    """Whether a colon joins two names (``x:z``) and does not start a block (``group: 1``)."""
    if tokens[position].value != ":":
        return False
    return position != 1 or tokens[0].value.lower() not in BLOCKS


def _opens_with_relation(line: Sequence[Token], group: Sequence[Token]) -> bool:
    """Whether the operator at the start of a line belongs to the names on the line before."""
    return bool(group) and line[0].kind == "relation" and not _scan(group, 0)[0]


def _joins(last: Token, first: Token) -> bool:
    ends_open = last.kind == "relation" or (last.kind == "operator" and last.value in _JOINING)
    goes_on = first.kind == "relation" or (first.kind == "operator" and first.value in _CONTINUING)
    return ends_open or goes_on


def _relations(tokens: Sequence[Token]) -> list[int]:
    depth, places = 0, []
    for position, token in enumerate(tokens):
        if token.kind == "operator":
            depth += (token.value == "(") - (token.value == ")")
        elif token.kind == "relation" and depth <= 0 and not _is_interaction(tokens, position):
            places.append(position)
    return places


def _read_statement(tokens: list[Token], diagnostics: Diagnostics) -> Statement | None:
    places = _relations(tokens)
    if not places:
        _check_brackets(tokens)
        raise ParseError("no_operator", tokens[0], found=tokens[0].text)
    if len(places) > 1:
        second = tokens[places[1]]
        raise ParseError("second_operator", second, found=second.text, first=tokens[places[0]].text)
    position = places[0]
    left, operator, right = tokens[:position], tokens[position], tokens[position + 1 :]
    if not left:
        raise ParseError("nothing_before", operator, found=operator.text)
    role = OPERATORS[operator.value].role
    if role == "unsupported":
        raise ParseError("composite", operator)
    if role == "block":
        raise ParseError(
            "level_block" if left[0].value.lower() == "level" else "group_block", left[0]
        )
    _check_brackets(tokens)
    if role == "formula":
        return _read_formula(left, operator, right, diagnostics)
    if not right:
        raise ParseError("nothing_after", operator, found=operator.text)
    return _read_relation(left, operator, right)


def _check_brackets(tokens: Sequence[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind != "operator":
            continue
        if token.value == "(":
            opened.append(token)
        elif token.value == ")":
            if not opened:
                raise ParseError("closed_bracket", token)
            opened.pop()
    if opened:
        raise ParseError("open_bracket", opened[-1])


def _read_formula(
    left: list[Token], operator: Token, right: list[Token], diagnostics: Diagnostics
) -> Formula | None:
    names: dict[str, Token] = {}
    for piece, plus in split_tokens(left, "+"):
        if not piece:
            blamed = plus or operator
            raise ParseError("doubled" if plus else "nothing_before", blamed, found=blamed.text)
        names[_left_name(piece)] = piece[0]
    terms = read_terms(right, operator, diagnostics)
    if not terms:
        return None
    return Formula(tuple(names), operator.value, terms, left[0], tuple(names.values()))


def _left_name(piece: list[Token]) -> str:
    first = piece[0]
    if len(piece) == 1 or first.kind == "operator":
        return read_name(first)
    if first.kind == "number" and piece[1].kind == "name":
        raise ParseError("digit_name", first, name=first.text + piece[1].text)
    if piece[1].value == "(" and first.value in UNSUPPORTED_MODIFIERS:
        raise ParseError(f"unsupported_{first.value}", first)
    if any(token.value == "*" for token in piece):
        raise ParseError("left_modifier", first, found=first.text)
    raise ParseError("missing_plus", piece[1], found=piece[1].text, before=first.text)


def _read_relation(
    left: list[Token], operator: Token, right: list[Token]
) -> Constraint | Definition:
    expression = read_expression(right, operator)
    names = tuple(t for t in (*left, *right) if t.kind in ("name", "string"))
    if operator.value == ":=":
        if len(left) > 1:
            raise ParseError("definition_name", left[1], found=left[1].text)
        name = read_name(left[0])
        return Definition(name, expression, left[0], names[1:])
    return Constraint(read_expression(left, operator), operator.value, expression, left[0], names)
