"""Worker processes behind the interface of ``concurrent.futures``."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from analysis.run.batch.worker import receive, send
from analysis.run.forkserver import WORKER
from analysis.run.kernel import THREAD_VARIABLES
from analysis.run.warm import VARIABLE, Child, RefusedError, Server

T = TypeVar("T")
NICE_SECONDS = 3.0


class WorkerLostError(Exception):
    """The worker process ended in the middle of a call."""


class WorkerProcess:
    """One worker: forked where there is a server, else a new interpreter."""

    def __init__(self, server: Server | None) -> None:
        env = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), "PYTHONHASHSEED": "0"}
        env[VARIABLE] = server.path if server else "off"
        self.process: Child | subprocess.Popen[bytes]
        self.reader: IO[bytes]
        self.writer: IO[bytes]
        forked = _forked(server, env)
        if forked is not None:
            self.process, self.reader, self.writer = forked
        else:
            self.process, self.reader, self.writer = _started(env)

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """The function's value, or what it raised.

        Raises
        ------
        WorkerLostError
            If the process is no more.
        """
        try:
            send(self.writer, (function, arguments))
            good, content = receive(self.reader)
        except (EOFError, OSError) as error:
            self.kill()
            raise WorkerLostError from error
        if good:
            return content
        raise content

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            if isinstance(self.process, Child) or not hasattr(os, "killpg"):
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let it end by itself, which it does without anybody to listen to."""
        for stream in (self.writer, self.reader):
            with suppress(OSError):
                stream.close()
        try:
            self.process.wait(NICE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if isinstance(self.process, Child):
            self.process.close()


def _forked(
    server: Server | None, env: dict[str, str]
) -> tuple[Child, IO[bytes], IO[bytes]] | None:
    """A worker forked from the server, and the two ways to it; None where it refuses."""
    if server is None:
        return None
    ours, theirs = socket.socketpair()
    with ours, theirs:
        streams = (theirs.fileno(), theirs.fileno(), 2)
        try:
            child = server.fork(WORKER, (), env=env, cwd=Path.cwd(), streams=streams)
        except RefusedError:
            return None
        return child, ours.makefile("rb"), ours.makefile("wb")


def _started(env: dict[str, str]) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """A worker in a new interpreter, and the two ways to it."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "analysis.run.batch.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process, process.stdout, process.stdin


class WorkerPool(Executor):
    """``jobs`` worker processes; a lost one is replaced, only its own call fails."""

    def __init__(self, jobs: int, server: Server | None = None) -> None:
        self.server = server
        self.calls: queue.SimpleQueue[tuple[Future[Any], Any, Any] | None] = queue.SimpleQueue()
        self.workers: dict[int, WorkerProcess] = {}
        self.stopped = False
        self.threads = [
            threading.Thread(target=self._work, args=(slot,), daemon=True) for slot in range(jobs)
        ]
        for thread in self.threads:
            thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a call; ``fn`` is a function of a module."""
        if kwargs:
            raise TypeError("positional arguments only")
        future: Future[T] = Future()
        self.calls.put((future, fn, args))
        return future

    def _work(self, slot: int) -> None:
        while (item := self.calls.get()) is not None:
            future, function, arguments = item
            if self.stopped or not future.set_running_or_notify_cancel():
                future.cancel()
                continue
            try:
                if slot not in self.workers:
                    self.workers[slot] = WorkerProcess(self.server)
                future.set_result(self.workers[slot].call(function, arguments))
            except WorkerLostError as error:
                self.workers.pop(slot, None)
                future.set_exception(error)
            except BaseException as error:  # noqa: BLE001  it belongs to the caller
                future.set_exception(error)
        worker = self.workers.pop(slot, None)
        if worker is not None:
            worker.close()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with ``cancel_futures`` those at work are killed."""
        if cancel_futures:
            self.stopped = True
            for worker in list(self.workers.values()):
                worker.kill()
        for _ in self.threads:
            self.calls.put(None)
        if wait:
            for thread in self.threads:
                thread.join()
