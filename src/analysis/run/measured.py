"""The measurement part of a fitted model: coefficients, their draws, and what limits trust."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.data import PublishedMatrix, Survey
from analysis.methods import measurement as methods
from analysis.methods.fit_bootstrap import FitBootstrap, fit_bootstrap
from analysis.methods.measurement import (
    Checks,
    DiscriminantValidity,
    Pair,
    Reliability,
    Resampled,
)
from analysis.report.criteria import criterion
from analysis.run.screened import presented
from analysis.sem import Solution
from analysis.sem.resampling import Bootstrap, bootstrap
from analysis.sem.resampling.plan import compilable

Array = NDArray[np.float64]

MOST_SLOW = 300
"""Draws where each needs a whole estimation (missing answers, ordered items, least squares)."""


@dataclass(frozen=True)
class Measured:
    """A solution's reliability and validity; everything is computed once, when first asked for."""

    solution: Solution
    data: Survey | PublishedMatrix
    draws: int
    seed: int

    @cached_property
    def boot(self) -> Bootstrap | None:
        """Refits to respondents drawn again, or to normal samples where there are none."""
        solution = self.solution
        if not self.draws or not solution.outcome.estimated:
            return None
        rows = all(g.answers is not None for g in solution.fit.moments.groups)
        fast = compilable(solution.fit)
        found = bootstrap(
            solution,
            draws=self.draws if fast else min(self.draws, MOST_SLOW),
            kind="nonparametric" if rows else "normal",
            seed=self.seed,
            progress=False,
        )
        return None if found.interrupted else found

    @cached_property
    def resampled(self) -> Resampled | None:
        """Reliability, ratios and correlations at every draw."""
        return None if self.boot is None else methods.resampled(self.boot, wanted=self.draws)

    @cached_property
    def reliabilities(self) -> tuple[Reliability, ...]:
        """Reliability of all constructs, without intervals; empty where there is no solution."""
        return methods.reliability(self.solution) if self.solution.outcome.estimated else ()

    @cached_property
    def with_intervals(self) -> tuple[Reliability, ...]:
        """The same with bootstrap intervals where there are draws."""
        if self.resampled is None:
            return self.reliabilities
        return methods.reliability(self.solution, self.resampled)

    @cached_property
    def validity(self) -> tuple[DiscriminantValidity, ...]:
        """Fornell-Larcker and ratios, group after group."""
        estimated = self.solution.outcome.estimated
        return tuple(
            methods.discriminant_validity(
                self.solution, group=g + 1, resampled=self.resampled if estimated else None
            )
            for g in range(len(self.solution.partable.groups))
        )

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Factor correlations of all groups, with nested tests."""
        if not self.solution.outcome.estimated:
            return ()
        return methods.factor_pairs(
            self.solution,
            cutoff=criterion("validity.correlation").acceptable,
            resampled=self.resampled,
        )

    @cached_property
    def fit_bootstrap(self) -> FitBootstrap | None:
        """Intervals of fit indices, where the literature has any."""
        return fit_bootstrap(self.solution, draws=self.draws, seed=self.seed)

    @cached_property
    def checks(self) -> Checks:
        """What limits trust; of models without paths also constructs and answers all alike."""
        if any(row.op == "~" for row in self.solution.partable.rows):
            return methods.checks(self.solution)
        alike: tuple[Pair, ...] = ()
        if self.solution.outcome.estimated:
            alike = methods.factor_pairs(self.solution, tests=False)
        return methods.checks(self.solution, pairs=alike, presented=self._presented)

    @property
    def _presented(self) -> Array | None:
        """Answers to the model's items as they were given."""
        if not isinstance(self.data, Survey):
            return None
        book = self.data.codebook
        names = [item.name for item in book.items]
        answers = presented(self.data.items(names, check=False), book)
        at = np.array([names.index(name) for name in self.solution.names if name in names])
        return answers[:, at]
