"""Evidence on discriminant validity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None


class MatrixLike(Protocol):
    """A square matrix over constructs: ``values`` (k, k)."""

    @property
    def constructs(self) -> Sequence[str]: ...
    @property
    def values(self) -> Sequence[Sequence[float]]: ...


def fornell_larcker_table(
    result: MatrixLike,
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Square roots of AVE on the diagonal, factor correlations below it."""
    names = resolve(labels)
    values = result.values
    k = len(result.constructs)
    failed = [
        (i, j)
        for i in range(k)
        for j in range(i)
        if finite(values[i][j]) and abs(values[i][j]) >= min(values[i][i], values[j][j])
    ]
    notes = [say("fornell.note", language, sources=cite(("fornell1981",), language))]
    if failed:
        notes.append("a|" + say("fornell.note_missed", language))
    table = _lower_triangle(
        result, names, key="fornell-larcker", title=say("fornell.title", language),
        diagonal=True, failed=failed, notes=notes,
    )  # fmt: skip
    verdict = refusal(solution, language) or _pairs_verdict(
        "fornell", failed, result, names, language
    )
    return Evidence(
        id="fornell-larcker", title=table.title, table=table, verdict=verdict,
        citations=("fornell1981",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def htmt_table(
    result: MatrixLike,
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Heterotrait-monotrait ratios below the diagonal, against .85 and .90."""
    names = resolve(labels)
    rule = criterion("validity.htmt")
    k = len(result.constructs)
    pairs = [(i, j) for i in range(k) for j in range(i)]
    failed = [(i, j) for i, j in pairs if rule.missed(result.values[i][j])]
    severe = [(i, j) for i, j in pairs if rule.grade(result.values[i][j]) == "poor"]
    notes = [
        say(
            "htmt.note",
            language,
            strict=unit(rule.good, language, 2),
            loose=unit(rule.acceptable, language, 2),
            sources=cite(rule.cite, language),
        )
    ]
    if failed:
        notes.append("a|" + say("htmt.note_missed", language, strict=unit(rule.good, language, 2)))
    formula = str(getattr(result, "formula", ""))
    table = _lower_triangle(
        result, names, key="htmt", title=say("htmt.title", language), diagonal=False,
        failed=failed, notes=notes, formulas=(formula,) if formula else (),
    )  # fmt: skip
    verdict = refusal(solution, language) or _pairs_verdict("htmt", failed, result, names, language)
    if severe and verdict.level == "mixed":
        verdict = Verdict("poor", verdict.sentences, verdict.citations)
    return Evidence(
        id="htmt", title=table.title, table=table, verdict=verdict, citations=rule.cite,
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _pairs_verdict(
    topic: str, failed: Sequence[tuple[int, int]], result: MatrixLike, labels: Labels, language: str
) -> Verdict:
    sources = ("fornell1981",) if topic == "fornell" else criterion("validity.htmt").cite
    if not failed:
        return Verdict("good", (say(f"{topic}.good", language),), sources)
    names = [
        f"{labels.of(result.constructs[j])}\u2013{labels.of(result.constructs[i])}"
        f" ({unit(result.values[i][j], language, 2)})"
        for i, j in failed
    ]
    return Verdict(
        "mixed", (say(f"{topic}.failed", language, pairs=join(names, language)),), sources
    )


def _lower_triangle(
    result: MatrixLike,
    labels: Labels,
    *,
    key: str,
    title: str,
    diagonal: bool,
    failed: Sequence[tuple[int, int]],
    notes: Sequence[str],
    formulas: tuple[str, ...] = (),
) -> Table:
    names = [labels.of(c) for c in result.constructs]
    k = len(names)
    rows: list[tuple[Cell, ...]] = []
    for i in range(k):
        cells: list[Cell] = [f"{i + 1}. {names[i]}"]
        for j in range(k):
            shown = j < i or (diagonal and j == i)
            cells.append(float(result.values[i][j]) if shown else "")
        rows.append(tuple(cells))
    last = k if diagonal else k - 1
    return Table(
        key=key,
        title=title,
        columns=(Column("construct", ""), *(Column(c, str(i + 1), "unit") for i, c in
                                            enumerate(result.constructs[:last]))),
        rows=tuple(row[: last + 1] for row in rows),
        marks=tuple((i, j + 1, "a") for i, j in failed),
        notes=tuple(notes),
        formulas=formulas,
    )  # fmt: skip
