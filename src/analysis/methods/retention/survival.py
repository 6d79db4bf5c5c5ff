"""When customers leave: Kaplan-Meier curves, the log-rank test, Cox regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.errors import ModelError, message

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Z = 1.959963984540054


@dataclass(frozen=True)
class Curve:
    """Share still there (times,) of one group with 95% limits on the log scale.

    ``n`` is the size of the group and ``events`` its leavers; a group below the minimum is
    ``held`` back and has no numbers.
    """

    label: str
    n: int
    events: int
    times: Array
    share: Array
    low: Array
    high: Array
    held: bool = False


@dataclass(frozen=True)
class LogRank:
    """Log-rank test that all groups leave at the same rate."""

    statistic: float
    df: int
    pvalue: float


@dataclass(frozen=True)
class Cox:
    """Cox regression: log hazard ratios (p,) with model-based and cluster-robust errors.

    Ties after Efron; ``log_likelihood`` without and with the predictors; ``concordance`` is
    Harrell's C.
    """

    estimates: Array
    se: Array
    robust_se: Array
    log_likelihood: tuple[float, float]
    n: int
    events: int
    concordance: float


def kaplan_meier(
    time: Array, event: Array, group: Index, labels: Sequence[str], *, least: int
) -> tuple[Curve, ...]:
    """Product-limit curves by group; ``group`` (n,) indexes ``labels``, -1 is nobody's.

    Greenwood's variance, limits of the log share (the default of R's survival).
    """
    found = []
    for g, label in enumerate(labels):
        t, d = time[group == g], event[group == g]
        if len(t) < least:
            none = np.empty(0)
            found.append(Curve(label, len(t), int(d.sum()), none, none, none, none, True))
            continue
        times = np.unique(t)
        risk = (t[:, None] >= times).sum(axis=0)
        gone = ((t[:, None] == times) & (d[:, None] == 1)).sum(axis=0)
        share = np.cumprod(1.0 - gone / risk)
        with np.errstate(divide="ignore", invalid="ignore"):
            se = np.sqrt(np.cumsum(gone / (risk * (risk - gone))))
            low, high = share * np.exp(-Z * se), np.minimum(share * np.exp(Z * se), 1.0)
        found.append(Curve(label, len(t), int(d.sum()), times.astype(float), share, low, high))
    return tuple(found)


def log_rank(time: Array, event: Array, group: Index) -> LogRank:
    """Log-rank test over the groups 0 ... k - 1 (rows of group -1 are left out)."""
    inside = group >= 0
    time, event = time[inside], event[inside]
    k = int(group.max()) + 1
    member = group[inside][:, None] == np.arange(k)
    gap, V = np.zeros(k), np.zeros((k, k))
    for t in np.unique(time[event == 1]):
        risk = member[time >= t].sum(axis=0).astype(float)
        dead = member[(time == t) & (event == 1)].sum(axis=0)
        n, d = risk.sum(), dead.sum()
        gap += dead - d * risk / n
        if n > 1:
            share = risk / n
            V += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    statistic = float(gap @ np.linalg.pinv(V) @ gap)
    df = int((member.sum(axis=0) > 0).sum()) - 1
    return LogRank(statistic, df, float(stats.chi2.sf(statistic, df)))


def cox(time: Array, event: Array, X: Array, person: Index) -> Cox:
    """Cox regression of ``X`` (n, p) by Newton's method with Efron's treatment of ties.

    Robust errors add up the score residuals of a person (Lin & Wei 1989).

    Raises
    ------
    ModelError
        Where a column decides who leaves (no finite estimate) or columns repeat each other.
    """
    center = X.mean(axis=0)
    Z0 = X - center
    beta = np.zeros(X.shape[1])
    null = value = _efron(time, event, Z0, beta)[0]
    for _ in range(30):
        value, gradient, information = _efron(time, event, Z0, beta)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError as error:
            raise ModelError(message("retention.no_hazards")) from error
        size = 1.0
        while _efron(time, event, Z0, beta + size * step)[0] < value - 1e-10 and size > 1e-4:
            size /= 2.0
        beta = beta + size * step
        if np.abs(step).max() < 1e-10:
            break
    value, _, information = _efron(time, event, Z0, beta)
    if np.linalg.cond(information) > 1e12 or np.abs(beta * X.std(axis=0)).max() > 15:
        raise ModelError(message("retention.no_hazards"))
    inverse = np.linalg.inv(information)
    residuals = _score_residuals(time, event, Z0, beta)
    summed = np.zeros((int(person.max()) + 1, X.shape[1]))
    np.add.at(summed, person, residuals)
    influence = summed @ inverse
    return Cox(
        estimates=beta, se=np.sqrt(np.diag(inverse)),
        robust_se=np.sqrt((influence**2).sum(axis=0)), log_likelihood=(null, value),
        n=len(time), events=int(event.sum()), concordance=_concordance(time, event, Z0 @ beta),
    )  # fmt: skip


def _efron(time: Array, event: Array, X: Array, beta: Array) -> tuple[float, Array, Array]:
    """Partial log likelihood, its gradient (p,) and information (p, p)."""
    eta = X @ beta
    r = np.exp(eta)
    p = X.shape[1]
    value, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
    for t in np.unique(time[event == 1]):
        risk, dead = time >= t, (time == t) & (event == 1)
        share = np.arange(dead.sum()) / dead.sum()
        s0, d0 = r[risk].sum(), r[dead].sum()
        s1, d1 = r[risk] @ X[risk], r[dead] @ X[dead]
        s2 = (X[risk] * r[risk, None]).T @ X[risk]
        d2 = (X[dead] * r[dead, None]).T @ X[dead]
        w = s0 - share * d0
        mean = (s1 - share[:, None] * d1) / w[:, None]
        value += float(eta[dead].sum() - np.log(w).sum())
        gradient += X[dead].sum(axis=0) - mean.sum(axis=0)
        information += s2 * (1 / w).sum() - d2 * (share / w).sum() - mean.T @ mean
    return value, gradient, information


def _score_residuals(time: Array, event: Array, X: Array, beta: Array) -> Array:
    """Score residuals (n, p) under Efron's ties."""
    r = np.exp(X @ beta)
    found = np.zeros_like(X)
    for t in np.unique(time[event == 1]):
        risk, dead = time >= t, (time == t) & (event == 1)
        share = np.arange(dead.sum()) / dead.sum()
        w = r[risk].sum() - share * r[dead].sum()
        mean = (r[risk] @ X[risk] - share[:, None] * (r[dead] @ X[dead])) / w[:, None]
        alive = risk & ~dead
        found[alive] -= r[alive, None] * (X[alive] * (1 / w).sum() - mean.T @ (1 / w))
        part = (1.0 - share) / w
        found[dead] += X[dead] - mean.mean(axis=0)
        found[dead] -= r[dead, None] * (X[dead] * part.sum() - mean.T @ part)
    return found


def _concordance(time: Array, event: Array, risk: Array) -> float:
    """Harrell's C: share of comparable pairs whose order of risk is that of leaving."""
    right = half = pairs = 0
    for t in np.unique(time[event == 1]):
        now = np.sort(risk[(time == t) & (event == 1)])
        later = risk[(time > t) | ((time == t) & (event == 0))]
        below = np.searchsorted(now, later, side="right")
        ties = below - np.searchsorted(now, later, side="left")
        pairs += len(now) * len(later)
        right += int((len(now) - below).sum())
        half += int(ties.sum())
    return (right + 0.5 * half) / pairs if pairs else float("nan")
