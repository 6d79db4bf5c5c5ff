"""Mediation: what reaches a construct by way of others, and how sure that is."""

from analysis.methods.mediation.effects import (
    MediatedEffect,
    MediatedPair,
    Mediation,
    MediationType,
    Withheld,
    mediation,
)
from analysis.methods.mediation.intervals import MONTE_CARLO_DRAWS, IntervalMethod, Source
from analysis.methods.mediation.structure import Kind, Structure

__all__ = [
    "MONTE_CARLO_DRAWS",
    "IntervalMethod",
    "Kind",
    "MediatedEffect",
    "MediatedPair",
    "Mediation",
    "MediationType",
    "Source",
    "Structure",
    "Withheld",
    "mediation",
]
