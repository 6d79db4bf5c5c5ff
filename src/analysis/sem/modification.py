"""Modification indices: what freeing a fixed parameter would gain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.fit import Fit
from analysis.sem.inference import Inference
from analysis.sem.model import Cells, GroupModel
from analysis.sem.objective import Objective
from analysis.sem.standardize import scales
from analysis.sem.state import Implied

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ModificationIndex:
    """Score test of one fixed parameter.

    ``mi`` is a chi-square with 1 df, ``epc`` the expected change in raw units, ``sepc_lv`` and
    ``sepc_all`` the same standardized by latent, and by all, standard deviations.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    mi: float
    epc: float
    sepc_lv: float
    sepc_all: float


@dataclass(frozen=True)
class _Candidate:
    lhs: str
    op: str
    rhs: str
    group: int
    matrix: str
    row: int
    col: int
    value: float = 0.0


def modification_indices(fit: Fit, inference: Inference) -> tuple[ModificationIndex, ...]:
    """All candidates of lavaan's ``modindices()``, largest first.

    Parameters that the model fixes (where freeing them is identified), loadings of every factor
    on every item, covariances of residuals and of factors, and, where the model has regressions,
    those among their variables, but none that would explain a fixed covariate: its distribution
    is not part of the likelihood. Expected information.
    """
    candidates = [c for g in range(len(fit.model.groups)) for c in _candidates(fit, g)]
    if not candidates:
        return ()
    q = fit.model.q
    extended = _extend(fit, candidates)
    theta = np.concatenate([fit.theta, [c.value for c in candidates]])
    score = -0.5 * extended.gradient(theta)
    unit = 0.5 * extended.expected_hessian(theta)
    Z = fit.constraints.basis(fit.theta)
    inner = np.linalg.pinv(Z.T @ unit[:q, :q] @ Z, hermitian=True)
    cross = unit[q:, :q] @ Z
    own = np.diag(unit)[q:]
    V = own - np.einsum("ij,jk,ik->i", cross, inner, cross)
    clear = 1e-8 * np.abs(own) < V
    V = np.where(clear, V, np.nan)
    epc = score[q:] / V
    mi = fit.moments.n * score[q:] * epc
    at = fit.objective.implied(fit.theta)
    residual = [group.matrices(fit.theta)[1] for group in fit.model.groups]
    found = [
        _record(c, float(m), float(e), fit.model.groups[c.group], at[c.group], residual[c.group])
        for c, m, e, ok in zip(candidates, mi, epc, clear, strict=True)
        if ok
    ]
    return tuple(sorted(found, key=lambda r: -r.mi))


def _record(
    c: _Candidate, mi: float, epc: float, group: GroupModel, at: Implied, S: Array
) -> ModificationIndex:
    values = []
    for latent_only in (True, False):
        total, residual = scales(group, at, S, latent_only=latent_only)
        if c.matrix == "A":
            values.append(float(epc * total[c.col] / total[c.row]))
        elif c.matrix == "m":
            values.append(float(epc / total[c.row]))
        else:
            sd = total if c.row == c.col else residual
            with np.errstate(divide="ignore"):
                values.append(float(epc / (sd[c.col] * sd[c.row])))
    return ModificationIndex(c.lhs, c.op, c.rhs, c.group + 1, mi, epc, values[0], values[1])


def _candidates(fit: Fit, g: int) -> Iterator[_Candidate]:
    group = fit.model.groups[g]
    taken = {
        (matrix, int(i), int(j))
        for matrix, cells in (("A", group.A), ("S", group.S), ("m", group.m))
        for i, j in zip(cells.row, cells.col, strict=True)
    }
    for c in (*_fixed(fit, g), *_absent(fit, g)):
        place = (c.matrix, c.row, c.col)
        if place not in taken and (c.matrix != "A" or c.row != c.col):
            taken.add(place)
            yield c


def _fixed(fit: Fit, g: int) -> Iterator[_Candidate]:
    """Parameters that the model fixes at a value."""
    group = fit.model.groups[g]
    at = {name: i for i, name in enumerate(group.variables)}
    for r in fit.model.partable.rows:
        if r.group != g + 1 or r.free > 0 or r.exo or r.op not in ("=~", "~", "~~", "~1"):
            continue
        value = r.ustart or 0.0
        if r.op == "~1":
            yield _Candidate(r.lhs, r.op, r.rhs, g, "m", at[r.lhs], 0, value)
            continue
        i, j = at[r.lhs], at[r.rhs]
        if r.op == "~~":
            yield _Candidate(r.lhs, r.op, r.rhs, g, "S", max(i, j), min(i, j), value)
        else:
            i, j = (i, j) if r.op == "~" else (j, i)
            yield _Candidate(r.lhs, r.op, r.rhs, g, "A", i, j, value)


def _absent(fit: Fit, g: int) -> Iterator[_Candidate]:
    """Parameters that the model does not have, and so fixes at zero."""
    group = fit.model.groups[g]
    at = {name: i for i, name in enumerate(group.variables)}
    exogenous = {r.lhs for r in fit.model.partable.rows if r.exo}
    items = [v for v in group.observed if v not in exogenous]
    latents = list(group.variables[group.p :])
    for factor in latents:
        for item in items:
            yield _Candidate(factor, "=~", item, g, "A", at[item], at[factor])
    for names in (items, latents):
        for a, first in enumerate(names):
            for second in names[a + 1 :]:
                i, j = max(at[first], at[second]), min(at[first], at[second])
                yield _Candidate(first, "~~", second, g, "S", i, j)
    regressions = [r for r in fit.model.partable.rows if r.op == "~" and r.group == g + 1]
    involved = list(dict.fromkeys([*(r.lhs for r in regressions), *(r.rhs for r in regressions)]))
    for outcome in involved:
        if outcome in exogenous:
            continue
        for predictor in involved:
            yield _Candidate(outcome, "~", predictor, g, "A", at[outcome], at[predictor])


def _extend(fit: Fit, candidates: list[_Candidate]) -> Objective:
    q = fit.model.q
    terms = []
    for g, term in enumerate(fit.objective.terms):
        added: dict[str, list[tuple[int, int, int]]] = {"A": [], "S": [], "m": []}
        for k, c in enumerate(candidates):
            if c.group == g:
                added[c.matrix].append((c.row, c.col, q + k))
        model = replace(
            term.model,
            A=_join(term.model.A, added["A"]),
            S=_join(term.model.S, added["S"]),
            m=_join(term.model.m, added["m"]),
        )
        terms.append(term.with_model(model))
    return Objective(tuple(terms), q + len(candidates))


def _join(cells: Cells, more: list[tuple[int, int, int]]) -> Cells:
    extra = np.array(more, dtype=np.intp).reshape(-1, 3)
    return Cells(
        np.concatenate([cells.row, extra[:, 0]]),
        np.concatenate([cells.col, extra[:, 1]]),
        np.concatenate([cells.par, extra[:, 2]]),
    )
