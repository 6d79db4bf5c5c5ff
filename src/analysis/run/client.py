"""A client of a kernel that does not sleep while the kernel starts."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Collection, Mapping
from queue import Empty
from typing import Any, cast

SOON = 0.02  # seconds
RECONNECT_MS = 2  # the kernel's sockets come into being while the client already knocks


@functools.cache
def quick_client_class() -> type[Any]:
    """Jupyter's client without the pauses of its greeting."""
    from jupyter_client.asynchronous.client import AsyncKernelClient

    class QuickClient(AsyncKernelClient):
        """Goes on as soon as the kernel has answered on both channels."""

        def _context_default(self) -> Any:
            context: Any = super()._context_default()
            context.reconnect_ivl = RECONNECT_MS
            return context

        async def wait_for_ready(self, timeout: float | None = None) -> None:
            """Wait until shell and iopub both answer.

            Raises
            ------
            RuntimeError
                If the kernel dies or does not answer in ``timeout`` seconds.
            """
            deadline = time.monotonic() + (timeout or float("inf"))
            asked: set[str] = set()
            while time.monotonic() < deadline:
                asked.add(self.kernel_info())
                with contextlib.suppress(Empty):
                    reply = await self.shell_channel.get_msg(timeout=1)
                    # What is said before iopub is connected is lost: better ask again soon.
                    while not _idle_after(asked, await self.iopub_channel.get_msg(timeout=SOON)):
                        continue
                    self._handle_kernel_info_reply(reply)
                    return
                if not await cast(Any, self.parent).is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")
            raise RuntimeError(f"Kernel did not answer in {timeout} seconds")

    return QuickClient


def _idle_after(asked: Collection[str], said: Mapping[str, Any]) -> bool:
    idle = said["content"].get("execution_state") == "idle"
    return bool(idle and said["parent_header"].get("msg_id") in asked)
