"""Blocks of draws over threads or processes, with a progress bar; Ctrl-C keeps what is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
POLL = 0.1


class Progress(Protocol):
    """What is told how many draws are done; tqdm's bar is one."""

    def update(self, n: int) -> object:
        """``n`` more draws are done."""
        ...


@dataclass(frozen=True)
class Done(Generic[T]):
    """Results of the blocks that were finished, in the order of the blocks."""

    results: tuple[T, ...]
    interrupted: bool


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def progress_bar(total: int, progress: Progress | bool | None) -> Iterator[Progress | None]:
    """The caller's own bar, or tqdm's on a terminal for work that takes over a second."""
    if progress is False:
        yield None
    elif progress is None or progress is True:
        from tqdm import tqdm

        disable = None if progress is None else False
        with tqdm(total=total, delay=1.0, disable=disable, leave=False, unit="draw") as bar:
            yield bar
    else:
        yield progress


def run(
    executor: Executor,
    task: Callable[[int], T],
    blocks: int,
    *,
    size: Callable[[T], int],
    halt: Callable[[], None],
    bar: Progress | None,
) -> Done[T]:
    """``task(number)`` for every block; ``size`` tells how many draws a result holds.

    At Ctrl-C ``halt`` is called, upon which running tasks should return soon; what they and the
    finished ones return is kept.
    """
    interrupted = False
    futures: list[Future[T]] = []
    with executor:
        try:
            for number in range(blocks):
                futures.append(executor.submit(task, number))
            _watch(futures, size, bar)
        except KeyboardInterrupt:
            interrupted = True
            halt()
            executor.shutdown(wait=True, cancel_futures=True)
    finished = [f for f in futures if f.done() and not f.cancelled()]
    return Done(tuple(f.result() for f in finished), interrupted)


def threads(workers: int | None) -> ThreadPoolExecutor:
    """Threads on all cores by default; for kernels, which let each other run."""
    return ThreadPoolExecutor(max_workers=workers or cores())


def _watch(futures: list[Future[T]], size: Callable[[T], int], bar: Progress | None) -> None:
    """Wait in short naps, in which Ctrl-C is heard; the first error of a task is raised."""
    left = set(futures)
    try:
        while left:
            done, left = wait(left, timeout=POLL, return_when=FIRST_COMPLETED)
            for future in done:
                done_now = size(future.result())
                if bar is not None:
                    bar.update(done_now)
    except Exception:
        for future in left:
            future.cancel()
        raise
