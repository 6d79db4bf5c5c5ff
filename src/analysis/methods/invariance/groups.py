"""Which groups can be compared, and what must be done to their answers first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, message
from analysis.sem import GroupMoments, Moments

Array = NDArray[np.float64]

FEWEST = 30
COMFORTABLE = 100


@dataclass(frozen=True)
class PreparedGroups:
    """Groups fit for comparison, and what was left out or merged on the way.

    ``moments`` is None where fewer than two groups are left; the findings say why.
    """

    moments: Moments | None
    findings: tuple[Message, ...] = ()

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Label and respondents of each group."""
        if self.moments is None:
            return ()
        return tuple((g.label, _size(g)) for g in self.moments.groups)


def least_size(p: int) -> int:
    """The smallest group that takes part: more respondents than items, and 30 at least."""
    return max(p + 1, FEWEST)


def prepare(
    moments: Moments, items: Sequence[str], *, ordered: Sequence[str] = ()
) -> PreparedGroups:
    """Leave out groups that cannot be compared; merge categories that a group never uses.

    A group is left out where it is smaller than ``least_size`` or an item is constant in it.
    With ordered items only complete answers count, and a category that one group does not use is
    merged with its neighbour nearer to the middle, in all groups alike.
    """
    used = moments.select(tuple(items))
    least = least_size(len(items))
    findings: list[Message] = []
    kept: list[GroupMoments] = []
    for g in used.groups:
        fields = {"group": g.label, "n": _size(g), "least": least}
        flat = _constant(g, used.names) if _size(g) else ()
        if _size(g) < least:
            findings.append(message("invariance.small_group", **fields))
        elif flat:
            findings.append(message("invariance.constant", items=", ".join(flat), **fields))
        else:
            kept.append(g)
            if _size(g) < COMFORTABLE:
                findings.append(message("invariance.few", comfortable=COMFORTABLE, **fields))
    if len(kept) < 2:
        names = ", ".join(g.label for g in kept if g.label) or "-"
        findings.append(message("invariance.one_group", n=len(kept), names=names, least=least))
        return PreparedGroups(None, tuple(findings))
    ready = Moments(used.names, tuple(kept))
    if ordered:
        ready, merged = merge_categories(ready, ordered)
        findings += merged
    return PreparedGroups(ready, tuple(findings))


def complete_among(
    moments: Moments, names: Sequence[str], labels: Collection[str]
) -> Moments | None:
    """Complete respondents of some groups; None where one of them has too few, or no answers."""
    used = Moments(moments.names, tuple(g for g in moments.groups if g.label in labels))
    if any(g.rows is None for g in used.groups):
        return None
    ready = prepare(used.select(tuple(names)).complete(), names).moments
    return ready if ready is not None and len(ready.groups) == len(labels) else None


def _size(g: GroupMoments) -> int:
    """Respondents with some answer."""
    if g.rows is None:
        return g.n
    return int((~np.isnan(g.rows)).any(axis=1).sum())


def _constant(g: GroupMoments, names: Sequence[str]) -> tuple[str, ...]:
    if g.rows is None:
        return tuple(n for n, v in zip(names, np.diag(g.cov), strict=True) if not v > 0)
    found = []
    for name, column in zip(names, g.rows.T, strict=True):
        values = column[~np.isnan(column)]
        if len(values) == 0 or np.ptp(values) == 0:
            found.append(name)
    return tuple(found)


def merge_categories(
    moments: Moments, ordered: Sequence[str]
) -> tuple[Moments, tuple[Message, ...]]:
    """The same answers with as many categories of each ordered item in every group."""
    findings = []
    rows = [np.array(g.rows, dtype=float) for g in moments.groups]
    complete = [~np.isnan(x).any(axis=1) for x in rows]
    for item in ordered:
        at = moments.names.index(item)
        columns = [x[c, at] for x, c in zip(rows, complete, strict=True)]
        codes, merged = _merged(columns)
        if merged:
            where = [moments.groups[g].label for g in sorted({g for _, _, g in merged})]
            pairs = ", ".join(f"{a:g} → {b:g}" for a, b, _ in merged)
            fields = {"item": item, "merged": pairs, "groups": ", ".join(where)}
            findings.append(message("invariance.merged", **fields))
            for x in rows:
                old = x[:, at].copy()
                for source, target in codes.items():
                    x[old == source, at] = target
    groups = tuple(
        replace(g, answers=replace(g.answers, rows=x)) if g.answers is not None else g
        for g, x in zip(moments.groups, rows, strict=True)
    )
    return replace(moments, groups=groups), tuple(findings)


def _merged(columns: Sequence[Array]) -> tuple[dict[float, float], list[tuple[float, float, int]]]:
    """New code of each old one, and the mergers as (from, to, first group without it)."""
    levels = np.unique(np.concatenate(columns)).tolist()
    code = {v: v for v in levels}
    mergers: list[tuple[float, float, int]] = []
    while True:
        present = sorted(set(code.values()))
        recoded = [np.array([code[v] for v in column.tolist()]) for column in columns]
        gaps = [(v, g) for v in present for g, column in enumerate(recoded) if v not in column]
        if not gaps or len(present) < 3:
            return code, mergers
        value, group = gaps[0]
        at = present.index(value)
        inward = at + 1 if at < len(present) / 2 else at - 1
        target = present[inward]
        mergers.append((value, target, group))
        code = {old: target if new == value else new for old, new in code.items()}
