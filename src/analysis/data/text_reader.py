"""Separated text (.csv): separator, quotes, and the same number of fields in every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.data.codebook import ReadOptions
from analysis.data.decoding import decode
from analysis.data.names import rows_text, shown_value
from analysis.data.raw import RawTable, build_frame, clean_header
from analysis.errors import InputError, Message, message

SEPARATORS = (",", ";", "\t", "，", "|")
_SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "，": "，", "|": "|"}
_MAXIMUM_FIELD = 1_000_000


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: list[str]


def read_text(raw: bytes, file: str, options: ReadOptions) -> RawTable:
    """Reads separated text; cells stay text, an empty cell is None.

    Raises
    ------
    InputError
        For wrong encodings, open quotes, rows longer or shorter than the header (with their
        numbers), a single column, no rows.
    """
    decoded = decode(raw, file, options.encoding)
    text = decoded.text
    if (at := text.find("\0")) >= 0:
        raise InputError(message("data.nul", file=file, row=text.count("\n", 0, at) + 1))
    if not text.strip():
        raise InputError(message("data.file_empty", file=file))
    fixes = list(decoded.fixes)
    separator = options.separator or sniff(text, file)
    if separator != "," and not options.separator:
        name = _SEPARATOR_NAMES[separator]
        fixes.append(message("data.separator_used", file=file, separator=name))
    rows = list(_records(text, separator, file))
    names, header_fixes = clean_header(rows[0].cells, file)
    fixes += header_fixes
    body = [row for row in rows[1:] if row.cells]
    _same_width(body, len(names), file)
    if not body:
        raise InputError(message("data.no_rows", file=file))
    columns = [
        [cell if cell and not cell.isspace() else None for cell in column]
        for column in zip(*(row.cells for row in body))
    ]
    frame, frame_fixes = build_frame(names, columns, [row.number for row in body])
    return RawTable(frame, len(rows) - 1, textual=True, fixes=(*fixes, *frame_fixes))


def _records(text: str, separator: str, file: str) -> Iterator[_Row]:
    """Records with the row number a spreadsheet would show; blank lines have no cells."""
    csv.field_size_limit(_MAXIMUM_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for cells in reader:
            if number == 0 and not cells:
                continue
            number += 1
            yield _Row(number, cells)
    except csv.Error as error:
        raise InputError(
            message("data.csv_broken", file=file, row=number + 1, reason=str(error))
        ) from None


def sniff(text: str, file: str) -> str:
    """The separator that cuts the first rows into most columns of equal number."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text[:200_000]) if line.strip()]
    head = "\n".join(lines[:50])
    best, score = "", (0.0, 0)
    for separator in SEPARATORS:
        widths = _widths(head, separator)
        if not widths or widths[0] < 2:
            continue
        share = sum(width == widths[0] for width in widths) / len(widths)
        if (share > 0.5, widths[0]) > (score[0] > 0.5, score[1]):
            best, score = separator, (share, widths[0])
    if not best:
        raise InputError(
            message("data.one_column", file=file, header=shown_value(lines[0] if lines else ""))
        )
    return best


def _widths(head: str, separator: str) -> list[int]:
    """Fields per record; an open quote at the cut end loses only the last record."""
    widths: list[int] = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    try:
        for cells in reader:
            widths.append(len(cells))
    except csv.Error:
        pass
    return widths[:-1] if len(widths) > 2 else widths


def _same_width(body: list[_Row], width: int, file: str) -> None:
    problems: list[Message] = []
    longer = [row for row in body if len(row.cells) > width]
    shorter = [row for row in body if len(row.cells) < width]
    for code, rows in (("data.row_longer", longer), ("data.row_shorter", shorter)):
        if rows:
            problems.append(
                message(code, file=file, row=rows[0].number, found=len(rows[0].cells),
                        expected=width, count=len(rows),
                        rows=rows_text([row.number for row in rows]))
            )  # fmt: skip
    if problems:
        raise InputError(problems)
