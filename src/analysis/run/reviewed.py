"""A measurement model as reviewers look at it: every method is one piece of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from analysis.data import PublishedMatrix, Survey
from analysis.errors import AnalysisError, Message, ModelError
from analysis.methods import fit_cutoffs, method_bias, second_order, servqual_gap
from analysis.report import Evidence, checklist, cutoffs, gaps, marker
from analysis.report import method_bias as bias
from analysis.report import second_order as orders
from analysis.report.cautions import capped, cautions
from analysis.run.estimation import estimate, item_coverage
from analysis.run.fitted import Fitted
from analysis.run.params import ResamplingParams
from analysis.run.resolve import Choice, measurement_part, observed, parse
from analysis.sem import Solution
from analysis.syntax import ModelSyntax


@dataclass(frozen=True)
class Reviewed:
    """What a reviewer asks of the measurement model ``fitted``, beyond its estimates.

    ``choice`` is the notebook's, ``syntax`` the whole model with its paths.
    """

    choice: Choice
    syntax: ModelSyntax
    fitted: Fitted

    @property
    def solution(self) -> Solution:
        """The measurement model's solution."""
        return self.fitted.solution

    @property
    def _words(self) -> dict[str, Any]:
        return {
            "language": self.fitted.language,
            "labels": self.fitted.labels,
            "stamps": self.fitted.stamps,
        }

    @cached_property
    def _cautions(self) -> tuple[Message, ...]:
        checks, words = self.fitted.measured.checks, self._words
        return cautions(checks, labels=words["labels"], language=words["language"])

    def _judged(self, evidence: Evidence) -> Evidence:
        """No verdict better than the cautions about this model allow."""
        return capped(evidence, self._cautions)

    @cached_property
    def measurement(self) -> ModelSyntax:
        """The measurement part of the model's text."""
        return measurement_part(self.choice.model.name, self.syntax)

    def refit(self, syntax: ModelSyntax) -> Solution:
        """Another model on the same respondents, by the same estimator."""
        params = self.choice.params.model_copy(update={"scaling": "marker"})
        return estimate(replace(self.choice, params=params, syntax=syntax))

    @property
    def _seed(self) -> int:
        params = self.choice.params
        return params.seed if isinstance(params, ResamplingParams) else 1

    @cached_property
    def _cutoffs(self) -> fit_cutoffs.DynamicCutoffs:
        return fit_cutoffs.dynamic_cutoffs(self.solution, self.measurement, seed=self._seed)

    def cutoffs(self) -> Evidence:
        """Cut-offs of fit indices made for this very model."""
        return self._judged(cutoffs.cutoffs_table(self._cutoffs, self.solution, **self._words))

    def cutoffs_figure(self) -> Evidence:
        """Fit indices of correct and wrong models like this one."""
        return cutoffs.cutoffs_figure(self._cutoffs, self.solution, **self._words)

    def close_fit(self) -> Evidence:
        """Tests of close and not-close fit."""
        return self._judged(cutoffs.close_fit_table(self.solution, **self._words))

    @property
    def _grouped(self) -> bool:
        """Whether there are several groups, whose items have no common correlations."""
        return len(self.solution.partable.groups) > 1

    def conventional_bias(self) -> Evidence:
        """Harman's test and the single factor, with what they are worth."""
        if self._grouped:
            return bias.one_group_only("conventional", **self._words)
        try:
            single = self.refit(method_bias.single_factor(self.measurement))
        except ModelError:
            single = None
        items = method_bias.all_items(self.measurement)
        found = method_bias.harman(self.solution, items)
        return bias.conventional_table(found, self.solution, single, **self._words)

    @cached_property
    def _structure(self) -> ModelSyntax | None:
        """The model with paths over the same items: this one, else the study's default."""
        study, items = self.choice.study, set(observed(self.measurement))
        for syntax in (self.syntax, parse(study.models[study.default_model])):
            paths = any(f.op == "~" and set(f.lhs) <= set(syntax.latent) for f in syntax.formulas)
            if paths and set(observed(syntax)) == items:
                return syntax
        return None

    @cached_property
    def _latent_method(self) -> tuple[method_bias.LatentMethod, method_bias.LatentMethod | None]:
        """The method factor in the measurement model and in the one with paths."""
        found = method_bias.latent_method(self.measurement, self.solution, self.refit)
        if self._structure is None or found.difference is None:
            return found, None
        try:
            baseline = self.refit(self._structure)
            return found, method_bias.latent_method(self._structure, baseline, self.refit)
        except ModelError:
            return found, None

    def latent_method(self) -> Evidence:
        """An unmeasured method factor: what it takes and what it changes."""
        return self._judged(bias.latent_method_table(*self._latent_method, **self._words))

    @property
    def _marker(self) -> tuple[str, tuple[str, ...]]:
        """The declared marker construct and its items; empty texts without one."""
        for construct in self.choice.study.codebook.constructs:
            if construct.role == "marker" and construct.items:
                return construct.name, construct.items
        return "", ()

    @cached_property
    def _marker_analysis(self) -> method_bias.MarkerAnalysis | None:
        name, items = self._marker
        if not name:
            return None
        return method_bias.marker_analysis(self.measurement, name, items, self.refit)

    def marker(self) -> Evidence:
        """The CFA marker technique."""
        return self._judged(marker.marker_table(self._marker_analysis, **self._words))

    def lindell_whitney(self) -> Evidence:
        """Correlations of constructs adjusted for a marker correlation."""
        if self._grouped:
            return bias.one_group_only("lindell", **self._words)
        name, items = self._marker
        found = self._marker_analysis
        cfa = found.model("cfa") if found is not None else None
        if cfa is not None and not cfa.solution.outcome.estimated:
            cfa = None
        solution = self.solution if cfa is None else cfa.solution
        adjusted = method_bias.lindell_whitney(
            solution,
            self.measurement,
            marker="" if cfa is None else name,
            marker_items=() if cfa is None else items,
        )
        return self._judged(bias.lindell_table(adjusted, self.solution, **self._words))

    def collinearity(self) -> Evidence:
        """Variance inflation of every construct on all others."""
        if self._grouped:
            return bias.one_group_only("vif", **self._words)
        found = method_bias.full_collinearity(self.solution, self.measurement)
        return self._judged(bias.collinearity_table(found, self.solution, **self._words))

    @cached_property
    def _second_order(self) -> tuple[second_order.SecondOrder, ...]:
        """Every second-order factor of the chosen model, else of all models of the study."""
        found = self._of_models([self.syntax])
        models = self.choice.study.models.values()
        return found or self._of_models([parse(model) for model in models])

    def _of_models(self, models: list[ModelSyntax]) -> tuple[second_order.SecondOrder, ...]:
        known: dict[tuple[str, frozenset[str]], second_order.SecondOrder] = {}
        for syntax in models:
            for factor, dimensions in second_order.second_order_factors(syntax).items():
                key = factor, frozenset(dimensions)
                if key in known:
                    continue
                try:
                    known[key] = second_order.second_order(syntax, factor, self.refit)
                except AnalysisError:  # a model of the study on items that these data lack
                    continue
        return tuple(known.values())

    def second_order(self) -> tuple[Evidence, ...]:
        """Second-order factors against their rivals; where there are any, their loadings."""
        table = orders.second_order_table(self._second_order, **self._words)
        figure = orders.second_order_figure(self._second_order, **self._words)
        return (table,) if figure is None else (table, figure)

    @cached_property
    def _gaps(self) -> tuple[servqual_gap.GapScores | None, str]:
        """Gap scores, or the reason why there are none."""
        book, data = self.choice.study.codebook, self.fitted.data
        asked = {i.pair: i.name for i in book.items if i.block == "expectation" and i.pair}
        asked |= {i.name: i.pair for i in book.items if i.block != "expectation" and i.pair}
        pairs = [
            servqual_gap.Pair(construct.name, name, asked[name])
            for construct in book.constructs
            for name in construct.items
            if name in asked
        ]
        if not pairs:
            return None, "none"
        if not isinstance(data, Survey):
            return None, "moments"
        names = [name for p in pairs for name in (p.perception, p.expectation)]
        rows = dict(zip(names, data.items(names, check=False).T, strict=True))
        weights = None
        if self.choice.params.weights:
            weights = data.frame[data.codebook.roles.weight].to_numpy(float)
        found = servqual_gap.gap_scores(rows, pairs, weights=weights)
        if found.overall.n < book.options.min_group:
            return None, "small"
        return found, ""

    def gaps(self) -> tuple[Evidence, ...]:
        """Perception less expectation by dimension and, where both were asked, item by item."""
        found, reason = self._gaps
        table = gaps.gaps_table(found, reason=reason, **self._words)
        return (table,) if found is None else (table, gaps.gaps_figure(found, **self._words))

    def checklist(self) -> Evidence:
        """What a reviewer checks, judged from the evidence of this notebook."""
        language, data, fitted = self.fitted.language, self.fitted.data, self.fitted
        pieces = {
            "indices": fitted.fit(),
            "dynamic": self.cutoffs(),
            "close": self.close_fit(),
            "loadings": fitted.loadings(),
            "reliability": fitted.reliability(),
            "fornell": fitted.fornell_larcker(),
            "htmt": fitted.htmt(),
            "distinct": fitted.factor_correlations(),
            "second_order": self.second_order()[0],
            "latent_method": self.latent_method(),
            "marker": self.marker(),
            "lindell": self.lindell_whitney(),
            "collinearity": self.collinearity(),
        }
        shown = not isinstance(data, PublishedMatrix) or data.sds is not None
        points = (
            *_sample_points(self.choice, self.measurement, fitted, complete_moments=shown),
            *checklist.model_points(self.solution, language=language),
            *(checklist.from_evidence(key, piece, language) for key, piece in pieces.items()),
            checklist.record_point(language),
        )
        return checklist.checklist_table(points, **self._words)


