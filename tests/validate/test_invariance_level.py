"""Monte Carlo: how often the ladder stops on data that are invariant."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.methods.invariance import invariance_ladder
from analysis.rng import generator
from analysis.sem import Moments

pytestmark = pytest.mark.slow

REPLICATIONS = 1000
MODEL = "f =~ a1 + a2 + a3 + a4\ng =~ b1 + b2 + b3 + b4"
NAMES = tuple(f"{f}{i}" for f in "ab" for i in range(1, 5))
LOADINGS = (0.8, 0.7, 0.75, 0.65)


def invariant(number: int, n: int = 200) -> Moments:
    """Two groups that differ in latent means, variances and correlation only."""
    rng = generator(7, "invariance", number)
    rows = []
    for mean, sd, correlation in ((0.0, 1.0, 0.5), (0.4, 1.2, 0.3)):
        first, second = rng.standard_normal((2, n))
        second = correlation * first + np.sqrt(1.0 - correlation**2) * second
        factors = (mean + sd * first, mean + sd * second)
        x = np.column_stack([slope * f for f in factors for slope in LOADINGS])
        rows.append(x + 0.6 * rng.standard_normal(x.shape))
    return Moments.from_data(np.concatenate(rows), NAMES, group=["x"] * n + ["y"] * n)


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_type_one_error_of_metric_and_scalar_steps(estimator: str) -> None:
    tests: dict[str, list[float]] = {"metric": [], "scalar": []}
    for number in range(REPLICATIONS):
        ladder = invariance_ladder(
            MODEL, invariant(number), estimator=estimator,  # type: ignore[arg-type]
            steps=("configural", "metric", "scalar"), partial="none", alpha=0.0,
        )  # fmt: skip
        for rung in ladder.rungs[1:]:
            assert rung.difference is not None
            tests[rung.step].append(rung.difference.p)
    for step, p in tests.items():
        assert len(p) == REPLICATIONS
        assert 0.03 <= np.mean(np.array(p) < 0.05) <= 0.07, step
