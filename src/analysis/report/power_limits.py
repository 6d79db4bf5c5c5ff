"""Evidence on what a sample can show: power of tests of fit, the smallest detectable effect."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from analysis.methods.power import Detectable, FitPower
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.power import Setting
from analysis.report.power_words import say
from analysis.report.prose import unit
from analysis.report.records import Cell, Column, Table, Verdict
from analysis.report.references import cite

RMSEA = ("maccallum1996",)


def rmsea_table(
    found: Sequence[FitPower],
    *,
    df: int,
    n: int,
    power: float,
    alpha: float,
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """Power of tests of the whole model, and the samples that they need."""
    share = numbers.percent(power, digits=0, language=language)
    columns = (
        Column("test", say("column.test", language)),
        Column("null", say("column.null", language), "unit", 2),
        Column("true", say("column.true", language), "unit", 2),
        Column("power", say("column.power_at", language,
                            n=numbers.integer(n, language=language)), "unit"),
        Column("needed", say("column.needed", language, power=share), "int"),
    )  # fmt: skip
    rows = tuple((say(f"rmsea.{f.kind}", language), f.null, f.true, f.power, f.needed)
                 for f in found)  # fmt: skip
    level = unit(alpha, language, 2)
    notes = (say("rmsea.note", language, df=numbers.integer(df, language=language), alpha=level,
                 sources=cite(RMSEA, language)),)  # fmt: skip
    title = say("rmsea.title", language)
    table = Table("power-rmsea", title, columns, rows, notes=notes)
    return Evidence(
        id="power-rmsea",
        title=title,
        table=table if rows else None,
        verdict=_fit_verdict(found, n, power, language) if rows else None,
        paragraphs=() if rows else (say("rmsea.saturated", language),),
        citations=RMSEA,
        language=language,
        stamps=tuple(stamps),
    )


def _fit_verdict(found: Sequence[FitPower], n: int, power: float, language: str) -> Verdict:
    close = next(f for f in found if f.kind == "close")
    enough = close.power >= power
    words = say("rmsea.enough" if enough else "rmsea.weak", language,
                n=numbers.integer(n, language=language), power=unit(close.power, language, 2),
                needed=numbers.integer(close.needed, language=language))  # fmt: skip
    cited = (*RMSEA, *criterion("planning.power").cite)
    return Verdict("good" if enough else "mixed", (words,), cited)


def sensitivity_table(setting: Setting, found: Sequence[Detectable], *, rule: float) -> Evidence:
    """The smallest path that the sample at hand finds, next to what the population holds.

    ``rule`` is the smallest standardized path by the inverse square root rule.
    """
    language = setting.language
    own, least = say("column.in_population", language), say("column.detectable", language)
    checked = any(isfinite(d.simulated) for d in found)
    columns = [
        Column("path", say("column.path", language)),
        Column("own_raw", say("column.raw", language), "number", group=own),
        Column("own_std", say("column.std", language), "unit", group=own),
        Column("raw", say("column.raw", language), "number", group=least),
        Column("std", say("column.std", language), "unit", group=least),
    ]
    if checked:
        columns.append(Column("check", say("column.checked", language), "unit"))
    rows: list[tuple[Cell, ...]] = []
    marks = []
    for i, d in enumerate(found):
        row: tuple[Cell, ...] = (setting.name(d.target), d.target.value, d.target.std, d.raw, d.std)
        rows.append((*row, d.simulated) if checked else row)
        if isfinite(d.std) and abs(d.target.std) < abs(d.std):
            marks.append((i, 2, "a"))
    n = numbers.integer(setting.n, language=language)
    notes = [
        say("sensitivity.note", language, n=n, power=setting.share, alpha=setting.level),
        say("sensitivity.rule", language, n=n, value=unit(rule, language),
            sources=cite(("kock2018",), language)),
    ]  # fmt: skip
    if checked:
        runs = numbers.integer(setting.replications, language=language)
        notes.append(say("sensitivity.checked", language, replications=runs))
    if marks:
        notes.append("a|" + say("sensitivity.small", language))
    title = say("sensitivity.title", language)
    table = Table(
        "power-sensitivity", title, tuple(columns), tuple(rows), notes=tuple(notes),
        marks=tuple(marks),
    )  # fmt: skip
    known = [abs(d.std) for d in found if isfinite(d.std)]
    words: tuple[str, ...] = ()
    if known:
        ends = {"low": unit(min(known), language, 2), "high": unit(max(known), language, 2)}
        words = (say("sensitivity.words", language, n=n, power=setting.share, **ends),)
    return Evidence(
        id="power-sensitivity",
        title=title,
        table=table if rows else None,
        paragraphs=words,
        citations=("kock2018",),
        language=language,
        stamps=setting.stamps,
    )
