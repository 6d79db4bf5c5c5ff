"""Samples of a population: answers of each replication, or only their moments.

The stream of a replication depends on the seed and on its number alone, so that neither the
number of replications nor that of workers matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isclose

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from analysis.errors import Message, ModelError, message
from analysis.rng import generator
from analysis.sem.algebra import half_vector
from analysis.sem.moments import Moments
from analysis.sem.resampling.batch import Batch
from analysis.sem.resampling.draws import Normal
from analysis.sem.simulation.population import Population, PopulationGroup
from analysis.sem.simulation.shapes import fleishman, intermediate_correlations

Array = NDArray[np.float64]
GRID = 4001
HALVINGS = 80


@dataclass(frozen=True)
class Design:
    """How answers differ from complete normal ones; a mapping is by item.

    Attributes
    ----------
    skewness, kurtosis : of the continuous answers, kurtosis as excess (0 is normal).
    shares : shares of the categories, lowest first; items with shares become ordered, with codes
        from 1. The cuts are those of the first group's distribution, the same in all groups.
    missing : share of answers that are missing in each item.
    depends : an item that stays complete and that missingness depends on (MAR); without it
        answers are missing completely at random (MCAR).
    slope : change of the log odds of a missing answer by one standard deviation of ``depends``.
    """

    skewness: float | Mapping[str, float] = 0.0
    kurtosis: float | Mapping[str, float] = 0.0
    shares: Sequence[float] | Mapping[str, Sequence[float]] = ()
    missing: float | Mapping[str, float] = 0.0
    depends: str = ""
    slope: float = 1.0

    def shape_of(self, name: str) -> tuple[float, float]:
        """Skewness and excess kurtosis of an item."""
        return _of(self.skewness, name, 0.0), _of(self.kurtosis, name, 0.0)

    def shares_of(self, name: str) -> tuple[float, ...]:
        """Shares of an item's categories; empty where it is continuous."""
        found = self.shares.get(name, ()) if isinstance(self.shares, Mapping) else self.shares
        return tuple(found)

    def missing_of(self, name: str) -> float:
        """Share of an item's answers that are missing."""
        return 0.0 if name == self.depends else _of(self.missing, name, 0.0)


def _of(value: float | Mapping[str, float], name: str, usual: float) -> float:
    return value.get(name, usual) if isinstance(value, Mapping) else float(value)


@dataclass(frozen=True)
class _Group:
    """What one group's answers are made with.

    ``factor`` (p, p) of the normal variables' correlations, ``cubic`` (p, 3) or None where all are
    normal, ``cuts`` by item, ``intercept`` (p,) of the log odds of a missing answer (-inf: none).
    """

    mean: Array
    sd: Array
    factor: Array
    cubic: Array | None
    cuts: tuple[Array | None, ...]
    intercept: Array
    depends: int
    center: float
    scale: float

    def answers(self, random: np.random.Generator, n: int, slope: float) -> Array:
        """Answers (n, p), NaN where missing."""
        x = self.observed(random.standard_normal((n, len(self.mean))) @ self.factor.T)
        if np.isneginf(self.intercept).all():
            return x
        odds = np.broadcast_to(self.intercept, x.shape)
        if self.depends >= 0:
            driver = (x[:, self.depends] - self.center) / self.scale
            odds = odds + slope * driver[:, None]
        x[random.random(x.shape) < expit(odds)] = np.nan
        return x

    def observed(self, z: Array) -> Array:
        """Answers (n, p) to correlated standard normal ``z`` (n, p)."""
        if self.cubic is not None:
            b, c, d = self.cubic.T
            z = ((d * z + c) * z + b) * z - c
        x: Array = self.mean + self.sd * z
        for j, cuts in enumerate(self.cuts):
            if cuts is not None:
                x[:, j] = 1.0 + np.searchsorted(cuts, x[:, j], side="left")
        return x


