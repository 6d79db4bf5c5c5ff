"""Cut-offs with their sources, read from ``criteria.toml``."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast, get_args

Direction = Literal["at_least", "at_most", "between", "beyond"]
Grade = Literal["good", "acceptable", "poor", "unknown"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One cut-off: ``good`` and ``acceptable`` bounds, ``upper`` for ranges, and who set them."""

    key: str
    direction: Direction
    good: float
    acceptable: float
    upper: float | None
    cite: tuple[str, ...]

    def grade(self, value: float | None) -> Grade:
        """Where ``value`` stands; ``unknown`` for a missing one."""
        if value is None or not math.isfinite(value):
            return "unknown"
        if self.direction in ("at_most", "beyond"):
            size = abs(value) if self.direction == "beyond" else value
            return (
                "good" if size <= self.good else "acceptable" if size <= self.acceptable else "poor"
            )
        if self.direction == "between" and self.upper is not None and value > self.upper:
            return "acceptable"
        return (
            "good" if value >= self.good else "acceptable" if value >= self.acceptable else "poor"
        )

    def missed(self, value: float | None) -> bool:
        """Whether ``value`` is known and not good."""
        return self.grade(value) in ("acceptable", "poor")


@cache
def criteria() -> dict[str, Criterion]:
    """All cut-offs by key, for example ``fit.cfi``."""
    text = files("analysis.report").joinpath("criteria.toml").read_text("utf-8")
    found: dict[str, Criterion] = {}
    for area, entries in tomllib.loads(text).items():
        for name, entry in entries.items():
            key = f"{area}.{name}"
            if entry["direction"] not in DIRECTIONS:
                raise ValueError(f"{key}: direction {entry['direction']!r} is not in {DIRECTIONS}")
            found[key] = Criterion(
                key=key,
                direction=cast(Direction, entry["direction"]),
                good=float(entry["good"]),
                acceptable=float(entry["acceptable"]),
                upper=float(entry["upper"]) if "upper" in entry else None,
                cite=tuple(entry["cite"]),
            )
    return found


def criterion(key: str) -> Criterion:
    """The cut-off ``key``; an unknown key is a programming error (``KeyError``)."""
    return criteria()[key]
