"""Permutation tests of differences between paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, message
from analysis.methods.invariance.groups import complete_among
from analysis.methods.invariance.latent_means import holm
from analysis.methods.invariance.paths import PathsByGroup, compare_paths
from analysis.methods.invariance.permuted import (
    Refitted,
    coverable,
    permutation_p,
    permuted_moments,
    refitted,
)
from analysis.sem import Moments, Solution
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.plan import compilable
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PermutedPath:
    """Wald statistic of a path's equality over groups; ``p_holm`` over the paths."""

    source: str
    target: str
    wald: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class PermutedPaths:
    """Permutation tests of all paths at once and of each, on ``n`` complete respondents.

    ``chisq`` is the difference between equal and free paths. Empty where ``findings`` say so.
    """

    n: int
    total: int
    permutations: int
    chisq: float
    p: float
    paths: tuple[PermutedPath, ...]
    findings: tuple[Message, ...] = ()


def permuted_paths(
    found: PathsByGroup,
    model: str | ModelSyntax,
    moments: Moments,
    *,
    permutations: int = 500,
    seed: int = 1,
) -> PermutedPaths:
    """Deal the respondents anew to the groups, and see how far paths come apart by chance.

    Parameters
    ----------
    found, model, moments : the comparison of paths with what it was made of.
    permutations : how many; none for 0.
    seed : of the random numbers.

    Notes
    -----
    A path's statistic is its Wald test, in which every permutation has its own standard errors:
    a studentized statistic keeps the level where groups differ in variances (Janssen 1997).
    Complete answers and maximum likelihood, expected information.
    """
    if not permutations or found.solution is None or not found.paths:
        return _nothing()
    if moments.design:
        return _nothing(message("invariance.permute_design", design=", ".join(moments.design)))
    pair = _complete(found, model, moments)
    if pair is None:
        return _nothing(message("invariance.permute_groups"))
    free, equal = pair
    own = Batch.of_moments(free.fit.moments)
    drawn = permuted_moments(free.fit.moments, permutations, seed)
    batch = Batch(np.concatenate([own.stats, drawn.stats]), own.p)
    general = refitted(free, batch)
    chisq = refitted(equal, batch).chisq - general.chisq
    wald = _walds(general, [(p.target, p.source) for p in found.paths])
    p = [permutation_p(float(column[0]), column[1:]) for column in wald.T]
    rows = zip(found.paths, wald[0], p, holm(p), strict=True)
    return PermutedPaths(
        free.n, sum(n for _, n in found.groups), permutations, float(chisq[0]),
        permutation_p(float(chisq[0]), chisq[1:]),
        tuple(PermutedPath(x.source, x.target, float(w), a, b) for x, w, a, b in rows),
    )  # fmt: skip


def _nothing(*findings: Message) -> PermutedPaths:
    return PermutedPaths(0, 0, 0, nan, nan, (), findings)


def _complete(
    found: PathsByGroup, model: str | ModelSyntax, moments: Moments
) -> tuple[Solution, Solution] | None:
    """Models with free and with equal paths on complete respondents, None where that fails."""
    free, equal = found.solution, found.restricted
    if free is None or equal is None:
        return None
    if not coverable(free):
        ready = complete_among(moments, free.names, [label for label, _ in found.groups])
        if ready is None:
            return None
        again = compare_paths(model, ready, estimator="ML", release=found.released)
        free, equal = again.solution, again.restricted
    if free is None or equal is None or not (free.outcome.admissible and equal.outcome.estimated):
        return None
    return (free, equal) if compilable(free.fit) and compilable(equal.fit) else None


def _walds(refits: Refitted, paths: Sequence[tuple[str, str]]) -> Array:
    """Wald statistics (D, paths) of each path's equality, at every draw's own information."""
    fit = refits.solution.fit
    places = [
        [r.free - 1 for r in fit.model.free if (r.lhs, r.op, r.rhs) == (target, "~", source)]
        for target, source in paths
    ]
    basis = refits.plan.C[refits.plan.place]
    contrasts = []
    for at in places:
        C = np.zeros((len(at) - 1, len(basis)))
        C[:, at[0]], C[range(len(at) - 1), at[1:]] = -1.0, 1.0
        contrasts.append(C)
    stacked = np.concatenate(contrasts)
    ends = np.cumsum([0, *(len(C) for C in contrasts)])
    walds = np.full((len(refits.theta), len(paths)), nan)
    slopes, gaps = stacked @ basis, refits.theta @ stacked.T
    n, none = refits.solution.inference.n_scale, np.zeros((len(basis), 0))
    for d, (_, H) in enumerate(refits.expansions(none)):
        if not refits.solved[d]:
            continue
        V = slopes @ np.linalg.solve(H, slopes.T) * (2.0 / n)
        for i, (a, b) in enumerate(pairwise(ends)):
            walds[d, i] = gaps[d, a:b] @ np.linalg.solve(V[a:b, a:b], gaps[d, a:b])
    return walds
