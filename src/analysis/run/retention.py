"""Who leaves, when, and what customers are worth, in a notebook: every method is one piece."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.data import Survey
from analysis.errors import AnalysisError, InputError, message
from analysis.methods import retention as methods
from analysis.methods.retention import Cases, Guard, Logistic, Performance, Predicted
from analysis.methods.retention.guards import Block
from analysis.methods.segments import TIERS, tiers
from analysis.report import Evidence, retention, retention_figures, retention_judging
from analysis.report.criteria import criterion
from analysis.report.labels import Labels
from analysis.run import retention_columns as columns
from analysis.run.params import RetentionParams
from analysis.run.resolve import Choice, labels, stamps
from analysis.run.valued import Valued

Array = NDArray[np.float64]
Index = NDArray[np.intp]
REPEATS = 5
SHOWN = 4


@dataclass(frozen=True)
class Retention:
    """Models of leaving within the horizon, survival, and customer value of one study."""

    choice: Choice

    @property
    def params(self) -> RetentionParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, RetentionParams)
        return self.choice.params

    @property
    def survey(self) -> Survey:
        """The chosen respondents."""
        assert isinstance(self.choice.data, Survey)
        return self.choice.data

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs, variables and groups in the reader's language."""
        study, language = self.choice.study, self.params.language
        return columns.names(study.codebook, labels(study, language), language)

    @property
    def _words(self) -> dict[str, Any]:
        study, language = self.choice.study, self.params.language
        return {"language": language, "labels": self.labels, "stamps": stamps(study)}

    @property
    def least(self) -> int:
        """Groups of fewer respondents are not shown."""
        return self.survey.codebook.options.min_group

    @cached_property
    def person(self) -> Index:
        """Number of every respondent's person, in order of appearance (pseudonyms differ)."""
        column = self.survey.codebook.roles.id
        if not column or column not in self.survey.frame:
            return np.arange(self.survey.n_used, dtype=np.intp)
        return pd.factorize(self.survey.frame[column])[0].astype(np.intp)

    @cached_property
    def churn(self) -> str:
        """Name of the outcome that says who left; empty without one."""
        book = self.survey.codebook
        found = [v.name for v in book.variables if v.role == "churn" and v.type == "binary"]
        return found[0] if found else ""

    @cached_property
    def left(self) -> Array:
        """1 for those who left, 0 for those who stayed, NaN where not known (n,)."""
        if not self.churn:
            raise InputError(message("retention.no_churn"))
        return self.survey.frame[self.churn].to_numpy(float)

    @cached_property
    def _candidates(self) -> list[methods.Candidate]:
        return columns.candidates(self.survey, self.params, self.churn)

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """What was found out about every variable that may predict."""
        too_good = criterion("churn.leak").good
        return tuple(methods.guard(c, self.left, too_good=too_good) for c in self._candidates)

    @cached_property
    def cases(self) -> Cases:
        """Complete rows of the variables that passed."""
        return methods.cases(self._candidates, self.guards, self.left, self.person)

    @cached_property
    def counts(self) -> Array:
        """How often each case is in each resample (D, n)."""
        return methods.resampled(self.cases.person, max(self.params.draws, 2), self.params.seed)

    @cached_property
    def model(self) -> Logistic:
        """Logistic regression of leaving."""
        return methods.logistic(self.cases)

    @cached_property
    def predicted(self) -> dict[str, Predicted]:
        """Chances by each learner, for persons that it has not seen."""
        return {
            kind: methods.nested(self.cases, kind, seed=self.params.seed)
            for kind in methods.LEARNERS
        }

    @cached_property
    def performances(self) -> tuple[Performance, ...]:
        """How good each learner's chances are."""
        y = self.cases.y
        return tuple(
            methods.performance(kind, y, p.chances, self.counts)
            for kind, p in self.predicted.items()
        )

    @cached_property
    def best(self) -> Predicted:
        """The learner of least log loss."""
        found = min(self.performances, key=lambda p: p.measures["log_loss"].value)
        return self.predicted[found.model]

    def _say(self, key: str, make: Callable[[], Evidence], *, area: str = "retention") -> Evidence:
        """A piece, or why it cannot be shown; the rest of the report stands."""
        try:
            return make()
        except AnalysisError as error:
            return retention.unavailable(f"{area}.{key}", error.messages, **self._words)

    def leavers(self) -> Evidence:
        """Who left, and which variables may predict it."""

        def make() -> Evidence:
            refused = {g.name for g in self.guards if g.status != "used"}
            named = [n for n in self.params.listed("predictors") if n in refused]
            return retention.guards_table(
                self.guards, self.left, churn=self.churn, refused=named,
                cautions=methods.imbalance(self.cases.y), n=len(self.cases.y),
                persons=int(self.cases.person.max()) + 1, **self._words,
            )  # fmt: skip

        return self._say("guards", make)

    def odds(self) -> Evidence:
        """Odds ratios of leaving."""
        return self._say(
            "odds", lambda: retention.odds_table(self.model, self.cases, **self._words)
        )

    def odds_figure(self) -> Evidence:
        """The same as a picture."""
        return self._say(
            "odds_figure", lambda: retention_figures.odds_figure(self.model, **self._words)
        )

    def rivals(self) -> Evidence:
        """Four learners on unseen persons and in the next wave."""
        return self._say(
            "rivals",
            lambda: retention.rivals_table(
                self.performances, self._later, self.predicted, best=self.best.model, **self._words
            ),
        )

    @cached_property
    def _later(self) -> tuple[Performance, ...]:
        """Each learner trained in the first wave and tested on new persons of the last."""
        ordered = [g.name for g in self.survey.codebook.groups if g.ordered]
        waves = [c for c in ordered if len(self.survey.levels(c)) > 1][:1]
        if not waves:
            return ()
        levels = list(self.survey.levels(waves[0]))
        wave = np.array(self.survey.labels(waves[0]), dtype=object)[self.cases.rows]
        first, last = wave == levels[0], wave == levels[-1]
        new = last & ~np.isin(self.cases.person, self.cases.person[first])
        for part in (self.cases.y[first], self.cases.y[new]):
            if min((part == 1).sum(), (part == 0).sum()) < methods.LEAST_CASES:
                return ()
        found = []
        for kind in methods.LEARNERS:
            test, chances = methods.later(self.cases, kind, first, last, seed=self.params.seed)
            found.append(
                methods.performance(kind, self.cases.y[test], chances, self.counts[:, test])
            )
        return tuple(found)

    def calibration(self) -> Evidence:
        """Do the chances come true?"""

        def make() -> Evidence:
            found = methods.calibration(self.cases.y, self.best.chances, self.counts)
            return retention_judging.calibration_figure(found, self.best.model, **self._words)

        return self._say("calibration", make)

    def decision(self) -> Evidence:
        """What acting on the chances gains."""

        def make() -> Evidence:
            found = methods.decision(
                self.cases.y, self.best.chances, self.counts, threshold=self.params.threshold
            )
            return retention_judging.decision_figure(found, self.best.model, **self._words)

        return self._say("decision", make)

    @cached_property
    def _importance(self) -> dict[str, Array]:
        return methods.importance(self.cases, self.best, repeats=REPEATS, seed=self.params.seed)

    def importance(self) -> Evidence:
        """What the best learner's predictions rest on."""
        return self._say(
            "importance",
            lambda: retention_figures.importance_figure(
                self._importance, self.best.model, repeats=REPEATS, **self._words
            ),
        )

    def dependence(self) -> Evidence:
        """How the chance of leaving moves with the most important numbers."""

        def make() -> Evidence:
            sources = sorted(self._importance, key=lambda s: -float(self._importance[s].mean()))
            numbers = {
                s: c for s, c, b in zip(self.cases.sources, self.cases.columns, self.cases.binary,
                                        strict=True) if not b
            }  # fmt: skip
            shown = [numbers[s] for s in sources if s in numbers][:SHOWN]
            names = dict.fromkeys((self.best.model, "logistic", "boosting"))
            models = {k: self.predicted[k].fitted for k in list(names)[:2]}
            found = methods.dependence(self.cases, models, shown)
            return retention_figures.dependence_figure(found, **self._words)

        return self._say("dependence", make)

    def added(self) -> Evidence:
        """What the survey adds to behaviour."""

        def make() -> Evidence:
            parts: dict[str, tuple[Block, ...]] = {
                "person": ("person",), "behaviour": ("person", "behaviour"),
                "survey": ("person", "behaviour", "survey"),
            }  # fmt: skip
            have = set(self.cases.blocks)
            if not {"behaviour", "survey"} <= have:
                raise InputError(message("retention.no_blocks"))
            made = []
            for name, blocks in parts.items():
                places = self.cases.part(blocks)
                if not len(places):
                    continue
                found = methods.nested(
                    self.cases, "logistic", columns=places, seed=self.params.seed
                )
                made.append(methods.performance(name, self.cases.y, found.chances, self.counts))
            return retention.added_table(made, **self._words)

        return self._say("added", make)

    @cached_property
    def tier(self) -> Index:
        """Tier of every respondent by recency, frequency and spend (n,), -1 where not known.

        Raises
        ------
        InputError
            Without these three from before the interview.
        """
        found = columns.rfm(self.survey.codebook)
        if found is None:
            raise InputError(message("retention.no_tiers"))
        x = [self.survey.frame[c].to_numpy(float) for c in found]
        return tiers(x[0], x[1], x[2]).tier

    def _times(self) -> tuple[Array, Array, str]:
        """Time under observation, whether it ended in leaving, and the unit."""
        name = columns.churn_time(self.survey.codebook, self.params, self.churn)
        if not name:
            raise InputError(message("retention.no_times", churn=self.churn or "-"))
        variable = self.survey.codebook.variable(name)
        stated = self.survey.frame[name].to_numpy(float)
        end = variable.maximum or float(np.nanmax(stated))
        time = np.where(self.left == 1, stated, end)
        time[np.isnan(self.left)] = np.nan
        return time, self.left, columns.unit(name)

    def survival(self) -> Evidence:
        """How many are still there, by tier."""

        def make() -> Evidence:
            time, event, unit = self._times()
            known = ~np.isnan(time)
            group = np.where(known, self.tier, -1)
            curves = methods.kaplan_meier(time, event, group, TIERS, least=self.least)
            small = [i for i, c in enumerate(curves) if c.held]
            test = methods.log_rank(time, event, np.where(np.isin(group, small), -1, group))
            return retention_figures.survival_figure(
                curves, test, unit=unit, least=self.least, **self._words
            )

        return self._say("survival", make)

    def hazards(self) -> Evidence:
        """Cox regression of the time until leaving."""

        def make() -> Evidence:
            time, event, _ = self._times()
            rows = self.cases.rows[~np.isnan(time[self.cases.rows])]
            kept = np.isin(self.cases.rows, rows)
            center, unit = methods.units(self.cases)
            Z = (self.cases.X[kept] - center) / unit
            found = methods.cox(time[rows], event[rows], Z, self.cases.person[kept])
            effects = methods.coefficients(self.cases, unit, found.estimates, found.robust_se)
            return retention.hazards_table(found, effects, self.cases, **self._words)

        return self._say("hazards", make)

    @cached_property
    def valued(self) -> Valued:
        """What customers are worth."""
        return Valued(self.choice, self.survey, self.person, self._chances, self._tiers)

    def _chances(self) -> Array:
        """Chance of leaving of every respondent (n,), NaN where not predicted."""
        found = np.full(self.survey.n_used, np.nan)
        with suppress(AnalysisError):
            found[self.cases.rows] = self.best.chances
        return found

    def _tiers(self) -> Index:
        return self.tier

    def _value(self, key: str, make: Callable[[], Evidence]) -> Evidence:
        return self._say(key, make, area="customer_value")

    def purchases(self) -> Evidence:
        """BG/NBD and Gamma-Gamma."""
        return self._value("purchases", lambda: self.valued.models(**self._words))

    def holdout(self) -> Evidence:
        """Expected against made purchases."""
        return self._value("holdout", lambda: self.valued.holdout(**self._words))

    def stake(self) -> Evidence:
        """Customer value and value at stake by tier."""
        return self._value("stake", lambda: self.valued.stake(**self._words))

    def satisfaction(self) -> Evidence:
        """What one point of satisfaction goes with."""
        return self._value("satisfaction", lambda: self.valued.satisfaction(**self._words))

    def method(self) -> Evidence:
        """How it was done, for the methods section."""

        def make() -> Evidence:
            return retention.method_text(
                self.model, self.best.model, horizon=self._horizon, draws=len(self.counts),
                **self._words,
            )  # fmt: skip

        return self._say("method", make)

    @property
    def _horizon(self) -> int:
        return self.survey.codebook.variable(self.churn).period_days

    def record(self) -> dict[str, Any]:
        """How the run ended, as plain JSON values."""
        values: dict[str, float] = {}
        n = self.survey.n_used
        with suppress(AnalysisError):
            best = next(p for p in self.performances if p.model == self.best.model)
            n = best.n
            values = {f"churn.{k}": m.value for k, m in best.measures.items()}
        values |= self.valued.measures()
        return {
            "outcome": "", "n": n, "estimator": "", "verdict": "none",
            "measures": {k: float(f"{v:.8g}") if np.isfinite(v) else None
                         for k, v in values.items()},
        }  # fmt: skip
