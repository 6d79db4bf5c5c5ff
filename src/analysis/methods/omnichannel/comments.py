"""Open comments from short templates, in Chinese and English."""

from __future__ import annotations

import numpy as np

from analysis.methods.omnichannel.people import Ints, People, stream
from analysis.methods.omnichannel.population import Floats, Population

MOODS = ("poor", "fair", "good")


def draw_comments(population: Population, people: People, latents: Floats) -> list[list[str]]:
    """Comments [wave][person], empty where none was left; the mood follows satisfaction."""
    table = population["comments"]
    satisfaction = latents[:, :, population.latents.index("satisfaction")]
    noise = stream(population, "comment mood").standard_normal((2, people.count))
    mood: Ints = np.searchsorted([-0.7, 0.2], satisfaction + 0.5 * noise).astype(np.int64)
    uniform = stream(population, "comment").random((4, 2, people.count))
    chinese = uniform[1][0] < float(table["chinese"])
    comments = []
    for wave in range(2):
        row = []
        for person in range(people.count):
            said, _, which, contact = (float(u) for u in uniform[:, wave, person])
            texts = table["zh" if chinese[person] else "en"]
            left = said < float(table["share"])
            choice = texts[MOODS[int(mood[wave, person])]]
            text = choice[int(which * len(choice))]
            if contact < float(table["contact"]):
                text += (" " if not chinese[person] else "") + texts["contact"][int(which * 2)]
            row.append(text if left else "")
        comments.append(row)
    return comments
