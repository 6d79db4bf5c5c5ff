"""Dynamic fit index cut-offs: what SRMR, RMSEA and CFI do when this very model is wrong.

McNeish & Wolf (2023): samples of the study's size are drawn from the fitted model and from the
same model with known misspecifications added (levels), and the model is refitted to each. The
cut-off of a level is the value that flags 95% of the misspecified samples while at most 5% of the
correct ones are flagged (90% and 10% where that fails; else the index cannot tell them apart).

Several factors (their ``cfaHB``, after Hu & Bentler 1999): level k adds k cross-loadings. The
weakest item of a factor loads as strongly on the factor with the highest coefficient H, at most
.95 of what its residual variance has room for. One factor (``cfaOne``): residuals of pairs of
items, the weakest first, correlate .30; a third, two thirds and all of the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.rng import generator
from analysis.sem import Moments, Solution, indices, sem
from analysis.sem.fit import Fit
from analysis.sem.implied import implied
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.draws import Normal
from analysis.sem.resampling.refit import FAILED, IMPROPER, refit
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
Kind = Literal["cross_loading", "residual_correlation"]
Spread = tuple[float, float, float]
ROOM = 0.95
RESIDUAL_CORRELATION = 0.30
RULES = (0.05, 0.10)
LEAST = 0.9  # share of samples that must have a minimum
NO_RESIDUAL = 1e-6
INDICES = ("srmr", "rmsea", "cfi")


@dataclass(frozen=True, slots=True)
class Misspecification:
    """One parameter that the samples have and the model lacks.

    ``other`` is a factor or an item; ``size`` is a standardized cross-loading or a correlation of
    residuals.
    """

    kind: Kind
    item: str
    other: str
    size: float


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A cut-off and its ``error``: the share of wrong flags on either side, NaN without cut-off."""

    value: float
    error: float


@dataclass(frozen=True)
class Level:
    """One level: misspecifications ``added`` so far, the cut-offs, and how many samples count.

    ``spread`` holds 5%, 50% and 95% points of each index over the misspecified samples; ``used``
    of them have a minimum, ``improper`` of these an inadmissible one.
    """

    number: int
    added: tuple[Misspecification, ...]
    cutoffs: dict[str, Cutoff]
    spread: dict[str, Spread]
    used: int
    improper: int

    def passed(self, values: Mapping[str, float | None]) -> bool | None:
        """Whether indices ``values`` are better than all cut-offs that exist; None without any."""
        pairs = [(name, values.get(name), self.cutoffs[name].value) for name in INDICES]
        known = [better(n, v, limit) for n, v, limit in pairs if v is not None and isfinite(limit)]
        return all(known) if known else None


@dataclass(frozen=True)
class DynamicCutoffs:
    """Cut-offs of all levels; ``correct`` is the spread of each index where the model is right.

    Without ``levels``, ``findings`` say why.
    """

    kind: Kind
    n: int
    replications: int
    seed: int
    correct: dict[str, Spread] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    findings: tuple[Message, ...] = ()


def dynamic_cutoffs(
    solution: Solution, syntax: ModelSyntax, *, replications: int = 500, seed: int = 1
) -> DynamicCutoffs:
    """Cut-offs for a fitted measurement model.

    Parameters
    ----------
    solution : the model on the study's data, one group of continuous items.
    syntax : its text, factors and residual covariances only.
    replications : samples a level.
    seed : the same seed gives the same cut-offs.

    Notes
    -----
    Samples are normal; under missing answers or robust estimators they stand for complete normal
    data of the same size. Moments are drawn directly (Wishart), so the size costs nothing and is
    not limited to 2000 as in the authors' program.
    """
    kind = _kind(solution)
    blank = DynamicCutoffs(kind, solution.n, replications, seed)
    problem = _problem(solution)
    if problem is not None:
        return _without(blank, problem)
    population = solution.implied[0].Sigma
    moments = Moments.from_published(
        names=solution.names, n=solution.n, covariances=population, rescale=False
    )
    try:
        hypothesis = sem(syntax, moments).fit
    except ModelError as error:
        return _without(blank, *error.messages)
    added = misspecifications(solution)
    if not added:
        return _without(blank, message("cutoffs.no_items"))
    steps = _steps(kind, len(added))
    drawn = [_indices(hypothesis, population, replications, seed, 0)]
    for number, count in enumerate(steps, start=1):
        wrong = misspecified(solution, added[:count])
        if np.linalg.eigvalsh(wrong)[0] <= 0.0:
            steps = steps[: number - 1]
            break
        drawn.append(_indices(hypothesis, wrong, replications, seed, number))
    if any(len(values["cfi"]) < LEAST * replications for values, _ in drawn):
        return _without(blank, message("cutoffs.unstable", n=solution.n))
    correct, _ = drawn[0]
    levels = tuple(
        _level(number, added[:count], correct, values, improper)
        for number, (count, (values, improper)) in enumerate(
            zip(steps, drawn[1:], strict=True), start=1
        )
    )
    spread = {name: _spread(correct[name]) for name in INDICES}
    return DynamicCutoffs(kind, solution.n, replications, seed, spread, levels)


