"""The loyalty programme and the closing of accounts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.methods.omnichannel.people import Bools, Ints, People, logistic, stream
from analysis.methods.omnichannel.population import Floats, Population
from analysis.methods.omnichannel.purchases import Orders, Spending


@dataclass(frozen=True)
class Membership:
    """Programme of each person, arrays (persons,); ``chance`` is the true propensity."""

    invited: Bools
    joined: Bools
    chance: Floats


@dataclass(frozen=True)
class Closing:
    """Closing of the account within 12 months, arrays (2, persons).

    ``month`` 1-12, 0 if the account stayed open, -1 if it was closed before the interview;
    ``chance`` is the true probability; ``winback`` a mark made after the fact.
    """

    month: Ints
    chance: Floats
    winback: Bools


def join(population: Population, people: People, latents: Floats, spending: Spending) -> Membership:
    """Who joined right after the first interview."""
    table = population["programme"]
    rows = (people.first_wave, np.arange(people.count))
    spend = np.log1p(spending.spend_before[rows])
    spend = (spend - spend.mean()) / spend.std()
    app = list(population["sample"]["channels"]).index("app")
    uniform = stream(population, "programme").random((2, people.count))
    invited = uniform[0] < 0.5
    chance = logistic(
        float(table["constant"])
        + float(table["loyalty"]) * latents[:, :, population.latents.index("loyalty")][rows]
        + float(table["spend"]) * spend
        + float(table["app"]) * (people.channel == app)
        + float(table["age"]) * (people.age - 40)
        + float(table["invited"]) * invited
    )
    return Membership(invited, uniform[1] < chance, chance)


def with_effect(
    population: Population, people: People, orders: Orders, joined: Bools, interview: Ints
) -> Orders:
    """Orders with the programme's effect on the values after joining."""
    day = interview[people.first_wave, np.arange(people.count)]
    treated = joined[orders.person] & (orders.day >= day[orders.person])
    factor = np.where(treated, float(population["programme"]["effect"]), 1.0)
    return replace(orders, value=np.rint(orders.value * factor * 100) / 100)


def close_accounts(
    population: Population, people: People, latents: Floats, spending: Spending, complained: Ints
) -> Closing:
    """Draw who closes the account, with a constant monthly hazard."""
    table = population["churn"]
    at = {name: latents[:, :, i] for i, name in enumerate(population.latents)}
    chance = logistic(
        float(table["constant"])
        + float(table["loyalty"]) * at["loyalty"]
        + float(table["recency"]) * np.log1p(spending.recency / 30.0)
        + complained * (float(table["complained"]) + float(table["handling"]) * at["handling"])
        + float(table["price"]) * at["price"]
        + float(table["tenure"]) * spending.observed / 52.0
    )
    uniform = stream(population, "churn").random((2, 2, people.count))
    hazard = 1.0 - (1.0 - chance) ** (1.0 / 12.0)
    month = np.ceil(np.log1p(-uniform[0]) / np.log1p(-hazard)).astype(np.int64)
    month = np.where(month <= 12, np.maximum(month, 1), 0)
    month[1][people.present[0] & (month[0] > 0)] = -1
    rate = np.where(
        month > 0, float(table["winback"]["churned"]), float(table["winback"]["stayed"])
    )
    return Closing(month, chance, uniform[1] < rate)
