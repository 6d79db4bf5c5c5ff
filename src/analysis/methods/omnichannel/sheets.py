"""The tables of the simulated study as text, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.methods.omnichannel.baskets import order_lines
from analysis.methods.omnichannel.calendar import day_text, time_text
from analysis.methods.omnichannel.careless import Sheets
from analysis.methods.omnichannel.gaps import BLANK
from analysis.methods.omnichannel.people import Bools, Ints, People, weights
from analysis.methods.omnichannel.population import Floats, Population
from analysis.methods.omnichannel.programme import Closing, Membership
from analysis.methods.omnichannel.purchases import Customers, Orders, Spending

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class Drawn:
    """Everything that was drawn, arrays as their makers describe them."""

    people: People
    latents: Floats
    sheets: Sheets
    shown: Ints
    complained: Ints
    nps: Ints
    wallet: Floats
    wallet_gap: Bools
    interview: Ints
    opened: Ints
    comments: Sequence[Sequence[str]]
    customers: Customers
    orders: Orders
    spending: Spending
    membership: Membership
    closing: Closing


def row_order(drawn: Drawn) -> list[tuple[int, int]]:
    """(wave, person) of each row, in the order in which the interviews were opened."""
    present = [(int(w), int(p)) for w, p in np.argwhere(drawn.people.present)]
    return sorted(
        present, key=lambda row: (int(drawn.interview[row]), int(drawn.opened[row]), row[1])
    )


def person_id(person: int) -> str:
    """The respondent's number as in the data."""
    return f"R{person + 1:04d}"


def answer_columns(population: Population, drawn: Drawn) -> Columns:
    """The columns of ``answers.csv``."""
    rows = row_order(drawn)
    columns = _sample_columns(population, drawn, rows)
    names = population.item_names
    half = names.index("img1")
    for column, name in enumerate(names):
        if column == half:
            columns["att1"] = [str(int(drawn.sheets.attention[r])) for r in rows]
        columns[name] = [_number(drawn.shown[r][column]) for r in rows]
    columns["nps"] = [str(int(drawn.nps[r])) for r in rows]
    columns["comment"] = [drawn.comments[w][p] for w, p in rows]
    columns |= _behaviour_columns(drawn, rows)
    share = weights(population, drawn.people)
    columns["weight"] = [f"{share[p]:.4f}" for _, p in rows]
    return columns


def _number(value: object) -> str:
    number = int(value)  # type: ignore[call-overload]
    return "" if number == BLANK else str(number)


def _sample_columns(
    population: Population, drawn: Drawn, rows: Sequence[tuple[int, int]]
) -> Columns:
    people, sample = drawn.people, population["sample"]
    brands, channels, genders = (list(sample[k]) for k in ("brands", "channels", "gender"))
    seconds = drawn.sheets.seconds
    return {
        "respondent": [person_id(p) for _, p in rows],
        "wave": [str(w + 1) for w, _ in rows],
        "brand": [brands[people.brand[p]] for _, p in rows],
        "channel": [channels[people.channel[p]] for _, p in rows],
        "store": [f"S{people.store[p] + 1:02d}" for _, p in rows],
        "city_tier": [str(people.tier[p]) for _, p in rows],
        "form": ["short" if people.short_form[r] else "full" for r in rows],
        "name": [f"Sample Person {p + 1:04d}" for _, p in rows],
        "phone": [f"000-0000-{p + 1:04d}" for _, p in rows],
        "email": [f"person{p + 1:04d}@example.invalid" for _, p in rows],
        "started": [time_text(population, drawn.interview[r], drawn.opened[r]) for r in rows],
        "finished": [
            time_text(population, drawn.interview[r], drawn.opened[r] + seconds[r]) for r in rows
        ],
        "age": [str(people.age[p]) for _, p in rows],
        "gender": [genders[people.gender[p]] for _, p in rows],
        "complained": [str(int(drawn.complained[r])) for r in rows],
    }


