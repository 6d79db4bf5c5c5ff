"""The parts of evidence: columns, tables, figures, verdicts and notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, get_args

from analysis.report.what_if_records import WhatIfWidget

Cell: TypeAlias = str | int | float | None
Kind = Literal["text", "code", "number", "unit", "p", "int", "percent"]
Level = Literal["good", "mixed", "poor", "none"]
NoticeLevel = Literal["error", "warning", "note"]

KINDS: tuple[str, ...] = get_args(Kind)
LEVELS: tuple[str, ...] = get_args(Level)
NOTICE_LEVELS: tuple[str, ...] = get_args(NoticeLevel)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Kind ``unit`` is for quantities that do not exceed 1 in size (correlations, loadings, fit
    indices): English tables then drop the zero before the point, as APA asks; Chinese ones keep
    it (GB/T 15835). Whole numbers in a ``number`` column stay without decimals, points aligned.
    ``group`` is the heading that spans neighbouring columns, for example ``95% CI``.
    """

    key: str
    label: str
    kind: Kind = "text"
    digits: int = 3
    note: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column kind {self.kind!r} is not one of {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a journal prints it; numbers stay numbers until it is written.

    ``row_headers`` leading columns head their rows. ``groups`` holds (first row, heading) pairs;
    ``marks`` holds (row, column, letter) triples that point to a specific note under the table,
    a note that starts with ``letter|``. ``kinds`` holds (row, column, kind) where a cell is of
    another kind than its column. ``links`` holds (row, column, id) where a cell leads to the
    evidence with that id in the same report.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_headers: int = 1
    notes: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    groups: tuple[tuple[int, str], ...] = ()
    marks: tuple[tuple[int, int, str], ...] = ()
    kinds: tuple[tuple[int, int, Kind], ...] = ()
    links: tuple[tuple[int, int, str], ...] = ()

    def __post_init__(self) -> None:
        width = len(self.columns)
        for number, row in enumerate(self.rows):
            if len(row) != width:
                raise ValueError(
                    f"table {self.key!r}: row {number} has {len(row)} cells, the header {width}"
                )


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing (``svg``, theme colours as ``var(--name,#fallback)``) with its text alternative.

    ``data`` holds the plotted numbers and doubles as the table alternative of the picture.
    """

    key: str
    title: str
    svg: str
    alt: str
    data: Table | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError(f"figure {self.key!r} needs an alternative text")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the numbers amount to; ``none`` means that no judgement may be given."""

    level: Level
    sentences: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"verdict level {self.level!r} is not one of {', '.join(LEVELS)}")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must see: symptom, cause (may be empty), remedy (may be empty)."""

    level: NoticeLevel
    symptom: str
    cause: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.level not in NOTICE_LEVELS:
            raise ValueError(
                f"notice level {self.level!r} is not one of {', '.join(NOTICE_LEVELS)}"
            )


class Piece(Protocol):
    """What the writers need to know of a piece of evidence (``Evidence`` is the one record)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def heading(self) -> int: ...
    @property
    def table(self) -> Table | None: ...
    @property
    def figure(self) -> Figure | None: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def paragraphs(self) -> tuple[str, ...]: ...
    @property
    def citations(self) -> tuple[str, ...]: ...
    @property
    def language(self) -> str: ...
    @property
    def stamps(self) -> tuple[str, ...]: ...
    @property
    def notices(self) -> tuple[Notice, ...]: ...
    @property
    def widget(self) -> WhatIfWidget | None: ...
