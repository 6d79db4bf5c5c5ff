"""A fitted model in a notebook: every method is one piece of evidence about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis import report
from analysis.data import PublishedMatrix, Study, Survey
from analysis.errors import Message
from analysis.methods import effects as effect_methods
from analysis.methods.measurement import Reliability
from analysis.report import Evidence
from analysis.report.cautions import capped, cautions, with_notices
from analysis.report.labels import Labels
from analysis.run.measured import Measured
from analysis.run.record import versions
from analysis.sem import Solution


@dataclass(frozen=True)
class ValidityMatrix:
    """A square matrix over constructs, as the validity tables show it; ``group`` from 1."""

    constructs: tuple[str, ...]
    values: list[list[float]]
    formula: str = ""
    group: int = 1


@dataclass(frozen=True)
class Fitted:
    """A solution with the words to speak of it."""

    solution: Solution
    study: Study
    data: Survey | PublishedMatrix
    language: str
    labels: Labels
    stamps: tuple[str, ...]
    draws: int = 0
    seed: int = 1

    @cached_property
    def measured(self) -> Measured:
        """The measurement part with its bootstrap draws."""
        return Measured(self.solution, self.data, self.draws, self.seed)

    @cached_property
    def _cautions(self) -> tuple[Message, ...]:
        return cautions(self.measured.checks, labels=self.labels, language=self.language)

    def _judged(self, evidence: Evidence) -> Evidence:
        """No verdict better than the cautions allow."""
        return capped(evidence, self._cautions)

    @property
    def _words(self) -> dict[str, Any]:
        return {"language": self.language, "labels": self.labels, "stamps": self.stamps}

    def outcome(self) -> Evidence:
        """How the estimation ended, and what to do about it."""
        shown = report.outcome_banner(self.solution, **self._words)
        return with_notices(shown, self._cautions)

    def specification(self) -> Evidence:
        """The model in equations."""
        return report.model_specification(self.solution, **self._words)

    def diagram(self) -> Evidence:
        """The model as a path diagram with standardized estimates."""
        return report.path_diagram(self.solution, **self._words)

    def fit(self) -> Evidence:
        """Fit indices with their cut-offs and a verdict."""
        return self._judged(report.fit_table(self.solution, **self._words))

    def fit_intervals(self) -> Evidence:
        """Bootstrap intervals of fit indices and the bootstrap p of the chi-square."""
        found = self.measured.fit_bootstrap
        return report.fit_bootstrap_table(
            found, solution=self.solution, draws=self.draws, **self._words
        )

    def fit_figure(self) -> Evidence:
        """Fit indices against their cut-offs."""
        return report.fit_figure(self.solution, **self._words)

    def loadings(self) -> Evidence:
        """Loadings with standard errors and intervals."""
        shown = report.loadings_table(self.solution, self.reliabilities, **self._words)
        return self._judged(shown)

    def loadings_figure(self) -> Evidence:
        """Standardized loadings with their intervals."""
        return report.loadings_figure(self.solution, **self._words)

    @property
    def reliabilities(self) -> tuple[Reliability, ...]:
        """Reliability records of all constructs; empty where there is no solution."""
        return self.measured.reliabilities

    def reliability(self) -> Evidence:
        """Reliability and average variance extracted, with bootstrap intervals."""
        shown = report.reliability_table(
            self.measured.with_intervals,
            solution=self.solution,
            resampled=self.measured.resampled,
            **self._words,
        )
        return self._judged(shown)

    def reliability_figure(self) -> Evidence:
        """Reliability against its cut-offs."""
        return report.reliability_figure(
            self.measured.with_intervals, solution=self.solution, **self._words
        )

    def fornell_larcker(self) -> Evidence:
        """Discriminant validity after Fornell and Larcker."""
        shown = [
            ValidityMatrix(found.constructs, found.fornell_larcker.tolist(), group=g + 1)
            for g, found in enumerate(self.measured.validity)
        ]
        table = report.fornell_larcker_table(shown, solution=self.solution, **self._words)
        return self._judged(table)

    def htmt(self) -> Evidence:
        """Discriminant validity by the heterotrait-monotrait ratio."""
        shown = report.htmt_table(
            self.measured.validity,
            solution=self.solution,
            resampled=self.measured.resampled,
            **self._words,
        )
        return self._judged(shown)

    def factor_correlations(self) -> Evidence:
        """Factor correlations with intervals, classes of problems and nested tests."""
        shown = report.distinct_table(
            self.measured.pairs,
            solution=self.solution,
            resampled=self.measured.resampled,
            **self._words,
        )
        return self._judged(shown)

    def factor_correlations_figure(self) -> Evidence:
        """Factor correlations against the limits of discriminant validity."""
        return report.distinct_figure(self.measured.pairs, solution=self.solution, **self._words)

    def paths(self) -> Evidence:
        """Structural paths."""
        return report.paths_table(self.solution, **self._words)

    def r2(self) -> Evidence:
        """Explained variance."""
        return report.r2_table(self.solution, **self._words)

    def defined_effects(self) -> Evidence:
        """Effects that the model's text defines, with delta-method intervals."""
        return report.defined_effects_table(self.solution, **self._words)

    def effects(self) -> Evidence:
        """Direct, indirect and total effects between the constructs."""
        found = effect_methods.effects(self.solution)
        return report.effects_table(found, solution=self.solution, **self._words)

    def effects_figure(self) -> Evidence:
        """Effects with their intervals."""
        return report.effects_figure(self.solution, **self._words)

    def residuals(self) -> Evidence:
        """The largest residual correlations."""
        return report.residuals_table(self.solution, **self._words)

    def residuals_figure(self) -> Evidence:
        """All residual correlations."""
        return report.residuals_figure(self.solution, **self._words)

    def modifications(self) -> Evidence:
        """What would improve the fit most, with a warning against using it blindly."""
        return report.modification_table(self.solution, **self._words)

    def parameters(self) -> Evidence:
        """Every parameter, raw and standardized."""
        return report.parameter_table(self.solution, **self._words)

    def engines(self) -> Evidence:
        """The same model estimated by a second program."""
        return report.engine_table(self.solution, **self._words)

    def methods(self) -> Evidence:
        """A paragraph for the methods section of a paper."""
        return report.methods_text(
            self.solution,
            self.reliabilities,
            study=self.study,
            versions=versions(),
            **self._words,
        )
