"""From a data file and a codebook to a ``Survey``, with every problem reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.checks import Array, duplicated_rows, item_problems, scale_mixes
from analysis.data.cleaning import to_labels, to_numbers
from analysis.data.codebook import Codebook
from analysis.data.columns import match_columns
from analysis.data.names import levels_text, listed, rows_text
from analysis.data.notes import Notes
from analysis.data.privacy import personal_kind, pseudonym, pseudonym_key
from analysis.data.raw import RawTable
from analysis.data.readers import read_table
from analysis.data.survey import DURATION, Survey
from analysis.data.values import (
    read_dates,
    read_group,
    read_ids,
    read_item,
    read_variable,
    read_weights,
)
from analysis.errors import InputError, message


def read_survey(path: Path | str, codebook: Codebook) -> Survey:
    """Reads, cleans and validates the answers of a study.

    Raises
    ------
    InputError
        With one message for each problem found in the file.
    """
    return build_survey(read_table(path, codebook.options), codebook)


def build_survey(raw: RawTable, codebook: Codebook) -> Survey:
    """As ``read_survey``, from a table already read."""
    notes = Notes(warnings=list(raw.warnings), fixes=list(raw.fixes))
    matched = match_columns(raw.frame, codebook, notes)
    if notes.errors:
        raise InputError(notes.errors)
    dropped = {"empty": raw.n_read - len(raw.frame)}
    table, lasting = _columns(matched.frame, raw.textual, codebook, notes)
    frame = _rows(table, matched.frame, codebook, dropped, notes)
    _check(frame, codebook, notes)
    errors, warnings, fixes = notes.summed()
    if errors:
        raise InputError(errors)
    frame = _reversed(frame, codebook)
    turned = [item.name for item in codebook.items if item.reversed]
    if turned:
        fixes.append(message("data.reversed", count=len(turned), items=listed(turned)))
    if codebook.roles.id:
        code = "data.ids_lasting" if lasting else "data.ids_random"
        fixes.append(message(code, column=codebook.roles.id))
    return Survey(
        frame=frame, codebook=codebook, n_read=raw.n_read, n_used=len(frame),
        dropped={reason: count for reason, count in dropped.items() if count},
        warnings=tuple(warnings), fixes=tuple(fixes), personal=matched.personal,
        undeclared=matched.undeclared, lasting_ids=lasting, digest=raw.digest,
    )  # fmt: skip


def _columns(
    frame: pd.DataFrame, textual: bool, codebook: Codebook, notes: Notes
) -> tuple[pd.DataFrame, bool]:
    """Every declared column, read by its own rules, under the codebook's name."""
    rows: list[int] = frame.index.tolist()
    cells: dict[str, list[object]] = {str(c): frame[c].tolist() for c in frame.columns}
    options, roles = codebook.options, codebook.roles
    table: dict[str, Any] = {}
    for item in codebook.items:
        table[item.name] = read_item(item, cells[item.column], rows, options, textual, notes)
    for group in codebook.groups:
        table[group.name] = _objects(read_group(group, cells[group.column], options, notes))
    for check in codebook.attention:
        numbers = to_numbers(cells[check.column], rows, decimal=options.decimal, textual=textual)
        notes.add(check.column, numbers, f"attention.{check.name}")
        table[check.name] = numbers.values
    for variable in codebook.variables:
        read = read_variable(variable, cells[variable.column], rows, codebook, textual, notes)
        table[variable.name] = _objects(read) if isinstance(read, list) else read
    if roles.weight:
        column = roles.weight
        table[column] = read_weights(column, cells[column], rows, options, textual, notes)
    for column in (roles.cluster, roles.strata):
        if column and column not in table:
            table[column] = _objects(to_labels(cells[column]))
    for column in roles.text:
        table[column] = _objects([None if c is None else str(c) for c in cells[column]])
    _times(table, cells, rows, codebook, textual, notes)
    lasting = _pseudonyms(table, cells, rows, codebook, notes)
    # An explicit dtype keeps None apart from NaN: pandas would turn texts into its own type.
    data = {
        name: pd.Series(array := np.asarray(values), dtype=array.dtype, index=frame.index)
        for name, values in table.items()
    }
    return pd.DataFrame(data, index=frame.index), lasting


def _objects(values: Sequence[object]) -> npt.NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _times(
    table: dict[str, Any], cells: Mapping[str, list[object]], rows: list[int], codebook: Codebook,
    textual: bool, notes: Notes,
) -> None:  # fmt: skip
    roles, options = codebook.roles, codebook.options
    for job, column in (("start", roles.start), ("end", roles.end)):
        if column:
            key = f"roles.{job}"
            table[column] = read_dates(column, key, cells[column], rows, options, notes).to_numpy()
    seconds: Array | None = None
    if roles.duration:
        numbers = to_numbers(cells[roles.duration], rows, decimal=options.decimal, textual=textual)
        notes.add(roles.duration, numbers, "roles.duration")
        table[roles.duration] = seconds = numbers.values
    elif roles.start and roles.end:
        span = table[roles.end] - table[roles.start]
        seconds = np.where(np.isnat(span), np.nan, span / np.timedelta64(1, "s"))
    if seconds is not None:
        backwards = np.flatnonzero(seconds < 0).tolist()
        if backwards:
            notes.warn("time_backwards", count=len(backwards),
                       rows=rows_text([rows[i] for i in backwards]))  # fmt: skip
        table[DURATION] = np.where(seconds < 0, np.nan, seconds)


