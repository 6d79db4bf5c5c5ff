"""Power and sample size: by simulation, by noncentrality, by RMSEA, by rule of thumb."""

from analysis.methods.power.curve import Curve, Point, curves, probit, sizes_for
from analysis.methods.power.montecarlo import Replications, Row, replicate, rows_of, wilson
from analysis.methods.power.rmsea import (
    FitPower,
    chi_square_power,
    detectable,
    fit_power,
    inverse_square_root,
    rmsea_power,
    rmsea_sample_size,
)
from analysis.methods.power.scenario import Scenario
from analysis.methods.power.sensitivity import (
    Detectable,
    detectable_by_spread,
    detectable_paths,
)
from analysis.methods.power.targets import PathTest, Target, path_tests, targets_of, two_sided

__all__ = [
    "Curve",
    "Detectable",
    "FitPower",
    "PathTest",
    "Point",
    "Replications",
    "Row",
    "Scenario",
    "Target",
    "chi_square_power",
    "curves",
    "detectable",
    "detectable_by_spread",
    "detectable_paths",
    "fit_power",
    "inverse_square_root",
    "path_tests",
    "probit",
    "replicate",
    "rmsea_power",
    "rmsea_sample_size",
    "rows_of",
    "sizes_for",
    "targets_of",
    "two_sided",
    "wilson",
]
