"""The same respondents over waves in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from analysis.data import Survey
from analysis.errors import message
from analysis.methods import waves as methods
from analysis.methods.waves import Changes, CrossLagged, WaveLadder
from analysis.report import Evidence, waves
from analysis.report.labels import Labels
from analysis.run.params import ChannelsParams
from analysis.run.resolve import Choice, labels, stamps
from analysis.sem.estimators import Estimator

WAVE = "wave"
ROLES = ("satisfaction", "loyalty")


@dataclass(frozen=True)
class Waves:
    """Constructs of a model in every wave, for respondents who came again."""

    choice: Choice

    @property
    def params(self) -> ChannelsParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, ChannelsParams)
        return self.choice.params

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs, items and waves in the reader's language."""
        study, language = self.choice.study, self.params.language
        known = WAVE in {group.name for group in study.codebook.groups}
        return labels(study, language, WAVE if known else "")

    @property
    def _words(self) -> dict[str, Any]:
        return {
            "language": self.params.language,
            "labels": self.labels,
            "stamps": stamps(self.choice.study),
        }

    @property
    def estimator(self) -> Estimator:
        """Maximum likelihood as asked for, with robust standard errors by default."""
        return "ML" if self.params.estimator == "ML" else "MLR"

    @cached_property
    def constructs(self) -> methods.Constructs:
        """Those asked for; else satisfaction and loyalty by the codebook's roles, else all."""
        wanted = self.params.listed("constructs")
        every = methods.constructs_of(self.choice.syntax)
        if not wanted:
            book = self.choice.study.codebook
            named = [c.name for c in book.constructs if c.role in ROLES and c.name in every.items]
            wanted = tuple(named) or every.factors
        return methods.constructs_of(self.choice.syntax, wanted)

    @cached_property
    def panel(self) -> methods.Panel:
        """Respondents matched by their id."""
        data = self.choice.data
        assert isinstance(data, Survey)
        identity = data.codebook.roles.id
        columns = {group.name for group in data.codebook.groups}
        if not identity or WAVE not in columns:
            return methods.Panel(None, (), (), 0, (message("waves.no_wave"),))
        names = self.constructs.observed
        ids = data.frame[identity]
        return methods.panel(
            data.items(names, check=False),
            names,
            ids=list(ids.where(ids.notna(), None)),
            waves=data.labels(WAVE),
            order=list(data.levels(WAVE)),
        )

    @cached_property
    def climbed(self) -> WaveLadder:
        """The longitudinal ladder."""
        params = self.params
        found = methods.wave_ladder(
            self.panel,
            self.constructs,
            estimator=self.estimator,
            missing=params.missing or None,
            release=params.partial == "apply",
        )
        if not found.rungs or not (params.ordered or params.weights or params.cluster):
            return found
        return replace(found, findings=(*found.findings, message("waves.plain")))

    @cached_property
    def changed(self) -> Changes:
        """Latent change scores."""
        missing = self.params.missing or None
        return methods.latent_change(self.climbed, estimator=self.estimator, missing=missing)

    @cached_property
    def carried(self) -> CrossLagged:
        """Cross-lagged paths."""
        missing = self.params.missing or None
        return methods.cross_lagged(self.climbed, estimator=self.estimator, missing=missing)

    def ladder(self) -> Evidence:
        """Whether the respondents are measured alike in every wave."""
        return waves.wave_ladder_table(self.climbed, **self._words)

    def change(self) -> Evidence:
        """How the constructs changed."""
        return waves.change_table(self.changed, **self._words)

    def carry_over(self) -> Evidence:
        """What carries over to the next wave."""
        return waves.lagged_figure(self.carried, **self._words)

    def text(self) -> Evidence:
        """The model of latent change as text."""
        words = {k: v for k, v in self._words.items() if k != "labels"}
        return waves.wave_text(self.changed, **words)
