"""The survey in a notebook before any model: every method is one piece of evidence about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.data import Codebook, Survey
from analysis.data.survey import DURATION
from analysis.errors import InputError, message
from analysis.i18n import text
from analysis.methods import careless as careless_methods
from analysis.methods import factor_analysis, missingness, normality, screening
from analysis.methods.careless import Careless
from analysis.report import (
    Evidence,
    survey_careless,
    survey_factors,
    survey_missing,
    survey_summary,
)
from analysis.report import survey as survey_report
from analysis.report.labels import Labels
from analysis.report.survey_summary import Screened
from analysis.run.estimation import estimate
from analysis.run.resolve import Choice, observed
from analysis.sem import Solution
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Narrowed(Choice):
    """A choice whose respondents are ``kept``."""

    kept: Survey

    @cached_property
    def data(self) -> Survey:
        """The respondents that were kept."""
        return self.kept


@dataclass(frozen=True)
class Screening:
    """The chosen respondents with the words to speak of their answers."""

    choice: Choice
    survey: Survey
    labels: Labels
    stamps: tuple[str, ...]
    exclude: str

    @property
    def _words(self) -> dict[str, Any]:
        language = self.choice.params.language
        return {"language": language, "labels": self.labels, "stamps": self.stamps}

    @cached_property
    def found(self) -> Screened:
        """The results of all checks."""
        syntax, found = self.choice.syntax, self.explored
        return replace(
            screened(self.survey, observed(syntax)),
            constructs=measured(syntax),
            factors=None if found.parallel is None else found.parallel.factors,
            kmo=None if found.adequacy is None else found.adequacy.kmo,
        )

    @cached_property
    def explored(self) -> Explored:
        """Exploratory factors of the model's items, complete rows."""
        return explored(self._complete)

    @property
    def _complete(self) -> Array:
        X = self.survey.items(observed(self.choice.syntax), check=False)
        return X[~np.isnan(X).any(axis=1)]

    @cached_property
    def excluded(self) -> Mask:
        """Who is left out by the parameter ``exclude`` (n,)."""
        if self.exclude == "careless":
            return self.found.careless.careless
        if self.exclude == "outliers" and self.found.outliers is not None:
            return self.found.outliers.outlying
        return np.zeros(self.survey.n_used, dtype=bool)

    def funnel(self) -> Evidence:
        """From answers received to answers kept."""
        language = self.choice.params.language
        dropped = dict(self.survey.dropped)
        reasons = {rule: text(f"data.drop.{rule}", language) for rule in dropped}
        if self.excluded.any():
            dropped[self.exclude] = int(self.excluded.sum())
            reasons[self.exclude] = text(f"screening.funnel.{self.exclude}", language)
        found = screening.funnel(self.survey.n_read, dropped)
        return survey_report.response_funnel(found, reasons=reasons, **self._words)

    def likert(self) -> Evidence:
        """Answers in categories."""
        groups = [item.construct for item in self.survey.codebook.items]
        return survey_report.likert_figure(self.found.items, groups, **self._words)

    def distributions(self) -> Evidence:
        """Mean, spread and shape of every item."""
        found = self.found
        return survey_report.distribution_table(found.items, found.shapes, **self._words)

    def directions(self) -> Evidence:
        """Items that run against their construct."""
        return survey_report.direction_table(self.found.directions, **self._words)

    def items(self) -> Evidence:
        """Items within their constructs: item-total correlations and alpha without each."""
        return survey_factors.item_table(item_scales(self.survey), **self._words)

    def factors(self) -> Evidence:
        """Factors of the model's items that exploration finds."""
        names, found = observed(self.choice.syntax), self.explored
        return survey_factors.factor_table(
            found.solution, names, adequacy=found.adequacy, parallel=found.parallel,
            least=found.least, n=len(self._complete), **self._words,
        )  # fmt: skip

    def missing(self) -> Evidence:
        """Where answers are missing."""
        found = self.found
        return survey_missing.missing_table(found.missing, found.little, **self._words)

    def missing_map(self) -> Evidence:
        """Missing answers by item and pattern."""
        return survey_missing.missing_figure(self.found.missing, **self._words)

    def normality(self) -> Evidence:
        """Multivariate normality and outliers of the model's items."""
        X = self.survey.items(observed(self.choice.syntax), check=False)
        return survey_missing.normality_table(
            normality.mardia(X), self.found.outliers, **self._words
        )

    def careless(self) -> Evidence:
        """Signs of careless responding."""
        return survey_careless.careless_table(self.found.careless, **self._words)

    def careless_figure(self) -> Evidence:
        """Respondents by number of signs."""
        return survey_careless.careless_figure(self.found.careless, **self._words)

    def early_late(self) -> Evidence:
        """Early and late respondents compared."""
        return survey_report.early_late_table(self.found.early_late, **self._words)

    def comparison(self) -> Evidence:
        """The model's results with and without the excluded respondents."""
        everyone = estimate(self.choice)
        return survey_careless.exclusion_table(
            everyone, self._without(everyone), rule=self.exclude, **self._words
        )

    def _without(self, everyone: Solution) -> Solution:
        if not self.excluded.any():
            return everyone
        c = self.choice
        kept = self.survey.keep(~self.excluded)
        return estimate(Narrowed(c.notebook, c.params, c.study, c.model, c.syntax, kept))

    def summary(self) -> Evidence:
        """All checks at a glance."""
        return survey_summary.survey_summary(self.found, **self._words)


