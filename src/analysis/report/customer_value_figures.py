"""Figures of customer value: the holdout check, value and value at stake by tier."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.methods.customer_value import Check, Group
from analysis.report import numbers
from analysis.report.customer_value import money, money_span, say
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.plots import WIDTH, ticks
from analysis.report.prose import finite, join, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.retention_drawings import BarRow, Frame, bars, legend
from analysis.report.svg import NEGATIVE, Drawing, stacked


def holdout_figure(
    found: Check, *, least: int, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Mean purchases expected and made by number of repeat purchases before."""
    title = say("holdout.title", language)
    held = (say("held", language, count=found.held, least=least),) if found.held else ()
    if not found.labels:
        return Evidence("customer-holdout", title, paragraphs=held, language=language,
                        stamps=tuple(stamps))  # fmt: skip
    top = max(float(found.expected.max()), float(found.actual.max()))
    drawing = Drawing(WIDTH, 310.0)
    count = len(found.labels)
    frame = Frame(drawing, (46, 44, WIDTH - 20, 262), (-0.5, count - 0.5), ticks(0.0, top))
    frame.axes(lambda v: "", lambda v: numbers.number(v, digits=0, language=language),
               say("holdout.before", language), say("holdout.axis", language))  # fmt: skip
    for k, label in enumerate(found.labels):
        drawing.text(frame.x(k), 279, label, size=11.5, anchor="middle")
    legend(drawing, [say(f"holdout.{k}", language) for k in ("made", "expected")], 46, 10)
    for look, values in enumerate((found.actual, found.expected)):
        frame.path([(float(k), float(v)) for k, v in enumerate(values)], look)
    for k in range(count):
        frame.dot(k, float(found.actual[k]), f"{found.labels[k]}: {found.actual[k]:.2f}")
        frame.dot(k, float(found.expected[k]), f"{found.labels[k]}: {found.expected[k]:.2f}",
                  fill=NEGATIVE)  # fmt: skip
    ratio = found.total[0] / found.total[1] - 1.0 if found.total[1] else float("nan")
    spend = found.spend[0] / found.spend[1] - 1.0 if found.spend[1] else float("nan")
    words = say(
        "holdout.words", language, weeks=f"{found.weeks:g}",
        expected=numbers.integer(found.total[0], language=language),
        made=numbers.integer(found.total[1], language=language),
        off=numbers.percent(ratio, language=language),
        spend=numbers.percent(spend, language=language),
        r=unit(found.correlation, language, 2),
        error=numbers.number(found.error, digits=2, language=language),
        naive=numbers.number(found.naive, digits=2, language=language),
    )  # fmt: skip
    columns = (
        Column("before", say("holdout.before", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("expected", say("holdout.expected", language), "number", 2),
        Column("made", say("holdout.made", language), "number", 2),
    )
    rows = tuple(
        (found.labels[k], int(found.n[k]), float(found.expected[k]), float(found.actual[k]))
        for k in range(count)
    )
    shown = [[numbers.number(float(v), digits=1, language=language) for v in row[:1:-1]]
             for row in rows]  # fmt: skip
    pairs = (f"{row[0]}: {' / '.join(two)}" for row, two in zip(rows, shown, strict=True))
    alt = say("holdout.alt", language, values=join(pairs, language))
    svg = drawing.render(title=title, description=alt)
    data = Table("customer-holdout", title, columns, rows)
    return Evidence(
        "customer-holdout", title,
        figure=Figure("customer-holdout", title, svg, alt, data, (say("holdout.note", language),)),
        paragraphs=(words, *held), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def stake_figure(
    found: Sequence[Group],
    *,
    weeks: int,
    discount: float,
    margin: float,
    currency: str,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Customer value and value at stake, everybody first, then the tiers."""
    title = say("stake.title", language)
    shown = [g for g in found if not g.held]
    held = len(found) - len(shown)
    if not shown:
        return Evidence("customer-stake", title, paragraphs=(say("stake.none", language,
                        least=least),), language=language, stamps=tuple(stamps))  # fmt: skip
    names = [say(f"tier.{g.label or 'all'}", language) for g in shown]
    everybody = shown[0]
    judged = finite(everybody.stake[0])
    columns = [
        Column("tier", say("column.tier", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("alive", say("column.alive", language), "percent", 0),
        *_with_limits("mean", say("column.value_each", language), language),
        Column("total", say("column.value_all", language), "number", 0),
    ]
    if judged:
        columns += [
            Column("chance", say("column.chance", language), "percent", 1),
            *_with_limits("stake", say("column.stake", language), language),
        ]
    rows: list[tuple[Cell, ...]] = []
    for name, g in zip(names, shown, strict=True):
        row: tuple[Cell, ...] = (name, g.n, g.alive, *g.mean, g.total[0])
        rows.append((*row, g.chance, *g.stake) if judged else row)
    pictures = [_bars(names, [g.mean for g in shown], say("stake.each", language), currency,
                      language)]  # fmt: skip
    leads = [say("stake.lead_each", language)]
    words = [say(
        "stake.words", language, weeks=weeks, n=everybody.n,
        each=money(everybody.mean[0], currency, language),
        each_span=money_span(*everybody.mean[1:], language),
        total=money(everybody.total[0], currency, language),
        total_span=money_span(*everybody.total[1:], language),
    )]  # fmt: skip
    if judged:
        parts = [g for g in shown if g.label and finite(g.stake[0])]
        named = [n for n, g in zip(names, shown, strict=True) if g.label and finite(g.stake[0])]
        words.append(say(
            "stake.at_stake", language, stake=money(everybody.stake[0], currency, language),
            span=money_span(*everybody.stake[1:], language),
            share=numbers.percent(everybody.stake[0] / everybody.total[0], language=language),
        ))  # fmt: skip
        if parts:
            pictures.append(_bars(named, [g.stake for g in parts], say("stake.sum", language),
                                  currency, language))  # fmt: skip
            leads.append(say("stake.lead_stake", language))
            most = max(parts, key=lambda g: g.stake[0])
            words.append(say("stake.most", language, tier=say(f"tier.{most.label}", language),
                             stake=money(most.stake[0], currency, language)))  # fmt: skip
    else:
        words.append(say("stake.no_chances", language))
    if held:
        words.append(say("held", language, count=held, least=least))
    alt = say("stake.alt", language, values=join(
        (f"{n} {money(g.mean[0], currency, language)}"
         for n, g in zip(names, shown, strict=True)), language))  # fmt: skip
    svg = stacked(leads, pictures, title=title, description=alt)
    notes = (
        say("stake.note", language, discount=numbers.percent(discount, digits=0, language=language),
            margin=numbers.percent(margin, digits=0, language=language)),
        *((say("stake.caution", language),) if judged else ()),
    )  # fmt: skip
    table = Table("customer-stake", title, tuple(columns), tuple(rows), notes=notes)
    return Evidence(
        "customer-stake", title, table=table,
        figure=Figure("customer-stake-plot", title, svg, alt, table),
        paragraphs=tuple(words), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _with_limits(key: str, group: str, language: str) -> tuple[Column, ...]:
    return (
        Column(key, say("column.estimate", language), "number", 0, group=group),
        Column(f"{key}_low", say("column.lower", language), "number", 0, group=group),
        Column(f"{key}_high", say("column.upper", language), "number", 0, group=group),
    )


def _bars(
    names: Sequence[str],
    values: Sequence[tuple[float, float, float]],
    axis: str,
    currency: str,
    language: str,
) -> str:
    rows = [
        BarRow(name, *v, shown=numbers.integer(v[0], language=language),
               limits=money_span(v[1], v[2], language))
        for name, v in zip(names, values, strict=True)
    ]  # fmt: skip
    label = f"{axis} ({currency})" if currency else axis
    return bars(rows, axis=label, title=axis, alt=axis)
