"""Who is asked: brands, channels, stores, waves, segments, age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.methods.omnichannel.population import Floats, Population
from analysis.methods.omnichannel.structure import class_shares, class_transition
from analysis.rng import generator

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def stream(population: Population, *path: str | int) -> np.random.Generator:
    """The random stream for one purpose of the simulation."""
    return generator(population.seed, "omnichannel", *path)


def pick(uniform: Floats, shares: Sequence[float] | Floats) -> Ints:
    """Category numbers from uniform draws; ``shares`` add up to 1."""
    cuts = np.cumsum(np.asarray(shares, dtype=np.float64))[:-1]
    return np.asarray(np.sum(uniform[..., None] >= cuts, axis=-1), dtype=np.int64)


def logistic(x: Floats) -> Floats:
    """Probability of a logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


@dataclass(frozen=True)
class People:
    """The persons; arrays are (persons,) or, where waves differ, (2, persons).

    ``brand``, ``channel``, ``gender`` are positions in the population's tables, ``store`` counts
    over all brands, ``present`` says who answered in which wave, ``segment`` is the class.
    """

    brand: Ints
    channel: Ints
    store: Ints
    tier: Ints
    age: Ints
    gender: Ints
    present: Bools
    segment: Ints
    short_form: Bools

    @property
    def count(self) -> int:
        """Number of persons."""
        return len(self.brand)

    @property
    def first_wave(self) -> Ints:
        """Wave (0 or 1) of a person's first interview."""
        return np.where(self.present[0], 0, 1).astype(np.int64)


def draw_people(population: Population) -> People:
    """Draw the persons and their groups."""
    sample: Mapping[str, Any] = population["sample"]
    persons = sample["persons"]
    sizes = [int(persons[k]) for k in ("first", "second", "both")]
    count = sum(sizes)
    kind = np.repeat(np.arange(3), sizes)
    kind = kind[stream(population, "order").permutation(count)]
    uniform = {
        name: stream(population, name).random((2, count))
        for name in ("groups", "store", "demography", "segment", "form")
    }
    brand = pick(uniform["groups"][0], list(sample["brands"].values()))
    channel = pick(uniform["groups"][1], list(sample["channels"].values()))
    stores = int(sample["stores_per_brand"])
    within = np.floor(uniform["store"][0] * stores).astype(np.int64)
    return People(
        brand=brand,
        channel=channel,
        store=brand * stores + within,
        tier=np.asarray(sample["tiers"], dtype=np.int64)[within],
        age=_ages(population, channel),
        gender=pick(uniform["demography"][1], list(sample["gender"].values())),
        present=np.stack([kind != 1, kind != 0]),
        segment=_segments(population, uniform["segment"]),
        short_form=uniform["form"] < float(sample["short_form"]),
    )


def _ages(population: Population, channel: Ints) -> Ints:
    ages = population["sample"]["age"]
    centre = np.array([float(ages[c]) for c in population["sample"]["channels"]])
    z = stream(population, "age").standard_normal(len(channel))
    years = np.rint(centre[channel] + float(ages["sd"]) * z)
    return np.clip(years, 18, 80).astype(np.int64)


def _segments(population: Population, uniform: Floats) -> Ints:
    """Classes (2, persons): stay or move to another class in proportion to its share."""
    transition = class_transition(population)
    first = pick(uniform[0], class_shares(population))
    cuts = np.cumsum(transition, axis=1)[:, :-1]
    second = np.sum(uniform[1][:, None] >= cuts[first], axis=1).astype(np.int64)
    return np.stack([first, second])


def weights(population: Population, people: People) -> Floats:
    """Design weights (persons,): customers' share over sample share of the channel."""
    sample = population["sample"]
    ratio = [sample["customers"][c] / sample["channels"][c] for c in sample["channels"]]
    return np.asarray(ratio, dtype=np.float64)[people.channel]
