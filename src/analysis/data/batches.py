"""Batches of rows of a .parquet or separated text file, some columns only, as coded values."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.data.codebook import ReadOptions
from analysis.data.decoding import decode
from analysis.data.names import listed, nearest, shown_value
from analysis.data.raw import clean_header
from analysis.data.text_reader import sniff
from analysis.errors import InputError, message

ROWS = 65_536
BLOCK_BYTES = 8 << 20
HEAD_BYTES = 200_000
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (".parquet", *TEXT_SUFFIXES)


@dataclass(frozen=True)
class Batch:
    """Some rows: ``columns`` name -> different values and, per row, which of them it holds.

    A row whose cell is empty has the code after the last value. ``first`` is the number of rows
    before the batch; ``textual`` says that all values are text.
    """

    n: int
    first: int
    textual: bool
    columns: dict[str, tuple[tuple[Any, ...], npt.NDArray[np.intp]]]

    def column(self, name: str) -> tuple[tuple[Any, ...], npt.NDArray[np.intp]]:
        """Values and codes of one column."""
        return self.columns[name]

    def row_numbers(self) -> list[int]:
        """Numbers of the rows as a spreadsheet shows them; the header is row 1."""
        return list(range(self.first + 2, self.first + self.n + 2))


def record_batches(path: Path, options: ReadOptions, columns: Sequence[str]) -> Iterator[Batch]:
    """The rows of a file, ``columns`` only.

    Raises
    ------
    InputError
        For other kinds of file, unreadable files, and columns that are not there.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = " ".join(SUFFIXES)
        raise InputError(message("streaming.suffix", file=path.name, suffix=suffix, known=known))
    if not path.is_file():
        raise InputError(message("data.file_unreadable", file=path.name, reason="–"))
    try:
        import pyarrow
    except ImportError:
        raise InputError(
            message("data.library_missing", file=path.name, library="pyarrow", extra="parquet")
        ) from None
    tables = _parquet(path, columns) if suffix == ".parquet" else _text(path, options, columns)
    first = 0
    try:
        for names, batch in tables:
            coded = {
                name: _coded(batch.column(at)) for at, name in enumerate(names) if name in columns
            }
            if batch.num_rows:
                yield Batch(batch.num_rows, first, suffix != ".parquet", coded)
            first += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            message("streaming.broken", file=path.name, row=first + 2, reason=shown_value(error))
        ) from None
    if not first:
        raise InputError(message("data.no_rows", file=path.name))


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[tuple[list[str], Any]]:
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(path, memory_map=True)
    try:
        raw = list(file.schema_arrow.names)
        names, _ = clean_header(raw, path.name)
        _present(names, columns)
        wanted = [old for old, new in zip(raw, names, strict=True) if new in columns]
        tidy = [new for new in names if new in columns]
        for batch in file.iter_batches(batch_size=ROWS, columns=wanted, use_threads=False):
            yield tidy, batch.select(wanted)
    finally:
        file.close()


def _text(
    path: Path, options: ReadOptions, columns: Sequence[str]
) -> Iterator[tuple[list[str], Any]]:
    from pyarrow import csv as arrow
    from pyarrow import string

    with path.open("rb") as stream:
        raw = stream.read(HEAD_BYTES)
    head = raw if len(raw) < HEAD_BYTES else raw[: raw.rfind(b"\n") + 1]
    decoded = decode(head, path.name, options.encoding)
    separator = options.separator or sniff(decoded.text, path.name)
    lines = csv.reader(decoded.text.splitlines(), delimiter=separator)
    names, _ = clean_header(next(filter(None, lines)), path.name)
    _present(names, columns)
    places = [f"column {at}" for at in range(len(names))]
    wanted = [place for place, name in zip(places, names, strict=True) if name in columns]
    with arrow.open_csv(
        path,
        read_options=arrow.ReadOptions(
            column_names=places, skip_rows=lines.line_num, encoding=decoded.encoding,
            block_size=BLOCK_BYTES, use_threads=False,
        ),
        parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=arrow.ConvertOptions(
            column_types=dict.fromkeys(places, string()), include_columns=wanted,
            strings_can_be_null=True, quoted_strings_can_be_null=True, null_values=[""],
        ),
    ) as reader:  # fmt: skip
        for batch in reader:
            yield [names[places.index(place)] for place in wanted], batch


def _present(names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(
            message("data.column_missing", column=shown_value(column), key="items",
                    near=listed(nearest(column, names) or names))
            for column in missing
        )  # fmt: skip


def _coded(column: Any) -> tuple[tuple[Any, ...], npt.NDArray[np.intp]]:
    """Different values, and codes with the number of values for an empty cell."""
    encoded = column if hasattr(column, "dictionary") else column.dictionary_encode()
    values = tuple(_plain(value) for value in encoded.dictionary.to_pylist())
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return values, codes.astype(np.intp)


def _plain(value: Any) -> Any:
    """A blank text or NaN as None, a number as float."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return None if value != value else float(value)
    return None if isinstance(value, str) and (not value or value.isspace()) else value
