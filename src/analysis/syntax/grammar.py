"""The language of models as data: operators, modifiers, functions, look-alike characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["formula", "constraint", "definition", "block", "unsupported"]


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator that stands between the two sides of a statement."""

    symbol: str
    role: Role


OPERATORS: dict[str, Operator] = {
    entry.symbol: entry
    for entry in (
        Operator("=~", "formula"),
        Operator("~", "formula"),
        Operator("~~", "formula"),
        Operator("|", "formula"),
        Operator("~*~", "formula"),
        Operator("<~", "unsupported"),
        Operator(":=", "definition"),
        Operator("==", "constraint"),
        Operator("<", "constraint"),
        Operator(">", "constraint"),
        Operator(":", "block"),
    )
}

# What people write instead of an operator.
MISTAKEN_OPERATORS: dict[str, str] = {
    "=": "=~",
    "~=": "=~",
    "~>": "~",
    ">=": ">",
    "<=": "<",
    "=>": ">",
    "=<": "<",
    "===": "==",
    "~~~": "~~",
    "::": ":",
    ":==": ":=",
    "=:": ":=",
    "||": "|",
    "<~~": "<~",
}

BLOCKS = ("group", "level", "block", "class")

NUMERIC_MODIFIERS = ("start", "lower", "upper")
LABEL_MODIFIERS = ("equal", "label")
VECTOR = "c"
UNSUPPORTED_MODIFIERS = ("efa", "rv", "prior")
MODIFIERS = (*NUMERIC_MODIFIERS, *LABEL_MODIFIERS, VECTOR)

CONSTANTS: dict[str, float] = {"pi": 3.141592653589793, "Inf": float("inf")}

FULL_WIDTH: dict[str, str] = {
    "～": "~",
    "〜": "~",
    "˜": "~",
    "∼": "~",
    "＋": "+",
    "－": "-",
    "−": "-",
    "–": "-",
    "—": "-",
    "＊": "*",
    "×": "*",
    "∗": "*",
    "／": "/",
    "÷": "/",
    "＾": "^",
    "＝": "=",
    "＜": "<",
    "＞": ">",
    "｜": "|",
    "：": ":",
    "；": ";",
    "，": ",",
    "、": ",",
    "（": "(",
    "）": ")",
    "？": "?",
    "＃": "#",
    "！": "!",
    "“": '"',
    "”": '"',
    "＂": '"',
    "‘": "'",
    "’": "'",
    "＇": "'",
}

# Characters that cannot be seen and so are never meant as a part of a name.
INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff"
