"""Evidence on discriminant validity: the Fornell-Larcker criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label
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


Matrices: TypeAlias = MatrixLike | Sequence[MatrixLike]
Pair: TypeAlias = tuple[int, int, int]
"""Group (from 0), row and column."""


def _each(result: Matrices) -> tuple[MatrixLike, ...]:
    return tuple(result) if isinstance(result, Sequence) else (result,)


def fornell_larcker_table(
    result: Matrices,
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Square roots of AVE on the diagonal, factor correlations below it, group after group."""
    names = resolve(labels)
    results = _each(result)
    failed = [
        (g, i, j)
        for g, one in enumerate(results)
        for i in range(len(one.constructs))
        for j in range(i)
        if finite(one.values[i][j])
        and abs(one.values[i][j]) >= min(one.values[i][i], one.values[j][j])
    ]
    notes = [say("fornell.note", language, sources=cite(("fornell1981",), language))]
    if failed:
        notes.append("a|" + say("fornell.note_missed", language))
    table = _lower_triangle(
        results, names, key="fornell-larcker", title=say("fornell.title", language),
        diagonal=True, failed=failed, notes=notes, solution=solution,
    )  # fmt: skip
    verdict = refusal(solution, language) or _pairs_verdict(
        "fornell", failed, results, names, language, solution
    )
    return Evidence(
        id="fornell-larcker", title=table.title, table=table, verdict=verdict,
        citations=("fornell1981",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _pairs_verdict(
    topic: str,
    failed: Sequence[Pair],
    results: Sequence[MatrixLike],
    labels: Labels,
    language: str,
    solution: Solution | None,
) -> Verdict:
    sources = ("fornell1981",) if topic == "fornell" else criterion("validity.htmt").cite
    if not failed:
        return Verdict("good", (say(f"{topic}.good", language),), sources)
    names = []
    for g, i, j in failed:
        one = results[g]
        pair = f"{labels.of(one.constructs[j])}\u2013{labels.of(one.constructs[i])}"
        group = _group(solution, g, len(results), labels)
        inside = f"{group} " if group else ""
        names.append(f"{pair} ({inside}{unit(one.values[i][j], language, 2)})")
    return Verdict(
        "mixed", (say(f"{topic}.failed", language, pairs=join(names, language)),), sources
    )


def _group(solution: Solution | None, g: int, count: int, labels: Labels) -> str:
    return group_label(solution, g + 1, labels) if solution is not None and count > 1 else ""


def _lower_triangle(
    results: Sequence[MatrixLike],
    labels: Labels,
    *,
    key: str,
    title: str,
    diagonal: bool,
    failed: Sequence[Pair],
    notes: Sequence[str],
    solution: Solution | None,
    formulas: tuple[str, ...] = (),
) -> Table:
    constructs = results[0].constructs
    names = [labels.of(c) for c in constructs]
    k = len(names)
    last = k if diagonal else k - 1
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for g, one in enumerate(results):
        if group := _group(solution, g, len(results), labels):
            groups.append((len(rows), group))
        for i in range(k):
            cells: list[Cell] = [f"{i + 1}. {names[i]}"]
            for j in range(last):
                shown = j < i or (diagonal and j == i)
                cells.append(float(one.values[i][j]) if shown else "")
            rows.append(tuple(cells))
    return Table(
        key=key,
        title=title,
        columns=(
            Column("construct", ""),
            *(Column(c, str(i + 1), "unit") for i, c in enumerate(constructs[:last])),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        marks=tuple((g * k + i, j + 1, "a") for g, i, j in failed),
        notes=tuple(notes),
        formulas=formulas,
    )
