"""Findings collected over columns, so that one cause gives one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.data.cleaning import Numbers
from analysis.data.file_readers import shown_cell
from analysis.data.names import listed, number_text, rows_text
from analysis.errors import Message, message

_FIX_CODES = {
    "width": "data.fixed_width",
    "space": "data.fixed_space",
    "text": "data.fixed_text",
    "word": "data.fixed_word",
    "true_false": "data.fixed_true_false",
}


@dataclass
class Notes:
    """What reading a table brought up: errors, warnings, repairs.

    ``repairs`` counts kind -> column -> cells; ``codes`` declared missing code -> column -> cells;
    ``undeclared`` code that looks like "no answer" -> column -> rows.
    """

    errors: list[Message] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    fixes: list[Message] = field(default_factory=list)
    repairs: dict[str, dict[str, int]] = field(default_factory=dict)
    codes: dict[float, dict[str, int]] = field(default_factory=dict)
    undeclared: dict[float, dict[str, list[int]]] = field(default_factory=dict)

    def error(self, code: str, **fields: object) -> None:
        """Notes something that stops."""
        self.errors.append(message(f"data.{code}", **fields))

    def warn(self, code: str, **fields: object) -> None:
        """Notes something that does not stop."""
        self.warnings.append(message(f"data.{code}", **fields))

    def fix(self, code: str, **fields: object) -> None:
        """Notes something that was put right."""
        self.fixes.append(message(f"data.{code}", **fields))

    def add(self, column: str, numbers: Numbers, key: str) -> None:
        """Notes what reading one column of numbers brought up; ``key`` is its codebook entry."""
        for kind, count in numbers.fixes.items():
            self.repairs.setdefault(kind, {})[column] = count
        for code, count in numbers.codes.items():
            self.codes.setdefault(code, {})[column] = count
        for kind, found in numbers.bad.items():
            self.error(
                f"cell_{kind}", column=column, count=len(found), key=key, row=found[0][0],
                value=shown_cell(found[0][1]), rows=rows_text([row for row, _ in found]),
                values=distinct([value for _, value in found]),
            )  # fmt: skip

    def summed(self) -> tuple[list[Message], list[Message], list[Message]]:
        """Errors, warnings and fixes, with the counts over columns written out."""
        errors = list(self.errors)
        for code, found in self.undeclared.items():
            rows = sorted({row for some in found.values() for row in some})
            errors.append(
                message("data.undeclared_code", value=number_text(code), columns=listed(found),
                        count=sum(map(len, found.values())), rows=rows_text(rows))
            )  # fmt: skip
        fixes = list(self.fixes)
        for kind, per_column in self.repairs.items():
            fixes.append(_counted(_FIX_CODES[kind], per_column))
        for code, per_column in sorted(self.codes.items()):
            fixes.append(_counted("data.codes_missing", per_column, value=number_text(code)))
        return errors, list(self.warnings), fixes


def _counted(code: str, per_column: Mapping[str, int], **fields: object) -> Message:
    total = sum(per_column.values())
    return message(code, count=total, columns=listed(per_column), **fields)


def distinct(values: Sequence[object]) -> str:
    """Different values in the order met, each once."""
    return listed(dict.fromkeys(shown_cell(value) for value in values), limit=6)


def located(rows: Sequence[int], values: Sequence[float], *, limit: int = 5) -> str:
    """``row 4: 8, row 9: 12``: the first few cells of a column."""
    pairs = [f"{row}: {number_text(value)}" for row, value in zip(rows, values)]
    return listed(pairs, limit=limit)
