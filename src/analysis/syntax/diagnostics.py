"""Collected problems of a model text, each with its place and the marked source line."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from analysis.errors import Message, ModelSyntaxError, message
from analysis.syntax.tokens import Token

WIDEST = 96


class ParseError(Exception):
    """Internal: stops the parse of one piece; the collector turns it into a message."""

    def __init__(self, code: str, token: Token, **fields: object) -> None:
        super().__init__(code)
        self.code = code
        self.token = token
        self.fields = fields


class Diagnostics:
    """Collects messages so that all errors of a text are shown at once."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.lines = text.split("\n")
        self._found: list[tuple[int, int, Message]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, code: str, token: Token, **fields: object) -> None:
        """Record the message ``syntax.<code>`` at a token."""
        place = {
            "source": self.source,
            "line": token.line,
            "column": token.column,
            "excerpt": self.excerpt(token.line, token.column, len(token.text)),
        }
        entry = message(f"syntax.{code}", **place, **fields)
        self._found.append((token.line, token.column, entry))

    def fault(self, fault: ParseError) -> None:
        """Record a fault raised while parsing."""
        self.add(fault.code, fault.token, **fault.fields)

    def excerpt(self, line: int, column: int, length: int) -> str:
        """The source line with carets under ``length`` characters from ``column`` (1-based)."""
        text = self.lines[line - 1].replace("\t", " ") if 0 < line <= len(self.lines) else ""
        shift = max(0, column - 1 - WIDEST // 2) if len(text) > WIDEST else 0
        shown = text[shift : shift + WIDEST].rstrip()
        before = text[shift : column - 1]
        marked = text[column - 1 : column - 1 + max(1, length)][: WIDEST // 2]
        carets = "^" * max(1, display_width(marked))
        return f"    {shown}\n    {' ' * display_width(before)}{carets}"

    def raise_if_any(self) -> None:
        """Raise ``ModelSyntaxError`` with all messages in the order of the text."""
        if self._found:
            ordered = sorted(self._found, key=lambda entry: entry[:2])
            raise ModelSyntaxError([entry[2] for entry in ordered])


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal; East Asian wide characters take two."""
    width = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like ``name``, or an empty string."""
    candidates = sorted(set(known))
    by_case = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if name.casefold() in by_case:
        return by_case[name.casefold()]
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
    return found[0] if found else ""
