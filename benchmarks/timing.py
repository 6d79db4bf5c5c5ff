"""Rows of the table, and engines timed in turns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Measure = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, both sides, their ratio and what it should be."""

    what: str
    ours: str
    peer: str = ""
    ratio: float = math.nan
    bar: float = math.nan
    most: bool = False

    @property
    def met(self) -> str:
        """Whether the ratio reaches the bar, which is the least of it, or the ``most``."""
        if math.isnan(self.ratio) or math.isnan(self.bar):
            return ""
        return "yes" if (self.ratio <= self.bar if self.most else self.ratio >= self.bar) else "no"

    def cells(self) -> tuple[str, ...]:
        """The line's texts."""
        shown = "" if math.isnan(self.ratio) else f"{self.ratio:,.{0 if self.ratio > 99 else 2}f}"
        bar = "" if math.isnan(self.bar) else f"{'at most' if self.most else 'from'} {self.bar:,g}"
        return self.what, self.ours, self.peer, shown, bar, self.met


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU time of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall(work: Callable[[], object]) -> float:
    """Seconds that passed."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(engines: Mapping[str, Measure], rounds: int) -> dict[str, float | Exception]:
    """The least of each engine's measures over rounds in which they take turns.

    An engine that raises is left out of the rest, and what it raised is its result.
    """
    found: dict[str, float | Exception] = {}
    for _ in range(rounds):
        for name, measure in engines.items():
            best = found.get(name, math.inf)
            if isinstance(best, Exception):
                continue
            try:
                found[name] = min(best, measure())
            except Exception as error:  # noqa: BLE001
                found[name] = error
    return found


def compared(
    what: str, engines: Mapping[str, Measure], bars: Mapping[str, float], unit: str, rounds: int = 2
) -> Iterator[Row]:
    """A row for each peer of the first engine, which is ours; a failure's text in its place."""
    found = interleaved(engines, rounds)
    ours, *peers = engines
    mine = found[ours]
    for peer in peers:
        other = found[peer]
        ratio = math.nan
        if not isinstance(mine, Exception) and not isinstance(other, Exception):
            ratio = other / mine
        yield Row(what, shown(mine, unit), f"{peer}: {shown(other, unit)}", ratio, bars[peer])


def shown(value: float | Exception, unit: str) -> str:
    """A time, or the first line of what went wrong."""
    if isinstance(value, Exception):
        return f"failed: {(str(value) or type(value).__name__).splitlines()[0]}"
    return f"{value:,.{0 if value > 99 else 1}f} {unit}"
