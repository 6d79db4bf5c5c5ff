"""What the page over many runs is made from: one small record a run, numbers as they were shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["path", "effect", "r2", "reliability", "index"]
Status = Literal["ok", "failed", "refused", "left"]

KINDS: tuple[Kind, ...] = ("path", "effect", "r2", "reliability", "index")


@dataclass(frozen=True)
class RolledValue:
    """One number of a run with its interval.

    ``est`` is what the interval and ``se`` belong to; ``std`` its standardized form with its own
    interval, where there is one. ``n`` where it differs from the run's.
    """

    kind: Kind
    name: str
    est: float
    low: float | None = None
    high: float | None = None
    se: float | None = None
    p: float | None = None
    std: float | None = None
    std_low: float | None = None
    std_high: float | None = None


@dataclass(frozen=True)
class RolledRun:
    """One run of a batch.

    ``settings`` are all its parameters as text, ``measures`` its fit, ``path`` its folder relative
    to the page, ``reason`` why it was refused or failed.
    """

    number: int
    run: str
    status: Status
    study: str
    notebook: str
    model: str
    language: str
    settings: Mapping[str, str] = field(default_factory=dict)
    n: int | None = None
    estimator: str = ""
    outcome: str = ""
    verdict: str = "none"
    measures: Mapping[str, float | None] = field(default_factory=dict)
    values: tuple[RolledValue, ...] = ()
    reason: str = ""
    kind: str = ""
    path: str = ""
    simulated: bool = False

    def of(self, kind: Kind) -> tuple[RolledValue, ...]:
        """The values of one kind."""
        return tuple(value for value in self.values if value.kind == kind)


@dataclass(frozen=True)
class RolledDifference:
    """A difference between two levels of a factor, with adjusted p-values."""

    factor: str
    context: str
    name: str
    first: str
    second: str
    est: float
    low: float
    high: float
    p: float
    p_holm: float
    p_bh: float


@dataclass(frozen=True)
class Rollup:
    """A batch: its title in the reader's language, its runs, the differences between them."""

    name: str
    title: str
    runs: tuple[RolledRun, ...]
    differences: tuple[RolledDifference, ...] = ()

    def factors(self) -> tuple[str, ...]:
        """The settings that are not the same in all runs, in their order."""
        seen: dict[str, set[str]] = {}
        for run in self.runs:
            about = {"study": run.study, "notebook": run.notebook, **run.settings}
            for name, value in about.items():
                seen.setdefault(name, set()).add(value)
        return tuple(name for name, values in seen.items() if len(values) > 1)

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The names of all values of a kind, in order of appearance."""
        return tuple(dict.fromkeys(v.name for run in self.runs for v in run.of(kind)))
