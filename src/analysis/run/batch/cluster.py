"""Workers of an existing Dask cluster behind the interface of ``concurrent.futures``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from analysis.errors import InputError, message

CONNECT_SECONDS = 20


@contextmanager
def cluster_pool(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor on the cluster at ``address``, and how many runs it takes at once.

    Every worker needs this package in the same version, the project's folder and the folder of
    the reports under the same paths. A run whose worker vanishes goes to another one.

    Raises
    ------
    InputError
        Where ``dask.distributed`` is not installed, or nobody answers at the address.
    """
    if find_spec("distributed") is None:
        raise InputError(message("batch.no_dask"))
    distributed: Any = import_module("distributed")
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(message("batch.no_cluster", address=address, reason=error)) from None
    with client:
        slots = sum(client.nthreads().values())
        executor = client.get_executor(pure=False)
        try:
            yield executor, slots
        finally:
            executor.shutdown(wait=False)
