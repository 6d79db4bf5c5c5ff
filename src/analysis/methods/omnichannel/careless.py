"""Careless respondents: straight lines, random marks, cycles, hurry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.methods.omnichannel.answers import POINTS
from analysis.methods.omnichannel.people import Ints, People, pick, stream
from analysis.methods.omnichannel.population import Floats, Population


@dataclass(frozen=True)
class Sheets:
    """What stands on the answer sheets.

    ``answers`` (2, persons, items), ``kind`` (2, persons; 0 attentive, then the kinds of
    carelessness in the population's order), ``attention`` (2, persons) the answer to the attention
    check, ``seconds`` (2, persons) the duration.
    """

    answers: Ints
    kind: Ints
    attention: Ints
    seconds: Ints


def fill_sheets(population: Population, people: People, attentive: Ints) -> Sheets:
    """Replace the answers of careless respondents; add attention check and duration."""
    table = population["careless"]
    share = float(table["share"])
    kinds = [1.0 - share, *(share * float(v) for v in table["kinds"].values())]
    kind = pick(stream(population, "careless").random((2, people.count)), kinds)
    patterns = _patterns(population, attentive.shape)
    answers = attentive.copy()
    attention = _attention(population, people)
    for number, name in enumerate(table["kinds"], start=1):
        rows = kind == number
        answers[rows] = patterns[name][rows][:, :-1]
        attention[rows] = patterns[name][rows][:, -1]
    return Sheets(answers, kind, attention, _seconds(population, kind, attentive.shape[-1]))


def _patterns(population: Population, shape: tuple[int, ...]) -> dict[str, Ints]:
    """Sheets (2, persons, items + 1) by kind; the last column answers the attention check."""
    table = population["careless"]
    size = (shape[0], shape[1], shape[2] + 1)
    keep = np.array([int(k) for k in table["straight"]])
    level = keep[
        pick(stream(population, "straight").random(size[:2]), list(table["straight"].values()))
    ]
    slip = stream(population, "slip").random(size)
    step = (slip < float(table["slip"]) / 2).astype(np.int64) - (
        slip > 1 - float(table["slip"]) / 2
    )
    marks = stream(population, "random marks").random(size)
    start = np.floor(stream(population, "cycle").random(size[:2]) * POINTS).astype(np.int64)
    return {
        "straight": np.clip(level[:, :, None] + step, 1, POINTS),
        "random": 1 + np.floor(marks * POINTS).astype(np.int64),
        "cycle": 1 + (start[:, :, None] + np.arange(size[2])) % POINTS,
    }


def _attention(population: Population, people: People) -> Ints:
    table = population["careless"]["attention"]
    uniform = stream(population, "attention").random((2, 2, people.count))
    wrong = 1 + np.floor(uniform[1] * (POINTS - 1)).astype(np.int64)
    right = int(table["answer"])
    wrong += wrong >= right
    return np.where(uniform[0] < float(table["slip"]), wrong, right).astype(np.int64)


def _seconds(population: Population, kind: Ints, items: int) -> Ints:
    table = population["careless"]["seconds"]
    z = stream(population, "seconds").standard_normal(kind.shape)
    pace = np.where(kind > 0, float(table["careless"]), float(table["attentive"]))
    seconds: Floats = items * pace * np.exp(float(table["spread"]) * z)
    return np.rint(seconds).astype(np.int64)
