"""Evidence on customer value: the models of purchases and amounts, and what a point is worth."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.i18n import text
from analysis.methods.customer_value import Estimates, Values, Worth
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import unit
from analysis.report.records import Cell, Column, Table
from analysis.report.references import cite

SOURCES = ("fader2005", "fader2013")


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/customer_value.toml``."""
    return text(f"customer_value.{key}", language, **fields)


def money(value: float, currency: str, language: str, digits: int = 0) -> str:
    """An amount with its currency inside a sentence."""
    shown = numbers.number(value, digits=digits, language=language)
    return f"{shown} {currency}".strip()


def money_span(low: float, high: float, language: str, digits: int = 0) -> str:
    """Limits of an amount."""
    return numbers.interval(low, high, digits=digits, language=language)


def models_table(
    orders: Estimates,
    amounts: Estimates,
    values: Values,
    related: tuple[float, float],
    *,
    currency: str,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Parameters of BG/NBD and Gamma-Gamma with limits, and what they say."""
    title = say("purchases.title", language)
    ci = say("column.ci", language)
    columns = (
        Column("name", say("column.parameter", language)),
        Column("value", say("column.value", language), "number", 3),
        Column("low", say("column.lower", language), "number", 3, group=ci),
        Column("high", say("column.upper", language), "number", 3, group=ci),
        Column("meaning", say("column.meaning", language)),
    )
    rows: list[tuple[Cell, ...]] = []
    groups = []
    for key, found in (("bgnbd", orders), ("gamma", amounts)):
        stat = numbers.number(found.log_likelihood, digits=1, language=language)
        groups.append((len(rows), say(f"purchases.{key}", language, n=found.n, stat=stat)))
        rows += [
            (name, float(found.values[i]), float(found.low[i]), float(found.high[i]),
             say(f"meaning.{name}", language))
            for i, name in enumerate(found.names)
        ]  # fmt: skip
    r, alpha, a, b = (float(v) for v in orders.values)
    words = [
        say(
            "purchases.words", language, n=orders.n,
            gap=numbers.number(alpha / r, digits=1, language=language),
            stop=numbers.percent(a / (a + b), language=language),
            alive=numbers.percent(float(values.alive.mean()), digits=0, language=language),
            orders=numbers.number(float(values.purchases.mean()), digits=1, language=language),
            amount=money(float(values.amount.mean()), currency, language),
            weeks=f"{values.weeks:g}",
        ),
        say("purchases.related", language, r=unit(related[0], language, 2),
            p=numbers.p_phrase(related[1], language=language)),
    ]  # fmt: skip
    return Evidence(
        "customer-purchases", title,
        table=Table("customer-purchases", title, columns, tuple(rows), groups=tuple(groups),
                    notes=(say("purchases.note", language, sources=cite(SOURCES, language)),)),
        paragraphs=tuple(words), citations=SOURCES, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def worth_table(
    made: Sequence[Worth],
    construct: str,
    *,
    persons: int,
    weeks: int,
    currency: str,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Money that goes with one point of satisfaction."""
    name = labels.of(construct)
    title = say("worth.title", language, name=name)
    ci = say("column.ci", language)
    columns = (
        Column("outcome", say("column.outcome", language)),
        Column("controls", say("column.controls", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("mean", say("column.mean", language), "number", 0),
        Column("slope", say("column.point", language), "number", 2),
        Column("low", say("column.lower", language), "number", 2, group=ci),
        Column("high", say("column.upper", language), "number", 2, group=ci),
        Column("p", "\u27e6p\u27e7", "p"),
    )
    rows = tuple(
        (
            labels.of(w.outcome) if w.outcome else say("worth.model", language, weeks=weeks),
            say(f"worth.{w.controls}", language), w.n, w.mean, w.slope, w.low, w.high, w.pvalue,
        )
        for w in made
    )  # fmt: skip
    words = []
    for w in made:
        if w.controls == "plain":
            outcome = labels.of(w.outcome) if w.outcome else say("worth.model", language,
                                                                  weeks=weeks)  # fmt: skip
            words.append(say(
                "worth.words" if w.low > 0 or w.high < 0 else "worth.nothing", language, name=name,
                outcome=outcome, slope=money(w.slope, currency, language, 1),
                span=money_span(w.low, w.high, language, 1),
                share=numbers.percent(w.slope / w.mean if w.mean else float("nan"), digits=1,
                                      language=language),
                total=money(w.slope * persons, currency, language), persons=persons,
            ))  # fmt: skip
    words.append(say("worth.caution", language, name=name))
    return Evidence(
        "customer-worth", title,
        table=Table("customer-worth", title, columns, rows, row_headers=2,
                    notes=(say("worth.note", language, name=name),)),
        paragraphs=tuple(words), language=language, stamps=tuple(stamps),
    )  # fmt: skip
