"""Order lines with a few true associations between products."""

from __future__ import annotations

import numpy as np

from analysis.methods.omnichannel.people import stream
from analysis.methods.omnichannel.population import Population

Line = tuple[str, int, float]


def order_lines(population: Population, order: int, value: float) -> list[Line]:
    """Product, quantity and amount of one order; the amounts add up to ``value``.

    Products are drawn independently, then the rules add their second product; an order without a
    product holds fruit.
    """
    table = population["baskets"]
    random = stream(population, "basket", order)
    names = list(table["products"])
    hit = random.random(len(names))
    rules = random.random(len(table["rules"]))
    chosen = {n for n, u in zip(names, hit, strict=True) if u < float(table["products"][n])}
    for rule, u in zip(table["rules"], rules, strict=True):
        if rule["given"] in chosen and u < float(rule["rate"]):
            chosen.add(rule["add"])
    products = [n for n in names if n in chosen] or ["fruit"]
    quantity = 1 + (random.random(len(products)) < 0.25).astype(np.int64)
    part = (0.5 + random.random(len(products))) * quantity
    cents = np.floor(part / part.sum() * round(value * 100)).astype(np.int64)
    cents[-1] += round(value * 100) - int(cents.sum())
    return [
        (name, int(q), int(c) / 100) for name, q, c in zip(products, quantity, cents, strict=True)
    ]
