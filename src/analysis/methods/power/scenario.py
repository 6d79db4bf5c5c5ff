"""What is simulated: a population, how answers are made of it, and the model fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import ModelError, message
from analysis.methods.power.targets import Target, chosen, targets_of
from analysis.rng import generator
from analysis.sem import Solution, sem
from analysis.sem.estimators import Estimator
from analysis.sem.simulation import Design, Population, PopulationGroup, Sampler
from analysis.syntax import ModelSyntax


@dataclass(frozen=True)
class Scenario:
    """A model fitted to samples of a population; make one with ``of``.

    ``base`` is the model fitted to the population's own moments, whose estimates are the true
    values; ``shares`` are relative sizes of the groups, summing to 1; ``estimator`` None is ML,
    or WLSMV for ordered items.
    """

    syntax: ModelSyntax
    population: Population
    base: Solution
    targets: tuple[Target, ...]
    design: Design
    shares: tuple[float, ...]
    estimator: Estimator | None
    seed: int
    alpha: float

    @classmethod
    def of(
        cls,
        syntax: ModelSyntax,
        population: Population,
        n: int | Sequence[int],
        *,
        design: Design | None = None,
        estimator: Estimator | None = None,
        effects: Sequence[str] = (),
        alpha: float = 0.05,
        seed: int,
    ) -> Scenario:
        """Check that the population determines the model.

        Parameters
        ----------
        syntax : the model that is fitted to the samples.
        population : where samples come from; with the model's variables at least.
        n : respondents (of each group) to which standard errors refer.
        design : complete normal answers without.
        effects : names of paths and effects whose power is asked for; all without.
        alpha : two-sided level of tests and intervals.

        Raises
        ------
        ModelError
            Where the model has no admissible solution in the population, has no path, or does not
            have an effect that was named; for designs that cannot be.
        """
        design = design or Design()
        names = [v for v in syntax.variables if v not in syntax.latent]
        population = population.select(names)
        if design.shares or any(g.cuts for g in population.groups):
            population = _unit(population)
        sizes = population.sizes(n)
        base = sem(syntax, population.moments(sizes))
        if not base.outcome.admissible:
            raise ModelError(message("power.no_population", outcome=base.outcome.value))
        population = population.select(base.names)
        targets = targets_of(base)
        if not targets:
            raise ModelError(message("power.no_effects"))
        shares = tuple(k / sum(sizes) for k in sizes)
        wanted = chosen(targets, effects)
        made = cls(syntax, population, base, wanted, design, shares, estimator, seed, alpha)
        sampler = made.sampler(base.n)
        if sampler.ordered and not sampler.complete:
            raise ModelError(message("power.ordinal_missing"))
        return made

    def sampler(self, n: int) -> Sampler:
        """Samples of ``n`` respondents over all groups."""
        sizes = [round(n * share) for share in self.shares]
        seed = int(generator(self.seed, "power", n).integers(2**62))
        return Sampler.of(self.population, sizes, seed=seed, design=self.design)


def _unit(population: Population) -> Population:
    """The population of latent responses: variances 1, as ordered items have them."""
    groups = []
    for g in population.groups:
        sd = np.sqrt(np.diag(g.cov))
        cuts = {
            name: tuple((np.array(g.cuts[name]) - g.mean[i]) / sd[i])
            for i, name in enumerate(population.names)
            if name in g.cuts
        }
        groups.append(PopulationGroup(g.label, np.zeros(len(sd)), g.cov / np.outer(sd, sd), cuts))
    return Population(population.names, tuple(groups))
