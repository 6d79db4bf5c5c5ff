"""A table as a file holds it, before anybody says what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.names import code_points, listed, rows_text, shown_value, tidy, twins
from analysis.errors import InputError, Message, message

TOTAL_WORDS = frozenset(
    ("合计", "总计", "总和", "小计", "平均", "平均值", "均值", "total", "sum", "mean", "average",
     "grand total", "totals")
)  # fmt: skip


@dataclass(frozen=True)
class RawTable:
    """Cells of a file.

    Attributes
    ----------
    frame : one object column per header name; the index is the row number that a spreadsheet
        shows (the header is row 1); an empty cell is None
    n_read : rows below the header, empty ones included
    textual : whether every cell came as text (.csv), so that "5" is nothing to remark
    column_labels, value_labels : from SPSS and Stata files
    fixes, warnings : what was put right or looks odd
    digest : SHA-256 of the file
    """

    frame: pd.DataFrame
    n_read: int
    textual: bool = False
    column_labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    fixes: tuple[Message, ...] = ()
    warnings: tuple[Message, ...] = ()
    digest: str = ""


def clean_header(header: Sequence[object], file: str) -> tuple[list[str], list[Message]]:
    """Header names without invisible characters, and what was fixed.

    Raises
    ------
    InputError
        For names that stand twice or look alike (with their code points), and for a first row
        that holds numbers.
    """
    raw = ["" if name is None else str(name) for name in header]
    names = [tidy(name) for name in raw]
    problems: list[Message] = []
    filled = [name for name in names if name]
    if filled and sum(_is_number(name) for name in filled) * 2 > len(filled):
        problems.append(message("data.no_header", file=file, first=listed(filled, limit=4)))
    else:
        for name in dict.fromkeys(filled):
            if (count := names.count(name)) > 1:
                at = [i + 1 for i, other in enumerate(names) if other == name]
                problems.append(
                    message(
                        "data.column_twice",
                        column=shown_value(name),
                        count=count,
                        places=listed(at),
                    )
                )
        for first, second in twins(list(dict.fromkeys(filled))):
            problems.append(
                message("data.column_twins", first=first, second=second,
                        points_first=code_points(first), points_second=code_points(second))
            )  # fmt: skip
    if problems:
        raise InputError(problems)
    changed = [new for old, new in zip(raw, names) if old != new]
    fixes = [message("data.header_cleaned", columns=listed(changed))] if changed else []
    return names, fixes


def build_frame(
    names: Sequence[str], columns: Sequence[Sequence[object]], numbers: Sequence[int]
) -> tuple[pd.DataFrame, list[Message]]:
    """The frame without nameless empty columns and empty rows, and what was dropped.

    Raises
    ------
    InputError
        For a column with answers but without a name, and for a row of totals at the end.
    """
    problems: list[Message] = []
    kept: dict[str, np.ndarray] = {}
    for at, (name, cells) in enumerate(zip(names, columns)):
        array = np.empty(len(cells), dtype=object)
        array[:] = cells
        if name:
            kept[name] = array
        elif any(cell is not None for cell in cells):
            problems.append(message("data.column_nameless", place=at + 1))
    frame = pd.DataFrame(kept, index=pd.Index(list(numbers), name="row"), dtype=object)
    filled: npt.NDArray[np.bool_] = np.any(frame.notna().to_numpy(), axis=1)
    fixes = []
    if not filled.all():
        empty = [number for number, any_ in zip(numbers, filled) if not any_]
        fixes.append(message("data.empty_rows", count=len(empty), rows=rows_text(empty)))
        frame = frame.loc[filled]
    problems.extend(_totals(frame))
    if problems:
        raise InputError(problems)
    return frame, fixes


def _totals(frame: pd.DataFrame) -> list[Message]:
    found = []
    for number, row in frame.tail(3).iterrows():
        first = next((cell for cell in row if cell is not None), None)
        if isinstance(first, str) and tidy(first).casefold().rstrip(":：") in TOTAL_WORDS:
            found.append(message("data.total_row", row=number, value=shown_value(first)))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
