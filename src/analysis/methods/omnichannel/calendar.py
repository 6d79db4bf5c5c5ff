"""Dates and times of the interviews."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from analysis.methods.omnichannel.people import Ints, People, logistic, stream
from analysis.methods.omnichannel.population import WAVES, Floats, Population


def first_day(population: Population) -> date:
    """Day 0 of the simulation: the first day of wave 1."""
    return date.fromisoformat(population["sample"]["waves"][WAVES[0]])


def interview_days(population: Population, people: People, latents: Floats) -> Ints:
    """Day of the interview (2, persons), counted from the first day of wave 1.

    Most answers come early; people low in loyalty tend to answer late.
    """
    sample = population["sample"]
    loyalty = latents[:, :, population.latents.index("loyalty")]
    r = float(sample["late"])
    z = stream(population, "interview day").standard_normal((2, people.count))
    position = logistic(1.2 * (r * loyalty + np.sqrt(1.0 - r * r) * z) - 0.6)
    day = np.floor(int(sample["field_days"]) * position).astype(np.int64)
    start = first_day(population)
    offsets = [(date.fromisoformat(sample["waves"][w]) - start).days for w in WAVES]
    return day + np.array(offsets, dtype=np.int64)[:, None]


def start_seconds(population: Population, people: People) -> Ints:
    """Time of day (2, persons) at which the questionnaire was opened, 8:00 to 22:00."""
    uniform = stream(population, "time of day").random((2, people.count))
    return (8 * 3600 + np.floor(uniform * 14 * 3600)).astype(np.int64)


def day_text(population: Population, day: int) -> str:
    """ISO date of a day number."""
    return (first_day(population) + timedelta(days=int(day))).isoformat()


def time_text(population: Population, day: int, second: int) -> str:
    """Date and time of a second of a day (may run past midnight)."""
    midnight = datetime.combine(first_day(population), datetime.min.time())
    moment = midnight + timedelta(days=int(day), seconds=int(second))
    return moment.strftime("%Y-%m-%d %H:%M:%S")
