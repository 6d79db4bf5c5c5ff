"""The page over many runs as files: one row a run, one row a value, one row a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from analysis.data.escape import to_csv, write_book
from analysis.report.records import Cell
from analysis.report.rollup_records import RolledRun, Rollup

FIT = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "srmr")


@dataclass(frozen=True)
class Sheet:
    """A table of plain cells; a column holds numbers only or text only."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(rollup: Rollup) -> tuple[Sheet, ...]:
    """Runs, their values, and the differences between them."""
    names = tuple(dict.fromkeys(name for run in rollup.runs for name in run.settings))
    head = ("number", "run", "status", "study", "notebook", *names, "n", "outcome", "verdict")
    tail = ("kind", "reason", "report")
    runs = tuple(_run(run, names) for run in rollup.runs)
    values = tuple(
        (run.number, run.run, v.kind, v.name, v.est, v.low, v.high, v.se, v.p, v.std, v.std_low,
         v.std_high)
        for run in rollup.runs for v in run.values
    )  # fmt: skip
    differences = tuple(
        (d.factor, d.context, d.name, d.first, d.second, d.est, d.low, d.high, d.p, d.p_holm,
         d.p_bh)
        for d in rollup.differences
    )  # fmt: skip
    return (
        Sheet("runs", (*head, *FIT, *tail), runs),
        Sheet("values", ("number", "run", "kind", "name", "est", "low", "high", "se", "p", "std",
                         "std_low", "std_high"), values),
        Sheet("differences", ("factor", "context", "name", "first", "second", "est", "low", "high",
                              "p", "p_holm", "p_bh"), differences),
    )  # fmt: skip


def _run(run: RolledRun, names: Sequence[str]) -> tuple[Cell, ...]:
    fit = [run.measures.get(name) for name in FIT]
    return (run.number, run.run, run.status, run.study, run.notebook,
            *(run.settings.get(name, "") for name in names), run.n, run.outcome, run.verdict,
            *fit, run.kind, run.reason, f"{run.path}/report.html" if run.path else "")  # fmt: skip


def write_sheets(folder: Path, rollup: Rollup) -> tuple[str, ...]:
    """Write each table as CSV and, where pyarrow is installed, Parquet; all as one workbook.

    Text that a spreadsheet would run as a formula is made harmless in CSV and workbook.
    """
    found = sheets(rollup)
    names = []
    for sheet in found:
        path = folder / f"{sheet.name}.csv"
        path.write_text(to_csv(sheet.header, sheet.rows), encoding="utf-8-sig", newline="")
        names.append(path.name)
        if find_spec("pyarrow") is not None:
            _write_parquet(folder / f"{sheet.name}.parquet", sheet)
            names.append(f"{sheet.name}.parquet")
    write_book(folder / "batch.xlsx", {sheet.name: (sheet.header, sheet.rows) for sheet in found})
    return (*names, "batch.xlsx")


def _write_parquet(path: Path, sheet: Sheet) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.header)
    arrays = {
        name: pyarrow.array(column, type=_type(column, pyarrow))
        for name, column in zip(sheet.header, columns, strict=True)
    }
    parquet.write_table(pyarrow.table(arrays), path)


def _type(column: Sequence[Cell], pyarrow: object) -> object:
    known = [cell for cell in column if cell is not None]
    if any(isinstance(cell, str) for cell in known):
        return pyarrow.string()  # type: ignore[attr-defined]
    whole = known and all(isinstance(cell, int) for cell in known)
    return pyarrow.int64() if whole else pyarrow.float64()  # type: ignore[attr-defined]
