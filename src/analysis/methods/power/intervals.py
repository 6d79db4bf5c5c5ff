"""Estimates, standard errors and intervals of paths and effects over many replications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.methods.power.targets import Target
from analysis.sem.constraints import Bindings
from analysis.sem.model import Model

Array = NDArray[np.float64]
STEP = 1e-30
DRAWS = 1000
PART = 64


@dataclass(frozen=True)
class Found:
    """What D replications found of T targets.

    ``est``, ``se``, ``low`` and ``high`` are (D, T), NaN in replications that failed; intervals
    are normal for paths, Monte Carlo for defined effects.
    """

    est: Array
    se: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Reader:
    """Reads targets off the estimates of one model: positions of paths, formulas of effects."""

    targets: tuple[Target, ...]
    place: tuple[int, ...]
    bindings: Bindings
    used: tuple[int, ...]

    @classmethod
    def of(cls, model: Model, targets: Sequence[Target]) -> Reader:
        """Positions of the targets in theta; -1 for effects."""
        at = {(r.lhs, r.op, r.rhs, r.group): r.free - 1 for r in model.partable.rows if r.free}
        place = tuple(-1 if t.defined else at[(t.lhs, t.op, t.rhs, t.group)] for t in targets)
        bindings = Bindings.of(model)
        names = {name for _, expression in bindings.defined for name in expression.names}
        used = tuple(sorted({i for name, i in bindings.free.items() if name in names}))
        return cls(tuple(targets), place, bindings, used)

    def read(self, theta: Array, vcov: Array, alpha: float, random: np.random.Generator) -> Found:
        """Estimates and intervals at ``theta`` (D, q) with covariances ``vcov`` (D, q, q)."""
        D, T = len(theta), len(self.targets)
        est, se, low, high = (np.full((D, T), np.nan) for _ in range(4))
        z = float(ndtri(1.0 - alpha / 2.0))
        for j, i in enumerate(self.place):
            if i >= 0:
                est[:, j] = theta[:, i]
                with np.errstate(invalid="ignore"):
                    se[:, j] = np.sqrt(vcov[:, i, i])
                low[:, j], high[:, j] = est[:, j] - z * se[:, j], est[:, j] + z * se[:, j]
        effects = np.array([j for j, i in enumerate(self.place) if i < 0], dtype=np.intp)
        done = np.flatnonzero(np.isfinite(vcov[:, 0, 0]) & (len(effects) > 0))
        for start in range(0, len(done), PART):
            part = done[start : start + PART]
            some = self._effects(theta[part], vcov[part], alpha, random)
            for into, values in zip((est, se, low, high), some, strict=True):
                into[np.ix_(part, effects)] = values
        return Found(est, se, low, high)

    def _effects(
        self, theta: Array, vcov: Array, alpha: float, random: np.random.Generator
    ) -> tuple[Array, Array, Array, Array]:
        """Defined effects with delta-method errors and Monte Carlo limits, each (d, effects)."""
        used = np.array(self.used)
        d, k = len(theta), len(used)
        est = self._values(theta).astype(float)
        stepped = np.repeat(theta.astype(complex), k, axis=0)
        stepped[np.arange(d * k), np.tile(used, d)] += 1j * STEP
        slopes = (np.imag(self._values(stepped)) / STEP).reshape(d, k, -1)
        inner = vcov[:, used[:, None], used[None, :]]
        variance = np.einsum("dke,dkl,dle->de", slopes, inner, slopes, optimize=True)
        values, vectors = np.linalg.eigh(inner)
        root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        drawn = np.repeat(theta[:, None], DRAWS, axis=1)
        noise = random.standard_normal((d, DRAWS, k))
        drawn[:, :, used] += noise @ root.transpose(0, 2, 1)
        points = self._values(drawn.reshape(d * DRAWS, -1)).reshape(d, DRAWS, -1)
        low, high = np.quantile(points, [alpha / 2.0, 1.0 - alpha / 2.0], axis=1)
        return est, np.sqrt(np.maximum(variance, 0.0)), low, high

    def _values(self, theta: NDArray[np.generic]) -> Array:
        """Defined effects (b, effects) at points (b, q), in the order of the targets."""
        named = self.bindings.at(np.ascontiguousarray(theta.T))
        effects = [t.lhs for t in self.targets if t.defined]
        return np.stack([np.broadcast_to(named[e], len(theta)) for e in effects], axis=1)  # type: ignore[call-overload]
