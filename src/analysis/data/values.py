"""One column at a time: answers, variables, groups, ids, weights, times."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.cleaning import MISSING_WORDS, Array, to_dates, to_labels, to_numbers
from analysis.data.codebook import Codebook, Group, Item, ReadOptions, Variable
from analysis.data.names import (
    folded,
    levels_text,
    listed,
    nearest,
    number_text,
    rows_text,
    shown_value,
)  # fmt: skip
from analysis.data.notes import Notes, distinct, located

_CODES = frozenset(
    (0, 9, 66, 77, 88, 666, 777, 888, 9999, 99999, *range(95, 100), *range(990, 1000),
     *range(-9, 0), -66, -77, -88, *range(-99, -94), *range(-999, -989), -9999)
)  # fmt: skip
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_TYPE_RANGES: Mapping[str, tuple[float, float, bool]] = {
    "nps": (0, 10, True),
    "count": (0, np.inf, True),
    "amount": (0, np.inf, False),
    "days": (0, np.inf, False),
    "share": (0, 1, False),
    "binary": (0, 1, True),
    "number": (-np.inf, np.inf, False),
}
Labels = list[str | None]


def read_item(
    item: Item, cells: Sequence[object], rows: Sequence[int], options: ReadOptions, textual: bool,
    notes: Notes,
) -> Array:  # fmt: skip
    """Answers of one item, (n,) with NaN, still unreversed; every bad answer is noted."""
    numbers = to_numbers(
        cells, rows, words=item.words, missing=item.missing, decimal=options.decimal,
        missing_text=options.missing_text, textual=textual,
    )  # fmt: skip
    notes.add(item.column, numbers, f"items.{item.name}")
    values = numbers.values
    if item.minimum is None or item.maximum is None:
        notes.error("item_without_scale", key=f"items.{item.name}", item=item.name)
        return values
    outside = (values < item.minimum) | (values > item.maximum)
    if outside.any():
        _note_outside(item, values, outside, rows, notes)
    elif item.ordinal and not item.averaged:
        uneven = np.flatnonzero(~np.isnan(values) & (values != np.round(values))).tolist()
        if uneven:
            notes.error(
                "not_whole", column=item.column, key=f"items.{item.name}", count=len(uneven),
                cells=located([rows[i] for i in uneven], values[uneven].tolist()),
            )  # fmt: skip
    if not numbers.bad and (not len(values) or np.isnan(values).all()):
        notes.error("column_empty", column=item.column, key=f"items.{item.name}")
    return values


def _note_outside(
    item: Item, values: Array, outside: npt.NDArray[np.bool_], rows: Sequence[int], notes: Notes
) -> None:
    plain = []
    for at in np.flatnonzero(outside).tolist():
        value = float(values[at])
        is_code = value in _CODES and not (value == 9 and (item.maximum or 0) > 7)
        if is_code:
            notes.undeclared.setdefault(value, {}).setdefault(item.column, []).append(rows[at])
        else:
            plain.append(at)
    if plain:
        notes.error(
            "out_of_range", column=item.column, key=f"items.{item.name}", count=len(plain),
            minimum=number_text(item.minimum or 0), maximum=number_text(item.maximum or 0),
            cells=located([rows[i] for i in plain], values[plain].tolist()),
        )  # fmt: skip


def read_variable(
    variable: Variable, cells: Sequence[object], rows: Sequence[int], codebook: Codebook,
    textual: bool, notes: Notes,
) -> Any:  # fmt: skip
    """An outcome or covariate: float array, labels (category) or dates."""
    key = f"{'outcomes' if variable.outcome else 'covariates'}.{variable.name}"
    options = codebook.options
    if variable.type == "category":
        return _category(variable, cells, key, options, notes)
    if variable.type == "date":
        dates = read_dates(variable.column, key, cells, rows, options, notes)
        _after_collection(variable, dates, codebook.collected, notes)
        return dates
    words = _level_numbers(variable) if variable.type == "binary" else {}
    numbers = to_numbers(
        cells, rows, words=words, missing=variable.missing, decimal=options.decimal,
        missing_text=options.missing_text, textual=textual,
    )  # fmt: skip
    notes.add(variable.column, numbers, key)
    _check_variable(variable, numbers.values, rows, key, notes)
    return numbers.values


def _level_numbers(variable: Variable) -> dict[str, float]:
    """Words of a binary variable: the first level is 0, the second 1."""
    words: dict[str, float] = {}
    for at, (level, label) in enumerate(variable.levels.items()):
        number = float(level) if level in ("0", "1") else float(at)
        words |= {folded(text): number for text in (level, label["en"], label["zh"])}
    return {word: number for word, number in words.items() if word not in ("0", "1")}


def _check_variable(
    variable: Variable, values: Array, rows: Sequence[int], key: str, notes: Notes
) -> None:
    low, high, whole = _TYPE_RANGES[variable.type]
    low = low if variable.minimum is None else max(low, variable.minimum)
    high = high if variable.maximum is None else min(high, variable.maximum)
    wrong = (values < low) | (values > high)
    if whole:
        wrong |= ~np.isnan(values) & (values != np.round(values))
    if wrong.any():
        at = np.flatnonzero(wrong).tolist()
        notes.error(
            "variable_range", column=variable.column, key=key, type=variable.type,
            count=len(at), minimum=number_text(low), maximum=number_text(high),
            cells=located([rows[i] for i in at], values[at].tolist()),
        )  # fmt: skip
    if np.isnan(values).all():
        notes.warn("variable_empty", column=variable.column, key=key)
    elif variable.type == "binary" and not wrong.any():
        ones = int(np.nansum(values))
        smaller, total = min(ones, int((~np.isnan(values)).sum()) - ones), len(values)
        if smaller < 10 or smaller < 0.03 * total:
            notes.warn("binary_rare", column=variable.column, count=smaller, total=total)


def _category(
    variable: Variable, cells: Sequence[object], key: str, options: ReadOptions, notes: Notes
) -> Labels:
    labels = to_labels(cells, missing_labels(options, variable.levels))
    codes = {number_text(code) for code in variable.missing}
    labels = [None if label in codes else label for label in labels]
    return match_levels(variable.column, key, labels, tuple(variable.levels), notes)


def missing_labels(options: ReadOptions, levels: Mapping[str, object]) -> tuple[str, ...]:
    """Words that stand for no label, apart from those that are a level's name."""
    declared = {folded(level) for level in levels}
    return tuple(w for w in (*options.missing_text, *MISSING_WORDS) if folded(w) not in declared)