def structural_checklist(
    choice: Choice, syntax: ModelSyntax, fitted: Fitted, pieces: Mapping[str, Evidence]
) -> Evidence:
    """What a reviewer checks of a structural model; ``pieces`` are judged by being there.

    Raises
    ------
    KeyError
        For a piece that is no point of the list.
    """
    language = fitted.language
    points = (
        *_sample_points(choice, syntax, fitted, complete_moments=None),
        *checklist.model_points(fitted.solution, language=language),
        checklist.from_evidence("indices", fitted.fit(), language),
        *(checklist.from_presence(key, piece, language) for key, piece in pieces.items()),
        checklist.record_point(language),
    )
    return checklist.checklist_table(
        points, language=language, labels=fitted.labels, stamps=fitted.stamps
    )


def _sample_points(
    choice: Choice, syntax: ModelSyntax, fitted: Fitted, *, complete_moments: bool | None
) -> tuple[checklist.Point, ...]:
    """What can be said of the respondents and of their answers."""
    book = choice.study.codebook
    items = (book.item(name) for name in observed(syntax) if name in book.item_names)
    categories = [
        int(i.maximum - i.minimum) + 1
        for i in items
        if i.minimum is not None and i.maximum is not None and not i.averaged
    ]
    return checklist.sample_points(
        fitted.solution,
        item_coverage(replace(choice, syntax=syntax)),
        categories=categories,
        complete_moments=complete_moments,
        language=fitted.language,
    )
