"""What a model is fitted to: covariances, means and sizes of one or several groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError, message
from analysis.sem.algebra import whitened
from analysis.sem.answers import Answers as Answers
from analysis.sem.answers import numbered_clusters, scaled_weights
from analysis.sem.missing import Patterns, patterns, saturated_moments
from analysis.sem.ordinal_checks import pooled_categories
from analysis.sem.ordinal_stats import OrdinalMoments, ordinal_moments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GroupMoments:
    """Moments of one group.

    ``cov`` (p, p) has divisor n (the maximum-likelihood one); ``mean`` (p,) is None where only
    covariances are known; ``answers`` are there where the data themselves are. Until
    ``complete``, ``full_information`` or ``categorical`` has prepared them for a model, n, cov
    and mean are those of the complete rows. ``patterns`` is there with full information (cov and
    mean are then the saturated model's), ``ordinal`` with ordered items.
    """

    label: str
    n: int
    cov: Array
    mean: Array | None = None
    answers: Answers | None = None
    patterns: Patterns | None = None
    ordinal: OrdinalMoments | None = None

    @property
    def size(self) -> float:
        """What the group counts in the loss: n, or the sum of its weights."""
        if self.answers is None or self.answers.weights is None:
            return float(self.n)
        return float(self.answers.weights.sum())

    @cached_property
    def logdet(self) -> float:
        """log|cov|."""
        known = self._whitened
        return float(np.linalg.slogdet(self.cov)[1]) if known is None else known[1]

    @cached_property
    def _whitened(self) -> tuple[Array, float] | None:
        return whitened(self.cov)

    @property
    def least_eigenvalue(self) -> float:
        """A lower bound of the smallest eigenvalue of the correlations; 0 if they are singular.

        The trace of their inverse bounds the inverse of that eigenvalue.
        """
        if self._whitened is None:
            return 0.0
        K = self._whitened[0]
        return 1.0 / float(np.add.reduce(K * K, axis=0) @ self.cov.diagonal())

    @property
    def rows(self) -> Array | None:
        """The answers (n, p) alone."""
        return None if self.answers is None else self.answers.rows


@dataclass(frozen=True)
class Moments:
    """Moments of all groups over the same variables, in the order of ``names``."""

    names: tuple[str, ...]
    groups: tuple[GroupMoments, ...]

    @property
    def n(self) -> int:
        """Respondents over all groups; also the sum of their weights."""
        return sum(g.n for g in self.groups)

    @classmethod
    def from_data(
        cls,
        rows: ArrayLike,
        names: Sequence[str],
        *,
        group: Sequence[str] | None = None,
        weights: ArrayLike | None = None,
        cluster: Sequence[object] | None = None,
    ) -> Moments:
        """Moments of answers ``rows`` (n, p), one row a respondent, NaN where missing.

        With ``group`` (n,) there is one set of moments a label, in the order of appearance.
        ``weights`` (n,) are positive sampling weights, brought to mean 1; ``cluster`` (n,) names
        the cluster (store, interviewer) of each respondent.
        """
        x = np.ascontiguousarray(rows, dtype=float)
        if x.ndim != 2 or x.shape[1] != len(names):
            raise ModelError(message("sem.shape", rows=str(x.shape), names=len(names)))
        answers = Answers(x, scaled_weights(weights, len(x)), numbered_clusters(cluster, len(x)))
        if group is None and len(x):
            return cls(tuple(names), (_of_answers("", answers),))
        labels = np.asarray([] if group is None else list(group), dtype=object)
        order = dict.fromkeys(labels.tolist())
        groups = tuple(
            _of_answers(label, answers.take(np.asarray(labels == label))) for label in order
        )
        return cls(tuple(names), groups)

    @classmethod
    def from_published(
        cls,
        *,
        names: Sequence[str],
        n: int,
        correlations: ArrayLike | None = None,
        covariances: ArrayLike | None = None,
        sds: ArrayLike | None = None,
        means: ArrayLike | None = None,
        rescale: bool = True,
    ) -> Moments:
        """Moments of one group from a published matrix.

        Give ``covariances`` (p, p), or ``correlations`` (p, p) with or without ``sds`` (p,).
        Published matrices have divisor n - 1; with ``rescale`` they are brought to divisor n, as
        lavaan does (``sample.cov.rescale``).
        """
        if (covariances is None) == (correlations is None):
            raise ModelError(message("sem.one_matrix"))
        matrix = np.asarray(covariances if correlations is None else correlations, dtype=float)
        if sds is not None and correlations is not None:
            sd = np.asarray(sds, dtype=float)
            matrix = matrix * np.outer(sd, sd)
        if rescale:
            matrix = matrix * ((n - 1) / n)
        mean = None if means is None else np.asarray(means, dtype=float)
        if matrix.shape != (len(names), len(names)):
            raise ModelError(message("sem.shape", rows=str(matrix.shape), names=len(names)))
        _check_matrix(matrix, names)
        return cls(tuple(names), (GroupMoments("", n, matrix, mean),))

    def select(self, names: Sequence[str]) -> Moments:
        """The same moments over ``names``, in that order; those prepared already are kept."""
        prepared = all(g.ordinal is not None or g.patterns is not None for g in self.groups)
        if tuple(names) == self.names:
            return self if prepared else replace(self, groups=tuple(map(_plain, self.groups)))
        missing = [name for name in names if name not in self.names]
        if missing:
            raise ModelError(
                message(
                    "sem.unknown_variable",
                    name=", ".join(missing),
                    known=", ".join(self.names),
                )
            )
        ix = np.array([self.names.index(name) for name in names], dtype=int)
        return Moments(tuple(names), tuple(_columns(g, ix) for g in self.groups))

    def arranged(self, names: Sequence[str]) -> Moments:
        """Prepared moments, which must already be in the order of ``names``."""
        if tuple(names) == self.names:
            return self
        raise ValueError(f"moments are over {self.names}, the model wants {tuple(names)}")

    @property
    def design(self) -> tuple[str, ...]:
        """What the data carry of a survey's design: weights, cluster."""
        answers = [g.answers for g in self.groups if g.answers is not None]
        weighted = any(a.weights is not None for a in answers)
        clustered = any(a.cluster is not None for a in answers)
        return ("weights",) * weighted + ("cluster",) * clustered

    @property
    def incomplete(self) -> int:
        """Respondents with a missing answer."""
        answers = [g.answers for g in self.groups if g.answers is not None]
        return sum(len(a.complete) - int(np.count_nonzero(a.complete)) for a in answers)

    def complete(self) -> Moments:
        """Only the respondents without a missing answer (listwise deletion)."""
        kept = [None if g.answers is None else g.answers.complete for g in self.groups]
        used = self._used(kept)
        groups = [
            g if a is None else _of_answers(g.label, a)
            for g, a in zip(self.groups, used, strict=True)
        ]
        return replace(self, groups=tuple(groups))

    def full_information(self, covariates: Sequence[str] = ()) -> Moments:
        """All respondents with at least one answer, and none missing on the ``covariates``.

        ``cov`` and ``mean`` become those of the saturated model. Raises ``ModelError`` where two
        items were never answered by the same respondent.
        """
        x = [self.names.index(name) for name in covariates]
        kept: list[NDArray[np.bool_] | None] = []
        for g in self.groups:
            answered = None if g.rows is None else ~np.isnan(g.rows)
            some = None if answered is None else _usable(answered, x)
            kept.append(some)
        groups = [
            g if a is None else _with_patterns(g.label, a, self.names)
            for g, a in zip(self.groups, self._used(kept), strict=True)
        ]
        return replace(self, groups=tuple(groups))

    def _used(self, kept: Sequence[NDArray[np.bool_] | None]) -> list[Answers | None]:
        """The respondents to keep, their weights brought to mean 1 over all groups."""
        used = [
            None if g.answers is None or keep is None else g.answers.take(keep)
            for g, keep in zip(self.groups, kept, strict=True)
        ]
        weights = [a.weights for a in used if a is not None and a.weights is not None]
        if not weights:
            return used
        mean = np.concatenate(weights).mean()
        return [
            a if a is None or a.weights is None else replace(a, weights=a.weights / mean)
            for a in used
        ]

    def categorical(self, ordered: Sequence[str]) -> Moments:
        """Thresholds, polychoric and polyserial correlations of the complete respondents.

        They are costly: moments that have them for the same items are returned as they are.
        """
        known = tuple(name for name in self.names if name in ordered)
        if all(g.ordinal is not None and g.ordinal.ordered == known for g in self.groups):
            return self
        rows = [g.rows for g in self.groups]
        if any(r is None for r in rows):
            raise ModelError(message("sem.rows_needed"))
        categories = pooled_categories(
            np.concatenate([r for r in rows if r is not None]), self.names, ordered
        )
        groups = []
        for g in self.complete().groups:
            assert g.answers is not None
            data = ordinal_moments(
                g.answers.rows,
                self.names,
                ordered,
                label=g.label,
                categories=categories,
                weights=g.answers.weights,
            )
            groups.append(replace(g, cov=data.cov, mean=data.means, ordinal=data))
        return replace(self, groups=tuple(groups))

    def rescaled(self, likelihood: Literal["normal", "wishart"]) -> Moments:
        """Covariances with divisor n (``normal``) or n - 1 (``wishart``)."""
        if likelihood == "normal":
            return self
        return replace(
            self, groups=tuple(replace(g, cov=g.cov * (g.n / (g.n - 1))) for g in self.groups)
        )

    def standardized(self) -> Moments:
        """Correlations in place of covariances, means zero; no rows."""
        groups = []
        for g in self.groups:
            sd = np.sqrt(np.diag(g.cov))
            groups.append(GroupMoments(g.label, g.n, g.cov / np.outer(sd, sd)))
        return Moments(self.names, tuple(groups))


def _check_matrix(matrix: Array, names: Sequence[str]) -> None:
    """Refuse a matrix that no data can have: asymmetric, or with a correlation beyond 1."""
    sd = np.sqrt(np.abs(np.diag(matrix)))
    unit = np.where(sd > 0, sd, 1.0)
    R = matrix / np.outer(unit, unit)
    problems = []
    for i, j in np.argwhere(np.tril(np.abs(R - R.T) > 1e-8, -1))[:5]:
        problems.append(message("sem.asymmetric", row=names[i], column=names[j]))
    for i, j in np.argwhere(np.tril(np.abs(R) > 1.0 + 1e-8, -1))[:5]:
        pair = f"{names[i]}, {names[j]}"
        problems.append(message("sem.beyond_one", pair=pair, value=f"{R[i, j]:.4f}"))
    if problems:
        raise ModelError(problems)


def _usable(answered: NDArray[np.bool_], x: list[int]) -> NDArray[np.bool_]:
    """Who gave some answer, and all of those in columns ``x``."""
    return np.asarray(answered.any(axis=1) & answered[:, x].all(axis=1))


def _of_answers(label: str, answers: Answers) -> GroupMoments:
    n, mean, cov = answers.moments
    return GroupMoments(label, n, cov, mean, answers)


def _plain(g: GroupMoments) -> GroupMoments:
    """The moments of the answers, where these are there."""
    return g if g.answers is None else _of_answers(g.label, g.answers)


def _columns(g: GroupMoments, ix: NDArray[np.intp]) -> GroupMoments:
    if g.answers is not None:
        return _of_answers(g.label, g.answers.columns(ix))
    mean = None if g.mean is None else g.mean[ix]
    return GroupMoments(g.label, g.n, g.cov[np.ix_(ix, ix)], mean)


def _with_patterns(label: str, used: Answers, names: tuple[str, ...]) -> GroupMoments:
    return of_patterns(label, len(used.rows), patterns(used.rows, used.weights), names, used)


def of_patterns(
    label: str, n: int, found: Patterns, names: Sequence[str], answers: Answers | None = None
) -> GroupMoments:
    """Moments for full information from the statistics of missing patterns.

    ``ModelError`` where two items were never answered by the same respondent.
    """
    never = np.argwhere(np.triu(found.coverage) + np.tril(np.ones_like(found.coverage), -1) == 0)
    if len(never):
        pairs = ", ".join(f"{names[i]} ~ {names[j]}" for i, j in never[:5])
        raise ModelError(message("sem.never_together", pairs=pairs, group=label))
    mean, cov, iterations, converged = saturated_moments(found)
    if not converged:
        raise ModelError(message("sem.em_not_converged", iterations=iterations, group=label))
    return GroupMoments(label, n, cov, mean, answers, found)
