"""Arithmetic of ``:=``, ``==``, ``<`` and ``>``: parsed once, evaluated on anything numeric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from analysis.syntax.diagnostics import Diagnostics, ParseError, nearest
from analysis.syntax.grammar import CONSTANTS
from analysis.syntax.tokens import Token, normalise_newlines, tokenize


def _abs(x: Any) -> Any:
    """Absolute value that keeps the derivative carried by a complex step."""
    return np.where(np.real(x) < 0, -x, x) if np.iscomplexobj(x) else np.abs(x)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": _abs,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
}

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "^": np.power,
}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_UNARY_PRECEDENCE = 3


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree: ``kind`` is number, name, call, unary or binary.

    ``symbol`` holds the name, the function or the operator.
    """

    kind: str
    symbol: str = ""
    number: float = 0.0
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Expression:
    """A parsed arithmetic expression.

    Attributes
    ----------
    node : Node
        The tree.
    text : str
        The source without spaces, as it appears in a parameter table.
    """

    node: Node
    text: str

    @cached_property
    def names(self) -> frozenset[str]:
        """The names (labels, defined parameters) that the expression uses."""
        return frozenset(node.symbol for node in _walk(self.node) if node.kind == "name")

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value with names replaced from ``values``.

        Parameters
        ----------
        values : mapping of str to float, complex or ndarray
            One value per name; arrays broadcast. Complex input is carried through every
            operation, so that derivatives can be taken by a complex step.

        Returns
        -------
        float, complex or ndarray
            Same kind as the input; undefined operations give nan or inf without a warning.

        Raises
        ------
        KeyError
            If a name has no value.
        """
        with np.errstate(all="ignore"):
            return _evaluate(self.node, values)

    def minus(self, other: Expression) -> Expression:
        """The difference of two expressions."""
        if other.node == Node("number"):
            return self
        text = f"{self.text}-({other.text})"
        return Expression(Node("binary", "-", children=(self.node, other.node)), text)

    def __str__(self) -> str:
        return self.text


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    if node.kind == "number":
        return node.number
    if node.kind == "name":
        return values[node.symbol]
    if node.kind == "call":
        return FUNCTIONS[node.symbol](_evaluate(node.children[0], values))
    if node.kind == "unary":
        return np.negative(_evaluate(node.children[0], values))
    left, right = node.children
    return _BINARY[node.symbol](_evaluate(left, values), _evaluate(right, values))


class _Reader:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, tokens: Sequence[Token], anchor: Token) -> None:
        self.tokens = tokens
        self.position = 0
        self.anchor = anchor

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            last = self.tokens[-1] if self.tokens else self.anchor
            raise ParseError("expression_ends", last, found=last.text)
        self.position += 1
        return token

    def expression(self, least: int = 0) -> Node:
        left = self.operand()
        while (token := self.peek()) is not None:
            power = _PRECEDENCE.get(token.value, -1) if token.kind == "operator" else -1
            if power < 0 or power < least:
                break
            self.take()
            right = self.expression(power if token.value == "^" else power + 1)
            left = Node("binary", token.value, children=(left, right))
        return left

    def operand(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Node("number", number=float(token.value))
        if token.kind == "string":
            return Node("name", token.value)
        if token.kind == "name":
            following = self.peek()
            if following is not None and following.value == "(" and following.kind == "operator":
                return self.call(token)
            if token.value in CONSTANTS:
                return Node("number", number=CONSTANTS[token.value])
            return Node("name", token.value)
        if token.value == "-":
            return Node("unary", "-", children=(self.expression(_UNARY_PRECEDENCE),))
        if token.value == "+":
            return self.expression(_UNARY_PRECEDENCE)
        if token.value == "(":
            inner = self.expression()
            self.close(token)
            return inner
        raise ParseError("expression_operand", token, found=token.text)

    def call(self, token: Token) -> Node:
        opening = self.take()
        if token.value not in FUNCTIONS:
            raise unknown_function(token, FUNCTIONS)
        inner = self.expression()
        self.close(opening)
        return Node("call", token.value, children=(inner,))

    def close(self, opening: Token) -> None:
        token = self.peek()
        if token is None:
            raise ParseError("open_bracket", opening)
        if token.value != ")" or token.kind != "operator":
            raise ParseError("expression_operator", token, found=token.text)
        self.take()


def unknown_function(token: Token, known: Iterable[str]) -> ParseError:
    """The fault of a function that is not among the known ones."""
    names = tuple(known)
    close = nearest(token.value, names)
    code = "unknown_function_near" if close else "unknown_function"
    return ParseError(code, token, found=token.value, nearest=close, known=", ".join(names))


def read_expression(tokens: Sequence[Token], anchor: Token) -> Expression:
    """Parse tokens; ``anchor`` is blamed where there are none. Raises ``ParseError``."""
    reader = _Reader(tokens, anchor)
    node = reader.expression()
    rest = reader.peek()
    if rest is not None:
        raise ParseError("expression_operator", rest, found=rest.text)
    return Expression(node, "".join(map(_written, tokens)))


def _written(token: Token) -> str:
    if token.kind == "string" and not token.value.isidentifier():
        return token.text
    return token.value


def parse_expression(text: str, *, source: str = "expression") -> Expression:
    """Parse an arithmetic expression such as ``"a*b/(c+a*b)"``.

    Raises
    ------
    ModelSyntaxError
        With line, column and caret.
    """
    text = normalise_newlines(text)
    diagnostics = Diagnostics(text, source)
    tokens = [t for t in tokenize(text, diagnostics) if t.kind != "newline"]
    diagnostics.raise_if_any()
    anchor = Token("newline", "", "", 1, 1)
    try:
        return read_expression(tokens, anchor)
    except ParseError as fault:
        diagnostics.fault(fault)
        diagnostics.raise_if_any()
        raise AssertionError from fault
