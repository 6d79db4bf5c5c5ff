"""Evidence on direct, indirect and total effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from analysis.report.evidence import Evidence
from analysis.report.groups import MOST_BLOCKS, block_cells, blocks, group_labels
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
    @property
    def group(self) -> int: ...


def _routes(
    effects: Sequence[EffectLike], labels: Labels
) -> Iterator[tuple[str, str, list[EffectLike]]]:
    """Heading, kind and estimates (one a group) of each effect; no total that repeats another."""
    families: dict[tuple[str, str], dict[str, list[EffectLike]]] = {}
    for e in effects:
        kinds = families.setdefault((e.source, e.target), {})
        kinds.setdefault(e.kind, []).append(e)
    for (source, target), kinds in families.items():
        only = len(kinds) == 2
        for kind, members in list(kinds.items())[: 1 if only else None]:
            yield labels.path(source, target), kind + ("_only" if only else ""), members


def _single(effects: Sequence[EffectLike], labels: Labels, language: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for lead, kind, (e, *_) in _routes(effects, labels):
        if not groups or groups[-1][1] != lead:
            groups.append((len(rows), lead))
        cells = (e.est, e.se, e.z, e.p, e.ci_lower, e.ci_upper, e.std_all)
        rows.append((say(f"effects.{kind}", language), *cells))
    ci = say("column.ci", language)
    columns = (
        Column("kind", say("column.effect", language)),
        Column("est", "\u27e6B\u27e7", "number"),
        Column("se", "\u27e6SE\u27e7", "number"),
        Column("z", "\u27e6z\u27e7", "number", 2),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("ci_lower", say("column.lower", language), "number", group=ci),
        Column("ci_upper", say("column.upper", language), "number", group=ci),
        Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
    )
    return _table(columns, rows, groups, language)


def _by_group(
    effects: Sequence[EffectLike], names: Sequence[str], labels: Labels, language: str
) -> Table:
    """The groups side by side, or, where they are many, one line a group."""
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    columns = (
        Column("est", "\u27e6B\u27e7", "number"),
        Column("se", "\u27e6SE\u27e7", "number"),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
    )
    wide = len(names) <= MOST_BLOCKS
    for lead, kind, members in _routes(effects, labels):
        words = say(f"effects.{kind}", language)
        if not groups or groups[-1][1] != lead:
            groups.append((len(rows), lead))
        at = {e.group: (e.est, e.se, e.p, e.std_all) for e in members}
        if wide:
            cells = [at.get(g + 1) for g in range(len(names))]
            rows.append((words, *block_cells(cells, len(columns))))
        else:
            rows += [(f"{words} \u00b7 {names[g - 1]}", *cells) for g, cells in at.items()]
    first = Column("kind", say("column.effect", language))
    return _table((first, *(blocks(names, columns) if wide else columns)), rows, groups, language)


def _table(
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    groups: Sequence[tuple[int, str]],
    language: str,
) -> Table:
    return Table(
        key="effects",
        title=say("effects.title", language),
        columns=columns,
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("effects.note", language),),
    )


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
    many = solution is not None and len(solution.partable.groups) > 1
    if many and solution is not None:
        table = _by_group(effects, group_labels(solution, names), names, language)
    else:
        table = _single(effects, names, language)
    rows = table.rows
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
