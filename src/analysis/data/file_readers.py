"""Excel, SPSS, Stata and Parquet files."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.data.codebook import ReadOptions
from analysis.data.names import listed, nearest, number_text, shown_value
from analysis.data.raw import RawTable, build_frame, clean_header
from analysis.errors import InputError, Message, message

_MAXIMUM_UNPACKED = 2_000_000_000
_FORMULA = re.compile(rb"<f[ >/]")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z0-9:]+)"')


def read_excel(raw: bytes, file: str, options: ReadOptions) -> RawTable:
    """The first sheet of a workbook, or the one the codebook names.

    Raises
    ------
    InputError
        For cells with errors (#N/A), formulas without a stored value, merged cells.
    """
    try:
        rows, problems, remarks = _open_sheet(raw, file, options)
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - a damaged archive raises whatever its parser meets first
        raise InputError(message("data.file_broken", file=file, kind="Excel")) from None
    values = [[_cell(cell.value) for cell in row] for row in rows]
    while values and all(value is None for value in values[-1]):
        values.pop()
    if not values:
        raise InputError(message("data.file_empty", file=file))
    if problems:
        raise InputError(problems)
    width = max(len(row) for row in values)
    table = _assemble([row + [None] * (width - len(row)) for row in values], file)
    return RawTable(table.frame, table.n_read, fixes=table.fixes, warnings=remarks)


def _open_sheet(
    raw: bytes, file: str, options: ReadOptions
) -> tuple[list[list[Any]], list[Message], tuple[Message, ...]]:
    """Cells of the wanted sheet, what forbids reading them, what is to be remarked."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MAXIMUM_UNPACKED:
            raise InputError(message("data.file_too_large", file=file, limit="2 GB"))
    with warnings.catch_warnings():
        # Extensions that openpyxl does not keep (validation, formats) do not touch the answers.
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    sheets = [sheet.title for sheet in book.worksheets]
    wanted = options.sheet or (sheets[0] if sheets else "–")
    if wanted not in sheets:
        near = listed(nearest(wanted, sheets) or tuple(sheets)) or "–"
        raise InputError(message("data.sheet_unknown", file=file, sheet=wanted, near=near))
    sheet = book[wanted]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = [list(row) for row in sheet.iter_rows()]
    remarks: tuple[Message, ...] = ()
    if len(sheets) > 1 and not options.sheet:
        others = listed(name for name in sheets if name != wanted)
        remarks = (message("data.sheet_first", file=file, sheet=wanted, others=others),)
    return rows, _sheet_problems(raw, rows, sheet, file), remarks


def _assemble(values: list[list[Any]], file: str) -> RawTable:
    names, fixes = clean_header(values[0], file)
    body = values[1:]
    if not body:
        raise InputError(message("data.no_rows", file=file))
    if sum(bool(name) for name in names) < 2:
        raise InputError(message("data.one_column", file=file, header=listed(names)))
    frame, more = build_frame(names, list(zip(*body)), range(2, len(body) + 2))
    return RawTable(frame, len(body), fixes=(*fixes, *more))


def _cell(value: object) -> object:
    """None for an empty cell, float for a number, text, date as they are."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta) or value is None:
        return value
    return str(value)


def _sheet_problems(raw: bytes, rows: list[list[Any]], sheet: Any, file: str) -> list[Message]:
    problems = [
        message("data.excel_error", column=cell.column_letter, row=cell.row, value=cell.value)
        for row in rows
        for cell in row
        if getattr(cell, "data_type", "") == "e"
    ][:20]
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
        part = archive.read(path) if path in archive.namelist() else b""
    merged = [ref.decode() for ref in _MERGED.findall(part)]
    if merged:
        problems.append(message("data.merged_cells", file=file, cells=listed(merged)))
    if _FORMULA.search(part):
        problems.extend(_empty_formulas(raw, rows, sheet.title, file))
    return problems


def _empty_formulas(raw: bytes, rows: list[list[Any]], sheet: str, file: str) -> list[Message]:
    """Formulas whose result was never stored: they would be read as no answer."""
    import openpyxl

    formulas = openpyxl.load_workbook(io.BytesIO(raw), read_only=True)[sheet]
    empty = []
    for shown, written in zip(rows, formulas.iter_rows()):
        for cell, source in zip(shown, written):
            if cell.value is None and getattr(source, "data_type", "") == "f":
                empty.append(source.coordinate)
    return [message("data.formula_empty", file=file, cells=listed(empty))] if empty else []


def read_spss(path: Path) -> RawTable:
    """An SPSS file; user-missing values become missing and are counted."""
    return _statistical(path, "SPSS")


def read_stata(path: Path) -> RawTable:
    """A Stata file; its extended missing values become missing."""
    return _statistical(path, "Stata")


def _statistical(path: Path, kind: str) -> RawTable:
    import pyreadstat

    try:
        if kind == "SPSS":
            frame, meta = pyreadstat.read_sav(path, user_missing=True)
        else:
            frame, meta = pyreadstat.read_dta(path)
        columns = [[_cell(_plain(v)) for v in frame.iloc[:, at]] for at in range(frame.shape[1])]
        ranges: list[Any] = [meta.missing_ranges.get(name, []) for name in frame.columns]
    except Exception:  # noqa: BLE001 - readstat raises its own and several built-in errors
        raise InputError(message("data.file_broken", file=path.name, kind=kind)) from None
    names, fixes = clean_header(list(frame.columns), path.name)
    if not len(frame):
        raise InputError(message("data.no_rows", file=path.name))
    hidden = 0
    for at, limits in enumerate(ranges):
        if limits:
            shown = columns[at]
            columns[at] = [None if _within(cell, limits) else cell for cell in shown]
            hidden += sum(a is not b for a, b in zip(shown, columns[at]))
    if hidden:
        fixes.append(message("data.user_missing", file=path.name, count=hidden))
    built, more = build_frame(names, columns, range(2, len(frame) + 2))
    tidy_name = dict(zip(frame.columns, names))
    return RawTable(
        built, len(frame), fixes=(*fixes, *more),
        column_labels=_labels(meta.column_names_to_labels, tidy_name),
        value_labels={
            tidy_name[column]: {float(k): str(v) for k, v in labels.items() if _numeric(k)}
            for column, labels in meta.variable_value_labels.items() if column in tidy_name
        },
    )  # fmt: skip


def _labels(raw: Mapping[str, str | None], tidy_name: Mapping[str, str]) -> dict[str, str]:
    return {tidy_name[k]: v for k, v in raw.items() if v and k in tidy_name}


def _numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    """NaT and NaN of pandas as None, time stamps as datetime."""
    if value is None or value != value:
        return None
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def _within(cell: object, limits: Iterable[Mapping[str, Any]]) -> bool:
    if isinstance(cell, str):
        return any(cell == limit["lo"] for limit in limits)
    if not isinstance(cell, float):
        return False
    return any(
        not isinstance(limit["lo"], str) and limit["lo"] <= cell <= limit["hi"] for limit in limits
    )


def read_parquet(path: Path) -> RawTable:
    """A Parquet file; needs the optional package pyarrow."""
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise InputError(
            message("data.library_missing", file=path.name, library="pyarrow", extra="parquet")
        ) from None
    try:
        table = parquet.read_table(path)
        header = list(table.column_names)
        columns = [[_cell(_plain(v)) for v in column.to_pylist()] for column in table.columns]
    except Exception:  # noqa: BLE001 - arrow raises its own and several built-in errors
        raise InputError(message("data.file_broken", file=path.name, kind="Parquet")) from None
    names, fixes = clean_header(header, path.name)
    if not table.num_rows:
        raise InputError(message("data.no_rows", file=path.name))
    built, more = build_frame(names, columns, range(2, table.num_rows + 2))
    return RawTable(built, table.num_rows, fixes=(*fixes, *more))


def shown_cell(value: object) -> str:
    """A cell as a message shows it."""
    if isinstance(value, float):
        return number_text(value)
    return shown_value(value)