def _without(blank: DynamicCutoffs, *findings: Message) -> DynamicCutoffs:
    return DynamicCutoffs(
        blank.kind, blank.n, blank.replications, blank.seed, findings=tuple(findings)
    )


def _problem(solution: Solution) -> Message | None:
    """Why there can be no cut-offs, if so."""
    groups = solution.fit.moments.groups
    if not solution.outcome.admissible:
        return message("cutoffs.inadmissible")
    if len(groups) > 1:
        return message("cutoffs.groups", count=len(groups))
    if groups[0].ordinal is not None:
        return message("cutoffs.ordered")
    if solution.preset.loss != "ML":
        return message("cutoffs.not_ml", estimator=solution.estimator)
    if solution.inference.test.df <= 0:
        return message("cutoffs.saturated")
    return None


# Which misspecifications


def _blocks(solution: Solution) -> dict[str, dict[str, float]]:
    """Standardized loadings of the items of every factor that has items."""
    observed = set(solution.names)
    found: dict[str, dict[str, float]] = {}
    for e in solution.estimates:
        if e.op == "=~" and e.rhs in observed and e.group == 1:
            found.setdefault(e.lhs, {})[e.rhs] = e.std_all
    return found


def _kind(solution: Solution) -> Kind:
    return "cross_loading" if len(_blocks(solution)) > 1 else "residual_correlation"


def _free_items(solution: Solution, blocks: dict[str, dict[str, float]]) -> dict[str, list[str]]:
    """Items of every factor that load on it alone and whose residual covaries with nothing."""
    correlated = {
        name
        for e in solution.estimates
        if e.op == "~~" and e.lhs != e.rhs and (e.free or e.est != 0.0)
        for name in (e.lhs, e.rhs)
    }
    owners: dict[str, int] = {}
    for items in blocks.values():
        for item in items:
            owners[item] = owners.get(item, 0) + 1
    return {
        factor: [
            item
            for item, loading in items.items()
            if owners[item] == 1 and item not in correlated and 1.0 - loading**2 > NO_RESIDUAL
        ]
        for factor, items in blocks.items()
    }


