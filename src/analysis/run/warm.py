"""Warm starts: kernels forked from a process that has everything imported.

Where that is not safe or not possible, an ordinary kernel starts instead: on macOS and Windows,
where the server cannot start, where it has more than one thread, and where the package's source
has changed since the server read it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

if sys.platform != "win32":
    import resource

from analysis.run.forkserver import KERNEL, LARGEST, Request
from analysis.run.record import package_digest

OOM_SCORE = "500"
START_SECONDS = 300  # the first start on a machine compiles
VARIABLE = "LOYALTY_WARM"
# pyarrow's allocators would start a thread as soon as pandas imports it, and take 1 GB of addresses
# at the first text, which counts where a kernel's memory is limited.
SERVER_ENV = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
Streams = tuple[int | IO[Any], int | IO[Any], int | IO[Any]]


class RefusedError(Exception):
    """The server cannot or will not fork; the text says why."""


class Child:
    """A forked process, to be used like ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.pid = pid
        self.returncode: int | None = None
        self.usage: dict[str, float] = {}

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._hear(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after ``timeout`` seconds.
        """
        code = self._hear(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("forked child", timeout or 0.0)
        return code

    def _hear(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self.connection.settimeout(timeout)
            try:
                data = self.connection.recv(LARGEST)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError:
                data = b""
            # A server that is gone took its children with it.
            said = json.loads(data) if data else {"exit": -signal.SIGKILL}
            self.returncode = said.pop("exit")
            self.usage = said
            self.connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and to what it started."""
        if self.returncode is None:
            with contextlib.suppress(OSError):
                self.connection.settimeout(None)
                self.connection.send(json.dumps({"signal": int(number)}).encode())

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go of it, upon which the server ends it if it still runs."""
        self.connection.close()


class Server:
    """A running fork server: where it listens, and how to ask it for a child."""

    def __init__(self, path: str, package: str = "") -> None:
        self.path = path
        self.package = package
        self.problem = ""

    def fork(
        self,
        kind: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | Path,
        streams: Streams,
        package: str = "",
    ) -> Child:
        """A child of the server.

        ``package`` is the digest of the source that the child must have, if it matters.

        Raises
        ------
        RefusedError
            If the server is gone, has threads, or holds other source.
        """
        request = asdict(Request(kind, tuple(argv), dict(env), str(cwd), package))
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fds = [s if isinstance(s, int) else s.fileno() for s in streams]
        try:
            connection.connect(self.path)
            socket.send_fds(connection, [json.dumps(request).encode()], fds)
            answer = json.loads(connection.recv(LARGEST) or '{"refused": "server gone"}')
        except OSError as error:
            answer = {"refused": str(error)}
        if "pid" not in answer:
            connection.close()
            self.problem = str(answer["refused"])
            raise RefusedError(self.problem)
        return Child(connection, int(answer["pid"]))

    def read(self, studies: Iterable[Path]) -> None:
        """Have the answers of some studies read once for all children; wait until that is done."""
        said = json.dumps({"studies": [str(folder.resolve()) for folder in studies]})
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
        ):
            connection.connect(self.path)
            connection.send(said.encode())
            connection.recv(LARGEST)


class OwnServer(Server):
    """A server that this process starts and that ends with it, however it ends.

    Without ``wait`` it is still to be waited for, by ``ready``.
    """

    def __init__(self, *, env: Mapping[str, str] | None = None, wait: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="loyalty-"))
        self.up = False
        super().__init__(str(self.folder / "fork"))
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "analysis.run.forkserver", self.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **SERVER_ENV, "PYTHONHASHSEED": "0", **(env or {})},
                start_new_session=True,
            )
            if wait:
                self.ready()
        except BaseException:
            self.close()
            raise

    def ready(self) -> None:
        """Wait until it listens.

        Raises
        ------
        RefusedError
            If it does not come up, or comes up with threads.
        """
        if self.up:
            return
        if self.problem:
            raise RefusedError(self.problem)
        try:
            self._await()
        except RefusedError as error:
            self.problem = str(error)
            self.close()
            raise

    def _await(self) -> None:
        assert self.process.stdout is not None
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            raise RefusedError("server did not start")
        ready = json.loads(line)
        if ready["threads"] != 1:
            raise RefusedError(f"{ready['threads']} threads")
        self.package = ready["package"]
        self.up = True

    def close(self) -> None:
        """End the server and what it forked."""
        process = getattr(self, "process", None)
        if process is not None:
            process.stdin.close()
            if not self.up:
                process.kill()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def possible() -> bool:
    """Whether this system can fork safely: Linux only, macOS's own libraries do not survive it."""
    return sys.platform.startswith("linux") and hasattr(os, "fork")


_lock = threading.Lock()


def server() -> Server | None:
    """The server of this process, started when first asked for; None where there cannot be one.

    A process that was given one by ``LOYALTY_WARM`` uses that.
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        return Server(given) if given != "off" else None
    with _lock:
        own = _own_server(os.getpid())
        try:
            if own is not None:
                own.ready()
        except RefusedError:
            own = None
    return own


def server_soon() -> None:
    """Start the server that ``server`` will give, and do not wait for it."""
    if not os.environ.get(VARIABLE):
        with _lock:
            _own_server(os.getpid())


@functools.cache
def _own_server(pid: int) -> OwnServer | None:
    if not possible():
        return None
    try:
        own = OwnServer(wait=False)
    except OSError:
        return None
    atexit.register(own.close)
    return own


@dataclass(frozen=True)
class Settings:
    """How a kernel is to start, and where to note how it did."""

    server: Server | None
    log: IO[Any] | None
    memory: int | None
    facts: dict[str, Any]
    exact: bool


@functools.cache
def provisioner_class() -> type[Any]:
    """Jupyter's local provisioner, forking where it can."""
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    class WarmProvisioner(LocalProvisioner):
        """Launches a kernel by fork, or as usual where the server refuses."""

        settings: Settings

        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            settings = self.settings
            if settings.log is not None:
                kwargs |= {"stdout": settings.log, "stderr": settings.log}
            try:
                self._fork(cmd, kwargs)
                settings.facts["kernel"] = "forked"
            except RefusedError:
                await super().launch_kernel(cmd, **kwargs)
                settings.facts["kernel"] = "ordinary"
            _restrain(self.pid, settings.memory)
            return self.connection_info

        def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> None:
            settings, cwd = self.settings, kwargs.get("cwd") or Path.cwd()
            if settings.server is None:
                raise RefusedError("no server")
            with Path(os.devnull).open() as nothing:
                child = settings.server.fork(
                    KERNEL,
                    cmd[cmd.index("-f") :],
                    env=kwargs.get("env") or os.environ,
                    cwd=cwd,
                    streams=(nothing, kwargs.get("stdout") or 1, kwargs.get("stderr") or 2),
                    package=package_digest() if settings.exact else "",
                )
            self.process = cast(Any, child)
            self.pid, self.pgid, self.cwd = child.pid, None, cwd

        async def poll(self) -> int | None:
            code: int | None = await super().poll()
            if code is not None and self.process:
                self.settings.facts.setdefault("exit", code)
                self.settings.facts.update(getattr(self.process, "usage", {}))
            return code

        async def kill(self, restart: bool = False) -> None:
            """Kill, and wait the moment that it takes."""
            await super().kill(restart=restart)
            deadline = time.monotonic() + 1.0
            while await self.poll() is None and time.monotonic() < deadline:
                await asyncio.sleep(0.002)

    return WarmProvisioner


def _restrain(pid: int | None, memory: int | None) -> None:
    """Let the system end this process first where memory is short; limit it where asked to."""
    if not sys.platform.startswith("linux") or not pid:
        return
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(OOM_SCORE)
    if memory is not None:
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
