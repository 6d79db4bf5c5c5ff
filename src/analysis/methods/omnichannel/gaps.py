"""Answers that are not there: by design, by nonresponse, "don't know", break-off."""

from __future__ import annotations

import numpy as np

from analysis.methods.omnichannel.people import Bools, Ints, People, logistic, stream
from analysis.methods.omnichannel.population import Population

BLANK = -1
SHORT_FORM_SKIPS = ("exp1", "exp2", "exp3")


def not_asked(population: Population, people: People, complained: Ints) -> Bools:
    """Missing by design (2, persons, items): short form, complaint items of the content."""
    names = population.item_names
    skipped = np.zeros((2, people.count, len(names)), dtype=np.bool_)
    for column, name in enumerate(names):
        if name in SHORT_FORM_SKIPS:
            skipped[:, :, column] = people.short_form
        elif name.startswith("cpl"):
            skipped[:, :, column] = complained == 0
    return skipped


def skipped_items(population: Population, people: People) -> Bools:
    """Item nonresponse and break-off (2, persons, items), depending on age and channel only."""
    table = population["gaps"]["nonresponse"]
    items = len(population.item_names)
    app = list(population["sample"]["channels"]).index("app")
    logit = (
        float(table["base"])
        + float(table["age"]) * (people.age - 40)
        + float(table["app"]) * (people.channel == app)
    )
    uniform = stream(population, "nonresponse").random((2, people.count, items))
    skipped = uniform < logistic(logit)[None, :, None]
    stop = stream(population, "break off").random((2, 2, people.count))
    last = items // 2 + np.floor(stop[1] * (items - items // 2)).astype(np.int64)
    last[stop[0] >= float(population["gaps"]["break_off"])] = items
    return np.asarray(skipped | (np.arange(items) >= last[:, :, None]), dtype=np.bool_)


def unknown_answers(population: Population, people: People, newcomer: Bools) -> Bools:
    """Where "don't know" is ticked (2, persons, items); ``newcomer`` is (2, persons)."""
    table = population["gaps"]["unknown"]
    offered = np.array(
        [name[:3] in population["gaps"]["unknown_items"] for name in population.item_names]
    )
    chance = float(table["share"]) * np.where(newcomer, float(table["newcomer"]), 1.0)
    uniform = stream(population, "unknown").random((2, people.count, len(offered)))
    return np.asarray((uniform < chance[:, :, None]) & offered, dtype=np.bool_)


def with_gaps(
    population: Population, people: People, answers: Ints, complained: Ints, newcomer: Bools
) -> Ints:
    """Answers with the code for "don't know" and ``BLANK`` where nothing was ticked."""
    code = int(population["gaps"]["unknown"]["code"])
    shown = np.where(unknown_answers(population, people, newcomer), code, answers)
    shown = np.where(skipped_items(population, people), BLANK, shown)
    return np.where(not_asked(population, people, complained), BLANK, shown)
