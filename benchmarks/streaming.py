"""Rows a second and peak memory of one pass over a large survey.

``python benchmarks/streaming.py [ROWS] [COLUMNS]`` prints one line for moments alone, one with
missing patterns and one with two-way tables. The file is made in chunks in a temporary folder;
each pass runs in a process of its own, whose greatest resident memory is what is shown.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.data import load_codebook
from analysis.data.streaming import stream

CHUNK = 250_000
PATTERNS = 12


@dataclass(frozen=True)
class Streaming:
    """One pass: respondents read, of them complete, rows a second, MiB at the most."""

    kind: str
    rows: int
    columns: int
    complete: int
    rows_per_second: float
    peak_mib: float


def measure(
    rows: int = 10_000_000, columns: int = 24, *, kinds: tuple[str, ...] = ("moments",)
) -> tuple[Streaming, ...]:
    """Make a Parquet file of ``rows`` answers to ``columns`` items and pass over it.

    ``kinds`` are any of moments, patterns and tables. About one respondent in ten left out the
    end of the questionnaire. The file takes ``columns / 2`` bytes a row while this runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_study(Path(folder), rows, columns)
        return tuple(_apart(Path(folder), kind, rows, columns) for kind in kinds)


def make_study(folder: Path, rows: int, columns: int) -> None:
    """A codebook and ``answers.parquet``: 7-point items of factors of four, some reversed."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    names = [f"q{j + 1}" for j in range(columns)]
    lines = ['[study]\ntitle = "Large"\nsource = "made for a benchmark"\nsimulated = true']
    lines += ["[data]\nmissing = [99]\n[scales.agree]\nminimum = 1\nmaximum = 7"]
    lines += [f'[constructs.f{k}]\nscale = "agree"' for k in range(-(-columns // 4))]
    for j, name in enumerate(names):
        turned = "\nreversed = true" if j % 4 == 3 else ""
        lines.append(f'[items.{name}]\nconstruct = "f{j // 4}"{turned}')
    (folder / "codebook.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    schema = pa.schema([(name, pa.int8()) for name in names])
    with parquet.ParquetWriter(folder / "answers.parquet", schema) as writer:
        for number, start in enumerate(range(0, rows, CHUNK)):
            answers = _answers(number, min(CHUNK, rows - start), columns)
            arrays = [pa.array(column) for column in answers.T]
            writer.write_table(pa.table(arrays, schema=schema))


def _answers(number: int, n: int, columns: int) -> np.ndarray:
    random = np.random.default_rng([7, number])
    common = random.standard_normal((n, 1), dtype=np.float32)
    factors = common + random.standard_normal((n, -(-columns // 4)), dtype=np.float32)
    noise = random.standard_normal((n, columns), dtype=np.float32)
    raw = 4.5 + 0.7 * factors[:, np.arange(columns) // 4] + noise
    answers = np.clip(np.rint(raw), 1, 7).astype(np.int8)
    answers[:, 3::4] = 8 - answers[:, 3::4]
    stop = np.where(
        random.random(n) < 0.1, random.integers(columns - PATTERNS, columns, n), columns
    )
    answers[np.arange(columns) >= stop[:, None]] = 99
    return answers


def _apart(folder: Path, kind: str, rows: int, columns: int) -> Streaming:
    done = subprocess.run(
        [sys.executable, __file__, "--pass", str(folder), kind],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    return Streaming(kind, rows, columns, found["n"], rows / found["seconds"], found["peak"])


def _pass(folder: Path, kind: str) -> None:
    codebook = load_codebook(folder)
    start = time.perf_counter()
    found = stream(
        folder / "answers.parquet", codebook, codebook.item_names,
        patterns=kind == "patterns", tables=kind == "tables",
    )  # fmt: skip
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"n": found.n, "seconds": seconds, "peak": peak}))


def main(arguments: list[str]) -> None:
    """One line a kind, or a pass in this process."""
    if arguments[:1] == ["--pass"]:
        _pass(Path(arguments[1]), arguments[2])
        return
    size = [int(a) for a in arguments] or [10_000_000]
    for found in measure(*size, kinds=("moments", "patterns", "tables")):
        print(
            f"{found.kind:<9} {found.rows:>10,} x {found.columns}"
            f" {found.rows_per_second:>12,.0f} rows/s {found.peak_mib:>7.0f} MiB"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
