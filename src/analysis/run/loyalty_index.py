"""The loyalty index in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.data import Survey
from analysis.data.judgements import Benchmark, read_benchmarks, read_comparisons
from analysis.errors import InputError, Message, message
from analysis.methods import loyalty_index as methods
from analysis.methods.loyalty_index import Indicator, Indicators, Levels, Weighting
from analysis.methods.loyalty_index.indicators import Kind
from analysis.report import Evidence, index_figures, loyalty_index, net_promoter
from analysis.report.labels import Labels
from analysis.run.params import IndexParams, unknown
from analysis.run.resolve import Choice, labels, stamps

Array = NDArray[np.float64]

ATTITUDES = (
    "satisfaction", "trust", "image", "attitude", "cognitive", "affective", "conative", "action",
    "intention", "loyalty", "awareness", "association", "preference",
)  # fmt: skip
BEHAVIOUR = (
    ("repurchase",), ("orders", "frequency"), ("spend",), ("share_of_wallet",), ("tenure",),
)  # fmt: skip
LOGGED = ("count", "amount", "days")


@dataclass(frozen=True)
class LoyaltyIndex:
    """Indicators, weights, levels and trend of one study's loyalty index."""

    choice: Choice

    @property
    def params(self) -> IndexParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, IndexParams)
        return self.choice.params

    @property
    def survey(self) -> Survey:
        """The chosen respondents."""
        assert isinstance(self.choice.data, Survey)
        return self.choice.data

    @property
    def _words(self) -> dict[str, Any]:
        study, language = self.choice.study, self.params.language
        return {"language": language, "labels": self.labels, "stamps": stamps(study)}

    @cached_property
    def labels(self) -> Labels:
        """Names of indicators and groups in the reader's language."""
        study, language = self.choice.study, self.params.language
        book, found = study.codebook, labels(study, language)
        names = {**found.names, **{v.name: v.label[language] or v.name for v in book.variables}}
        groups = {
            f"{g.name}={code}": label[language] or code
            for g in book.groups
            for code, label in g.levels.items()
        }
        return Labels(names=names, wordings=found.wordings, groups=groups)

    @property
    def least(self) -> int:
        """Groups of fewer respondents are not shown."""
        return self.survey.codebook.options.min_group

    @cached_property
    def _made(self) -> tuple[Indicators, tuple[Message, ...]]:
        return indicators(self.survey, self.params)

    @property
    def indicators(self) -> Indicators:
        """Indicators of the respondents on 0-100."""
        return self._made[0]

    @cached_property
    def counts(self) -> Array:
        """How often each respondent is in each resample (D, n)."""
        return methods.resampled(self.indicators, max(self.params.draws, 2), self.params.seed)

    @cached_property
    def weightings(self) -> tuple[Weighting, ...]:
        """Weights by every method."""
        names = self.indicators.names
        experts = read_comparisons(self.choice.study.folder, names)
        return tuple(
            methods.index_weights(self.indicators, m, counts=self.counts, experts=experts)
            for m in methods.METHODS
        )

    @cached_property
    def chosen(self) -> Weighting:
        """The weighting in use: the one asked for, or equal weights where that has none."""
        by_name = {w.method: w for w in self.weightings}
        asked = by_name[self.params.method]
        return asked if asked.known else by_name["equal"]

    def _levels(self, *columns: str) -> Levels:
        return methods.levels(
            self.indicators,
            self.chosen.weights,
            {c: self.survey.labels(c) for c in columns},
            counts=self.counts,
            least=self.least,
        )

    @property
    def by(self) -> tuple[str, ...]:
        """Grouping columns of the drill-down that the study has."""
        known = {g.name for g in self.survey.codebook.groups}
        return tuple(c for c in self.params.listed("by") if c in known)

    @cached_property
    def groups(self) -> Levels:
        """The index of every group of the drill-down."""
        return self._levels(*self.by)

    @cached_property
    def benchmarks(self) -> tuple[Benchmark, ...]:
        """The user's benchmarks."""
        return read_benchmarks(self.choice.study.folder, self.indicators.names)

    def components(self) -> Evidence:
        """What the index is made of."""
        whole = self._levels()
        return loyalty_index.components_table(
            self.indicators, whole, self.chosen, findings=self._made[1],
            benchmarks=self.benchmarks, **self._words,
        )  # fmt: skip

    def weights(self) -> Evidence:
        """Weights by every method side by side."""
        return loyalty_index.weights_table(
            self.indicators.names, self.weightings, self.chosen, asked=self.params.method,
            **self._words,
        )  # fmt: skip

    def weights_figure(self) -> Evidence:
        """The same as a picture."""
        return index_figures.weights_figure(
            self.indicators.names, self.weightings, self.chosen, **self._words
        )

    def levels(self) -> Evidence:
        """The index of every group, with intervals."""
        return loyalty_index.levels_table(
            self.groups, self._levels(), least=self.least, **self._words
        )

    def levels_figure(self) -> Evidence:
        """The same as a picture."""
        marks = [b for b in self.benchmarks if b.measure == "index"]
        return index_figures.levels_figure(self.groups, self._levels(), marks, **self._words)

    def stability(self) -> Evidence:
        """Whether the order of the groups depends on the weights."""
        known: dict[str, Array] = {w.method: w.weights for w in self.weightings if w.known}
        return loyalty_index.ranks_table(methods.ranks(self.groups, known), **self._words)

    @property
    def _waves(self) -> tuple[str, ...]:
        ordered = [g.name for g in self.survey.codebook.groups if g.ordered]
        return tuple(c for c in ordered if len(self.survey.levels(c)) > 1)[:1]

    def trend(self) -> Evidence:
        """The index over waves: fixed, renewed and chain-linked."""
        if not self._waves:
            return loyalty_index.no_trend(**self._words)
        (column,) = self._waves
        levels = list(self.survey.levels(column))
        wave = self.survey.labels(column)
        first = np.array([label == levels[0] for label in wave])
        base = methods.index_weights(self.indicators.rows(first), self.chosen.method)
        weights = base.weights if base.known else self.chosen.weights
        found = methods.levels(
            self.indicators, weights, {column: wave}, counts=self.counts, least=self.least
        )
        order = sorted(
            range(len(found.cells)), key=lambda i: levels.index(found.cells[i].labels[0])
        )
        found = Levels(found.columns, tuple(found.cells[i] for i in order), found.draws[:, order])
        if sum(not cell.held for cell in found.cells) < 2:
            return loyalty_index.no_trend(**self._words)
        change = methods.trend(
            self.indicators, found, wave, method=self.chosen.method, weights=weights
        )
        return loyalty_index.trend_evidence(change, column, held=found.held, **self._words)

    @cached_property
    def _recommendation(self) -> Array | None:
        book = self.survey.codebook
        names = [v.name for v in book.variables if v.type == "nps"]
        return self.survey.frame[names[0]].to_numpy(float) if names else None

    def promoters(self) -> Evidence:
        """Net promoter score by group with its margin of error."""
        if self._recommendation is None:
            return net_promoter.no_promoters(**self._words)
        x, weight = self._recommendation, self.indicators.weight
        found = [methods.net_promoter(x, weight=weight, least=self.least)]
        pairs = []
        for column in (*self.by, *self._waves):
            label = np.array([v if v is not None else "" for v in self.survey.labels(column)])
            order = list(self.survey.levels(column))
            found += [
                methods.net_promoter(x[label == level], label=f"{column}={level}",
                                     weight=weight[label == level], least=self.least)
                for level in order
            ]  # fmt: skip
            pairs += [
                (column, d)
                for d in methods.net_promoter_differences(
                    x, self.survey.labels(column), self.indicators.person, order=order,
                    weight=weight, least=self.least,
                )
            ]  # fmt: skip
        marks = [b for b in self.benchmarks if b.measure == "nps"]
        return net_promoter.promoters_table(found, pairs, marks, **self._words)

    def matrix(self) -> Evidence:
        """Attitude by behaviour: true, latent, spurious and no loyalty."""
        data = self.indicators
        attitude = np.array([c.kind != "behavioural" for c in data.columns])
        if attitude.all() or not attitude.any():
            return loyalty_index.no_matrix(**self._words)
        scores = [
            data.composite(
                np.where(part, self.chosen.weights, 0.0) / self.chosen.weights[part].sum()
            )
            for part in (attitude, ~attitude)
        ]
        found = methods.loyalty_matrix(*scores)
        return index_figures.matrix_figure(found, **self._words)

    def method(self) -> Evidence:
        """How the index was made, for the methods section."""
        return loyalty_index.method_text(
            self.indicators, self.chosen, draws=len(self.counts), least=self.least, **self._words
        )

    def record(self) -> dict[str, Any]:
        """How the run ended, as plain JSON values."""
        cell = self._levels().cells[0]
        values = {"index": cell.index, "index.low": cell.low, "index.high": cell.high}
        if self._recommendation is not None:
            score = methods.net_promoter(self._recommendation, weight=self.indicators.weight)
            values |= {"nps": score.score, "nps.low": score.low, "nps.high": score.high}
        return {
            "outcome": "", "n": self.survey.n_used, "estimator": "", "verdict": "none",
            "measures": {k: float(f"{v:.8g}") if np.isfinite(v) else None
                         for k, v in values.items()},
        }  # fmt: skip


