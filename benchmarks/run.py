"""One table of timings with the bars they should reach; failures stay as rows.

``python -m benchmarks.run [TOPIC ...]`` for bootstrap, fits and streaming, or those named;
``--scaling`` shows instead how draws cost with draws, respondents, items and groups. Times are the
least CPU time over rounds in which engines take turns, with one BLAS thread.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version

from benchmarks import bootstrap, fits, scaling, streaming
from benchmarks.timing import Row

LARGE = 10_000_000
HEAD = ("what", "ours", "peer", "ratio", "bar", "met")


def streamed() -> Iterator[Row]:
    """Rows a second and memory of a pass over a large survey."""
    for found in streaming.measure(LARGE):
        yield Row(
            f"{found.rows:,} x {found.columns} rows streamed to moments, GiB at the most",
            f"{found.rows_per_second:,.0f} rows/s", "", found.peak_mib / 1024.0, 1.0, most=True,
        )  # fmt: skip


TOPICS: Mapping[str, Callable[[], Iterable[Row]]] = {
    "bootstrap": bootstrap.rows,
    "fits": fits.rows,
    "streaming": streamed,
}


def show(cells: Iterable[str]) -> None:
    """One line of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def table(topics: Sequence[str]) -> None:
    """The rows of all topics; one that breaks down is a row, too."""
    show(HEAD)
    show("---" for _ in HEAD)
    for name in topics:
        try:
            for row in TOPICS[name]():
                show(row.cells())
        except Exception as error:  # noqa: BLE001
            show(Row(name, f"failed: {error!r}").cells())


def main() -> None:
    """The table, or the tables of ``--scaling``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "topics", nargs="*", default=list(TOPICS), metavar="TOPIC", help=", ".join(TOPICS)
    )
    parser.add_argument("--scaling", action="store_true")
    chosen = parser.parse_args()
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "numba"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {packages}\n")
    if not chosen.scaling:
        table(chosen.topics)
        return
    for head, lines in scaling.tables():
        show(head)
        show("---" for _ in head)
        for line in lines:
            show(line)
        print()


if __name__ == "__main__":
    main()