def match_levels(
    column: str, key: str, labels: Labels, declared: Sequence[str], notes: Notes
) -> Labels:
    """Labels in the codebook's spelling; undeclared ones are errors, near twins warnings."""
    counts = Counter(label for label in labels if label is not None)
    if not declared:
        by_look: dict[str, list[str]] = {}
        for label in sorted(counts):
            by_look.setdefault(folded(label), []).append(label)
        for alike in by_look.values():
            if len(alike) > 1:
                found = {label: counts[label] for label in alike}
                notes.warn("labels_alike", column=column, key=key, labels=levels_text(found))
        return labels
    spelled = {folded(level): level for level in declared}
    change = {}
    for label, count in sorted(counts.items()):
        if label in declared:
            continue
        if folded(label) in spelled:
            change[label] = spelled[folded(label)]
            notes.fix("label_respelled", column=column, label=shown_value(label), count=count,
                      level=spelled[folded(label)])  # fmt: skip
        else:
            near = nearest(label, declared) or tuple(declared)
            notes.error("level_unknown", column=column, key=key, label=shown_value(label),
                        count=count, near=listed(near))  # fmt: skip
    return [change.get(label, label) if label else label for label in labels]


def read_group(group: Group, cells: Sequence[object], options: ReadOptions, notes: Notes) -> Labels:
    """A grouping column as labels; empty labels are counted, one group per row refused."""
    key = f"groups.{group.name}"
    labels = to_labels(cells, missing_labels(options, group.levels))
    counts = Counter(label for label in labels if label is not None)
    n = sum(counts.values())
    if n and len(counts) > max(20, n / 3) and not group.levels:
        single = sum(count == 1 for count in counts.values())
        notes.error("group_is_id", column=group.column, key=key, groups=len(counts), single=single)
        return labels
    if missing := len(labels) - n:
        notes.warn("group_missing", column=group.column, count=missing, total=len(labels))
    labels = match_levels(group.column, key, labels, tuple(group.levels), notes)
    sizes = Counter(label for label in labels if label is not None)
    for level in group.levels:
        if not sizes.get(level):
            notes.warn("level_unused", column=group.column, key=key, level=level)
    small = {label: count for label, count in sorted(sizes.items()) if count < 100}
    if small:
        notes.warn("group_small", column=group.column, labels=levels_text(small),
                   least=options.min_group)  # fmt: skip
    return labels