def _pseudonyms(
    table: dict[str, Any], cells: Mapping[str, list[object]], rows: list[int], codebook: Codebook,
    notes: Notes,
) -> bool:  # fmt: skip
    column = codebook.roles.id
    if not column:
        return False
    ids = read_ids(column, cells[column], rows, notes)
    if codebook.options.duplicate_ids == "error":
        waves = [table[group.name] for group in codebook.groups if group.ordered]
        _note_repeated(column, list(zip(ids, *waves)), rows, notes)
    key, lasting = pseudonym_key()
    table[column] = _objects([None if i is None else pseudonym(i, key) for i in ids])
    return lasting


def _note_repeated(
    column: str, keys: Sequence[tuple[object, ...]], rows: Sequence[int], notes: Notes
) -> None:  # fmt: skip
    """Ids that come twice in the same wave; ``keys`` are ids with their waves."""
    counts = Counter(key for key in keys if key[0] is not None)
    repeated = {str(key[0]): count for key, count in counts.items() if count > 1}
    if repeated:
        # A telephone number or the like is not to be printed: its rows suffice to find it.
        shown = "–" if personal_kind(list(repeated)) else levels_text(repeated)
        at = [row for row, key in zip(rows, keys) if counts[key] > 1]
        notes.error("id_repeated", column=column, count=len(repeated), ids=shown,
                    rows=rows_text(at, limit=8))  # fmt: skip


def _rows(
    table: pd.DataFrame, original: pd.DataFrame, codebook: Codebook, dropped: dict[str, int],
    notes: Notes,
) -> pd.DataFrame:  # fmt: skip
    """Without respondents who answered nothing, and without repeated ids where a rule says so."""
    keep = np.ones(len(table), dtype=bool)
    if codebook.items:
        answered: npt.NDArray[np.bool_] = np.any(
            table[list(codebook.item_names)].notna().to_numpy(), axis=1
        )
        dropped["unanswered"] = int((~answered).sum())
        keep &= answered
        if dropped["unanswered"]:
            gone = table.index[~answered].tolist()
            notes.fix("rows_unanswered", count=len(gone), rows=rows_text(gone))
    rule, column = codebook.options.duplicate_ids, codebook.roles.id
    if column and rule in ("first", "last"):
        waves = [group.name for group in codebook.groups if group.ordered]
        again = table.duplicated([column, *waves], keep=rule) & table[column].notna() & keep
        dropped["repeated_id"] = int(again.sum())
        if dropped["repeated_id"]:
            notes.fix("ids_repeated", count=dropped["repeated_id"], rule=rule)
        keep &= ~again.to_numpy()
    frame = table[keep]
    columns = [i.column for i in codebook.items]
    rest = original.loc[keep, [c for c in original.columns
                               if c not in columns and c != column]]  # fmt: skip
    X = frame[list(codebook.item_names)].to_numpy(dtype=np.float64)
    notes.warnings.extend(duplicated_rows(X, frame.index.tolist(), rest))
    return frame


def _check(frame: pd.DataFrame, codebook: Codebook, notes: Notes) -> None:
    names = list(codebook.item_names)
    if not len(frame):
        notes.error("nobody_answered")
        return
    X = frame[names].to_numpy(dtype=np.float64)
    errors, warnings = item_problems(X, codebook.items)
    # Values that could not be read are missing here: what follows from them is no news.
    if not notes.errors and not notes.undeclared:
        notes.errors.extend(errors)
    notes.warnings.extend(warnings)
    notes.warnings.extend(scale_mixes(codebook))
    _check_design(frame, codebook, notes)
    missing = np.isnan(X)
    if missing.any():
        complete = int((~missing.any(axis=1)).sum())
        notes.warn("answers_missing", count=int(missing.sum()), percent=f"{missing.mean():.1%}",
                   complete=complete, n=len(X))  # fmt: skip
    if codebook.roles.strata and frame[codebook.roles.strata].nunique() < 2:
        notes.warn("one_stratum", column=codebook.roles.strata)


def _check_design(frame: pd.DataFrame, codebook: Codebook, notes: Notes) -> None:
    for item in codebook.items:
        for group, levels in item.asked_of.items():
            others = ~frame[group].isin(levels) & frame[item.name].notna()
            if others.any():
                notes.warn("answered_elsewhere", item=item.name, group=group,
                           levels=listed(levels), count=int(others.sum()))  # fmt: skip


def _reversed(frame: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    turned = {
        item.name: item.minimum + item.maximum - frame[item.name]
        for item in codebook.items
        if item.reversed and item.minimum is not None and item.maximum is not None
    }
    return frame.assign(**turned) if turned else frame
