"""What customers are worth, from the table of purchases and the survey."""

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
from analysis.methods import customer_value as methods
from analysis.methods.customer_value import Estimates, History, Values, Worth
from analysis.methods.segments import TIERS
from analysis.report import Evidence, customer_value, customer_value_figures
from analysis.run import retention_columns as columns
from analysis.run import scores
from analysis.run.params import RetentionParams
from analysis.run.resolve import Choice

Array = NDArray[np.float64]
Index = NDArray[np.intp]
DRAWS = 200
EPOCH = np.datetime64("2000-01-01")


@dataclass(frozen=True)
class Valued:
    """Purchases and value of a study's respondents.

    ``person`` (n,) numbers the respondents' persons; ``chances`` and ``tiers`` give the chance of
    leaving and the tier of every respondent when they are needed.
    """

    choice: Choice
    survey: Survey
    person: Index
    chances: Callable[[], Array]
    tiers: Callable[[], Index]

    @property
    def params(self) -> RetentionParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, RetentionParams)
        return self.choice.params

    @property
    def currency(self) -> str:
        """Currency of the amounts; empty where the codebook does not say."""
        found = (v.currency for v in self.survey.codebook.variables if v.currency)
        return next(found, "")

    @cached_property
    def table(self) -> tuple[Index, Array, Array]:
        """Person, day and amount of each purchase of the respondents.

        Raises
        ------
        InputError
            Where there is no such table, or its columns or the survey's id are not declared.
        """
        book = self.survey.codebook
        entry = next((t for t in book.tables if t.name == "purchases"), None)
        if entry is None:
            raise InputError(message("customer_value.no_purchases"))
        lacking = [job for job in ("id", "date", "amount") if job not in entry.columns]
        column = book.roles.id
        if lacking or not column or column not in self.survey.frame:
            names = ", ".join(lacking) or "roles.id"
            raise InputError(message("customer_value.no_columns", names=names))
        frame = self.choice.study.table("purchases").frame
        ids = pd.factorize(self.survey.frame[column])[1]
        who = pd.Index(ids).get_indexer(frame["id"]).astype(np.intp)
        if not (who >= 0).any():
            raise InputError(message("customer_value.nobody"))
        return who, _days(frame["date"].to_numpy()), frame["amount"].to_numpy(float)

    @cached_property
    def cutoff(self) -> Array:
        """The day of each person's last interview; else ``weeks`` before the table ends."""
        persons = int(self.person.max()) + 1
        start = self.survey.codebook.roles.start
        if start and start in self.survey.frame:
            found = np.full(persons, -np.inf)
            days = _days(self.survey.frame[start].to_numpy())
            np.fmax.at(found, self.person, days)
            return found
        end = float(np.nanmax(self.table[1]))
        return np.full(persons, end + 1.0 - 7.0 * self.params.weeks)

    @cached_property
    def row(self) -> Index:
        """Place of each customer's last interview in the survey."""
        last = np.zeros(int(self.person.max()) + 1, dtype=np.intp)
        start = self.survey.codebook.roles.start
        order = np.arange(len(self.person))
        if start and start in self.survey.frame:
            order = np.argsort(_days(self.survey.frame[start].to_numpy()), kind="stable")
        last[self.person[order]] = order
        return last[self.history.person]

    @cached_property
    def history(self) -> History:
        """Purchases up to the cut-off."""
        who, day, amount = self.table
        return methods.history(who, day, amount, self.cutoff)

    @cached_property
    def orders(self) -> Estimates:
        """BG/NBD."""
        return methods.fit_purchases(self.history)

    @cached_property
    def amounts(self) -> Estimates:
        """Gamma-Gamma."""
        return methods.fit_amounts(self.history)

    @cached_property
    def values(self) -> Values:
        """Value of each customer."""
        p = self.params
        return methods.customer_values(
            self.orders, self.amounts, self.history, weeks=p.weeks, discount=p.discount,
            margin=p.margin, draws=min(p.draws, DRAWS), seed=p.seed,
        )  # fmt: skip

    def models(self, **words: Any) -> Evidence:
        """Parameters of both models and what they mean."""
        return customer_value.models_table(
            self.orders, self.amounts, self.values, methods.dependence(self.history),
            currency=self.currency, **words,
        )  # fmt: skip

    def holdout(self, **words: Any) -> Evidence:
        """Expected purchases against those made after the cut-off."""
        who, day, amount = self.table
        weeks = self.params.weeks
        known = float(np.nanmax(day)) + 1.0
        watched = np.floor((known - self.cutoff[self.history.person]).min() / 7.0)
        if watched < min(weeks, 4):
            raise InputError(message("customer_value.no_holdout"))
        weeks = int(min(weeks, watched))
        made = methods.later(who, day, amount, self.cutoff, weeks)[:, self.history.person]
        least = self.survey.codebook.options.min_group
        found = methods.holdout(
            self.orders, self.amounts, self.history, made, weeks=weeks, least=least
        )
        return customer_value_figures.holdout_figure(found, least=least, **words)

    def stake(self, **words: Any) -> Evidence:
        """Value and value at stake by tier."""
        try:
            member = self.tiers()[self.row]
        except AnalysisError:
            member = np.full(len(self.row), -1, dtype=np.intp)
        chances = self.chances()[self.row]
        found = methods.groups(
            self.values, member, TIERS if (member >= 0).any() else (), chances,
            least=self.survey.codebook.options.min_group, seed=self.params.seed,
        )  # fmt: skip
        return customer_value_figures.stake_figure(
            found, weeks=self.params.weeks, discount=self.params.discount,
            margin=self.params.margin, currency=self.currency,
            least=self.survey.codebook.options.min_group, **words,
        )  # fmt: skip

    def satisfaction(self, **words: Any) -> Evidence:
        """Money that goes with one point of satisfaction."""
        book = self.survey.codebook
        found = [c.name for c in book.constructs
                 if c.role == "satisfaction" and scores.items_of(book, c.name)]  # fmt: skip
        if not found:
            raise InputError(message("customer_value.no_satisfaction"))
        score = scores.score(self.survey, found[0])
        plain, past = self._controls()
        made: list[Worth] = []
        for name, money, rows in self._money():
            for label, controls in (("plain", plain), ("past", np.column_stack([plain, past]))):
                if label == "past" and not past.shape[1]:
                    continue
                made.append(methods.worth(
                    money, score[rows], controls[rows], self.person[rows], outcome=name,
                    label=label,
                ))  # fmt: skip
        if not made:
            raise InputError(message("customer_value.no_money"))
        return customer_value.worth_table(
            made, found[0], persons=len(set(self.person)), currency=self.currency,
            weeks=self.params.weeks, **words,
        )  # fmt: skip

    def _money(self) -> list[tuple[str, Array, Index]]:
        """Amounts spent after the interview, and the model's value, with their rows."""
        book = self.survey.codebook
        every = np.arange(self.survey.n_used, dtype=np.intp)
        found = [
            (v.name, self.survey.frame[v.name].to_numpy(float), every)
            for v in book.variables if v.type == "amount" and v.timing == "after"
        ][:1]  # fmt: skip
        with suppress(AnalysisError):
            found.append(("", self.values.value, self.row))
        return found

    def _controls(self) -> tuple[Array, Array]:
        """Columns of person and groups, and of behaviour before (n, k), gaps at the median."""
        plain: list[Array] = []
        past: list[Array] = []
        for c in columns.candidates(self.survey, self.params.model_copy(update={"predictors": ""}),
                                    ""):  # fmt: skip
            if c.timing == "after" or c.block == "survey" or not c.columns:
                continue
            gaps = np.isnan(c.values)
            X = np.where(gaps, np.nanmedian(c.values, axis=0), c.values)
            (past if c.block == "behaviour" else plain).append(X)
        ordered = [g.name for g in self.survey.codebook.groups if g.ordered][:1]
        for name in ordered:
            label = np.array(self.survey.labels(name), dtype=object)
            waves = list(self.survey.levels(name))[1:]
            plain += [np.asarray(label == w, dtype=float)[:, None] for w in waves]
        none = np.empty((self.survey.n_used, 0))
        return (np.column_stack(plain) if plain else none,
                np.column_stack(past) if past else none)  # fmt: skip

    def measures(self) -> dict[str, float]:
        """Headline figures, none where the models cannot be fitted."""
        try:
            values = self.values
        except AnalysisError:
            return {}
        return {"clv.mean": float(values.value.mean()), "clv.total": float(values.value.sum())}


def _days(dates: NDArray[Any]) -> Array:
    """Whole days since a fixed date, NaN where there is none."""
    whole = dates.astype("datetime64[D]")
    found = (whole - EPOCH).astype(float)
    return np.where(np.isnat(whole), np.nan, found)