def read_dates(
    column: str, key: str, cells: Sequence[object], rows: Sequence[int], options: ReadOptions,
    notes: Notes,
) -> pd.Series[Any]:  # fmt: skip
    """A column of dates; mixed or ambiguous formats are errors."""
    dates = to_dates(cells, rows, options.date_format)
    if dates.mixed:
        notes.error("date_mixed", column=column, key=key, values=distinct(_spread(cells)))
    elif dates.ambiguous:
        first = next(c for c in cells if isinstance(c, str))
        notes.error("date_ambiguous", column=column, key=key, value=shown_value(first))
    elif dates.bad:
        notes.error(
            "date_unreadable", column=column, key=key, count=len(dates.bad),
            row=dates.bad[0][0], values=distinct([value for _, value in dates.bad]),
        )  # fmt: skip
    return dates.values


def _spread(cells: Sequence[object]) -> list[object]:
    """One cell of each kind that a mixed date column holds."""
    kinds: dict[str, object] = {}
    for cell in cells:
        if cell is not None:
            shape = re.sub(r"\d+", "9", str(cell)) if isinstance(cell, str) else type(cell).__name__
            kinds.setdefault(shape, cell)
    return list(kinds.values())


def _after_collection(
    variable: Variable, dates: pd.Series[Any], collected: str, notes: Notes
) -> None:
    """Dates behind the end of the field work, as far as ``collected`` states one."""
    stated = re.findall(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", collected)
    if not stated or variable.timing == "after":
        return
    year, month, day = stated[-1]
    if not 1 <= int(month) <= 12 or not int(year) >= 1:
        return
    longest = calendar.monthrange(int(year), int(month))[1]
    last = pd.Timestamp(int(year), int(month), min(int(day or longest), longest))
    late = int((dates >= last + pd.Timedelta(days=1)).sum())
    if late:
        notes.warn("date_late", column=variable.column, count=late, collected=collected)


def read_ids(column: str, cells: Sequence[object], rows: Sequence[int], notes: Notes) -> Labels:
    """Respondent ids as text; ids that a spreadsheet turned into rounded numbers are refused."""
    damaged = [
        (row, cell)
        for row, cell in zip(rows, cells)
        if (isinstance(cell, float) and (abs(cell) >= 1e15 or not cell.is_integer()))
        or (isinstance(cell, str) and _SCIENTIFIC.fullmatch(cell.strip()))
    ]
    if damaged:
        notes.error("id_rounded", column=column, count=len(damaged), row=damaged[0][0],
                    value=shown_value(damaged[0][1]))  # fmt: skip
    labels = to_labels(cells)
    if missing := sum(label is None for label in labels):
        at = [row for row, label in zip(rows, labels) if label is None]
        notes.warn("id_missing", column=column, count=missing, rows=rows_text(at))
    return labels


def read_weights(
    column: str, cells: Sequence[object], rows: Sequence[int], options: ReadOptions, textual: bool,
    notes: Notes,
) -> Array:  # fmt: skip
    """Sampling weights; each row needs a positive one."""
    numbers = to_numbers(cells, rows, decimal=options.decimal, textual=textual)
    notes.add(column, numbers, "roles.weight")
    bad = np.flatnonzero(~(numbers.values > 0)).tolist()
    if bad and not numbers.bad:
        notes.error("weight_not_positive", column=column, count=len(bad),
                    rows=rows_text([rows[i] for i in bad]))  # fmt: skip
    return numbers.values
