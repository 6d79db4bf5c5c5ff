"""Indicators of a product of two latent variables: matched pairs, double-mean-centred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Interaction:
    """``predictor`` works on ``outcome`` the more (or less), the higher ``moderator``.

    A moderator that is the predictor itself makes it a quadratic effect.
    """

    predictor: str
    moderator: str
    outcome: str

    @property
    def quadratic(self) -> bool:
        """Whether the predictor bends its own effect."""
        return self.predictor == self.moderator

    @property
    def factor(self) -> str:
        """Name of the product's latent variable."""
        return f"{self.predictor}_x_{self.moderator}"


def matched_pairs(first: Mapping[str, float], second: Mapping[str, float]) -> Pairs:
    """Each item in one pair at most, the best with the best (Marsh, Wen & Hau 2004).

    ``first`` and ``second`` are standardized loadings by item; of the longer list the weakest
    items stay without a partner. The same list twice pairs every item with itself.
    """
    if first == second:
        return tuple((name, name) for name in first)
    ranked = (sorted(f, key=lambda name: (-abs(f[name]), name)) for f in (first, second))
    return tuple(zip(*ranked))


def products(rows: Array, names: Sequence[str], pairs: Pairs) -> Array:
    """Products (n, k) of centred items ``rows`` (n, p), centred again (Lin et al. 2010).

    The second centring takes the mean off, so that no mean structure is needed; it changes no
    covariance. Rows must be complete.
    """
    centred = rows - rows.mean(axis=0)
    at = {name: i for i, name in enumerate(names)}
    left, right = (centred[:, [at[pair[k]] for pair in pairs]] for k in (0, 1))
    product = left * right
    found: Array = product - product.mean(axis=0)
    return found


def product_name(pair: tuple[str, str]) -> str:
    """What the product of two items is called."""
    return f"{pair[0]}.{pair[1]}"


def sharing(pairs: Mapping[str, Pairs]) -> tuple[tuple[str, str], ...]:
    """Products of different factors that share an item: their unique parts are correlated."""
    listed = [(factor, pair) for factor, group in pairs.items() for pair in group]
    return tuple(
        (product_name(one), product_name(other))
        for i, (factor, one) in enumerate(listed)
        for second, other in listed[i + 1 :]
        if second != factor and set(one) & set(other)
    )
