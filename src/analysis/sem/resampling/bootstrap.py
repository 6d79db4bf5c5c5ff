"""``bootstrap``: intervals and p-values from refits to resampled moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, ModelError, message
from analysis.rng import generator
from analysis.sem.estimate import sem
from analysis.sem.moments import Moments
from analysis.sem.resampling import intervals
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.draws import jackknife, units_of
from analysis.sem.resampling.intervals import Definition, IntervalKind
from analysis.sem.resampling.paths import BootstrapKind, fast, general, point, samples, wishart
from analysis.sem.resampling.plan import compilable
from analysis.sem.resampling.quantities import Quantities, quantities
from analysis.sem.resampling.refit import CONVERGED, FAILED, IMPROPER, Refits, refit
from analysis.sem.resampling.runner import Progress, progress_bar
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
Scale = Literal["raw", "std.all"]


@dataclass(frozen=True)
class Interval:
    """One row of the parameter table with its bootstrap interval.

    ``se`` is the standard deviation of the draws and ``bias`` their mean less the estimate;
    ``draws`` is how many were used.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    label: str
    est: float
    se: float
    bias: float
    ci_lower: float
    ci_upper: float
    draws: int


@dataclass(frozen=True)
class Bootstrap:
    """Refits of a solution's model to resampled data.

    ``refits`` hold every draw, failed ones as NaN; ``values`` are the rows of the parameter table
    at every draw, ``point`` at the solution. ``interrupted`` says that Ctrl-C ended it before
    ``asked`` draws were done; ``notes`` say what the reader should know.
    """

    solution: Solution
    kind: BootstrapKind
    seed: int
    asked: int
    refits: Refits
    values: Quantities
    point: Quantities
    interrupted: bool
    notes: tuple[Message, ...]

    @property
    def draws(self) -> int:
        """Draws done."""
        return len(self.refits)

    @property
    def converged(self) -> int:
        """Draws with a proper minimum."""
        return int((self.refits.status == CONVERGED).sum())

    @property
    def improper(self) -> int:
        """Draws whose minimum has a negative variance or the like; they count in intervals."""
        return int((self.refits.status == IMPROPER).sum())

    @property
    def failed(self) -> int:
        """Draws without a minimum, after all retries; intervals are without them."""
        return int((self.refits.status == FAILED).sum())

    def samples(self) -> Iterator[tuple[slice, Batch]]:
        """Sample moments of the draws in blocks, each with its place among them.

        Memory stays bounded, whatever the number of draws. Not for an interrupted bootstrap, whose
        draws may have gaps.
        """
        return samples(self.solution, self.refits, self.kind, self.seed)

    @cached_property
    def chisq(self) -> Array:
        """The chi-square statistic of every draw that did not fail."""
        fit, inference = self.solution.fit, self.solution.inference
        n = inference.n_scale if fit.loss == "ML" else float(fit.moments.n)
        values = self.refits.value[self.refits.status != FAILED]
        found: Array = np.maximum(n * values, 0.0)
        return found

    @property
    def p_value(self) -> float:
        """Bollen-Stine's p of the model: (#T* >= T, + 1) / (draws + 1); NaN for other kinds."""
        if self.kind != "bollen-stine":
            return float("nan")
        reached = int((self.chisq >= self.solution.inference.test.stat).sum())
        return (reached + 1.0) / (len(self.chisq) + 1.0)

    def intervals(
        self,
        kind: IntervalKind = "percentile",
        *,
        scale: Scale = "raw",
        level: float = 0.95,
        definition: Definition = "standard",
    ) -> tuple[Interval, ...]:
        """Intervals of all free and defined parameters (``std.all``: of all rows).

        ``kind`` and ``definition`` are explained at ``analysis.sem.resampling.limits``.
        """
        if scale not in get_args(Scale):
            good = ", ".join(get_args(Scale))
            raise ModelError(message("sem.unknown_option", option="scale", value=scale, good=good))
        rows = self.point.rows
        raw = scale == "raw"
        keep = np.array([i for i, r in enumerate(rows) if r.free or r.op == ":=" or not raw])
        draws = (self.values.raw if raw else self.values.std_all).T[keep].T
        point = (self.point.raw if raw else self.point.std_all)[0, keep]
        a = self.accelerations(scale)[keep] if kind == "bca" else None
        low, high = intervals.limits(
            kind, draws, point, level=level, acceleration=a, definition=definition
        )
        mean, se, used = _mean_and_se(draws)
        return tuple(
            Interval(
                rows[i].lhs, rows[i].op, rows[i].rhs, rows[i].group, rows[i].label,
                float(point[j]), float(se[j]), float(mean[j] - point[j]),
                float(low[j]), float(high[j]), int(used[j]),
            )
            for j, i in enumerate(keep)
        )  # fmt: skip

    def accelerations(self, scale: Scale = "raw") -> Array:
        """BCa's acceleration (rows,) of every row, from leaving out one unit at a time.

        ``ModelError`` for fits that kernels do not cover: it would take one estimation a unit.
        """
        return self._jackknife[0 if scale == "raw" else 1]

    @cached_property
    def _jackknife(self) -> tuple[Array, Array]:
        fit = self.solution.fit
        if not compilable(fit):
            raise ModelError(message("resampling.bca_needs_kernels"))
        batch = jackknife(units_of(fit.moments.groups, wishart=wishart(self.solution)))
        found = refit(fit, batch)
        values = quantities(fit, batch, found.theta, found.variances)
        done = found.status != FAILED
        return (
            intervals.acceleration(values.raw[done]),
            intervals.acceleration(values.std_all[done]),
        )


