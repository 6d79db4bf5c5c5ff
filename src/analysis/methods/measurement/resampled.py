"""Reliability, validity and factor correlations at every bootstrap draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message
from analysis.methods.measurement import formulas
from analysis.methods.measurement.coefficients import COEFFICIENTS, Coefficient, coefficients
from analysis.methods.measurement.points import blocks, loading_cells, points
from analysis.sem import Solution
from analysis.sem.resampling import Bootstrap, limits
from analysis.sem.resampling.paths import BootstrapKind

Array = NDArray[np.float64]
TWO_SIDED, ONE_SIDED = 0.95, 0.90
"""The upper limit of the 90% interval is that of the one-sided 95% interval."""


@dataclass(frozen=True)
class GroupDraws:
    """One group's quantities at D draws.

    ``reliability`` (D, blocks) by coefficient; ``htmt``, ``htmt2`` and ``correlation`` (D, pairs)
    over the pairs below the diagonal of the constructs that ``paired`` lists, row by row.
    """

    reliability: Mapping[Coefficient, Array]
    htmt: Array
    htmt2: Array
    correlation: Array


@dataclass(frozen=True)
class Resampled:
    """Bootstrap draws of everything measured, with how the refits ended.

    Ratios and alpha rest on the samples alone and use every draw, the rest the draws with a
    minimum. ``wanted`` draws were asked for, ``draws`` made.
    """

    kind: BootstrapKind
    wanted: int
    draws: int
    converged: int
    improper: int
    failed: int
    notes: tuple[Message, ...]
    groups: tuple[GroupDraws, ...]

    def limits(self, group: int, name: Coefficient, estimates: Array) -> Array:
        """Two-sided 95% limits (2, blocks) of a reliability coefficient in one group (from 1)."""
        values = self.groups[group - 1].reliability[name]
        return limits("percentile", values, estimates, level=TWO_SIDED)


def paired(solution: Solution, group: int) -> dict[str, tuple[str, ...]]:
    """Items of the constructs of one group (from 1) that two items or more measure."""
    return {
        block.construct: tuple(solution.names[i] for i in block.parts if i < len(solution.names))
        for block in blocks(solution, group)
        if (block.parts < len(solution.names)).sum() > 1
    }


def resampled(boot: Bootstrap, *, wanted: int | None = None) -> Resampled:
    """Measurement at every draw of a bootstrap, block by block, so that memory stays bounded.

    Parameters
    ----------
    boot : a bootstrap that was not interrupted.
    wanted : draws that were asked for, where fewer were made on purpose.
    """
    groups = range(1, len(boot.solution.partable.groups) + 1)
    parts: list[list[GroupDraws]] = [[] for _ in groups]
    for place, batch in boot.samples():
        theta, covariances = boot.refits.theta[place], batch.covariances
        for group in groups:
            sample = np.ascontiguousarray(covariances[:, group - 1])
            parts[group - 1].append(_draws(boot.solution, group, theta, sample))
    joined = tuple(_joined(found) for found in parts)
    return Resampled(
        boot.kind, wanted or boot.asked, boot.draws, boot.converged, boot.improper, boot.failed,
        boot.notes, joined,
    )  # fmt: skip


def _draws(solution: Solution, group: int, theta: Array, sample: Array) -> GroupDraws:
    own = blocks(solution, group)
    at = points(solution.fit.model.groups[group - 1], theta, sample)
    members = paired(solution, group)
    factors = np.array([b.factor for b in own if b.construct in members], dtype=np.intp)
    row, col = np.tril_indices(len(factors), -1)
    R = at.correlation
    with np.errstate(invalid="ignore"):
        plain, geometric = (
            formulas.htmt(R, solution.names, members, geometric=g)[:, row, col]
            for g in (False, True)
        )
    return GroupDraws(
        coefficients(at, own, loading_cells(solution, group)),
        plain,
        geometric,
        at.latent_correlation(factors)[:, row, col],
    )


def _joined(parts: list[GroupDraws]) -> GroupDraws:
    return GroupDraws(
        {name: np.concatenate([x.reliability[name] for x in parts]) for name in COEFFICIENTS},
        np.concatenate([x.htmt for x in parts]),
        np.concatenate([x.htmt2 for x in parts]),
        np.concatenate([x.correlation for x in parts]),
    )
