"""Tables for spreadsheets: text that would run as a formula is made harmless."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from analysis.data.names import tidy

# OWASP ASVS 5 (1.2.10) names = + - @ tab NUL; a full-width sign becomes one in some locales.
_DANGEROUS = frozenset("=+-@\t\r\n\0|＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def escape_cell(value: object) -> object:
    """The value as a spreadsheet may hold it: text that begins like a formula gets an apostrophe.

    Numbers, and text that is a plain number (``-1.5``), stay as they are.
    """
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("", value) if not value.isprintable() else value
    first = tidy(text)[:1] or text[:1]
    if value[:1] in _DANGEROUS or text[:1] in _DANGEROUS or first in _DANGEROUS:
        return text if _NUMBER.fullmatch(text) else f"'{text}"
    return text


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 text with escaped cells, ``\\n`` line ends; None is an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([escape_cell(name) for name in header])
    writer.writerows([["" if c is None else escape_cell(c) for c in row] for row in rows])
    return buffer.getvalue()


Sheet = tuple[Sequence[str], Iterable[Sequence[object]]]


def write_xlsx(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "data"
) -> None:
    """A workbook with one sheet; text cells are stored as text, never as formulas."""
    write_book(path, {sheet: (header, rows)})


def write_book(path: Path, sheets: Mapping[str, Sheet]) -> None:
    """A workbook; ``sheets`` holds header and rows by name, text is never stored as a formula."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, (header, rows) in sheets.items():
        page = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "_", name)[:31] or "data")
        page.append([escape_cell(cell) for cell in header])
        for row in rows:
            page.append([escape_cell(cell) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_without_times(buffer.getvalue()))


def _without_times(workbook: bytes) -> bytes:
    """The same workbook without the moment it was written: same table, same bytes."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "docProps/core.xml":
                data = _MOMENT.sub(rb"\g<1>1980-01-01T00:00:00Z", data)
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            target.writestr(about, data, compress_type=zipfile.ZIP_DEFLATED)
    return result.getvalue()
