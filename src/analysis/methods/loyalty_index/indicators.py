"""What an index is made of: constructs and behaviour on one scale from 0 to 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["attitudinal", "behavioural", "cognitive"]


@dataclass(frozen=True)
class Indicator:
    """One column of the index.

    ``items`` are a construct's questions with their ``weights`` (sum 1; empty for behaviour), and
    ``low`` and ``high`` the raw values that stand for 0 and 100 of a stretched variable.
    """

    name: str
    kind: Kind
    items: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 100.0
    logged: bool = False


@dataclass(frozen=True)
class Indicators:
    """Indicators of n respondents: ``values`` (n, k) on 0-100, NaN where not known.

    ``person`` (n,) numbers the respondents, so that one who answered in two waves counts as one
    unit of sampling; ``weight`` (n,) are sampling weights, 1 without.
    """

    columns: tuple[Indicator, ...]
    values: Array
    person: NDArray[np.intp]
    weight: Array

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the indicators."""
        return tuple(c.name for c in self.columns)

    def rows(self, mask: NDArray[np.bool_]) -> Indicators:
        """The respondents where ``mask`` (n,) is true."""
        return Indicators(self.columns, self.values[mask], self.person[mask], self.weight[mask])

    def composite(self, weights: Array) -> Array:
        """Each respondent's index (n,) from the indicators that are known; NaN with under half."""
        known = ~np.isnan(self.values)
        total = np.where(known, self.values, 0.0) @ weights
        share = known @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(share >= 0.5, total / share, np.nan)


def construct_score(
    answers: Array, minimum: Sequence[float], maximum: Sequence[float], weights: Sequence[float]
) -> Array:
    """A construct's score (n,) on 0-100 by the ACSI formula; NaN where an item is missing.

    ``100 sum w_i (x_i - min_i) / sum w_i (max_i - min_i)`` with unstandardized weights (Fornell et
    al. 1996), ``answers`` (n, m) on their own scales. Half of the items must be answered; the
    weights of the others count then.
    """
    w, low, high = (np.asarray(x, dtype=float) for x in (weights, minimum, maximum))
    known = ~np.isnan(answers)
    above = np.where(known, answers - low, 0.0) @ w
    span = known @ (w * (high - low))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 100.0 * above / span
    return np.where(known.sum(axis=1) * 2 >= len(w), found, np.nan)


def stretched(
    x: Array, *, low: float, high: float, logged: bool = False, falling: bool = False
) -> Array:
    """A variable (n,) on 0-100: ``low`` becomes 0 and ``high`` 100, values beyond are cut off.

    ``logged`` takes ``log(1 + x)`` of counts and amounts first (``low`` and ``high`` are raw);
    ``falling`` turns the scale round, for recency.
    """
    y, a, b = (np.log1p(np.maximum(v, 0.0)) if logged else v for v in (x, low, high))
    share = np.clip((y - a) / (b - a), 0.0, 1.0)
    found: Array = 100.0 * (1.0 - share if falling else share)
    return found
