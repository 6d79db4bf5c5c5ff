"""Indirect effects in each group, and whether they differ: Monte Carlo intervals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.methods.invariance.latent_means import holm
from analysis.methods.invariance.paths import PathsByGroup
from analysis.rng import generator
from analysis.sem import Solution
from analysis.sem.resampling.intervals import limits
from analysis.syntax.per_group import group_suffix

Array = NDArray[np.float64]

_OF_GROUP = re.compile(r"(.+)\.g(\d+)")


@dataclass(frozen=True, slots=True)
class EffectInGroup:
    """One effect in one group, raw, with its interval."""

    group: str
    est: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True, slots=True)
class EffectDifference:
    """Effect in ``group`` less that in ``reference``; ``p_holm`` over all pairs of all effects."""

    group: str
    reference: str
    est: float
    ci_lower: float
    ci_upper: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class GroupEffect:
    """An effect over groups: a defined one by its ``name``, or ``source`` to ``target``.

    ``via`` are the variables that a defined effect leads through, from source to target, where it
    is a product of paths.
    """

    name: str
    source: str
    target: str
    groups: tuple[EffectInGroup, ...]
    pairs: tuple[EffectDifference, ...]
    via: tuple[str, ...] = ()


def group_effects(
    found: PathsByGroup, *, draws: int = 20000, seed: int = 1, level: float = 0.95
) -> tuple[GroupEffect, ...]:
    """The model's defined effects in each group with their differences, or all indirect ones.

    Parameters
    ----------
    found : the comparison of paths; its model has equal loadings and free paths.
    draws : points from the normal distribution of the estimates, with the standard errors of
        their estimator (MacKinnon, Lockwood & Williams 2004).
    seed : of the random numbers.
    level : of the intervals, the middle share of the draws.

    Notes
    -----
    A model without ``:=`` gives every indirect effect, all ways round the direct path at once.
    Empty without a solution or standard errors. The p of a difference is twice the share of
    draws beyond zero, at least 2 / (draws + 1).
    """
    solution = found.solution
    if solution is None or not solution.outcome.admissible or solution.inference.vcov is None:
        return ()
    points = _points(solution, draws, seed)
    values = _defined(solution, points) or _indirect(solution, points)
    labels = solution.partable.groups
    rows = [_effect(key, table, labels, level) for key, table in values.items()]
    adjusted = iter(holm([pair.p for row in rows for pair in row.pairs]))
    return tuple(
        replace(
            row,
            pairs=tuple(replace(pair, p_holm=next(adjusted)) for pair in row.pairs),
            via=_chain(solution, row.name),
        )
        for row in rows
    )


def _chain(solution: Solution, name: str) -> tuple[str, ...]:
    """The variables of an effect that is a product of paths, one leading to the next."""
    rows = solution.partable.rows
    text = next((r.rhs for r in rows if r.op == ":=" and r.lhs == f"{name}{group_suffix(1)}"), "")
    labels = [part.strip() for part in text.split("*")]
    paths = {r.label: (r.rhs, r.lhs) for r in rows if r.op == "~" and r.label}
    steps = [paths[label] for label in labels if label in paths]
    if len(steps) < 2 or len(steps) < len(labels):
        return ()
    starts = {source for source, _ in steps} - {target for _, target in steps}
    following = dict(steps)
    chain = [*starts] if len(starts) == 1 and len(following) == len(steps) else []
    while chain and chain[-1] in following and len(chain) <= len(steps):
        chain.append(following[chain[-1]])
    return tuple(chain) if len(chain) == len(steps) + 1 else ()


def _points(solution: Solution, draws: int, seed: int) -> Array:
    """The estimates and then ``draws`` points about them (q, 1 + draws)."""
    assert solution.inference.vcov is not None
    theta = solution.fit.theta
    roots, vectors = np.linalg.eigh(solution.inference.vcov)
    scaled = vectors * np.sqrt(np.maximum(roots, 0.0))
    z = generator(seed, "effects by group").standard_normal((draws, len(theta)))
    return np.concatenate([theta[:, None], theta[:, None] + scaled @ z.T], axis=1)


Key = tuple[str, str, str]


def _defined(solution: Solution, points: Array) -> Mapping[Key, Array]:
    """Values (1 + draws, groups) of the effects that every group has its own of."""
    bindings, count = solution.fit.constraints.bindings, len(solution.partable.groups)
    names = [name for name, _ in bindings.defined]
    bases = dict.fromkeys(m[1] for m in map(_OF_GROUP.fullmatch, names) if m)
    with np.errstate(all="ignore"):
        values = bindings.at(points)
    found: dict[Key, Array] = {}
    for base in bases:
        own = [f"{base}{group_suffix(g + 1)}" for g in range(count)]
        if all(name in values for name in own):
            columns = [np.broadcast_to(np.asarray(values[n], float), points.shape[1]) for n in own]
            found[base, "", ""] = np.stack(columns, axis=1)
    return found


def _indirect(solution: Solution, points: Array) -> Mapping[Key, Array]:
    """Values (1 + draws, groups) of total less direct effects: (I - B)^-1 - I - B."""
    paths = [r for r in solution.partable.rows if r.op == "~" and r.group == 1]
    nodes = list(dict.fromkeys(name for r in paths for name in (r.rhs, r.lhs)))
    k, columns = len(nodes), []
    for model in solution.fit.model.groups:
        at = [model.variables.index(name) for name in nodes]
        B = np.broadcast_to(model.A0[np.ix_(at, at)], (points.shape[1], k, k)).copy()
        place = {v: i for i, v in enumerate(at)}
        for row, col, par in zip(model.A.row, model.A.col, model.A.par, strict=True):
            if row in place and col in place:
                B[:, place[row], place[col]] = points[par]
        columns.append(np.linalg.inv(np.eye(k) - B) - np.eye(k) - B)
    values = np.stack(columns, axis=-1)
    present = (np.abs(values[0]) > 0).any(axis=-1)
    return {
        ("", nodes[source], nodes[target]): values[:, target, source]
        for target in range(k)
        for source in range(k)
        if present[target, source] and source != target
    }


def _effect(key: Key, table: Array, labels: tuple[str, ...], level: float) -> GroupEffect:
    low, high = limits("percentile", table[1:], table[0], level=level)
    groups = tuple(
        EffectInGroup(label, float(est), float(a), float(b))
        for label, est, a, b in zip(labels, table[0], low, high, strict=True)
    )
    pairs = []
    for j, i in combinations(range(len(labels)), 2):
        gap = table[:, i] - table[:, j]
        (a,), (b,) = limits("percentile", gap[1:, None], gap[:1], level=level)
        pairs.append(
            EffectDifference(
                labels[i], labels[j], float(gap[0]), float(a), float(b), two_sided(gap[1:]), np.nan
            )
        )
    return GroupEffect(*key, groups, tuple(pairs))


def two_sided(drawn: Array) -> float:
    """Twice the smaller share of draws on one side of zero, the sample itself counted in."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan")
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2.0 * (beyond + 1.0) / (len(known) + 1.0))
