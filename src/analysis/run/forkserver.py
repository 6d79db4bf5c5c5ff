"""A process that has everything imported and forks a clean child for each run.

``python -P -m analysis.run.forkserver SOCKET`` imports what notebooks need, compiles or loads the
kernels of the resampling, and then listens on ``SOCKET``. It lives as long as its standard input
stays open. It has one thread, else it refuses to fork: locks that other threads hold would stay
locked in the child for ever.

A request is one JSON message with three descriptors (standard input, output, error of the
child); the answer is ``{"pid": ...}`` or ``{"refused": ...}``, later ``{"exit": ...}``. The
client sends ``{"signal": ...}`` to reach the child; when the client goes, the child is killed.
``{"studies": [...]}`` asks to read the answers of these folders, for all later children; the
answer, ``{"read": n}``, comes when that is done.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import selectors
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from analysis.run.preload import preload, read_answers
from analysis.run.record import package_digest, source_digest

LARGEST = 1 << 20
PR_SET_PDEATHSIG = 1
CHANGED = "changed while it was read"
KERNEL, WORKER = "kernel", "worker"


@dataclass(frozen=True)
class Request:
    """What a child is to be: a notebook kernel or a worker, its arguments and surroundings."""

    kind: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    package: str = ""


def running_threads() -> int:
    """Threads of this process, those included that no Python code knows of; 0 if unknown."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return 0


class ForkServer:
    """The loop between clients and children; ``serve`` returns only in a forked child."""

    def __init__(self, listener: socket.socket, lifeline: int, package: str) -> None:
        self.package = package
        self.listener = listener
        self.lifeline = lifeline
        self.selector = selectors.DefaultSelector()
        self.children: dict[int, socket.socket] = {}
        self.clients: dict[socket.socket, int] = {}
        self.wake, wake = os.pipe()
        for end in (self.wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for source in (listener, lifeline, self.wake):
            self.selector.register(source, selectors.EVENT_READ)

    def serve(self) -> Request | None:
        """Answer requests until the owner goes (None), or be the child of one (its request)."""
        while True:
            for key, _ in self.selector.select():
                if key.fd == self.lifeline:
                    self._kill_all()
                    return None
                if key.fd == self.wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.wake, 4096)
                    self._reap()
                elif key.fileobj is self.listener:
                    self._accept()
                else:
                    request = self._hear(key.fileobj)  # type: ignore[arg-type]
                    if request is not None:
                        return request

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        self.selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> Request | None:
        """A message of a client: a signal for its child, a new request, or its end."""
        try:
            data, fds, _, _ = socket.recv_fds(client, LARGEST, 3)
        except OSError:
            data, fds = b"", []
        if not data:
            self._forget(client)
            return None
        said = json.loads(data)
        if "signal" in said:
            self._signal(self.clients.get(client), int(said["signal"]))
            return None
        if "studies" in said:
            for folder in said["studies"]:
                read_answers(Path(folder))
            _answer(client, read=len(said["studies"]))
            return None
        try:
            return self._fork(client, Request(**said), fds)
        finally:
            for fd in fds:
                os.close(fd)

    def _fork(self, client: socket.socket, request: Request, fds: list[int]) -> Request | None:
        """Fork; in the child return the request."""
        threads = running_threads()
        if threads != 1:
            _answer(client, refused=f"{threads} threads")
            return None
        if request.package not in ("", self.package):
            _answer(client, refused="source changed")
            return None
        pid = os.fork()
        if pid == 0:
            self._become_child(request, fds)
            return request
        self.children[pid], self.clients[client] = client, pid
        _answer(client, pid=pid)
        return None

    def _become_child(self, request: Request, fds: list[int]) -> None:
        """Drop everything of the server; take the surroundings that were asked for."""
        owner = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != owner:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        own = {key.fd for key in self.selector.get_map().values()}
        self.selector.close()
        for source in (self.listener, *self.clients):
            source.close()
        for fd in own - {self.lifeline, self.listener.fileno()}:
            with contextlib.suppress(OSError):
                os.close(fd)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        os.environ.clear()
        os.environ.update(request.env)
        os.chdir(request.cwd)

    def _reap(self) -> None:
        while self.children:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            client = self.children.pop(pid, None)
            if client is not None:
                # Whatever the child had started dies with it.
                _kill_group(pid)
                self.clients.pop(client, None)
                cpu = round(usage.ru_utime + usage.ru_stime, 3)
                _answer(client, exit=os.waitstatus_to_exitcode(status), cpu=cpu)

    def _forget(self, client: socket.socket) -> None:
        self.selector.unregister(client)
        pid = self.clients.pop(client, None)
        client.close()
        if pid is not None:
            self.children.pop(pid, None)
            _kill_group(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _signal(self, pid: int | None, number: int) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def _kill_all(self) -> None:
        for pid in self.children:
            _kill_group(pid)


def _kill_group(pid: int) -> None:
    """Kill the child and what it started; the child has a group of its own very soon or now."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _answer(client: socket.socket, **content: object) -> None:
    with contextlib.suppress(OSError):
        client.send(json.dumps(content).encode())


def run_child(request: Request) -> None:
    """The life of a forked child; ends as a fresh interpreter would."""
    random.seed()
    numpy: Any = sys.modules["numpy"]
    numpy.random.seed(None)
    sys.argv = [request.kind, *request.argv]
    if request.kind == WORKER:
        import_module("analysis.run.batch.worker").main()
        return
    application = import_module("ipykernel.kernelapp").IPKernelApp
    application.launch_instance([*request.argv, f"--IPKernelApp.parent_handle={os.getppid()}"])


def main(path: str) -> None:
    """Preload, listen, say so on standard output, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    package = package_digest()
    preload()
    os.umask(0o077)
    if source_digest() != package:
        package = CHANGED
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen(64)
    ready = {"threads": running_threads(), "package": package}
    print(json.dumps(ready), flush=True)  # noqa: T201
    request = ForkServer(listener, sys.stdin.fileno(), package).serve()
    if request is not None:
        run_child(request)
    else:
        Path(path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            Path(path).parent.rmdir()


if __name__ == "__main__":
    main(sys.argv[1])
