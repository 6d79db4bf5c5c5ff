"""Interactions with a study's target: which are asked, fitted and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from analysis.data import PublishedMatrix, Survey
from analysis.errors import AnalysisError, Message, message
from analysis.methods import moderation as methods
from analysis.methods.moderation import Interaction, Moderation
from analysis.report import Evidence, moderation
from analysis.report.moderation import Probed
from analysis.report.moderation_figures import Band
from analysis.run.params import DriversParams
from analysis.run.resolve import Choice, parse
from analysis.sem.estimators import Estimator

MODERATING = ("switching_cost", "identification")
LINEAR_MODEL = "core"
STEPS = 61


@dataclass(frozen=True)
class Moderated:
    """Interactions of one target, on complete respondents.

    ``words`` are language, labels and stamps of all evidence.
    """

    choice: Choice
    data: Survey | PublishedMatrix
    target: str
    estimator: Estimator
    words: Mapping[str, Any]

    @cached_property
    def asked(self) -> tuple[Interaction, ...]:
        """Pairs that were named; else satisfaction with switching cost and identification, and
        with itself."""
        params, book = self.choice.params, self.choice.study.codebook
        assert isinstance(params, DriversParams)
        named = [pair.split(":") for pair in params.listed("moderators")]
        if named:
            return tuple(Interaction(a.strip(), b.strip(), self.target) for a, b in named)
        satisfied = [n for n in book.with_role("satisfaction") if n != self.target][:1]
        others = [n for role in MODERATING for n in book.with_role(role)[:1]]
        return tuple(
            Interaction(x, z, self.target) for x in satisfied for z in (*others, x)
        )  # fmt: skip

    @cached_property
    def fitted(self) -> tuple[tuple[Moderation, ...], tuple[Message, ...]]:
        """One model of all interactions, one of each quadratic effect; and what went wrong."""
        if not isinstance(self.data, Survey):
            return (), (message("moderation.no_rows"),)
        if not self.asked:
            return (), (message("moderation.nothing_asked"),)
        crossed = tuple(i for i in self.asked if not i.quadratic)
        jobs = [crossed] * bool(crossed) + [(i,) for i in self.asked if i.quadratic]
        found: list[Moderation] = []
        problems: list[Message] = []
        for job in jobs:
            try:
                one = self._fit(self.data, job)
            except AnalysisError as error:
                problems += error.messages
                continue
            problems += one.findings
            if one.solution is not None and one.solution.outcome.estimated:
                found.append(one)
        return tuple(found), tuple(problems)

    def _fit(self, data: Survey, job: Sequence[Interaction]) -> Moderation:
        book, params = data.codebook, self.choice.params
        syntax = parse(self.choice.study.models.get(LINEAR_MODEL, self.choice.model))
        roles = book.roles
        named = {n for i in job for n in (i.predictor, i.moderator)}
        return methods.latent_interactions(
            syntax,
            data.items(book.item_names, check=False),
            book.item_names,
            job,
            factors={c.name: c.items for c in book.constructs if c.name in named and c.items},
            estimator=self.estimator,
            weights=data.frame[roles.weight].to_numpy(float) if params.weights else None,
            cluster=data.frame[roles.cluster].tolist() if params.cluster else None,
        )

    @cached_property
    def probed(self) -> tuple[Probed, ...]:
        """Every interaction with its probes."""
        return tuple(self._probed())

    def _probed(self) -> Iterator[Probed]:
        grid = np.linspace(-Band.REACH, Band.REACH, STEPS)
        for one in self.fitted[0]:
            assert one.solution is not None
            for i in one.interactions:
                slope, low, high = methods.slope_band(one.solution, i, grid)
                main = one.solution.estimate(i.outcome, "~", i.moderator).std_all
                points = tuple(zip(*(map(float, x) for x in (grid, slope, low, high))))
                yield Probed(methods.probe(one.solution, i), one, Band(points, main))

    def interactions(self) -> Evidence:
        """Product terms."""
        return moderation.interactions_table(self.probed, self.fitted[1], **self.words)

    def slopes(self) -> Evidence:
        """Simple slopes."""
        return moderation.slopes_table(self.probed, **self.words)

    def slopes_figure(self) -> Evidence:
        """Simple slopes as lines."""
        return moderation.slopes_figure(self.probed, **self.words)

    def johnson_neyman(self) -> Evidence:
        """Slopes over the moderator."""
        return moderation.johnson_neyman_figure(self.probed, **self.words)

    def mediation(self) -> Evidence:
        """Moderated indirect effects."""
        params = self.choice.params
        assert isinstance(params, DriversParams)
        found = [
            m
            for one in self.fitted[0]
            if one.solution is not None
            for i in one.interactions
            for m in methods.moderated_mediation(one.solution, i, seed=params.seed)
        ]
        return moderation.moderated_mediation_table(found, **self.words)
