"""The simulated study ``omnichannel``: a survey drawn from a documented population model."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from analysis.methods.omnichannel.answers import (
    attentive_answers,
    draw_complained,
    draw_nps,
    draw_share_of_wallet,
)
from analysis.methods.omnichannel.calendar import interview_days, start_seconds
from analysis.methods.omnichannel.careless import fill_sheets
from analysis.methods.omnichannel.comments import draw_comments
from analysis.methods.omnichannel.core import CoreTruth, core_truth, draw_core
from analysis.methods.omnichannel.gaps import with_gaps
from analysis.methods.omnichannel.latents import draw_latents
from analysis.methods.omnichannel.people import draw_people, stream
from analysis.methods.omnichannel.population import Population, load_population
from analysis.methods.omnichannel.programme import close_accounts, join, with_effect
from analysis.methods.omnichannel.purchases import draw_customers, draw_orders, summarize
from analysis.methods.omnichannel.sheets import (
    Drawn,
    answer_columns,
    order_tables,
    truth_columns,
)

__all__ = [
    "CoreTruth",
    "Population",
    "Simulation",
    "core_truth",
    "csv_text",
    "draw",
    "draw_core",
    "load_population",
    "simulate",
    "write",
]


@dataclass(frozen=True)
class Simulation:
    """The simulated study as tables of text (an empty text is a missing value).

    ``answers`` and ``truth`` have one row per interview in the same order, ``purchases`` one row
    per order, ``orders`` one row per order line.
    """

    answers: pd.DataFrame
    truth: pd.DataFrame
    purchases: pd.DataFrame
    orders: pd.DataFrame


def draw(population: Population) -> Drawn:
    """Draw persons, latent scores, answers and purchases."""
    people = draw_people(population)
    latents = draw_latents(population, people)
    complained = draw_complained(population, people, latents)
    sheets = fill_sheets(population, people, attentive_answers(population, people, latents))
    interview = interview_days(population, people, latents)
    everyone = range(people.count)
    loyalty = latents[people.first_wave, everyone, population.latents.index("loyalty")]
    customers = draw_customers(population, people, loyalty)
    horizon = int(interview.max()) + 7 * int(population["purchases"]["year"])
    orders = draw_orders(population, customers, horizon)
    before = summarize(population, customers, orders, interview)
    membership = join(population, people, latents, before)
    orders = with_effect(population, people, orders, membership.joined, interview)
    spending = summarize(population, customers, orders, interview)
    wallet_gap = stream(population, "wallet gap").random((2, people.count))
    return Drawn(
        people=people,
        latents=latents,
        sheets=sheets,
        shown=with_gaps(population, people, sheets.answers, complained, before.observed < 52),
        complained=complained,
        nps=draw_nps(population, people, latents),
        wallet=draw_share_of_wallet(population, people, latents),
        wallet_gap=wallet_gap < float(population["gaps"]["share_of_wallet"]),
        interview=interview,
        opened=start_seconds(population, people),
        comments=draw_comments(population, people, latents),
        customers=customers,
        orders=orders,
        spending=spending,
        membership=membership,
        closing=close_accounts(population, people, latents, spending, complained),
    )


def simulate(population: Population) -> Simulation:
    """The simulated study; the same population gives the same tables, to the last character."""
    drawn = draw(population)
    purchases, orders = order_tables(population, drawn)
    return Simulation(
        answers=pd.DataFrame(answer_columns(population, drawn), dtype=object),
        truth=pd.DataFrame(truth_columns(population, drawn), dtype=object),
        purchases=pd.DataFrame(purchases, dtype=object),
        orders=pd.DataFrame(orders, dtype=object),
    )


def csv_text(table: pd.DataFrame) -> str:
    """A table of text as CSV with unix line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.itertuples(index=False, name=None))
    return out.getvalue()


def write(simulation: Simulation, folder: Path | str) -> tuple[Path, ...]:
    """Write ``answers.csv``, ``truth.csv``, ``purchases.csv`` and ``orders.csv``."""
    paths = []
    for entry in fields(simulation):
        path = Path(folder) / f"{entry.name}.csv"
        path.write_bytes(csv_text(getattr(simulation, entry.name)).encode("utf-8"))
        paths.append(path)
    return tuple(paths)
