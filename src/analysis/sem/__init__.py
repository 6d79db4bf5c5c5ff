"""Estimation, inference and diagnostics of structural equation models."""

from analysis.sem.estimate import sem
from analysis.sem.measures import Measure
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.outcome import Outcome
from analysis.sem.solution import Estimate, Solution

__all__ = ["Estimate", "GroupMoments", "Measure", "Moments", "Outcome", "Solution", "sem"]
