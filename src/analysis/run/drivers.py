"""Drivers of loyalty in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.data import PublishedMatrix, StudyModel, Survey
from analysis.methods import drivers as methods
from analysis.methods.drivers import AS_IT_IS, Draws, Indexed, OutcomeKind, Unit
from analysis.report import (
    Evidence,
    drivers,
    drivers_importance,
    ending,
    judged,
    what_if,
)
from analysis.report.drivers import Compared, Counted
from analysis.report.labels import Labels
from analysis.run.behaviour import Behaviour, behaviour
from analysis.run.design import estimator_of
from analysis.run.moderated import Moderated
from analysis.run.params import DriversParams
from analysis.run.resolve import Choice, labels, moments, observed, parse, stamps
from analysis.run.screened import careless_signs
from analysis.sem import Moments, Solution, sem
from analysis.sem.estimators import PRESETS, Estimator
from analysis.syntax import ModelSyntax, parse_model
from analysis.syntax.printing import print_name

Mask = NDArray[np.bool_]
BESIDE = ("core", "ecsi", "complaints")
TARGETS = ("loyalty", "conative", "intention")
LEAST_ROWS = 100
MEASURES = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr")


@dataclass(frozen=True)
class Drivers:
    """The driver model of a study, models beside it, moderation, and what follows from it."""

    choice: Choice

    @property
    def params(self) -> DriversParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, DriversParams)
        return self.choice.params

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs, items and outcomes in the reader's language."""
        found, book = labels(self.choice.study, self.params.language), self.choice.study.codebook
        outcomes = {v.name: v.label[self.params.language] for v in book.variables if v.label}
        return replace(found, names={**outcomes, **found.names})

    @property
    def _words(self) -> dict[str, Any]:
        return {
            "language": self.params.language,
            "labels": self.labels,
            "stamps": stamps(self.choice.study),
        }

    @cached_property
    def chosen(self) -> Survey | PublishedMatrix:
        """The chosen respondents, careless ones left out where that was asked for."""
        data = self.choice.data
        if not isinstance(data, Survey) or self.params.screen == "none":
            return data
        careless = careless_signs(data).careless
        return data.keep(~careless) if careless.any() else data

    @cached_property
    def used(self) -> Survey | PublishedMatrix:
        """Those of them who are used in the driver model."""
        data = self.chosen
        if not isinstance(data, Survey) or self.params.missing == "fiml":
            return data
        return data.keep(self._complete(data, self.choice.syntax))

    @staticmethod
    def _complete(data: Survey, syntax: ModelSyntax) -> Mask:
        answers = data.items(observed(syntax), check=False)
        return np.asarray(~np.isnan(answers).any(axis=1))

    @property
    def estimator(self) -> Estimator:
        """The estimator by name, or robust maximum likelihood where there are answers."""
        return estimator_of(self.params, rows=isinstance(self.choice.data, Survey))

    def _fit(self, syntax: ModelSyntax, data: Moments, *, means: bool = False) -> Solution:
        known = all(g.mean is not None for g in data.groups)
        return sem(
            syntax, data, estimator=self.estimator, missing=self._missing(data),
            meanstructure=True if means and known else None,
        )  # fmt: skip

    def _missing(self, data: Moments) -> Any:
        return self.params.missing or None if any(g.rows is not None for g in data.groups) else None

    def _moments(self, data: Survey | PublishedMatrix, syntax: ModelSyntax) -> Moments:
        return moments(data, observed(syntax), self.params)

    @cached_property
    def solution(self) -> Solution:
        """The driver model, fitted."""
        return self._fit(self.choice.syntax, self._moments(self.used, self.choice.syntax))

    @cached_property
    def draws(self) -> Draws:
        """Draws of the driver model's estimates."""
        return methods.draws_of(self.solution, draws=self.params.draws, seed=self.params.seed)

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Satisfaction, where the model explains it, and the target."""
        target, syntax = self.params.target or target_of(self.choice), self.choice.syntax
        explained = {name for f in syntax.formulas if f.op == "~" for name in f.lhs}
        satisfied = [
            n for n in self.choice.study.codebook.with_role("satisfaction")
            if n in explained and n != target
        ]  # fmt: skip
        return (*satisfied[:1], target)

    @property
    def target(self) -> str:
        """The outcome that importance is measured by."""
        return self.outcomes[-1]

    @cached_property
    def _beside(self) -> tuple[StudyModel, ...]:
        """Models to lay beside the driver model: those named, or the usual ones with paths."""
        models = self.choice.study.models
        named = self.params.listed("against") or tuple(n for n in BESIDE if n in models)
        own = self.choice.model.name
        return tuple(
            models[n] for n in named
            if n != own and any(f.op == "~" for f in parse(models[n]).formulas)
        )  # fmt: skip

    @cached_property
    def others(self) -> dict[str, tuple[StudyModel, Solution, bool]]:
        """The other models fitted, on the same respondents where those answered all of it."""
        found = {}
        own = set(observed(self.choice.syntax))
        for model in self._beside:
            syntax = parse(model)
            same = set(observed(syntax)) <= own
            data: Survey | PublishedMatrix = self.used if same else self.chosen
            if not same and isinstance(data, Survey):
                keep = self._complete(data, syntax)
                if keep.sum() < LEAST_ROWS:
                    continue
                data = data.keep(keep)
            found[model.name] = (model, self._fit(syntax, self._moments(data, syntax)), same)
        return found

    def respondents(self) -> Evidence:
        """Who is used where."""
        data = self.choice.data
        counts = [Counted("chosen", data.n_used if isinstance(data, Survey) else data.n)]
        if isinstance(self.chosen, Survey) and self.params.screen == "careless":
            counts.append(Counted("careful", self.chosen.n_used))
        if isinstance(self.used, Survey) and self.params.missing != "fiml":
            counts.append(Counted("complete", self.used.n_used, self._title(self.choice.model)))
        counts += [
            Counted("asked", found.n, self._title(model))
            for model, found, same in self.others.values() if not same
        ]  # fmt: skip
        return drivers.respondents_table(counts, **self._words)

    def _title(self, model: StudyModel) -> str:
        return model.title[self.params.language]

    def models(self) -> Evidence:
        """Paths of the driver model and of the models beside it."""
        listed = [Compared(self._title(self.choice.model), self.solution)]
        listed += [Compared(self._title(m), s, same) for m, s, same in self.others.values()]
        return drivers.models_table(listed, **self._words)

    @cached_property
    def _blocks(self) -> tuple[methods.Outcome, ...]:
        return self._blocks_of(self.solution, self.choice.syntax, self.outcomes, self.draws)

    def _blocks_of(
        self, solution: Solution, syntax: ModelSyntax, outcomes: tuple[str, ...], draws: Draws
    ) -> tuple[methods.Outcome, ...]:
        if not solution.outcome.estimated:
            return ()
        data, quick = solution.fit.moments, solution.estimator
        if PRESETS[quick].loss == "ML" and not data.design:
            quick = "ML"  # the same estimates, without the robust corrections

        def refit(smaller: ModelSyntax) -> Solution:
            return sem(smaller, data, estimator=quick, missing=self._missing(data))

        return methods.driver_blocks(solution, outcomes, draws, refit=refit, syntax=syntax)

    def blocks(self) -> Evidence:
        """What each block of drivers adds."""
        return drivers.blocks_table(
            self._blocks, self.solution, kind=self.draws.kind, draws=len(self.draws.theta),
            failed=self.draws.failed, **self._words,
        )  # fmt: skip

    def blocks_figure(self) -> Evidence:
        """Shares of the blocks."""
        return drivers.blocks_figure(
            self._blocks, kind=self.draws.kind, draws=len(self.draws.theta), **self._words
        )

    def blocks_asked_of_some(self) -> Evidence:
        """Drivers that only some respondents were asked about, in a model of their own."""
        for model, solution, same in self.others.values():
            latent = set(parse(model).latent)
            if same or not latent - set(self.choice.syntax.latent):
                continue
            syntax = parse(model)
            explained = {n for f in syntax.formulas if f.op == "~" for n in f.lhs}
            outcomes = tuple(n for n in self.outcomes if n in explained)
            if not outcomes:
                continue
            draws = methods.draws_of(solution, draws=self.params.draws, seed=self.params.seed)
            return drivers.blocks_table(
                self._blocks_of(solution, syntax, outcomes, draws), solution, kind=draws.kind,
                draws=len(draws.theta), failed=draws.failed, part=self._title(model),
                **self._words,
            )  # fmt: skip
        return drivers.nobody_apart(**self._words)

    @cached_property
    def moderated(self) -> Moderated:
        """Interactions with the target."""
        return Moderated(self.choice, self.chosen, self.target, self.estimator, self._words)

    def interactions(self) -> Evidence:
        """Latent interactions and quadratic effects."""
        return self.moderated.interactions()

    def slopes(self) -> Evidence:
        """Simple slopes."""
        return self.moderated.slopes()

    def slopes_figure(self) -> Evidence:
        """Simple slopes as lines."""
        return self.moderated.slopes_figure()

    def johnson_neyman(self) -> Evidence:
        """Where each slope differs from zero."""
        return self.moderated.johnson_neyman()

    def moderated_mediation(self) -> Evidence:
        """Indirect effects that depend on a moderator."""
        return self.moderated.mediation()

    @cached_property
    def behaviour(self) -> tuple[Behaviour, ...]:
        """Recommendation and repurchase of the used respondents, where the codebook has them."""
        return behaviour(self.used, self.choice.syntax.variables)

    @cached_property
    def index(self) -> Indexed:
        """The driver model with behaviour, its effects in points."""
        if not isinstance(self.used, Survey):
            draws = methods.with_means(self.draws, self.solution, seed=self.params.seed)
            return methods.indexed(self.solution, self._units, draws)
        lines = [str(self.choice.syntax)]
        sources = " + ".join(map(print_name, self.outcomes))
        lines += [f"{print_name(b.name)} ~ {sources}" for b in self.behaviour]
        syntax = parse_model("\n".join(lines))
        solution = self._fit(syntax, self._with_behaviour(), means=True)
        draws = methods.draws_of(solution, draws=self.params.draws, seed=self.params.seed)
        return methods.indexed(solution, self._units, draws)

    def _with_behaviour(self) -> Moments:
        data, names = self.used, observed(self.choice.syntax)
        assert isinstance(data, Survey)
        rows = np.column_stack([data.items(names), *(b.values for b in self.behaviour)])
        roles, params = data.codebook.roles, self.params
        cluster = data.frame[roles.cluster].tolist() if params.cluster else None
        return Moments.from_data(
            rows, (*names, *(b.name for b in self.behaviour)),
            weights=data.frame[roles.weight].to_numpy(float) if params.weights else None,
            cluster=cluster,
        )  # fmt: skip

    @cached_property
    def _units(self) -> Mapping[str, Unit]:
        """From answers to points; nothing where a study gives correlations only."""
        data, book = self.choice.data, self.choice.study.codebook
        if not isinstance(data, Survey) and data.sds is None:
            return {}
        found = {b.name: AS_IT_IS for b in self.behaviour}
        names = set(observed(self.choice.syntax))
        for item in book.items:
            low, high = item.minimum, item.maximum
            if item.name in names and low is not None and high is not None and low < high:
                found[item.name] = Unit.of_range(low, high)
        return found

    @cached_property
    def _importance(self) -> methods.ImportanceMap:
        return methods.importance_map(self.index, self.target)

    def importance(self) -> Evidence:
        """Importance and performance of constructs and dimensions."""
        return drivers_importance.importance_table(
            self._importance, self.index.solution, failed=self.index.draws.failed, **self._words
        )

    def importance_figure(self) -> Evidence:
        """The importance-performance map."""
        return drivers_importance.importance_figure(self._importance, **self._words)

    def priorities(self) -> Evidence:
        """What each driver could still win."""
        return drivers_importance.priorities_figure(self._importance, **self._words)

    def item_importance(self) -> Evidence:
        """Importance and performance of items."""
        return drivers_importance.importance_table(
            self._importance, self.index.solution, items=True, **self._words
        )

    def item_importance_figure(self) -> Evidence:
        """The map of items."""
        return drivers_importance.importance_figure(self._importance, items=True, **self._words)

    def elasticities(self) -> Evidence:
        """Relative effects on the outcomes, on the intention to come back, and on repurchase."""
        intention = [
            n for role in ("conative", "intention")
            for n in self.choice.study.codebook.with_role(role)
            if n in self.index.point.variables and n not in self.outcomes
        ]  # fmt: skip
        bought = [b.name for b in self.behaviour if b.kind == "mean"]
        targets = (*self.outcomes, *intention[:1], *bought[:1])
        draws = self.index.draws
        return drivers_importance.elasticities_table(
            methods.elasticities(self.index, targets), self.index.solution, kind=draws.kind,
            draws=len(draws.theta), **self._words,
        )  # fmt: skip

    def what_if(self) -> Evidence:
        """What the model implies when drivers move; sliders in the report."""
        outcomes: dict[str, OutcomeKind] = dict.fromkeys(self.outcomes, "index")
        outcomes |= {b.name: b.kind for b in self.behaviour}
        draws = self.index.draws
        return what_if.what_if_evidence(
            methods.what_if(self.index, outcomes, focal=self.outcomes), self.index.solution,
            kind=draws.kind, draws=len(draws.theta), **self._words,
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """How the driver model ended, as plain JSON values."""
        found = {name: judged(self.solution, name) for name in MEASURES}
        verdict = self.blocks().verdict
        return {
            "outcome": ending(self.solution),
            "n": self.solution.n,
            "estimator": self.solution.estimator,
            "measures": {
                k: float(f"{v:.8g}") if v is not None and isfinite(v) else None
                for k, v in found.items()
            },
            "verdict": verdict.level if verdict else "none",
        }


def target_of(choice: Choice) -> str:
    """What the model explains that stands for loyalty; else the last thing that it explains."""
    explained = [n for f in choice.syntax.formulas if f.op == "~" for n in f.lhs]
    roles = (n for role in TARGETS for n in choice.study.codebook.with_role(role))
    return next((name for name in roles if name in explained), explained[-1])
