"""A run again from its record, and whether the same evidence comes out."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import InputError, message
from analysis.report import render_report
from analysis.run.execute import Place, run
from analysis.run.jobs import JobMaker, shown
from analysis.run.record import RunRecord, folder_digest, read_record
from analysis.run.resolve import resolve

MOST_LINES = 20


@dataclass(frozen=True)
class Comparison:
    """A run and its repetition.

    ``inputs`` names digests that differ, ``evidence`` the files that do, with the first lines of
    the difference; ``same`` means that every byte of evidence is equal.
    """

    before: Mapping[str, Any]
    after: RunRecord
    inputs: tuple[str, ...]
    evidence: Mapping[str, tuple[str, ...]]

    @property
    def same(self) -> bool:
        """Whether the repetition ended well with the same evidence."""
        equal = self.before["evidence_digest"] == self.after.evidence_digest
        return self.after.failure is None and equal


def rerun(path: Path, root: Path, *, timeout: int | None = None) -> Comparison:
    """Repeat the run that ``path``, a ``run.json``, records; nothing is published.

    Raises
    ------
    InputError
        If it is no record of a good run, or its parameters no longer make sense.
    """
    before = read_record(path)
    if before is None or not before.get("evidence_digest") or before.get("status") != "ok":
        raise InputError(message("batch.no_record", path=shown(path)))
    choice = resolve(str(before["notebook"]), dict(before["parameters"]))
    job = JobMaker(root).job(choice)
    changed = tuple(
        name for name, digest in job.digests.items() if before["digests"].get(name) != digest
    )
    with tempfile.TemporaryDirectory(prefix="loyalty-") as folder:
        place = Place(root=root, reports=Path(folder))
        after, target = run(job, place=place, render=render_report, timeout=timeout)
        files = _differences(path.parent / "evidence", target / "evidence")
    return Comparison(before, after, changed, files)


def _differences(before: Path, after: Path) -> dict[str, tuple[str, ...]]:
    """The evidence files that differ; nothing where the earlier ones are not there any more."""
    if not before.is_dir() or folder_digest(before) == folder_digest(after):
        return {}
    names = {p.name for p in before.iterdir()} | {p.name for p in after.iterdir()}
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        old, new = _lines(before / name), _lines(after / name)
        if old != new:
            lines = difflib.unified_diff(old, new, "before", "after", lineterm="", n=0)
            found[name] = tuple(lines)[:MOST_LINES]
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.is_file() else []
