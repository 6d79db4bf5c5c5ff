"""Further files of a study, keyed by respondent: orders, purchases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.cleaning import to_labels, to_numbers
from analysis.data.codebook import Codebook
from analysis.data.names import listed, nearest
from analysis.data.notes import Notes
from analysis.data.privacy import pseudonym, pseudonym_key
from analysis.data.readers import read_table
from analysis.data.values import read_dates
from analysis.errors import InputError, Message, message

NUMBER_JOBS = ("amount", "quantity", "value", "price")
DATE_JOBS = ("date",)


@dataclass(frozen=True)
class SideData:
    """Rows of a side table.

    Attributes
    ----------
    frame : one column per job of the codebook's entry, named by the job; ``id`` is the same
        pseudonym as in the survey, ``date`` is datetime64, amounts are float, the rest text
    n_read, n_used : rows of the file, rows with an id
    warnings, fixes : what is odd, what was put right
    """

    frame: pd.DataFrame
    n_read: int
    n_used: int
    warnings: tuple[Message, ...] = ()
    fixes: tuple[Message, ...] = ()


def read_side_table(folder: Path, codebook: Codebook, name: str) -> SideData:
    """Reads the table ``[tables.<name>]`` of a codebook.

    Raises
    ------
    InputError
        If the codebook has no such table, or its file lacks a column or holds bad cells.
    """
    known = {table.name: table for table in codebook.tables}
    if name not in known:
        near = listed(nearest(name, known) or tuple(known)) or "–"
        raise InputError(
            message("data.unknown_name", key="tables", value=name, kind="tables", near=near)
        )
    entry = known[name]
    raw = read_table(folder / entry.file)
    notes = Notes(warnings=list(raw.warnings), fixes=list(raw.fixes))
    present = [str(column) for column in raw.frame.columns]
    for job, column in entry.columns.items():
        if column not in present:
            notes.error("column_missing", column=column, key=f"tables.{name}.columns.{job}",
                        near=listed(nearest(column, present) or present))  # fmt: skip
    if notes.errors:
        raise InputError(notes.errors)
    rows = raw.frame.index.tolist()
    data: dict[str, Any] = {}
    for job, column in entry.columns.items():
        cells = raw.frame[column].tolist()
        key = f"tables.{name}.columns.{job}"
        if job in DATE_JOBS:
            data[job] = read_dates(column, key, cells, rows, codebook.options, notes).to_numpy()
        elif job in NUMBER_JOBS:
            numbers = to_numbers(cells, rows, textual=raw.textual)
            notes.add(column, numbers, key)
            data[job] = numbers.values
        else:
            data[job] = _text(cells, job)
    frame = _frame(data, raw.frame.index)
    if "id" in frame:
        without = frame["id"].isna()
        if without.any():
            notes.warn("id_missing", column=entry.columns["id"], count=int(without.sum()),
                       rows=listed(frame.index[without].tolist(), limit=5))  # fmt: skip
        frame = frame.loc[~without]
    errors, warnings, fixes = notes.summed()
    if errors:
        raise InputError(errors)
    return SideData(frame, raw.n_read, len(frame), tuple(warnings), tuple(fixes))


def _text(cells: list[object], job: str) -> np.ndarray[Any, Any]:
    labels = to_labels(cells)
    array = np.empty(len(labels), dtype=object)
    if job == "id":
        key, _ = pseudonym_key()
        pseudonyms = {label: pseudonym(label, key) for label in set(labels) if label is not None}
        labels = [pseudonyms[label] if label is not None else None for label in labels]
    array[:] = labels
    return array


def _frame(data: dict[str, Any], index: pd.Index[Any]) -> pd.DataFrame:
    columns = {job: pd.Series(v, dtype=v.dtype, index=index) for job, v in data.items()}
    return pd.DataFrame(columns, index=index)
