"""A group's moments as the model implies them at one theta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Implied:
    """Everything that the losses need of one group at one theta.

    ``T`` = (I - A)^-1 (k, k); ``E`` = F T (p, k); ``C`` = T S T' (k, k), the covariances of all
    variables; ``t`` = T m (k,), their means; ``Sigma`` (p, p) and ``mu`` (p,) the observed part.
    """

    T: Array
    E: Array
    C: Array
    t: Array
    Sigma: Array
    mu: Array
