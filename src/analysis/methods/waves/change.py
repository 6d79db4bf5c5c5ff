"""Latent change between waves, and cross-lagged paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import Message
from analysis.methods.waves import writing
from analysis.methods.waves.ladder import WaveLadder
from analysis.sem import Estimate, Solution, sem
from analysis.sem.estimate import Missing
from analysis.sem.estimators import Estimator


@dataclass(frozen=True, slots=True)
class Mean:
    """An estimate with its interval; ``p`` tests zero."""

    est: float
    se: float
    ci_lower: float
    ci_upper: float
    p: float


@dataclass(frozen=True)
class LatentChange:
    """Change of one construct between two waves, in standard deviations of the first wave.

    ``mean`` and ``variance`` of the change, and its correlation with the ``start`` (the first
    wave). ``related`` are correlations with the changes of other constructs in the same step.
    """

    factor: str
    before: str
    after: str
    mean: Mean
    variance: Mean
    start: Mean
    related: tuple[tuple[str, Mean], ...]


@dataclass(frozen=True, slots=True)
class LaggedPath:
    """Path from a construct in one wave to one in the next, raw and standardized.

    ``standardized`` has its own interval.
    """

    source: str
    target: str
    before: str
    after: str
    raw: Mean
    standardized: Mean

    @property
    def own(self) -> bool:
        """Whether it is a construct's own stability."""
        return self.source == self.target


@dataclass(frozen=True)
class Changes:
    """Latent changes with the model's text and solution; empty where they are not licensed."""

    licensed: bool
    changes: tuple[LatentChange, ...]
    text: str
    solution: Solution | None
    findings: tuple[Message, ...] = ()


@dataclass(frozen=True)
class CrossLagged:
    """Cross-lagged paths with the model's text and solution; empty where loadings differ."""

    licensed: bool
    paths: tuple[LaggedPath, ...]
    text: str
    solution: Solution | None
    findings: tuple[Message, ...] = ()


def latent_change(
    ladder: WaveLadder, *, estimator: Estimator | None = None, missing: Missing | None = None
) -> Changes:
    """Latent change scores, where scalar invariance over waves holds (in part)."""
    rung = ladder.rung("scalar")
    if rung is None or ladder.panel.moments is None:
        return Changes(False, (), "", None)
    waves = ladder.panel.waves
    text = writing.change_text(ladder.constructs, len(waves), released=rung.released)
    solution = sem(text, ladder.panel.moments, estimator=estimator, missing=missing)
    if not solution.outcome.admissible:
        return Changes(True, (), text, solution, solution.findings)
    found = tuple(
        _change(solution, factor, w, waves, ladder.constructs.factors)
        for factor in ladder.constructs.factors
        for w in range(1, len(waves))
    )
    return Changes(True, found, text, solution)


def _change(
    solution: Solution, factor: str, w: int, waves: Sequence[str], factors: Sequence[str]
) -> LatentChange:
    name = writing.change_name(factor, w)
    related = tuple(
        (other, _correlation(solution, name, writing.change_name(other, w)))
        for other in factors
        if other != factor
    )
    return LatentChange(
        factor, waves[w - 1], waves[w],
        _raw(solution.estimate(name, "~1")),
        _raw(solution.estimate(name, "~~", name)),
        _correlation(solution, name, writing.wave_name(factor, 0)),
        related,
    )  # fmt: skip


def _correlation(solution: Solution, one: str, other: str) -> Mean:
    for left, right in ((one, other), (other, one)):
        try:
            e = solution.estimate(left, "~~", right)
        except KeyError:
            continue
        return Mean(e.std_all, e.std_all_se, e.std_all_ci_lower, e.std_all_ci_upper, e.p)
    raise KeyError(f"{one} ~~ {other}")


def _raw(e: Estimate) -> Mean:
    return Mean(e.est, e.se, e.ci_lower, e.ci_upper, e.p)


def cross_lagged(
    ladder: WaveLadder, *, estimator: Estimator | None = None, missing: Missing | None = None
) -> CrossLagged:
    """Every construct on all constructs of the wave before, where loadings are equal (in part)."""
    rung = ladder.rung("scalar") or ladder.rung("metric")
    if rung is None or ladder.panel.moments is None:
        return CrossLagged(False, (), "", None)
    waves, factors = ladder.panel.waves, ladder.constructs.factors
    text = writing.lagged_text(ladder.constructs, len(waves), released=rung.released)
    solution = sem(text, ladder.panel.moments, estimator=estimator, missing=missing)
    if not solution.outcome.admissible:
        return CrossLagged(True, (), text, solution, solution.findings)
    found = []
    for w in range(1, len(waves)):
        for target in factors:
            for source in factors:
                e = solution.estimate(
                    writing.wave_name(target, w), "~", writing.wave_name(source, w - 1)
                )
                scaled = Mean(e.std_all, e.std_all_se, e.std_all_ci_lower, e.std_all_ci_upper, e.p)
                found.append(LaggedPath(source, target, waves[w - 1], waves[w], _raw(e), scaled))
    return CrossLagged(True, tuple(found), text, solution)
