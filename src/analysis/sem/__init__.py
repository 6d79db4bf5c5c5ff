"""Estimation, inference and diagnostics of structural equation models."""

from threadpoolctl import threadpool_limits

from analysis.sem.difference import DifferenceTest, compare, difference_test
from analysis.sem.estimate import sem
from analysis.sem.measures import Measure
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.outcome import Outcome
from analysis.sem.score import score_test
from analysis.sem.solution import Estimate, Solution
from analysis.sem.wald import wald_test

__all__ = [
    "DifferenceTest",
    "Estimate",
    "GroupMoments",
    "Measure",
    "Moments",
    "Outcome",
    "Solution",
    "compare",
    "difference_test",
    "score_test",
    "sem",
    "wald_test",
]

# Matrices are small: more BLAS threads only wait for each other, and sums would depend on them.
threadpool_limits(limits=1, user_api="blas")
