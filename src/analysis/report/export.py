"""Evidence as files: CSV that a spreadsheet cannot run, SVG with fixed colours."""

from __future__ import annotations

from analysis.data.escape import to_csv
from analysis.report.payload import rounded
from analysis.report.records import Cell, Figure, Table
from analysis.report.svg import standalone
from analysis.report.tables import plain


def _written(value: Cell) -> Cell:
    return plain(value) if isinstance(value, str) else rounded(value)


def table_csv(table: Table) -> str:
    """The table with one header line of column keys, numbers to 8 significant digits."""
    headings = dict(table.groups)
    header = [*(["group"] if headings else []), *(c.key for c in table.columns)]
    rows: list[list[Cell]] = []
    group = ""
    for index, row in enumerate(table.rows):
        group = plain(headings.get(index, group))
        rows.append([*([group] if headings else []), *(_written(value) for value in row)])
    return to_csv(header, rows)


def figure_svg(figure: Figure) -> str:
    """The drawing as a stand-alone SVG file."""
    return standalone(figure.svg)
