"""Evidence on reliability and convergent validity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from analysis.i18n import text
from analysis.methods import measurement
from analysis.methods.measurement import Reliability, Resampled
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.draws import counts_note, draws_sources, source_note
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label, heading
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
ReliabilityLike: TypeAlias = Reliability

RULES: Mapping[str, str] = {
    "alpha": "measurement.alpha",
    "omega": "measurement.cr",
    "omega_total": "measurement.cr",
    "omega_observed": "measurement.cr",
    "cr": "measurement.cr",
    "rho_a": "measurement.cr",
    "maximal": "measurement.cr",
    "ave": "measurement.ave",
}
SYMBOLS: Mapping[str, str] = {
    "alpha": "\u27e6\u03b1\u27e7",
    "omega": "\u27e6\u03c9\u27e7",
    "omega_total": "\u27e6\u03c9\u27e7\u209c",
    "omega_observed": "\u27e6\u03c9\u27e7\u209b",
    "cr": "CR",
    "rho_a": "\u27e6\u03c1\u27e7\u2090",
    "maximal": "\u27e6H\u27e7",
    "ave": "AVE",
}
INDENT = "\u2003"
APART = 0.01
"""Composite reliabilities by two formulas that differ by this much are pointed out."""


def reliability_table(
    reliability: Sequence[Reliability],
    *,
    solution: Solution | None = None,
    resampled: Resampled | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every coefficient of every construct with its interval below it, against the cut-offs."""
    names = resolve(labels)
    shown = columns_shown(reliability)
    rows: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, int, str]] = []
    starts: dict[int, int] = {}
    for r in reliability:
        starts.setdefault(r.group, len(rows))
        marks += [
            (len(rows), 2 + j, "a")
            for j, name in enumerate(shown)
            if criterion(RULES[name]).missed(getattr(r, name))
        ]
        rows.append((names.of(r.construct), r.n_items, *(getattr(r, n) for n in shown)))
        if r.intervals:
            lead = INDENT + text("measuring.reliability.interval", language)
            rows.append((lead, "", *(_interval(r, name, language) for name in shown)))
    sources = tuple(dict.fromkeys((*criterion(RULES["cr"]).cite, *criterion(RULES["ave"]).cite)))
    table = Table(
        key="reliability",
        title=say("reliability.title", language),
        columns=(
            Column("construct", say("column.construct", language)),
            Column("n_items", say("column.items", language), "int"),
            *(Column(name, SYMBOLS[name], "unit") for name in shown),
        ),
        rows=tuple(rows),
        groups=sections(starts, solution, names),
        marks=tuple(marks),
        notes=_notes(reliability, shown, resampled, names, language, missed=bool(marks)),
        formulas=tuple(formula(name, reliability) for name in shown),
    )
    return Evidence(
        id="reliability-table",
        title=table.title,
        table=table,
        verdict=_verdict(reliability, solution, names, language, sources),
        citations=(*sources, *draws_sources(resampled)),
        language=language,
        stamps=tuple(stamps),
    )


def columns_shown(reliability: Sequence[Reliability]) -> tuple[str, ...]:
    """Coefficients in the table: those with values, total omega only where it is not omega."""
    differs = any(
        finite(r.omega_total) and abs(r.omega_total - r.omega) > 1e-6 for r in reliability
    )
    return tuple(
        name
        for name in RULES
        if (name != "omega_total" or differs)
        and (name in ("alpha", "omega", "cr", "ave")
             or any(finite(getattr(r, name)) for r in reliability))
    )  # fmt: skip


def formula(name: str, reliability: Sequence[Reliability]) -> str:
    """The id of a coefficient's formula; of ordered items it may be another."""
    ordered = bool(reliability) and all(r.ordered for r in reliability)
    plain = {
        "alpha": measurement.ALPHA,
        "omega": measurement.OMEGA,
        "omega_total": measurement.OMEGA_TOTAL,
        "omega_observed": measurement.OMEGA_OBSERVED,
        "cr": measurement.CR,
        "rho_a": measurement.RHO_A,
        "maximal": measurement.MAXIMAL,
        "ave": measurement.AVE,
    }
    of_answers = {
        "alpha": measurement.ORDINAL_ALPHA,
        "omega": measurement.ORDINAL_OMEGA,
        "omega_total": measurement.ORDINAL_OMEGA_TOTAL,
        "omega_observed": measurement.ORDINAL_OMEGA_OBSERVED,
    }
    return of_answers.get(name, plain[name]) if ordered else plain[name]


