"""Cells to numbers, labels and dates; what cannot be read is named with value and row."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.names import folded, tidy

Array = npt.NDArray[np.float64]
Kind = Literal["number", "missing", "text", "infinite", "date", "excel_error", "true_false"]

MISSING_WORDS = frozenset(("", "na", "n/a", "nan", "null", "none", "."))
EXCEL_ERRORS = frozenset(
    ("#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#spill!", "#calc!")
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?(inf|infinity|∞)")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE_LIKE = re.compile(
    rf"\d{{1,4}}[-/ ]{_MONTH}([-/ ]\d{{2,4}})?|{_MONTH}[-/ ]\d{{1,4}}"
    r"|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?([t ]\d{1,2}:\d{2}.*)?|\d{1,2}月\d{1,2}日"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as read: its kind, its number, and what had to be put right to read it."""

    kind: Kind
    number: float = math.nan
    fix: Literal["", "width", "space", "text", "word", "true_false"] = ""


@dataclass(frozen=True)
class Numbers:
    """A column as numbers.

    Attributes
    ----------
    values : (n,) float, NaN where there is no number
    bad : kind -> rows of the file with the value as written, in file order
    codes : declared missing code -> how often
    fixes : kind of repair -> how often
    """

    values: Array
    bad: Mapping[Kind, tuple[tuple[int, object], ...]] = field(default_factory=dict)
    codes: Mapping[float, int] = field(default_factory=dict)
    fixes: Mapping[str, int] = field(default_factory=dict)


def read_cell(
    value: object, words: Mapping[str, float], missing_words: frozenset[str], decimal: str
) -> Cell:
    """What one cell says as a number."""
    if value is None:
        return Cell("missing")
    if isinstance(value, bool):
        return Cell("true_false", float(value), "true_false")
    if isinstance(value, int | float):
        number = float(value)
        return Cell("number" if math.isfinite(number) else "infinite", number)
    if not isinstance(value, str):
        return Cell("date")
    return _read_text(value, words, missing_words, decimal)


def _read_text(
    value: str, words: Mapping[str, float], missing_words: frozenset[str], decimal: str
) -> Cell:
    clean = unicodedata.normalize("NFKC", tidy(value)).casefold()
    if decimal == "," and "." not in clean:
        clean = clean.replace(",", ".")
    if _NUMBER.fullmatch(clean):
        number = float(clean)
        if math.isinf(number):
            return Cell("infinite")
        return Cell("number", number, _number_fix(value))
    key = folded(value)
    if key in words:
        return Cell("number", words[key], "word")
    if key in missing_words:
        return Cell("missing")
    if _INFINITE.fullmatch(clean):
        return Cell("infinite")
    if key in EXCEL_ERRORS:
        return Cell("excel_error")
    return Cell("date" if _DATE_LIKE.fullmatch(clean) else "text")


def _number_fix(value: str) -> Literal["text", "space", "width"]:
    if value.isascii():
        return "text"
    return "width" if any(ord(ch) > 127 and tidy(ch) for ch in value) else "space"


def to_numbers(
    cells: Sequence[object], rows: Sequence[int], *, words: Mapping[str, float] | None = None,
    missing: Sequence[float] = (), missing_text: Sequence[str] = (), decimal: str = ".",
    textual: bool = False,
) -> Numbers:  # fmt: skip
    """A column of cells as numbers.

    Each different cell is read once, so that a column of 3,000 answers costs seven readings.

    Parameters
    ----------
    cells : (n,) values of the file
    rows : (n,) their row numbers in the file, for messages
    words : folded word -> number
    missing : codes that mean no answer
    missing_text : words that mean no answer, besides the usual ones
    textual : the file holds text only, so a number written as text is nothing to count
    """
    array = np.empty(len(cells), dtype=object)
    array[:] = [(type(c) is bool, c) if type(c) is bool else c for c in cells]
    codes, uniques = pd.factorize(array, use_na_sentinel=True)
    missing_words = MISSING_WORDS | {folded(word) for word in missing_text}
    read = [
        read_cell(u[1] if isinstance(u, tuple) else u, words or {}, missing_words, decimal)
        for u in uniques
    ]
    counts = np.bincount(codes[codes >= 0], minlength=len(read))
    table = np.array([*(cell.number for cell in read), math.nan])
    declared: dict[float, int] = {}
    fixes: Counter[str] = Counter()
    bad: dict[Kind, list[tuple[int, object]]] = {}
    for at, cell in enumerate(read):
        if cell.fix and not (textual and cell.fix == "text"):
            fixes[cell.fix] += int(counts[at])
        if cell.number in missing:
            declared[cell.number] = declared.get(cell.number, 0) + int(counts[at])
            table[at] = math.nan
        elif cell.kind not in ("number", "missing", "true_false"):
            table[at] = math.nan
            where = np.flatnonzero(codes == at).tolist()
            bad.setdefault(cell.kind, []).extend((rows[i], cells[i]) for i in where)
    ordered = {kind: tuple(sorted(found, key=lambda f: f[0])) for kind, found in bad.items()}
    return Numbers(table[codes], ordered, declared, dict(fixes))