def screen(choice: Choice, labels: Labels, stamps: tuple[str, ...], exclude: str) -> Screening:
    """Screening of a choice's respondents.

    Raises
    ------
    InputError
        For a study without respondents.
    """
    if not isinstance(choice.data, Survey):
        raise InputError(message("screening.no_rows", study=choice.study.name))
    return Screening(choice, choice.data, labels, stamps, exclude)


def screened(survey: Survey, names: tuple[str, ...]) -> Screened:
    """All checks of a survey; those that need complete rows take the model's items ``names``."""
    book = survey.codebook
    every = book.item_names
    X = survey.items(every, check=False)
    blocks = {c.name: c.items for c in book.constructs if len(c.items) > 1}
    part = survey.items(names, check=False)
    outliers = screening.robust_outliers(part)
    weight = book.roles.weight
    return Screened(
        careless=careless_signs(survey),
        missing=missingness.missingness(X, every, asked=asked(survey)),
        little=_little(part),
        items=tuple(
            screening.distribution(x, item.name, minimum=item.minimum or 0.0,
                                   maximum=item.maximum or 0.0, categories=not item.averaged)
            for x, item in zip(X.T, book.items, strict=True)
        ),
        shapes=normality.item_normality(X, every),
        directions=screening.directions(
            X, every, blocks, turned=[item.name for item in book.items if item.reversed]
        ),
        outliers=outliers,
        early_late=_early_late(survey, blocks),
        duplicates=int(screening.duplicates(X).sum()),
        weights=screening.weights(survey.frame[weight].to_numpy(float)) if weight else None,
    )  # fmt: skip


def _little(X: Array) -> missingness.Little | None:
    try:
        return missingness.little_test(X)
    except np.linalg.LinAlgError:
        return None


def careless_signs(survey: Survey, *, rules: careless_methods.Rules | None = None) -> Careless:
    """Signs of careless responding among the respondents of a survey."""
    book = survey.codebook
    names = book.item_names
    scored = survey.items(names, check=False)
    at = {name: j for j, name in enumerate(names)}
    times = survey.frame[DURATION].to_numpy(float) if DURATION in survey.frame else None
    return careless_methods.careless(
        presented(scored, book),
        scored,
        blocks=[[at[item] for item in c.items] for c in book.constructs if c.items],
        seconds=times,
        failed=_failed(survey),
        rules=rules,
    )


