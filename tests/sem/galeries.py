"""The published structural model of Galeries Lafayette Berlin beside a refit of its moments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sem.cases import GOLDEN
from sem.reference import RAW, Array, published

from analysis.sem import Solution, sem

STUDY = "galeries_lafayette_berlin"


@dataclass(frozen=True)
class Path:
    """A standardized path in print, and from the moments with its 95% interval."""

    outcome: str
    predictor: str
    printed: float
    here: float
    lower: float
    upper: float

    @property
    def agrees(self) -> bool:
        """Whether the printed path lies in the interval."""
        return self.lower <= self.printed <= self.upper


@cache
def printed() -> Mapping[str, Any]:
    """What the study's authors print."""
    found: dict[str, Any] = json.loads((GOLDEN / "galeries_published.json").read_text("utf-8"))
    return found


@cache
def refit() -> Solution:
    """The published model on the moments of the complete rows."""
    text = (RAW / STUDY / "models" / "published.lav").read_text("utf-8")
    return sem(text, published(STUDY))


def paths() -> tuple[Path, ...]:
    """All printed paths beside ours."""
    found = []
    for outcome, predictor, value in printed()["paths"]:
        e = refit().estimate(outcome, "~", predictor)
        found.append(
            Path(outcome, predictor, value, e.std_all, e.std_all_ci_lower, e.std_all_ci_upper)
        )
    return tuple(found)


def explained_variances() -> dict[str, float]:
    """R2 that follow from the printed paths and factor correlations alone."""
    names = list(printed()["factors"])
    R: Array = np.eye(len(names))
    for i, row in enumerate(printed()["factor_correlations"]):
        R[i, : i + 1] = R[: i + 1, i] = row
    found = {}
    for outcome in dict.fromkeys(row[0] for row in printed()["paths"]):
        beta = np.array([_path(outcome, name) for name in names])
        with_others = R @ beta
        found[outcome] = float(beta @ with_others)
        R = np.block([[R, with_others[:, None]], [with_others[None, :], np.ones((1, 1))]])
        names.append(outcome)
    return found


def _path(outcome: str, predictor: str) -> float:
    values = {(row[0], row[1]): float(row[2]) for row in printed()["paths"]}
    return values.get((outcome, predictor), 0.0)