def to_labels(cells: Sequence[object], missing_text: Sequence[str] = ()) -> list[str | None]:
    """A column as group labels: tidy text, whole numbers without a decimal point.

    A label "NA" stays a label unless ``missing_text`` lists it: it may be a real one.
    """
    absent = {folded(word) for word in missing_text}
    known: dict[object, str | None] = {None: None}

    def label(cell: object) -> str | None:
        if isinstance(cell, bool):
            return str(cell).lower()
        if isinstance(cell, float):
            return f"{cell:.0f}" if cell.is_integer() else repr(cell)
        text = tidy(str(cell))
        return text if text and folded(text) not in absent else None

    for cell in cells:
        if cell not in known:
            known[cell] = label(cell)
    return [known[cell] for cell in cells]


@dataclass(frozen=True)
class Dates:
    """A column as dates: (n,) ``datetime64[ns]`` with NaT; rows that could not be read."""

    values: pd.Series[Any]
    bad: tuple[tuple[int, object], ...] = ()
    ambiguous: bool = False
    mixed: bool = False


_ISO = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?.*"
)
_DAY_FIRST = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)


def to_dates(cells: Sequence[object], rows: Sequence[int], date_format: str = "") -> Dates:
    """A column as dates.

    ISO-like dates (year first) need no format; of dates with the year last, day and month are
    told apart only where some number above 12 decides it for the whole column.
    """
    if date_format:
        return _parse(cells, rows, lambda text: _stated(text, date_format))
    texts = [unicodedata.normalize("NFKC", tidy(c)) for c in cells if isinstance(c, str)]
    last = [m for t in texts if (m := _DAY_FIRST.fullmatch(t))]
    iso = sum(_ISO.fullmatch(t) is not None for t in texts)
    serial = sum(isinstance(c, float) for c in cells) + sum(
        bool(_NUMBER.fullmatch(t)) for t in texts
    )
    dates = sum(isinstance(c, dt.date) for c in cells)
    if sum(bool(x) for x in (last, iso, serial, dates)) > 1:
        return Dates(_empty(len(cells)), mixed=True)
    day_first = any(int(m[1]) > 12 for m in last)
    month_first = any(int(m[2]) > 12 for m in last)
    if last and not day_first and not month_first and any(m[1] != m[2] for m in last):
        return Dates(_empty(len(cells)), ambiguous=True)
    return _parse(cells, rows, lambda text: _guess(text, day_first))


def _empty(length: int) -> pd.Series[Any]:
    return pd.Series(np.full(length, np.datetime64("NaT", "ns")))


def _stated(text: str, date_format: str) -> dt.datetime:
    """By the stated format; a date with the year first needs none."""
    try:
        return dt.datetime.strptime(text, date_format)
    except ValueError:
        if _ISO.fullmatch(text):
            return _guess(text, day_first=False)
        raise


def _guess(text: str, day_first: bool) -> dt.datetime:
    clean = unicodedata.normalize("NFKC", tidy(text))
    if match := _ISO.fullmatch(clean):
        parts = [int(match[i]) for i in (1, 2, 3)]
    elif match := _DAY_FIRST.fullmatch(clean):
        first, second, year = (int(match[i]) for i in (1, 2, 3))
        parts = [year, second, first] if day_first else [year, first, second]
    else:
        raise ValueError(text)
    return dt.datetime(*parts, *(int(match[i] or 0) for i in (4, 5, 6)))  # type: ignore[arg-type]


def _parse(
    cells: Sequence[object], rows: Sequence[int], read: Callable[[str], dt.datetime]
) -> Dates:
    nat = np.datetime64("NaT", "ns")
    known: dict[object, np.datetime64 | None] = {None: nat}
    for cell in cells:
        if cell not in known:
            known[cell] = _one_date(cell, read)
    bad = tuple((row, cell) for cell, row in zip(cells, rows) if known[cell] is None)
    values = np.array([nat if known[c] is None else known[c] for c in cells], "datetime64[ns]")
    return Dates(pd.Series(values), bad)


def _one_date(cell: object, read: Callable[[str], dt.datetime]) -> np.datetime64 | None:
    """None if the cell is no date (of the years 1700 to 2200, which all types can hold)."""
    found: dt.datetime | dt.date
    try:
        if isinstance(cell, str):
            if folded(cell) in MISSING_WORDS:
                return np.datetime64("NaT", "ns")
            found = read(cell.strip())
        elif isinstance(cell, float):
            found = dt.datetime(1899, 12, 30) + dt.timedelta(days=cell)
        elif isinstance(cell, dt.date):
            found = cell
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return np.datetime64(_naive(found), "ns") if 1700 <= found.year <= 2200 else None


def _naive(value: dt.datetime | dt.date) -> dt.datetime | dt.date:
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