@dataclass(frozen=True)
class Sampler:
    """Samples of ``n`` respondents (of each group) from a population; make one with ``of``."""

    population: Population
    design: Design
    n: tuple[int, ...]
    seed: int
    groups: tuple[_Group, ...]

    @classmethod
    def of(
        cls,
        population: Population,
        n: int | Sequence[int],
        *,
        seed: int,
        design: Design | None = None,
    ) -> Sampler:
        """Check the design and prepare what every replication needs.

        Parameters
        ----------
        population : where from.
        n : respondents, of each group where there are several; one number is for each.
        seed : the same seed gives the same samples.
        design : complete normal answers without.

        Raises
        ------
        ModelError
            For shapes, correlations, shares or rates that cannot be; all problems at once.
        """
        design = design or Design()
        if problems := _problems(population.names, design):
            raise ModelError(problems)
        sizes = population.sizes(n)
        first = population.groups[0]
        groups = tuple(_prepare(population.names, g, first, design) for g in population.groups)
        return cls(population, design, sizes, seed, groups)

    @property
    def normal(self) -> bool:
        """Whether answers are complete and normal, so that moments can be drawn directly."""
        return all(
            g.cubic is None and not any(c is not None for c in g.cuts) and self.complete
            for g in self.groups
        )

    @property
    def complete(self) -> bool:
        """Whether no answer is missing by design."""
        return all(np.isneginf(g.intercept).all() for g in self.groups)

    @property
    def ordered(self) -> tuple[str, ...]:
        """Items with categories."""
        cuts = self.groups[0].cuts
        return tuple(n for n, c in zip(self.population.names, cuts, strict=True) if c is not None)

    def rows(self, replication: int) -> tuple[Array, ...]:
        """Answers (n, p) of each group in one replication."""
        return tuple(
            g.answers(generator(self.seed, "simulate", i, replication), n, self.design.slope)
            for i, (g, n) in enumerate(zip(self.groups, self.n, strict=True))
        )

    def moments(self, replication: int) -> Moments:
        """One replication as data for ``sem()``."""
        rows = self.rows(replication)
        labels = [g.label for g in self.population.groups]
        group = np.repeat(np.array(labels, dtype=object), self.n).tolist()
        return Moments.from_data(np.concatenate(rows), self.population.names, group=group)

    def batch(self, count: int, *, first: int = 0) -> Batch:
        """Means and covariances (divisor n) of replications ``first`` to ``first + count - 1``.

        Variables are in the order of the population's names; ``refit`` wants that of the fit's
        (``population.select(solution.names)``).

        For complete normal answers they are drawn directly, from the Wishart distribution, and
        are not those of ``rows``.

        Raises
        ------
        ModelError
            Where answers are missing: such samples have no moments without a model.
        """
        if not self.complete:
            raise ModelError(message("simulation.incomplete"))
        if not self.normal:
            return self._batch_of_rows(count, first)
        source = self.source()
        numbers = range(first // source.block, -(-(first + count) // source.block))
        stats = np.concatenate([source(number).stats for number in numbers])
        start = first - numbers.start * source.block
        return Batch(np.ascontiguousarray(stats[start : start + count]), len(self.population.names))

    def source(self) -> Normal:
        """Blocks of moments of complete normal samples, for ``refit``."""
        groups = self.population.groups
        return Normal(
            tuple(g.mean for g in groups),
            tuple(np.linalg.cholesky(g.cov).astype(np.float64) for g in groups),
            self.n,
            tuple(float(n) for n in self.n),
            self.seed,
        )

    def _batch_of_rows(self, count: int, first: int) -> Batch:
        p = len(self.population.names)
        stats = np.empty((count, len(self.groups), p + p * (p + 1) // 2))
        for d in range(count):
            for g, rows in enumerate(self.rows(first + d)):
                mean = rows.mean(axis=0)
                centred = rows - mean
                stats[d, g, :p] = mean
                stats[d, g, p:] = half_vector(centred.T @ centred / len(rows))
        return Batch(stats, p)


def _problems(names: Sequence[str], design: Design) -> list[Message]:
    found: list[Message] = []
    mappings = (design.skewness, design.kurtosis, design.shares, design.missing)
    named = [name for m in mappings if isinstance(m, Mapping) for name in m]
    named += [design.depends] * bool(design.depends)
    unknown = list(dict.fromkeys(name for name in named if name not in names))
    if unknown:
        known = ", ".join(names)
        found.append(message("sem.unknown_variable", name=", ".join(unknown), known=known))
    for name in names:
        shares, rate = design.shares_of(name), design.missing_of(name)
        bad = len(shares) == 1 or min(shares, default=1.0) <= 0.0
        if shares and (bad or not isclose(sum(shares), 1.0, abs_tol=1e-6)):
            shown = ", ".join(f"{s:g}" for s in shares)
            found.append(message("simulation.shares", name=name, shares=shown))
        if not 0.0 <= rate < 1.0:
            found.append(message("simulation.missing_rate", name=name, rate=f"{rate:g}"))
    return found


def _prepare(
    names: tuple[str, ...], own: PopulationGroup, first: PopulationGroup, design: Design
) -> _Group:
    sd = np.sqrt(np.diag(own.cov))
    R = own.cov / np.outer(sd, sd)
    cubic = None
    if any(design.shape_of(name) != (0.0, 0.0) for name in names):
        cubic = np.array([fleishman(*design.shape_of(name), name=name) for name in names])
        R = intermediate_correlations(R, cubic, names=names)
    cuts = tuple(_cuts(names, i, own, first, design) for i in range(len(names)))
    at = names.index(design.depends) if design.depends else -1
    bare = _Group(
        own.mean, sd, np.linalg.cholesky(R), cubic, cuts, np.full(len(names), -np.inf), at, 0.0, 1.0
    )
    rates = np.array([design.missing_of(name) for name in names])
    driver, center, scale = np.zeros(1), 0.0, 1.0
    if at >= 0:
        quantiles = ndtri((np.arange(GRID) + 0.5) / GRID)
        values = bare.observed(np.tile(quantiles[:, None], (1, len(names))))[:, at]
        center, scale = float(values.mean()), float(values.std())
        driver = design.slope * (values - center) / scale
    return _Group(
        own.mean, sd, bare.factor, cubic, cuts, _intercepts(rates, driver), at, center, scale
    )


def _cuts(
    names: tuple[str, ...], i: int, own: PopulationGroup, first: PopulationGroup, design: Design
) -> Array | None:
    """Where an item's distribution is cut; None where it is continuous."""
    name = names[i]
    shares = design.shares_of(name)
    if not shares:
        return np.array(own.cuts[name]) if name in own.cuts else None
    z = ndtri(np.cumsum(shares)[:-1])
    skewness, kurtosis = design.shape_of(name)
    if (skewness, kurtosis) != (0.0, 0.0):
        b, c, d = fleishman(skewness, kurtosis, name=name)
        grid = np.sort(_cubic(ndtri((np.arange(10 * GRID) + 0.5) / (10 * GRID)), b, c, d))
        z = np.quantile(grid, np.cumsum(shares)[:-1])
    cuts: Array = first.mean[i] + np.sqrt(first.cov[i, i]) * z
    assert all(low < high for low, high in pairwise(cuts))
    return cuts


def _cubic(z: Array, b: float, c: float, d: float) -> Array:
    return ((d * z + c) * z + b) * z - c


def _intercepts(rates: Array, driver: Array) -> Array:
    """Intercepts (p,) of log odds with which the mean share of missing answers is ``rates``."""
    low, high = np.full(len(rates), -60.0), np.full(len(rates), 60.0)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        over = expit(middle[:, None] + driver).mean(axis=1) > rates
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.where(rates > 0.0, 0.5 * (low + high), -np.inf)
