"""Samples with permuted group labels, and a model's statistics in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.rng import generator
from analysis.sem import Moments, Solution
from analysis.sem.fit import Fit
from analysis.sem.implied import implied
from analysis.sem.indices import cfi, rmsea
from analysis.sem.moments import Answers
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.dense import evaluate, make_work
from analysis.sem.resampling.draws import Units, to_stats
from analysis.sem.resampling.newton import curvature
from analysis.sem.resampling.plan import Plan
from analysis.sem.resampling.refit import FAILED, prepare, refit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BLOCK = 64


def coverable(solution: Solution) -> bool:
    """Whether labels of the solution's respondents can be permuted: complete answers, ML."""
    groups = solution.fit.moments.groups
    return (
        solution.fit.loss == "ML"
        and not solution.fit.moments.design
        and all(g.patterns is None and g.ordinal is None and g.rows is not None for g in groups)
    )


def permuted_moments(moments: Moments, draws: int, seed: int) -> Batch:
    """Moments of ``draws`` samples whose respondents were dealt anew to groups of equal size.

    ``moments`` are complete answers without weights; covariances have divisor n. One product of
    memberships and respondents' terms makes all moments of a group.
    """
    rows = [g.rows for g in moments.groups]
    pooled = np.concatenate([x for x in rows if x is not None])
    units = Units.of(Answers(pooled), 1.0)
    count, p = len(moments.groups), pooled.shape[1]
    labels = np.repeat(np.arange(count), [g.n for g in moments.groups])
    stats = np.empty((draws, count, len(units.products) - 1))
    for first in range(0, draws, BLOCK):
        rng = generator(seed, "permutation", first // BLOCK)
        dealt = rng.permuted(np.tile(labels, (BLOCK, 1)), axis=1)
        last = min(first + BLOCK, draws)
        for g in range(count):
            sums = (dealt == g).astype(float) @ units.products.T
            found = np.empty((BLOCK, stats.shape[2]))
            to_stats(sums, units.center, units.scale, found)
            stats[first:last, g] = found[: last - first]
    return Batch(stats, p)


@dataclass(frozen=True)
class Refitted:
    """A model refitted to D samples: ``theta`` (D, q) and its fit (D,); NaN where it failed.

    ``solved`` (D,) says which samples have a minimum.
    """

    solution: Solution
    plan: Plan
    batch: Batch
    theta: Array
    chisq: Array
    cfi: Array
    rmsea: Array
    srmr: Array
    solved: Flags

    def expansions(self, added: Array) -> Iterator[tuple[Array, Array]]:
        """Slope (r + a,) and expected Hessian (r + a, r + a) of F, draw after draw.

        Coordinates are those of the plan, and then the directions ``added`` (q, a) of theta. NaN
        where the draw has no minimum.
        """
        plan = self._expanded_plan(added)
        basis = self.plan.C[self.plan.place]
        u = (self.theta - self.solution.fit.theta) @ np.linalg.pinv(basis).T
        start = np.concatenate([u, np.zeros((len(u), added.shape[1]))], axis=1)
        work, size = make_work(plan), start.shape[1]
        for stats, at, solved in zip(self.batch.stats, start, self.solved, strict=True):
            slope = np.full(size, np.nan)
            if not solved:
                yield slope, np.full((size, size), np.nan)
                continue
            evaluate(plan, stats, at, slope, work)
            yield slope, curvature(plan, stats, at, False, work)

    def _expanded_plan(self, added: Array) -> Plan:
        cells = np.zeros((len(self.plan.row), added.shape[1]))
        by_cell = _parameters(self.solution.fit, self.plan)
        cells[by_cell >= 0] = added[by_cell[by_cell >= 0]]
        C = np.ascontiguousarray(np.concatenate([self.plan.C, cells], axis=1))
        return self.plan._replace(C=C, Ct=np.ascontiguousarray(C.T))


def refitted(solution: Solution, batch: Batch) -> Refitted:
    """Refit a complete-data ML solution to all samples of ``batch``, with fit indices."""
    fit = solution.fit
    prepared = prepare(fit)
    found = refit(fit, batch, prepared=prepared)
    solved = found.status != FAILED
    n, df = solution.inference.n_scale, solution.inference.test.df
    chisq = np.maximum(n * found.value, 0.0)
    null, df_null = baseline(batch, [g.n for g in fit.moments.groups])
    count = len(fit.moments.groups)
    shares = [g.n / fit.moments.n for g in fit.moments.groups]
    return Refitted(
        solution, prepared.plan, batch, found.theta, chisq,
        np.array([cfi(chi2=c, df=df, chi2_null=b, df_null=df_null) if c == c else np.nan
                  for c, b in zip(chisq, null, strict=True)]),
        np.array([rmsea(chi2=c, df=df, n=n, groups=count) if c == c else np.nan for c in chisq]),
        srmr(fit, batch, found.theta, shares), solved,
    )  # fmt: skip


def baseline(batch: Batch, sizes: Sequence[int]) -> tuple[Array, int]:
    """Chi-square (D,) and degrees of freedom of the independence model, in closed form."""
    S = batch.covariances
    sd = np.sqrt(np.einsum("dgii->dgi", S))
    R = S / (sd[..., :, None] * sd[..., None, :])
    logdet = np.linalg.slogdet(R)[1]
    return -logdet @ np.asarray(sizes, dtype=float), len(sizes) * batch.p * (batch.p - 1) // 2


def srmr(fit: Fit, batch: Batch, theta: Array, shares: Sequence[float]) -> Array:
    """Standardized root mean square residual (D,), means included where they are modelled."""
    S, means = batch.covariances, batch.means
    lower = np.tril_indices(batch.p)
    total = np.zeros(len(theta))
    points = np.where(np.isnan(theta), fit.theta, theta).T
    for g, (model, share) in enumerate(zip(fit.model.groups, shares, strict=True)):
        at = implied(model, points)
        sd = np.sqrt(np.einsum("dii->di", S[:, g]))
        residual = (S[:, g] - at.Sigma) / (sd[:, :, None] * sd[:, None, :])
        squares = residual[:, lower[0], lower[1]] ** 2
        if fit.model.meanstructure:
            first = ((means[:, g] - at.mu) / sd) ** 2
            squares = np.concatenate([squares, first], axis=1)
        total += share * np.sqrt(squares.mean(axis=1))
    return np.where(np.isnan(theta).any(axis=1), np.nan, total)


def permutation_p(observed: float, drawn: Array, *, upper: bool = True) -> float:
    """Share of permutations at least as extreme as what was observed, itself counted as one.

    (b + 1) / (m + 1), which never is zero (Phipson & Smyth 2010); NaN draws are left out.
    """
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(observed) or not len(known):
        return float("nan")
    slack = 1e-10 * (1.0 + abs(observed))
    reached = known >= observed - slack if upper else known <= observed + slack
    return float((reached.sum() + 1.0) / (len(known) + 1.0))


def _parameters(fit: Fit, plan: Plan) -> NDArray[np.intp]:
    """Which parameter each cell holds, from 0; -1 for none."""
    found = np.full(len(plan.row), -1, dtype=np.intp)
    for g, model in enumerate(fit.model.groups):
        first, arrows, covariances, last = plan.at[g]
        places = {
            **{("A", r, c): p for r, c, p in _triples(model.A.row, model.A.col, model.A.par)},
            **{("S", r, c): p for r, c, p in _triples(model.S.row, model.S.col, model.S.par)},
            **{("m", r, 0): p for r, _, p in _triples(model.m.row, model.m.row, model.m.par)},
        }
        for kind, start, end in (
            ("A", first, arrows), ("S", arrows, covariances), ("m", covariances, last),
        ):  # fmt: skip
            for cell in range(start, end):
                key = (kind, int(plan.row[cell]), 0 if kind == "m" else int(plan.col[cell]))
                found[cell] = places.get(key, -1)
    return found


def _triples(
    row: NDArray[np.intp], col: NDArray[np.intp], par: NDArray[np.intp]
) -> list[tuple[int, int, int]]:
    return list(zip(row.tolist(), col.tolist(), par.tolist(), strict=True))
