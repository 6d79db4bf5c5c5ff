"""Arithmetic on ``LANES`` numbers at once: row i of an array (rows, LANES) is one such vector.

These are the words, beside + - * /, in which kernels that work on several draws side by side are
written. Here they are plain NumPy, which says what they mean; in compiled kernels each is an
instruction of the processor (``instructions.py``), which compilers do not make of loops over lanes.
A second set of words is for small whole numbers: ``QUADS`` sums of four products of bytes at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bytes = NDArray[np.integer]
LANES = 16
QUADS = 16


def load(A: Array, i: int) -> Array:
    """Row ``i`` of ``A``."""
    x: Array = A[i].copy()
    return x


def store(A: Array, i: int, x: Array) -> None:
    """Write row ``i`` of ``A``."""
    A[i] = x


def spread(x: float) -> Array:
    """The same number in all lanes."""
    return np.full(LANES, x)


def fma(a: Array, b: Array, c: Array) -> Array:
    """a b + c, rounded once (here: twice)."""
    return a * b + c


def root(a: Array) -> Array:
    """Square roots; NaN of negative numbers."""
    return np.sqrt(a)


def lesser(a: Array, b: Array) -> Array:
    """The lesser of each pair; b where one is NaN."""
    return np.where(a < b, a, b)


def chosen(where: Array, a: Array, b: Array) -> Array:
    """``a`` in lanes where ``where`` is positive, else ``b``."""
    return np.where(where > 0.0, a, b)


def mantissa(a: Array) -> Array:
    """m in [1, 2) of a = m 2^e, for normal positive numbers."""
    return 2.0 * np.frexp(a)[0]


def exponent(a: Array) -> Array:
    """e of a = m 2^e, for normal positive numbers."""
    return np.frexp(a)[1] - 1.0


def quads(A: Bytes, i: int) -> Bytes:
    """Row ``i`` of bytes ``A`` (rows, 4 ``QUADS``)."""
    x: Bytes = A[i].copy()
    return x


def repeated(A: Bytes, i: int) -> Bytes:
    """The ``i``-th four bytes of ``A``, ``QUADS`` times."""
    return np.tile(A.reshape(-1, 4)[i], QUADS)


def nothing() -> Bytes:
    """``QUADS`` zeros."""
    return np.zeros(QUADS, dtype=np.int32)


def add_quads(total: Bytes, a: Bytes, b: Bytes) -> Bytes:
    """total + the sums of each four products of ``a``, from 0 to 255, and ``b``, -128 to 127."""
    found: Bytes = total + (a.astype(np.int32) * b).reshape(-1, 4).sum(axis=1)
    return found


def store_wholes(A: Bytes, i: int, x: Bytes) -> None:
    """Write row ``i`` of ``A`` (rows, ``QUADS``)."""
    A[i] = x
