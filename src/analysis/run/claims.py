"""What a structural model claims about causes, put to the test: hypotheses, mediation, rivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.data import Survey
from analysis.errors import AnalysisError, Message, ModelError, message
from analysis.methods import hypotheses as theory
from analysis.methods import mediation as mediating
from analysis.methods import prediction as predicting
from analysis.methods import rivals as rivalling
from analysis.report import Evidence, hypotheses, mediation, prediction, rivals
from analysis.report.labels import Labels
from analysis.report.prose import refusal
from analysis.run.estimation import estimate
from analysis.run.fitted import Fitted
from analysis.run.params import StructureParams
from analysis.run.resolve import Choice, labels, observed, parse
from analysis.sem import Moments, Solution, sem
from analysis.sem.moments import GroupMoments
from analysis.sem.resampling import Bootstrap, bootstrap
from analysis.sem.resampling.plan import compilable
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
MANY_ITEMS = 40
HOLDOUT_COLUMNS = ("brand", "wave", "channel")
LOYALTY = "loyalty"


@dataclass(frozen=True)
class Claims:
    """Evidence for and against what ``fitted``, the structural model, says about causes."""

    choice: Choice
    syntax: ModelSyntax
    fitted: Fitted

    @property
    def solution(self) -> Solution:
        """The model's solution."""
        return self.fitted.solution

    @property
    def params(self) -> StructureParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, StructureParams)
        return self.choice.params

    @property
    def _tone(self) -> dict[str, Any]:
        return {"language": self.fitted.language, "stamps": self.fitted.stamps}

    @property
    def _words(self) -> dict[str, Any]:
        return {**self._tone, "labels": self.fitted.labels}

    @cached_property
    def paths(self) -> rivalling.Paths:
        """The model's paths."""
        return rivalling.Paths.of(self.syntax)

    @property
    def _finals(self) -> tuple[str, ...]:
        """Outcomes that lead nowhere; everything where feedback leaves none."""
        return self.paths.final or self.paths.nodes

    # Intervals

    @cached_property
    def _conclusive(self) -> bool:
        return refusal(self.solution, self.fitted.language) is None

    @property
    def _parametric(self) -> bool:
        """Whether the bootstrap has no answers to draw from."""
        return any(g.answers is None for g in self.solution.fit.moments.groups)

    @cached_property
    def _method(self) -> mediating.IntervalMethod:
        """How intervals are made: as asked for, as far as the fit allows."""
        params, usable = self.params, self._conclusive and self.solution.inference.vcov is not None
        if not params.draws or not usable:
            return "delta"
        fast = compilable(self.solution.fit)
        if params.interval == "bca":
            return "bca" if fast and not self._parametric else "montecarlo"
        return params.interval or ("percentile" if fast else "montecarlo")

    @cached_property
    def _bootstrap(self) -> Bootstrap | None:
        if self._method not in ("percentile", "bca"):
            return None
        kind = "parametric" if self._parametric else "nonparametric"
        draws, seed = self.params.draws, self.params.seed
        return bootstrap(self.solution, draws=draws, kind=kind, seed=seed, progress=False)  # type: ignore[arg-type]

    @property
    def _monte_carlo_draws(self) -> int:
        return 10 * self.params.draws

    @cached_property
    def _hypotheses(self) -> theory.Hypotheses:
        return theory.hypotheses(
            self.solution,
            self.choice.model.hypotheses,
            conclusive=self._conclusive,
            method=self._method,
            bootstrap=self._bootstrap,
            seed=self.params.seed,
            draws=self._monte_carlo_draws,
        )

    def hypotheses(self) -> Evidence:
        """Which hypotheses the data support."""
        return hypotheses.hypotheses_table(
            self._hypotheses, self.solution, parametric=self._parametric, **self._words
        )

    # Mediation

    @cached_property
    def _mediation(self) -> mediating.Mediation:
        return mediating.mediation(
            mediating.Source(
                self.solution,
                self._method,
                self._bootstrap,
                seed=self.params.seed,
                count=self._monte_carlo_draws,
            )
        )

    def mediation(self) -> Evidence:
        """Specific, total indirect, direct and total effects."""
        findings = list(self._bootstrap.notes if self._bootstrap else ())
        if self.params.interval == "bca" and self._method == "montecarlo":
            findings.append(message("mediation.no_bca"))
        return mediation.mediation_table(
            self._mediation,
            self.solution,
            finals=self._finals,
            findings=findings,
            parametric=self._parametric,
            **self._words,
        )

    def mediation_figure(self) -> Evidence:
        """Indirect effects on the final outcomes."""
        return mediation.mediation_figure(
            self._mediation, self.solution, finals=self._finals, **self._words
        )

    def mediation_types(self) -> Evidence:
        """Kinds of mediation and proportions mediated."""
        return mediation.types_table(
            self._mediation, self.solution, finals=self._finals, **self._words
        )

    def mediation_tests(self) -> Evidence:
        """Full against partial mediation."""
        title = mediation.say("tests.title", self.fitted.language)
        if reasons := self._no_refits():
            return rivals.silence("mediation-tests", title, reasons, **self._tone)
        found = rivalling.mediation_tests(self.syntax, self._own, self.refit)
        return mediation.mediation_tests_table(found, self.solution, **self._words)

    # Rival models

    @property
    def _covariates(self) -> bool:
        """Whether the model takes moments of observed predictors as given."""
        return bool(self.solution.partable.exogenous_observed)

    def refit(self, syntax: ModelSyntax) -> Solution:
        """Another model of the same respondents, by the same estimator; covariates vary."""
        params = self.choice.params.model_copy(update={"scaling": "marker"})
        fixed_x = False if self._covariates else None
        return estimate(self.choice.rival(syntax, params), fixed_x=fixed_x)

    @cached_property
    def _own(self) -> Solution:
        """The model as its rivals are estimated."""
        return self.refit(self.syntax) if self._covariates else self.solution

    def _no_refits(self) -> tuple[Message, ...]:
        """Why rivals are not estimated, if they are not."""
        groups, items = self.solution.fit.moments.groups, len(self.solution.names)
        if not self.paths.edges:
            return (message("rival_models.no_paths"),)
        if len(groups) > 1:
            return (message("rival_models.grouped"),)
        if any(g.patterns is not None for g in groups) and items > MANY_ITEMS:
            return (message("rival_models.too_large", items=items),)
        return ()

    @cached_property
    def _candidates(self) -> tuple[tuple[str, ModelSyntax], ...]:
        """The study's models of the same items, and rivals that none of them is."""
        own, items = self.choice.model.name, set(observed(self.syntax))
        texts = {name: parse(m) for name, m in self.choice.study.models.items() if name != own}
        same = {name: s for name, s in texts.items() if set(observed(s)) == items}
        known = {frozenset(rivalling.Paths.of(s).edges) for s in same.values()}
        made = [
            (f"{rivals.RIVAL}{r.kind}", r.syntax)
            for r in rivalling.rivals(self.syntax)
            if r.kind == "common_cause" or frozenset(r.edges) not in known
        ]
        return (*same.items(), *made)

    @cached_property
    def _compared(self) -> tuple[rivalling.ComparedModel, ...]:
        others: list[tuple[str, Solution | Message]] = []
        for name, syntax in self._candidates:
            try:
                others.append((name, self.refit(syntax)))
            except AnalysisError as error:
                others.append((name, error.messages[0]))
        return rivalling.compare_models(self._own, others, name=self.choice.model.name)

    @property
    def _titles(self) -> Mapping[str, str]:
        language = self.fitted.language
        return {name: m.title[language] for name, m in self.choice.study.models.items()}

    def rivals(self) -> Evidence:
        """Other models of the same items, side by side."""
        title = rivals.say("models.title", self.fitted.language)
        if reasons := self._no_refits():
            return rivals.silence("rivals-table", title, reasons, **self._tone)
        return rivals.rivals_table(
            self._compared, titles=self._titles, fixed_x=self._covariates, **self._tone
        )

    def rival_tests(self) -> Evidence:
        """Tests of the other models against this one."""
        title = rivals.say("tests.title", self.fitted.language)
        if reasons := self._no_refits():
            return rivals.silence("rival-tests", title, reasons, again=True, **self._tone)
        return rivals.rival_tests_table(self._compared, titles=self._titles, **self._tone)

    @cached_property
    def _equivalent(self) -> rivalling.EquivalentModels:
        used = self.solution.fit.moments
        plain = tuple(GroupMoments(g.label, g.n, g.cov, g.mean) for g in used.groups)
        bare = Moments(used.names, plain)
        return rivalling.equivalent_models(self.syntax, lambda s: sem(s, bare, fixed_x=False))

    def equivalent_models(self) -> Evidence:
        """Arrows that could as well point the other way."""
        title = rivals.say("equivalent.title", self.fitted.language)
        if reasons := self._no_refits():
            return rivals.silence("equivalent-models", title, reasons, again=True, **self._tone)
        return rivals.equivalent_table(self._equivalent, **self._words)

    # Prediction

    @cached_property
    def _rows(self) -> Array | None:
        """Answers (n, p) to the model's items; None for published moments."""
        data = self.fitted.data
        names = observed(self.syntax)
        return data.items(names, check=False) if isinstance(data, Survey) else None

    def _no_rows(self) -> tuple[Message, ...]:
        if not self.paths.edges:
            return (message("rival_models.no_paths"),)
        return (message("rival_models.no_rows"),) if self._rows is None else ()

    @cached_property
    def _target(self) -> tuple[str, tuple[str, ...]]:
        """What to predict, loyalty where there is one, and everything that leads to it."""
        finals = self._finals
        book = self.choice.study.codebook
        target = next((n for n in finals if n in book.with_role(LOYALTY)), finals[-1])
        before = self.paths.ancestors(target)
        return target, tuple(n for n in self.paths.nodes if n in before and n != target)

    def crossvalidation(self) -> Evidence:
        """How well the models foretell respondents left out."""
        title = rivals.say("cross.title", self.fitted.language)
        if (rows := self._rows) is None or self._no_rows():
            return rivals.silence("cross-validation", title, self._no_rows(), **self._tone)
        models = ((self.choice.model.name, self.syntax), *self._candidates)
        try:
            found = predicting.crossvalidate(
                models, rows, observed(self.syntax), seed=self.params.seed
            )
        except ModelError as error:
            return rivals.silence("cross-validation", title, error.messages, **self._tone)
        return prediction.crossvalidation_table(found, titles=self._titles, **self._tone)

    @cached_property
    def _predicted(self) -> predicting.Prediction | tuple[Message, ...]:
        """Errors of prediction, or why there are none."""
        target, sources = self._target
        assert self._rows is not None
        try:
            return predicting.predict_items(
                self.syntax, self._rows, observed(self.syntax), target=target, sources=sources,
                seed=self.params.seed,
            )  # fmt: skip
        except ModelError as error:
            return error.messages

    def prediction(self) -> Evidence:
        """How well the final outcome's items are predicted out of sample."""
        if self._rows is None or self._no_rows():
            return self._unpredicted(self._no_rows(), again=True)
        if isinstance(self._predicted, tuple):
            return self._unpredicted(self._predicted, again=False)
        return prediction.prediction_table(self._predicted, **self._words)

    def _unpredicted(self, reasons: tuple[Message, ...], *, again: bool) -> Evidence:
        target = self._target[0] if self.paths.edges else ""
        name = self.fitted.labels.of(target)
        title = rivals.say("predict.title", self.fitted.language, target=name).strip()
        return rivals.silence("prediction-table", title, reasons, again=again, **self._tone)

    @property
    def _column(self) -> str:
        """The grouping column of the holdout, empty without one."""
        known = [g.name for g in self.choice.study.codebook.groups]
        usual = (c for c in HOLDOUT_COLUMNS if c in known and c not in self.params.levels())
        return self.params.holdout or next(usual, "")

    def holdout(self) -> Evidence:
        """The model trained on one brand or wave and tested on another."""
        language, data, column = self.fitted.language, self.fitted.data, self._column
        book = self.choice.study.codebook
        shown = book.label(column, language) if column else ""
        title = rivals.say("holdout.title", language, column=shown).rstrip(":\uff1a ")
        reasons, again = self._no_rows(), bool(self._no_rows())
        if not reasons and not column:
            good = ", ".join(g.name for g in book.groups) or "-"
            reasons = (message("rival_models.no_column", name=HOLDOUT_COLUMNS[0], good=good),)
        if reasons or not isinstance(data, Survey):
            return rivals.silence("holdout-table", title, reasons, again=again, **self._tone)
        data = data.keep(data.frame[column].notna().to_numpy(), reason="no_group")
        names, (target, sources) = observed(self.syntax), self._target
        groups, least = list(map(str, data.labels(column))), book.options.min_group
        try:
            found = predicting.holdout(
                self.syntax, data.items(names, check=False), names, groups,
                target=target, sources=sources, least=least, order=tuple(data.levels(column)),
            )  # fmt: skip
        except ModelError as error:
            return rivals.silence("holdout-table", title, error.messages, **self._tone)
        words = {**self._tone, "labels": self._labels(column)}
        return prediction.holdout_table(found, column=shown, least=least, **words)

    def _labels(self, column: str) -> Labels:
        """Names with those of the column's groups."""
        groups = labels(self.choice.study, self.fitted.language, column).groups
        return replace(self.fitted.labels, groups=groups)