def _behaviour_columns(drawn: Drawn, rows: Sequence[tuple[int, int]]) -> Columns:
    spending, closing = drawn.spending, drawn.closing
    month = [int(closing.month[r]) for r in rows]
    return {
        "share_of_wallet": ["" if drawn.wallet_gap[r] else f"{drawn.wallet[r]:.2f}" for r in rows],
        "tenure_months": [f"{spending.observed[r] * 12 / 52:.1f}" for r in rows],
        "recency_days": [str(int(spending.recency[r])) for r in rows],
        "orders_before": [str(int(spending.orders_before[r])) for r in rows],
        "spend_before": [f"{spending.spend_before[r]:.2f}" for r in rows],
        "repeat_orders": [str(int(spending.repeats[r])) for r in rows],
        "weeks_to_last": [f"{spending.last[r]:.3f}" for r in rows],
        "weeks_observed": [f"{spending.observed[r]:.3f}" for r in rows],
        "mean_order": [
            "" if np.isnan(spending.mean_value[r]) else f"{spending.mean_value[r]:.2f}"
            for r in rows
        ],
        "invited": [str(int(drawn.membership.invited[p])) for _, p in rows],
        "programme": [str(int(drawn.membership.joined[p])) for _, p in rows],
        "orders_after": [str(int(spending.orders_after[r])) for r in rows],
        "spend_after": [f"{spending.spend_after[r]:.2f}" for r in rows],
        "churn": ["" if m < 0 else str(int(m > 0)) for m in month],
        "churn_month": [str(m) if m > 0 else "" for m in month],
        "winback_offer": [str(int(closing.winback[r])) for r in rows],
    }


def truth_columns(population: Population, drawn: Drawn) -> Columns:
    """The columns of ``truth.csv``: what no survey sees, same rows as the answers."""
    rows = row_order(drawn)
    kinds = ("no", *population["careless"]["kinds"])
    columns = {
        "respondent": [person_id(p) for _, p in rows],
        "wave": [str(w + 1) for w, _ in rows],
        "segment": [population.classes[drawn.people.segment[r]] for r in rows],
        "careless": [kinds[drawn.sheets.kind[r]] for r in rows],
    }
    for i, name in enumerate(population.latents):
        columns[name] = [f"{drawn.latents[w, p, i]:.3f}" for w, p in rows]
    return columns | {
        "order_rate": [f"{drawn.customers.rate[p]:.5f}" for _, p in rows],
        "dropout": [f"{drawn.customers.dropout[p]:.5f}" for _, p in rows],
        "order_scale": [f"{drawn.customers.scale[p]:.4f}" for _, p in rows],
        "alive": [str(int(drawn.spending.alive[r])) for r in rows],
        "join_chance": [f"{drawn.membership.chance[p]:.4f}" for _, p in rows],
        "churn_chance": [f"{drawn.closing.chance[r]:.4f}" for r in rows],
    }


def order_tables(population: Population, drawn: Drawn) -> tuple[Columns, Columns]:
    """Columns of ``purchases.csv`` (all orders) and ``orders.csv`` (lines of one year).

    Orders count to 52 weeks after the last interview; lines are of the 52 weeks before the first.
    """
    year = 7 * int(population["purchases"]["year"])
    everyone = np.arange(drawn.people.count)
    first = drawn.interview[drawn.people.first_wave, everyone]
    last = drawn.interview[np.where(drawn.people.present[1], 1, 0), everyone]
    purchases: Columns = {k: [] for k in ("respondent", "date", "amount")}
    lines: Columns = {
        k: [] for k in ("order", "respondent", "date", "product", "quantity", "amount")
    }
    orders = drawn.orders
    for number, (p, day, value) in enumerate(
        zip(orders.person, orders.day, orders.value, strict=True)
    ):
        if day >= last[p] + year:
            continue
        shared = {"respondent": person_id(int(p)), "date": day_text(population, int(day))}
        _append(purchases, shared | {"amount": f"{value:.2f}"})
        if first[p] - year <= day < first[p]:
            for product, quantity, amount in order_lines(population, number, float(value)):
                line = {"order": f"B{number + 1:05d}", "product": product}
                line |= {"quantity": str(quantity), "amount": f"{amount:.2f}"}
                _append(lines, shared | line)
    return purchases, lines


def _append(columns: Columns, row: Mapping[str, str]) -> None:
    for name, column in columns.items():
        column.append(row[name])
