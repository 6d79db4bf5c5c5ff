"""A TOML table being read: typed look-ups that note every problem with its key path."""

from __future__ import annotations

import math
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.data.names import Label, listed, nearest, shown_value
from analysis.errors import InputError, Message, message

_MAXIMUM_BYTES = 20_000_000


def load_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    InputError
        If the file is missing, too large, not UTF-8 or not TOML (with line and column).
    """
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise InputError(message("data.file_too_large", file=path.name, limit="20 MB"))
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            message("data.file_unreadable", file=path.name, reason=error.strerror or "")
        ) from None
    return parse_toml(raw, path.name)


def parse_toml(raw: bytes, name: str) -> dict[str, Any]:
    """As ``load_toml``, from bytes; ``name`` is what messages call the file."""
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(message("data.toml_encoding", file=name, line=line)) from None
    except (ValueError, RecursionError) as error:
        reason = shown_value(str(error) or "nested too deeply", limit=160)
        raise InputError(message("data.toml_syntax", file=name, reason=reason)) from None


class Node:
    """One table of a TOML file.

    Every getter notes a problem instead of raising and answers with a harmless value, so that one
    pass over the file finds all of them. ``finish`` reports the keys that nobody asked for.
    """

    def __init__(self, table: Mapping[str, Any], path: str, problems: list[Message]) -> None:
        self.table = table
        self.path = path
        self.problems = problems
        self.asked: dict[str, None] = {}

    def key(self, name: str) -> str:
        """The full path of a key, for messages."""
        return f"{self.path}.{name}" if self.path else name

    def problem(self, code: str, name: str, **fields: object) -> None:
        """Notes a problem at one key of this table."""
        self.problems.append(message(f"data.{code}", key=self.key(name), **fields))

    def _wrong(self, name: str, expected: str, value: object) -> None:
        self.problem("key_type", name, expected=expected, value=shown_value(value))

    def get(self, name: str) -> Any:
        """The raw value (None if absent); counts as asked for."""
        self.asked[name] = None
        return self.table.get(name)

    def required(self, name: str) -> None:
        """Notes a problem if the key is absent or empty."""
        if self.get(name) in (None, "", [], {}):
            self.problem("key_missing", name)

    def string(self, name: str, default: str = "") -> str:
        """A text without control characters."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or any(ord(ch) < 32 and ch not in "\t\n" for ch in value):
            self._wrong(name, "text", value)
            return default
        return unicodedata.normalize("NFC", value).strip()

    def choice(self, name: str, options: Iterable[str], default: str) -> str:
        """One of several words; a wrong one is answered with the nearest."""
        value, known = self.string(name, default), tuple(options)
        if value == default or value in known:
            return value
        near = nearest(value, known, count=1)
        self.problem(
            "key_choice",
            name,
            value=shown_value(value),
            near=listed(near or known, limit=3),
            options=listed(known, limit=40),
        )
        return default

    def flag(self, name: str, default: bool = False) -> bool:
        """true or false."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            self._wrong(name, "true / false", value)
            return default
        return default if value is None else value

    def number(self, name: str, default: float | None = None) -> float | None:
        """A finite number."""
        value = self.get(name)
        if value is None:
            return default
        found = finite(value)
        if found is None:
            self._wrong(name, "number", value)
            return default
        return found

    def integer(self, name: str, default: int, *, least: int = 0) -> int:
        """A whole number not below ``least``."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**12:
            self._wrong(name, f"whole number ≥ {least}", value)
            return default
        return value

    def label(self, name: str) -> Label:
        """A text for both languages, or a table with ``en`` and ``zh``."""
        value = self.get(name)
        if isinstance(value, str):
            text = self.string(name)
            return Label(text, text)
        if isinstance(value, dict):
            node = Node(value, self.key(name), self.problems)
            label = Label(node.string("en"), node.string("zh"))
            node.finish()
            return label
        if value is not None:
            self._wrong(name, "text, or { en = …, zh = … }", value)
        return Label()

    def strings(self, name: str) -> tuple[str, ...]:
        """A list of texts (a single text counts as a list of one)."""
        value = self.get(name)
        values = [value] if isinstance(value, str) else value
        if value is None:
            return ()
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            self._wrong(name, "list of texts", value)
            return ()
        return tuple(dict.fromkeys(unicodedata.normalize("NFC", v).strip() for v in values))

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of finite numbers (a single number counts as a list of one)."""
        value = self.get(name)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        found = [finite(v) for v in values]
        if any(v is None for v in found):
            self._wrong(name, "list of numbers", value)
        return tuple(dict.fromkeys(v for v in found if v is not None))

    def node(self, name: str) -> Node:
        """A sub-table (empty if absent)."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            self._wrong(name, f"table [{self.key(name)}]", value)
            value = None
        return Node(value or {}, self.key(name), self.problems)

    def nodes(self, name: str) -> dict[str, Node]:
        """The named tables ``[name.<id>]`` in the file's order, ids in NFC."""
        parent = self.node(name)
        found: dict[str, Node] = {}
        for raw, value in parent.table.items():
            identity = unicodedata.normalize("NFC", raw).strip()
            if not isinstance(value, dict):
                parent._wrong(raw, f"table [{parent.key(raw)}]", value)
            elif not identity or not identity.isprintable() or len(identity) > 100:
                parent.problem("key_name", raw)
            elif identity in found:
                parent.problem("key_twice", raw)
            else:
                found[identity] = Node(value, parent.key(identity), self.problems)
        return found

    def finish(self) -> None:
        """Notes each key of the table that no getter asked for."""
        for name in self.table:
            if name not in self.asked:
                near = nearest(name, self.asked) or tuple(self.asked)
                self.problem("key_unknown", name, near=listed(near))


def finite(value: object) -> float | None:
    """A TOML number as a finite float, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
