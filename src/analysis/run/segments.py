"""Segments of respondents in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.data import Survey
from analysis.errors import InputError, message
from analysis.methods import segments as methods
from analysis.methods.segments import Kind, LikelihoodRatio, Outcome, Profiles, Tiers
from analysis.report import Evidence, segment_figures, segments
from analysis.report.labels import Labels
from analysis.run.params import SegmentParams, unknown
from analysis.run.resolve import Choice, labels, stamps
from analysis.run.scores import items_of, score
from analysis.run.screened import careless_signs, screen

Array = NDArray[np.float64]
Index = NDArray[np.intp]

DRIVERS = ("quality", "price", "personalization", "switching_cost", "identification")
KINDS: dict[str, Kind] = {"nps": "promoters", "binary": "share", "share": "share"}
NUMERIC = ("count", "amount", "share", "binary", "nps", "days")


@dataclass(frozen=True)
class Segments:
    """Latent profiles, tiers and moves of one study's respondents."""

    choice: Choice

    @property
    def params(self) -> SegmentParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, SegmentParams)
        return self.choice.params

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs, variables and groups in the reader's language."""
        study, language = self.choice.study, self.params.language
        found = labels(study, language)
        names = {v.name: v.label[language] or v.name for v in study.codebook.variables}
        return Labels(names={**found.names, **names}, wordings=found.wordings)

    @property
    def _words(self) -> dict[str, Any]:
        study, language = self.choice.study, self.params.language
        return {"language": language, "labels": self.labels, "stamps": stamps(study)}

    @cached_property
    def excluded(self) -> int:
        """How many respondents the parameter ``exclude`` left out."""
        assert isinstance(self.choice.data, Survey)
        return self.choice.data.n_used - self.survey.n_used

    @cached_property
    def survey(self) -> Survey:
        """The chosen respondents without those that ``exclude`` leaves out."""
        data = self.choice.data
        assert isinstance(data, Survey)
        if self.params.exclude == "none":
            return data
        if self.params.exclude == "careless":
            found = careless_signs(data).careless
        else:
            found = screen(self.choice, self.labels, (), self.params.exclude).excluded
        return data.keep(~found, reason=self.params.exclude) if found.any() else data

    @property
    def least(self) -> int:
        """Groups of fewer respondents are not shown."""
        return self.survey.codebook.options.min_group

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Constructs that segments are formed on.

        Raises
        ------
        InputError
            For unknown names, and where fewer than two are there.
        """
        book = self.survey.codebook
        known = {c.name: c for c in book.constructs if items_of(book, c.name)}
        asked = self.params.listed("indicators")
        problems = [unknown("indicator", n, known) for n in asked if n not in known]
        if problems:
            raise InputError(problems)
        if not asked:
            asked = tuple(n for n, c in known.items() if c.role in DRIVERS)
        if len(asked) < 2 and not self.params.indicators:
            asked = tuple(n for n, c in known.items() if c.items)
        if len(asked) < 2:
            raise InputError(message("segments.no_indicators", found=", ".join(asked) or "-"))
        return asked

    @cached_property
    def scores(self) -> Array:
        """Scores (n, p) of the constructs on 0-100, NaN where not known."""
        return np.column_stack([score(self.survey, name) for name in self.names])

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Who has all scores (n,)."""
        return np.asarray(~np.isnan(self.scores).any(axis=1))

    @cached_property
    def found(self) -> Profiles:
        """Mixtures of all structures and numbers of classes."""
        return methods.profiles(
            self.scores[self.known], classes=self.params.classes, most=max(self.params.most, 2),
            seed=self.params.seed,
        )  # fmt: skip

    @cached_property
    def member(self) -> Index:
        """Segment of every respondent (n,), -1 where not known."""
        found = np.full(len(self.known), -1, dtype=np.intp)
        found[self.known] = self.found.best.labels
        return found

    @cached_property
    def ratios(self) -> tuple[LikelihoodRatio, ...]:
        """Bootstrap tests of the chosen number against one less, and of one more against it."""
        best, X = self.found.best, self.scores[self.known]
        made = []
        for k in (best.k, best.k + 1):
            pair = self.found.of(best.structure, k - 1), self.found.of(best.structure, k)
            if pair[0] is not None and pair[1] is not None and self.params.draws:
                made.append(methods.bootstrap_ratio(
                    X, pair[0], pair[1], draws=self.params.draws, seed=self.params.seed
                ))  # fmt: skip
        return tuple(made)

    def selection(self) -> Evidence:
        """How many classes there are."""
        return segments.selection_table(
            self.found, self.ratios, n=int(self.known.sum()), excluded=self.excluded, **self._words
        )

    def selection_figure(self) -> Evidence:
        """BIC by number of classes."""
        return segment_figures.selection_figure(self.found, **self._words)

    @cached_property
    def similarity(self) -> Array:
        """How surely each segment is found again (k,)."""
        return methods.stability(self.scores[self.known], self.found.best, seed=self.params.seed)

    def profiles(self) -> Evidence:
        """The segments: sizes, means, certainty."""
        return segments.profile_table(
            self.found.best, self.names, self.scores[self.known], self.similarity, **self._words
        )

    def profiles_figure(self) -> Evidence:
        """The segments as profiles."""
        return segment_figures.profile_figure(
            self.found.best, self.names, self.scores[self.known], **self._words
        )

    def rivals(self) -> Evidence:
        """Other ways to part the respondents."""
        found = methods.rivals(self.scores[self.known], self.found, seed=self.params.seed)
        return segments.rivals_table(found, **self._words)

    def rules(self) -> Evidence:
        """Each segment in words."""
        found = methods.rules(
            self.scores[self.known], self.names, self.found.best.labels, least=self.least
        )
        return segments.rules_table(found, self.found.best.k, **self._words)

    def _outcomes(self, member: Index, k: int) -> list[Outcome]:
        found = []
        for v in self.survey.codebook.outcomes:
            if v.type not in NUMERIC or v.name not in self.survey.frame:
                continue
            x = self.survey.frame[v.name].to_numpy(float)
            kind = KINDS.get(v.type, "mean")
            found.append(methods.outcome(v.name, x, member, k, kind=kind, least=self.least))
        return found

    def behaviour(self) -> Evidence:
        """What the segments say and do."""
        k = self.found.best.k
        return segments.outcome_table(
            self._outcomes(self.member, k), segments.names_of(k, self.params.language),
            key="behaviour", least=self.least, **self._words,
        )  # fmt: skip

    @cached_property
    def tiers_found(self) -> Tiers | None:
        """Tiers by recency, frequency, spend and attitude; None without behaviour."""
        book, frame = self.survey.codebook, self.survey.frame
        by_role = {v.role: v.name for v in reversed(book.variables) if v.timing != "after"}
        columns = [by_role.get("recency"), by_role.get("orders") or by_role.get("frequency"),
                   by_role.get("spend")]  # fmt: skip
        if any(c is None for c in columns):
            return None
        x = [frame[c].to_numpy(float) for c in columns]
        attitude = next(
            (score(self.survey, c.name) for role in ("satisfaction", "loyalty")
             for c in book.constructs if c.role == role and items_of(book, c.name)), None,
        )  # fmt: skip
        return methods.tiers(x[0], x[1], x[2], attitude)

    def tiers(self) -> Evidence:
        """Tiers by behaviour and attitude, with the rule, and what they go on to do."""
        if self.tiers_found is None:
            return segments.no_tiers(**self._words)
        return segments.tiers_table(
            self.tiers_found,
            self._outcomes(self.tiers_found.tier, len(methods.TIERS)),
            least=self.least,
            **self._words,
        )

    def migration(self) -> Evidence:
        """Who moved from one wave to the next."""
        pairs = self._panel()
        if pairs is None:
            return segments.no_migration(**self._words)
        before, after, waves = pairs
        k = self.found.best.k
        moved = methods.migration(self.member[before], self.member[after], k, least=self.least)
        names = segments.names_of(k, self.params.language)
        return segment_figures.migration_figure(moved, names, waves, **self._words)

    def _panel(self) -> tuple[Index, Index, tuple[str, str]] | None:
        """Rows of the people in the first and in the last wave, and the waves' names."""
        book, frame = self.survey.codebook, self.survey.frame
        ordered = [g for g in book.groups if g.ordered and len(self.survey.levels(g.name)) > 1]
        column = book.roles.id
        if not ordered or column not in frame:
            return None
        levels = list(self.survey.levels(ordered[0].name))
        wave = np.array(self.survey.labels(ordered[0].name), dtype=object)
        person = pd.Series(np.arange(len(frame)), index=frame[column].to_numpy())
        first, last = person[wave == levels[0]], person[wave == levels[-1]]
        both = first.index.intersection(last.index, sort=False)
        if not len(both):
            return None
        language = self.params.language
        shown = [ordered[0].levels[v][language] or v if v in ordered[0].levels else v
                 for v in (levels[0], levels[-1])]  # fmt: skip
        rows = first.loc[both].to_numpy(np.intp), last.loc[both].to_numpy(np.intp)
        return rows[0], rows[1], (shown[0], shown[1])

    def record(self) -> dict[str, Any]:
        """How the run ended, as plain JSON values."""
        best = self.found.best
        values = {"classes": float(best.k), "bic": best.bic, "entropy": best.entropy}
        return {
            "outcome": "", "n": int(self.known.sum()), "estimator": best.structure,
            "verdict": "none",
            "measures": {k: float(f"{v:.8g}") if np.isfinite(v) else None
                         for k, v in values.items()},
        }  # fmt: skip
