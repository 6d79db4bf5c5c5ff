"""The core population: true parameters lie in the 95% intervals at the expected rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.methods.omnichannel import core_truth, draw_core, load_population
from analysis.sem import Moments, Outcome, sem

FOLDER = Path(__file__).resolve().parents[2] / "data" / "raw" / "omnichannel"
REPLICATIONS = 400
N = 500
# Four Monte Carlo standard errors around .95 at 400 replications; twice that for the mean of all.
SINGLE = (0.906, 0.994)
POOLED = (0.935, 0.962)


@pytest.mark.slow
def test_core_parameters_are_covered_monte_carlo() -> None:
    population = load_population(FOLDER / "population.toml")
    truth = core_truth(population)
    model = (FOLDER / "models" / "core.lav").read_text("utf-8")
    covered: dict[str, list[bool]] = {name: [] for name in truth.standardized}
    for replication in range(REPLICATIONS):
        answers = draw_core(population, N, replication=replication)
        fit = sem(model, Moments.from_data(answers, truth.names))
        assert fit.outcome is Outcome.CONVERGED
        for e in fit.estimates:
            name = e.lhs if e.op == ":=" else f"{e.lhs} {e.op} {e.rhs}"
            if name in covered:
                inside = e.std_all_ci_lower <= truth.standardized[name] <= e.std_all_ci_upper
                covered[name].append(inside)
    rates = {name: float(np.mean(hits)) for name, hits in covered.items()}
    assert len(rates) == 17 + 6 + 8
    assert POOLED[0] < np.mean(list(rates.values())) < POOLED[1]
    outside = {name: rate for name, rate in rates.items() if not SINGLE[0] <= rate <= SINGLE[1]}
    assert not outside
