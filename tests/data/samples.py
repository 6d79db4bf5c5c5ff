"""A small good survey that each test spoils in one place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import numpy as np

from analysis.errors import Message

CODEBOOK = """
[study]
title = "Test"
source = "made for a test"
simulated = true
[scales.agree7]
minimum = 1
maximum = 7
[constructs.sat]
scale = "agree7"
[constructs.loy]
scale = "agree7"
[items.q1]
construct = "sat"
[items.q2]
construct = "sat"
[items.q3]
construct = "sat"
[items.q4]
construct = "loy"
[items.q5]
construct = "loy"
[items.q6]
construct = "loy"
"""
ITEMS = ("q1", "q2", "q3", "q4", "q5", "q6")


@dataclass
class Table:
    """A table of texts under construction."""

    names: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        at = self.names.index(name)
        return [row[at] for row in self.rows]

    def set(self, name: str, value: str, row: int = 2) -> Table:
        """Writes a cell; rows are numbered as in a spreadsheet."""
        self.rows[row - 2][self.names.index(name)] = value
        return self

    def fill(self, name: str, values: list[str]) -> Table:
        """Writes a whole column, new or not."""
        if name not in self.names:
            self.names.append(name)
            for row in self.rows:
                row.append("")
        for at, value in enumerate(values):
            self.set(name, value, at + 2)
        return self

    def text(self, separator: str = ",") -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n", delimiter=separator)
        writer.writerow(self.names)
        writer.writerows(self.rows)
        return buffer.getvalue()


def good_table(n: int = 60, names: tuple[str, ...] = ITEMS) -> Table:
    """Answers 1-7 with some correlation."""
    rng = np.random.default_rng(7)
    common = rng.normal(size=(n, 1))
    answers = np.clip(np.round(4 + common + rng.normal(size=(n, len(names)))), 1, 7).astype(int)
    return Table(list(names), [[str(v) for v in row] for row in answers])


def pick(messages: tuple[Message, ...], code: str, words: tuple[str, ...] = ()) -> Message:
    """The message with a code whose text names all of ``words``; it has a Chinese text too."""
    texts = [m.text() for m in messages]
    found = [
        m for m in messages
        if m.code == f"data.{code}" and all(word in m.text() for word in words)
    ]  # fmt: skip
    assert found, (code, words, texts)
    assert found[0].text("zh")
    return found[0]
