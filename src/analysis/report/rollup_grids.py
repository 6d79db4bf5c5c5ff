"""Runs by values: the heat maps of the page over many runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.report import numbers
from analysis.report.rollup_records import Kind, RolledRun, RolledValue, Rollup

SHOWN: tuple[Kind, ...] = ("path", "effect", "r2", "reliability", "index")
COEFFICIENTS = (", omega", ", ave")
BOUNDED = ("path", "effect", "r2", "reliability")
TOLD = ("brand", "channel", "wave", "model", "group", "estimator", "seed", "language")


@dataclass(frozen=True)
class RolledCell:
    """A printed number, its value for sorting, its shade (0 to 1) and its interval."""

    value: float | None
    shown: str
    shade: float = 0.0
    negative: bool = False
    interval: str = ""


@dataclass(frozen=True)
class RolledGrid:
    """The values of one kind: a row for each run that has some."""

    kind: Kind
    names: tuple[str, ...]
    rows: tuple[tuple[int, str, tuple[RolledCell, ...]], ...]


def run_label(run: RolledRun, factors: tuple[str, ...]) -> str:
    """What sets the run apart in few words."""
    told = [run.settings.get(name, "") for name in TOLD if name in factors]
    lead = [run.study] if "study" in factors else []
    return " \u00b7 ".join(filter(None, (*lead, *told))) or run.model or run.notebook


def grids(rollup: Rollup, language: str) -> Iterator[RolledGrid]:
    """One grid for each kind of value that some run has."""
    factors = rollup.factors()
    for kind in SHOWN:
        names = tuple(n for n in rollup.names(kind) if kind != "reliability"
                      or n.endswith(COEFFICIENTS))  # fmt: skip
        rows = []
        for run in rollup.runs:
            own = {value.name: value for value in run.of(kind)}
            if any(name in own for name in names):
                cells = tuple(_cell(own.get(name), kind, language) for name in names)
                rows.append((run.number, run_label(run, factors), cells))
        if rows:
            yield RolledGrid(kind, names, tuple(rows))


def _cell(value: RolledValue | None, kind: Kind, language: str) -> RolledCell:
    if value is None:
        return RolledCell(None, "")
    bounded = kind in BOUNDED
    est, low, high = main_number(value)
    digits = 2 if bounded else 1
    shown = numbers.number(est, digits=digits, bounded=bounded, language=language)
    scale = 1.0 if bounded else 100.0
    interval = ""
    if low is not None and high is not None:
        interval = numbers.interval(low, high, digits=digits, bounded=bounded, language=language)
    shade = round(min(abs(est) / scale, 1.0), 3)
    return RolledCell(est, shown, shade, est < 0, interval)


def main_number(value: RolledValue) -> tuple[float, float | None, float | None]:
    """The number that is compared across runs: standardized where there is such, its interval."""
    if value.std is not None:
        return value.std, value.std_low, value.std_high
    return value.est, value.low, value.high
