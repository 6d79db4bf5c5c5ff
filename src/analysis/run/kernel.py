"""A notebook kernel that is certainly this Python, on sockets nobody else uses."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from analysis.run.client import quick_client_class
from analysis.run.warm import Server, Settings, provisioner_class

NO_HISTORY = "--HistoryManager.enabled=False"  # nobody will scroll back through it
SOCKET_PATH_LIMIT = 100  # bytes; Unix sockets allow 104 (macOS) to 108 (Linux)
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def environment(*, root: Path, folder: Path) -> dict[str, str]:
    """What a run's environment sets: one thread, inline figures, no personal IPython profile.

    A user's shell settings may not change results.
    """
    return {
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "LOYALTY_ROOT": str(root),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def manager_class(
    *,
    folder: Path,
    env: Mapping[str, str],
    server: Server | None = None,
    log: IO[Any] | None = None,
    memory: int | None = None,
    facts: dict[str, Any] | None = None,
    exact: bool = True,
) -> type[Any]:
    """A kernel manager class for papermill's ``kernel_manager_class``.

    The kernel is ``sys.executable`` whatever kernelspecs are installed, or none; it is forked from
    ``server`` where there is one. Its connection file lies in ``folder``, as do its sockets where
    the path is short enough for them; otherwise it talks over TCP. What the process itself writes
    goes to ``log``; ``memory`` limits its data (bytes, Linux); ``facts`` receives how it started
    and ended. ``exact``: the server must hold the package's present source.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", NO_HISTORY]
    spec = KernelSpec(argv=command, display_name="Python 3", language="python", env=dict(env))
    connection = folder / "kernel.json"
    sockets = os.name == "posix" and len(os.fsencode(folder)) + 20 < SOCKET_PATH_LIMIT

    class InterpreterKernel(AsyncKernelManager):
        """Kernel of the running interpreter."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.client_factory = quick_client_class()
            self.connection_file = str(connection)
            if sockets:
                self.transport = "ipc"
                self.ip = str(folder / "k")

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        async def _async_pre_start_kernel(self, **options: Any) -> Any:
            if self.provisioner is None:
                provisioner = provisioner_class()(
                    kernel_id=self.kernel_id, kernel_spec=spec, parent=self
                )
                known = {} if facts is None else facts
                provisioner.settings = Settings(server, log, memory, known, exact)
                self.provisioner = provisioner
            return await super()._async_pre_start_kernel(**options)

    return InterpreterKernel
