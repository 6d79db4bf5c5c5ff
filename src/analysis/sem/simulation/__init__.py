"""Data and moments drawn from a population: normal, nonnormal, ordered, with missing answers."""

from analysis.sem.simulation.population import Population, PopulationGroup
from analysis.sem.simulation.precision import covariances, warm
from analysis.sem.simulation.sampler import Design, Sampler
from analysis.sem.simulation.shapes import fleishman, intermediate_correlations

__all__ = [
    "Design",
    "Population",
    "PopulationGroup",
    "Sampler",
    "covariances",
    "fleishman",
    "intermediate_correlations",
    "warm",
]
