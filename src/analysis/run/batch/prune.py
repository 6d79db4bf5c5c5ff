"""Runs that later ones have replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

from analysis.run import publish
from analysis.run.record import read_records


def superseded(reports: Path) -> tuple[Path, ...]:
    """Folders of runs whose parameters were run again later with other data, model or source."""
    return tuple(reports / str(r["path"]) for r in read_records(reports) if r["superseded"])


def prune(reports: Path) -> tuple[Path, ...]:
    """Remove them, each whole: first out of sight, then for good."""
    gone = []
    with publish.locked(reports / ".lock"):
        for folder in superseded(reports):
            with publish.workshop(folder.parent) as workshop:
                folder.rename(workshop / folder.name)
            shutil.rmtree(workshop, ignore_errors=True)
            gone.append(folder)
    return tuple(gone)
