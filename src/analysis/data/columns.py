"""Which column of the file is what; what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.data.codebook import Codebook
from analysis.data.names import listed, nearest, shown_value
from analysis.data.notes import Notes
from analysis.data.privacy import looks_personal


@dataclass(frozen=True, slots=True)
class Matched:
    """The declared columns of a frame; filled cells of the personal ones; names left out."""

    frame: pd.DataFrame
    personal: dict[str, int]
    undeclared: tuple[str, ...]


def expected_columns(codebook: Codebook) -> dict[str, str]:
    """Column of the file -> the codebook's key that needs it."""
    roles = codebook.roles
    wanted: dict[str, str] = {}
    for section, entries in (
        ("items", codebook.items),
        ("groups", codebook.groups),
        ("attention", codebook.attention),
        ("outcomes", codebook.outcomes),
        ("covariates", codebook.covariates),
    ):
        for entry in entries:
            wanted.setdefault(entry.column, f"{section}.{entry.name}")
    for job in ("id", "weight", "cluster", "strata", "start", "end", "duration"):
        if column := getattr(roles, job):
            wanted.setdefault(column, f"roles.{job}")
    for column in roles.text:
        wanted.setdefault(column, "roles.text")
    return wanted


def match_columns(frame: pd.DataFrame, codebook: Codebook, notes: Notes) -> Matched:
    """Keeps the declared columns; a missing one is an error that names the nearest.

    Personal columns are counted and left out, columns that the codebook does not know are left
    out and listed.
    """
    wanted = expected_columns(codebook)
    personal = {c: int(frame[c].notna().sum()) for c in codebook.roles.personal if c in frame}
    present = [str(name) for name in frame.columns]
    free = [name for name in present if name not in wanted and name not in personal]
    for column, key in wanted.items():
        if column not in frame.columns:
            near = nearest(column, free) or nearest(column, present)
            notes.error(
                "column_missing", column=shown_value(column), key=key,
                near=listed(near) if near else listed(present),
            )  # fmt: skip
    for column in codebook.roles.personal:
        if column not in frame.columns and column != codebook.roles.id:
            notes.warn("personal_missing", column=shown_value(column))
    hidden = [name for name in free if looks_personal(name, frame[name].tolist())]
    others = [name for name in free if name not in hidden]
    if others:
        notes.warn("columns_undeclared", count=len(others), columns=listed(others))
    if hidden:
        notes.warn("columns_personal", count=len(hidden), columns=listed(hidden))
    kept = [name for name in present if name in wanted]
    return Matched(frame[kept], personal, tuple(free))
