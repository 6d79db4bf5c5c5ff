"""Latent scores of the persons in both waves."""

from __future__ import annotations

import numpy as np

from analysis.methods.omnichannel.people import People, stream
from analysis.methods.omnichannel.population import CHANNELS, WAVES, Floats, Population
from analysis.methods.omnichannel.structure import (
    class_means,
    coefficients,
    latent_covariance,
    residual_variances,
    within_class_covariance,
)


def two_waves(
    population: Population, purpose: str, size: tuple[int, ...], stability: str
) -> Floats:
    """Standard normal draws (2, *size) that correlate ``stability`` between the waves."""
    first = stream(population, purpose, 1).standard_normal(size)
    fresh = stream(population, purpose, 2).standard_normal(size)
    r = float(population["stability"][stability])
    return np.stack([first, r * first + np.sqrt(1.0 - r * r) * fresh])


def shifts(population: Population, people: People) -> Floats:
    """Shifts (2, persons, l) of every latent's own equation by brand, channel and wave."""
    brands = np.array([population.shift("brand", b) for b in population["sample"]["brands"]])
    channels = np.array([population.shift("channel", c) for c in CHANNELS])
    waves = np.array([population.shift("wave", w) for w in WAVES])
    groups = brands[people.brand] + channels[people.channel]
    return np.asarray(groups[None] + waves[:, None, :], dtype=np.float64)


def draw_latents(population: Population, people: People) -> Floats:
    """Latent scores (2, persons, l) in the order of ``population.latents``.

    Sums are written out element by element, so that no bit depends on a BLAS library.
    """
    m = len(population.exogenous)
    scores = shifts(population, people)
    scores[:, :, :m] += _exogenous(population, people)
    b = np.stack([coefficients(population, c) for c in CHANNELS])
    sd = np.sqrt(np.stack([residual_variances(population, c) for c in CHANNELS]))
    for row, name in enumerate(population.endogenous, start=m):
        for cause in range(row):
            scores[:, :, row] += b[people.channel, row, cause] * scores[:, :, cause]
        scores[:, :, row] += _products(population, people, name, scores)
        noise = two_waves(population, f"disturbance {name}", (people.count,), "disturbance")
        scores[:, :, row] += sd[people.channel, row - m] * noise
    return scores


def _exogenous(population: Population, people: People) -> Floats:
    """Class means, store differences and personal deviations (2, persons, m)."""
    m = len(population.exogenous)
    within = within_class_covariance(population)
    between = float(population["sample"]["store_variance"])
    at = population.exogenous.index("quality")
    within[at, at] -= between
    root = np.linalg.cholesky(within)
    z = two_waves(population, "exogenous", (people.count, m), "exogenous")
    scores = class_means(population)[people.segment]
    for row in range(m):
        for column in range(row + 1):
            scores[:, :, row] += root[row, column] * z[:, :, column]
    stores = int(people.store.max()) + 1
    effect = stream(population, "stores").standard_normal(stores)
    scores[:, :, at] += np.sqrt(between) * effect[people.store]
    return scores


def _products(population: Population, people: People, outcome: str, scores: Floats) -> Floats:
    """The outcome's interaction terms (2, persons), centred within the channel."""
    names = list(population.latents)
    total = np.zeros(scores.shape[:2])
    for product in population.tables.get("products", ()):
        if product["outcome"] != outcome:
            continue
        i, j = (names.index(f) for f in product["factors"])
        expected = np.array([latent_covariance(population, c)[i, j] for c in CHANNELS])
        term = scores[:, :, i] * scores[:, :, j] - expected[people.channel]
        total += float(product["coefficient"]) * term
    return total
