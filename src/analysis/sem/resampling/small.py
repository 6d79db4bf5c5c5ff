"""Weighted sums of small whole numbers by instructions that multiply bytes.

Answers on rating scales, less their rounded means, have products that fit a byte, and so do the
counts of a resample. Their sums are whole numbers as well, so that these are to the last digit
what a product of floating-point matrices gives, in a fifth of its time.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from analysis.sem.resampling.compiled import pure
from analysis.sem.resampling.vectors import QUADS, add_quads, nothing, quads, repeated, store_wholes

LARGEST = 127
SIDE_BY_SIDE = 8


def has_bytes() -> bool:
    """Whether the processor multiplies bytes."""
    return bool(import_module("analysis.sem.resampling.instructions").has_quads())


def packed(x: NDArray[np.int8]) -> NDArray[np.int8]:
    """Numbers (columns, units) in the order in which ``weighed`` reads them."""
    columns, fours = -(-x.shape[0] // QUADS), -(-x.shape[1] // 4)
    filled = np.zeros((columns * QUADS, 4 * fours), dtype=np.int8)
    filled[: x.shape[0], : x.shape[1]] = x
    order = filled.view(np.int32).reshape(columns, QUADS, fours).transpose(0, 2, 1)
    return np.ascontiguousarray(order).view(np.int8)


def counters(draws: int, units: int) -> NDArray[np.uint8]:
    """Room for the counts of ``draws``, a multiple of ``SIDE_BY_SIDE``."""
    return np.zeros((draws, -(-units // 4) * 4), dtype=np.uint8)


def weighed(counts: NDArray[np.uint8], x: NDArray[np.int8]) -> NDArray[np.int32]:
    """Sums (draws, columns): counts (draws, units) times ``packed`` numbers."""
    columns, rows = x.shape[:2]
    sums = np.empty((len(counts) * columns, QUADS), dtype=np.int32)
    _weigh(counts, x.reshape(-1, 4 * QUADS), rows, columns, sums)
    return sums.reshape(len(counts), -1)


@pure
def _weigh(
    counts: NDArray[np.uint8], x: NDArray[np.int8], rows: int, columns: int,
    sums: NDArray[np.int32],
) -> None:  # fmt: skip
    """Eight draws side by side, so that each group of numbers is read once for all of them."""
    for d in range(0, len(counts), SIDE_BY_SIDE):
        for k in range(columns):
            t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = nothing()
            c = d * rows
            for g in range(rows):
                q = quads(x, k * rows + g)
                t0 = add_quads(t0, repeated(counts, c + g), q)
                t1 = add_quads(t1, repeated(counts, c + rows + g), q)
                t2 = add_quads(t2, repeated(counts, c + 2 * rows + g), q)
                t3 = add_quads(t3, repeated(counts, c + 3 * rows + g), q)
                t4 = add_quads(t4, repeated(counts, c + 4 * rows + g), q)
                t5 = add_quads(t5, repeated(counts, c + 5 * rows + g), q)
                t6 = add_quads(t6, repeated(counts, c + 6 * rows + g), q)
                t7 = add_quads(t7, repeated(counts, c + 7 * rows + g), q)
            out = d * columns + k
            store_wholes(sums, out, t0)
            store_wholes(sums, out + columns, t1)
            store_wholes(sums, out + 2 * columns, t2)
            store_wholes(sums, out + 3 * columns, t3)
            store_wholes(sums, out + 4 * columns, t4)
            store_wholes(sums, out + 5 * columns, t5)
            store_wholes(sums, out + 6 * columns, t6)
            store_wholes(sums, out + 7 * columns, t7)
