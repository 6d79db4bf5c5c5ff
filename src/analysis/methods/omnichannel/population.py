"""The population model of the simulated study, as read from its file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CHANNELS = ("store", "web", "app")
WAVES = ("1", "2")


@dataclass(frozen=True, slots=True)
class ItemTruth:
    """How one item answers to its latent variable.

    The latent answer is ``loading * latent + residual`` with residual variance
    ``1 - base_loading**2``; it is cut at ``thresholds + harder`` (standard deviations).
    """

    name: str
    of: str
    loading: float
    harder: float
    reversed: bool
    base_loading: float

    @property
    def residual_sd(self) -> float:
        """Standard deviation of the unique part; the same in every channel."""
        return float(np.sqrt(1.0 - self.base_loading**2))


@dataclass(frozen=True)
class Population:
    """All parameters of the simulated study; ``tables`` is the file as parsed."""

    tables: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.tables[key]

    @property
    def seed(self) -> int:
        """Root of all random streams."""
        return int(self.tables["seed"])

    @property
    def exogenous(self) -> tuple[str, ...]:
        """Latents without an equation."""
        return tuple(self.tables["latents"]["exogenous"])

    @property
    def endogenous(self) -> tuple[str, ...]:
        """Latents with an equation, causes before effects."""
        return tuple(self.tables["latents"]["endogenous"])

    @property
    def latents(self) -> tuple[str, ...]:
        """Exogenous, then endogenous latents."""
        return self.exogenous + self.endogenous

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the customer segments."""
        return tuple(self.tables["classes"])

    @property
    def facets(self) -> dict[str, tuple[str, float]]:
        """First-order facet -> its second-order latent and loading."""
        return {
            facet: (latent, float(loading))
            for latent, loadings in self.tables["facets"].items()
            for facet, loading in loadings.items()
        }

    @property
    def item_names(self) -> tuple[str, ...]:
        """All items in the order of the questionnaire."""
        return tuple(self.tables["items"])

    def path(self, outcome: str, cause: str, channel: str) -> float:
        """A structural coefficient in one channel (0 if there is no such path)."""
        value = self.tables["paths"].get(outcome, {}).get(cause, 0.0)
        return float(value[channel] if isinstance(value, Mapping) else value)

    def item(self, name: str, channel: str) -> ItemTruth:
        """The measurement of one item in one channel, planted differences included."""
        entry = self.tables["items"][name]
        loading, harder = float(entry["loading"]), float(entry["harder"])
        base = loading
        for change in self.tables.get("noninvariant", ()):
            if change["item"] == name and change["channel"] == channel:
                loading = float(change.get("loading", loading))
                harder += float(change.get("harder", 0.0))
        return ItemTruth(
            name, entry["of"], loading, harder, bool(entry.get("reversed", False)), base
        )

    def shift(self, grouping: str, level: str) -> Floats:
        """Mean shifts of the latents (own equations) at one level of a grouping."""
        shifts = self.tables["shifts"][grouping].get(level, {})
        return np.array([float(shifts.get(name, 0.0)) for name in self.latents])


def load_population(path: Path | str) -> Population:
    """Read ``population.toml`` and check that it is a possible population.

    Raises
    ------
    ValueError
        If class shares or means do not add up, or the file's format is unknown.
    """
    tables = tomllib.loads(Path(path).read_text("utf-8"))
    if tables.get("format") != 1:
        raise ValueError(f"format {tables.get('format')!r} of {Path(path).name} is not 1")
    classes = tables["classes"].values()
    shares = np.array([c["share"] for c in classes])
    means = np.array([c["means"] for c in classes])
    if not np.isclose(shares.sum(), 1.0) or not np.allclose(shares @ means, 0.0, atol=1e-9):
        raise ValueError("class shares must add up to 1 and class means must average to 0")
    return Population(tables)


def lower_triangle(rows: Sequence[Sequence[float]]) -> Floats:
    """A symmetric matrix (p, p) from its lower triangle with the diagonal."""
    size = len(rows)
    full = np.zeros((size, size))
    for i, row in enumerate(rows):
        full[i, : i + 1] = row
    return full + np.tril(full, -1).T
