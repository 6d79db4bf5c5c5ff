"""Several groups in one table: their labels, column blocks, and what they share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.report.labels import Labels
from analysis.report.records import Cell, Column
from analysis.sem import Estimate, Solution

MOST_BLOCKS = 4
"""With more groups than this, tables have one section a group in place of column blocks."""

EQUAL = "="
_OF_GROUP = re.compile(r"(.+)\.g(\d+)")


def group_label(solution: Solution, group: int, labels: Labels) -> str:
    """The label of a group (from 1) in a multi-group model, empty with one group."""
    names = solution.partable.groups
    return labels.group(names[group - 1]) if len(names) > 1 and 0 < group <= len(names) else ""


def group_labels(solution: Solution, labels: Labels) -> tuple[str, ...]:
    """The labels of all groups; empty with one group."""
    count = len(solution.partable.groups)
    return tuple(group_label(solution, g + 1, labels) for g in range(count)) if count > 1 else ()


def blocked(solution: Solution) -> bool:
    """Whether tables set the groups side by side."""
    return 1 < len(solution.partable.groups) <= MOST_BLOCKS


def heading(solution: Solution, factor: str, group: int, labels: Labels) -> str:
    """A factor's heading in a table, with its group where there are several."""
    name = group_label(solution, group, labels)
    return labels.of(factor) + (f" \u00b7 {name}" if name else "")


def side_by_side(rows: Sequence[Estimate], count: int) -> list[tuple[Estimate | None, ...]]:
    """The same parameter in each of ``count`` groups, in the order of first appearance."""
    found: dict[tuple[str, str, str], list[Estimate | None]] = {}
    for e in rows:
        found.setdefault((e.lhs, e.op, e.rhs), [None] * count)[e.group - 1] = e
    return [tuple(members) for members in found.values()]


def blocks(names: Sequence[str], columns: Sequence[Column]) -> tuple[Column, ...]:
    """``columns`` once for each group, under its name."""
    return tuple(
        replace(column, key=f"{column.key}.g{number}", group=name)
        for number, name in enumerate(names, start=1)
        for column in columns
    )


def block_cells(members: Sequence[Sequence[Cell] | None], width: int) -> tuple[Cell, ...]:
    """The groups' cells one after the other, dashes where a group has none."""
    return tuple(cell for cells in members for cell in (cells or (None,) * width))


def definitions(solution: Solution) -> list[tuple[str, tuple[Estimate, ...]]]:
    """Defined quantities by name; one estimate a group where each has its own, else a single one.

    ``x.g1``, ``x.g2`` ... of a model with as many groups are one quantity ``x``.
    """
    count = len(solution.partable.groups)
    rows = {e.lhs: e for e in solution.estimates if e.op == ":="}
    found: dict[str, tuple[Estimate, ...]] = {}
    for name, e in rows.items():
        match = _OF_GROUP.fullmatch(name) if count > 1 else None
        base = match[1] if match else name
        family = [rows.get(f"{base}.g{g + 1}") for g in range(count)]
        whole = tuple(member for member in family if member is not None)
        if match and len(whole) == count:
            found.setdefault(base, whole)
        else:
            found[name] = (e,)
    return list(found.items())


def without_group(text: str) -> str:
    """Labels as the model's text gives them, without what sets the first group's apart."""
    return re.sub(r"\.g1\b", "", text)


def equal_over_groups(solution: Solution) -> Mapping[tuple[str, str, str], str]:
    """Parameters that all groups share, with the label of the model's text that does it, if any."""
    table = solution.partable
    count = len(table.groups)
    if count < 2:
        return {}
    at = {row.plabel: row for row in table.rows if row.group > 0}
    linked: dict[tuple[str, str, str], set[int]] = {}
    for row in table.rows:
        if row.op != "==" or row.user == 1:
            continue
        left, right = at.get(row.lhs), at.get(row.rhs)
        if left is None or right is None or left.group == right.group:
            continue
        keys = [(r.lhs, r.op, r.rhs) for r in (left, right)]
        if keys[0] == keys[1]:
            linked.setdefault(keys[0], set()).update((left.group, right.group))
    own = {
        (r.lhs, r.op, r.rhs): r.label if r.label and not r.label.startswith(".p") else ""
        for r in table.rows
        if r.group == 1
    }
    return {key: own.get(key, "") for key, groups in linked.items() if len(groups) == count}


def own_label(e: Estimate) -> str:
    """The label that the model's text gives, without those made for equalities."""
    return "" if e.label.startswith(".p") else e.label
