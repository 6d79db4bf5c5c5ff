"""How an estimation ended, as a value that every consumer must look at."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """The end of an estimation; ``locale/<language>/sem.toml`` says each in words with a remedy."""

    CONVERGED = "converged"
    IMPROPER = "improper"
    NOT_CONVERGED = "not_converged"
    NOT_IDENTIFIED = "not_identified"
    SINGULAR_INPUT = "singular_input"

    @property
    def admissible(self) -> bool:
        """Whether conclusions may be drawn: a converged, identified, proper solution."""
        return self is Outcome.CONVERGED

    @property
    def estimated(self) -> bool:
        """Whether the estimates are a minimum of the loss (proper or not)."""
        return self in (Outcome.CONVERGED, Outcome.IMPROPER)
