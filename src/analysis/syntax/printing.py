"""Names, labels and numbers as model text."""

from __future__ import annotations

import math
import re

_PLAIN = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.\u0300-\u036f]*\Z")
_WORDS = frozenset({"NA", "Inf", "pi"})


def is_plain(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return bool(_PLAIN.match(name)) and name not in _WORDS


def quoted(text: str) -> str:
    """The text between quotes that it does not hold itself."""
    mark = "'" if '"' in text else '"'
    return f"{mark}{text}{mark}"


def print_name(name: str) -> str:
    """A variable name; quoted where it is not a plain identifier or an interaction of two."""
    if is_plain(name):
        return name
    first, colon, second = name.partition(":")
    return name if colon and is_plain(first) and is_plain(second) else quoted(name)


def print_label(label: str, *, vector: bool = False) -> str:
    """A label; an empty one (a group without label) only makes sense within ``c()``."""
    return label if is_plain(label) and not vector else quoted(label)


def print_number(number: float | None) -> str:
    """A number in the fewest digits that read back the same; ``NA`` for None."""
    if number is None:
        return "NA"
    if math.isinf(number):
        return "Inf" if number > 0 else "-Inf"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
