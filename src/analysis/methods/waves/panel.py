"""Respondents of several waves side by side: one row a person, one column an item and wave."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import Message, message
from analysis.methods.waves.writing import wave_name
from analysis.sem import Moments

FEWEST = 100


@dataclass(frozen=True)
class Panel:
    """Persons who answered in two waves or more.

    ``moments`` are over ``item.w1 ... item.wW``, None where there are too few persons; ``waves``
    are the labels in their order, ``sizes`` the respondents of each, and ``persons`` how many are
    matched. ``findings`` say what was left out and why.
    """

    moments: Moments | None
    waves: tuple[str, ...]
    sizes: tuple[int, ...]
    persons: int
    findings: tuple[Message, ...] = ()


def panel(
    rows: ArrayLike,
    names: Sequence[str],
    *,
    ids: Sequence[Hashable],
    waves: Sequence[str | None],
    order: Sequence[str],
) -> Panel:
    """Match respondents over waves.

    Parameters
    ----------
    rows : (n, p) answers, NaN where missing, one row a person and wave.
    names : (p,) items.
    ids : (n,) who answered; None where that is not known.
    waves : (n,) in which wave; None where that is not known.
    order : the waves from first to last.

    Notes
    -----
    A person who comes twice in the same wave cannot be matched and is left out. Panels of fewer
    than ``least_persons`` give no moments.
    """
    x = np.asarray(rows, dtype=float)
    order = [w for w in order if w in set(waves)]
    place = {w: i for i, w in enumerate(order)}
    found: dict[Hashable, dict[int, int]] = {}
    twice: set[Hashable] = set()
    sizes = [0] * len(order)
    for row, (person, wave) in enumerate(zip(ids, waves, strict=True)):
        if wave is None or wave not in place:
            continue
        sizes[place[wave]] += 1
        if person is None or np.isnan(x[row]).all():
            continue
        own = found.setdefault(person, {})
        if place[wave] in own:
            twice.add(person)
        own[place[wave]] = row
    matched = [own for person, own in found.items() if len(own) > 1 and person not in twice]
    findings = []
    if twice:
        shown = ", ".join(sorted(str(person) for person in twice)[:5])
        findings.append(message("waves.twice", n=len(twice), ids=shown))
    least = least_persons(len(names), len(order))
    if len(order) < 2 or len(matched) < least:
        code = (
            "waves.one_wave" if len(order) < 2 else "waves.nobody" if not matched else "waves.few"
        )
        fields = {"n": len(matched), "least": least, "waves": ", ".join(order) or "-"}
        findings.append(message(code, **fields))
        return Panel(None, tuple(order), tuple(sizes), len(matched), tuple(findings))
    wide = np.full((len(matched), len(order) * len(names)), np.nan)
    for i, own in enumerate(matched):
        for wave_at, row in own.items():
            wide[i, wave_at * len(names) : (wave_at + 1) * len(names)] = x[row]
    columns = [wave_name(name, w) for w in range(len(order)) for name in names]
    flat = [c for c, values in zip(columns, wide.T, strict=True) if not np.nanstd(values) > 0]
    if flat:
        findings.append(message("waves.constant", items=", ".join(flat), n=len(matched)))
        return Panel(None, tuple(order), tuple(sizes), len(matched), tuple(findings))
    return Panel(
        Moments.from_data(wide, columns), tuple(order), tuple(sizes), len(matched), tuple(findings)
    )


def least_persons(items: int, waves: int) -> int:
    """The fewest persons: twice as many as columns, and 100 at least."""
    return max(2 * items * waves, FEWEST)
