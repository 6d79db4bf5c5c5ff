"""Evidence on fit from bootstrap draws: intervals of indices, and a p-value of the chi-square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods import fit_bootstrap as methods
from analysis.methods.fit_bootstrap import FitBootstrap
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.draws import counts_note, draws_sources
from analysis.report.evidence import Evidence
from analysis.report.fit import SYMBOLS, bound
from analysis.report.labels import Labels
from analysis.report.prose import refusal, say, unit
from analysis.report.records import Cell, Column, Table
from analysis.report.references import cite
from analysis.sem import Solution

INTERVALS = ("yuan2007", "zhang2016")
TESTS = ("bollen1992",)


def fit_bootstrap_table(
    found: FitBootstrap | None,
    *,
    solution: Solution,
    draws: int,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """RMSEA, CFI and TLI with 90% intervals, and the bootstrap p beside that of chi-square."""
    del labels
    title = text("measuring.fit.title", language)
    if found is None:
        why = "off" if not draws else "improper" if refusal(solution, language) else "undefined"
        words: tuple[str, ...] = (text(f"measuring.fit.{why}", language),)
        return Evidence(
            id="fit-bootstrap", title=title, paragraphs=words, language=language,
            stamps=tuple(stamps),
        )  # fmt: skip
    sentence = _p_sentence(found, language)
    sources = (
        *(INTERVALS if found.indices else ()),
        *(TESTS if found.source == "respondents" else ()),
        *draws_sources(found.counts),
        *draws_sources(found.p_counts),
    )
    if not found.indices:
        words = (sentence, text("measuring.fit.corrected", language),
                 counts_note(found.p_counts, language))  # fmt: skip
        return Evidence(
            id="fit-bootstrap", title=title, paragraphs=words, citations=sources,
            language=language, stamps=tuple(stamps),
        )  # fmt: skip
    return Evidence(
        id="fit-bootstrap", title=title, table=_table(found, title, language),
        paragraphs=(sentence,), citations=sources, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _table(found: FitBootstrap, title: str, language: str) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (SYMBOLS[i.name], i.est, i.ci_lower, i.ci_upper,
         bound(criterion(f"fit.{i.name}"), language),
         _reading(i.ci_lower, i.ci_upper, i.name, language))
        for i in found.indices
    ]  # fmt: skip
    low, high = say("column.lower", language), say("column.upper", language)
    span = text("measuring.fit.interval", language)
    return Table(
        key="fit-bootstrap",
        title=title,
        columns=(
            Column("index", say("column.index", language)),
            Column("est", say("column.value", language), "unit"),
            Column("ci_lower", low, "unit", group=span),
            Column("ci_upper", high, "unit", group=span),
            Column("cutoff", say("column.cutoff", language)),
            Column("reading", say("column.reading", language)),
        ),
        rows=tuple(rows),
        notes=(
            text("measuring.fit.note", language, sources=cite(INTERVALS, language)),
            text(f"measuring.fit.from_{found.source}", language),
            *((counts_note(found.counts, language),) if found.counts != found.p_counts else ()),
            text("measuring.fit.p_draws", language),
            counts_note(found.p_counts, language),
        ),
        formulas=(methods.INTERVAL, _p_formula(found)),
    )


def _p_formula(found: FitBootstrap) -> str:
    return methods.P_VALUE if found.source == "respondents" else methods.P_PARAMETRIC


def _p_sentence(found: FitBootstrap, language: str) -> str:
    fields = {
        "chisq": numbers.number(found.chisq, digits=2, language=language),
        "df": found.df,
        "p": numbers.p_phrase(found.p, language=language)[2:],
        "sources": cite(TESTS, language),
    }
    return text(f"measuring.fit.p_{found.source}", language, **fields)


def _reading(low: float, high: float, name: str, language: str) -> str:
    """Whether all of the interval is good, none of it, or the cut-off lies within."""
    rule = criterion(f"fit.{name}")
    ends = [not rule.missed(end) for end in (low, high)]
    key = "all" if all(ends) else "some" if any(ends) else "none"
    cut = unit(rule.good, language, 2)
    return text(f"measuring.fit.reading_{key}", language, cutoff=cut)
