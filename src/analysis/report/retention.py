"""Evidence on retention: guards, odds ratios, learners, what the survey adds, hazards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.retention import (
    Cases,
    Coefficient,
    Cox,
    Guard,
    Logistic,
    Measured,
    Performance,
    Predicted,
    difference,
)
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import join, unit
from analysis.report.records import Cell, Column, Kind, Notice, Table, Verdict
from analysis.report.references import cite

Array = NDArray[np.float64]
LEARNER_SOURCES = ("breiman2001", "friedman2001")
REFUSED = ("after", "too_good", "undeclared", "incomplete", "constant")


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/retention.toml``."""
    return text(f"retention.{key}", language, **fields)


def span(found: Measured, language: str, digits: int = 3) -> str:
    """Limits of a bounded measure inside a sentence."""
    return numbers.interval(found.low, found.high, digits=digits, bounded=True, language=language)


def notices(found: Sequence[Message], labels: Labels, language: str) -> tuple[Notice, ...]:
    """Findings as cautions, names of variables in the reader's words."""
    named = []
    for m in found:
        fields = dict(m.fields)
        for key in ("names", "columns"):
            if key in fields:
                fields[key] = join((labels.of(n) for n in str(fields[key]).split(", ")), language)
        named.append(Message(m.code, fields))
    return tuple(Notice("warning", *m.parts(language)) for m in named)


