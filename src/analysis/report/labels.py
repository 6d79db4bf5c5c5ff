"""Names of constructs and items in the reader's language."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Labels:
    """What to print for a variable: ``names`` (short label) and ``wordings`` (question text).

    ``groups`` are the labels of a grouping column's levels by code.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    wordings: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The label of a variable, its own name where there is none."""
        return self.names.get(name) or name

    def wording(self, name: str) -> str:
        """The question's wording, empty where unknown."""
        return self.wordings.get(name, "")

    def group(self, code: str) -> str:
        """The label of a group, its code where there is none."""
        return self.groups.get(code) or code

    def path(self, source: str, target: str) -> str:
        """A directed effect in words, ``source \u2192 target``."""
        return f"{self.of(source)} \u2192 {self.of(target)}"


def resolve(labels: Labels | Mapping[str, str] | None) -> Labels:
    """Labels from what a builder was given: a record, a plain mapping, or nothing."""
    if labels is None:
        return Labels()
    return labels if isinstance(labels, Labels) else Labels(names=labels)


def is_wide(character: str) -> bool:
    """Whether a character takes a full em (Chinese, Japanese, Korean, full-width forms)."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def parameter_text(lhs: str, op: str, rhs: str) -> str:
    """A parameter as the model's text writes it."""
    return f"{lhs} ~1" if op == "~1" else f"{lhs} {op} {rhs}"