def indicators(survey: Survey, params: IndexParams) -> tuple[Indicators, tuple[Message, ...]]:
    """Indicators as the codebook declares them, or those that were asked for.

    Raises
    ------
    InputError
        For unknown names, and where fewer than two indicators are there.
    """
    book = survey.codebook
    constructs = {c.name: c for c in book.constructs if c.items}
    variables = {v.name: v for v in book.variables}
    asked = params.listed("indicators") or _usual(survey)
    problems = [
        unknown("indicator", n, (*constructs, *variables))
        for n in asked if n not in constructs and n not in variables
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    if len(asked) < 2:
        raise InputError(message("loyalty_index.no_indicators", found=", ".join(asked) or "-"))
    chosen = {n: constructs[n].items for n in asked if n in constructs}
    answers = {i: survey.frame[i].to_numpy(float) for items in chosen.values() for i in items}
    weights, findings = methods.item_weights(chosen, answers)
    columns, values = [], []
    for name in asked:
        if name in constructs:
            items = [book.item(i) for i in constructs[name].items]
            values.append(methods.construct_score(
                np.column_stack([answers[i.name] for i in items]),
                [i.minimum or 0.0 for i in items], [i.maximum or 0.0 for i in items],
                weights[name],
            ))  # fmt: skip
            kind: Kind = "cognitive" if constructs[name].kind == "cognitive" else "attitudinal"
            columns.append(Indicator(name, kind, constructs[name].items, weights[name]))
        else:
            column, scaled = _stretched(survey, name)
            columns.append(column)
            values.append(scaled)
    return Indicators(
        tuple(columns), np.column_stack(values), _persons(survey), _weights(survey, params)
    ), findings


def _usual(survey: Survey) -> tuple[str, ...]:
    """Constructs of attitude, recommendation, and what was known of behaviour at the interview."""
    book = survey.codebook
    found = [c.name for c in book.constructs if c.items and c.role in ATTITUDES]
    found += [v.name for v in book.variables if v.type == "nps"][:1]
    for roles in BEHAVIOUR:
        known = [v.name for v in book.variables if v.role in roles and v.timing != "after"]
        found += known[:1]
    return tuple(found)


def _stretched(survey: Survey, name: str) -> tuple[Indicator, Array]:
    variable = survey.codebook.variable(name)
    x = survey.frame[name].to_numpy(float)
    if variable.type == "nps":
        return Indicator(name, "attitudinal", low=0.0, high=10.0), 10.0 * x
    logged = variable.type in LOGGED
    if variable.type in ("share", "binary"):
        low, high = 0.0, 1.0
    else:
        low, high = (float(v) for v in np.nanpercentile(x, (5, 95)))
    if not high > low:
        raise InputError(message("loyalty_index.constant", names=name))
    falling = variable.role in ("recency", "churn")
    scaled = methods.stretched(x, low=low, high=high, logged=logged, falling=falling)
    return Indicator(name, "behavioural", (), (), low, high, logged), scaled


def _persons(survey: Survey) -> NDArray[np.intp]:
    column = survey.codebook.roles.id
    if not column or column not in survey.frame:
        return np.arange(survey.n_used)
    # In order of appearance: pseudonyms differ from run to run.
    return pd.factorize(survey.frame[column])[0].astype(np.intp)


def _weights(survey: Survey, params: IndexParams) -> Array:
    column = survey.codebook.roles.weight
    if not params.weights or not column:
        return np.ones(survey.n_used)
    return survey.frame[column].to_numpy(float)


def grouping_problems(params: IndexParams, groups: Sequence[str]) -> list[Message]:
    """Columns asked for that the study does not have."""
    return [
        unknown("grouping", c, groups)
        for c in params.listed("by")
        if c not in groups and c not in ("brand", "channel")
    ]
