"""Refits to thousands of samples: bootstrap intervals, p-values, and the kernels beneath."""

from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.bootstrap import Bootstrap, Interval, bootstrap, warm
from analysis.sem.resampling.intervals import limits
from analysis.sem.resampling.montecarlo import MonteCarloInterval, monte_carlo_intervals
from analysis.sem.resampling.refit import CONVERGED, FAILED, IMPROPER, Refits, refit

__all__ = [
    "CONVERGED",
    "FAILED",
    "IMPROPER",
    "Batch",
    "Bootstrap",
    "Interval",
    "MonteCarloInterval",
    "Refits",
    "bootstrap",
    "limits",
    "monte_carlo_intervals",
    "refit",
    "warm",
]
