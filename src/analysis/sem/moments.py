"""What a model is fitted to: covariances, means and sizes of one or several groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError, message

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GroupMoments:
    """Moments of one group.

    ``cov`` (p, p) has divisor n (the maximum-likelihood one); ``mean`` (p,) is None where only
    covariances are known; ``rows`` (n, p) holds the answers where they exist.
    """

    label: str
    n: int
    cov: Array
    mean: Array | None = None
    rows: Array | None = None


@dataclass(frozen=True)
class Moments:
    """Moments of all groups over the same variables, in the order of ``names``."""

    names: tuple[str, ...]
    groups: tuple[GroupMoments, ...]

    @property
    def n(self) -> int:
        """Respondents over all groups."""
        return sum(g.n for g in self.groups)

    @property
    def has_means(self) -> bool:
        """Whether every group has means."""
        return all(g.mean is not None for g in self.groups)

    @property
    def has_rows(self) -> bool:
        """Whether the answers themselves are at hand."""
        return all(g.rows is not None for g in self.groups)

    @classmethod
    def from_data(
        cls, rows: ArrayLike, names: Sequence[str], *, group: Sequence[str] | None = None
    ) -> Moments:
        """Moments of answers ``rows`` (n, p), one row a respondent, NaN where missing.

        Only complete rows enter the covariances; ``rows`` keeps the incomplete ones out too.
        With ``group`` (n,) there is one set of moments a label, in the order of appearance.
        """
        x = np.ascontiguousarray(rows, dtype=float)
        if x.ndim != 2 or x.shape[1] != len(names):
            raise ModelError(
                message("sem.shape", rows=str(x.shape), names=len(names))
            )
        labels = np.asarray([""] * len(x) if group is None else list(group), dtype=object)
        keep = ~np.isnan(x).any(axis=1)
        order = dict.fromkeys(labels.tolist())
        groups = [cls._of_rows(label, x[(labels == label) & keep]) for label in order]
        moments = cls(tuple(names), tuple(groups))
        return moments._checked()

    @staticmethod
    def _of_rows(label: str, x: Array) -> GroupMoments:
        mean = x.mean(axis=0) if len(x) else np.full(x.shape[1], np.nan)
        centred = x - mean
        return GroupMoments(label, len(x), centred.T @ centred / max(len(x), 1), mean, x)

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
        return cls(tuple(names), (GroupMoments("", n, matrix, mean),))._checked()

    def _checked(self) -> Moments:
        p = len(self.names)
        for g in self.groups:
            if g.cov.shape != (p, p):
                raise ModelError(message("sem.shape", rows=str(g.cov.shape), names=p))
        return self

    def select(self, names: Sequence[str]) -> Moments:
        """The same moments over ``names``, in that order."""
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
        groups = tuple(
            replace(
                g,
                cov=g.cov[np.ix_(ix, ix)],
                mean=None if g.mean is None else g.mean[ix],
                rows=None if g.rows is None else g.rows[:, ix],
            )
            for g in self.groups
        )
        return Moments(tuple(names), groups)

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

    def renamed(self, names: Mapping[str, str]) -> Moments:
        """The same moments under other variable names."""
        return replace(self, names=tuple(names.get(n, n) for n in self.names))
