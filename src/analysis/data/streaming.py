"""Large surveys in one pass: moments, missing patterns and two-way tables without the rows.

A file is read in batches of which only statistics are kept, so that memory depends on the number
of items, not on that of respondents. What an answer means (words, missing codes, range, reversal)
is decided by the same functions as for files that are read whole, once for each different value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.util import hash_array

from analysis.data.accumulators import ByPattern, Centred, CrossTables
from analysis.data.batches import Batch, record_batches
from analysis.data.cleaning import to_labels
from analysis.data.codebook import Codebook, Group, Item
from analysis.data.names import listed, nearest, number_text, rows_text, shown_value
from analysis.data.notes import Notes
from analysis.data.streamed import PatternStats, Streamed, StreamedGroup
from analysis.data.values import match_levels, missing_labels, read_ids, read_item
from analysis.errors import InputError, message

Array = npt.NDArray[np.float64]
MOST_PATTERNS = 20_000
MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class _Sums:
    """What is summed up for one group."""

    complete: Centred
    answered: int = 0
    patterns: ByPattern | None = None
    tables: CrossTables | None = None

    def add(self, rows: Array) -> None:
        missing = np.isnan(rows)
        self.answered += int((~missing.all(axis=1)).sum())
        whole = rows[~missing.any(axis=1)]
        self.complete.add(whole)
        if self.tables is not None:
            self.tables.add(whole)
        if self.patterns is not None:
            self.patterns.add(rows)


def stream(
    path: Path | str,
    codebook: Codebook,
    items: Sequence[str],
    *,
    group: str = "",
    levels: Mapping[str, Sequence[str]] | None = None,
    patterns: bool = False,
    tables: bool = False,
) -> Streamed:
    """Statistics of some items of a .parquet, .csv, .tsv or .txt file, in one pass.

    Parameters
    ----------
    path : the data file.
    codebook : says what columns and answers mean.
    items : p names of the codebook's items.
    group : a grouping column of the codebook, for statistics by its levels.
    levels : levels to keep by grouping column; others are counted and left out.
    patterns : also statistics by missing pattern, for full information maximum likelihood.
    tables : also two-way tables of all ordinal items, for polychoric correlations.

    Returns
    -------
    Streamed
        Equal to what ``read_survey`` and moments of its rows give, up to rounding.

    Raises
    ------
    InputError
        For unknown names, for answers that cannot be (with their rows, of the first batch that
        has any), for ids that come twice (use ``read_survey``), for more than 20,000 missing
        patterns a group, and for items that everybody answered alike.
    """
    wanted, seen = _entries(codebook, items, group, levels or {}), _Seen()
    state: dict[str, _Sums] = {}
    p = len(wanted.items)
    lowest, sizes = _category_grid(wanted.items if tables else (), p)
    for name, rows in _parts(Path(path), codebook, wanted, seen):
        sums = state.setdefault(name, _start(p, patterns, tables, lowest, sizes))
        sums.add(rows)
        _bounded(sums, name)
    order = [name for name in (wanted.order or ("",)) if name in state]
    order += sorted(set(state) - set(order))
    groups = tuple(_finished(name, state[name]) for name in order)
    names = tuple(item.name for item in wanted.items)
    _check(names, groups)
    if wanted.id:
        _check_ids(np.concatenate(seen.ids), codebook)
    return Streamed(names, groups, seen.rows, seen.without_group, seen.filtered, lowest, sizes)


def complete_rows(
    path: Path | str,
    codebook: Codebook,
    items: Sequence[str],
    *,
    group: str = "",
    levels: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[tuple[str, Array]]:
    """The complete answers themselves, batch by batch: group (empty without) and rows (b, p).

    For what takes a second pass over a file that ``stream`` has read; arguments as there.
    """
    wanted = _entries(codebook, items, group, levels or {})
    for name, rows in _parts(Path(path), codebook, wanted, _Seen()):
        whole = rows[~np.isnan(rows).any(axis=1)]
        if len(whole):
            yield name, whole


@dataclass
class _Seen:
    """Rows read, those left out, and a number for each respondent's id and wave."""

    rows: int = 0
    without_group: int = 0
    filtered: int = 0
    ids: list[npt.NDArray[np.uint64]] = field(default_factory=list)