def _interval(r: Reliability, name: str, language: str) -> str:
    low, high = r.intervals.get(name, (float("nan"), float("nan")))
    if not (finite(low) and finite(high)):
        return ""
    return numbers.interval(low, high, bounded=True, language=language)


def _notes(
    reliability: Sequence[Reliability],
    shown: Sequence[str],
    resampled: Resampled | None,
    labels: Labels,
    language: str,
    *,
    missed: bool,
) -> tuple[str, ...]:
    cr, ave = criterion("measurement.cr"), criterion("measurement.ave")
    sources = tuple(dict.fromkeys((*cr.cite, *ave.cite)))
    notes = [
        say(
            "reliability.note",
            language,
            low=unit(cr.good, language, 2),
            high=unit(cr.upper, language, 2),
            loose=unit(cr.acceptable, language, 2),
            ave=unit(ave.good, language, 2),
            sources=cite(sources, language),
        )
    ]
    notes += [
        text(f"measuring.reliability.about_{name}", language)
        for name in ("omega_total", "maximal", "rho_a")
        if name in shown
    ]
    if any(r.ordered for r in reliability):
        notes.append(text("measuring.reliability.about_ordered", language))
    if any(r.higher for r in reliability):
        notes.append(text("measuring.reliability.about_higher", language))
    notes += _two_formulas(reliability, labels, language)
    if resampled is not None:
        source = source_note(
            resampled.kind, wanted=resampled.wanted, done=resampled.draws, language=language
        )
        notes += [source, counts_note(resampled, language)]
    if missed:
        notes.append("a|" + say("reliability.note_missed", language))
    return tuple(notes)


def _two_formulas(reliability: Sequence[Reliability], labels: Labels, language: str) -> list[str]:
    """Which formula stands in the column CR, and where the other one gives something else."""
    both = [r for r in reliability if finite(r.cr) and finite(r.omega_observed) and not r.higher]
    if not both:
        return []
    words = [text("measuring.reliability.formulas", language)]
    apart = max(both, key=lambda r: abs(r.cr - r.omega_observed))
    if abs(apart.cr - apart.omega_observed) >= APART:
        fields = {
            "name": labels.of(apart.construct),
            "cr": unit(apart.cr, language),
            "observed": unit(apart.omega_observed, language),
        }
        words.append(text("measuring.reliability.formulas_differ", language, **fields))
    return words


def sections(
    starts: Mapping[int, int], solution: Solution | None, labels: Labels
) -> tuple[tuple[int, str], ...]:
    """Headings of the groups whose first rows ``starts`` holds; nothing with one group."""
    if solution is None:
        return ()
    named = [(row, group_label(solution, group, labels)) for group, row in starts.items()]
    return tuple((row, name) for row, name in named if name)


def _called(r: Reliability, solution: Solution | None, labels: Labels) -> str:
    return (
        labels.of(r.construct)
        if solution is None
        else heading(solution, r.construct, r.group, labels)
    )


def _verdict(
    reliability: Sequence[Reliability],
    solution: Solution | None,
    labels: Labels,
    language: str,
    sources: tuple[str, ...],
) -> Verdict:
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    cr, ave = criterion("measurement.cr"), criterion("measurement.ave")
    known = [r for r in reliability if finite(r.cr)]
    if not known:
        return Verdict("none", (text("measuring.reliability.undefined", language),))

    def called(members: Sequence[Reliability]) -> str:
        return join([_called(r, solution, labels) for r in members], language)

    low = [r for r in known if r.cr < cr.good]
    doubtful = [r for r in known if r not in low and r.intervals and r.intervals["cr"][0] < cr.good]
    high = [r for r in known if cr.upper is not None and r.cr > cr.upper]
    little = [r for r in known if finite(r.ave) and r.ave < ave.good]
    words = []
    if low:
        words.append(say("reliability.low_cr", language, names=called(low)))
    if doubtful:
        fields = {"names": called(doubtful), "low": unit(cr.good, language, 2)}
        words.append(text("measuring.reliability.doubtful", language, **fields))
    if high:
        words.append(say("reliability.high_cr", language, names=called(high)))
    if little:
        words.append(say("reliability.low_ave", language, names=called(little)))
    if not words:
        return Verdict("good", (say("reliability.good", language),), sources)
    poor = any(cr.grade(r.cr) == "poor" for r in known)
    return Verdict("poor" if poor else "mixed", tuple(words), sources)
