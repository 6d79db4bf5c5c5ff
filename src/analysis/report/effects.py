"""Evidence on direct, indirect and total effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.prose import refusal, say
from analysis.report.records import Cell, Column, Table
from analysis.sem import Solution


class EffectLike(Protocol):
    """The effect of one variable on another; ``kind`` is direct, indirect or total."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def est(self) -> float: ...
    @property
    def se(self) -> float: ...
    @property
    def z(self) -> float: ...
    @property
    def p(self) -> float: ...
    @property
    def ci_lower(self) -> float: ...
    @property
    def ci_upper(self) -> float: ...
    @property
    def std_all(self) -> float: ...


def effects_table(
    effects: Sequence[EffectLike],
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Direct, total indirect and total effects, pair by pair."""
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for (source, target), members in groupby(effects, key=lambda e: (e.source, e.target)):
        groups.append((len(rows), names.path(source, target)))
        routes = list(members)
        only = len(routes) == 2
        for e in routes[:1] if only else routes:
            kind = say(f"effects.{e.kind}{'_only' if only else ''}", language)
            rows.append((kind, e.est, e.se, e.z, e.p, e.ci_lower, e.ci_upper, e.std_all))
    ci = say("column.ci", language)
    table = Table(
        key="effects",
        title=say("effects.title", language),
        columns=(
            Column("kind", say("column.effect", language)),
            Column("est", "\u27e6B\u27e7", "number"),
            Column("se", "\u27e6SE\u27e7", "number"),
            Column("z", "\u27e6z\u27e7", "number", 2),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("ci_lower", say("column.lower", language), "number", group=ci),
            Column("ci_upper", say("column.upper", language), "number", group=ci),
            Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("effects.note", language),),
    )
    return Evidence(
        id="effects-table",
        title=table.title,
        table=table if rows else None,
        verdict=refusal(solution, language),
        paragraphs=() if rows else (say("effects.none", language),),
        citations=("bollen1989", "sobel1982"),
        language=language,
        stamps=tuple(stamps),
    )
