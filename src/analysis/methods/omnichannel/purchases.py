"""Purchase histories: buy till you die (BG/NBD) with Gamma-Gamma order values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.methods.omnichannel.people import Bools, Ints, People, stream
from analysis.methods.omnichannel.population import Floats, Population

WEEK = 7.0


@dataclass(frozen=True)
class Customers:
    """The purchase process of each person, arrays (persons,).

    ``rate`` orders a week while alive, ``dropout`` chance to leave after each repeat order,
    ``scale`` mean order value over the Gamma-Gamma shape p, ``tenure`` days from the first order to
    day 0.
    """

    rate: Floats
    dropout: Floats
    scale: Floats
    tenure: Ints


@dataclass(frozen=True)
class Orders:
    """All orders, sorted by person and day: arrays (orders,); ``left`` (persons,) is the day on
    which a person stopped buying (beyond the horizon: never)."""

    person: Ints
    day: Ints
    value: Floats
    left: Floats


@dataclass(frozen=True)
class Spending:
    """Per person and wave, arrays (2, persons), as known at or after the interview.

    ``before`` and ``after`` are the 52 weeks to each side of the interview day; ``repeats``,
    ``last`` and ``observed`` (weeks) are the BG/NBD statistics x, t_x and T, ``mean_value`` the
    mean of the repeat orders (NaN without any).
    """

    orders_before: Ints
    orders_after: Ints
    spend_before: Floats
    spend_after: Floats
    recency: Ints
    repeats: Ints
    last: Floats
    observed: Floats
    mean_value: Floats
    alive: Bools


def normal_scores(values: Floats) -> Floats:
    """Normal quantiles of the ranks of ``values`` (n,)."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) + 0.5
    return np.asarray(special.ndtri(ranks / len(values)), dtype=np.float64)


def draw_customers(population: Population, people: People, loyalty: Floats) -> Customers:
    """Parameters of the purchase process; ``loyalty`` (persons,) is that of the first interview."""
    table = population["purchases"]
    z = normal_scores(loyalty)
    noise = stream(population, "customers").standard_normal((2, people.count))
    linked = []
    for row, name in enumerate(("rate", "dropout")):
        r = float(table["loyalty"][name])
        linked.append(special.ndtr(r * z + np.sqrt(1.0 - r * r) * noise[row]))
    value = table["value"]
    precision = stream(population, "order value level").random(people.count)
    nu = special.gammaincinv(float(value["q"]), precision) / float(value["gamma"])
    low, high = (7 * int(w) for w in table["tenure"])
    tenure = stream(population, "tenure").random(people.count)
    return Customers(
        rate=special.gammaincinv(float(table["rate"]["r"]), linked[0])
        / float(table["rate"]["alpha"]),
        dropout=special.betaincinv(
            float(table["dropout"]["a"]), float(table["dropout"]["b"]), linked[1]
        ),
        scale=np.asarray(1.0 / nu, dtype=np.float64),
        tenure=(low + np.floor(tenure * (high - low))).astype(np.int64),
    )


def draw_orders(population: Population, customers: Customers, horizon: int) -> Orders:
    """Orders from each person's first one to day ``horizon``."""
    p = float(population["purchases"]["value"]["p"])
    persons, days, values = [], [], []
    left = np.full(len(customers.rate), np.inf)
    for person, (rate, dropout) in enumerate(zip(customers.rate, customers.dropout, strict=True)):
        random = stream(population, "orders", person)
        start = -int(customers.tenure[person])
        clock = 0.0
        moments = [0.0]
        while True:
            clock += float(random.standard_exponential()) / float(rate)
            if start + clock * WEEK > horizon:
                break
            moments.append(clock)
            if random.random() < dropout:
                left[person] = start + clock * WEEK
                break
        days.append(start + np.floor(np.array(moments) * WEEK).astype(np.int64))
        values.append(random.standard_gamma(p, len(moments)) * customers.scale[person])
        persons.append(np.full(len(moments), person, dtype=np.int64))
    money = np.maximum(np.rint(np.concatenate(values) * 100) / 100, 1.0)
    return Orders(np.concatenate(persons), np.concatenate(days), money, left)


def summarize(
    population: Population, customers: Customers, orders: Orders, interview: Ints
) -> Spending:
    """Purchase figures around the interviews (2, persons)."""
    year = 7 * int(population["purchases"]["year"])
    count = len(customers.rate)
    columns: dict[str, list[np.ndarray]] = {}
    for wave in range(2):
        gap = interview[wave][orders.person] - orders.day
        before, after, known = (gap > 0) & (gap <= year), (gap <= 0) & (gap > -year), gap > 0
        first = -customers.tenure
        repeats = _totals(orders.person, known, None, count).astype(np.int64) - 1
        last_day = np.full(count, -(10**6), dtype=np.int64)
        np.maximum.at(last_day, orders.person[known], orders.day[known])
        first_value = orders.value[np.searchsorted(orders.person, np.arange(count))]
        repeat_value = _totals(orders.person, known, orders.value, count) - first_value
        with np.errstate(invalid="ignore", divide="ignore"):
            mean_value = np.where(repeats > 0, repeat_value / repeats, np.nan)
        for name, column in (
            ("orders_before", _totals(orders.person, before, None, count).astype(np.int64)),
            ("orders_after", _totals(orders.person, after, None, count).astype(np.int64)),
            ("spend_before", _totals(orders.person, before, orders.value, count)),
            ("spend_after", _totals(orders.person, after, orders.value, count)),
            ("recency", interview[wave] - last_day),
            ("repeats", repeats),
            ("last", (last_day - first) / WEEK),
            ("observed", (interview[wave] - first) / WEEK),
            ("mean_value", mean_value),
            ("alive", orders.left > interview[wave]),
        ):
            columns.setdefault(name, []).append(column)
    return Spending(**{name: np.stack(pair) for name, pair in columns.items()})


def _totals(person: Ints, mask: Bools, value: Floats | None, count: int) -> Floats:
    chosen = None if value is None else value[mask]
    return np.bincount(person[mask], weights=chosen, minlength=count).astype(np.float64)