def _mean_and_se(draws: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Means and standard deviations (r,) of draws (D, r) that are not NaN, and their number."""
    there = ~np.isnan(draws)
    count = there.sum(axis=0)
    known = draws if there.all() else np.where(there, draws, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = known.sum(axis=0) / count
        apart = known - mean
        apart[~there] = 0.0
        square = np.einsum("ij,ij->j", apart, apart) / (count - 1.0)
    return mean, np.sqrt(np.where(count > 1, square, np.nan)), count


def bootstrap(
    solution: Solution,
    *,
    draws: int = 5000,
    kind: BootstrapKind = "nonparametric",
    seed: int,
    workers: int | None = None,
    progress: Progress | bool | None = None,
) -> Bootstrap:
    """Refit a solution's model to ``draws`` resamples.

    Parameters
    ----------
    solution : an estimated solution.
    draws : number of resamples.
    kind : ``nonparametric`` draws respondents (clusters, where the data have them) with
        replacement within each group; ``parametric`` draws normal samples from the implied
        moments, ``normal`` from the sample's own, and so both work from published moments, the
        second also where the model fits badly; ``bollen-stine`` draws respondents from
        data turned such that the model holds exactly, for the p-value of the chi-square.
    seed : the same seed gives the same draws; draw d does not depend on how many there are.
    workers : threads; all cores by default. The result does not depend on it.
    progress : a bar of the caller's own, True or False; None shows one on terminals.

    Raises
    ------
    ModelError
        For a solution without a minimum, or without answers where they are needed.
    """
    if kind not in get_args(BootstrapKind):
        good = ", ".join(get_args(BootstrapKind))
        raise ModelError(message("sem.unknown_option", option="kind", value=kind, good=good))
    if not solution.outcome.estimated:
        raise ModelError(message("resampling.no_minimum"))
    path = fast if compilable(solution.fit) else general
    with progress_bar(draws, progress) as bar:
        refits, values, interrupted = path(solution, draws, kind, seed, workers, bar)
    return Bootstrap(
        solution, kind, seed, draws, refits, values, point(solution.fit), interrupted,
        _notes(solution, refits, draws, interrupted),
    )  # fmt: skip


def _notes(
    solution: Solution, refits: Refits, asked: int, interrupted: bool
) -> tuple[Message, ...]:
    found = []
    failed, improper = (int((refits.status == code).sum()) for code in (FAILED, IMPROPER))
    if not compilable(solution.fit):
        found.append(message("resampling.general_path", estimator=solution.estimator))
    if interrupted:
        found.append(message("resampling.interrupted", done=len(refits), asked=asked))
    if failed:
        found.append(message("resampling.failed", failed=failed, draws=len(refits)))
    if improper:
        found.append(message("resampling.improper", improper=improper, draws=len(refits)))
    return tuple(found)


def warm() -> None:
    """Compile the kernels of factor models, or load them from the cache, so that a call is fast.

    Not those of the general path, which take twice as long.
    """
    random = generator(1, "warm")
    z = random.standard_normal((60, 1)) + random.standard_normal((60, 4))
    for rows in (z, np.rint(z), np.rint(40.0 * z)):
        solution = sem("f =~ a + b + c + d", Moments.from_data(rows, list("abcd")))
        bootstrap(solution, draws=8, seed=1, workers=1, progress=False)
