"""Groups of respondents compared in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import isfinite
from typing import Any

import numpy as np

from analysis.data import Survey
from analysis.errors import Message, message
from analysis.methods import consistency
from analysis.methods import invariance as methods
from analysis.methods.consistency import Consistency
from analysis.methods.invariance import (
    GroupEffect,
    Ladder,
    PathsByGroup,
    PermutedLadder,
    PermutedPaths,
)
from analysis.report import (
    Evidence,
    invariance,
    invariance_effects,
    invariance_groups,
    invariance_permutation,
)
from analysis.report import consistency as consistency_report
from analysis.report.invariance_words import fit_limits
from analysis.report.labels import Labels
from analysis.run.design import ordered_items
from analysis.run.params import ChannelsParams
from analysis.run.resolve import Choice, labels, observed, stamps
from analysis.run.waves import Waves
from analysis.sem import Moments
from analysis.sem.estimators import Estimator

MARK = " / "
EFFECT_DRAWS = 20000


@dataclass(frozen=True)
class Channels:
    """A model's measurement and paths over the groups of one column, or of several crossed."""

    choice: Choice

    @property
    def params(self) -> ChannelsParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, ChannelsParams)
        return self.choice.params

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs, items and groups in the reader's language."""
        study, language = self.choice.study, self.params.language
        columns = [labels(study, language, name).groups for name in self.params.listed("across")]
        crossed = {
            MARK.join(code for code, _ in cells): MARK.join(name for _, name in cells)
            for cells in product(*(groups.items() for groups in columns))
        }
        return replace(labels(study, language), groups=crossed)

    @property
    def _words(self) -> dict[str, Any]:
        return {
            "language": self.params.language,
            "labels": self.labels,
            "stamps": stamps(self.choice.study),
        }

    @cached_property
    def moments(self) -> Moments:
        """Answers by group, those without a group left out, in the codebook's order."""
        params, data = self.params, self.choice.data
        assert isinstance(data, Survey)
        columns = params.listed("across")
        known = data.frame[list(columns)].notna().all(axis=1).to_numpy()
        if not known.all():
            data = data.keep(known, reason="no_group")
        names, roles = observed(self.choice.syntax), data.codebook.roles
        of_row = [MARK.join(map(str, row)) for row in zip(*map(data.labels, columns), strict=True)]
        place = {MARK.join(c): i for i, c in enumerate(product(*map(data.levels, columns)))}
        order = np.argsort([place[label] for label in of_row], kind="stable")
        weights = data.frame[roles.weight].to_numpy(float)[order] if params.weights else None
        cluster = data.frame[roles.cluster].to_numpy()[order] if params.cluster else None
        found = Moments.from_data(
            data.items(names)[order],
            names,
            group=[of_row[i] for i in order],
            weights=weights,
            cluster=None if cluster is None else list(cluster),
        )
        least = self.least
        return replace(found, groups=tuple(g for g in found.groups if _rows(g) >= least))

    @property
    def least(self) -> int:
        """The smallest group that the codebook allows to be shown."""
        return self.choice.study.codebook.options.min_group

    @cached_property
    def withheld(self) -> tuple[Message, ...]:
        """Groups that are too small to be shown, by name."""
        data, columns = self.choice.data, self.params.listed("across")
        assert isinstance(data, Survey)
        rows = zip(*map(data.labels, columns), strict=True)
        sizes = Counter(MARK.join(map(str, row)) for row in rows if None not in row)
        kept = {g.label for g in self.moments.groups}
        return tuple(
            message("invariance.small_group", group=label, n=n, least=self.least)
            for label, n in sorted(sizes.items())
            if label not in kept
        )

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """Items taken as ordered categories."""
        if not self.params.ordered:
            return ()
        names = observed(self.choice.syntax)
        return ordered_items(self.params, self.choice.study.codebook, names)

    @property
    def estimator(self) -> Estimator:
        """The estimator by name, or a robust one."""
        return self.params.estimator or ("WLSMV" if self.ordered else "MLR")

    @cached_property
    def climbed(self) -> Ladder:
        """The ladder."""
        params = self.params
        sizes = [n for n in map(_rows, self.moments.groups) if n]
        found = methods.invariance_ladder(
            self.choice.syntax,
            self.moments,
            estimator=self.estimator,
            missing=params.missing or None,
            ordered=self.ordered,
            release=params.listed("release"),
            partial=params.partial,
            limits=fit_limits(sizes) if params.rule == "fit" else None,
        )
        return replace(found, findings=(*self.withheld, *found.findings))

    @cached_property
    def compared(self) -> PathsByGroup:
        """Paths under equal loadings; what the ladder released or proposes to release is free."""
        loose = dict.fromkeys(r.element for r in self.climbed.releases)
        asked = dict.fromkeys("".join(r.split()) for r in self.params.listed("release"))
        found = methods.compare_paths(
            self.choice.syntax,
            self.moments,
            estimator="MLR" if self.ordered else self.estimator,
            missing=self.params.missing or None,
            release=tuple(asked | loose),
        )
        if not self.ordered:
            return found
        return replace(found, findings=(*found.findings, message("invariance.paths_numeric")))

    @cached_property
    def waves(self) -> Waves:
        """The same respondents over waves."""
        return Waves(self.choice)

    @cached_property
    def permuted(self) -> PermutedLadder:
        """Permutation tests of the ladder."""
        return methods.permuted_ladder(
            self.climbed, self.choice.syntax, self.moments,
            permutations=self.params.permutations, seed=self.params.seed,
        )  # fmt: skip

    @cached_property
    def permuted_paths(self) -> PermutedPaths:
        """Permutation tests of the paths."""
        return methods.permuted_paths(
            self.compared, self.choice.syntax, self.moments,
            permutations=self.params.permutations, seed=self.params.seed,
        )  # fmt: skip

    @cached_property
    def group_effects(self) -> tuple[GroupEffect, ...]:
        """Effects in every group."""
        return methods.group_effects(self.compared, draws=EFFECT_DRAWS, seed=self.params.seed)

    @cached_property
    def complete_ladder(self) -> Ladder | None:
        """The ladder up to the scalar step on complete respondents, releases applied."""
        complete = methods.complete_groups(self.climbed, self.moments)
        if complete is None:
            return None
        return methods.invariance_ladder(
            self.choice.syntax,
            complete,
            estimator="MLR" if complete.design else "ML",
            release=self.params.listed("release"),
            partial="none" if self.params.partial == "none" else "apply",
            steps=("configural", "metric", "scalar"),
        )

    @cached_property
    def consistent(self) -> Consistency | None:
        """The index of every pair, where measurement can be compared."""
        rung = self.complete_ladder.scalar if self.complete_ladder else None
        if rung is None:
            return None
        return consistency.consistency(
            rung.solution, draws=self.params.draws, seed=self.params.seed
        )

    def ladder(self) -> Evidence:
        """The ladder, step by step."""
        by_fit = self.params.rule == "fit"
        return invariance.invariance_table(self.climbed, by_fit=by_fit, **self._words)

    def ladder_figure(self) -> Evidence:
        """Change of fit at each step."""
        return invariance.invariance_figure(self.climbed, **self._words)

    def causes(self) -> Evidence:
        """What a failed step fails by."""
        return invariance.causes_table(self.climbed, **self._words)

    def releases(self) -> Evidence:
        """What was set free or proposed."""
        return invariance.releases_table(self.climbed, **self._words)

    def effects(self) -> Evidence:
        """How much the noninvariance matters."""
        found = methods.noninvariance(self.climbed, self.choice.syntax, self.moments)
        ordered = bool(self.ordered)
        return invariance.noninvariance_table(found, ordered=ordered, **self._words)

    def permutation(self) -> Evidence:
        """Whether chance alone could lose as much fit."""
        return invariance_permutation.permutation_table(self.permuted, **self._words)

    def consistency(self) -> Evidence:
        """One figure for every pair of groups."""
        return consistency_report.consistency_table(self.consistent, **self._words)

    def consistency_figure(self) -> Evidence:
        """The same as a drawing."""
        return consistency_report.consistency_figure(self.consistent, **self._words)

    def means(self) -> Evidence:
        """Latent means, where they may be compared."""
        found = methods.latent_means(self.climbed)
        return invariance_groups.latent_means_table(found, **self._words)

    def paths(self) -> Evidence:
        """Paths by group."""
        permuted = self.permuted_paths
        return invariance_groups.group_paths_table(self.compared, permuted=permuted, **self._words)

    def paths_figure(self) -> Evidence:
        """Paths by group with their intervals."""
        return invariance_groups.group_paths_figure(self.compared, **self._words)

    def path_differences(self) -> Evidence:
        """Differences of paths, pair by pair."""
        return invariance_groups.path_differences_table(self.compared, **self._words)

    def indirect_figure(self) -> Evidence:
        """Effects by group with their intervals."""
        return invariance_effects.group_effects_figure(self.group_effects, **self._words)

    def indirect(self) -> Evidence:
        """Differences of effects, pair by pair."""
        return invariance_effects.group_effects_table(
            self.group_effects, draws=EFFECT_DRAWS, **self._words
        )

    def pairs(self) -> Evidence:
        """Which groups deviate."""
        found = methods.pairs_of_groups(
            self.choice.syntax,
            self.moments,
            estimator=self.estimator,
            missing=self.params.missing or None,
            ordered=self.ordered,
        )
        return invariance_groups.group_pairs_figure(found, **self._words)

    def record(self) -> dict[str, Any]:
        """How the comparison ended, as plain JSON values."""
        standing = self.climbed.standing
        if standing is None:
            tried = self.climbed.rungs
            outcome = tried[0].solution.outcome.value if tried else "no_groups"
            n = tried[0].solution.n if tried else None
            return {"outcome": outcome, "n": n, "estimator": "", "measures": {}, "verdict": "none"}
        verdict = self.ladder().verdict
        measures = standing.solution.measures
        variant = self.climbed.variant
        found = {}
        for name in ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr"):
            measure = measures.get(f"{name}{variant}") or measures.get(name)
            known = measure is not None and isfinite(measure.value)
            found[name] = float(f"{measure.value:.8g}") if measure and known else None
        return {
            "outcome": standing.solution.outcome.value,
            "n": standing.solution.n,
            "estimator": standing.solution.estimator,
            "measures": found,
            "verdict": verdict.level if verdict else "none",
        }


def _rows(group: Any) -> int:
    return int((~np.isnan(group.rows)).any(axis=1).sum()) if group.rows is not None else group.n
