"""A fitted model in a notebook: every method is one piece of evidence about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis import report
from analysis.data import PublishedMatrix, Study, Survey
from analysis.methods import effects as effect_methods
from analysis.methods import measurement as measurement_methods
from analysis.report import Evidence
from analysis.report.labels import Labels
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

    @property
    def _words(self) -> dict[str, Any]:
        return {"language": self.language, "labels": self.labels, "stamps": self.stamps}

    def outcome(self) -> Evidence:
        """How the estimation ended, and what to do about it."""
        return report.outcome_banner(self.solution, **self._words)

    def specification(self) -> Evidence:
        """The model in equations."""
        return report.model_specification(self.solution, **self._words)

    def diagram(self) -> Evidence:
        """The model as a path diagram with standardized estimates."""
        return report.path_diagram(self.solution, **self._words)

    def fit(self) -> Evidence:
        """Fit indices with their cut-offs and a verdict."""
        return report.fit_table(self.solution, **self._words)

    def fit_figure(self) -> Evidence:
        """Fit indices against their cut-offs."""
        return report.fit_figure(self.solution, **self._words)

    def loadings(self) -> Evidence:
        """Loadings with standard errors and intervals."""
        return report.loadings_table(self.solution, self.reliabilities, **self._words)

    def loadings_figure(self) -> Evidence:
        """Standardized loadings with their intervals."""
        return report.loadings_figure(self.solution, **self._words)

    @cached_property
    def reliabilities(self) -> Any:
        """Reliability records of all constructs; empty where there is no solution."""
        if not self.solution.outcome.estimated:
            return ()
        return measurement_methods.reliability(self.solution)

    def reliability(self) -> Evidence:
        """Alpha, composite reliability and average variance extracted."""
        return report.reliability_table(self.reliabilities, solution=self.solution, **self._words)

    @cached_property
    def _validity(self) -> tuple[measurement_methods.DiscriminantValidity, ...]:
        count = len(self.solution.partable.groups)
        return tuple(
            measurement_methods.discriminant_validity(self.solution, group=g + 1)
            for g in range(count)
        )

    def fornell_larcker(self) -> Evidence:
        """Discriminant validity after Fornell and Larcker."""
        shown = [
            ValidityMatrix(found.constructs, found.fornell_larcker.tolist(), group=g + 1)
            for g, found in enumerate(self._validity)
        ]
        return report.fornell_larcker_table(shown, solution=self.solution, **self._words)

    def htmt(self) -> Evidence:
        """Discriminant validity by the heterotrait-monotrait ratio."""
        formula = measurement_methods.HTMT
        shown = [
            ValidityMatrix(found.constructs, found.htmt.tolist(), formula, group=g + 1)
            for g, found in enumerate(self._validity)
        ]
        return report.htmt_table(shown, solution=self.solution, **self._words)

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