def unavailable(
    key: str, why: Sequence[Message], *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """The piece ``key`` (of the locale) that cannot be shown, with the reason."""
    return Evidence(
        key.replace(".", "-").replace("_", "-"), text(f"{key}.title", language),
        notices=notices(why, labels, language), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def guards_table(
    guards: Sequence[Guard],
    left: Array,
    *,
    churn: str,
    refused: Sequence[str],
    cautions: Sequence[Message],
    n: int,
    persons: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Who left, and which variables may predict it."""
    title = say("guards.title", language)
    columns = (
        Column("name", say("column.variable", language)),
        Column("timing", say("column.timing", language)),
        Column("known", say("column.known", language), "percent", 0),
        Column("auc", say("column.alone", language), "unit", 2),
        Column("status", say("column.status", language)),
    )
    groups: list[tuple[int, str]] = []
    rows: list[tuple[Cell, ...]] = []
    parts = [(b, [g for g in guards if g.status == "used" and g.block == b])
             for b in ("behaviour", "survey", "person")]  # fmt: skip
    for key, members in (*parts, ("refused", [g for g in guards if g.status != "used"])):
        if members:
            groups.append((len(rows), say(f"block.{key}", language)))
        rows += [
            (
                labels.of(g.name), say(f"timing.{g.timing or 'none'}", language), g.known,
                max(g.auc, g.gaps_auc), say(f"status.{g.status}", language),
            )
            for g in members
        ]  # fmt: skip
    known = left[~np.isnan(left)]
    share = numbers.percent(float(known.mean()), language=language)
    words = [
        say("guards.words", language, churn=labels.of(churn), n=len(known),
            left=int(known.sum()), share=share),
        say("guards.cases", language, n=n, persons=persons),
    ]  # fmt: skip
    found = list(cautions)
    for name in refused:
        status = next(g.status for g in guards if g.name == name)
        found.append(Message(f"retention.refused_{status}", {"names": name}))
    found += [
        Message("retention.refused_too_good", {"names": g.name})
        for g in guards if g.status == "too_good" and g.name not in refused
    ]  # fmt: skip
    cut = unit(criterion("churn.leak").good, language, 2)
    note = say("guards.note", language, cut=cut, sources=cite(("kaufman2012",), language))
    return Evidence(
        "retention-guards", title,
        table=Table("retention-guards", title, columns, tuple(rows), notes=(note,),
                    groups=tuple(groups)),
        paragraphs=tuple(words), notices=notices(found, labels, language),
        citations=("kaufman2012",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def unit_words(size: float, binary: bool, spread: float, language: str) -> str:
    """What a ratio is per."""
    if binary:
        return say("unit.binary", language)
    if spread:
        return say("unit.logged", language)
    return say("unit.sd", language, size=numbers.number(size, digits=1, language=language))


def _ratios(
    key: str,
    found: Sequence[Coefficient],
    data: Cases,
    notes: tuple[str, ...],
    *,
    language: str,
    labels: Labels,
) -> Table:
    """Ratios with robust limits by block of predictors; ``key`` is odds or hazards."""
    ci = say("column.ci", language)
    columns = (
        Column("name", say("column.variable", language)),
        Column("unit", say("column.per", language)),
        Column("b", "\u27e6b\u27e7", "number", 3),
        Column("se", say("column.robust", language), "number", 3),
        Column("ratio", say(f"column.{key}", language), "number", 2),
        Column("low", say("column.lower", language), "number", 2, group=ci),
        Column("high", say("column.upper", language), "number", 2, group=ci),
        Column("p", "\u27e6p\u27e7", "p"),
    )
    rows: list[tuple[Cell, ...]] = []
    groups = []
    for j, c in enumerate(found):
        if j == 0 or c.block != found[j - 1].block:
            groups.append((len(rows), say(f"block.{c.block}", language)))
        per = unit_words(c.unit, bool(data.binary[j]), float(data.spread[j]), language)
        rows.append((labels.of(c.column), per, c.estimate, c.se, c.ratio, c.low, c.high, c.pvalue))
    title = say(f"{key}.title", language)
    return Table(f"retention-{key}", title, columns, tuple(rows), notes=notes, groups=tuple(groups))


def odds_table(
    found: Logistic,
    data: Cases,
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Odds ratios of leaving with robust limits."""
    clear = [c for c in found.coefficients if c.pvalue < 0.05]
    words = []
    for key, members in (("more", [c for c in clear if c.ratio > 1]),
                         ("less", [c for c in clear if c.ratio < 1])):  # fmt: skip
        if members:
            order = sorted(members, key=lambda c: -abs(c.estimate))
            size = {c.column: numbers.number(c.ratio, digits=2, language=language) for c in order}
            shown = (f"{labels.of(name)} ({ratio})" for name, ratio in size.items())
            words.append(say(f"odds.{key}", language, names=join(shown, language)))
    notes = (
        say("odds.note", language, n=found.n, events=found.events, persons=found.persons,
            r2=unit(found.pseudo_r2, language, 3)),
        say(f"odds.{found.covariance}", language),
    )  # fmt: skip
    table = _ratios("odds", found.coefficients, data, notes, language=language, labels=labels)
    return Evidence(
        "retention-odds", table.title, table=table,
        paragraphs=tuple(words or [say("odds.none", language)]),
        citations=("hosmer2013",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _measure_columns(language: str) -> tuple[Column, ...]:
    return (
        Column("auc", say("column.auc", language), "unit"),
        *(Column(f"auc_{key}", say(f"column.{key}", language), "unit", 3,
                 group=say("column.ci", language)) for key in ("lower", "upper")),
        Column("pr", say("column.pr_auc", language), "unit"),
        Column("brier", say("column.brier", language), "unit"),
        Column("loss", say("column.log_loss", language), "unit"),
    )  # fmt: skip


def _measure_cells(p: Performance) -> tuple[Cell, ...]:
    m = p.measures
    return (m["auc"].value, m["auc"].low, m["auc"].high, m["pr_auc"].value, m["brier"].value,
            m["log_loss"].value)  # fmt: skip


def rivals_table(
    performances: Sequence[Performance],
    later: Sequence[Performance],
    predicted: Mapping[str, Predicted],
    *,
    best: str,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Learners on unseen persons, and trained in one wave and tested in the next."""
    title = say("rivals.title", language)
    columns = (
        Column("model", say("column.model", language)), *_measure_columns(language),
        Column("setting", say("column.setting", language), "code"),
    )  # fmt: skip
    first = performances[0]
    groups = [(0, say("rivals.nested", language, n=first.n, events=first.events))]
    rows: list[tuple[Cell, ...]] = [
        (say(f"learner.{p.model}", language), *_measure_cells(p), predicted[p.model].chosen)
        for p in performances
    ]
    if later:
        groups.append((len(rows), say("rivals.later", language, n=later[0].n,
                                      events=later[0].events)))  # fmt: skip
        rows += [(say(f"learner.{p.model}", language), *_measure_cells(p), "") for p in later]
    winner = next(p for p in performances if p.model == best)
    others = [p for p in performances if p.model != best]
    name = say(f"learner.{best}", language)
    auc = winner.measures["auc"]
    words = [say("rivals.best", language, model=name, auc=unit(auc.value, language),
                 span=span(auc, language))]  # fmt: skip
    same = [p for p in others if difference(winner, p, "log_loss").low <= 0.0]
    if same:
        words.append(say("rivals.same", language, names=join(
            (say(f"learner.{p.model}", language) for p in same), language)))  # fmt: skip
    if not later:
        words.append(say("rivals.no_later", language))
    else:
        drop = next(p for p in later if p.model == best).measures["auc"]
        words.append(say("rivals.later_words", language, auc=unit(drop.value, language),
                         span=span(drop, language)))  # fmt: skip
    grade = criterion("churn.auc").grade(auc.value)
    level = {"good": "good", "acceptable": "mixed"}.get(grade, "poor")
    notes = (
        say("rivals.note", language, sources=cite(LEARNER_SOURCES, language),
            base=numbers.percent(first.events / first.n, language=language)),
        say("rivals.note_later", language),
    )  # fmt: skip
    sentence = say(f"rivals.{level}", language, auc=unit(auc.value, language, 2))
    return Evidence(
        "retention-rivals", title,
        table=Table("retention-rivals", title, columns, tuple(rows),
                    notes=notes if later else notes[:1], groups=tuple(groups)),
        paragraphs=tuple(words),
        verdict=Verdict(level, (sentence,), criterion("churn.auc").cite),  # type: ignore[arg-type]
        citations=LEARNER_SOURCES, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def added_table(
    made: Sequence[Performance], *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """What the survey's scores add to what the records know."""
    title = say("added.title", language)
    kind: Kind = "unit"
    columns = (
        Column("model", say("column.uses", language)), *_measure_columns(language),
        *(Column(f"d_{key}", say(f"column.{label}", language), kind, 3,
                 group=say("column.gain", language))
          for key, label in (("auc", "value"), ("low", "lower"), ("high", "upper"))),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for i, p in enumerate(made):
        gain = difference(made[i - 1], p, "auc") if i else None
        cells = (gain.value, gain.low, gain.high) if gain else (None, None, None)
        rows.append((say(f"uses.{p.model}", language), *_measure_cells(p), *cells))
    gain, brier = (difference(made[-2], made[-1], k) for k in ("auc", "brier"))
    worse = Measured(-brier.value, -brier.high, -brier.low, -brier.draws)
    key = "yes" if gain.low > 0 else "no"
    words = say(f"added.{key}", language, gain=unit(gain.value, language),
                span=span(gain, language), brier=unit(worse.value, language, 4),
                brier_span=span(worse, language, 4))  # fmt: skip
    return Evidence(
        "retention-added", title,
        table=Table("retention-added", title, columns, tuple(rows),
                    notes=(say("added.note", language),)),
        paragraphs=(words,), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def hazards_table(
    found: Cox,
    coefficients: Sequence[Coefficient],
    data: Cases,
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Hazard ratios with robust limits."""
    words = say("hazards.words", language, c=unit(found.concordance, language))
    note = say("hazards.note", language, n=found.n, events=found.events,
               sources=cite(("cox1972", "lin1989"), language))  # fmt: skip
    table = _ratios("hazards", coefficients, data, (note,), language=language, labels=labels)
    return Evidence(
        "retention-hazards", table.title, table=table, paragraphs=(words,),
        citations=("cox1972", "lin1989"), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def method_text(
    found: Logistic,
    best: str,
    *,
    horizon: int,
    draws: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """A paragraph for the methods section."""
    words = say(
        "method.text", language, n=found.n, events=found.events, persons=found.persons,
        horizon=say("method.days", language, days=horizon) if horizon else "", draws=draws,
        model=say(f"learner.{best}", language), sources=cite(LEARNER_SOURCES, language),
        decision=cite(("vickers2006",), language),
    )  # fmt: skip
    return Evidence(
        "retention-method", say("method.title", language), paragraphs=(words,),
        citations=(*LEARNER_SOURCES, "vickers2006"), language=language, stamps=tuple(stamps),
    )  # fmt: skip
