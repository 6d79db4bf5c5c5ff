"""Reliability of every construct at many points at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.methods.measurement import formulas
from analysis.methods.measurement.points import Block, Points, correlations, effects

Array = NDArray[np.float64]
Coefficient = Literal[
    "alpha", "omega", "omega_total", "omega_observed", "cr", "rho_a", "maximal", "ave"
]
COEFFICIENTS: tuple[Coefficient, ...] = get_args(Coefficient)
Values: TypeAlias = dict[Coefficient, Array]


def coefficients(
    at: Points, blocks: Sequence[Block], loading: NDArray[np.bool_]
) -> Mapping[Coefficient, Array]:
    """Coefficients (D, blocks) by name; NaN where one is not defined.

    ``alpha`` takes sample covariances. ``omega`` is the share of the composite's variance that
    the construct gives, by implied covariances, of which residual covariances count as error
    (hierarchical omega where items load on other constructs as well); ``omega_total`` counts all
    constructs, and ``omega_observed`` divides by the sample's variance in place of the implied
    one. Of ordered items they are those of the sum of the answers as given. ``cr``, ``maximal``
    and ``ave`` take standardized loadings and are not defined where an indicator has two
    constructs, nor is ``rho_a``, which needs the items alone.
    """
    with np.errstate(all="ignore"):
        found: Values = {
            name: np.stack([rule(at, block, loading) for block in blocks], axis=1)
            for name, rule in _RULES.items()
        }
        found["rho_a"] = _rho_a(at, blocks)
    return {name: found[name] for name in COEFFICIENTS}


def _missing(at: Points) -> Array:
    return np.full(len(at.A), np.nan)


def _cut(M: Array, items: NDArray[np.intp]) -> Array:
    """The items' block (D, k, k) of a stack of matrices."""
    found: Array = M[:, items[:, None], items[None, :]]
    return found


def _alpha(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    del loading
    if block.higher:
        return _missing(at)
    found: Array = formulas.cronbach_alpha(_cut(at.sample, block.items))
    return found


def _share(at: Points, block: Block, true: Array, whole: Array) -> Array:
    """Share of the ``true`` covariances (D, k, k) in the composite's variance."""
    ordered = [int(i) in at.thresholds for i in block.items]
    if not any(ordered):
        found: Array = true.sum(axis=(1, 2)) / whole.sum(axis=(1, 2))
        return found
    if not all(ordered):
        return _missing(at)
    cuts = [at.thresholds[int(i)] for i in block.items]
    explained, total = (
        formulas.sum_score_covariance(cuts, R).sum(axis=(1, 2)) for R in (true, correlations(whole))
    )
    share: Array = explained / total
    return share


def _true(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    """Covariances (D, k, k) of the items that the construct gives."""
    reach = effects(at, block, loading)
    variance = at.C[:, block.factor, block.factor]
    return reach[:, :, None] * reach[:, None, :] * variance[:, None, None]


def _omega(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    return _share(at, block, _true(at, block, loading), _cut(at.C, block.items))


def _omega_observed(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    return _share(at, block, _true(at, block, loading), _cut(at.sample, block.items))


def _omega_total(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
    del loading
    whole = _cut(at.C, block.items)
    return _share(at, block, whole - _cut(at.S, block.items), whole)


def _standardized(at: Points, block: Block) -> Array:
    """Standardized loadings (D, k) on the block's construct; NaN if shared with another."""
    if not block.clean:
        return np.full((len(at.A), len(block.parts)), np.nan)
    variance = np.diagonal(at.C, axis1=1, axis2=2)
    ratio = variance[:, block.factor, None] / variance[:, block.parts]
    found: Array = at.A[:, block.parts, block.factor] * np.sqrt(ratio)
    return found


def _of_loadings(
    formula: Callable[[Array], Array],
) -> Callable[[Points, Block, NDArray[np.bool_]], Array]:
    def rule(at: Points, block: Block, loading: NDArray[np.bool_]) -> Array:
        del loading
        return formula(_standardized(at, block))

    return rule


_RULES: Mapping[Coefficient, Callable[[Points, Block, NDArray[np.bool_]], Array]] = {
    "alpha": _alpha,
    "omega": _omega,
    "omega_total": _omega_total,
    "omega_observed": _omega_observed,
    "cr": _of_loadings(formulas.composite_reliability),
    "maximal": _of_loadings(formulas.maximal_reliability),
    "ave": _of_loadings(formulas.average_variance_extracted),
}


def _rho_a(at: Points, blocks: Sequence[Block]) -> Array:
    """rho_A (D, blocks) of the constructs that items alone measure, each its own."""
    found = np.full((len(at.A), len(blocks)), np.nan)
    own = [j for j, block in enumerate(blocks) if block.clean and not block.higher]
    R = at.correlation
    weights = formulas.pls_weights(R, [blocks[j].items for j in own])
    for place, j in enumerate(own):
        items = blocks[j].items
        found[:, j] = formulas.dijkstra_henseler(weights[:, items, place], _cut(R, items))
    return found
