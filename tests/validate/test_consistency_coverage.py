"""Monte Carlo: how often the interval of the consistency index holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.methods.consistency import overlap_of_shift, wider_limits
from analysis.rng import generator

pytestmark = pytest.mark.slow

REPLICATIONS, DRAWS, ERROR = 2000, 500, 0.06


def index(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Index of constructs (..., 4) so many standard deviations apart."""
    found: NDArray[np.float64] = 100.0 * overlap_of_shift(distance).mean(axis=-1)
    return found


@pytest.mark.parametrize(
    ("distance", "least"),
    [
        ((0.0, 0.0, 0.0, 0.0), 0.77),
        ((0.05, 0.0, 0.05, 0.0), 0.91),
        ((0.1, 0.1, 0.0, 0.1), 0.93),
        ((0.2, 0.2, 0.1, 0.1), 0.93),
        ((0.5, 0.3, 0.2, 0.4), 0.93),
    ],
)
def test_coverage_of_the_wider_limits(distance: tuple[float, ...], least: float) -> None:
    truth = float(index(np.array(distance)))
    held = 0
    for number in range(REPLICATIONS):
        rng = generator(3, "consistency", number)
        estimate = np.array(distance) + ERROR * rng.standard_normal(4)
        drawn = estimate + ERROR * rng.standard_normal((DRAWS, 4))
        low, high = wider_limits(np.concatenate([[index(estimate)], index(drawn)]), 0.95)
        held += low <= truth <= high
    assert least <= held / REPLICATIONS <= 0.985
