"""Recommendation and repurchase of the codebook as outcomes of a model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.data import PublishedMatrix, Survey
from analysis.methods.drivers import OutcomeKind

ROLES = ("recommendation", "repurchase")
NOT_NUMBERS = ("date", "category")
PROMOTERS, DETRACTORS = 9.0, 6.0
LEAST_ROWS = 100


@dataclass(frozen=True)
class Behaviour:
    """An outcome of the codebook as a variable of the model; ``values`` (n,)."""

    name: str
    kind: OutcomeKind
    values: NDArray[np.float64]


def behaviour(data: Survey | PublishedMatrix, taken: Collection[str]) -> tuple[Behaviour, ...]:
    """Numeric outcomes with these roles; recommendation from 0 to 10 becomes 100, 0 or -100.

    Names in ``taken`` are variables of the model already. Too few answers give none.
    """
    if not isinstance(data, Survey):
        return ()
    found = []
    for v in data.codebook.variables:
        if v.role not in ROLES or v.name in taken or v.type in NOT_NUMBERS:
            continue
        x = data.frame[v.name].to_numpy(float)
        kind: OutcomeKind = "nps" if v.type == "nps" else "mean"
        if kind == "nps":
            net = np.where(x >= PROMOTERS, 100.0, np.where(x <= DETRACTORS, -100.0, 0.0))
            x = np.where(np.isnan(x), np.nan, net)
        if np.isfinite(x).sum() >= LEAST_ROWS and np.nanstd(x) > 0:
            found.append(Behaviour(v.name, kind, x))
    return tuple(found)
