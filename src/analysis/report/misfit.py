"""Evidence on where the model fails: residuals and modification indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.fit import misfit, residual_sentence
from analysis.report.groups import group_label, group_labels
from analysis.report.labels import Labels, parameter_text, resolve
from analysis.report.prose import finite, say, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.svg import stacked
from analysis.sem import Solution

MATRIX_LIMIT = 30
LabelsLike = Labels | Mapping[str, str] | None
Pair = tuple[str, str, float, float, int]


def residual_pairs(solution: Solution) -> list[Pair]:
    """Item pairs with correlation residual, standardized residual and group, largest first."""
    found: list[Pair] = []
    for group, block in enumerate(solution.residuals_by_group, start=1):
        for i, row in enumerate(block.names):
            for j, column in enumerate(block.names[:i]):
                found.append((column, row, float(block.cor[i, j]), float(block.z[i, j]), group))
    return sorted(found, key=lambda r: -abs(r[2]) if finite(r[2]) else 0.0)


def residuals_table(
    solution: Solution,
    *,
    largest: int = 10,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The item pairs that the model reproduces worst."""
    names = resolve(labels)
    size, standard = criterion("residual.correlation"), criterion("residual.standardized")
    pairs = residual_pairs(solution)
    shown = pairs[:largest]
    several, tested = len(solution.partable.groups) > 1, any(finite(r[3]) for r in pairs)
    at = 3 if several else 2
    marks = [(i, at, "a") for i, r in enumerate(shown) if size.missed(r[2])]
    if tested:
        marks += [(i, at + 1, "b") for i, r in enumerate(shown) if standard.missed(r[3])]
    rows = [
        (*r[:2], *((group_label(solution, r[4], names),) if several else ()), r[2],
         *((r[3],) if tested else ()))
        for r in shown
    ]  # fmt: skip
    sources = (*size.cite, *(standard.cite if tested else ()))
    notes = [say("residuals.note", language, shown=len(rows), total=len(pairs),
                 sources=cite(sources, language))]  # fmt: skip
    if any(m[2] == "a" for m in marks):
        notes.append(
            "a|" + say("residuals.note_size", language, limit=unit(size.good, language, 2))
        )
    if any(m[2] == "b" for m in marks):
        limit = f"{standard.good:.2f}"
        notes.append("b|" + say("residuals.note_standard", language, limit=limit))
    table = Table(
        key="residuals",
        title=say("residuals.title", language),
        columns=(
            Column("first", say("column.item", language)),
            Column("second", say("column.other_item", language)),
            *((Column("group", say("column.group", language)),) if several else ()),
            Column("cor", say("column.residual", language), "unit"),
            *(
                (Column("z", say("column.standard_residual", language), "number", 2),)
                if tested
                else ()
            ),
        ),
        rows=tuple(rows),
        row_headers=2,
        marks=tuple(marks),
        notes=tuple(notes),
    )
    return Evidence(
        id="residuals-table", title=table.title, table=table,
        paragraphs=(residual_sentence(solution, language),), citations=sources,
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def residuals_figure(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Correlation residuals as a triangle, items sorted by construct, groups below each other."""
    names = resolve(labels)
    compared = solution.residuals_by_group or (solution.residuals,)
    order, breaks = _item_order(solution, compared[0].names)
    limit = criterion("residual.correlation").good
    shown = [compared[0].names[i] for i in order]
    title = say("residuals.figure_title", language)
    large, pairs, worst = misfit(solution)
    alt = say("residuals.figure_alt", language, items=len(shown), large=large, pairs=pairs,
              limit=unit(limit, language, 2), worst=unit(worst, language))  # fmt: skip
    matrices = [[[float(b.cor[i, j]) for j in order] for i in order] for b in compared]
    parts = group_labels(solution, names)
    drawn = [
        plots.heat_map(
            shown, values, limit=limit, breaks=breaks, title=part or title, alt=alt,
            language=language,
        )
        for values, part in zip(matrices, parts or ("",), strict=False)
    ]  # fmt: skip
    svg = stacked(parts, drawn, title=title, description=alt) if len(drawn) > 1 else drawn[0]
    data = _residual_data(shown, matrices, parts, title, language)
    figure = Figure(
        key="residuals-plot", title=title, svg=svg, alt=alt, data=data,
        notes=(say("residuals.figure_note", language, limit=unit(limit, language, 2)),),
    )  # fmt: skip
    return Evidence(
        id="residuals-figure", title=title, figure=figure,
        citations=criterion("residual.correlation").cite, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _residual_data(
    names: Sequence[str],
    matrices: Sequence[Sequence[Sequence[float]]],
    parts: Sequence[str],
    title: str,
    language: str,
) -> Table:
    """The plotted matrices; with many items the pairs beyond the cut-off only."""
    p = len(names)
    whole = p <= MATRIX_LIMIT
    rule = criterion("residual.correlation")
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for number, values in enumerate(matrices):
        if parts:
            groups.append((len(rows), parts[number]))
        if whole:
            rows += [
                (names[i], *(values[i][j] if j < i else "" for j in range(p))) for i in range(p)
            ]
        else:
            rows += [
                (names[j], names[i], values[i][j])
                for i in range(p)
                for j in range(i)
                if rule.missed(values[i][j])
            ]
    item = Column("item", say("column.item", language))
    other = Column("other", say("column.other_item", language))
    size = Column("cor", say("column.residual", language), "unit")
    columns = (item, *(Column(n, n, "unit", 2) for n in names)) if whole else (item, other, size)
    return Table(
        "residual-matrix", title, columns, tuple(rows), row_headers=1 if whole else 2,
        groups=tuple(g for g in groups if g[0] < len(rows)),
    )  # fmt: skip


def _item_order(solution: Solution, names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Positions of the items construct by construct, and where a new construct begins."""
    owner: dict[str, str] = {}
    for e in solution.estimates:
        if e.op == "=~" and e.rhs in names:
            owner.setdefault(e.rhs, e.lhs)
    at = {n: i for i, n in enumerate(names)}
    listed = [*owner, *(n for n in names if n not in owner)]
    breaks = [k for k in range(1, len(listed)) if owner.get(listed[k]) != owner.get(listed[k - 1])]
    return [at[n] for n in listed], breaks


def modification_table(
    solution: Solution,
    *,
    largest: int = 10,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The largest modification indices with the question of theory that each one raises."""
    names = resolve(labels)
    rule = criterion("modification.index")
    worth = [m for m in solution.modification_indices if finite(m.mi) and m.mi > rule.good]
    several = len(solution.partable.groups) > 1
    rows: list[tuple[Cell, ...]] = [
        (
            parameter_text(m.lhs, m.op, m.rhs),
            *((group_label(solution, m.group, names),) if several else ()), m.mi, m.epc, m.sepc_all,
            _question(solution, m.lhs, m.op, m.rhs, names, language),
        )
        for m in worth[:largest]
    ]  # fmt: skip
    table = Table(
        key="modification",
        title=say("modification.title", language),
        columns=(
            Column("parameter", say("column.parameter", language), "code"),
            *((Column("group", say("column.group", language)),) if several else ()),
            Column("mi", "MI", "number", 2),
            Column("epc", "EPC", "number"),
            Column("sepc_all", say("column.epc_std", language), "unit"),
            Column("question", say("column.question", language)),
        ),
        rows=tuple(rows),
        notes=(
            say(
                "modification.note",
                language,
                shown=len(rows),
                total=len(worth),
                limit=f"{rule.good:.2f}",
                sources=cite(rule.cite, language),
            ),
        ),
    )
    if rows:
        words = say("modification.caveat", language, sources=cite(("maccallum1992",), language))
    else:
        words = say("modification.none", language, limit=f"{rule.good:.2f}")
    return Evidence(
        id="modification-table",
        title=table.title,
        table=table if rows else None,
        paragraphs=(words,),
        citations=(*rule.cite, "maccallum1992"),
        language=language,
        stamps=tuple(stamps),
    )


def _question(
    solution: Solution, lhs: str, op: str, rhs: str, labels: Labels, language: str
) -> str:
    latent = set(solution.latent)
    left, right = labels.of(lhs), labels.of(rhs)
    if op == "=~":
        return say("modification.ask_loading", language, item=rhs, factor=left)
    if op == "~":
        return say("modification.ask_path", language, source=right, target=left)
    if op == "~1":
        return say("modification.ask_mean", language, name=left)
    key = "ask_factors" if lhs in latent else "ask_items"
    return say(f"modification.{key}", language, first=left if lhs in latent else lhs,
               second=right if rhs in latent else rhs)  # fmt: skip
