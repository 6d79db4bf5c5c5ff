"""A worker process: calls come in on standard input, results go out on standard output."""

from __future__ import annotations

import os
import pickle
import queue
import struct
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from analysis.run.stub import skip_rfc3987

VARIABLE = "LOYALTY_WORKER"  # its process, for those who look after it from within a run
HEADER = struct.Struct("!Q")
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def send(stream: IO[bytes], content: object) -> None:
    """Write one pickled object."""
    data = pickle.dumps(content)
    stream.write(HEADER.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one pickled object.

    Raises
    ------
    EOFError
        At the end of the stream, also in the middle of an object.
    """
    header = _exactly(stream, HEADER.size)
    return pickle.loads(_exactly(stream, *HEADER.unpack(header)))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if data is None or len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Answer calls until the owner closes the stream, even in the middle of a call.

    Whatever a call prints goes to standard error.
    """
    skip_rfc3987()
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "wb") as target:
        os.dup2(2, 1)
        os.environ[VARIABLE] = str(os.getpid())
        calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(source, calls), daemon=True).start()
        while True:
            function, arguments = calls.get()
            try:
                answer: tuple[bool, Any] = (True, function(*arguments))
            except BaseException as error:  # noqa: BLE001  all of it goes to the owner
                answer = (False, error)
            try:
                send(target, answer)
            except (pickle.PicklingError, TypeError, AttributeError):
                send(target, (False, RuntimeError(repr(answer[1]))))


def _listen(source: IO[bytes], calls: queue.SimpleQueue[Call]) -> None:
    """Pass on calls; without an owner there is nothing left to live for."""
    try:
        while True:
            calls.put(receive(source))
    except EOFError:
        os._exit(0)
    except Exception as error:  # noqa: BLE001  an unreadable call is answered too
        print(f"unreadable call: {error!r}", file=sys.stderr)  # noqa: T201
        os._exit(1)


if __name__ == "__main__":
    main()
