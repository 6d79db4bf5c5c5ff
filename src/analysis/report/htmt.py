"""Evidence on discriminant validity: HTMT and HTMT2 with the upper limits of their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.i18n import text
from analysis.methods import measurement
from analysis.methods.measurement import DiscriminantValidity, Resampled
from analysis.report.criteria import criterion
from analysis.report.draws import counts_note, draws_sources, source_note
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Level, Table, Verdict
from analysis.report.references import cite
from analysis.report.reliability import INDENT
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("henseler2015", "roemer2021")


@dataclass(frozen=True)
class _Ratio:
    """One ratio: where it stands, its value and the upper limit of its one-sided interval."""

    group: int
    row: int
    column: int
    value: float
    upper: float
    geometric: bool


def htmt_table(
    found: DiscriminantValidity | Sequence[DiscriminantValidity],
    *,
    solution: Solution | None = None,
    resampled: Resampled | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """HTMT below and HTMT2 above the diagonal, upper limits in the line beneath, by group."""
    names = resolve(labels)
    results = (found,) if isinstance(found, DiscriminantValidity) else tuple(found)
    ratios = [ratio for g, one in enumerate(results) for ratio in _ratios(g, one)]
    table = _table(results, ratios, resampled, solution, names, language)
    return Evidence(
        id="htmt",
        title=table.title,
        table=table,
        verdict=_verdict(results, ratios, solution, names, language),
        citations=(*SOURCES, *draws_sources(resampled)),
        language=language,
        stamps=tuple(stamps),
    )


def _ratios(group: int, one: DiscriminantValidity) -> Iterator[_Ratio]:
    for i in range(len(one.constructs)):
        for j in range(i):
            value, upper = float(one.htmt[i][j]), float(one.htmt_upper[i][j])
            yield _Ratio(group, i, j, value, upper, geometric=False)
            value, upper = float(one.htmt2[i][j]), float(one.htmt2_upper[i][j])
            yield _Ratio(group, j, i, value, upper, geometric=True)


def _table(
    results: Sequence[DiscriminantValidity],
    ratios: Sequence[_Ratio],
    resampled: Resampled | None,
    solution: Solution | None,
    labels: Labels,
    language: str,
) -> Table:
    rule = criterion("validity.htmt")
    constructs = results[0].constructs
    spans = any(finite(r.upper) for r in ratios)
    step = 2 if spans else 1
    k = len(constructs)
    place = {(r.group, r.row, r.column): r for r in ratios}
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for g in range(len(results)):
        if name := _group(solution, g, len(results), labels):
            groups.append((len(rows), name))
        for i, construct in enumerate(constructs):
            members = [place.get((g, i, j)) for j in range(k)]
            values = ["" if m is None else m.value for m in members]
            rows.append((f"{i + 1}. {labels.of(construct)}", *values))
            if spans:
                limits = ["" if m is None else m.upper for m in members]
                rows.append((INDENT + text("measuring.htmt.upper_row", language), *limits))
    marks = []
    for r in ratios:
        at = (r.group * k + r.row) * step
        if rule.missed(r.value):
            marks.append((at, r.column + 1, "a"))
        if spans and rule.grade(r.upper) == "poor":
            marks.append((at + 1, r.column + 1, "b"))
    return Table(
        key="htmt",
        title=say("htmt.title", language),
        columns=(
            Column("construct", ""),
            *(Column(c, str(i + 1), "unit") for i, c in enumerate(constructs)),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        marks=tuple(marks),
        notes=_notes(resampled, {m[2] for m in marks}, language),
        formulas=(measurement.HTMT, measurement.HTMT2),
    )


def _notes(resampled: Resampled | None, letters: set[str], language: str) -> tuple[str, ...]:
    rule = criterion("validity.htmt")
    strict, loose = unit(rule.good, language, 2), unit(rule.acceptable, language, 2)
    notes = [
        text("measuring.htmt.about", language),
        say("htmt.note", language, strict=strict, loose=loose, sources=cite(SOURCES, language)),
    ]
    if resampled is not None:
        notes += [
            text("measuring.htmt.upper_note", language),
            source_note(
                resampled.kind, wanted=resampled.wanted, done=resampled.draws, language=language
            ),
            counts_note(resampled, language),
        ]
    if "a" in letters:
        notes.append("a|" + say("htmt.note_missed", language, strict=strict))
    if "b" in letters:
        notes.append("b|" + text("measuring.htmt.upper_missed", language, loose=loose))
    return tuple(notes)


def _verdict(
    results: Sequence[DiscriminantValidity],
    ratios: Sequence[_Ratio],
    solution: Solution | None,
    labels: Labels,
    language: str,
) -> Verdict:
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    rule, one = criterion("validity.htmt"), criterion("validity.one").good
    plain = [r for r in ratios if not r.geometric]
    if not any(finite(r.value) for r in plain):
        return Verdict("none", (text("measuring.htmt.undefined", language),))
    failed = [r for r in plain if rule.missed(r.value)]
    same = [r for r in plain if (finite(r.upper) and r.upper >= one) or r.value >= one]
    doubtful = [
        r for r in plain if rule.grade(r.upper) == "poor" and r not in same and r not in failed
    ]

    def named(members: Sequence[_Ratio], *, upper: bool) -> str:
        return join([_pair(r, results, solution, labels, language, upper=upper) for r in members],
                    language)  # fmt: skip

    loose = unit(rule.acceptable, language, 2)
    words = []
    if failed:
        words.append(say("htmt.failed", language, pairs=named(failed, upper=False)))
    if same:
        words.append(text("measuring.htmt.same", language, pairs=named(same, upper=True)))
    if doubtful:
        fields = {"pairs": named(doubtful, upper=True), "loose": loose}
        words.append(text("measuring.htmt.doubtful", language, **fields))
    if not words:
        limits = any(finite(r.upper) for r in plain)
        sentence = (
            text("measuring.htmt.good", language, loose=loose)
            if limits
            else say("htmt.good", language)
        )
        return Verdict("good", (sentence,), SOURCES)
    severe = bool(same) or any(rule.grade(r.value) == "poor" for r in failed)
    level: Level = "poor" if severe else "mixed"
    return Verdict(level, tuple(words), SOURCES)


def _pair(
    r: _Ratio,
    results: Sequence[DiscriminantValidity],
    solution: Solution | None,
    labels: Labels,
    language: str,
    *,
    upper: bool,
) -> str:
    names = results[r.group].constructs
    group = _group(solution, r.group, len(results), labels)
    number, digits = (r.upper, 3) if upper and finite(r.upper) else (r.value, 2)
    inside = (f"{group} " if group else "") + unit(number, language, digits)
    return f"{labels.of(names[r.column])}\u2013{labels.of(names[r.row])} ({inside})"


def _group(solution: Solution | None, g: int, count: int, labels: Labels) -> str:
    return group_label(solution, g + 1, labels) if solution is not None and count > 1 else ""
