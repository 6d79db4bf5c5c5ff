"""Results kept for objects that never change, found again by identity.

What follows from a model's text and options alone is the same for every sample: tables, places in
matrices, constraints. Hashing such objects by value would cost as much as making them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from numpy import ndarray

SIZE = 64
K = TypeVar("K")
R = TypeVar("R")
P = ParamSpec("P")


class _Same:
    """Equals only another of the very same object, which it keeps alive."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held


def by_identity(function: Callable[Concatenate[K, P], R]) -> Callable[Concatenate[K, P], R]:
    """``function`` with its last 64 results kept, by its first argument's identity.

    Other arguments are compared by value and must be hashable. Neither the first argument nor the
    result may be changed by anyone.
    """

    @lru_cache(maxsize=SIZE)
    def kept(key: _Same, *args: Any, **options: Any) -> R:
        return function(key.held, *args, **options)  # type: ignore[arg-type]

    @wraps(function)
    def found(first: K, /, *args: P.args, **options: P.kwargs) -> R:
        return kept(_Same(first), *args, **options)  # type: ignore[arg-type]

    return found


def frozen(array: ndarray) -> ndarray:
    """The array itself, from now on read-only."""
    array.flags.writeable = False
    return array
