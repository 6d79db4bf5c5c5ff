"""The data of the what-if widget: all that its script knows."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LEVERS, MOST_RESPONSES = 40, 12


@dataclass(frozen=True, slots=True)
class WidgetLever:
    """A slider: ``level`` now (None: unknown), moved from ``lowest`` to ``highest`` points."""

    label: str
    level: float | None
    lowest: int
    highest: int

    def __post_init__(self) -> None:
        if not self.lowest <= 0 <= self.highest:
            raise ValueError(f"lever {self.label!r} does not start at 0")


@dataclass(frozen=True, slots=True)
class WidgetResponse:
    """A row of results, printed with ``digits``; ``covariance`` is empty without intervals."""

    label: str
    level: float | None
    digits: int
    effects: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class WhatIfWidget:
    """Sliders and what follows from them; every effect has one entry a lever."""

    levers: tuple[WidgetLever, ...]
    responses: tuple[WidgetResponse, ...]
    quantile: float

    def __post_init__(self) -> None:
        count = len(self.levers)
        if not 0 < count <= MOST_LEVERS or not 0 < len(self.responses) <= MOST_RESPONSES:
            raise ValueError("a what-if widget needs levers and responses, and not too many")
        for r in self.responses:
            shapes = {len(r.effects), *map(len, r.covariance)}
            if shapes != {count} or len(r.covariance) not in (0, count):
                raise ValueError(f"response {r.label!r} does not have one effect a lever")
            if not 0 <= r.digits <= 6:
                raise ValueError(f"response {r.label!r} has {r.digits} digits")
