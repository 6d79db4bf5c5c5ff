"""Evidence as files: CSV that a spreadsheet cannot run, SVG with fixed colours."""

from __future__ import annotations

import csv
import io

from analysis.report.payload import rounded
from analysis.report.records import Cell, Figure, Table
from analysis.report.svg import standalone
from analysis.report.tables import plain

# What spreadsheets take for a formula or command, with the full-width forms they also accept.
TRIGGERS = (
    "=",
    "+",
    "-",
    "@",
    "|",
    "%",
    "\t",
    "\r",
    "\n",
    "\0",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)


def escape_cell(value: str) -> str:
    """Text that a spreadsheet shows instead of running it: risky starts get an apostrophe."""
    stripped = value.lstrip(" \u00a0\u3000\ufeff\u200b")
    return "'" + value if value.startswith(TRIGGERS) or stripped.startswith(TRIGGERS) else value


def _written(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape_cell(plain(value))
    number = rounded(value)
    return "" if number is None else repr(number) if isinstance(number, int) else f"{number:.8g}"


def table_csv(table: Table) -> str:
    """The table with one header line of column keys; numbers unrounded to 8 digits."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    headings = dict(table.groups)
    lead = ["group"] if headings else []
    writer.writerow(lead + [escape_cell(c.key) for c in table.columns])
    group = ""
    for index, row in enumerate(table.rows):
        group = headings.get(index, group)
        first = [escape_cell(plain(group))] if headings else []
        writer.writerow(first + [_written(value) for value in row])
    return buffer.getvalue()


def figure_svg(figure: Figure) -> str:
    """The drawing as a stand-alone SVG file."""
    return standalone(figure.svg)
