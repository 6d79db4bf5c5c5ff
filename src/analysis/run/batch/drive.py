"""The batch as it runs: workers, retries, progress, and what it leaves when it is stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import InputError, message
from analysis.i18n import text
from analysis.report import render_report
from analysis.run.batch.cluster import cluster_pool
from analysis.run.batch.perform import Result, Task, leftovers, lost, perform, repeated
from analysis.run.batch.plan import BatchPlan, Entry
from analysis.run.batch.pool import WorkerLostError, WorkerPool
from analysis.run.batch.resources import default_jobs
from analysis.run.execute import fail
from analysis.run.record import Failure, package_digest
from analysis.run.warm import server

NAP = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How a batch is carried out; none of it changes evidence.

    ``jobs`` runs at once (0: as many as processors and memory allow), ``timeout`` in seconds for
    each cell, ``memory`` in bytes for each kernel's data, ``retries`` after a crash, ``cluster``
    the address of a Dask scheduler, ``warm`` whether kernels may be forked, ``again`` whether done
    runs are repeated.
    """

    jobs: int = 0
    timeout: int | None = None
    memory: int | None = None
    retries: int = 1
    cluster: str = ""
    warm: bool = True
    again: bool = False
    language: str = "en"


@dataclass
class _Progress:
    """One bar on a terminal, lines elsewhere; failures are said as they come."""

    total: int
    language: str
    say: Say
    bar: Any = None
    done: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)

    def ended(self, entry: Entry, result: Result) -> None:
        """Count a run and say how it ended."""
        self.done += 1
        self.failed += result.failure is not None
        if result.failure is not None:
            kind = text(f"batch.labels.kind.{result.failure.kind}", self.language)
            why = result.failure.text or result.failure.name
            where = f" [{result.failure.step}]" if result.failure.step else ""
            self._line(f"{entry.words}: {kind}{where}: {why}")
        elif self.bar is None:
            fields = {"words": entry.words, "done": self.done, "total": self.total}
            self._line(text("batch.labels.ended", self.language, seconds=result.seconds, **fields))
        if self.bar is not None:
            failed = text("batch.labels.failed_count", self.language, n=self.failed)
            self.bar.set_postfix_str(failed if self.failed else "")
            self.bar.update(1)

    def _line(self, line: str) -> None:
        if self.bar is None:
            self.say(line)
        else:
            self.bar.write(line)


def run_batch(plan: BatchPlan, options: Options, say: Say) -> dict[int, Result]:
    """Do what the plan says is to be done; results by the number of the run.

    What is done stays done: at Ctrl-C, or if this process is killed, the next call goes on where
    this one stopped.
    """
    tasks = {
        entry.number: Task(entry.job, plan.place, timeout=options.timeout, memory=options.memory,
                           warm=options.warm, retries=options.retries, again=options.again)
        for entry in plan.of("run") if entry.job is not None
    }  # fmt: skip
    if not tasks:
        return {}
    entries = {entry.number: entry for entry in plan.entries}
    folders = [task.job.folder for task in tasks.values()]
    found: dict[int, Result] = {}
    try:
        with (
            _executor(options, len(tasks), folders, say) as executor,
            _bar(tasks, options, say) as progress,
        ):
            for number, result in _results(executor, tasks, options.retries):
                found[number] = _recorded(tasks[number], result)
                progress.ended(entries[number], found[number])
    finally:
        with suppress(OSError):
            leftovers(plan.place, tuple(dict.fromkeys(e.study for e in plan.entries)))
    return found


@contextmanager
def _executor(
    options: Options, runs: int, folders: Iterable[Path | None], say: Say
) -> Iterator[Executor]:
    if options.cluster:
        with cluster_pool(options.cluster) as (executor, slots):
            say(text("batch.labels.cluster", options.language, runs=runs, slots=slots))
            yield executor
        return
    forks = server() if options.warm else None
    if forks is not None and forks.package not in ("", package_digest()):
        raise InputError(message("batch.other_source"))
    if forks is not None:
        forks.read(dict.fromkeys(folder for folder in folders if folder is not None))
    jobs = min(options.jobs or default_jobs(), runs)
    kind = "warm" if forks else "ordinary"
    say(text(f"batch.labels.local_{kind}", options.language, runs=runs, jobs=jobs))
    pool = WorkerPool(jobs, forks)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def _bar(tasks: Mapping[int, Task], options: Options, say: Say) -> Iterator[_Progress]:
    progress = _Progress(len(tasks), options.language, say)
    if not sys.stderr.isatty():
        yield progress
        return
    from tqdm import tqdm

    unit = text("batch.labels.unit", options.language)
    with tqdm(total=len(tasks), unit=unit, smoothing=0.1, dynamic_ncols=True) as progress.bar:
        yield progress


def _results(
    executor: Executor, tasks: Mapping[int, Task], retries: int
) -> Iterator[tuple[int, Result]]:
    """Results as they come; a run whose worker vanished is given to another one."""
    waiting: dict[Future[Result], tuple[int, int]] = {
        executor.submit(perform, task): (number, 1) for number, task in tasks.items()
    }
    while waiting:
        ended, _ = wait(waiting, timeout=NAP, return_when=FIRST_COMPLETED)
        for future in ended:
            number, times = waiting.pop(future)
            error = future.exception()
            if error is None:
                yield number, future.result()
            elif not _vanished(error):
                yield number, _broken(tasks[number], error)
            elif times <= retries:
                again = executor.submit(perform, repeated(tasks[number]))
                waiting[again] = (number, times + 1)
            else:
                yield number, lost(tasks[number], times)


def _vanished(error: BaseException) -> bool:
    """Whether the worker, here or in a cluster, is no more."""
    return isinstance(error, WorkerLostError) or type(error).__name__ == "KilledWorker"


def _broken(task: Task, error: BaseException) -> Result:
    failed = lost(task, 1)
    words = message("run.unexpected", error=f"{type(error).__name__}: {error}")
    failure = Failure("error", "", type(error).__name__, words.text(task.job.language))
    return Result(failed.run, failed.key, failure)


def _recorded(task: Task, result: Result) -> Result:
    """Leave a folder also for a run that could not leave one itself."""
    if result.failure is not None and result.failure.kind in ("lost", "changed", "disk"):
        with suppress(OSError):
            fail(task.job, result.failure, place=task.place, render=render_report,
                 attempt=result.attempts)  # fmt: skip
    return result