def _parts(
    path: Path, codebook: Codebook, wanted: _Wanted, seen: _Seen
) -> Iterator[tuple[str, Array]]:
    """Group and answers (b, p) of the respondents who are kept, batch by batch."""
    for batch in record_batches(path, codebook.options, wanted.columns):
        rows, labels, keep = wanted.read(batch, codebook)
        if wanted.id:
            seen.ids.append(wanted.hashes(batch, codebook))
        known = keep if labels is None else keep & pd.notna(labels)
        seen.rows += batch.n
        seen.filtered += int((~keep).sum())
        seen.without_group += int((keep & ~known).sum())
        if labels is None:
            yield "", rows[known]
            continue
        for name in sorted(set(labels[known])):
            yield name, rows[known & (labels == name)]


@dataclass(frozen=True)
class _Wanted:
    """What is read: items, the grouping column, levels to keep, ids with their waves."""

    items: tuple[Item, ...]
    group: Group | None
    kept: tuple[tuple[Group, frozenset[str]], ...]
    id: str
    waves: tuple[Group, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names in the file, each once."""
        groups = (*(g for g, _ in self.kept), *self.waves, *filter(None, (self.group,)))
        found = [item.column for item in self.items] + [group.column for group in groups]
        return tuple(dict.fromkeys(found + [self.id] * bool(self.id)))

    @property
    def order(self) -> tuple[str, ...]:
        """Levels of the grouping column as the codebook lists them."""
        return tuple(self.group.levels) if self.group else ()

    def read(
        self, batch: Batch, codebook: Codebook
    ) -> tuple[Array, npt.NDArray[np.object_] | None, npt.NDArray[np.bool_]]:
        """Answers (b, p), the group of each row (None without groups), and whom to keep."""
        rows = np.empty((batch.n, len(self.items)))
        for j, item in enumerate(self.items):
            rows[:, j] = _answers(item, batch, codebook)
        keep = np.ones(batch.n, dtype=bool)
        for group, levels in self.kept:
            keep &= np.isin(_labels(group, batch, codebook).astype(str), list(levels))
        labels = None if self.group is None else _labels(self.group, batch, codebook)
        return rows, labels, keep

    def hashes(self, batch: Batch, codebook: Codebook) -> npt.NDArray[np.uint64]:
        """A number for the id and wave of each row (b,), 0 without an id."""
        values, codes = batch.column(self.id)
        notes = Notes()
        ids = read_ids(self.id, values, list(range(len(values))), notes)
        if any(m.code == "data.id_rounded" for m in notes.errors):
            raise InputError(notes.errors)
        table = np.zeros(len(values) + 1, dtype=np.uint64)
        table[:-1] = hash_array(np.array([i or "" for i in ids], dtype=object))
        table[:-1][[i is None for i in ids]] = 0
        found: npt.NDArray[np.uint64] = table[codes]
        for wave in self.waves:
            levels = _labels(wave, batch, codebook).astype(str).astype(object)
            found = np.where(found == 0, found, found * MIX + hash_array(levels))
        return found


def _labels(group: Group, batch: Batch, codebook: Codebook) -> npt.NDArray[np.object_]:
    """The level of each row (b,), None where there is none."""
    values, codes = batch.column(group.column)
    notes = Notes()
    absent = missing_labels(codebook.options, group.levels)
    table = np.empty(len(values) + 1, dtype=object)
    table[:-1] = match_levels(
        group.column, f"groups.{group.name}", to_labels(values, absent), tuple(group.levels), notes
    )
    if notes.errors:
        raise InputError(notes.errors)
    found: npt.NDArray[np.object_] = table[codes]
    return found


def _answers(item: Item, batch: Batch, codebook: Codebook) -> Array:
    """Answers (b,) to an item, turned round where it is reversed.

    Raises
    ------
    InputError
        For impossible answers, counted and located over the batch.
    """
    values, codes = batch.column(item.column)
    notes = Notes()
    places = list(range(len(values)))
    numbers = read_item(item, values, places, codebook.options, batch.textual, notes)
    if notes.undeclared or any(m.code != "data.column_empty" for m in notes.errors):
        cells = [None if code == len(values) else values[code] for code in codes.tolist()]
        located = Notes()
        read_item(item, cells, batch.row_numbers(), codebook.options, batch.textual, located)
        raise InputError(located.summed()[0])
    if item.reversed and item.minimum is not None and item.maximum is not None:
        numbers = item.minimum + item.maximum - numbers
    found: Array = np.append(numbers, np.nan)[codes]
    return found


def _entries(
    codebook: Codebook, items: Sequence[str], group: str, levels: Mapping[str, Sequence[str]]
) -> _Wanted:
    problems = []
    groups = {g.name: g for g in codebook.groups}
    for kind, asked, known in (
        ("items", list(items), codebook.item_names),
        ("groups", [*([group] if group else []), *levels], tuple(groups)),
    ):
        problems += [
            message("data.unknown_name", key=kind, value=shown_value(name), kind=kind,
                    near=listed(nearest(name, known) or known) or "–")
            for name in dict.fromkeys(asked) if name not in known
        ]  # fmt: skip
    if problems:
        raise InputError(problems)
    kept = tuple((groups[name], frozenset(chosen)) for name, chosen in levels.items())
    chosen = tuple(codebook.item(name) for name in items)
    waves = tuple(g for g in codebook.groups if g.ordered) if codebook.roles.id else ()
    return _Wanted(chosen, groups[group] if group else None, kept, codebook.roles.id, waves)


def _category_grid(items: Sequence[Item], p: int) -> tuple[Array, npt.NDArray[np.intp]]:
    lowest, sizes = np.zeros(p), np.zeros(p, dtype=np.intp)
    for j, item in enumerate(items):
        if item.ordinal and not item.averaged and item.minimum is not None:
            assert item.maximum is not None
            lowest[j], sizes[j] = item.minimum, int(item.maximum - item.minimum) + 1
    return lowest, sizes


def _start(
    p: int, patterns: bool, tables: bool, lowest: Array, sizes: npt.NDArray[np.intp]
) -> _Sums:
    return _Sums(
        Centred.empty(p),
        patterns=ByPattern(p) if patterns else None,
        tables=CrossTables.empty(lowest, sizes) if tables else None,
    )


def _bounded(sums: _Sums, label: str) -> None:
    if sums.patterns is not None and len(sums.patterns.found) > MOST_PATTERNS:
        raise InputError(message("streaming.patterns", most=MOST_PATTERNS, group=label or "–"))


def _finished(label: str, sums: _Sums) -> StreamedGroup:
    stats = None
    if sums.patterns is not None:
        masks, found = sums.patterns.sorted()
        p = sums.patterns.p
        stats = PatternStats(
            masks,
            np.array([c.n for c in found], dtype=np.int64),
            np.array([c.mean for c in found]).reshape(-1, p),
            np.array([c.cov for c in found]).reshape(-1, p, p),
        )
    tables = None if sums.tables is None else sums.tables.counts
    whole = sums.complete
    return StreamedGroup(label, whole.n, sums.answered, whole.mean, whole.cov, stats, tables)


def _check_ids(hashes: npt.NDArray[np.uint64], codebook: Codebook) -> None:
    """Refuse ids that come twice in a wave: whom to keep cannot be told in one pass."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    again = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    if again.any():
        at = np.sort(order[1:][again])
        rows = rows_text((at[:8] + 2).tolist())
        fields = {"column": codebook.roles.id, "count": len(at), "rows": rows}
        raise InputError(message("streaming.ids", **fields))


def _check(names: Sequence[str], groups: Sequence[StreamedGroup]) -> None:
    """Refuse what no model can use: nobody, and items that everybody answered alike."""
    if not any(g.answered for g in groups):
        raise InputError(message("data.nobody_answered"))
    problems = []
    for j, name in enumerate(names):
        for g in groups:
            if g.n > 1 and g.cov[j, j] == 0.0:
                value = number_text(float(g.mean[j]))
                problems.append(message("data.constant_item", item=name, value=value, n=g.n))
    if problems:
        raise InputError(problems)