def misspecifications(solution: Solution) -> tuple[Misspecification, ...]:
    """What is added, in the order in which it is added."""
    blocks = _blocks(solution)
    free = _free_items(solution, blocks)
    if len(blocks) > 1:
        return tuple(_cross_loadings(solution, blocks, free))
    (factor,) = blocks
    items = sorted(free[factor], key=lambda item: abs(blocks[factor][item]))
    count = {4: 1, 5: 2}.get(len(items), len(items) // 2)
    if len(items) < 4:
        return ()
    return tuple(
        Misspecification(
            "residual_correlation", items[2 * i], items[2 * i + 1], RESIDUAL_CORRELATION
        )
        for i in range(count)
    )


def _cross_loadings(
    solution: Solution, blocks: dict[str, dict[str, float]], free: dict[str, list[str]]
) -> Iterable[Misspecification]:
    """The weakest item of each factor but one, onto the best measured factor it is not used with.

    Factors of three items or more come first, then the weaker items.
    """
    weakest = {
        factor: min(items, key=lambda item: abs(blocks[factor][item]))
        for factor, items in free.items()
        if items and len(blocks[factor]) > 1
    }
    sources = sorted(
        weakest, key=lambda f: (len(blocks[f]) < 3, abs(blocks[f][weakest[f]]))
    )[: len(blocks) - 1]  # fmt: skip
    R = solution.latent_correlation[0]
    at = {name: i for i, name in enumerate(solution.latent)}
    h = {factor: coefficient_h(items.values()) for factor, items in blocks.items()}
    used: set[frozenset[str]] = set()
    for factor in sources:
        targets = [
            other
            for other, items in blocks.items()
            if other != factor and len(items) > 1 and frozenset((factor, other)) not in used
        ]
        if not targets:
            continue
        target = max(targets, key=lambda other: h[other])
        used.add(frozenset((factor, target)))
        item = weakest[factor]
        loading, rho = blocks[factor][item], float(R[at[factor], at[target]])
        size = min(abs(loading), most_loading(loading, rho))
        yield Misspecification("cross_loading", item, target, float(np.sign(loading)) * size)


def coefficient_h(loadings: Iterable[float]) -> float:
    """Maximal reliability of a factor (Hancock & Mueller 2001)."""
    squares = [x * x for x in loadings]
    if any(x >= 1.0 for x in squares):
        return inf
    total = sum(x / (1.0 - x) for x in squares)
    return total / (1.0 + total)


def most_loading(loading: float, rho: float) -> float:
    """``ROOM`` of the largest cross-loading that leaves no negative residual variance."""
    shared = abs(loading * rho)
    return ROOM * (sqrt(shared**2 + 1.0 - loading**2) - shared)


def _steps(kind: Kind, count: int) -> tuple[int, ...]:
    """How many misspecifications each level has."""
    if kind == "cross_loading" or count < 3:
        return tuple(range(1, count + 1))
    return (count // 3, 2 * count // 3, count)


def misspecified(solution: Solution, added: Sequence[Misspecification]) -> Array:
    """Covariances (p, p) of the population with the misspecifications, variances unchanged."""
    group, at = solution.fit.model.groups[0], solution.implied[0]
    A, S, _ = group.matrices(solution.fit.theta)
    place = {name: i for i, name in enumerate(group.variables)}
    p = group.p
    sd = np.sqrt(np.diag(at.C))
    residual = np.sqrt(np.maximum(np.diag(S), 0.0))
    for m in added:
        i, j = place[m.item], place[m.other]
        if m.kind == "cross_loading":
            A[i, j] += m.size * sd[i] / sd[j]
        else:
            S[i, j] = S[j, i] = m.size * residual[i] * residual[j]
    T = np.linalg.inv(np.eye(len(A)) - A)[:p]
    Sigma: Array = T @ S @ T.T
    np.fill_diagonal(Sigma, np.diag(at.Sigma))
    return Sigma


# What the model makes of the samples


def _indices(
    hypothesis: Fit, population: Array, replications: int, seed: int, level: int
) -> tuple[dict[str, Array], int]:
    """Indices of all samples with a minimum, and how many of these are improper."""
    n = hypothesis.moments.n
    own = int(generator(seed, "cutoffs", level).integers(2**31))
    factor = np.linalg.cholesky(population).astype(np.float64)
    source = Normal((np.zeros(len(population)),), (factor,), (n,), (float(n),), own)
    blocks = -(-replications // source.block)
    stats = np.concatenate([source(number).stats for number in range(blocks)])[:replications]
    batch = Batch(stats, len(population))
    found = refit(hypothesis, batch)
    keep = found.status != FAILED
    values = fit_indices(hypothesis, batch[keep], found.theta[keep], found.value[keep])
    return values, int((found.status == IMPROPER).sum())


def fit_indices(hypothesis: Fit, batch: Batch, theta: Array, value: Array) -> dict[str, Array]:
    """SRMR, RMSEA and CFI (D,) of refits ``theta`` (D, q) with minima ``value`` (D,)."""
    n, p = hypothesis.moments.n, batch.p
    df = p * (p + 1) // 2 - hypothesis.constraints.basis(hypothesis.theta).shape[1]
    S = batch.covariances[:, 0]
    Sigma = implied(hypothesis.model.groups[0], theta.T).Sigma if len(theta) else S
    sd = np.sqrt(np.einsum("dii->di", S))
    _, log_determinant = np.linalg.slogdet(S / (sd[:, :, None] * sd[:, None, :]))
    chi2, null = np.maximum(n * value, 0.0), -n * log_determinant
    return {
        "srmr": np.array([indices.srmr(S=s, Sigma=g) for s, g in zip(S, Sigma, strict=True)]),
        "rmsea": np.array([indices.rmsea(chi2=x, df=df, n=n) for x in chi2]),
        "cfi": np.array(
            [
                indices.cfi(chi2=x, df=df, chi2_null=y, df_null=p * (p - 1) // 2)
                for x, y in zip(chi2, null, strict=True)
            ]
        ),
    }


def _level(
    number: int,
    added: tuple[Misspecification, ...],
    correct: dict[str, Array],
    wrong: dict[str, Array],
    improper: int,
) -> Level:
    return Level(
        number,
        added,
        {name: cutoff(name, correct[name], wrong[name]) for name in INDICES},
        {name: _spread(wrong[name]) for name in INDICES},
        len(wrong["cfi"]),
        improper,
    )


def cutoff(name: str, correct: Array, wrong: Array) -> Cutoff:
    """The cut-off by the 95/5 rule, else by the 90/10 rule, else none."""
    sign = -1.0 if name == "cfi" else 1.0  # larger is worse but for CFI
    for error in RULES:
        flagged = float(np.quantile(sign * wrong, error))
        if float(np.quantile(sign * correct, 1.0 - error)) < flagged:
            return Cutoff(sign * flagged, error)
    return Cutoff(nan, nan)


def _spread(values: Array) -> Spread:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)


def better(name: str, value: float, limit: float) -> bool:
    """Whether an index is on the good side of a cut-off."""
    return value > limit if name == "cfi" else value < limit
