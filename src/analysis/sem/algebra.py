"""Symmetric matrices: inverse, determinant, half-vectorization."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetri, dpotrf, dpotri, dtrtri

Array = NDArray[np.float64]


def inverse_and_logdet(Sigma: Array) -> tuple[Array, float] | None:
    """Inverse and log-determinant of a symmetric matrix, or None where it is not positive."""
    factor, info = dpotrf(Sigma, lower=1, clean=1)
    if info != 0:
        return None
    lower = dpotri(factor, lower=1)[0]
    inverse = lower + lower.T
    inverse.flat[:: len(inverse) + 1] *= 0.5
    return inverse, 2.0 * float(np.log(factor.diagonal()).sum())


def whitened(Sigma: Array) -> tuple[Array, float] | None:
    """K (p, p), lower, with K Sigma K' = I, and log|Sigma|; None where it is not positive."""
    factor, info = dpotrf(Sigma, lower=1, clean=1)
    if info != 0:
        return None
    logdet = 2.0 * float(np.add.reduce(np.log(factor.diagonal())))
    return dtrtri(factor, lower=1)[0], logdet


def inverse(matrix: NDArray[Any]) -> Array:
    """Inverse of one matrix (p, p), real or complex, or of a stack.

    Raises ``LinAlgError`` where there is none.
    """
    if matrix.ndim > 2 or matrix.dtype != np.float64 or not matrix.size:
        found: Array = np.linalg.inv(matrix)
        return found
    factor, pivots, info = dgetrf(matrix)
    inverted: Array = dgetri(factor, pivots)[0] if info == 0 else factor
    if info != 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return inverted


def half_index(p: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the lower triangle, column by column (vech order)."""
    col, row = np.triu_indices(p)
    return row, col


def half_vector(matrix: Array) -> Array:
    """vech of (..., p, p): the lower triangle column by column, (..., p (p + 1) / 2)."""
    row, col = half_index(matrix.shape[-1])
    return matrix[..., row, col]


def from_half_vector(vector: Array, p: int) -> Array:
    """The symmetric matrix (p, p) with lower triangle ``vector``."""
    row, col = half_index(p)
    matrix = np.zeros((p, p))
    matrix[row, col] = vector
    matrix[col, row] = vector
    return matrix
