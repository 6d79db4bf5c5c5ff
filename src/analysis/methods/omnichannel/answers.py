"""Answers to the items: latent scores cut into categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.methods.omnichannel.latents import two_waves
from analysis.methods.omnichannel.people import Ints, People, logistic, stream
from analysis.methods.omnichannel.population import CHANNELS, Floats, Population

POINTS = 7


def measured(population: Population, people: People, latents: Floats) -> dict[str, Floats]:
    """What the items measure, by name: facets and first-order latents, each (2, persons)."""
    at = {name: latents[:, :, i] for i, name in enumerate(population.latents)}
    found = dict(at)
    for facet, (latent, loading) in population.facets.items():
        noise = two_waves(population, f"facet {facet}", (people.count,), "facet")
        found[facet] = loading * at[latent] + np.sqrt(1.0 - loading**2) * noise
    return found


def cut(score: Floats, thresholds: Sequence[float] | Floats, harder: Floats | float = 0.0) -> Ints:
    """Number of thresholds that a score exceeds."""
    total = np.zeros(score.shape, dtype=np.int64)
    for threshold in thresholds:
        total += score > float(threshold) + harder
    return total


def attentive_answers(population: Population, people: People, latents: Floats) -> Ints:
    """Answers (2, persons, items) as given on the page (reversed items not turned round)."""
    factors = measured(population, people, latents)
    thresholds = population["scale"]["thresholds"]
    pages = []
    for name in population.item_names:
        truth = [population.item(name, c) for c in CHANNELS]
        loading = np.array([t.loading for t in truth])[people.channel]
        harder = np.array([t.harder for t in truth])[people.channel]
        noise = two_waves(population, f"item {name}", (people.count,), "unique")
        score = loading * factors[truth[0].of] + truth[0].residual_sd * noise
        answer = 1 + cut(score, thresholds, harder)
        pages.append(POINTS + 1 - answer if truth[0].reversed else answer)
    return np.stack(pages, axis=-1)


def draw_nps(population: Population, people: People, latents: Floats) -> Ints:
    """Likelihood to recommend (2, persons), 0-10."""
    table = population["nps"]
    names = population.latents
    score = sum(
        float(table[k]) * latents[:, :, names.index(k)] for k in ("loyalty", "satisfaction")
    )
    noise = stream(population, "nps").standard_normal((2, people.count))
    explained = float(table["loyalty"]) ** 2 + float(table["satisfaction"]) ** 2
    return cut(score + np.sqrt(1.0 - explained) * noise, table["thresholds"])


def draw_complained(population: Population, people: People, latents: Floats) -> Ints:
    """Whether a person complained in the last year (2, persons)."""
    table = population["complaint"]
    quality = latents[:, :, population.latents.index("quality")]
    chance = logistic(float(table["constant"]) + float(table["quality"]) * quality)
    uniform = stream(population, "complaint").random((2, people.count))
    return (uniform < chance).astype(np.int64)


def draw_share_of_wallet(population: Population, people: People, latents: Floats) -> Floats:
    """Share of category spend at the brand (2, persons), two decimals."""
    table = population["share_of_wallet"]
    loyalty = latents[:, :, population.latents.index("loyalty")]
    noise = stream(population, "wallet").standard_normal((2, people.count))
    share = float(table["mean"]) + float(table["loyalty"]) * loyalty
    return np.clip(np.rint(20 * (share + float(table["spread"]) * noise)) / 20, 0.0, 1.0)
