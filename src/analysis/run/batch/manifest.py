"""What a batch consists of and how it stands: one manifest, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis.run import publish
from analysis.run.batch.plan import BatchPlan, Entry
from analysis.run.execute import folder_of
from analysis.run.record import finished, git_state, package_digest, read_record, versions

SCHEMA = 1
FOLDER = "batches"

Status = Literal["ok", "failed", "refused", "left"]


@dataclass(frozen=True)
class Standing:
    """How one run of a batch stands: its record and folder (below the reports), if it has them."""

    entry: Entry
    status: Status
    record: Mapping[str, Any] | None = None
    path: str = ""


def standings(plan: BatchPlan) -> tuple[Standing, ...]:
    """How every run stands, from what lies on disk; ``left`` has not been run yet."""
    return tuple(_standing(entry, plan) for entry in plan.entries)


def _standing(entry: Entry, plan: BatchPlan) -> Standing:
    if entry.job is None:
        return Standing(entry, "refused")
    for failed in (False, True):
        folder = folder_of(entry.job, plan.place, failed=failed)
        record = read_record(folder / "run.json") if failed else finished(folder, entry.key)
        if record is not None and record.get("key") == entry.key:
            path = folder.relative_to(plan.place.reports).as_posix()
            return Standing(entry, "failed" if failed else "ok", record, path)
    return Standing(entry, "left")


def batch_folder(plan: BatchPlan) -> Path:
    """Where what belongs to the whole batch lies."""
    return plan.place.reports / FOLDER / plan.batch.name


def manifest(plan: BatchPlan, standing: Sequence[Standing]) -> dict[str, Any]:
    """The batch as plain JSON values: no times, no paths of this machine."""
    batch = plan.batch
    studies: dict[str, dict[str, str]] = {}
    for entry in plan.entries:
        if entry.job is not None:
            known = studies.setdefault(entry.study, {})
            known |= {k: entry.job.digests[k] for k in ("data", "codebook")
                      if k in entry.job.digests}  # fmt: skip
    return {
        "schema": SCHEMA,
        "batch": batch.name,
        "title": dict(batch.title),
        "file": batch.digest,
        "package": package_digest(),
        "versions": versions(),
        "git": git_state(plan.place.root),
        "studies": studies,
        "seeds": list(batch.seeds),
        "counts": {s: sum(one.status == s for one in standing)
                   for s in ("ok", "failed", "refused", "left")},
        "runs": [_run(one) for one in standing],
    }  # fmt: skip


def _run(one: Standing) -> dict[str, Any]:
    entry = one.entry
    job, record = entry.job, one.record or {}
    failure = record.get("failure") or {}
    return {
        "number": entry.number,
        "run": entry.run,
        "key": entry.key,
        "status": one.status,
        "study": entry.study,
        "notebook": entry.notebook,
        "parameters": dict(job.parameters if job else entry.values),
        "digests": {k: job.digests[k] for k in ("model", "notebook") if k in job.digests}
        if job else {},
        "n": entry.n,
        "reason": entry.reason.text() if entry.reason else str(failure.get("text", "")),
        "kind": str(failure.get("kind", "")),
        "evidence": str(record.get("evidence_digest", "")),
        "path": one.path,
    }  # fmt: skip


def write_manifest(plan: BatchPlan, standing: Sequence[Standing]) -> Path:
    """Write ``manifest.json`` of the batch, whole."""
    path = batch_folder(plan) / "manifest.json"
    publish.write_json(path, manifest(plan, standing))
    return path
