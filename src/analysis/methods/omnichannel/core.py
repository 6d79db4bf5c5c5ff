"""The core model as a population of its own: normal answers with exactly known parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.methods.omnichannel.people import stream
from analysis.methods.omnichannel.population import Floats, Population
from analysis.methods.omnichannel.structure import core_paths

LATENTS = ("image", "quality", "satisfaction", "loyalty")
ITEMS = {
    "image": ("img1", "img2", "img3", "img4"),
    "quality": ("tan1", "rel1", "res1", "ass1", "emp1"),
    "satisfaction": ("sat1", "sat2", "sat3", "sat4"),
    "loyalty": ("cog1", "aff1", "con1", "act1"),
}


@dataclass(frozen=True)
class CoreTruth:
    """The core model's population in one channel, everything standardized.

    ``names`` are the p items, ``covariance`` (p, p) their implied covariance matrix (unit
    variances), ``standardized`` the true std.all of loadings (``image =~ img1``), paths
    (``image ~ quality``) and defined effects (by the names in ``models/core.lav``).
    """

    names: tuple[str, ...]
    covariance: Floats
    standardized: dict[str, float]


def core_truth(population: Population, channel: str = "store") -> CoreTruth:
    """What the core model's parameters are if answers were continuous and normal.

    Measurement is that of the channel, planted differences included; paths are the reduced form of
    the full population (``core_paths``).
    """
    paths = core_paths(population, channel)
    latent = _latent_correlation(paths)
    names = tuple(name for items in ITEMS.values() for name in items)
    loadings = np.array([_loading(population, name, channel) for name in names])
    owner = np.repeat(np.arange(len(LATENTS)), [len(items) for items in ITEMS.values()])
    covariance = loadings[:, None] * latent[np.ix_(owner, owner)] * loadings[None, :]
    np.fill_diagonal(covariance, 1.0)
    truth = {
        f"{latent_name} =~ {item}": _loading(population, item, channel)
        for latent_name, items in ITEMS.items()
        for item in items
    }
    return CoreTruth(names, covariance, truth | paths | _effects(paths))


def draw_core(
    population: Population, n: int, *, replication: int = 0, channel: str = "store"
) -> Floats:
    """Normal answers (n, p) from the core population; one stream per replication."""
    truth = core_truth(population, channel)
    z = stream(population, "core", channel, replication).standard_normal((n, len(truth.names)))
    return z @ np.linalg.cholesky(truth.covariance).T


def _loading(population: Population, name: str, channel: str) -> float:
    """Standardized loading on the core latent: times the facet's where there is one."""
    item = population.item(name, channel)
    _, facet = population.facets.get(item.of, ("", 1.0))
    return item.loading * facet / float(np.hypot(item.loading, item.residual_sd))


def _latent_correlation(paths: dict[str, float]) -> Floats:
    """Correlations (4, 4) of the core latents that the paths imply."""
    order = ("quality", "image", "satisfaction", "loyalty")
    phi = np.eye(4)
    for row, name in enumerate(order[1:], start=1):
        beta = np.array([paths.get(f"{name} ~ {cause}", 0.0) for cause in order[:row]])
        phi[row, :row] = phi[:row, row] = phi[:row, :row] @ beta
    at = [order.index(name) for name in LATENTS]
    return phi[np.ix_(at, at)]


def _effects(paths: dict[str, float]) -> dict[str, float]:
    iq, sq, si = (
        paths[k] for k in ("image ~ quality", "satisfaction ~ quality", "satisfaction ~ image")
    )
    ls, li, lq = (paths[f"loyalty ~ {k}"] for k in ("satisfaction", "image", "quality"))
    indirect = sq * ls + iq * li + iq * si * ls
    return {
        "indirect_satisfaction": sq * ls,
        "indirect_image": iq * li,
        "indirect_serial": iq * si * ls,
        "indirect_total": indirect,
        "total_loyalty": lq + indirect,
        "total_satisfaction": sq + iq * si,
        "image_indirect": si * ls,
        "image_total": li + si * ls,
    }
