"""The sample before any model: who is in it, how items are answered, what looks odd."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """One rule of the response funnel: ``out`` respondents left, ``left`` remain."""

    rule: str
    out: int
    left: int


@dataclass(frozen=True)
class Funnel:
    """From the answers received to those kept."""

    received: int
    steps: tuple[Step, ...]

    @property
    def kept(self) -> int:
        """Respondents after all rules."""
        return self.steps[-1].left if self.steps else self.received


def funnel(received: int, dropped: Mapping[str, int] | Iterable[tuple[str, int]]) -> Funnel:
    """The response funnel; ``dropped`` maps each rule, in order, to the respondents it removes.

    Raises
    ------
    ValueError
        Where more are removed than received.
    """
    pairs = dropped.items() if isinstance(dropped, Mapping) else dropped
    left, steps = received, []
    for rule, out in pairs:
        left -= out
        steps.append(Step(rule, out, left))
    if left < 0:
        raise ValueError(f"{received} received, {received - left} removed")
    return Funnel(received, tuple(steps))


@dataclass(frozen=True)
class Distribution:
    """Answers to one item: ``counts`` of the categories ``values``; divisor of ``sd`` n - 1.

    ``floor`` and ``ceiling`` are the shares of the lowest and highest answer of the scale.
    ``counts`` are empty for items that are not answered in categories.
    """

    name: str
    n: int
    missing: int
    mean: float
    sd: float
    floor: float
    ceiling: float
    values: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def unused(self) -> tuple[float, ...]:
        """Categories that nobody chose."""
        return tuple(v for v, c in zip(self.values, self.counts, strict=True) if not c)


def distribution(
    x: Array, name: str, *, minimum: float, maximum: float, categories: bool = True
) -> Distribution:
    """The answers ``x`` (n,) to one item on the scale ``minimum`` to ``maximum``."""
    known = x[~np.isnan(x)]
    n = len(known)
    values: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    if categories:
        values = tuple(float(v) for v in np.arange(minimum, maximum + 1.0))
        counts = tuple(int((known == v).sum()) for v in values)
    return Distribution(
        name, n, len(x) - n,
        float(known.mean()) if n else nan,
        float(known.std(ddof=1)) if n > 1 else nan,
        float((known == minimum).mean()) if n else nan,
        float((known == maximum).mean()) if n else nan,
        values, counts,
    )  # fmt: skip


def duplicates(X: Array) -> Mask:
    """Rows (n,) that repeat the answers of an earlier row exactly, NaN equal to NaN."""
    filled = np.where(np.isnan(X), np.inf, X)
    _, first = np.unique(filled, axis=0, return_index=True)
    found = np.ones(len(X), dtype=bool)
    found[first] = False
    return found


@dataclass(frozen=True)
class Direction:
    """Correlation of an item with the mean of its construct's other items.

    ``reversed`` is what the codebook says; a negative ``r`` says the item stands the wrong way
    round, whether it was turned and should not be or the other way about.
    """

    item: str
    construct: str
    r: float
    reversed: bool
    suspicious: bool


def directions(
    scored: Array,
    names: Sequence[str],
    blocks: Mapping[str, Sequence[str]],
    *,
    turned: Iterable[str] = (),
    limit: float = -0.10,
) -> tuple[Direction, ...]:
    """Whether every item of a construct points the same way as the rest.

    Parameters
    ----------
    scored
        Answers (n, p) with reversed items already turned round.
    turned
        Items that the codebook declares reversed.
    limit
        An item-rest correlation below this is suspicious.
    """
    at = {name: j for j, name in enumerate(names)}
    declared = frozenset(turned)
    found = []
    for construct, items in blocks.items():
        if len(items) < 2:
            continue
        for item in items:
            others = scored[:, [at[other] for other in items if other != item]]
            r = _correlation(scored[:, at[item]], _row_mean(others))
            found.append(Direction(item, construct, r, item in declared, r < limit))
    return tuple(found)


@dataclass(frozen=True)
class Outliers:
    """Squared robust distances (n,) of the complete rows, NaN for the others.

    ``cut`` is the chi-square quantile at 1 - ``alpha`` with ``df`` items; ``beyond`` counts rows
    above it.
    """

    d2: Array
    df: int
    alpha: float
    cut: float
    n: int
    beyond: int

    @property
    def outlying(self) -> Mask:
        """Rows beyond the cut."""
        with np.errstate(invalid="ignore"):
            found: Mask = self.d2 > self.cut
        return found

    @property
    def expected(self) -> float:
        """Rows beyond the cut if the data were normal."""
        return self.n * self.alpha


def robust_outliers(X: Array, *, alpha: float = 0.001, seed: int = 1) -> Outliers | None:
    """Distances from the minimum covariance determinant's centre (Rousseeuw & Van Driessen 1999).

    Reweighted estimates of scikit-learn on the complete rows; None with fewer than five rows for
    each item, or where the robust covariance is singular (most people answer alike).
    """
    from sklearn.covariance import MinCovDet

    complete = ~np.isnan(X).any(axis=1)
    rows = X[complete]
    n, p = rows.shape
    if p < 1 or n < 5 * p:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            robust = MinCovDet(random_state=seed).fit(rows)
        except ValueError:  # the half that lies closest together does not vary
            return None
    values = np.linalg.eigvalsh(robust.covariance_)
    if values[0] <= 1e-10 * values[-1]:
        return None
    d2 = np.full(len(X), nan)
    d2[complete] = robust.mahalanobis(rows)
    cut = float(stats.chi2.isf(alpha, p))
    return Outliers(d2, p, alpha, cut, n, int((d2[complete] > cut).sum()))


@dataclass(frozen=True)
class EarlyLate:
    """One scale's mean among early and late respondents (Welch's test, Cohen's d, Holm's p)."""

    name: str
    n_early: int
    n_late: int
    early: float
    late: float
    d: float
    t: float
    df: float
    p: float
    p_holm: float


def early_late(
    scores: Array,
    names: Sequence[str],
    when: ArrayLike,
    *,
    within: Sequence[object] | None = None,
    share: float = 1.0 / 3.0,
) -> tuple[EarlyLate, ...]:
    """The first and the last ``share`` of respondents compared (Armstrong & Overton 1977).

    Parameters
    ----------
    scores
        Scale means (n, m), NaN where missing.
    when
        Order of arrival (n,): times as numbers, NaN where unknown.
    within
        Wave of each respondent (n,); early and late are taken within waves.
    """
    order = np.asarray(when, dtype=np.float64)
    waves = np.zeros(len(order), dtype=int)
    if within is not None:
        labels = list(dict.fromkeys(within))
        waves = np.array([labels.index(w) for w in within], dtype=int)
    early, late = np.zeros(len(order), dtype=bool), np.zeros(len(order), dtype=bool)
    for wave in np.unique(waves):
        at = np.flatnonzero((waves == wave) & ~np.isnan(order))
        ranked = at[np.argsort(order[at], kind="stable")]
        size = int(len(ranked) * share)
        early[ranked[:size]] = True
        late[ranked[len(ranked) - size :]] = True
    rows = [_compare(scores[early, j], scores[late, j], name) for j, name in enumerate(names)]
    adjusted = holm([row.p for row in rows])
    return tuple(
        EarlyLate(r.name, r.n_early, r.n_late, r.early, r.late, r.d, r.t, r.df, r.p, p)
        for r, p in zip(rows, adjusted, strict=True)
    )


def _compare(a: Array, b: Array, name: str) -> EarlyLate:
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if min(len(a), len(b)) < 2:
        return EarlyLate(name, len(a), len(b), nan, nan, nan, nan, nan, nan, nan)
    va, vb = float(a.var(ddof=1)), float(b.var(ddof=1))
    error = va / len(a) + vb / len(b)
    gap = float(b.mean() - a.mean())
    pooled = sqrt(((len(a) - 1) * va + (len(b) - 1) * vb) / (len(a) + len(b) - 2))
    if not error:
        return EarlyLate(name, len(a), len(b), float(a.mean()), float(b.mean()), nan, nan, nan,
                         nan, nan)  # fmt: skip
    t = gap / sqrt(error)
    parts = (va / len(a)) ** 2 / (len(a) - 1) + (vb / len(b)) ** 2 / (len(b) - 1)
    df = error**2 / parts
    p = float(2.0 * stats.t.sf(abs(t), df))
    return EarlyLate(name, len(a), len(b), float(a.mean()), float(b.mean()), gap / pooled, t, df,
                     p, nan)  # fmt: skip


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values in the order given; NaN stays NaN and does not count."""
    known = sorted((value, i) for i, value in enumerate(p) if not np.isnan(value))
    adjusted = [nan] * len(p)
    floor = 0.0
    for rank, (value, i) in enumerate(known):
        floor = max(floor, min(1.0, (len(known) - rank) * value))
        adjusted[i] = floor
    return adjusted


@dataclass(frozen=True)
class Weights:
    """What weighting costs: ``effective`` = (sum w)^2 / sum w^2 (Kish), ``deff`` = n / that."""

    n: int
    effective: float
    deff: float
    smallest: float
    largest: float


def weights(w: Array) -> Weights:
    """Summary of sampling weights (n,), shown relative to their mean; NaN left out."""
    known = w[~np.isnan(w)]
    effective = float(known.sum() ** 2 / (known**2).sum())
    mean = float(known.mean())
    return Weights(len(known), effective, len(known) / effective, float(known.min()) / mean,
                   float(known.max()) / mean)  # fmt: skip


def _correlation(x: Array, y: Array) -> float:
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if len(x) < 3 or not float(np.ptp(x)) or not float(np.ptp(y)):
        return nan
    return float(np.corrcoef(x, y)[0, 1])


def _row_mean(X: Array) -> Array:
    count = (~np.isnan(X)).sum(axis=1)
    total = np.where(np.isnan(X), 0.0, X).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), nan)
