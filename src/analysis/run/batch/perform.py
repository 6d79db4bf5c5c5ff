"""One run of a batch, as a worker does it: claim, look, run, try again after a crash."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.errors import message
from analysis.report import render_report
from analysis.run import publish
from analysis.run.execute import Job, Place, folder_of, key_of, name_of, run
from analysis.run.record import Failure, RunRecord, finished, package_digest

CRASHES = ("dead",)


@dataclass(frozen=True)
class Task:
    """A run and how it is to be carried out; it travels to workers.

    ``timeout`` is in seconds for each cell, ``memory`` in bytes for the kernel's data; after a
    crash there are ``retries`` further attempts, in ordinary kernels.
    """

    job: Job
    place: Place
    timeout: int | None = None
    memory: int | None = None
    warm: bool = True
    retries: int = 1
    again: bool = False


@dataclass(frozen=True)
class Result:
    """How a run ended. ``done_before``: somebody else had done it in the meantime."""

    run: str
    key: str
    failure: Failure | None = None
    done_before: bool = False
    outcome: str = ""
    seconds: float = 0.0
    attempts: int = 1
    kernel: str = ""
    cpu: float = 0.0


def perform(task: Task) -> Result:
    """Do the run, unless it is done; every way of failing is in the result."""
    job, place = task.job, task.place
    name, key = name_of(job), key_of(job)
    if package_digest() != job.digests["package"]:
        return Result(name, key, _failure(job, "changed", "other_source"))
    began = time.monotonic()
    try:
        with publish.claimed(place.reports / f"{publish.CLAIM}{job.study}-{name}"):
            if not task.again and finished(folder_of(job, place), key):
                return Result(name, key, done_before=True)
            record = _attempts(task)
    except OSError as error:
        reason = error.strerror or str(error)
        return Result(name, key, _failure(job, "disk", "disk", reason=reason))
    return Result(
        name,
        key,
        record.failure,
        outcome=record.outcome,
        seconds=round(time.monotonic() - began, 3),
        attempts=record.attempts,
        kernel=record.kernel,
        cpu=float(record.seconds.get("cpu", 0.0)),
    )


def _attempts(task: Task) -> RunRecord:
    """Run; again after a crash, then without a fork in case that was the reason."""
    for attempt in range(1, task.retries + 2):
        record, _ = run(
            task.job,
            place=task.place,
            render=render_report,
            timeout=task.timeout,
            memory=task.memory,
            warm=task.warm and attempt == 1,
            attempt=attempt,
        )
        if record.failure is None or record.failure.kind not in CRASHES:
            break
    return record


def _failure(job: Job, kind: str, code: str, **fields: object) -> Failure:
    return Failure(kind, "", "", message(f"batch.{code}", **fields).text(job.language))


def lost(task: Task, times: int) -> Result:
    """The result of a run whose worker vanished with it each time."""
    failure = _failure(task.job, "lost", "worker_lost", times=times)
    return Result(name_of(task.job), key_of(task.job), failure, attempts=times)


def leftovers(place: Place, studies: tuple[str, ...]) -> None:
    """Remove what killed workers left half made."""
    for folder in (*(place.reports / study for study in studies), Path(tempfile.gettempdir())):
        if folder.is_dir():
            publish.sweep(folder)
    publish.sweep_claims(place.reports)


def repeated(task: Task) -> Task:
    """The task for another attempt after its worker was lost."""
    return replace(task, warm=False)
