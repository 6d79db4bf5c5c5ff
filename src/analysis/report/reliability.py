"""Evidence on reliability and convergent validity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from analysis.methods import measurement
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label, heading
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Column, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None


class ReliabilityLike(Protocol):
    """Reliability of one construct; NaN where a coefficient is not defined."""

    @property
    def construct(self) -> str: ...
    @property
    def alpha(self) -> float: ...
    @property
    def cr(self) -> float: ...
    @property
    def ave(self) -> float: ...
    @property
    def omega(self) -> float: ...
    @property
    def n_items(self) -> int: ...
    @property
    def group(self) -> int: ...


def reliability_table(
    reliability: Sequence[ReliabilityLike],
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Alpha, composite reliability, omega and AVE of every construct against their cut-offs."""
    names = resolve(labels)
    rules = {"alpha": "measurement.alpha", "cr": "measurement.cr", "omega": "measurement.cr",
             "ave": "measurement.ave"}  # fmt: skip
    symbols = {
        "alpha": "\u27e6\u03b1\u27e7",
        "cr": "CR",
        "omega": "\u27e6\u03c9\u27e7",
        "ave": "AVE",
    }
    marks = [
        (i, 2 + j, "a")
        for i, r in enumerate(reliability)
        for j, name in enumerate(rules)
        if criterion(rules[name]).missed(getattr(r, name))
    ]
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
    if marks:
        notes.append("a|" + say("reliability.note_missed", language))
    table = Table(
        key="reliability",
        title=say("reliability.title", language),
        columns=(
            Column("construct", say("column.construct", language)),
            Column("n_items", say("column.items", language), "int"),
            *(Column(name, symbols[name], "unit") for name in rules),
        ),
        rows=tuple(
            (names.of(r.construct), r.n_items, *(getattr(r, name) for name in rules))
            for r in reliability
        ),
        groups=_sections(reliability, solution, names),
        marks=tuple(marks),
        notes=tuple(notes),
        formulas=(_alpha(solution), measurement.CR, measurement.OMEGA, measurement.AVE),
    )
    return Evidence(
        id="reliability-table",
        title=table.title,
        table=table,
        verdict=_reliability_verdict(reliability, solution, names, language, sources),
        citations=sources,
        language=language,
        stamps=tuple(stamps),
    )


def _alpha(solution: Solution | None) -> str:
    """The formula of alpha; of ordered items it is that of the latent responses."""
    ordinal = solution is not None and bool(solution.partable.ordered)
    return measurement.ORDINAL_ALPHA if ordinal else measurement.ALPHA


def _sections(
    reliability: Sequence[ReliabilityLike], solution: Solution | None, labels: Labels
) -> tuple[tuple[int, str], ...]:
    """Where each group's constructs begin; nothing with one group."""
    if solution is None:
        return ()
    starts: dict[int, int] = {}
    for row, r in enumerate(reliability):
        starts.setdefault(r.group, row)
    named = [(row, group_label(solution, group, labels)) for group, row in starts.items()]
    return tuple((row, name) for row, name in named if name)


def _called(r: ReliabilityLike, solution: Solution | None, labels: Labels) -> str:
    return (
        labels.of(r.construct)
        if solution is None
        else heading(solution, r.construct, r.group, labels)
    )


def _reliability_verdict(
    reliability: Sequence[ReliabilityLike],
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
    low_cr = [_called(r, solution, labels) for r in known if r.cr < cr.good]
    high_cr = [
        _called(r, solution, labels) for r in known if cr.upper is not None and r.cr > cr.upper
    ]
    low_ave = [_called(r, solution, labels) for r in known if finite(r.ave) and r.ave < ave.good]
    words = []
    for key, members in (("low_cr", low_cr), ("high_cr", high_cr), ("low_ave", low_ave)):
        if members:
            words.append(say(f"reliability.{key}", language, names=join(members, language)))
    if not words:
        return Verdict("good", (say("reliability.good", language),), sources)
    poor = any(cr.grade(r.cr) == "poor" for r in known)
    return Verdict("poor" if poor else "mixed", tuple(words), sources)
