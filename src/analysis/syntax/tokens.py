"""Model text to tokens: the only place that looks at characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from analysis.syntax.grammar import FULL_WIDTH, INVISIBLE, MISTAKEN_OPERATORS, OPERATORS

Kind = Literal["name", "string", "number", "relation", "operator", "newline"]

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\f\v\u00a0\u2007\u202f\u3000\ufeff]+)
  | (?P<comment>[#!][^\n]*)
  | (?P<newline>[\n;])
  | (?P<string>"[^"\n]*"|'[^'\n]*')
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>(?:[^\W\d]|\.)[\w.\u0300-\u036f\u200b-\u200d\u2060\u00ad\ufeff]*)
  | (?P<relation>~\*~(?!~)|[~=<>:|]+)
  | (?P<operator>[-+*/^(),?])
    """,
    re.VERBOSE,
)
_PLAIN: dict[str | None, Kind] = {"name": "name", "number": "number", "operator": "operator"}
_TRANSLATION = {ord(wide): narrow for wide, narrow in FULL_WIDTH.items()}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text with its place (1-based line and column, in characters).

    ``text`` is as written; ``value`` is the name, the string without quotes, or the symbol.
    """

    kind: Kind
    text: str
    value: str
    line: int
    column: int


class Reporter(Protocol):
    """What the tokenizer needs of a collector of problems."""

    def add(self, code: str, token: Token, **fields: object) -> None:
        """Record a problem at a token."""


def normalise_newlines(text: str) -> str:
    """The text with every line end as a single line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def tokenize(text: str, report: Reporter) -> list[Token]:
    """All tokens of a text without spaces and comments.

    Full-width look-alikes are reported and read as the plain character, so that the rest of the
    text can be checked as well.
    """
    plain = text if text.isascii() else text.translate(_TRANSLATION)
    tokens: list[Token] = []
    line, start, position, end = 1, 0, 0, len(plain)
    match_token = _TOKEN.match
    while position < end:
        match = match_token(plain, position)
        column = position - start + 1
        if match is None:
            _unknown_character(text[position], line, column, report)
            position += 1
            continue
        kind, position = match.lastgroup, match.end()
        written = text[match.start() : position]
        value = match.group()
        if value is not written and value != written:
            value = _full_width(kind, written, value, line, column, report)
        if kind == "newline":
            tokens.append(Token("newline", written, value, line, column))
        elif kind in _PLAIN:
            token = Token(_PLAIN[kind], written, value, line, column)
            tokens.append(token)
            if kind == "name" and not value.isascii() and any(c in INVISIBLE for c in value):
                report.add("invisible_character", token)
        elif kind == "string":
            tokens.append(Token("string", written, value[1:-1], line, column))
        elif kind == "relation":
            tokens.append(_relation(written, value, line, column, report))
        if value == "\n":
            line, start = line + 1, position
    return tokens


def _relation(written: str, value: str, line: int, column: int, report: Reporter) -> Token:
    token = Token("relation", written, value, line, column)
    if value not in OPERATORS:
        suggestion = MISTAKEN_OPERATORS.get(value, "")
        if not suggestion:
            suggestion = next((o for o in OPERATORS if value.startswith(o)), "~")
        report.add("unknown_operator", token, found=written, suggestion=suggestion)
        return Token("relation", written, suggestion, line, column)
    return token


def _full_width(
    kind: str | None, written: str, value: str, line: int, column: int, report: Reporter
) -> str:
    """Report look-alike characters outside comments and strings; return the value to use."""
    if kind == "comment" and value[0] == written[0]:
        return value
    if kind == "string":
        value = value[0] + written[1:-1] + value[-1]
    if kind == "comment":
        written, value = written[0], value[0]
    for offset, (wide, narrow) in enumerate(zip(written, value, strict=True)):
        if wide != narrow:
            token = Token("operator", wide, wide, line, column + offset)
            report.add("full_width", token, found=wide, wanted=narrow)
    return value


def _unknown_character(character: str, line: int, column: int, report: Reporter) -> None:
    token = Token("operator", character, character, line, column)
    if character in "\"'":
        report.add("open_quote", token, found=character)
    elif character in INVISIBLE:
        report.add("invisible_character", token)
    else:
        codepoint = f"U+{ord(character):04X}"
        report.add("unknown_character", token, found=character, codepoint=codepoint)