def presented(scored: Array, book: Codebook) -> Array:
    """Answers (n, p) as they were given, reversed items turned back."""
    answers = scored.copy()
    for j, item in enumerate(book.items):
        if item.reversed and item.minimum is not None and item.maximum is not None:
            answers[:, j] = item.minimum + item.maximum - answers[:, j]
    return answers


def _failed(survey: Survey) -> Array | None:
    """Attention checks answered wrongly (n,), NaN where none was seen."""
    checks = survey.codebook.attention
    if not checks:
        return None
    wrong = np.zeros((survey.n_used, len(checks)))
    for j, check in enumerate(checks):
        given = survey.frame[check.name].to_numpy(float)
        wrong[:, j] = np.where(np.isnan(given), np.nan, ~np.isin(given, check.answers))
    seen = ~np.isnan(wrong).all(axis=1)
    return np.where(seen, np.nansum(wrong, axis=1), np.nan)


def asked(survey: Survey) -> Mask:
    """Whether each respondent was to be asked each item (n, p)."""
    items = survey.codebook.items
    found = np.ones((survey.n_used, len(items)), dtype=bool)
    for j, item in enumerate(items):
        for group, levels in item.asked_of.items():
            found[:, j] &= survey.frame[group].isin(levels).to_numpy()
    return found


def _early_late(
    survey: Survey, blocks: dict[str, tuple[str, ...]]
) -> tuple[screening.EarlyLate, ...]:
    book = survey.codebook
    if not book.roles.start or not blocks:
        return ()
    times = survey.frame[book.roles.start]
    when = np.where(times.isna(), np.nan, times.astype("int64").to_numpy(float))
    waves = [survey.labels(group.name) for group in book.groups if group.ordered]
    scores = np.column_stack(
        [survey.frame[list(items)].mean(axis=1).to_numpy(float) for items in blocks.values()]
    )
    within = list(zip(*waves, strict=True)) if waves else None
    return screening.early_late(scores, list(blocks), when, within=within)


def measured(syntax: ModelSyntax) -> int:
    """Constructs of a model that two observed items or more measure."""
    items: dict[str, set[str]] = {}
    for formula in syntax.formulas:
        if formula.op == "=~":
            for name in formula.lhs:
                items.setdefault(name, set()).update(t.name for t in formula.terms)
    latent = set(syntax.latent)
    return sum(len(found - latent) > 1 for found in items.values())


def item_scales(survey: Survey) -> dict[str, factor_analysis.Scale]:
    """Item analysis of every construct with two items or more and enough complete rows."""
    found = {}
    for construct in survey.codebook.constructs:
        if len(construct.items) < 2:
            continue
        X = survey.items(construct.items, check=False)
        rows = X[~np.isnan(X).any(axis=1)]
        if len(rows) > 2 and (np.ptp(rows, axis=0) > 0).all():
            found[construct.name] = factor_analysis.item_analysis(rows, construct.items)
    return found


@dataclass(frozen=True)
class Explored:
    """What exploratory factor analysis found; all None where it cannot be done.

    ``solution`` is None as well where parallel analysis finds no factor.
    """

    solution: factor_analysis.Efa | None = None
    adequacy: factor_analysis.Adequacy | None = None
    parallel: factor_analysis.Parallel | None = None
    least: factor_analysis.Map | None = None


def explored(rows: Array) -> Explored:
    """Exploratory factors of complete ``rows`` (n, p), as many as parallel analysis suggests."""
    n, p = rows.shape
    if p < 3 or n < 3 * p or not (np.ptp(rows, axis=0) > 0).all():
        return Explored()
    R = np.asarray(np.corrcoef(rows, rowvar=False))
    if np.linalg.eigvalsh(R)[0] < 1e-8:
        return Explored()
    parallel = factor_analysis.parallel_analysis(R, n)
    most = max(m for m in range(p) if (p - m) ** 2 >= p + m)
    factors = min(parallel.factors, most)
    return Explored(
        factor_analysis.efa(R, factors, n=n) if factors else None,
        factor_analysis.adequacy(R, n),
        parallel,
        factor_analysis.minimum_average_partial(R),
    )
